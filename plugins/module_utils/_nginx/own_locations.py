# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx's default server answers by itself: health checks of load balancers ask it (semantics.md B.5). PRIVATE.

Source: ingress-nginx ``nginx.tmpl``, the locations of the server ``_``.
"""

from __future__ import annotations

from dataclasses import replace

from .._kube.objects import ObjectKey
from .ingress import PREFIX, Ingress
from .policy import read_policy
from .settings import Settings
from .site import Location, Server

OWN_BODY_LIMIT = 1024 * 1024
"""Bytes of a body that nginx takes where no annotation and no ConfigMap says how many."""

_STATUS_PATH = "/nginx_status"


def add_own_locations(server: Server, settings: Settings) -> None:
    """Add them to the default server; where paths are regular expressions, ``/`` takes all requests before them."""
    if server.regex:
        return
    nobody = Ingress(ObjectKey("Ingress", "", ""), "", {}, None, None, None, (), ())
    policy = read_policy(nobody, settings).policy
    limited = replace(policy, limits=replace(policy.limits, body=OWN_BODY_LIMIT))
    for path, status, origin in ((settings.health_path, 200, "health"), (_STATUS_PATH, 403, "status")):
        server.locations.append(Location(path, PREFIX, path, None, limited, None, origin, status=status))
