# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_convert
short_description: Convert a bundle, or manifests, to a plan
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Computes what ingress-nginx makes of a bundle and makes Istio objects from it, unit by unit, with a finding for
    everything that cannot be carried over exactly.
  - A host is converted whole or stays on nginx whole. A host with anything that this release does not carry over is
    held back, with a finding that says what.
  - The same bundle and options give the same plan, byte by byte. The plan is named by the hash of its content.
  - The module asks no cluster.
extends_documentation_fragment:
  - sealos.istio_migration.attributes
attributes:
  check_mode:
    support: full
    details:
      - The plan is made, but not written.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  bundle:
    description:
      - Directory of a bundle, as M(sealos.istio_migration.ingress_backup) writes it.
    type: path
  manifests:
    description:
      - A YAML or JSON file with manifests, or a directory that is searched for C(*.yaml), C(*.yml) and C(*.json).
      - What the manifests do not hold is assumed by the defaults of ingress-nginx; a finding says so.
      - They are read as kubectl reads them. What an API server would refuse, and what cannot be read at all, is left
        out with a finding, and the hosts that it names stay on nginx. The module fails only where nothing else is left.
    type: path
  cluster:
    description:
      - Name of the cluster that O(manifests) are for. A bundle has one already.
    type: str
    default: manifests
  dest:
    description:
      - Directory in which plans are kept, each in a directory named after its id.
    type: path
    required: true
  gateway_namespace:
    description:
      - Namespace in which the gateway runs.
    type: str
    default: ingress-nginx
  gateway_selector:
    description:
      - Labels of the gateway's Pods.
    type: dict
    default:
      istio: ingress
  traffic_policy:
    description:
      - C(externalTrafficPolicy) of the gateway's Service. Hosts that admit clients by address need V(Local).
    type: str
    choices: [Local, Cluster]
    default: Local
  cluster_domain:
    description:
      - DNS domain of the cluster.
    type: str
    default: cluster.local
  accept:
    description:
      - Findings of level C(consent) that the operator accepts.
    type: list
    elements: dict
    default: []
    suboptions:
      code:
        description: The code of the finding.
        type: str
        required: true
      host:
        description: Only for this host.
        type: str
        default: ""
      namespace:
        description: Only for objects of this namespace.
        type: str
        default: ""
      reason:
        description: Why it is accepted, for the report.
        type: str
        default: ""
  namespaces:
    description:
      - Only units that hold one of these namespaces are in a wave. Empty is all.
    type: list
    elements: str
    default: []
  waves:
    description:
      - Namespaces, wave by wave. Units that are in none of them follow, the smallest first.
    type: list
    elements: list
    default: []
  wave_hosts:
    description:
      - How many hosts a wave has at most that O(waves) does not name. The first of these waves has one unit.
    type: int
    default: 50
  search_requests:
    description:
      - How many requests the search for a counter-example tries, spread over all hosts that move. 0 is no search.
      - Two models, of nginx and of the gateway, are asked; nothing is sent. A host for which they differ, and no
        finding says so, is held back.
    type: int
    default: 20000
  istio_version:
    description:
      - Version of the Istio that is there. A host that needs something newer is held back.
      - Empty is one that has all that any host needs.
    type: str
    default: ""
  format:
    description:
      - With V(yaml) the plan also holds its objects as manifests for a GitOps repository, one directory for each
        namespace, with a kustomization. No Secret is among them; findings say which ones must be brought.
    type: str
    choices: [json, yaml]
    default: json
seealso:
  - module: sealos.istio_migration.ingress_backup
  - module: sealos.istio_migration.istio_apply
"""

EXAMPLES = r"""
- name: Convert a bundle
  sealos.istio_migration.istio_convert:
    bundle: /srv/migration/cluster-a/bundles/20260101T000000Z-0123456789ab
    dest: /srv/migration/cluster-a/plans

- name: See what would become of the manifests of a pull request
  sealos.istio_migration.istio_convert:
    manifests: deploy/
    dest: /tmp/plans
