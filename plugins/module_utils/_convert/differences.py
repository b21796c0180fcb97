# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each approximate finding predicts, request by request (design.md, Proof). PRIVATE to the collection.

A described difference is an assertion: for exactly these requests exactly this field of the gateway's answer differs
from nginx's, in exactly this way. A difference outside of it is unexplained, and so is a predicted one that does not
occur.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._http.exchange import Answer, Request


@dataclass(frozen=True, slots=True)
class Difference:
    """One predicted difference: ``field`` of the gateway's answer is nginx's value with ``suffix`` appended."""

    code: str
    field: str
    suffix: str

    def expected(self, nginx: str) -> str:
        """Return what the gateway answers where nginx answers ``nginx``."""
        return nginx + self.suffix


def described(codes: Iterable[str], request: Request, nginx: Answer) -> Iterator[Difference]:
    """Yield the differences that the findings ``codes`` of a host predict for ``request``.

    ``nginx`` is what nginx answers, by the model: a prediction may depend on which rule answers.
    """
    to_https = nginx.location.startswith("https://") and request.scheme == "http" and not nginx.backend
    if "REDIRECT-KEEPS-SLASH" in codes and to_https and request.target.endswith("/"):
        yield Difference("REDIRECT-KEEPS-SLASH", "location", "/")
