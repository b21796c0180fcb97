# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Basic authentication (semantics.md A.3 61 to 64, B.14). PRIVATE to the collection."""

from __future__ import annotations

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.passwords import NOBODY, ROUTE_TYPE, UserSource, reference
from .._nginx.phases.access import asks_password
from .access import is_answered, waits_for_endpoints
from .context import Context
from .draft import Draft
from .features import Feature

_CHECKED = "sha"
PASSWORDS = Feature(
    "i2i.passwords",
    "envoy.extensions.filters.http.basic_auth.v3.BasicAuth",
    ROUTE_TYPE,
    rank=50,
    settings={"users": {"inline_string": NOBODY}},
)


def password(draft: Draft, context: Context) -> list[Finding]:
    """Ask for a password where nginx does, and keep it from the backend."""
    passwords, ingress = draft.location.policy.passwords, draft.location.ingress
    if ingress is None:
        return []
    source, host = Source(ingress.key, annotation="auth-secret"), draft.server.host
    if passwords.inactive:
        return [finding("BASIC-AUTH-INACTIVE", source, host=host, reason=passwords.inactive)]
    if passwords.secret is None or not asks_password(context.site, draft.location) or is_answered(draft):
        return []
    if passwords.digest:
        return [finding("DIGEST-AUTH", Source(ingress.key, annotation="auth-type"), host=host, type="digest")]
    secret = "/".join(passwords.secret)
    others = [name for name in passwords.formats if name != _CHECKED]
    if others:
        return [finding("PASSWORD-FORMAT", source, host=host, secret=secret, formats=", ".join(others))]
    users = reference(UserSource(*passwords.secret, passwords.form))
    draft.filters[PASSWORDS] = PASSWORDS.on_route({"users": {"inline_string": users}})
    draft.set_request_header("authorization", "")
    in_manifests = [finding("PASSWORDS-TO-BRING", source, host=host, secret=secret)]
    return [
        *(in_manifests if context.options.format == "yaml" else ()),
        *waits_for_endpoints(draft, source),
        finding("PASSWORDS-COPIED", source, host=host, secret=secret),
        finding("BASIC-AUTH-REALM", source, host=host, realm=repr(passwords.realm)),
    ]
