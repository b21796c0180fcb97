# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""External authentication that the ConfigMap asks for (semantics.md B.13, B.20). PRIVATE.

Source: ingress-nginx ``internal/ingress/controller/template/configmap.go``: a bad value of a key counts as none.
"""

from __future__ import annotations

from collections.abc import Callable

from .external_auth import METHODS, Question, address_of, header_names, signin_url


def read_global_auth(text: Callable[[str, str], str], boolean: Callable[[str, bool], bool]) -> Question | None:
    """Return what every location asks that does not ask for itself, None for nothing.

    ``text`` and ``boolean`` return the value of a key, or the default that is given.
    """
    url = text("global-auth-url", "")
    method = text("global-auth-method", "")
    signin = text("global-auth-signin", "")
    parameter = text("global-auth-signin-redirect-param", "")
    question = Question(
        url,
        method if method in METHODS else "",
        signin_url(signin, parameter) if signin and address_of(signin) else "",
        text("global-auth-request-redirect", ""),
        header_names(text("global-auth-response-headers", "")) or (),
        (),
        bool(text("global-auth-cache-key", "")),
        boolean("global-auth-always-set-cookie", False),
        bool(text("global-auth-snippet", "")),
    )
    text("global-auth-cache-duration", "")
    return question if url and address_of(url) else None
