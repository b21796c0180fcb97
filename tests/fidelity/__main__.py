# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make fidelity`: prints what does not agree, by cause, and ends with a line of figures."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field

from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._findings.finding import Finding
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan, make_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import Witnesses, search

from fidelity.corpus import Recorded, bundle_for, corpus_folder, read_corpus
from fidelity.random_cases import try_random_cases
from fidelity.recorded import differences, request_of

_SEARCHED = 200
"""Requests for each file besides the recorded ones."""
_SHOWN = 3
_REPRODUCED_PERCENT = 99
_CONVERTED_PERCENT = 85


@dataclass(slots=True)
class Tally:
    """All figures, and for each cause how often it was and a few examples."""

    files: int = 0
    probes: int = 0
    reproduced: int = 0
    refused: int = 0
    held_back_hosts: int = 0
    converted_hosts: int = 0
    accepted: int = 0
    converted: int = 0
    random_cases: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    held_back: Counter[str] = field(default_factory=Counter)
    counter_examples: list[str] = field(default_factory=list)

    def add(self, cause: str, example: str) -> None:
        """Count one disagreement."""
        self.causes[cause] += 1
        self.examples.setdefault(cause, []).append(example)


def main() -> int:
    """Run everything; return 0 when the thresholds are kept."""
    tally = Tally()
    folder = corpus_folder()
    if folder is None:
        _say("fidelity: the corpus is not here (INGRESS_CORPUS names its folder); the rest runs without it")
    else:
        for recorded in read_corpus(folder):
            _one(recorded, tally)
    tally.random_cases, found = try_random_cases(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
    tally.counter_examples += found
    _report(tally)
    return 0 if _passes(tally) else 1


def _one(recorded: Recorded, tally: Tally) -> None:
    tally.files += 1
    if recorded.answers is None:
        return  # an API server refuses the object
    plan = make_plan(bundle_for(recorded), Options())
    for probe in recorded.probes:
        tally.probes += 1
        found = differences(plan.site, probe)
        if not found:
            tally.reproduced += 1
        elif "nginx_emerg" in (recorded.answers or {}):
            tally.refused += 1
        else:
            cause = " | ".join(sorted(item.partition(":")[0] for item in found))
            tally.add(cause, f"{recorded.name} {probe['host']}{probe['url']} tls={probe['tls']}: {'; '.join(found)}")
    verdicts = plan.conversion.verdicts.values()
    tally.converted_hosts += sum(item.moves for item in verdicts)
    tally.held_back_hosts += sum(not item.moves for item in verdicts)
    if verdicts:
        _convertible(recorded, plan, tally)
    _ask_both(recorded, plan, tally)


def _convertible(recorded: Recorded, plan: Plan, tally: Tally) -> None:
    tally.accepted += 1
    held = {_cause(item) for verdict in plan.conversion.verdicts.values() for item in verdict.findings if _stops(item)}
    tally.converted += not held
    tally.held_back.update(held)


def _stops(item: Finding) -> bool:
    return item.holds_back


def _cause(item: Finding) -> str:
    return f"{item.code} {item.source.annotation}".strip()


def _ask_both(recorded: Recorded, plan: Plan, tally: Tally) -> None:
    witnesses = Witnesses(plan)
    for probe in recorded.probes:
        differs = witnesses.disagreements(request_of(probe))
        if differs:
            tally.counter_examples.append(f"{recorded.name} {request_of(probe)}: {'; '.join(differs)}")
            return
    found = search(plan, _SEARCHED).found
    tally.counter_examples += [f"{recorded.name} {item}" for item in found]


def _report(tally: Tally) -> None:
    _say(f"{tally.refused} probes of configurations that nginx refused as a whole: the answers are of an older one")
    for cause, count in tally.causes.most_common():
        _say(f"{count} x {cause}")
        for example in tally.examples[cause][:_SHOWN]:
            _say(f"    {example}")
    if tally.accepted:
        percent = 100 * tally.converted / tally.accepted
        _say(f"converted: {tally.converted} of {tally.accepted} accepted Ingresses ({percent:.1f} %); held back by:")
        for cause, count in tally.held_back.most_common():
            _say(f"    {count} x {cause}")
    for text in tally.counter_examples[:20]:
        _say(f"counter-example: {text}")
    _say(
        f"fidelity: files={tally.files} probes={tally.probes} reproduced={tally.reproduced} "
        f"unexplained={tally.probes - tally.reproduced - tally.refused} held_back_hosts={tally.held_back_hosts} "
        f"converted_hosts={tally.converted_hosts} random_cases={tally.random_cases} "
        f"counterexamples={len(tally.counter_examples)}"
    )


def _passes(tally: Tally) -> bool:
    enough = 100 * tally.reproduced >= _REPRODUCED_PERCENT * tally.probes
    return enough and 100 * tally.converted >= _CONVERTED_PERCENT * tally.accepted and not tally.counter_examples


def _say(text: str) -> None:
    sys.stdout.write(text.encode("unicode_escape").decode("ascii") + "\n")


if __name__ == "__main__":
    sys.exit(main())
