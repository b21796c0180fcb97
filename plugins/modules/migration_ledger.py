# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_ledger
short_description: Record the state of units, and hold the lease of a cluster
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Records in the cluster itself what state units are in, so that any controller can go on after a crash.
  - Takes, renews or releases the lease that keeps two controllers from working on one cluster. A lease that its holder
    left behind is free when it expired, or at once when it was taken on this machine and its process is gone.
  - The module has an action plugin, which tells it the process of the controller.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - sealos.istio_migration.cluster
  - sealos.istio_migration.attributes
  - sealos.istio_migration.attributes.cluster
attributes:
  check_mode:
    support: full
    details:
      - Transitions and the lease are checked, nothing is written.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - Renewing a lease changes its time, which does not count as a change.
  action:
    description: >-
      Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
options:
  namespace:
    description:
      - Namespace of the gateway, where the ledger is.
    type: str
    default: ingress-nginx
  lease:
    description:
      - V(hold) takes the lease, or renews it; V(release) gives it up; V(ignore) does neither.
    type: str
    choices: [hold, release, ignore]
    default: hold
  holder:
    description:
      - Who holds the lease, as C(machine/process). The action plugin fills it in.
    type: str
    required: true
  state:
    description:
      - The state to record for O(units).
    type: str
    choices: [applying, applied, verified, rolling_back, rolled_back]
  plan:
    description:
      - Directory of the plan that the units are worked on by. Required with O(state).
    type: path
  units:
    description:
      - The units.
    type: list
    elements: str
    default: []
  proof:
    description:
      - Counts of the proof of each unit, by unit.
    type: dict
    default: {}
  reason:
    description:
      - Why the units are rolled back.
    type: str
    default: ""
seealso:
  - module: sealos.istio_migration.migration_ledger_info
"""

EXAMPLES = r"""
- name: Take the lease and record that a wave is being applied
  sealos.istio_migration.migration_ledger:
    plan: /srv/migration/cluster-a/plans/0123456789ab
    units:
      - shop
    state: applying

- name: Release the lease
  sealos.istio_migration.migration_ledger:
    lease: release
"""

RETURN = r"""
units:
  description: The records that changed, as M(sealos.istio_migration.migration_ledger_info) returns them.
  type: list
  elements: dict
  returned: success
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.ledger import Ledger
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.lease import Holder
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.record import Record
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.states import State
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import (
    CLUSTER_ARGUMENTS,
    api_of,
    run_module,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import read_plan


def _records(params: dict[str, Any], now: datetime) -> Iterator[Record]:
    plan = read_plan(Path(params["plan"]))
    units = {unit["name"]: unit for unit in plan.index["units"]}
    for name in params["units"]:
        # A unit that an older plan moved and this one no longer has can still be rolled back.
        unit = units.get(name, {"namespaces": [], "wave": 0})
        yield Record(
            unit=name,
            namespaces=tuple(unit["namespaces"]),
            state=State(params["state"]),
            plan=plan.short_id,
            resources=plan.digest_of(name),
            wave=unit["wave"],
            at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
            by=params["holder"],
            proof=params["proof"].get(name, {}),
            reason=params["reason"],
        )


def _work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    ledger = Ledger(api_of(params), params["namespace"])
    holder, now = Holder.parse(params["holder"]), datetime.now(UTC)
    if params["lease"] == "hold" and not module.check_mode:
        ledger.acquire(holder, now)
    changed: list[Record] = []
    if params["state"]:
        changed = ledger.write(_records(params, now), dry_run=module.check_mode)
    if params["lease"] == "release" and not module.check_mode:
        ledger.release(holder)
    return {"changed": bool(changed), "units": [record.as_dict() for record in changed]}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENTS,
            "namespace": {"type": "str", "default": "ingress-nginx"},
            "lease": {"type": "str", "choices": ["hold", "release", "ignore"], "default": "hold"},
            "holder": {"type": "str", "required": True},
            "state": {"type": "str", "choices": [str(state) for state in State]},
            "plan": {"type": "path"},
            "units": {"type": "list", "elements": "str", "default": []},
            "proof": {"type": "dict", "default": {}},
            "reason": {"type": "str", "default": ""},
        },
        required_by={"state": ["plan"]},
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
