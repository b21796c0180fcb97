# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a unit and the transitions between them. PRIVATE to the collection.

::

    (none) ──► applying ──► applied ──► verified
                  │            │            │
                  └────────────┴────────────┴──► rolling_back ──► rolled_back
                        ▲                                             │
                        └─────────────────────────────────────────────┘

A state ending in "-ing" is written before the work, the next one after it: a run that finds "applying" knows that
another one was cut short there, and does the work again.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of one unit."""

    APPLYING = "applying"
    APPLIED = "applied"
    VERIFIED = "verified"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"


# From each state to those that may follow; every state may be written again.
_NEXT: dict[State | None, frozenset[State]] = {
    None: frozenset((State.APPLYING, State.ROLLING_BACK)),
    State.APPLYING: frozenset((State.APPLIED, State.ROLLING_BACK)),
    State.APPLIED: frozenset((State.APPLYING, State.VERIFIED, State.ROLLING_BACK)),
    State.VERIFIED: frozenset((State.APPLYING, State.ROLLING_BACK)),
    State.ROLLING_BACK: frozenset((State.ROLLED_BACK,)),
    State.ROLLED_BACK: frozenset((State.APPLYING, State.ROLLING_BACK)),
}


class TransitionError(ValueError):
    """A unit cannot go from its state to another; ``str()`` names the unit and both states."""


def check_transition(unit: str, current: State | None, following: State) -> None:
    """Raise TransitionError unless ``unit`` may go from ``current`` to ``following``."""
    if following != current and following not in _NEXT[current]:
        allowed = ", ".join(sorted(_NEXT[current]))
        raise TransitionError(
            f"unit {unit} is {current or 'not recorded'} and cannot become {following}; "
            f"from there it can become {allowed}"
        )
