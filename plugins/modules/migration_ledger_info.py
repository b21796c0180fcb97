# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_ledger_info
short_description: Read what state each unit of a migration is in
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Reads the ledger, which lives in the cluster itself.
  - With O(plan) the module also says what is left to do of a plan.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - sealos.istio_migration.cluster
  - sealos.istio_migration.attributes
  - sealos.istio_migration.attributes.read_only
  - sealos.istio_migration.attributes.cluster
options:
  namespace:
    description:
      - Namespace of the gateway, where the ledger is.
    type: str
    default: ingress-nginx
  with_namespaces:
    description:
      - Return only units that hold one of these namespaces. Empty is all.
    type: list
    elements: str
    default: []
  plan:
    description:
      - Directory of a plan, to see what is left to do of it.
    type: path
  retry:
    description:
      - Do not skip units that were rolled back with what the plan wants for them.
    type: bool
    default: false
  waves:
    description:
      - Only these waves of the plan, by number. Empty is all.
    type: list
    elements: int
    default: []
  only_namespaces:
    description:
      - Only units of the plan that hold one of these namespaces. Empty is all.
    type: list
    elements: str
    default: []
seealso:
  - module: sealos.istio_migration.migration_ledger
"""

EXAMPLES = r"""
- name: Read the ledger
  sealos.istio_migration.migration_ledger_info:
    kubeconfig: /etc/migration/cluster-a.kubeconfig
  register: __ledger
"""

RETURN = r"""
units:
  description: What is recorded of each unit, sorted by name.
  type: list
  elements: dict
  returned: success
  contains:
    unit:
      description: Name of the unit.
      type: str
    namespaces:
      description: Its namespaces.
      type: list
      elements: str
    state:
      description: One of V(applying), V(applied), V(verified), V(rolling_back), V(rolled_back).
      type: str
    plan:
      description: The plan that brought it there, the first twelve digits of its id.
      type: str
    resources:
      description: Digest of what that plan wants for the unit.
      type: str
    wave:
      description: Number of the wave it moved with.
      type: int
    at:
      description: When, RFC 3339 in UTC.
      type: str
    by:
      description: Which controller recorded it.
      type: str
    proof:
      description: Counts of its last proof.
      type: dict
    reason:
      description: Why it was rolled back, empty otherwise.
      type: str
    history:
      description: Its former states, the oldest first.
      type: list
      elements: dict
work:
  description: What is left to do of the plan, wave by wave.
  type: list
  elements: dict
  returned: when O(plan) is given
  contains:
    number:
      description: Number of the wave.
      type: int
    todo:
      description: Units that are to be moved.
      type: list
      elements: str
    done:
      description: Units that were verified with what the plan wants for them.
      type: list
      elements: str
    skipped:
      description: Units that were rolled back with what the plan wants for them.
      type: list
      elements: str
    unfinished:
      description: Units whose rollback was cut short.
      type: list
      elements: str
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.ledger import Ledger
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.record import Record
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.worklist import work_left
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import (
    CLUSTER_ARGUMENTS,
    api_of,
    run_module,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import PlanError, read_plan


def _tasks(params: dict[str, Any], records: dict[str, Record]) -> list[dict[str, Any]]:
    plan = read_plan(Path(params["plan"]))
    wanted = set(params["only_namespaces"])
    units = plan.index["units"]
    known = {namespace for unit in units for namespace in unit["namespaces"]}
    if not wanted <= known:
        names = ", ".join(sorted(wanted - known))
        raise PlanError(f"plan {plan.short_id} has no namespace {names}; correct migrate_namespaces")
    tasks = work_left(
        plan.index["waves"],
        {unit["name"]: plan.digest_of(unit["name"]) for unit in units},
        records,
        retry=params["retry"],
        only_waves=params["waves"],
        only_units={unit["name"] for unit in units if wanted & set(unit["namespaces"])},
    )
    return [task.as_dict() for task in tasks]


def _work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    records = Ledger(api_of(params), params["namespace"]).read()
    wanted = set(params["with_namespaces"])
    shown = [record for __, record in sorted(records.items()) if not wanted or wanted & set(record.namespaces)]
    result: dict[str, Any] = {"changed": False, "units": [record.as_dict() for record in shown]}
    if params["plan"]:
        result["work"] = _tasks(params, records)
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENTS,
            "namespace": {"type": "str", "default": "ingress-nginx"},
            "with_namespaces": {"type": "list", "elements": "str", "default": []},
            "plan": {"type": "path"},
            "retry": {"type": "bool", "default": False},
            "waves": {"type": "list", "elements": "int", "default": []},
            "only_namespaces": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
