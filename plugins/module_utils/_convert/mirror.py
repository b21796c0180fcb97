# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of requests (semantics.md A.4 129 to 131, B.17). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._nginx.external_auth import address_of
from .context import Context
from .differences import Difference, Situation
from .draft import Draft
from .options import Options
from .rewrite import forwarded_target
from .services import Target, UnreachableTargetError, target_of

_AS_ASKED = ("$request_uri", "${request_uri}")


def mirror(draft: Draft, context: Context) -> list[Finding]:
    """Send a copy of each request that goes to the backend; what cannot be copied so is said."""
    wanted = draft.location.policy.mirror
    if not wanted.target or "route" not in draft.main:
        return []
    try:
        target = _target(wanted.target, context.options)
    except UnreachableTargetError as error:
        return [_finding(draft, "MIRROR-NOT-CONVERTED", "mirror-target", reason=str(error))]
    destination = {"host": target.host, "port": {"number": target.port}}
    draft.main["mirrors"] = [{"destination": destination, "percentage": {"value": 100}}]
    if target.outside:
        draft.outside.add(target.outside)
    found = [_finding(draft, "MIRROR-AS-FORWARDED", "mirror-target", host=wanted.host)]
    if not wanted.body:
        found.append(_finding(draft, "MIRROR-BODY", "mirror-request-body"))
    return found


def copies(situation: Situation) -> Iterator[Difference]:
    """Predict the copy that is sent: what the backend gets, with its Host, and after rewriting."""
    nginx, location = situation.nginx, situation.location
    for copy in nginx.mirrors if location else ():
        try:
            _target(location.policy.mirror.target if location else "", Options())
        except UnreachableTargetError:
            yield Difference("MIRROR-NOT-CONVERTED", "mirrors", "")
            continue
        service = copy.partition(" ")[0]
        yield Difference(
            "MIRROR-AS-FORWARDED", "mirrors", f"{service} {forwarded_target(situation)} host={nginx.upstream_host}"
        )


def _target(url: str, options: Options) -> Target:
    address = address_of(url)
    if address is None:
        raise UnreachableTargetError("its URL cannot be read")
    if address.path not in _AS_ASKED:
        raise UnreachableTargetError("the copies would be for another URL than the request")
    target = target_of(address.scheme, address.host, address.port, options)
    if target.secured:
        raise UnreachableTargetError(f"{address.host} is a Service of the cluster that speaks TLS")
    return target


def _finding(draft: Draft, code: str, annotation: str, **values: str) -> Finding:
    host = values.pop("host", "")
    return finding(code, Source(draft.owner, annotation=annotation), host=draft.server.host, own_host=host, **values)
