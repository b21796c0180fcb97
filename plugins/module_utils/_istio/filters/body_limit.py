# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that refuses bodies over a limit. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._http.exchange import Answer
from ..visit import Visit


def body_limit(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Refuse a request whose body is longer than the route takes."""
    limit = config["filter_context"]["limit"]
    return visit.refuse(413) if 0 < limit < visit.request.body_length else None
