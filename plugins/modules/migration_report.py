# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_report
short_description: Write the report of a run
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Writes C(report.md) and C(report.json) from a plan, the ledger in the cluster, the proofs on disk, and what became
    of the run. Nothing is left out.
  - Writes C(metrics.prom), the same figures for a collector of text files, but not in check mode.
  - Returns a summary of at most 25 lines.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - sealos.istio_migration.cluster
  - sealos.istio_migration.attributes
  - sealos.istio_migration.attributes.cluster
attributes:
  check_mode:
    support: full
    details:
      - The report is written in check mode as well. It changes nothing but files on the controller.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - A report that says the same, but for its time, is not written again.
options:
  plan:
    description:
      - Directory of the plan.
    type: path
    required: true
  proofs:
    description:
      - Directory of the proofs. It need not exist.
    type: path
    required: true
  dest:
    description:
      - Directory for the report.
    type: path
    required: true
  namespace:
    description:
      - Namespace of the gateway, where the ledger is.
    type: str
    default: ingress-nginx
  playbook:
    description:
      - Name of the playbook that ran.
    type: str
    default: ""
  waves:
    description:
      - What became of each wave that was worked on.
    type: list
    elements: dict
    default: []
    suboptions:
      number:
        description: Number of the wave.
        type: int
        required: true
      result:
        description: What became of it.
        type: str
        required: true
      reason:
        description: Why.
        type: str
        default: ""
  failures:
    description:
      - What went wrong.
    type: list
    elements: dict
    default: []
    suboptions:
      task:
        description: Where.
        type: str
        required: true
      reason:
        description: What.
        type: str
        required: true
seealso:
  - module: sealos.istio_migration.migration_ledger_info
"""

EXAMPLES = r"""
- name: Write the report
  sealos.istio_migration.migration_report:
    kubeconfig: /etc/migration/cluster-a.kubeconfig
    plan: /srv/migration/cluster-a/plans/0123456789ab
    proofs: /srv/migration/cluster-a/proofs
    dest: /srv/migration/cluster-a/report
    playbook: migrate
"""

RETURN = r"""
path:
  description: The report for people.
  type: str
  returned: success
summary:
  description: At most 25 lines.
  type: list
  elements: str
  returned: success
counts:
  description: How many hosts are verified, waiting, held back, rolled back and unfinished.
  type: dict
  returned: success
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.ledger import Ledger
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.digests import readable_json
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import (
    CLUSTER_ARGUMENTS,
    api_of,
    run_module,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import read_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.files import read_summaries
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.content import build_report
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.markdown import render
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.metrics import exposition
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.summary import summary_lines


def _says_the_same(path: Path, report: dict[str, Any]) -> bool:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return isinstance(known, dict) and {**known, "written_at": ""} == {**report, "written_at": ""}


def _write_metrics(path: Path, report: dict[str, Any]) -> None:
    """Replace the metrics as a whole: a collector may read them at any time."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(exposition(report, time.time(), before), encoding="utf-8")
    new.replace(path)


def _work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    report = build_report(
        read_plan(Path(params["plan"])),
        Ledger(api_of(params), params["namespace"]).read(),
        read_summaries(Path(params["proofs"])),
        {name: params[name] for name in ("playbook", "waves", "failures")},
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    dest = Path(params["dest"])
    markdown = dest / "report.md"
    changed = not _says_the_same(dest / "report.json", report)
    if changed:
        dest.mkdir(parents=True, exist_ok=True)
        markdown.write_text(render(report), encoding="utf-8")
        (dest / "report.json").write_text(readable_json(report), encoding="utf-8")
    if not module.check_mode:
        _write_metrics(dest / "metrics.prom", report)
    return {
        "changed": changed,
        "path": str(markdown),
        "summary": summary_lines(report, str(markdown)),
        "counts": report["counts"],
    }


def main() -> None:
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENTS,
            "plan": {"type": "path", "required": True},
            "proofs": {"type": "path", "required": True},
            "dest": {"type": "path", "required": True},
            "namespace": {"type": "str", "default": "ingress-nginx"},
            "playbook": {"type": "str", "default": ""},
            "waves": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "number": {"type": "int", "required": True},
                    "result": text,
                    "reason": {"type": "str", "default": ""},
                },
            },
            "failures": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"task": text, "reason": text},
            },
        },
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
