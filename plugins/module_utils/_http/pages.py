# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error pages of nginx: its own answers are known by them, and the gateway gives them, too. PRIVATE.

Source: nginx ``src/http/ngx_http_special_response.c`` with ``server_tokens off``, as ingress-nginx sets it.
"""

from __future__ import annotations

import re
from functools import lru_cache

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


_NGINX = "nginx"
_PRODUCT = re.compile(r"nginx(?:/[0-9.]{1,20})?", re.ASCII)


def error_page(status: int, product: str = _NGINX) -> str:
    """Return the page that nginx makes for ``status``. Raises KeyError for a status that it has no page for.

    ``product`` is what it calls itself: with its version where ``server_tokens`` are on.
    """
    title = _TITLES[status]
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        f"<hr><center>{product}</center>\r\n</body>\r\n</html>\r\n"
    )


def names_nginx(server: str) -> bool:
    """Tell whether a ``Server`` header is that of nginx itself."""
    return _PRODUCT.fullmatch(server) is not None


def is_error_page(status: int, body_sha256: str, server: str = "") -> bool:
    """Tell whether a body is the page that nginx makes for ``status``; ``server`` is the header of that name."""
    products = {_NGINX, server if names_nginx(server) else _NGINX}
    return status in _TITLES and any(_digest(status, product) == body_sha256 for product in products)


@lru_cache(maxsize=64)
def _digest(status: int, product: str) -> str:
    return sha256_hex(error_page(status, product))
