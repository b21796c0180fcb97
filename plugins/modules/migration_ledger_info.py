# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
DOCUMENTATION = r"""
module: migration_ledger_info
short_description: Read what state each unit of a migration is in
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Reads the ledger, which lives in the cluster itself.
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
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.ledger import Ledger
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import (
    CLUSTER_ARGUMENTS,
    api_of,
    run_module,
)


def _work(module: AnsibleModule) -> dict[str, Any]:
    records = Ledger(api_of(module.params), module.params["namespace"]).read()
    return {"changed": False, "units": [records[unit].as_dict() for unit in sorted(records)]}


def main() -> None:
    module = AnsibleModule(
        argument_spec={**CLUSTER_ARGUMENTS, "namespace": {"type": "str", "default": "ingress-nginx"}},
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
