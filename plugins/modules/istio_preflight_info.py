# SPDX-FileCopyrightText: The sealos.istio_migration authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_preflight_info
short_description: Look at a cluster before a migration, and list what stands in the way
version_added: 0.1.0
author:
  - The sealos.istio_migration authors (@sealos)
description:
  - Looks at versions, permissions, the ingress-nginx workload, an Istio that is there already, the load balancer
    Services of both planes, and the tools that verification needs on this machine.
  - Returns all problems at once. Nothing is changed.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - sealos.istio_migration.cluster
  - sealos.istio_migration.attributes
  - sealos.istio_migration.attributes.read_only
  - sealos.istio_migration.attributes.cluster
options:
  purpose:
    description:
      - Which identity is looked at, the one that migrates, the one that installs Istio, or the one that brings rules
        and dashboards.
    type: str
    choices: [migrate, install, observe]
    default: migrate
  nginx_namespace:
    description:
      - Namespace in which ingress-nginx runs.
    type: str
    default: ingress-nginx
  nginx_name:
    description:
      - Name of its Deployment or DaemonSet, where several run there.
    type: str
    default: ""
  nginx_address:
    description:
      - Where ingress-nginx is reached from here, C(host:port) for C(http) and C(https). Empty takes the address of its
        Service.
    type: dict
    default: {}
  gateway_namespace:
    description:
      - Namespace in which the gateway runs, or will run.
    type: str
    default: ingress-nginx
  gateway_name:
    description:
      - Name of the gateway's Service.
    type: str
    default: istio-ingress
  gateway_selector:
    description:
      - Labels of the gateway's Pods.
    type: dict
    default:
      istio: ingress
  istio_namespace:
    description:
      - Namespace of the Istio control plane.
    type: str
    default: istio-system
  helm:
    description:
      - The Helm program on this machine, by name or path. Looked for when O(purpose=install).
    type: str
    default: helm
  service_account:
    description:
      - The ServiceAccount of this identity, as C(namespace/name), for RV(roles).
    type: str
    default: istio-migration/migrate
seealso:
  - module: sealos.istio_migration.ingress_backup
"""

EXAMPLES = r"""
- name: Look at the cluster
  sealos.istio_migration.istio_preflight_info:
    kubeconfig: /etc/migration/cluster-a.kubeconfig
  register: __preflight
"""

RETURN = r"""
problems:
  description: Everything that stands in the way, one sentence each. Empty when nothing does.
  type: list
  elements: str
  returned: success
warnings_found:
  description: What is worth knowing and does not stand in the way.
  type: list
  elements: str
  returned: success
roles:
  description: The ServiceAccount of this identity with the least-privilege roles it needs, as manifests.
  type: list
  elements: dict
  returned: success
facts:
  description: What was found.
  type: dict
  returned: success
  contains:
    kubernetes:
      description: Version of the API server.
      type: str
    nginx:
      description: The ingress-nginx workload.
      type: dict
    nginx_service:
      description: The Service that leads to it, with type, policy, annotations, ports and addresses.
      type: dict
    gateway_service:
      description: The gateway's Service, if it is there already.
      type: dict
    istio:
      description: The Istio control plane, whether it is present and supported, its version, and what it lacks.
      type: dict
