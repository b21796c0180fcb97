# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the answers to a probe against the words of an expectation (see `probes`)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

_COUNT = re.compile(r"count:(\d+)(=|>=)(\d+)")
_SECONDS = re.compile(r"seconds(>=|<)([\d.]+)")
_VALUE = re.compile(r"(up:)?([a-z0-9-]+)(=|~|/)(.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer: header names are lower case; ``status`` is 0 when none came; ``marks`` are single words."""

    status: int
    service: str = ""
    namespace: str = ""
    pod: str = ""
    uri: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    received: dict[str, str] = field(default_factory=dict)
    certificate: str = ""
    error: str = ""
    marks: frozenset[str] = frozenset()

    def __str__(self) -> str:
        parts = [str(self.status) if self.status else "reset", self.service or "-"]
        parts += [f"uri={self.uri}"] if self.uri else []
        parts += [f"location={self.headers['location']}"] if "location" in self.headers else []
        parts += [f"cert={self.certificate}"] if self.certificate else []
        return " ".join([*parts, *sorted(self.marks)])


@dataclass(frozen=True, slots=True)
class Outcome:
    """All answers to a probe, and how long they took."""

    answers: tuple[Seen, ...]
    seconds: float = 0.0

    def __str__(self) -> str:
        kinds = {str(answer): 0 for answer in self.answers}
        for answer in self.answers:
            kinds[str(answer)] += 1
        texts = [text if number == 1 else f"{number} x {text}" for text, number in list(kinds.items())[:4]]
        return "; ".join(texts) + (f" ({self.seconds:.1f} s)" if self.seconds > 2 else "")


def unmet(expectation: str, outcome: Outcome) -> list[str]:
    """Return the words of an expectation that do not hold, each with what was seen instead."""
    return [found for word in shlex.split(expectation) if (found := _unmet(word, outcome))]


def _unmet(word: str, outcome: Outcome) -> str:
    if word.startswith(("share:", "pods", "count:", "seconds")):
        return _unmet_of_all(word, outcome)
    for answer in outcome.answers:
        seen = _unmet_by(word, answer)
        if seen is not None:
            return f"{word}: {seen}"
    return "" if outcome.answers else f"{word}: no answer"


def _unmet_of_all(word: str, outcome: Outcome) -> str:
    answers: Sequence[Seen] = outcome.answers
    if counted := _COUNT.fullmatch(word):
        number = sum(answer.status == int(counted[1]) for answer in answers)
        wanted = int(counted[3])
        return "" if number == wanted or (counted[2] == ">=" and number > wanted) else f"{word}: {number}"
    if timed := _SECONDS.fullmatch(word):
        holds = outcome.seconds >= float(timed[2]) if timed[1] == ">=" else outcome.seconds < float(timed[2])
        return "" if holds else f"{word}: {outcome.seconds:.1f}"
    if word.startswith("share:"):
        service, _, interval = word[6:].partition("=")
        low, _, high = interval.partition("..")
        share = 100 * sum(answer.service == service for answer in answers) / max(1, len(answers))
        return "" if float(low) <= share <= float(high) else f"{word}: {share:.1f}"
    pods = len({answer.pod for answer in answers})
    exact = word.startswith("pods=")
    wanted = int(word.rpartition("=")[2])
    return "" if pods == wanted or (not exact and pods > wanted) else f"{word}: {pods}"


def _unmet_by(word: str, answer: Seen) -> str | None:
    if word.isdigit():
        return None if answer.status == int(word) else str(answer)
    if word == "reset":
        return None if answer.status == 0 else str(answer)
    if word == "-" or ("=" not in word and word.replace("-", "").isalnum() and word in answer.marks):
        return None if word in answer.marks or not answer.service else str(answer)
    if word.startswith("!"):
        return _unmet_absence(word[1:], answer)
    found = _VALUE.fullmatch(word)
    if found is None:
        present = word in answer.headers or answer.service == word
        return None if present else str(answer)
    return _unmet_value(bool(found[1]), found[2].lower(), found[3], found[4], answer)


def _unmet_absence(name: str, answer: Seen) -> str | None:
    place = answer.received if name.startswith("up:") else answer.headers
    if name.startswith("up:") and not answer.service:
        return str(answer)
    return place.get(name.removeprefix("up:"))


def _unmet_value(received: bool, name: str, how: str, wanted: str, answer: Seen) -> str | None:
    own = {"uri": answer.uri, "cert": answer.certificate}
    seen = own[name] if not received and name in own else (answer.received if received else answer.headers).get(name)
    if how == "/":
        return None if re.search(wanted, seen or "") else str(seen)
    if seen is None:
        return "absent"
    if how == "~" or name == "cert":
        return None if wanted in seen else seen
    return None if seen == wanted else seen
