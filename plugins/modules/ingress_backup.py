# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ingress_backup
short_description: Capture everything that decides how ingress-nginx answers
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Captures a bundle from a cluster, which is the controller's arguments and ConfigMap, all Ingresses, the Services
    they name, what is to be known of their certificates, and Istio objects that are there already.
  - The bundle is written as JSON lines with checksums. It holds no key material and nothing that the API server
    manages, so its objects can be applied again.
  - A bundle whose content is already on disk is not written again.
  - With O(verify) the module checks a bundle on disk instead and asks no cluster.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - sealos.istio_migration.cluster
  - sealos.istio_migration.attributes
  - sealos.istio_migration.attributes.cluster
attributes:
  check_mode:
    support: full
    details:
      - The bundle is captured but not written.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  dest:
    description:
      - Directory in which bundles are kept, each in a directory of its own named after time and content.
      - Required unless O(verify) is given.
    type: path
  cluster:
    description:
      - Name of the cluster, as plans and reports call it.
      - Required unless O(verify) is given.
    type: str
  nginx_namespace:
    description:
      - Namespace in which ingress-nginx runs.
    type: str
    default: ingress-nginx
  nginx_name:
    description:
      - Name of the Deployment or DaemonSet, where several controllers run in O(nginx_namespace).
    type: str
    default: ""
  verify:
    description:
      - A bundle on disk to check against its own checksums.
    type: path
requirements:
  - cryptography >= 42.0.0
seealso:
  - module: sealos.istio_migration.istio_convert
"""

EXAMPLES = r"""
- name: Capture a bundle
  sealos.istio_migration.ingress_backup:
    kubeconfig: /etc/migration/cluster-a.kubeconfig
    cluster: cluster-a
    dest: /srv/migration/cluster-a/bundles

- name: Check that nobody changed a bundle
  sealos.istio_migration.ingress_backup:
    verify: /srv/migration/cluster-a/bundles/20260101T000000Z-0123456789ab
"""

RETURN = r"""
path:
  description: Directory of the bundle. In check mode a bundle that is not there yet has none.
  type: str
  returned: success
digest:
  description: SHA-256 of the content of the bundle; the time of capture does not count.
  type: str
  returned: success
counts:
  description: Number of lines of each file of the bundle.
  type: dict
  returned: success
  sample: {"objects/Ingress.jsonl": 40}
controller:
  description: The ingress-nginx workload that was found.
  type: dict
  returned: success
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.files import (
    INDEX,
    bundle_digest,
    verify_bundle,
    write_bundle,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.capture import capture
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import (
    CLUSTER_ARGUMENTS,
    api_of,
    run_module,
)


def _known(parent: Path, digest: str) -> Path | None:
    """Return the newest directory below ``parent`` that holds a bundle with ``digest``."""
    for path in sorted(parent.glob(f"*-{digest[:12]}"), reverse=True):
        index = json.loads((path / INDEX).read_text(encoding="utf-8"))
        if index["digest"] == digest:
            return path
    return None


def _result(path: Path, changed: bool) -> dict[str, Any]:
    index = verify_bundle(path)
    counts = {name: entry["lines"] for name, entry in index["files"].items()}
    return {
        "changed": changed,
        "path": str(path),
        "digest": index["digest"],
        "counts": counts,
        "controller": index["controller"],
    }


def _work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    if params["verify"]:
        return _result(Path(params["verify"]), changed=False)
    bundle = capture(api_of(params), params["cluster"], params["nginx_namespace"], params["nginx_name"])
    digest = bundle_digest(bundle)
    parent = Path(params["dest"])
    known = _known(parent, digest)
    if known:
        return _result(known, changed=False)
    now = datetime.now(UTC)
    path = parent / f"{now:%Y%m%dT%H%M%SZ}-{digest[:12]}"
    if module.check_mode:
        return {"changed": True, "path": "", "digest": digest, "counts": {}, "controller": None}
    write_bundle(bundle, path, f"{now:%Y-%m-%dT%H:%M:%SZ}")
    return _result(path, changed=True)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENTS,
            "dest": {"type": "path"},
            "cluster": {"type": "str"},
            "nginx_namespace": {"type": "str", "default": "ingress-nginx"},
            "nginx_name": {"type": "str", "default": ""},
            "verify": {"type": "path"},
        },
        required_one_of=[("dest", "verify")],
        required_together=[("dest", "cluster")],
        mutually_exclusive=[("dest", "verify")],
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
