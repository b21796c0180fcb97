# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox that is migrated: what is in it, what its ledger says, what its planes answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.site import Object
from sandbox import interpreter
from sandbox.cluster import Cluster
from sandbox.toolchain import command_folder

HOME = "ingress-nginx"
"""The namespace of both planes, and of the ledger."""
SERVICES = {"nginx": "ingress-nginx-controller", "istio": "istio-ingress"}
_OURS = "app.kubernetes.io/managed-by=sealos-istio-migration"
_UNIT_LABEL = "istio-migration.sealos.io/unit"
_LEDGER_LABEL = "istio-migration.sealos.io/ledger"
# These change by themselves: heartbeats, leaders, what Pods and their endpoints go through.
_RESTLESS = {"events", "leases", "nodes", "pods", "endpoints", "endpointslices"}
_KINDS = (
    "Secret",
    "DestinationRule",
    "EnvoyFilter",
    "VirtualService",
    "Gateway",
    "AuthorizationPolicy",
    "ServiceEntry",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plane answered: the status, and the application that did, empty where none was asked."""

    status: int
    application: str


class Target:
    """One sandbox with ingress-nginx, looked at as its administrator, who never runs a playbook."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.name = cluster.name

    def furnish(self, objects: Iterable[Object], classes: Iterable[str] = ("nginx",)) -> None:
        """Bring applications into the cluster and wait until they are ready.

        Ingresses of ``classes`` are waited for until ingress-nginx has written their status.
        """
        wanted = list(objects)
        self.cluster.apply(wanted)
        for obj in wanted:
            place = obj["metadata"].get("namespace", "")
            if obj["kind"] == "Deployment":
                self.rolled_out(place, obj["metadata"]["name"])
            elif obj["kind"] == "Ingress" and obj["spec"].get("ingressClassName") in classes:
                # ingress-nginx writes it once; what comes later is a change by somebody else.
                written = "jsonpath={.status.loadBalancer.ingress}"
                self.cluster.wait(place, f"ingress/{obj['metadata']['name']}", written)

    def rolled_out(self, namespace: str, deployment: str) -> None:
        """Wait until a Deployment runs as it should."""
        arguments = ("rollout", "status", f"deployment/{deployment}", f"--namespace={namespace}", "--timeout=60s")
        self.cluster.kubectl(*arguments)

    def answer(self, plane: str, url: str) -> Answer:
        """What a plane answers to a GET of ``url``; raises AssertionError when it is not reached."""
        host = url.split("/")[2]
        ports = {number: self.cluster.port(HOME, SERVICES[plane], number) for number in (80, 443)}
        command = [
            "curl",
            "--silent",
            "--show-error",
            "--insecure",
            "--max-time",
            "10",
            "--write-out",
            "\n%{http_code}",
        ]
        for number, local in ports.items():
            command += ["--connect-to", f"{host}:{number}:127.0.0.1:{local}"]
        done = subprocess.run([*command, url], capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode == 0, f"{plane}, {url}: {done.stderr}"
        body, _, status = done.stdout.rpartition("\n")
        return Answer(int(status), json.loads(body)["service"] if body.startswith("{") else "")

    def ledger(self) -> dict[str, dict[str, Any]]:
        """What is recorded of each unit."""
        found = self._list("ConfigMap", f"{_LEDGER_LABEL}=unit", HOME)
        records = [json.loads(item["data"]["record"]) for item in found]
        return {record["unit"]: record for record in records}

    def states(self) -> dict[str, str]:
        """The state of each unit that the ledger knows."""
        return {unit: record["state"] for unit, record in self.ledger().items()}

    def lease_holder(self) -> str | None:
        """Who holds the lease; empty when nobody does, None when it was never taken."""
        lease = self.cluster.api.read(f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/istio-migration")
        return None if lease is None else str(lease["spec"].get("holderIdentity") or "")

    def ours(self, unit: str = "") -> set[str]:
        """Objects made for a unit, or for any, as ``Kind namespace/name``."""
        selector = f"{_OURS},{_UNIT_LABEL}={unit}" if unit else f"{_OURS},{_UNIT_LABEL}"
        return {
            f"{kind} {item['metadata']['namespace']}/{item['metadata']['name']}"
            for kind in _KINDS
            for item in self._list(kind, selector)
        }

    def rejected_updates(self) -> dict[str, int]:
        """How many updates each gateway Pod has refused since it started."""
        found = {}
        for pod in self._list("Pod", "istio=ingress", HOME):
            name = pod["metadata"]["name"]
            stats = self.cluster.kubectl(
                "get", "--raw", f"/api/v1/namespaces/{HOME}/pods/{name}:15090/proxy/stats/prometheus"
            )
            lines = [line for line in stats.splitlines() if line.split("{")[0].endswith("_update_rejected")]
            assert lines, f"Pod {name} counts no updates"
            found[name] = sum(int(line.rpartition(" ")[2]) for line in lines)
        return found

    def versions(self) -> dict[str, str]:
        """The version of every object in the cluster, but for those that change by themselves."""
        names = self.cluster.kubectl("api-resources", "--verbs=list", "--output=name").split()
        steady = [name for name in names if name.partition(".")[0] not in _RESTLESS]
        line = "{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{'\\n'}{end}"
        listed = self.cluster.kubectl("get", ",".join(steady), "--all-namespaces", f"--output=jsonpath={line}")
        return dict(found.rsplit(" ", 1) for found in listed.splitlines())

    def complaints(self) -> list[str]:
        """What `istioctl analyze` says of our objects in the whole cluster."""
        command = [str(command_folder() / "istioctl"), "analyze", "--all-namespaces", "--output=json"]
        command.append(f"--kubeconfig={self.cluster.layout.kubeconfig}")
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, env=interpreter.environment()
        )
        found: list[Mapping[str, str]] = json.loads(done.stdout)
        return [f"{item['level']} {item['code']} {item.get('origin', '')}: {item['message']}" for item in found]

    def _list(self, kind: str, selector: str, namespace: str = "") -> list[Object]:
        place = f"--namespace={namespace}" if namespace else "--all-namespaces"
        text = self.cluster.kubectl("get", kind, place, f"--selector={selector}", "--output=json", "--ignore-not-found")
        items: list[Object] = json.loads(text)["items"] if text else []
        return items
