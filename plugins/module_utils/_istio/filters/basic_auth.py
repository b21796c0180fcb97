# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envoy's basic authentication (envoy ``source/extensions/filters/http/basic_auth``). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._http.exchange import Answer, Guard
from ..._http.passwords import sends_password
from ..configuration import UnknownConfigurationError
from ..passwords import source_of
from ..visit import Visit


def basic_auth(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Answer 401 without a password; a password is somebody else's to judge."""
    source = source_of(config["users"]["inline_string"])
    if source is None:
        raise UnknownConfigurationError("users of a basic_auth filter")
    if not sends_password(visit.request.headers.get("authorization", "")):
        realm = f"{visit.request.scheme}://{visit.request.host}{visit.target}"
        return visit.refuse(401, headers={"www-authenticate": f'Basic realm="{realm}"'})
    visit.guards.append(Guard("basic", f"{source.namespace}/{source.name} {source.form}", "401"))
    return None
