# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Lua program of external authentication asks, by the data of a route. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ..._http.exchange import Answer, Guard
from ..configuration import UnknownConfigurationError
from ..visit import Visit


def external_auth(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Remember what the program asks, and what it answers to those whom the service does not let through."""
    data = config["filter_context"]
    redirect = data.get("redirect")
    refusal = f"302 {_text(visit, redirect)}" if redirect else "401"
    sent = {name: _text(visit, parts) for name, parts in data.get("headers", {}).items()}
    decides = (
        data.get("method", "GET"),
        f"{_service(visit, data)}{_text(visit, data['path'])}",
        f"asked={_text(visit, data['asked'])}",
        f"sent={sorted(sent.items())}",
        f"copied={sorted(data.get('copied', ()))}",
        f"cookies={'always' if data['all_statuses'] else 'on success'}",
    )
    visit.guards.append(Guard("external", " ".join(decides), refusal))
    return None


def _service(visit: Visit, data: Mapping[str, Any]) -> str:
    """Return scheme, name and port of the service: the name it is asked by, which must be the one it is known by."""
    __, port, subset, host = data["cluster"].split("|")
    name = _text(visit, data["authority"])
    scheme = visit.configuration.outside.get((host, int(port)))
    if scheme is None:
        inside = host.split(".")
        if inside[2:3] != ["svc"] or name.lower().split(".")[:3] != inside[:3]:
            raise UnknownConfigurationError(f"service {host} that is asked as {name}")
        scheme = _spoken(visit, host, subset, int(port))
    elif name.lower() != host:
        raise UnknownConfigurationError(f"service {host} that is asked as {name}")
    return f"{scheme}://{name}:{port}"


def _spoken(visit: Visit, host: str, subset: str, port: int) -> str:
    """Return the scheme that is spoken to a Service of the cluster, by the traffic policy of its subset."""
    if not subset:
        return "http"
    if (host, subset) not in visit.configuration.policies:
        raise UnknownConfigurationError(f"subset {subset} of {host}")
    settings = visit.configuration.policies[(host, subset)].get("portLevelSettings", ())
    return "https" if any(item["port"]["number"] == port and "tls" in item for item in settings) else "http"


def _text(visit: Visit, parts: Iterable[str]) -> str:
    return "".join(_variable(visit, part[1:]) if part.startswith("$") else part[1:] for part in parts)


def _variable(visit: Visit, name: str) -> str:
    values = {
        "best_http_host": ":authority",
        "http_host": ":authority",
        "pass_access_scheme": "x-forwarded-proto",
        "request_method": ":method",
        "request_uri": ":path",
        "scheme": "x-forwarded-proto",
    }
    if name == "escaped_request_uri":
        return quote(visit.target, safe="-._~")
    if name == "host":
        return visit.request.host.partition(":")[0].lower()
    if name == "remote_addr":
        return visit.request.client
    return visit.header(values.get(name) or name.removeprefix("http_").replace("_", "-"))
