# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox of the golden probes: furnished, with Istio, converted with the collection's own code."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.api import Api
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.capture import capture
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.connection import connect
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.credentials import gateway_secret
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.passwords import with_passwords
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.writing import write
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.gateways import SHARED_UNIT
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import (
    StoredPlan,
    read_plan,
    write_plan,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan, make_plan

from golden.asking import ClientFiles, Plane
from golden.backends import backends
from golden.probes import NAMESPACE, Object, Phase, Section
from harness import identities
from harness.controller import Controller
from harness.site import namespace
from harness.target import HOME, SERVICES, Target
from sandbox.cluster import CommandError
from sandbox.pki import Authority, Identity

_INSTALL_SECONDS = 1200.0
_ROUND_SECONDS = 1.1
_SETTINGS = {"block-user-agents": "bad"}
ACCEPTED = ("BASIC-AUTH-INACTIVE",)
"""Findings of level consent that the fixtures' operator accepts."""


class Bed:
    """A sandbox by its target; ``folder`` keeps bundles, plans and logs."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.folder = folder
        clients = folder / "clients"
        clients.mkdir(parents=True, exist_ok=True)
        self.files = ClientFiles(clients)

    def install_istio(self) -> None:
        """Install Istio as the sandbox inventory does, while nothing is there to migrate."""
        controller = Controller(self.folder / "controller", {self.target.name: {}})
        identities.make_both(self.target, controller.folder)
        with controller.running("migrate") as running:
            running.wait(0, _INSTALL_SECONDS)

    def configure(self, settings: Mapping[str, str | None], arguments: Sequence[str] = ()) -> None:
        """Change the ConfigMap of ingress-nginx, and its arguments; waits until it runs with them."""
        patch = json.dumps({"data": settings})
        name = "ingress-nginx-controller"
        self.target.cluster.kubectl("patch", f"configmap/{name}", f"--namespace={HOME}", "--patch", patch)
        for argument in arguments:
            added = [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": argument}]
            self.target.cluster.kubectl(
                "patch", f"deployment/{name}", f"--namespace={HOME}", "--type=json", "--patch", json.dumps(added)
            )
        self.target.rolled_out(HOME, name)

    def furnish(self, sections: Iterable[Section]) -> None:
        """Bring backends, other objects and Ingresses into the cluster, the Ingresses oldest first."""
        wanted = list(sections)
        ingresses = [item for section in wanted for item in section.ingresses]
        everything = [obj for _, obj in ingresses] + [obj for section in wanted for _, obj in section.later]
        self.configure(_SETTINGS)
        places = sorted({NAMESPACE, *(obj["metadata"]["namespace"] for obj in everything)})
        self.target.cluster.apply([namespace(place) for place in places])
        self.target.cluster.apply([*backends(everything), *self._secrets(wanted), *_others(wanted)])
        self.wait_for_backends(places)
        for age in sorted({age for age, _ in ingresses}):
            time.sleep(_ROUND_SECONDS - time.time() % 1 + 0.05)
            self.target.cluster.apply([obj for number, obj in ingresses if number == age])
        self.settle()

    def renew_clients(self) -> None:
        """Let the cluster trust the certificates of this run's clients."""
        self.target.cluster.apply([_secret("client-ca", {"ca.crt": self.files.authority})])
        self.settle()

    def apply_what_is_valid(self, objects: Sequence[Object]) -> None:
        """Apply objects; those that the API server refuses are left out."""
        with contextlib.suppress(CommandError):
            # kubectl goes on after an object that is refused, and says so at the end.
            self.target.cluster.apply(objects)

    def add(self, phase: Phase, objects: Sequence[Object]) -> None:
        """Bring the Ingresses of a later phase, for which the controller needs other settings."""
        self.configure(phase.settings, phase.arguments)
        self.target.cluster.apply(objects)
        self.settle()

    def end(self, phase: Phase) -> None:
        """Take back the settings of a phase; arguments stay."""
        self.configure(dict.fromkeys(phase.settings))

    def plan(self, accepted: Iterable[str] = ACCEPTED) -> Plan:
        """Capture what is in the cluster, and convert it with some findings accepted."""
        bundle = capture(self._api(), self.target.name, HOME, "")
        return make_plan(bundle, Options(accept=tuple(Acceptance(code) for code in accepted)))

    def convert(self) -> StoredPlan:
        """Capture, convert, and write the objects of every unit; returns the plan."""
        return self.bring(self.plan())

    def bring(self, made: Plan) -> StoredPlan:
        """Write the objects of every unit of a plan."""
        api = self._api()
        stored, _ = write_plan(made, self.folder / "plans")
        plan = read_plan(stored.directory)
        units = [SHARED_UNIT, *(str(unit["name"]) for unit in plan.index["units"])]
        desired = [obj for unit in units if plan.digest_of(unit) for obj in _desired(api, plan, unit)]
        write(api, desired, units, HOME, plan.short_id, force=True, dry_run=False)
        time.sleep(3)
        return plan

    def _api(self) -> Api:
        return Api(connect({"kubeconfig": str(self.target.cluster.layout.kubeconfig)}), 60)

    def planes(self) -> dict[str, Plane]:
        """Return both planes."""
        return {name: self.plane(name) for name in SERVICES}

    def plane(self, name: str) -> Plane:
        """Return a plane by its name."""
        service = SERVICES[name]
        http, https = (self.target.cluster.port(HOME, service, port) for port in (80, 443))
        return Plane(name, http, https, self.files, self.mirrored)

    def mirrored(self, text: str) -> bool:
        """Return whether the backend of the mirror has had a path with ``text``; waits a moment."""
        path = f"/api/v1/namespaces/{NAMESPACE}/services/mir:8081/proxy/counters"
        for _ in range(10):
            if text in self.target.cluster.kubectl("get", "--raw", path):
                return True
            time.sleep(0.3)
        return False

    def settle(self) -> None:
        """Wait until ingress-nginx has taken what was written."""
        # ingress-nginx reloads within a second; its Lua takes one more.
        time.sleep(5)

    def wait_for_backends(self, places: Iterable[str]) -> None:
        """Wait until every Deployment of some namespaces is available."""
        for place in places:
            self.target.cluster.kubectl(
                "wait",
                "deployment",
                "--all",
                f"--namespace={place}",
                "--for=condition=Available",
                "--timeout=180s",
                seconds=190,
            )

    def _secrets(self, sections: Iterable[Section]) -> list[Object]:
        authority = Authority.new("golden")
        found = [_secret("client-ca", {"ca.crt": self.files.authority})]
        for section in sections:
            for name, hosts in section.certificates.items():
                certificate, key = authority.issue(Identity(name, hosts[0], alternative_names=hosts))
                found.append(_secret(name, {"tls.crt": certificate, "tls.key": key}, "kubernetes.io/tls"))
        return found


def _others(sections: Iterable[Section]) -> list[Object]:
    return [obj for section in sections for obj in section.objects]


def _desired(api: Api, plan: StoredPlan, unit: str) -> list[dict[str, Any]]:
    content = plan.unit(unit)
    secrets = [gateway_secret(api, item, HOME, unit) for item in content["credentials"]]
    return secrets + [with_passwords(api, obj) for obj in content["objects"]]


def _secret(name: str, data: dict[str, bytes], type_: str = "Opaque") -> Object:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "type": type_, "metadata": metadata, "data": encoded}