"""

RETURN = r"""
plan:
  description: The plan.
  type: dict
  returned: success
  contains:
    id:
      description: SHA-256 of its content.
      type: str
    short_id:
      description: The first twelve digits of the id.
      type: str
    path:
      description: Its directory. In check mode a plan that is not there yet has none.
      type: str
    units:
      description: Its units, with their namespaces and the number of their wave, 0 for those in no wave.
      type: list
      elements: dict
    waves:
      description: Its waves, with their numbers and units.
      type: list
      elements: dict
    counts:
      description: How many Ingresses, hosts, moving hosts, held back hosts, and findings of each level there are.
      type: dict
    searched:
      description: How many hosts and requests the search tried, and how many hosts have a counter-example.
      type: dict
"""

import gc
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.files import read_bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.manifests import bundle_of
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.certificates import read_certificate
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.secret_facts import read_facts
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.survey import version_of
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.releases import NEWEST_NEEDED
from ansible_collections.sealos.istio_migration.plugins.module_utils._manifest_files import documents
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import run_module
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import StoredPlan, write_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import searched_plan


def _bundle(params: dict[str, Any]) -> Bundle:
    if params["bundle"]:
        return read_bundle(Path(params["bundle"]))
    return bundle_of(params["cluster"], documents(Path(params["manifests"])), read_certificate, read_facts)


def _options(params: dict[str, Any]) -> Options:
    return Options(
        gateway_namespace=params["gateway_namespace"],
        gateway_selector=params["gateway_selector"],
        traffic_policy=params["traffic_policy"],
        cluster_domain=params["cluster_domain"],
        accept=tuple(Acceptance(**entry) for entry in params["accept"]),
        namespaces=tuple(params["namespaces"]),
        waves=tuple(tuple(map(str, wave)) for wave in params["waves"]),
        wave_hosts=params["wave_hosts"],
        search_requests=params["search_requests"],
        format=params["format"],
        istio_release=_old_release(params["istio_version"]),
    )


def _old_release(version: str) -> tuple[int, int] | None:
    """Return the release of a version that lacks something; what has all is one to the plan."""
    found = version_of(version)
    return found if found and found < NEWEST_NEEDED else None


def _summary(plan: StoredPlan, path: str) -> dict[str, Any]:
    kept = {name: plan.index[name] for name in ("id", "units", "waves", "counts", "searched")}
    return {**kept, "short_id": plan.short_id, "path": path}


def _work(module: AnsibleModule) -> dict[str, Any]:
    # All that it makes lives until the process ends, which is soon.
    gc.disable()
    plan = searched_plan(_bundle(module.params), _options(module.params))
    dest = Path(module.params["dest"])
    if not module.check_mode:
        stored, new = write_plan(plan, dest)
        return {"changed": new, "plan": _summary(stored, str(stored.directory))}
    with tempfile.TemporaryDirectory() as scratch:
        stored, __ = write_plan(plan, Path(scratch))
        there = dest / stored.short_id
        return {"changed": not there.exists(), "plan": _summary(stored, str(there) if there.exists() else "")}


def main() -> None:
    acceptance = {
        "code": {"type": "str", "required": True},
        "host": {"type": "str", "default": ""},
        "namespace": {"type": "str", "default": ""},
        "reason": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "bundle": {"type": "path"},
            "manifests": {"type": "path"},
            "cluster": {"type": "str", "default": "manifests"},
            "dest": {"type": "path", "required": True},
            "gateway_namespace": {"type": "str", "default": "ingress-nginx"},
            "gateway_selector": {"type": "dict", "default": {"istio": "ingress"}},
            "traffic_policy": {"type": "str", "choices": ["Local", "Cluster"], "default": "Local"},
            "cluster_domain": {"type": "str", "default": "cluster.local"},
            "accept": {"type": "list", "elements": "dict", "default": [], "options": acceptance},
            "namespaces": {"type": "list", "elements": "str", "default": []},
            "waves": {"type": "list", "elements": "list", "default": []},
            "wave_hosts": {"type": "int", "default": 50},
            "search_requests": {"type": "int", "default": 20000},
            "istio_version": {"type": "str", "default": ""},
            "format": {"type": "str", "choices": ["json", "yaml"], "default": "json"},
        },
        required_one_of=[("bundle", "manifests")],
        mutually_exclusive=[("bundle", "manifests")],
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
