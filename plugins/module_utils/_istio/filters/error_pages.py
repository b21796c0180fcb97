# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which answers the Lua program of error pages replaces, by the data of a route. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._http.exchange import Answer
from ..visit import Visit


def error_pages(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Remember what becomes of answers: of those of the gateway by status, and of the backend's."""
    data = config["filter_context"]
    source = "404 page"
    if "cluster" in data:
        __, port, __, host = data["cluster"].split("|")
        service, namespace = host.split(".")[:2]
        source = f"{namespace}/{service}:{port}"
    told = " ".join(data[name] for name in ("namespace", "ingress", "service", "port"))
    listed = sorted(data["codes"])
    pages = {int(code): f"{code} from {source} for {told}" for code in listed}
    pages[0] = f"{','.join(listed)}{'' if data['intercepts'] else ' of nginx'} from {source} for {told}"
    visit.pages = pages
    return None
