# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers that the controller's ConfigMap adds, sends and hides (semantics.md B.19, B.20). PRIVATE to the collection.

The controller writes them as directives, so they are read as such: values may name variables of nginx.
Source: ingress-nginx ``rootfs/etc/nginx/template/nginx.tmpl``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .snippets.blocks import NOTHING, Block
from .snippets.reading import Level, read_snippet

Data = Mapping[str, str]

NAMING = frozenset(("add-headers", "proxy-set-headers"))
"""The keys whose value is the name of another ConfigMap."""


def added_headers(data: Data) -> Block:
    """Return what ``add-headers`` says of all answers; ``data`` is that of the ConfigMap it names."""
    lines = (f"{name}: {value}" for name, value in sorted(data.items()))
    return _read((f"more_set_headers {_quoted(line)}" for line in lines), Level.HTTP)


def sent_headers(data: Data) -> Block:
    """Return what ``proxy-set-headers`` says of all requests to backends; ``data`` is that of the ConfigMap it names.

    A header that the controller sends anyway would be sent twice: that is an obstacle.
    """
    pairs = sorted(data.items())
    return _read((f"proxy_set_header {name} {_quoted(value)}" for name, value in pairs), Level.LOCATION)


def hidden_headers(text: str) -> Block:
    """Return what ``hide-headers``, a list of names, says of the answers of backends."""
    names = [name.strip() for name in text.split(",")]
    return _read((f"proxy_hide_header {_quoted(name)}" for name in names if name), Level.HTTP)


def _read(directives: Iterable[str], level: Level) -> Block:
    text = "".join(f"{directive};\n" for directive in directives)
    return read_snippet(text, level) if text else NOTHING


def _quoted(text: str) -> str:
    r"""Return ``text`` as the controller's template quotes it; nginx reads ``\"`` and ``\\`` in quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
