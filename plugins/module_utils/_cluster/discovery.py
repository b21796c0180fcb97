# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the ingress-nginx workload in a cluster. PRIVATE to the collection."""

from __future__ import annotations

from .._bundle.bundle import Controller
from .._bundle.workload import describe, runs_controller
from .._kube.objects import key_of
from .api import Api
from .errors import ClusterError


class ControllerNotFoundError(ClusterError):
    """No ingress-nginx workload, or several of them, in the namespace; ``str()`` says what was found."""


def find_controller(api: Api, namespace: str, name: str = "") -> Controller:
    """Return the ingress-nginx workload of ``namespace``, the one called ``name`` where several run there.

    Raises ControllerNotFoundError, ApiError, UnreachableError.
    """
    workloads = [*api.list("Deployment", namespace), *api.list("DaemonSet", namespace)]
    found = [item for item in workloads if runs_controller(item) and name in ("", key_of(item).name)]
    if len(found) != 1:
        names = f" ({', '.join(str(key_of(item)) for item in found)})" if found else ""
        raise ControllerNotFoundError(
            f"namespace {namespace!r} holds {len(found)} workloads that run ingress-nginx{names}; "
            "set migration_nginx_namespace, and migration_nginx_name where several run in one namespace"
        )
    return describe(found[0], api.list("Service", namespace))
