# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Series as both planes expose them: names and labels were read off real planes (docs/real-planes.md).

Those of Istio's statistics filter (``istio_...``), which a stock Envoy lacks, are Istio's documented standard metrics.
Each function returns the name with its labels, for promtool.
"""

from __future__ import annotations

from collections.abc import Mapping

HOST, NAMESPACE, SERVICE = "shop.example.test", "shop", "web"
_CONTROLLER = {"controller_class": "k8s.io/ingress-nginx", "controller_namespace": "ingress-nginx"}
_GATEWAY_POD = {"namespace": "ingress-nginx", "pod": "istio-ingress-7bcf6bc7f4-22wg5"}
_CLUSTER = f"outbound|80||{SERVICE}.{NAMESPACE}.svc.cluster.local"


def nginx(name: str, **labels: str) -> str:
    """A series of ingress-nginx about requests of the host."""
    common = {**_CONTROLLER, "host": HOST, "ingress": "web", "namespace": NAMESPACE, "service": SERVICE}
    return _series(f"nginx_ingress_controller_{name}", {**common, "method": "GET", "path": "/", **labels})


def nginx_with_target_labels(name: str, **labels: str) -> str:
    """The same, scraped by somebody who lets the labels of the target win."""
    exported = {"exported_namespace": NAMESPACE, "exported_service": SERVICE}
    return nginx(name, namespace="ingress-nginx", service="ingress-nginx-controller-metrics", **exported, **labels)


def nginx_process(name: str, **labels: str) -> str:
    """A series of ingress-nginx about itself."""
    return _series(f"nginx_ingress_controller_{name}", {**_CONTROLLER, **labels})


def istio(name: str, **labels: str) -> str:
    """A series of Istio's statistics filter about requests of the host, by the gateway."""
    common = {
        **_GATEWAY_POD,
        "reporter": "source",
        "source_workload": "istio-ingress",
        "source_workload_namespace": "ingress-nginx",
        "destination_service": f"{SERVICE}.{NAMESPACE}.svc.cluster.local",
        "destination_service_name": SERVICE,
        "destination_service_namespace": NAMESPACE,
        "request_host": f"{HOST}:443",
        "request_protocol": "http",
    }
    return _series(f"istio_{name}", {**common, **labels})


def cluster(name: str, **labels: str) -> str:
    """A series of the gateway's Envoy about the cluster of the Service."""
    return _series(f"envoy_cluster_{name}", {**_GATEWAY_POD, "cluster_name": _CLUSTER, **labels})


def clients(name: str, **labels: str) -> str:
    """A series of the gateway's Envoy about its clients."""
    prefix = {"http_conn_manager_prefix": "outbound_0.0.0.0_443"}
    return _series(f"envoy_http_downstream_{name}", {**_GATEWAY_POD, **prefix, **labels})


def gateway(name: str, **labels: str) -> str:
    """A series of the gateway's Envoy about itself."""
    return _series(f"envoy_{name}", {**_GATEWAY_POD, **labels})


def _series(name: str, labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inner}}}"


def per_minute(increase: float, minutes: int = 60) -> str:
    """A counter that grows by ``increase`` a minute."""
    return f"0+{increase}x{minutes}"


def with_reset(increase: float, at: int, minutes: int = 60) -> str:
    """The same, with a restart after ``at`` minutes: it goes on from ``increase``."""
    return f"0+{increase}x{at - 1} {increase}+{increase}x{minutes - at}"


def standing(value: float, minutes: int = 60) -> str:
    """A counter or gauge that does not move."""
    return f"{value}x{minutes}"
