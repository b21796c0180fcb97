# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_rollback
short_description: Take units back from the gateway, and prove that ingress-nginx still answers for them
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Removes everything that the collection made for some units, in the reverse order of writing. When no unit is left,
    what all units share is removed, too.
  - Asks ingress-nginx afterwards, by address, for every location of these units, and fails when it does not answer as
    the model says.
  - Ingresses, Services and Secrets of applications were never changed, so there is nothing to restore.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - sealos.istio_migration.cluster
  - sealos.istio_migration.attributes
  - sealos.istio_migration.attributes.cluster
attributes:
  check_mode:
    support: full
    details:
      - The API server is asked for a dry run; ingress-nginx is asked as always.
  diff_mode:
    support: full
    details:
      - Of Secrets only the digest of the certificate is shown.
  idempotent:
    support: full
options:
  bundle:
    description:
      - Directory of a bundle, for what ingress-nginx should answer.
    type: path
    required: true
  plan:
    description:
      - Directory of a plan of that bundle.
    type: path
    required: true
  units:
    description:
      - The units to take back.
    type: list
    elements: str
    required: true
  force:
    description:
      - Remove objects of ours that were edited by hand, too.
    type: bool
    default: false
  nginx_address:
    description:
      - Where ingress-nginx is reached from here, C(host:port) for C(http) and C(https). Empty takes the address of the
        Service in the bundle.
    type: dict
    default: {}
seealso:
  - module: sealos.istio_migration.istio_apply
  - module: sealos.istio_migration.istio_verify
"""

EXAMPLES = r"""
- name: Take a unit back
  sealos.istio_migration.istio_rollback:
    kubeconfig: /etc/migration/cluster-a.kubeconfig
    bundle: /srv/migration/cluster-a/bundles/20260101T000000Z-0123456789ab
    plan: /srv/migration/cluster-a/plans/0123456789ab
    units:
      - shop
"""

RETURN = r"""
results:
  description: Every object that was, or would be, removed.
  type: list
  elements: dict
  returned: success
asked:
  description: How many probes ingress-nginx was asked.
  type: int
  returned: success
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.files import read_bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.pruning import MANAGED_BY, OURS
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.api import Api
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.survey import (
    addresses_of,
    survey_service,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.writing import (
    Change,
    live_objects,
    remove,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.gateways import SHARED_UNIT
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.ownership import UNIT_LABEL
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import (
    CLUSTER_ARGUMENTS,
    api_of,
    run_module,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import StoredPlan, read_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.comparison import model_mismatch
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.curl import Curl
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import NGINX, Plane
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.wave import prepare

_SHOWN = 5


def _taken_back(api: Api, units: list[str], home: str, *, force: bool, dry_run: bool) -> list[Change]:
    changes = remove(api, live_objects(api, units, home).values(), force=force, dry_run=dry_run)
    others = f"{MANAGED_BY}={OURS},{UNIT_LABEL} notin ({','.join([SHARED_UNIT, *units])})"
    if not api.list("VirtualService", labels=others):
        changes += remove(api, live_objects(api, [SHARED_UNIT], home).values(), force=force, dry_run=dry_run)
    return changes


def _ask_nginx(api: Api, params: dict[str, Any], bundle: Bundle, plan: StoredPlan) -> tuple[int, list[str]]:
    """Return how many probes were asked, and a line for each answer that is not as it should be."""
    service = bundle.controller.service if bundle.controller else None
    address = params["nginx_address"] or addresses_of(survey_service(api, *service) if service else None)
    probes = prepare(bundle, plan, set(params["units"])).all_probes()
    replies = Curl().ask(Plane(NGINX, address), probes)
    lines = []
    for probe in probes:
        reply = replies[probe.id]
        problem = reply.failure or model_mismatch(probe, reply)
        if problem:
            lines.append(f"{probe}: {problem}")
    return len(probes), lines


def _work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    bundle, plan, api = read_bundle(Path(params["bundle"])), read_plan(Path(params["plan"])), api_of(params)
    home = plan.index["options"]["gateway_namespace"]
    changes = _taken_back(api, params["units"], home, force=params["force"], dry_run=module.check_mode)
    asked, wrong = _ask_nginx(api, params, bundle, plan)
    headers = [{"before_header": str(item.key), "before": item.before, "after": ""} for item in changes]
    result: dict[str, Any] = {
        "changed": bool(changes),
        "results": [change.as_dict() for change in changes],
        "asked": asked,
        "diff": headers if module._diff else [],
    }
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        message = f"ingress-nginx does not answer as it should: {'; '.join(wrong[:_SHOWN])}{more}"
        module.fail_json(msg=f"{len(changes)} objects were removed, but {message}", **result)
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENTS,
            "bundle": {"type": "path", "required": True},
            "plan": {"type": "path", "required": True},
            "units": {"type": "list", "elements": "str", "required": True},
            "force": {"type": "bool", "default": False},
            "nginx_address": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
