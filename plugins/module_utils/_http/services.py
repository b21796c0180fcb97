# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of services besides the backend, as witnesses compare them. PRIVATE to the collection."""

from __future__ import annotations

import re

_IN_CLUSTER = re.compile(r"([a-z0-9-]+\.[a-z0-9-]+\.svc)(?:\..+)?")


def shared_name(host: str) -> str:
    """Return the name of a service, of one in the cluster without the domain of the cluster."""
    name = host.lower().removesuffix(".")
    found = _IN_CLUSTER.fullmatch(name)
    return found[1] if found else name
