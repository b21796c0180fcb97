# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text with variables of nginx (nginx ``src/http/ngx_http_script.c``). PRIVATE to the collection.

A text is a tuple of parts: ``=text`` is literal, ``$name`` a variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ..._http.exchange import REQUEST_ID, Request
from ..._http.uri import host_name

Text: TypeAlias = tuple[str, ...]

KNOWN = frozenset(
    (
        "args",
        "best_http_host",
        "host",
        "http_host",
        "pass_access_scheme",
        "query_string",
        "remote_addr",
        "req_id",
        "request_method",
        "request_uri",
        "scheme",
        "the_real_ip",
    )
)
"""Variables whose value follows from the request alone; ``http_<name>`` is a request header besides."""

REPLACED = frozenset(("http_x_forwarded_for", "http_x_forwarded_proto", "http_x_request_id"))
"""Request headers that no route or filter of a gateway sees as the client sent them."""

PLACES = frozenset(
    ("ingress_name", "location_path", "namespace", "proxy_upstream_name", "server_name", "service_name", "service_port")
)
"""Variables whose value follows from the location alone: the controller sets them in each."""

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))", re.ASCII)


class UnknownVariableError(ValueError):
    """A text uses a variable that has no equal; ``str()`` names it."""


def text_of(written: str, variables: Mapping[str, Text]) -> Text:
    """Return the parts of ``written``, with ``variables`` (those that ``set`` gave a value) filled in.

    Raises UnknownVariableError.
    """
    return _joined(_parts(written, variables))


def _parts(written: str, variables: Mapping[str, Text]) -> Iterator[str]:
    start = 0
    for found in _VARIABLE.finditer(written):
        yield _literal(written[start : found.start()])
        name = found[1] or found[2]
        if name in variables:
            yield from variables[name]
        elif name in KNOWN or name in PLACES or (_is_header(name) and name not in REPLACED):
            yield f"${name}"
        else:
            raise UnknownVariableError(f"variable ${name}")
        start = found.end()
    yield _literal(written[start:])


def _is_header(name: str) -> bool:
    return name.startswith("http_") and len(name) > len("http_")


def _literal(text: str) -> str:
    if "$" in text:
        raise UnknownVariableError("a dollar sign without a name")
    return f"={text}"


def _joined(parts: Iterator[str]) -> Text:
    out: list[str] = []
    for part in parts:
        if part.startswith("=") and out and out[-1].startswith("="):
            out[-1] += part[1:]
        elif part != "=":
            out.append(part)
    return tuple(out)


def placed(text: Text, place: Mapping[str, str]) -> Text:
    """Return ``text`` with the variables of a location (:data:`PLACES`) filled in."""
    if not any(part[1:] in PLACES for part in text if part[0] == "$"):
        return text
    return _joined(f"={place[part[1:]]}" if part[0] == "$" and part[1:] in place else part for part in text)


def constant(text: Text) -> str | None:
    """Return what ``text`` always says, None where it depends on the request."""
    if any(part[0] == "$" for part in text):
        return None
    return "".join(part[1:] for part in text)


def expanded(text: Text, request: Request) -> str:
    """Return what ``text`` says for ``request``."""
    return "".join(_value(part[1:], request) if part[0] == "$" else part[1:] for part in text)


def _value(name: str, request: Request) -> str:
    if name in ("http_host", "best_http_host"):
        return request.host
    if name.startswith("http_"):
        return request.headers.get(name.removeprefix("http_").replace("_", "-"), "")
    return {
        "args": request.query,
        "host": host_name(request.host),
        "pass_access_scheme": request.scheme,
        "query_string": request.query,
        "remote_addr": request.client,
        # The controller's map keeps what a client sent.
        "req_id": request.headers.get("x-request-id") or REQUEST_ID,
        "request_method": request.method,
        "request_uri": request.target,
        "scheme": request.scheme,
        "the_real_ip": request.client,
    }[name]
