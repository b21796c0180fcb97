# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that the second witness knows, by the type of their per-route configuration. PRIVATE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..._http.exchange import Answer
from ..lua import backend_answers as backend_answers_program
from ..lua import body_limit as body_limit_program
from ..lua import error_pages as error_pages_program
from ..lua import external_auth as external_auth_program
from ..lua import request_headers as request_headers_program
from ..lua import response_headers as response_headers_program
from ..visit import Visit
from .backend_answers import backend_answers
from .basic_auth import basic_auth
from .body_limit import body_limit
from .error_pages import error_pages
from .external_auth import external_auth
from .header_changes import request_headers, response_headers
from .rates import local_rate_limit
from .rbac import rbac

Handler: TypeAlias = Callable[[Visit, Mapping[str, Any]], Answer | None]

HANDLERS: dict[str, Handler] = {
    "BasicAuthPerRoute": basic_auth,
    "LocalRateLimit": local_rate_limit,
    "RBACPerRoute": rbac,
}
"""Each returns the answer of a filter that lets the request not pass, None of one that does."""

PROGRAMS: dict[str, Handler] = {
    backend_answers_program.PROGRAM: backend_answers,
    body_limit_program.PROGRAM: body_limit,
    error_pages_program.PROGRAM: error_pages,
    external_auth_program.PROGRAM: external_auth,
    request_headers_program.PROGRAM: request_headers,
    response_headers_program.PROGRAM: response_headers,
}
"""What the Lua programs of the collection do, by their text."""