"""

import re
import shutil
import socket
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster import survey
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.access import missing_permissions
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.api import Api
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.discovery import (
    ControllerNotFoundError,
    find_controller,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.errors import ApiError
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.grants import (
    Grant,
    install_grants,
    migrate_grants,
    observe_grants,
    role_manifests,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.releases import OLDEST_ISTIO
from ansible_collections.sealos.istio_migration.plugins.module_utils._module import (
    CLUSTER_ARGUMENTS,
    api_of,
    run_module,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.programs import run_for_text

_CURL = ("curl", "--version", (7, 88), "install the package curl")
_OPENSSL = ("openssl", "version", (3, 0), "install the package openssl")
_HELM = ("version", (3, 0), "install it, or set istio_install_helm to where it is")
_FORBIDDEN = 403


class _Look:
    """One look at one cluster: facts, problems and warnings as they are found."""

    def __init__(self, params: dict[str, Any]) -> None:
        self._params = params
        self._api: Api = api_of(params)
        self.facts: dict[str, Any] = {"nginx": None, "nginx_service": None, "gateway_service": None, "istio": None}
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def everything(self) -> None:
        """Look at all there is to see; what a missing permission hides is reported as that permission."""
        self._kubernetes()
        purpose = self._params["purpose"]
        if purpose == "install":
            self.problems += missing_tool(self._params["helm"], *_HELM)
        elif purpose == "migrate":
            self.problems += [problem for tool in (_CURL, _OPENSSL) for problem in missing_tool(*tool)]
        missing = missing_permissions(self._api, self.grants())
        self.problems += [f"this identity may not {line}" for line in missing]
        looks = {"install": [self._istio], "observe": []}
        for look in looks.get(purpose, [self._istio, self._nginx, self._gateway]):
            try:
                look()
            except ApiError as error:
                # Without the permission nothing more can be said; any other refusal is a problem of its own.
                if error.status != _FORBIDDEN or not missing:
                    self.problems.append(str(error))

    def grants(self) -> list[Grant]:
        """Return what the identity needs."""
        params = self._params
        if params["purpose"] == "install":
            return install_grants(params["gateway_namespace"], params["istio_namespace"])
        if params["purpose"] == "observe":
            return observe_grants(params["gateway_namespace"], params["nginx_namespace"])
        return migrate_grants(params["gateway_namespace"], params["nginx_namespace"], params["istio_namespace"])

    def _kubernetes(self) -> None:
        version = str(self._api.read("/version").get("gitVersion") or "")
        self.facts["kubernetes"] = version
        found = survey.version_of(version)
        if found is None or found < survey.OLDEST_KUBERNETES:
            oldest = ".".join(map(str, survey.OLDEST_KUBERNETES))
            self.problems.append(f"Kubernetes is {version or 'of an unknown version'}; {oldest} or later is needed")

    def _istio(self) -> None:
        params = self._params
        found = survey.survey_istio(self._api, params["istio_namespace"])
        self.facts["istio"] = found.as_dict()
        if found.present and not found.supported:
            oldest = ".".join(map(str, OLDEST_ISTIO))
            self.problems.append(
                f"Istio {found.version} in namespace {params['istio_namespace']} is not supported; "
                f"upgrade it to {oldest} or later"
            )
        self.warnings += [f"the Istio that is there lacks {line}" for line in found.lacks]
        self.warnings += [
            f"Gateway {name} serves hosts on the same gateway Pods; hosts that it names stay on nginx"
            for name in survey.foreign_gateways(self._api, params["gateway_selector"])
        ]

    def _nginx(self) -> None:
        params = self._params
        try:
            controller = find_controller(self._api, params["nginx_namespace"], params["nginx_name"])
        except ControllerNotFoundError as error:
            self.problems.append(str(error))
            return
        self.facts["nginx"] = controller.as_dict()
        service = survey.survey_service(self._api, *controller.service) if controller.service else None
        self.facts["nginx_service"] = service
        self.problems += list(unreachable_addresses(params["nginx_address"] or survey.addresses_of(service)))
        if service and service["traffic_policy"] == "Cluster":
            self.warnings.append(
                f"externalTrafficPolicy of Service {service['namespace']}/{service['name']} is Cluster: "
                "backends see node addresses, and so they will behind the gateway"
            )

    def _gateway(self) -> None:
        params = self._params
        self.facts["gateway_service"] = survey.survey_service(
            self._api, params["gateway_namespace"], params["gateway_name"]
        )


def unreachable_addresses(addresses: dict[str, str]) -> Iterator[str]:
    """Yield a problem for each address of ingress-nginx that does not take a connection from here."""
    if not addresses:
        yield (
            "ingress-nginx has no load balancer address, so nothing can be verified; "
            "set migration_nginx_address to where it is reached from here"
        )
    for scheme, address in sorted(addresses.items()):
        host, __, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=5):
                pass
        except (OSError, ValueError) as error:
            yield (
                f"ingress-nginx is not reached at {address} ({scheme}): {error}; "
                "set migration_nginx_address to where it is reached from here"
            )


def missing_tool(name: str, argument: str, oldest: tuple[int, int], remedy: str) -> Iterator[str]:
    """Yield a problem when a program, by name or path, is not on this machine, or too old."""
    path = shutil.which(name)
    wanted = f"{name} {'.'.join(map(str, oldest))} or later is needed on this machine"
    if path is None:
        yield f"{wanted}; {remedy}"
        return
    text = run_for_text([path, argument])
    found = re.search(r"(\d+)\.(\d+)", text)
    if not found or (int(found[1]), int(found[2])) < oldest:
        yield f"{wanted}; found {text.splitlines()[0] if text else 'no version'} at {path}"


def _work(module: AnsibleModule) -> dict[str, Any]:
    look = _Look(module.params)
    look.everything()
    namespace, __, name = module.params["service_account"].partition("/")
    roles = role_manifests(f"sealos-istio-migration-{module.params['purpose']}", look.grants(), (namespace, name))
    return {
        "changed": False,
        "problems": look.problems,
        "warnings_found": look.warnings,
        "facts": look.facts,
        "roles": roles,
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENTS,
            "purpose": {"type": "str", "choices": ["migrate", "install", "observe"], "default": "migrate"},
            "nginx_namespace": {"type": "str", "default": "ingress-nginx"},
            "nginx_name": {"type": "str", "default": ""},
            "nginx_address": {"type": "dict", "default": {}},
            "gateway_namespace": {"type": "str", "default": "ingress-nginx"},
            "gateway_name": {"type": "str", "default": "istio-ingress"},
            "gateway_selector": {"type": "dict", "default": {"istio": "ingress"}},
            "istio_namespace": {"type": "str", "default": "istio-system"},
            "helm": {"type": "str", "default": "helm"},
            "service_account": {"type": "str", "default": "istio-migration/migrate"},
        },
        supports_check_mode=True,
    )
    run_module(module, _work)


if __name__ == "__main__":
    main()
