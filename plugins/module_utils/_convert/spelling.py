# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the gateway hears a request: paths and hosts in one spelling (semantics.md B.4, B.21). PRIVATE.

nginx chooses by the decoded path and passes the raw one on; the gateway chooses by what it passes on: unreserved
characters decoded, dots resolved, slashes merged, every other escape as it is. So the gateway answers as nginx would
answer to the respelled request, were the escapes that are left plain text.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from .._http.exchange import Answer, Guard, Request
from .._http.uri import BadTargetError
from .._istio.normalisation import normalised_target


def heard_request(request: Request) -> Request | None:
    """Return ``request`` as the gateway hears it, None for one that it answers with 400."""
    host = _without_dot(request.host)
    try:
        target = normalised_target(request.target)
    except BadTargetError:
        return None
    return request if (host, target) == (request.host, request.target) else replace(request, host=host, target=target)


def _without_dot(host: str) -> str:
    name, colon, port = host.partition(":")
    return name.removesuffix(".") + colon + port


def opaque(request: Request) -> Request:
    """Return a request to which the model answers by the text of escapes instead of by what they stand for.

    The gateway leaves two slashes of a path that is nothing else, which the model would merge.
    """
    path, mark, query = request.target.partition("?")
    if path != "//" and "%" not in path:
        return request
    text = _SECOND_SLASH if path == "//" else path.replace("%", "%25")
    return replace(request, target=text + mark + query)


def transparent(answer: Answer, located: Request, heard: Request) -> Answer:
    """Return the answer to an opaque request with escapes as they were."""
    return replace(
        answer,
        upstream_target=_restored(answer.upstream_target, located, heard),
        location=_restored(answer.location, located, heard),
        guards=tuple(_restored_guard(guard, located.target, heard.target) for guard in answer.guards),
    )


def _restored_guard(guard: Guard, located: str, heard: str) -> Guard:
    """Return ``guard`` with the request target as it was, be it plain or escaped for a query."""
    decides, refusal = guard.decides.replace(located, heard), guard.refusal.replace(located, heard)
    return replace(guard, decides=decides, refusal=refusal.replace(_in_query(located), _in_query(heard)))


def _in_query(target: str) -> str:
    return quote(target, safe="-._~")


_SECOND_SLASH = "/%01"


def _restored(text: str, located: Request, heard: Request) -> str:
    if located.target == heard.target:
        return text
    path, mark, query = text.partition("?")
    plain = path.replace("%01", "/") if heard.path == "//" else path.replace("%25", "%")
    return plain + mark + query
