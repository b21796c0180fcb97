# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request on its way through the gateway. PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._http.exchange import Answer, Guard, Request
from .._http.header_lines import REMOVED
from .._http.services import shared_name
from .configuration import Configuration, Route, Server, compile_re2
from .destinations import session, shares
from .formatter import PEER_CERTIFICATE, PEER_ISSUER, PEER_SUBJECT, PEER_VERIFIED

_PEER = {PEER_VERIFIED: "", PEER_SUBJECT: "(subject)", PEER_ISSUER: "(issuer)", PEER_CERTIFICATE: "(certificate)"}
_FORMATTER = re.compile(
    r"%%|%REQ\(([A-Za-z0-9:_-]+)\)%|%(DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT)%|" + "|".join(map(re.escape, _PEER))
)
_REFERENCE = re.compile(r"\\(\d|\\)")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(slots=True)
class Visit:
    """A request on the route that takes it.

    ``target`` is the request target as the gateway reads it; ``port_headers`` are what the port adds to every
    response; ``idle`` are Services without a ready endpoint, ``outside`` services outside of the cluster (see
    :class:`Configuration`). Filters add to ``guards`` and ``limits`` what decides before the answer, to
    ``request_headers`` and ``response_headers`` what they change. ``pages`` are the error pages that replace answers,
    by status, 0 for the backend's.
    ``on_answer`` is what filters do in the end to the answer, whoever gives it, the last one first.
    """

    request: Request
    target: str
    server: Server
    route: Route
    configuration: Configuration
    port_headers: Mapping[str, str]
    guards: list[Guard] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    pages: Mapping[int, str] = field(default_factory=dict)
    on_answer: list[Callable[[Answer], Answer]] = field(default_factory=list)

    def refuse(self, status: int, location: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        """Return an answer of a filter, which the route's own header changes do not reach."""
        answer = Answer(status, location=location, headers={**(headers or {}), **self.port_headers})
        return self._complete(answer)

    def act(self) -> Answer:
        """Return what the action of the route does."""
        action = self.route.action
        if "redirect" in action:
            return self._redirect(action["redirect"])
        if "directResponse" in action:
            return self._own(action["directResponse"]["status"], "")
        return self._forward(action)

    def _complete(self, answer: Answer) -> Answer:
        return replace(
            answer,
            certificate=self.server.credential,
            guards=(*self.guards, *answer.guards),
            limits=(*self.limits, *answer.limits),
            error_pages=self.pages.get(answer.status, ""),
        )

    def _redirect(self, redirect: Mapping[str, Any]) -> Answer:
        request = self.request
        scheme = redirect.get("scheme", request.scheme)
        host = redirect.get("authority", request.host)
        if "scheme" in redirect and scheme != request.scheme:
            # Envoy drops the port that was the default of the old scheme, and keeps any other.
            host = host.removesuffix(_DEFAULT_PORTS[request.scheme])
        port = self.route.patch.get("redirect", {}).get("port_redirect", redirect.get("port"))
        if port:
            # istiod leaves out the port of the scheme, an EnvoyFilter does not.
            plain = "port" in redirect and f":{port}" == _DEFAULT_PORTS[scheme]
            host = host.partition(":")[0] + ("" if plain else f":{port}")
        path, __, query = self.target.partition("?")
        target = redirect.get("uri", path) + (f"?{query}" if "?" in self.target else "")
        return self._own(redirect["redirectCode"], f"{scheme}://{host}{target}")

    def _own(self, status: int, location: str) -> Answer:
        headers = self._response_headers()
        return self._complete(Answer(status, location=headers.pop("location", location), headers=headers))

    def _forward(self, action: Mapping[str, Any]) -> Answer:
        backends = shares(self.configuration, self.route)
        if not backends:
            return self.refuse(503)
        answer = Answer(
            0,
            backend=backends[0][0],
            shares=backends if len(backends) > 1 else (),
            session=session(self.configuration, self.route),
            upstream_target=self._rewritten(action.get("rewrite", {})),
            upstream_host=action.get("rewrite", {}).get("authority", self.request.host),
            headers={**self._hidden_headers(), **self._response_headers()},
            request_headers=self._request_headers(),
        )
        copies = [self._copy(entry["destination"], answer) for entry in action.get("mirrors", ())]
        return self._complete(replace(answer, mirrors=tuple(copies)))

    def _copy(self, destination: Mapping[str, Any], answer: Answer) -> str:
        """Return a copy of the request to the backend: scheme, name and port of its target, request target, Host."""
        host, port = destination["host"], destination["port"]["number"]
        scheme = self.configuration.outside.get((host, port), "http")
        return f"{scheme}://{shared_name(host)}:{port} {answer.upstream_target} host={answer.upstream_host}"

    def _rewritten(self, rewrite: Mapping[str, Any]) -> str:
        path, mark, query = self.target.partition("?")
        regex = rewrite.get("uriRegexRewrite")
        if regex:
            pattern, substitution = compile_re2(regex["match"]), regex["rewrite"]
            path = pattern.sub(lambda found: _substituted(substitution, found), path)
        return path + mark + query

    def _request_headers(self) -> dict[str, str]:
        changes = self.route.action.get("headers", {}).get("request", {})
        changed = {name.lower(): self.formatted(text) for name, text in changes.get("set", {}).items()}
        removed = {name.lower(): "" for name in changes.get("remove", ())}
        # Envoy removes first, and then sets what is not empty.
        kept = {name: value for name, value in changed.items() if value or name not in removed}
        return {**self.request_headers, **removed, **kept}

    def _response_headers(self) -> dict[str, str]:
        wanted = self.route.action.get("headers", {}).get("response", {}).get("set", {})
        own = {name.lower(): self.formatted(text) for name, text in wanted.items() if name.lower() != "content-type"}
        return {**own, **self.response_headers, **self.port_headers}

    def _hidden_headers(self) -> dict[str, str]:
        """Return what the route removes of the backend's headers; Envoy removes before it sets."""
        removed = self.route.action.get("headers", {}).get("response", {}).get("remove", ())
        return {name.lower(): REMOVED for name in removed}

    def formatted(self, text: str) -> str:
        """Return what Envoy makes of a format string for this request."""

        def value(found: re.Match[str]) -> str:
            if found[0] == "%%":
                return "%"
            if found[2]:
                return self.request.client
            if found[0] in _PEER:
                return self._of_certificate(found[0])
            return self.header(found[1].lower())

        return _FORMATTER.sub(value, text)

    def _of_certificate(self, text: str) -> str:
        """Return what a format string says of the client's certificate; what only a handshake knows in parentheses."""
        if text == PEER_VERIFIED:
            secure = self.request.scheme == "https"
            return {"on": "SUCCESS", "optional": "(verified)"}.get(self.server.asks, "NONE" if secure else "")
        return _PEER[text] if self.server.asks else ""

    def header(self, name: str) -> str:
        """Return a header of the request as filters and format strings see it, empty where it is absent."""
        special = {":authority": self.request.host, ":path": self.target, ":method": self.request.method}
        return special.get(name) or self.request.headers.get(name, "")


def _substituted(substitution: str, found: re.Match[str]) -> str:
    r"""Return RE2's substitution text with its groups (``\1``) filled in; ``\\`` is a backslash."""
    return _REFERENCE.sub(lambda mark: "\\" if mark[1] == "\\" else found[int(mark[1])] or "", substitution)
