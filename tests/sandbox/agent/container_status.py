# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a container, as the API shows them."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any, Final

_SIGNALED: Final = 128


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not started, or not started again yet."""

    reason: str
    message: str = ""

    def as_api(self) -> dict[str, Any]:
        """ContainerState."""
        return {"waiting": {"reason": self.reason, **({"message": self.message} if self.message else {})}}


@dataclass(frozen=True, slots=True)
class Running:
    """Started; the time as the API writes it."""

    started_at: str

    def as_api(self) -> dict[str, Any]:
        """ContainerState."""
        return {"running": {"startedAt": self.started_at}}


@dataclass(frozen=True, slots=True)
class Terminated:
    """Ended; times as the API writes them, None where it never ran."""

    exit_code: int
    reason: str
    message: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    container_id: str = ""

    def as_api(self) -> dict[str, Any]:
        """ContainerState."""
        details: dict[str, Any] = {
            "exitCode": self.exit_code,
            "reason": self.reason,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
        }
        if self.message:
            details["message"] = self.message
        if self.container_id:
            details["containerID"] = self.container_id
        if self.exit_code > _SIGNALED and self.exit_code - _SIGNALED in signal.valid_signals():
            details["signal"] = self.exit_code - _SIGNALED
        return {"terminated": {key: value for key, value in details.items() if value is not None}}


State = Waiting | Running | Terminated


def terminated_from_api(details: dict[str, Any]) -> Terminated:
    """The state that an earlier agent has recorded."""
    return Terminated(
        exit_code=details["exitCode"],
        reason=details.get("reason", ""),
        message=details.get("message", ""),
        started_at=details.get("startedAt"),
        finished_at=details.get("finishedAt"),
        container_id=details.get("containerID", ""),
    )
