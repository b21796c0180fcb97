# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of the kinds that are read, as far as they are read. PRIVATE to the collection.

Sources: the OpenAPI schema of Kubernetes 1.28 and later, its ``pkg/apis/networking/validation`` where a wrong value
could pass for a right one, and the CRDs of Istio 1.24 and later.
"""

from __future__ import annotations

from .._kube.names import is_dns_label
from .._kube.shapes import Fields, ListOf, MapOf, Number, Shape, Text, Time

_TEXT = Text()
_SECRET_TEXT = Text(secret=True)
_TEXTS = ListOf(_TEXT)
_TEXT_MAP = MapOf(_TEXT)
_LABEL = Text(is_dns_label, "a DNS label")
_PORT = Number(0, 65535)

_METADATA = Fields(
    {
        "name": _TEXT,
        "namespace": _TEXT,
        "creationTimestamp": Time(),
        "labels": _TEXT_MAP,
        "annotations": _TEXT_MAP,
    }
)
_BACKEND = Fields(
    {
        "service": Fields(
            {"name": _LABEL, "port": Fields({"number": _PORT, "name": _LABEL}, (("number", "name"),))},
            (("name",), ("port",)),
        ),
        "resource": Fields({}),
    }
)
_PATHS = ListOf(Fields({"path": _TEXT, "pathType": _TEXT, "backend": _BACKEND}))
_INGRESS = Fields(
    {
        "ingressClassName": _TEXT,
        "defaultBackend": _BACKEND,
        "rules": ListOf(Fields({"host": _TEXT, "http": Fields({"paths": _PATHS})})),
        "tls": ListOf(Fields({"hosts": _TEXTS, "secretName": _TEXT})),
    }
)
_SERVICE = Fields(
    {
        "type": _TEXT,
        "externalName": _TEXT,
        "clusterIP": _TEXT,
        "selector": _TEXT_MAP,
        "ports": ListOf(
            Fields(
                {
                    "port": Number(1, 65535),
                    "targetPort": Number(0, 65535, or_text=True),
                    "name": _TEXT,
                    "appProtocol": _TEXT,
                    "protocol": _TEXT,
                },
                (("port",),),
            )
        ),
    }
)
_VALUE_FROM = Fields({"fieldRef": Fields({"fieldPath": _TEXT})})
_VARIABLE = Fields({"name": _TEXT, "value": _SECRET_TEXT, "valueFrom": _VALUE_FROM}, (("name",),))
_CONTAINER = Fields({"name": _TEXT, "image": _TEXT, "command": _TEXTS, "args": _TEXTS, "env": ListOf(_VARIABLE)})
_WORKLOAD = Fields(
    {
        "template": Fields(
            {"metadata": Fields({"labels": _TEXT_MAP}), "spec": Fields({"containers": ListOf(_CONTAINER)})}
        )
    }
)
_GATEWAY = Fields({"selector": _TEXT_MAP, "servers": ListOf(Fields({"hosts": _TEXTS}))})


def _object(**members: Shape) -> Fields:
    return Fields({"metadata": _METADATA, **members})


_OTHER = _object()
_SHAPES: dict[str, Fields] = {
    "ConfigMap": _object(data=_TEXT_MAP, binaryData=_TEXT_MAP),
    "DaemonSet": _object(spec=_WORKLOAD),
    "Deployment": _object(spec=_WORKLOAD),
    "DestinationRule": _object(spec=Fields({"host": _TEXT})),
    "Gateway": _object(spec=_GATEWAY),
    "Ingress": _object(spec=_INGRESS),
    "IngressClass": _object(spec=Fields({"controller": _TEXT})),
    "Secret": _object(type=_TEXT, data=MapOf(_SECRET_TEXT), stringData=MapOf(_SECRET_TEXT)),
    "Service": _object(spec=_SERVICE),
}


def shape_of(kind: str) -> Fields:
    """Return the shape of the objects of ``kind``; of kinds of which nothing else is read, only the metadata."""
    return _SHAPES.get(kind, _OTHER)
