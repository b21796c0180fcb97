# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_verify
short_description: Ask both planes and compare their answers
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Asks ingress-nginx and the gateway the same questions, by address and never through DNS, and compares status,
    redirects, headers, bodies and certificates.
  - The questions follow from the model of the site. For each location they are its own path and the boundary cases
    around it. Only safe methods are used.
  - What nginx answers differently when asked twice is not compared. What a finding describes must differ exactly so.
  - Propagation is waited for by asking again until everything agrees, or the time is over.
  - The module fails when something differs that no finding describes, or when a gateway Pod refused configuration.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - sealos.istio_migration.cluster
  - sealos.istio_migration.attributes
  - sealos.istio_migration.attributes.read_only
  - sealos.istio_migration.attributes.cluster
options:
  bundle:
    description:
      - Directory of the bundle that the plan was made of.
    type: path
    required: true
  plan:
    description:
      - Directory of the plan.
    type: path
    required: true
  units:
    description:
      - The units to verify.
    type: list
    elements: str
    required: true
  name:
    description:
      - Name of the proof.
    type: str
    required: true
  dest:
    description:
      - Directory for the proof and its probes.
    type: path
    required: true
  nginx_address:
    description:
      - Where ingress-nginx is reached from here, C(host:port) for C(http) and C(https). Empty takes the address of the
        Service in the bundle.
    type: dict
    default: {}
  istio_address:
    description:
      - Where the gateway is reached from here, likewise.
    type: dict
    default: {}
  gateway_name:
    description:
      - Name of the gateway's Service.
    type: str
    default: istio-ingress
  timeout:
    description:
      - For how many seconds the gateway may take to agree.
    type: int
    default: 60
  rate:
    description:
      - How many probes are asked in a second at most, of each plane.
    type: int
    default: 500
  upgrade:
    description:
      - Ask for one WebSocket handshake on each host, too. Some applications open a session for it.
    type: bool
    default: false
  rejected_before:
    description:
      - How many updates each gateway Pod had refused before, as M(sealos.istio_migration.istio_apply) returns it.
    type: dict
    default: {}
requirements:
  - curl >= 7.88
  - openssl >= 3.0
seealso:
  - module: sealos.istio_migration.istio_apply
"""

EXAMPLES = r"""
- name: Verify a wave
  sealos.istio_migration.istio_verify:
    kubeconfig: /etc/migration/cluster-a.kubeconfig
    bundle: /srv/migration/cluster-a/bundles/20260101T000000Z-0123456789ab
    plan: /srv/migration/cluster-a/plans/0123456789ab
    units:
      - shop
    name: wave-1
    dest: /srv/migration/cluster-a/proofs
"""

RETURN = r"""
proof:
  description: The proof, without its lines.
  type: dict
  returned: always, once both planes were reached
  contains:
    path:
      description: The file with one line a probe.
      type: str
    agrees:
      description: Whether nothing differs but what a finding describes.
      type: bool
    counts:
      description: How many probes there were, and how many were equal, described, different, and so on.
      type: dict
    units:
      description: The same counts by unit.
      type: dict
    hosts:
      description: Hosts with a difference that no finding describes.
      type: list
      elements: str
rejected:
  description: A line for each gateway Pod that refused configuration since O(rejected_before).
  type: list
  elements: str
  returned: always, once both planes were reached
"""

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.files import read_bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.api import Api
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.gateway_pods import read_rejections
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.survey import (
    addresses_of,
    survey_service,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import (
    CLUSTER_ARGUMENTS,
    api_of,
    run_module,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import read_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.curl import Curl, Limits
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.files import write_proof
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.openssl import OpenSsl
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import ISTIO, NGINX, Plane
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.proof import Proof
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.verification import (
    Means,
    Patience,
    verify,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.wave import prepare

_SHOWN = 5


def _planes(api: Api, params: dict[str, Any], service: tuple[str, str] | None, namespace: str) -> tuple[Plane, Plane]:
    nginx = params["nginx_address"] or addresses_of(survey_service(api, *service) if service else None)
    gateway = survey_service(api, namespace, params["gateway_name"])
    return Plane(NGINX, nginx), Plane(ISTIO, params["istio_address"] or addresses_of(gateway))


def _differences(proof: Proof) -> list[str]:
    lines = [
        f"{item.probe} answers {deviation}"
        for item in proof.results
        for deviation in item.comparison.deviations
        if not deviation.as_predicted or not deviation.code
    ]
    return lines + [f"certificate of {item.host}: {item.problem}" for item in proof.certificates if item.problem]


def _message(proof: Proof, rejected: list[str], path: Path) -> str:
    found = _differences(proof)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    hosts = ", ".join(proof.different_hosts)
    parts = (
        [f"the planes differ for {hosts}: {'; '.join(found[:_SHOWN])}{more}. All of it is in {path}"] if hosts else []
    )
    return ". ".join(parts + rejected)


def _by_unit(proof: Proof, unit_of: dict[str, str]) -> dict[str, dict[str, int]]:
    units: dict[str, Counter[str]] = {}
    for host in proof.summary()["hosts"]:
        numbers = {name: value for name, value in host.items() if isinstance(value, int)}
        units.setdefault(unit_of[host["host"]], Counter()).update(numbers)
    return {unit: dict(sorted(counts.items())) for unit, counts in sorted(units.items())}


def _work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    plan, bundle, api = read_plan(Path(params["plan"])), read_bundle(Path(params["bundle"])), api_of(params)
    options, dest = plan.index["options"], Path(params["dest"])
    wave = prepare(bundle, plan, set(params["units"]), upgrade=params["upgrade"])
    wave.write(dest)
    service = bundle.controller.service if bundle.controller else None
    nginx, istio = _planes(api, params, service, options["gateway_namespace"])
    means = Means(
        nginx,
        istio,
        Curl(Limits(per_second=params["rate"])),
        OpenSsl(),
        time.monotonic,
        time.sleep,
        Patience(agree=params["timeout"]),
    )
    proof = verify(
        params["name"], wave.all_probes(), wave.certificates, means, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    )
    stored = write_proof(proof, dest)
    rejections = read_rejections(api, options["gateway_namespace"], options["gateway_selector"])
    rejected = rejections.since({pod: int(count) for pod, count in params["rejected_before"].items()})
    result: dict[str, Any] = {
        "changed": False,
        "rejected": rejected,
        "proof": {
            "path": str(stored.lines),
            "agrees": proof.agrees,
            "counts": proof.summary()["counts"],
            "units": _by_unit(proof, wave.unit_of),
            "hosts": proof.different_hosts,
        },
    }
    if not proof.agrees or rejected:
        module.fail_json(msg=_message(proof, rejected, stored.lines), **result)
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENTS,
            "bundle": {"type": "path", "required": True},
            "plan": {"type": "path", "required": True},
            "units": {"type": "list", "elements": "str", "required": True},
            "name": {"type": "str", "required": True},
            "dest": {"type": "path", "required": True},
            "nginx_address": {"type": "dict", "default": {}},
            "istio_address": {"type": "dict", "default": {}},
            "gateway_name": {"type": "str", "default": "istio-ingress"},
            "timeout": {"type": "int", "default": 60},
            "rate": {"type": "int", "default": 500},
            "upgrade": {"type": "bool", "default": False},
            "rejected_before": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
