# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that the gateway makes itself where nginx does, with nginx's page. PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

_REASONS = {404: "Not Found", 503: "Service Temporarily Unavailable"}


def generated_answer(status: int) -> dict[str, Any]:
    """Return the fields of a route that answers ``status`` with the error page of nginx."""
    title = f"{status} {_REASONS[status]}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return {
        "directResponse": {"status": status, "body": {"string": page}},
        "headers": {"response": {"set": {"content-type": "text/html"}}},
    }
