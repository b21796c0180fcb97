# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cookies of requests as nginx reads them, and of responses as planes set them. PRIVATE to the collection."""

from __future__ import annotations


def cookie_value(header: str, name: str) -> str | None:
    """Return the value of the first cookie ``name`` of a Cookie header, None where there is none.

    Names are compared without case, pieces end at a semicolon or a comma, and values at a semicolon only (nginx
    ``src/http/ngx_http_parse.c`` ngx_http_parse_multi_header_lines).
    """
    start, lowered, wanted = 0, header.lower(), name.lower()
    while start < len(header):
        if lowered.startswith(wanted, start):
            start = _after_spaces(header, start + len(name))
            if header.startswith("=", start):
                start = _after_spaces(header, start + 1)
                return header[start:].partition(";")[0]
        ends = [end for end in (header.find(sign, start) for sign in ";,") if end >= 0]
        start = _after_spaces(header, min(ends) + 1) if ends else len(header)
    return None


def _after_spaces(text: str, start: int) -> int:
    while text.startswith(" ", start):
        start += 1
    return start


def set_cookie(
    name: str, path: str, *, max_age: int | None = None, domain: str = "", same_site: str = "", secure: bool = False
) -> str:
    """Return a cookie that binds a client to an endpoint, as both witnesses write it, without its value."""
    attributes = {"Path": path, "Max-Age": "" if max_age is None else str(max_age), "Domain": domain}
    attributes["SameSite"] = same_site
    given = [f"{key}={value}" for key, value in attributes.items() if value]
    return "; ".join([name, *given, *(["Secure"] if secure else []), "HttpOnly"])
