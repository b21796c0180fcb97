# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that the gateway makes itself where nginx does, with nginx's page. PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

from .._http.pages import error_page


def generated_answer(status: int) -> dict[str, Any]:
    """Return the fields of a route that answers ``status`` with the error page of nginx."""
    return {
        "directResponse": {"status": status, "body": {"string": error_page(status)}},
        "headers": {"response": {"set": {"content-type": "text/html"}}},
    }
