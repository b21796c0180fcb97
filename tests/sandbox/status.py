# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m sandbox status NAME`: what runs, how well, and at what cost."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from sandbox import state
from sandbox.apiserver import ApiServer
from sandbox.layout import Layout

_KIBIBYTE: Final = 1024


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        for thread in threads:
            found += [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return []
    return found


def processes_below(pid: int) -> list[int]:
    """A process and everything below it."""
    found = [pid]
    for process in found:
        found += _children(process)
    return found


def _memory(pid: int) -> int:
    """Bytes of memory that a process has for itself, and its share of what it shares."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * _KIBIBYTE for line in lines if line.startswith("Pss:")), 0)


def _pod(item: dict[str, Any]) -> dict[str, Any]:
    status = item.get("status", {})
    containers = status.get("containerStatuses") or []
    waiting = next((entry["state"]["waiting"]["reason"] for entry in containers if entry["state"].get("waiting")), None)
    return {
        "namespace": item["metadata"]["namespace"],
        "name": item["metadata"]["name"],
        "phase": "Terminating" if item["metadata"].get("deletionTimestamp") else waiting or status.get("phase"),
        "ready": sum(bool(entry["ready"]) for entry in containers),
        "containers": len(item["spec"]["containers"]),
        "restarts": sum(entry["restartCount"] for entry in containers),
        "address": status.get("podIP"),
    }


def collect(layout: Layout) -> dict[str, Any]:
    """Everything about a sandbox that is up; raises SandboxError when it is not."""
    recorded = state.running(layout)
    processes = processes_below(recorded.keeper)
    api = ApiServer(recorded.first_port, layout.pki)
    pods = (api.read("/api/v1/pods") or {"items": []})["items"]
    endpoints: dict[str, Any] = json.loads(layout.endpoints.read_text(encoding="utf-8"))
    return {
        **endpoints,
        "ready": api.is_ready(),
        "ports": {"first": recorded.first_port, "count": 100},
        "pods": sorted(map(_pod, pods), key=lambda pod: (pod["namespace"], pod["name"])),
        "processes": len(processes),
        "memory_bytes": sum(map(_memory, processes)),
    }


def _lines(found: dict[str, Any]) -> list[str]:
    ready = "ready" if found["ready"] else "NOT READY"
    lines = [
        f"sandbox {found['name']}: API server {found['api']} is {ready}",
        f"  KUBECONFIG={found['kubeconfig']}",
        f"  {found['processes']} processes, {found['memory_bytes'] // _KIBIBYTE**2} MiB of memory",
    ]
    for name, service in found["services"].items():
        ports = ", ".join(f"{port} on 127.0.0.1:{local}" for port, local in service["ports"].items())
        lines.append(f"  load balancer {name} {service['address']}: {ports or 'no TCP port'}")
    for pod in found["pods"]:
        restarts = f", {pod['restarts']} restarts" if pod["restarts"] else ""
        lines.append(
            f"  pod {pod['namespace']}/{pod['name']}: {pod['phase']}, {pod['ready']}/{pod['containers']} ready"
            f"{restarts}, {pod['address'] or 'no address'}"
        )
    return lines


def show(name: str, *, as_json: bool) -> None:
    """Print the status."""
    found = collect(Layout.of(name))
    text = json.dumps(found, indent=2) if as_json else "\n".join(_lines(found))
    sys.stdout.write(text + "\n")
