# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redirects: the missing slash, http to https, and what annotations ask for (semantics.md B.2, B.6, A.1). PRIVATE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.formatter import plain, request_header
from .._istio.resources import HTTP_PORT, HTTPS_PORT
from .._kube.hosts import is_wildcard
from .._kube.objects import ObjectKey
from .._nginx.ingress import EXACT
from .._nginx.phases.rewrite import redirects_to_https
from .._nginx.phases.server import app_root
from .._nginx.policy import Policy
from .._nginx.site import DEFAULT_SERVER, Location, Server
from .context import Context
from .draft import Draft, Step, Variant, join_conditions

_ORIGIN = f"{request_header('x-forwarded-proto')}://{request_header(':authority')}"


_GROUP = re.compile(r"\$\d")
ROOT_SUFFIX = "/root"
WWW_SUFFIXES = ("/www-http", "/www-https")


def add_slash(draft: Draft, _context: Context) -> list[Finding]:
    """Answer ``/p`` with 301 to ``/p/`` where only the location ``/p/`` exists. nginx does so before all else."""
    path = draft.location.path
    bare = path[:-1]
    if draft.server.regex or not bare or not path.endswith("/"):
        return []
    exact = [item for item in draft.server.locations if item.type == EXACT]
    taken = any(item.path == bare for item in exact)
    # Where an exact rule has the path with its slash, nginx asks that one.
    other = any(item.path == path and not item.policy.denied and not _one_rule(item, draft.location) for item in exact)
    if not (taken or other):
        match = {"uri": {"exact": bare}, **draft.guard}
        if draft.location.policy.redirects.relative:
            # Only a redirect keeps the query, and it always says scheme and host.
            plain_target = join_conditions(match, {"headers": {":path": {"exact": bare}}})
            draft.steps.append(Step(Variant("/slash-relative"), own_redirect(301, plain(path)), (plain_target,)))
        action = {"redirect": {**own_host(draft.server), "uri": path, "redirectCode": 301}}
        draft.steps.append(Step(Variant("/slash"), action, (match,)))
    return []


def _one_rule(first: Location, second: Location) -> bool:
    return first.ingress is second.ingress and first.origin == second.origin


def to_url(draft: Draft, _context: Context) -> list[Finding]:
    """Answer with the redirect that an annotation asks for: its URL as it is, without the path of the request."""
    redirects = draft.location.policy.redirects
    if not redirects.url or draft.answered:
        return []
    draft.answered = True
    url = plain(redirects.url)
    if url.startswith("/") and not redirects.relative:
        url = _origin(draft.server) + url
    draft.main = own_redirect(redirects.code, url)
    return []


def _origin(server: Server) -> str:
    """Return scheme and host as nginx says them in redirects to a path: without a port."""
    host = own_host(server).get("authority", "")
    return f"{request_header('x-forwarded-proto')}://{plain(host)}" if host else _ORIGIN


def own_host(server: Server) -> dict[str, str]:
    """Return the field that says the host of a redirect without the client's port, none for hosts of many names."""
    return {} if server.host == DEFAULT_SERVER or is_wildcard(server.host) else {"authority": server.host}


def own_redirect(status: int, location: str) -> dict[str, Any]:
    """Return a route that answers with ``status``, and a Location that is exactly the format string ``location``."""
    return {"directResponse": {"status": status}, "headers": {"response": {"set": {"location": location}}}}


def to_https(draft: Draft, context: Context) -> list[Finding]:
    """Redirect http requests of the location to https."""
    if draft.answered or not redirects_to_https(context.site, draft.server, draft.location):
        return []
    policy = draft.location.policy
    draft.redirect_to_https(https_redirect(draft.server, context))
    owner = draft.location.ingress or next(iter(draft.server.ingresses), None)
    if policy.preserve_trailing_slash or owner is None:
        return []
    return [_keeps_slash(owner.key, draft.server.host)]


@lru_cache(maxsize=64)
def _keeps_slash(owner: ObjectKey, host: str) -> Finding:
    # Asked for once for each location of a host, one after the other.
    return finding("REDIRECT-KEEPS-SLASH", Source(owner), host=host)


def https_redirect(server: Server, context: Context) -> dict[str, Any]:
    """Return the action of the redirect to https."""
    return {
        "redirect": {"scheme": "https", **own_host(server), "redirectCode": context.site.settings.http_redirect_code}
    }


SAYS_PORT = {"redirect": {"port_redirect": HTTPS_PORT}}
"""What is merged into the Envoy route of a redirect that says its port: istiod leaves out that of the scheme."""


def are_alike(server_policies: Iterable[Policy]) -> bool:
    """Tell whether redirects to https are the same for all policies of one server."""
    return len({policy.redirects.with_port for policy in server_policies}) <= 1


def from_root(server: Server, drafts: Sequence[Draft]) -> list[Finding]:
    """Let the root of the host lead to ``app-root``, before anything else is answered."""
    written = app_root(server)
    # Nothing is captured before nginx answers this, but the label of a wildcard host.
    root = written if is_wildcard(server.host) else _GROUP.sub("", written)
    if "$" in root:
        source = Source(drafts[0].owner, annotation="app-root")
        reason = "uses a variable of nginx"
        return [finding("REWRITE-NOT-CONVERTED", source, host=server.host, target=repr(written), reason=reason)]
    if root and drafts:
        match = {"uri": {"exact": "/"}, **drafts[0].guard}
        action = own_redirect(302, _ORIGIN + plain(root))
        drafts[0].steps.insert(0, Step(Variant(ROOT_SUFFIX), action, (match,)))
    return []


def www_routes(server: Server, context: Context) -> Iterator[dict[str, Any]]:
    """Yield the routes of a server that leads to its other name: the port is always said, as nginx says it."""
    for suffix, scheme, port in zip(WWW_SUFFIXES, ("http", "https"), (HTTP_PORT, HTTPS_PORT), strict=True):
        location = f"{scheme}://{plain(server.redirects_to)}:{port}{request_header(':path')}"
        yield {
            "name": server.host + suffix,
            "match": [{"uri": {"prefix": "/"}, "port": port}],
            **own_redirect(context.site.settings.http_redirect_code, location),
        }
