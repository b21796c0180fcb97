# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-convert`: from a bundle on disk to a plan on disk, by size of the cluster.

In the seconds is all that ``istio_convert`` does for ``plan.yml``: reading and verifying the bundle, the model of
nginx, the verdicts, all objects, their invariants, and the files of the plan. Not in them are the start of Python, the
search for a counter-example, which has a budget of its own, and the probes, which are made wave by wave and have a line
of their own.

Each size runs in a process of its own. Where an ``ingress2gateway`` is on PATH, it converts the same Ingresses in the
same run.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.files import read_bundle, write_bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._findings.finding import Level
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import write_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.synthesis import synthesise
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import searched_plan

from performance.clusters import generated_cluster

SIZES = (1000, 5000, 10000, 20000)
_SECONDS = 600
_REFERENCE = "ingress2gateway"
_PROBED = 20_000
_TICK = 0.05


def measure(folder: Path) -> None:
    """Convert the bundle in ``folder`` and print two lines of figures; to be called in a fresh process."""
    # As istio_convert does.
    gc.disable()
    started = time.perf_counter()
    plan = searched_plan(read_bundle(folder / "bundle"), Options(search_requests=0))
    stored, __ = write_plan(plan, folder / "plans")
    seconds = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    written = sum(file.stat().st_size for file in stored.directory.rglob("*") if file.is_file())
    counts = stored.index["counts"]
    _say(
        {
            "seconds": seconds,
            "cpu": sum(item.ru_utime + item.ru_stime for item in used),
            # Linux gives kilobytes.
            "mb": used[0].ru_maxrss / 1024,
            "bytes": written,
            "hosts": counts["hosts"],
            "moving": counts["moving"],
        }
    )
    gc.enable()
    _say(_probes(plan))


def _say(figures: dict[str, Any]) -> None:
    print(json.dumps(figures), flush=True)  # noqa: T201 - read by the process that started this one


def _probes(plan: Plan) -> dict[str, float]:
    """Return how fast probes are made, for the hosts that move, up to a number of probes."""
    started = time.perf_counter()
    count = 0
    for host, verdict in plan.conversion.verdicts.items():
        if verdict.moves and count < _PROBED:
            codes = {item.code for item in verdict.findings if item.level == Level.APPROXIMATE}
            count += sum(1 for _ in synthesise(plan.site.servers[host], plan.site, codes))
    seconds = time.perf_counter() - started
    return {"probes": count, "seconds": seconds, "probes_per_second": count / seconds}


def _in_a_process(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the figures of a conversion, and those of the probes."""
    command = [sys.executable, "-m", "performance.convert", str(folder)]
    peak = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not select.select([process.stdout], [], [], _TICK)[0]:
            peak = max(peak, _megabytes(process.pid))
        converted = json.loads(process.stdout.readline())
        probed = json.loads(process.stdout.readline())
    return {**converted, "mb": max(peak, converted["mb"])}, probed


def _megabytes(pid: int) -> float:
    """Return the memory of a process and its children; what they share counts once (PSS of Linux)."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    lines = (line.split() for line in rollup.splitlines())
    own = next((int(words[1]) / 1024 for words in lines if words[0] == "Pss:"), 0.0)
    return own + sum(_megabytes(int(child)) for child in children)


def _reference_seconds(folder: Path, manifests: Path) -> float | None:
    """Return how long the reference converter takes for the same Ingresses, None where it is not on PATH."""
    program = shutil.which(_REFERENCE)
    if program is None:
        return None
    started = time.perf_counter()
    command = [program, "print", "--providers=ingress-nginx", f"--input-file={manifests}", "--all-namespaces"]
    with (folder / "reference.yaml").open("wb") as output:
        subprocess.run(command, stdout=output, stderr=subprocess.DEVNULL, check=True, timeout=_SECONDS)
    return time.perf_counter() - started


def main() -> None:
    """Print two lines for each size: the conversion, with how its time grows from size to size, and the probes."""
    known: tuple[int, float] | None = None
    for size in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            cluster = generated_cluster(size)
            write_bundle(cluster, folder / "bundle", "2026-01-01T00:00:00Z")
            items = cluster.of("Ingress")
            manifests = folder / "ingresses.json"
            manifests.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8")
            figures, probed = _in_a_process(folder)
            reference = _reference_seconds(folder, manifests)
        paths = sum(len(rule["http"]["paths"]) for obj in items for rule in obj["spec"]["rules"])
        print(_line(size, paths, figures, known, reference))  # noqa: T201 - this is what it is for
        print(  # noqa: T201 - this is what it is for
            f"bench-convert-probes: n={size} probes={probed['probes']} seconds={probed['seconds']:.2f}"
            f" probes_per_second={probed['probes_per_second']:.0f} load={os.getloadavg()[0]:.1f}",
            flush=True,
        )
        known = (size, figures["seconds"])


def _line(
    size: int, paths: int, figures: dict[str, Any], known: tuple[int, float] | None, reference: float | None
) -> str:
    words = [f"bench-convert: n={size} paths={paths} seconds={figures['seconds']:.2f} mb={figures['mb']:.0f}"]
    words.append(f"bytes={figures['bytes']} cpu={figures['cpu']:.2f} moving={figures['moving']}")
    if known:
        # 1.00 is linear.
        words.append(f"growth={figures['seconds'] / known[1] / (size / known[0]):.2f}")
    if reference is not None:
        words.append(f"reference_seconds={reference:.2f} ratio={reference / figures['seconds']:.2f}")
    return " ".join(words)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        main()
