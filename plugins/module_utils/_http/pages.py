# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error pages of nginx: its own answers are known by them, and the gateway gives them, too. PRIVATE.

Source: nginx ``src/http/ngx_http_special_response.c`` with ``server_tokens off``, as ingress-nginx sets it.
"""

from __future__ import annotations

from .._kube.digests import sha256_hex

_TITLES = {
    400: "400 Bad Request",
    401: "401 Authorization Required",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Not Allowed",
    413: "413 Request Entity Too Large",
    414: "414 Request-URI Too Large",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}


def error_page(status: int) -> str:
    """Return the page that nginx makes for ``status``. Raises KeyError for a status that it has no page for."""
    title = _TITLES[status]
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )


_DIGESTS = {status: sha256_hex(error_page(status)) for status in _TITLES}


def is_error_page(status: int, body_sha256: str) -> bool:
    """Tell whether a body is the page that nginx makes for ``status``."""
    return _DIGESTS.get(status) == body_sha256
