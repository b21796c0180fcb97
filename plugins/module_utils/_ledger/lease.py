# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease that keeps two controllers from working on one cluster. PRIVATE to the collection.

It is a ``coordination.k8s.io`` Lease. A controller that was killed leaves it behind: it is free again when it
expired, and at once where this machine can see that its process is gone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

DURATION = timedelta(minutes=10)
_PROCESS = re.compile(r"[0-9]{1,10}")
_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease: a process on a machine, written ``machine/process``."""

    machine: str
    process: int

    def __str__(self) -> str:
        return f"{self.machine}/{self.process}"

    @classmethod
    def parse(cls, text: str) -> Holder:
        """Return the holder written as ``text``; one written otherwise has process 0."""
        machine, __, process = text.rpartition("/")
        return cls(machine, int(process)) if machine and _PROCESS.fullmatch(process) else cls(text, 0)

    def is_gone(self, machine: str) -> bool:
        """Tell whether this machine knows that the holder no longer runs."""
        if self.machine != machine or self.process <= 0:
            return False
        try:
            os.kill(self.process, 0)
        except (OverflowError, ProcessLookupError):
            return True
        except PermissionError:
            return False
        return False


def refusal(spec: Mapping[str, Any], holder: Holder, now: datetime) -> str:
    """Return why ``holder`` may not take the lease with ``spec``, empty when it may."""
    current = spec.get("holderIdentity") or ""
    if current in ("", str(holder)):
        return ""
    renewed = parse_time(spec.get("renewTime"))
    seconds = spec.get("leaseDurationSeconds") or int(DURATION.total_seconds())
    until = (renewed or now) + timedelta(seconds=seconds)
    if until <= now or Holder.parse(current).is_gone(holder.machine):
        return ""
    return (
        f"another controller, {current}, works on this cluster; its lease runs until {until:%Y-%m-%dT%H:%M:%SZ}. "
        "Wait for it, or end it and run again"
    )


def taken(spec: Mapping[str, Any], holder: Holder, now: datetime) -> dict[str, Any]:
    """Return the spec of the lease once ``holder`` has it."""
    fresh = spec.get("holderIdentity") != str(holder)
    return {
        "holderIdentity": str(holder),
        "leaseDurationSeconds": int(DURATION.total_seconds()),
        "acquireTime": now.strftime(_FORMAT) if fresh else spec.get("acquireTime"),
        "renewTime": now.strftime(_FORMAT),
        "leaseTransitions": int(spec.get("leaseTransitions") or 0) + int(fresh),
    }


def parse_time(text: Any) -> datetime | None:
    """Return the moment of a MicroTime, None for anything else."""
    try:
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
