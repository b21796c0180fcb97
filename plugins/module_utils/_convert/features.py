# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envoy features that a VirtualService cannot express (semantics.md 0.4, EF-R). PRIVATE to the collection.

A feature is one HTTP filter of the gateway, off unless a route configures it. Families declare theirs beside the code
that fills it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PREFIX = "type.googleapis.com/"


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One filter: ``name`` is that of the instance, ``type`` and ``route_type`` those of its messages.

    ``rank`` is its place among our filters; requests pass lower ranks first, as nginx has phases: 10 server, 20
    location, 30 limits, 40 addresses, 50 passwords, 60 external authentication, 80 content. ``settings`` is its
    configuration where no route has one.
    """

    name: str
    type: str
    route_type: str
    rank: int
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def type_url(self) -> str:
        """The type of the filter as Envoy writes it."""
        return _PREFIX + self.type

    def on_route(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration of one route."""
        return {"@type": _PREFIX + self.route_type, **config}
