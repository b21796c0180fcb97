# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-convert`: from a bundle on disk to a plan on disk, by size of the cluster.

Each size runs in a process of its own, whose peak memory is that of the conversion. Where an ``ingress2gateway`` is
on PATH, it converts the same Ingresses in the same run.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.files import read_bundle, write_bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import write_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import make_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.synthesis import synthesise

from performance.clusters import generated_cluster

SIZES = (1000, 5000, 10000, 20000)
_SECONDS = 600
_REFERENCE = "ingress2gateway"
_PROBED = 20_000


def measure(folder: Path) -> dict[str, Any]:
    """Convert the bundle in ``folder`` and return the figures; to be called in a fresh process."""
    started = time.perf_counter()
    bundle = read_bundle(folder / "bundle")
    plan = make_plan(bundle, Options())
    stored, __ = write_plan(plan, folder / "plans")
    seconds = time.perf_counter() - started
    # Linux gives kilobytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    written = sum(file.stat().st_size for file in stored.directory.rglob("*") if file.is_file())
    return {"seconds": seconds, "mb": peak, "bytes": written, **stored.index["counts"], **_probes(plan)}


def _probes(plan: Any) -> dict[str, float]:
    """Return how fast probes are made, for the hosts that move, up to a number of probes."""
    started = time.perf_counter()
    count = 0
    for host, verdict in plan.conversion.verdicts.items():
        if verdict.moves and count < _PROBED:
            codes = [item.code for item in verdict.findings]
            count += sum(1 for _ in synthesise(plan.site.servers[host], plan.site, codes))
    return {"probes": count, "probes_per_second": count / (time.perf_counter() - started)}


def _in_a_process(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "performance.convert", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


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
    """Print a line for each size, and how the time grows from size to size."""
    known: tuple[int, float] | None = None
    for size in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            cluster = generated_cluster(size)
            write_bundle(cluster, folder / "bundle", "2026-01-01T00:00:00Z")
            figures = _in_a_process(folder)
            manifests = folder / "ingresses.json"
            items = cluster.of("Ingress")
            manifests.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8")
            reference = _reference_seconds(folder, manifests)
        paths = sum(len(rule["http"]["paths"]) for obj in items for rule in obj["spec"]["rules"])
        print(_line(size, paths, figures, known, reference), flush=True)  # noqa: T201 - this is what it is for
        known = (size, figures["seconds"])


def _line(
    size: int, paths: int, figures: dict[str, Any], known: tuple[int, float] | None, reference: float | None
) -> str:
    words = [f"bench-convert: n={size} paths={paths} seconds={figures['seconds']:.2f} mb={figures['mb']:.0f}"]
    words.append(f"bytes={figures['bytes']} moving={figures['moving']} hosts={figures['hosts']}")
    words.append(f"probes_per_second={figures['probes_per_second']:.0f}")
    if known:
        # 1.00 is linear.
        words.append(f"growth={figures['seconds'] / known[1] / (size / known[0]):.2f}")
    if reference is not None:
        words.append(f"reference_seconds={reference:.2f} ratio={reference / figures['seconds']:.2f}")
    return " ".join(words)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))  # noqa: T201 - read by the process that started this one
    else:
        main()
