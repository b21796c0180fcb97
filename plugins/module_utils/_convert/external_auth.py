# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""External authentication: the exact form, a Lua program (semantics.md B.13, option 3). PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.lua.external_auth import PROGRAM, VARIABLES
from .._nginx.external_auth import Address, Question, address_of
from .._nginx.phases.external import question_of, question_path
from .._nginx.site import DEFAULT_SERVER
from .._nginx.variables import parts_of, unknown_variables
from .access import is_answered, waits_for_endpoints
from .context import Context
from .draft import Draft, ServiceHost
from .features import Feature
from .routing import is_single_label
from .services import Target, UnreachableTargetError, target_of

_LUA = "envoy.extensions.filters.http.lua.v3"
EXTERNAL_AUTH = Feature(
    "i2i.external-auth",
    f"{_LUA}.Lua",
    f"{_LUA}.LuaPerRoute",
    rank=60,
    settings={"default_source_code": {"inline_string": PROGRAM}},
)
_TIMEOUT = 60_000
"""Milliseconds that nginx waits for the answer: its default read timeout, which annotations of the location leave."""


def external_auth(draft: Draft, context: Context) -> list[Finding]:
    """Ask the service before a request goes to the backend, after redirects and the 503 of a missing Service."""
    found = _void(draft)
    question = question_of(context.site, draft.location)
    if question is None or is_answered(draft):
        return found
    try:
        target = _ask(draft, question, context)
    except UnreachableTargetError as error:
        return [*found, _finding(draft, "EXTERNAL-AUTH-TARGET", reason=str(error))]
    if target.outside:
        draft.outside.add(target.outside)
    if draft.location.policy.external_auth.any_suffices:
        found.append(_finding(draft, "EXTERNAL-AUTH-ANY"))
    if question.cached:
        found.append(_finding(draft, "EXTERNAL-AUTH-NOT-CACHED"))
    found += waits_for_endpoints(draft, _source(draft))
    return [*found, _finding(draft, "EXTERNAL-AUTH-PROGRAM", service=f"{target.host}:{target.port}")]


def _ask(draft: Draft, question: Question, context: Context) -> Target:
    """Let the routes ask, and return whom. Raises UnreachableTargetError."""
    address = address_of(question.url)
    if address is None:
        raise UnreachableTargetError("its URL cannot be read")
    _check_variables(question)
    target = _target(draft, address, context)
    data = {"cluster": target.cluster(_subset(draft, target, context)), **_data(draft, question, address)}
    draft.filters[EXTERNAL_AUTH] = EXTERNAL_AUTH.on_route({"filter_context": data})
    return target


def _subset(draft: Draft, target: Target, context: Context) -> str:
    """Return the subset of a Service of the cluster by which TLS is spoken to it, empty for none.

    As nginx does, the gateway shows the name and verifies no certificate.
    """
    if not target.secured:
        return ""
    tls = {"mode": "SIMPLE", "sni": target.host, "insecureSkipVerify": True}
    policy = {"portLevelSettings": [{"port": {"number": target.port}, "tls": tls}]}
    place = context.place_for(target.namespace, target.host.partition(".")[0])
    return context.subset(draft, ServiceHost(place, target.host), policy)


def _void(draft: Draft) -> list[Finding]:
    name = draft.location.policy.external_auth.void
    return [_finding(draft, "EXTERNAL-AUTH-VOID", annotation=name)] if name else []


def _finding(draft: Draft, code: str, **values: object) -> Finding:
    return finding(code, _source(draft), host=draft.server.host, **values)


def _source(draft: Draft) -> Source:
    return Source(draft.owner, annotation="auth-url")


def _check_variables(question: Question) -> None:
    """Raise UnreachableTargetError where the question depends on what the gateway does not know."""
    if question.snippet:
        raise UnreachableTargetError("directives of a snippet change the question")
    texts = (question.url, question.signin, question.asked, *(value for __, value in question.headers))
    for text in texts:
        unknown = unknown_variables(text)
        if unknown:
            raise UnreachableTargetError(f"it does not know ${unknown[0].removeprefix('$')}")


def _target(draft: Draft, address: Address, context: Context) -> Target:
    host = address.host
    if "$" in host:
        # The name of the request is that of the server, where the server has one name.
        own = draft.server.host
        named = own != DEFAULT_SERVER and not own.startswith("*") and not is_single_label(own)
        if not named or host not in ("$host", "${host}"):
            raise UnreachableTargetError(f"{host} is another service for every request")
        host = own
    return target_of(address.scheme, host, address.port, context.options)


def _data(draft: Draft, question: Question, address: Address) -> dict[str, Any]:
    """Return the data of one route, as :mod:`_istio.lua.external_auth` describes it, but the cluster."""
    data: dict[str, Any] = {
        "authority": _parts(address.host),
        "path": _parts(question_path(question, draft.location)),
        "asked": _parts(question.asked or "$request_uri"),
        "timeout": _TIMEOUT,
        "all_statuses": question.every_cookie,
    }
    if question.method:
        data["method"] = question.method
    if question.signin:
        data["redirect"] = _parts(question.signin)
    if question.copied:
        data["copied"] = [name.lower() for name in question.copied]
    if question.headers:
        data["headers"] = {name.lower(): _parts(value) for name, value in question.headers}
    return data


def _parts(text: str) -> list[str]:
    parts = list(parts_of(text))
    known = all(part[1:] in VARIABLES or part.startswith(("=", "$http_")) for part in parts)
    if not known:
        raise UnreachableTargetError(f"it does not know all variables of {text!r}")
    return parts
