# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``rewrite-target``: the URI that the backend is asked for (semantics.md B.3). PRIVATE to the collection.

Source: nginx ``ngx_http_script.c`` and ``ngx_http_proxy_module.c``: the rewritten URI is escaped anew.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .._http.exchange import Request
from .site import Location
from .variables import expanded_with_groups

_ESCAPED = frozenset(' "#%<>?\\^`{|}')


def rewrites(location: Location) -> bool:
    """Tell whether a location rewrites: its target must differ from its path."""
    target = location.policy.rewrite_target
    return bool(target) and target != location.path


def rewritten(location: Location, path: str, request: Request) -> str:
    """Return the request target for the backend; ``path`` is the path by which locations are chosen."""
    # A question mark without anything after it is lost on the way.
    query = f"?{request.query}" if request.query else ""
    groups = captured(location, path)
    if groups is None:
        return path + query
    return escaped(expanded_with_groups(location.policy.rewrite_target, groups, request)) + query


def captured(location: Location, path: str) -> list[str] | None:
    """Return the texts of the groups in the path of a location that rewrites, None where it does not match."""
    found = _compiled(location.path).search(path)
    return None if found is None else [text or "" for text in found.groups()]


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def escaped(uri: str) -> str:
    """Return a path as nginx writes it for a backend (``ngx_escape_uri``, since nginx 1.21.1)."""
    return "".join(f"%{ord(c):02X}" if c in _ESCAPED or not " " < c < "\x7f" else c for c in uri)
