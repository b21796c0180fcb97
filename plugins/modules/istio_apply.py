# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_apply
short_description: Write the Istio objects of a wave
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Brings the objects of some units to what a plan says, by server-side apply, in an order that never leaves a
    reference without its target, and removes objects of these units that the plan no longer has.
  - What all units share, such as the Gateway of a certificate that several of them use, is written along.
  - Nothing is written when one object of the batch must not be touched, because it is not ours or because somebody
    edited it by hand. The message names all of them.
  - Secrets are copied from API to API, and so are the hashes of passwords that the gateway checks. None is in a plan, a
    result, or a log.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - sealos.istio_migration.cluster
  - sealos.istio_migration.attributes
  - sealos.istio_migration.attributes.cluster
attributes:
  check_mode:
    support: full
    details:
      - The API server is asked for a dry run, with admission and validation.
  diff_mode:
    support: full
    details:
      - Of Secrets only the digest of the certificate is shown, of passwords only which Secret has them.
  idempotent:
    support: full
options:
  plan:
    description:
      - Directory of a plan, as M(sealos.istio_migration.istio_convert) writes it.
    type: path
    required: true
  units:
    description:
      - The units to write.
    type: list
    elements: str
    required: true
  force:
    description:
      - Overwrite objects of ours that were edited by hand. Objects of others are never touched.
    type: bool
    default: false
seealso:
  - module: sealos.istio_migration.istio_convert
  - module: sealos.istio_migration.istio_verify
  - module: sealos.istio_migration.istio_rollback
"""

EXAMPLES = r"""
- name: Write the objects of two units
  sealos.istio_migration.istio_apply:
    kubeconfig: /etc/migration/cluster-a.kubeconfig
    plan: /srv/migration/cluster-a/plans/0123456789ab
    units:
      - shop
      - billing
"""

RETURN = r"""
results:
  description: Every object that was, or would be, created, updated or deleted.
  type: list
  elements: dict
  returned: success
  contains:
    kind:
      description: Kind of the object.
      type: str
    namespace:
      description: Its namespace.
      type: str
    name:
      description: Its name.
      type: str
    action:
      description: What was done with it.
      type: str
      sample: create
counts:
  description: How many objects were created, updated, deleted, or were as wanted.
  type: dict
  returned: success
  sample: {"create": 12, "update": 0, "delete": 0, "none": 0}
rejected_before:
  description: >-
    How many updates each gateway Pod had refused before, for M(sealos.istio_migration.istio_verify) to compare with.
  type: dict
  returned: success
"""

from collections import Counter
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.api import Api
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.credentials import gateway_secret
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.gateway_pods import read_rejections
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.passwords import with_passwords
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.writing import Change, write
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.gateways import SHARED_UNIT
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import (
    CLUSTER_ARGUMENTS,
    api_of,
    run_module,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import StoredPlan, read_plan


def _desired(api: Api, plan: StoredPlan, unit: str) -> list[dict[str, Any]]:
    content = plan.unit(unit)
    namespace = plan.index["options"]["gateway_namespace"]
    secrets = [gateway_secret(api, item, namespace, unit) for item in content["credentials"]]
    return secrets + [with_passwords(api, obj) for obj in content["objects"]]


def _diff(changes: list[Change]) -> list[dict[str, Any]]:
    return [
        {
            "before_header": f"{change.key} before",
            "after_header": f"{change.key} after",
            "before": change.before or "",
            "after": change.after or "",
        }
        for change in changes
    ]


def _work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    plan = read_plan(Path(params["plan"]))
    options = plan.index["options"]
    api = api_of(params)
    units = [SHARED_UNIT, *params["units"]]
    desired = [obj for unit in units for obj in _desired(api, plan, unit)]
    home = options["gateway_namespace"]
    rejected = read_rejections(api, home, options["gateway_selector"]).totals()
    changes = write(api, desired, units, home, plan.short_id, force=params["force"], dry_run=module.check_mode)
    made = [change for change in changes if change.action != "none"]
    counts = Counter(change.action for change in changes)
    return {
        "changed": bool(made),
        "results": [change.as_dict() for change in made],
        "counts": {action: counts[action] for action in ("create", "update", "delete", "none")},
        "rejected_before": rejected,
        "diff": _diff(made) if module._diff else [],
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENTS,
            "plan": {"type": "path", "required": True},
            "units": {"type": "list", "elements": "str", "required": True},
            "force": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
