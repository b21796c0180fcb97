# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the API server from commands and from process 1 of the node; the agent has a client of its own."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS: Final = 5.0


class ApiServer:
    """An API server that is asked as the administrator."""

    def __init__(self, port: int, pki: Path) -> None:
        self._port = port
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of one GET; raises OSError or http.client.HTTPException when there is no answer."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=_SECONDS, context=self._tls)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def read(self, path: str) -> dict[str, Any] | None:
        """The object or list at a path; None when it does not exist or the server does not answer (yet)."""
        try:
            status, body = self.get(path)
        except (OSError, http.client.HTTPException):
            return None
        if status != http.client.OK:
            return None
        document: dict[str, Any] = json.loads(body)
        return document

    def objection(self) -> str:
        """Why the server is not ready; empty when it is."""
        try:
            status, body = self.get("/readyz")
        except (OSError, http.client.HTTPException) as error:
            return str(error)
        return "" if status == http.client.OK else body.decode(errors="replace")

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        return not self.objection()
