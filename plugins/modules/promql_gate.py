# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: promql_gate
short_description: Ask Prometheus how namespaces do on the gateway
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Reads the records that the role C(observe) brings, for the namespaces of some units of a plan.
  - With O(state=before) it returns what nginx does for them, to compare with later.
  - With O(state=judged) it returns a verdict on the gateway. A namespace is breached by its share of errors, by a P95
    that is too far above that of nginx before, or by requests that found the limits of the gateway exhausted. Where too
    few requests came, or nothing is there to compare with, the verdict is inconclusive.
  - The module never fails because of a verdict. Whoever calls it looks at RV(verdict).
extends_documentation_fragment:
  - sealos.istio_migration.attributes
  - sealos.istio_migration.attributes.read_only
options:
  url:
    description:
      - Where the API of Prometheus is, or of what speaks it.
    type: str
    required: true
  token:
    description:
      - A token for it. It is only shown to O(url).
    type: str
    default: ""
  ca_path:
    description:
      - Certificates of the authorities that it may have its certificate from. The default is those of the machine.
    type: path
  selector:
    description:
      - More matchers of PromQL for every record, such as the label of this cluster where one Prometheus has several.
    type: str
    default: ""
  plan:
    description:
      - Directory of the plan.
    type: path
    required: true
  units:
    description:
      - Units of the plan whose namespaces are looked at.
    type: list
    elements: str
    required: true
  state:
    description:
      - What to do.
    type: str
    choices: [before, judged]
    required: true
  before:
    description:
      - What the module returned as RV(namespaces) with O(state=before).
    type: dict
    default: {}
  error_ratio:
    description:
      - The greatest share of answers of the class 5xx.
    type: float
    default: 0.05
  p95_factor:
    description:
      - How many times the P95 of nginx that of the gateway may be.
    type: float
    default: 1.15
  p95_slack:
    description:
      - How many milliseconds it may be above that.
    type: float
    default: 5
  overflowed:
    description:
      - How many requests per second may find the limits of the gateway exhausted.
    type: float
    default: 0
  minimum_requests:
    description:
      - How many requests within five minutes a verdict needs.
    type: int
    default: 50
  wait_seconds:
    description:
      - For how long it is asked again while the verdict is inconclusive.
    type: int
    default: 0
seealso:
  - module: sealos.istio_migration.istio_verify
"""

EXAMPLES = r"""
- name: Ask how the namespaces of a wave do
  sealos.istio_migration.promql_gate:
    url: https://prometheus.example.test
    plan: /srv/migration/cluster-a/plans/0123456789ab
    units: [shop]
    state: judged
    before: "{{ __baseline.namespaces }}"
  register: __gate
"""

RETURN = r"""
verdict:
  description: The worst verdict on any of them, one of V(passed), V(inconclusive), V(breached).
  type: str
  returned: when O(state=judged)
reasons:
  description: Why it is not V(passed), a sentence for each namespace.
  type: list
  elements: str
  returned: when O(state=judged)
namespaces:
  description: What was measured, by namespace, on nginx with O(state=before), else on the gateway.
  type: dict
  returned: success
"""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._gate.measures import Measures, measure
from ansible_collections.sealos.istio_migration.plugins.module_utils._gate.prometheus import Prometheus
from ansible_collections.sealos.istio_migration.plugins.module_utils._gate.verdicts import (
    Judgement,
    Limits,
    Verdict,
    judge,
    overall,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import run_module
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import PlanError, read_plan

_PAUSE_SECONDS = 5.0
_LIMITS = ("error_ratio", "p95_factor", "p95_slack", "overflowed", "minimum_requests")


def _namespaces(params: dict[str, Any]) -> list[str]:
    plan = read_plan(Path(params["plan"]))
    known = {unit["name"]: unit["namespaces"] for unit in plan.index["units"]}
    unknown = sorted(set(params["units"]) - set(known))
    if unknown:
        raise PlanError(f"plan {plan.short_id} has no unit {', '.join(unknown)}")
    return sorted({namespace for unit in params["units"] for namespace in known[unit]})


def _words(judgement: Judgement) -> str:
    return f"{judgement.namespace}: {'; '.join(judgement.reasons)}"


def _work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    ask = Prometheus(params["url"], params["token"], authority=params["ca_path"]).ask
    names, selector = _namespaces(params), params["selector"]
    if params["state"] == "before":
        found = measure(ask, "nginx", names, selector)
        return {"changed": False, "namespaces": {name: asdict(item) for name, item in found.items()}}
    before = {name: Measures(**item) for name, item in params["before"].items()}
    limits = Limits(**{name: params[name] for name in _LIMITS})
    deadline = time.monotonic() + params["wait_seconds"]
    while True:
        found = measure(ask, "istio", names, selector)
        judgements = judge(before, found, limits)
        verdict = overall(judgements)
        if verdict is not Verdict.INCONCLUSIVE or time.monotonic() >= deadline:
            break
        time.sleep(min(_PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
    return {
        "changed": False,
        "verdict": str(verdict),
        "reasons": [_words(item) for item in judgements if item.verdict is verdict and item.reasons],
        "namespaces": {name: asdict(item) for name, item in found.items()},
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "token": {"type": "str", "default": "", "no_log": True},
            "ca_path": {"type": "path"},
            "selector": {"type": "str", "default": ""},
            "plan": {"type": "path", "required": True},
            "units": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["before", "judged"], "required": True},
            "before": {"type": "dict", "default": {}},
            "error_ratio": {"type": "float", "default": 0.05},
            "p95_factor": {"type": "float", "default": 1.15},
            "p95_slack": {"type": "float", "default": 5},
            "overflowed": {"type": "float", "default": 0},
            "minimum_requests": {"type": "int", "default": 50},
            "wait_seconds": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
