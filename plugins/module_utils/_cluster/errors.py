# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with an API server. PRIVATE to the collection."""

from __future__ import annotations

import json
from typing import Any


class ClusterError(Exception):
    """A cluster cannot be used; ``str()`` says which call failed, why, and what to do."""


class ConnectionOptionError(ClusterError):
    """The options that say how to reach the cluster are not usable."""


class ApiError(ClusterError):
    """The API server refused a call.

    ``status`` is the HTTP status, ``reason`` the reason of the Status object (may be empty), ``details`` its details.
    """

    def __init__(self, method: str, path: str, status: int, body: bytes) -> None:
        answer = _status_object(body)
        self.status = status
        self.reason = str(answer.get("reason") or "")
        self.message = str(answer.get("message") or body[:300].decode("utf-8", "replace"))
        self.details: dict[str, Any] = answer.get("details") or {}
        super().__init__(f"{method} {path} was answered {status} {self.reason}: {self.message}{self._advice()}")

    @property
    def is_webhook_failure(self) -> bool:
        """Whether an admission webhook could not be called, which the API server reports as an internal error."""
        return self.status == 500 and "failed calling webhook" in self.message  # noqa: PLR2004

    def _advice(self) -> str:
        if self.status == 401:  # noqa: PLR2004
            return ". The credentials are not valid; check kubeconfig and context"
        if self.status == 403:  # noqa: PLR2004
            return ". The identity lacks a permission; preflight prints the roles it needs"
        if self.is_webhook_failure:
            return ". An admission webhook does not answer; see that its Deployment is ready"
        return ""


class UnreachableError(ClusterError):
    """No API server answered within the deadline."""


def _status_object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and answer.get("kind") == "Status" else {}
