# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of Envoy's basic authentication: in a plan only which Secret has them (design.md, rule 11). PRIVATE.

The text is a file of htpasswd. Its first line, a comment, names the Secret; in a plan one line follows that nobody can
log in with, so that a plan which is applied as it is lets nobody in. :func:`filled` puts the users there at apply time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._kube.objects import KubeObject

ROUTE_TYPE = "envoy.extensions.filters.http.basic_auth.v3.BasicAuthPerRoute"
NOBODY = "nobody:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""A line that Envoy takes and that no password fits: no text is known whose SHA-1 is zero."""

_HEAD = re.compile(r"# users of Secret ([a-z0-9.-]+)/([a-z0-9.-]+), (auth-file|auth-map)")
_SHA = re.compile(r"\{SHA\}[A-Za-z0-9+/]{27}=", re.ASCII)


@dataclass(frozen=True, slots=True)
class UserSource:
    """The Secret whose users may log in, and how it holds them: ``auth-file`` or ``auth-map``."""

    namespace: str
    name: str
    form: str


def reference(source: UserSource) -> str:
    """Return the text that stands in a plan for the users of ``source``."""
    return f"{_head(source)}\n{NOBODY}\n"


def source_of(text: str) -> UserSource | None:
    """Return whose users a text stands for, or holds; None for a text that is not ours."""
    found = _HEAD.fullmatch(text.partition("\n")[0])
    return UserSource(found[1], found[2], found[3]) if found else None


def user_lines(files: Mapping[str, str], form: str) -> Iterator[tuple[str, str]]:
    """Yield user and hash as nginx reads them; ``files`` are the texts of the Secret by key.

    Lines without a colon and comments count for nothing; a second colon ends the hash
    (ngx_http_auth_basic_module).
    """
    if form == "auth-map":
        text = "\n".join(f"{user}:{value}" for user, value in sorted(files.items()))
    else:
        text = files.get("auth", "")
    for line in re.split(r"[\r\n]+", text):
        user, colon, rest = line.partition(":")
        if colon and not line.startswith("#"):
            yield user, rest.partition(":")[0]


def filled(source: UserSource, files: Mapping[str, str]) -> str:
    """Return the text for Envoy with the users of ``source``; of two lines for one user the first counts.

    Raises ValueError where a password has another format than {SHA}; ``str()`` does not show it.
    """
    users: dict[str, str] = {}
    for user, hashed in user_lines(files, source.form):
        if not _SHA.fullmatch(hashed):
            raise ValueError("a password has another format than {SHA}")
        users.setdefault(user, hashed)
    lines = [f"{user}:{hashed}" for user, hashed in users.items() if user]
    return "\n".join((_head(source), *(lines or [NOBODY]))) + "\n"


def replaced_users(obj: KubeObject, replace: Callable[[str], str]) -> KubeObject:
    """Return an EnvoyFilter with ``replace`` applied to every text of users; any other object as it is."""
    if obj.get("kind") != "EnvoyFilter":
        return obj
    return {**obj, "spec": _replaced(obj.get("spec"), replace)}


def hidden(text: str) -> str:
    """Return what may be shown of a text of users: whose they are."""
    return text.partition("\n")[0] if source_of(text) else "(users)"


def _replaced(value: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_replaced(item, replace) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _replaced(item, replace) for name, item in value.items()}
    users = changed.get("users")
    if isinstance(users, dict) and isinstance(users.get("inline_string"), str):
        changed["users"] = {**users, "inline_string": replace(users["inline_string"])}
    return changed


def _head(source: UserSource) -> str:
    return f"# users of Secret {source.namespace}/{source.name}, {source.form}"
