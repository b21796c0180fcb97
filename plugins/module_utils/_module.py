# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules of the collection share: the connection options, and how errors end a module. PRIVATE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

from ._bundle.files import BundleError
from ._bundle.manifests import ManifestError
from ._cluster.api import Api
from ._cluster.connection import connect
from ._cluster.errors import ClusterError
from ._gate.errors import GateError
from ._istio.invariants import InvariantError
from ._kube.kinds import IllegalNameError
from ._kube.objects import MalformedObjectError
from ._ledger.states import TransitionError
from ._plan.files import PlanError
from ._plan.units import UnknownNamespaceError
from ._proof.errors import ProofError
from ._report.quoting import terminal_text

CLUSTER_ARGUMENTS: dict[str, Any] = {**AUTH_ARG_SPEC, "api_patience": {"type": "int", "default": 60}}
"""The options of kubernetes.core that say how to reach a cluster, and for how long a busy one is asked again."""

_EXPECTED = (
    BundleError,
    ClusterError,
    GateError,
    IllegalNameError,
    InvariantError,
    ManifestError,
    MalformedObjectError,
    OSError,
    PlanError,
    ProofError,
    TransitionError,
    UnknownNamespaceError,
)


def api_of(params: Mapping[str, Any]) -> Api:
    """Return the API server that the module's parameters name. Raises ConnectionOptionError."""
    return Api(connect(params), params["api_patience"])


def run_module(module: AnsibleModule, work: Callable[[AnsibleModule], dict[str, Any]]) -> None:
    """End ``module`` with what ``work`` returns, or with the one message of an error that can be expected."""
    try:
        result = work(module)
    except _EXPECTED as error:
        # It may name what a tenant wrote.
        module.fail_json(msg=terminal_text(str(error)))
    module.exit_json(**result)
