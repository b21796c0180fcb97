# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m golden`: asks all golden probes on both planes of a sandbox of its own."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import StoredPlan

from golden.bed import Bed
from golden.fixtures import SECTIONS
from golden.probes import PHASES, Probe, Section
from golden.sandbox import sandbox
from golden.verdicts import Verdict, account, judge
from harness.target import Target

_THREADS = 3
_ATTEMPTS = 5
_PAUSE_SECONDS = 2.0


def main(arguments: Sequence[str]) -> int:
    """Run the probes; return 0 when nothing is unexplained."""
    parser = argparse.ArgumentParser(prog="golden", description=__doc__)
    parser.add_argument("--sections", default="", help="only these, comma-separated: d01,d07")
    parser.add_argument("--use", default="", help="a sandbox that is up with Istio; it is left as it is")
    parser.add_argument("--furnished", action="store_true", help="its Ingresses are there already")
    parser.add_argument("--skip-slow", action="store_true", help="leave out probes that take a minute or more")
    parser.add_argument("--json", type=Path, help="also write the verdicts here")
    options = parser.parse_args(arguments)
    names = options.sections.split(",") if options.sections else [section.name for section in SECTIONS]
    sections = [section for section in SECTIONS if section.name in names]
    with sandbox(options.use) as cluster, tempfile.TemporaryDirectory(prefix="golden-") as folder:
        bed = Bed(Target(cluster), Path(folder))
        if not options.use:
            _say("installing Istio")
            bed.install_istio()
        verdicts = _run(bed, sections, furnished=options.furnished, slow=not options.skip_slow)
    for verdict in verdicts:
        if not verdict.equal or verdict.unexplained:
            _say(str(verdict))
    if options.json:
        rows = {item.probe.id: str(item) for item in verdicts}
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    _say(account(verdicts))
    return int(any(item.unexplained for item in verdicts))


def _run(bed: Bed, sections: Sequence[Section], *, furnished: bool, slow: bool) -> list[Verdict]:
    if furnished:
        bed.renew_clients()
    else:
        _say("furnishing")
        bed.furnish(sections)
    probes = [probe for section in sections for probe in section.probes if slow or not probe.slow]
    _say("converting")
    verdicts = _ask(bed, bed.convert(), [probe for probe in probes if probe.phase == 1])
    for number, phase in PHASES.items():
        later = [probe for probe in probes if probe.phase == number]
        if later:
            _say(f"pass {number}, with other settings of the controller")
            bed.add(phase, [obj for section in sections for when, obj in section.later if when == number])
            verdicts += _ask(bed, bed.convert(), later)
            bed.end(phase)
    return sorted(verdicts, key=lambda item: probes.index(item.probe))


def _ask(bed: Bed, plan: StoredPlan, probes: Sequence[Probe]) -> list[Verdict]:
    held = {
        str(host["host"]): tuple(str(reason) for reason in host["held_back_by"])
        for host in plan.hosts()
        if not host["moves"]
    }
    planes = bed.planes()

    def verdict(probe: Probe) -> Verdict:
        found = None
        for number in range(1 if probe.slow else _ATTEMPTS):
            # A busy machine may need longer until what was written has arrived.
            time.sleep(_PAUSE_SECONDS * number)
            answers = {name: plane.ask(probe) for name, plane in planes.items()}
            found = judge(probe, answers["nginx"], answers["istio"], _held(held, probe))
            if not found.unexplained or found.held:
                break
        assert found is not None
        return found

    slow = [probe for probe in probes if probe.slow]
    quick = [probe for probe in probes if not probe.slow]
    _say(f"asking {len(probes)} probes")
    with ThreadPoolExecutor(max(1, len(slow))) as waiting, ThreadPoolExecutor(_THREADS) as asking:
        pending = [waiting.submit(verdict, probe) for probe in slow]
        verdicts = list(asking.map(verdict, quick))
        return verdicts + [item.result() for item in pending]


def _held(held: Mapping[str, tuple[str, ...]], probe: Probe) -> tuple[str, ...]:
    return held.get(probe.host, ())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
