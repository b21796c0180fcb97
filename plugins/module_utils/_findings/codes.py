# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding code: its level, what it means, what it says, and what to do. PRIVATE to the collection.

Codes are stable: they stand in plans, tickets and ``convert_accept``. The page docs/findings.md is generated from
this table.
"""

from __future__ import annotations

from .code import Code
from .finding import Finding, Source
from .tables import (
    access,
    backends,
    existing,
    external,
    headers,
    intake,
    limits,
    routing,
    settings,
    snippets,
    streams,
    tls,
)
from .tables import annotations as names

_TABLES = (
    intake,
    settings,
    names,
    routing,
    backends,
    tls,
    access,
    external,
    limits,
    headers,
    snippets,
    streams,
    existing,
)

CODES: dict[str, Code] = {code.name: code for table in _TABLES for code in table.CODES}


def finding(code: str, source: Source, *, host: str = "", **values: object) -> Finding:
    """Return one occurrence of ``code``; its texts may name ``host`` and ``values``.

    Raises KeyError for a code that the table does not have, or a value that its texts want and that is not given.
    """
    entry = CODES[code]
    message, remedy = (text.format(host=host, **values) for text in (entry.message, entry.remedy))
    return Finding(code, entry.level, source, message, remedy, host)
