# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of ``upstream-hash-by``: which parts of a request choose the endpoint (semantics.md A.2 28). PRIVATE."""

from __future__ import annotations

import re
from functools import lru_cache

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)
_NAMING = ("cookie_", "arg_")
_SAME = {"http_host": "host", "binary_remote_addr": "remote_addr", "the_real_ip": "remote_addr", "server_name": "host"}


@lru_cache(maxsize=4096)
def hash_variables(text: str) -> tuple[str, ...]:
    """Return the variables in ``text``, in their order, without the dollar; of several that mean the same, one name."""
    names = (found[1] or found[2] for found in _VARIABLE.finditer(text))
    lowered = (name if name.lower().startswith(_NAMING) else name.lower() for name in names)
    return tuple(_SAME.get(name, name) for name in lowered)


def shown_key(variables: tuple[str, ...]) -> str:
    """Return how both witnesses write that these parts of a request choose the endpoint."""
    return "hash " + "".join(f"${name}" for name in variables)
