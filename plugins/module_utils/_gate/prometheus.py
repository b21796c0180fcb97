# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks Prometheus, or what speaks its API, for the values of expressions. PRIVATE to the collection."""

from __future__ import annotations

import json
import math
import urllib.parse
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.urls import open_url

from .errors import GateError

_SECONDS = 15.0


class Prometheus:
    """An API at ``url``; ``token`` goes into the header Authorization unless it is empty."""

    def __init__(self, url: str, token: str = "", *, authority: str | None = None) -> None:
        scheme = urllib.parse.urlsplit(url).scheme
        if scheme not in ("http", "https"):
            raise GateError(f"{url} is no address of Prometheus: it has to begin with http:// or https://")
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._authority = authority

    def ask(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """Return labels and value of each sample that is a number.

        Raises:
            GateError: there is no answer, a refusal, or something else than samples.
        """
        body = urllib.parse.urlencode({"query": expression}).encode()
        address = f"{self._url}/api/v1/query"
        try:
            answer = open_url(
                address,
                body,
                self._headers,
                method="POST",
                timeout=_SECONDS,
                ca_path=self._authority,
                use_netrc=False,
                follow_redirects="none",  # a token is shown to nobody else
            )
            with answer:
                content: Any = json.load(answer)
            samples = [(sample["metric"], float(sample["value"][1])) for sample in content["data"]["result"]]
        except (OSError, KeyError, TypeError, IndexError, ValueError) as error:
            raise GateError(f"Prometheus at {self._url} did not answer {expression}: {error}") from error
        return [(labels, value) for labels, value in samples if math.isfinite(value)]
