# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of the ledger. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .states import State, check_transition

_HISTORY = 20


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one unit.

    ``plan`` is the id of the plan that brought it into ``state`` (twelve digits), ``resources`` the digest of what that
    plan wants for the unit, by which later plans know that nothing changed; ``at`` says when (RFC 3339, UTC), ``by``
    which controller; ``proof`` holds the counts of the last proof; ``reason`` says why it was rolled back;
    ``history`` are the former states, the oldest first.
    """

    unit: str
    namespaces: tuple[str, ...]
    state: State
    plan: str
    resources: str
    wave: int
    at: str
    by: str
    proof: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    history: tuple[Mapping[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the record as it stands in the cluster."""
        return {
            "unit": self.unit,
            "namespaces": list(self.namespaces),
            "state": str(self.state),
            "plan": self.plan,
            "resources": self.resources,
            "wave": self.wave,
            "at": self.at,
            "by": self.by,
            "proof": dict(self.proof),
            "reason": self.reason,
            "history": [dict(entry) for entry in self.history],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Record:
        """Return the record that :meth:`as_dict` wrote. Raises KeyError, ValueError for anything else."""
        return cls(
            unit=data["unit"],
            namespaces=tuple(data["namespaces"]),
            state=State(data["state"]),
            plan=data["plan"],
            resources=data["resources"],
            wave=data["wave"],
            at=data["at"],
            by=data["by"],
            proof=dict(data["proof"]),
            reason=data["reason"],
            history=tuple(data["history"]),
        )


def advance(current: Record | None, following: Record) -> Record:
    """Return ``following`` with the history of ``current``. Raises TransitionError."""
    check_transition(following.unit, current.state if current else None, following.state)
    if current is None:
        return following
    past = {"state": str(current.state), "plan": current.plan, "at": current.at}
    history = current.history if current.state == following.state else (*current.history, past)
    return replace(following, history=history[-_HISTORY:])
