# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lua programs of ours, known by what a route tells them. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._http.exchange import Answer
from ..configuration import UnknownConfigurationError
from ..visit import Visit


def lua(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Do what the program of a filter does with the data of the route."""
    data = config["filter_context"]
    if set(data) == {"limit"}:
        return visit.refuse(413) if 0 < data["limit"] < visit.request.body_length else None
    raise UnknownConfigurationError(f"a Lua program with {', '.join(sorted(data))}")
