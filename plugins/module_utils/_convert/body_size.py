# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest body that a location takes (semantics.md A.4 99, B.15). PRIVATE to the collection.

The default of the controller is set once for each port; only routes of another limit have one of their own. The
limit comes before redirects, as in nginx, so it is for all routes of a location.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._istio.lua import body_limit
from .._nginx.families.limits import size_in_bytes
from .._nginx.own_locations import OWN_BODY_LIMIT
from .._nginx.phases.errors import pages_of
from .._nginx.settings import Settings
from .differences import Difference, Situation
from .draft import Draft
from .features import Feature

_LUA = "envoy.extensions.filters.http.lua.v3"
BODY_SIZE = Feature(
    "i2i.body-size",
    f"{_LUA}.Lua",
    f"{_LUA}.LuaPerRoute",
    rank=20,
    settings={"default_source_code": {"inline_string": body_limit.PROGRAM}},
)


_NOT_FOUND, _TOO_LARGE = 404, 413


def limit_body(draft: Draft, settings: Settings) -> None:
    """Give the routes of a location their own limit where it is not the controller's."""
    policy = draft.location.policy
    limit = OWN_BODY_LIMIT if policy.denied else policy.limits.body
    if limit != size_in_bytes(settings.body_size):
        draft.everywhere[BODY_SIZE] = limit_of(limit)


def large_unknown(situation: Situation) -> Iterator[Difference]:
    """Predict a body that is too large for nginx's own 404 page alone: the gateway answers as to a small one."""
    nginx, location = situation.nginx, situation.location
    if nginx.phase == "content" and nginx.status == _TOO_LARGE and location is not None:
        yield Difference("LARGE-BODY-404", "status", "404")
        yield Difference("LARGE-BODY-404", "error_pages", pages_of(situation.site, location, _NOT_FOUND))


def limit_of(size: int) -> dict[str, Any]:
    """Return the configuration of a route that takes bodies of up to ``size`` bytes; 0 is no limit."""
    return BODY_SIZE.on_route({"filter_context": {"limit": size}})


def default_limit(settings: Settings) -> dict[str, Any]:
    """Return what the routes of a whole port are configured with."""
    return {BODY_SIZE.name: limit_of(size_in_bytes(settings.body_size))}
