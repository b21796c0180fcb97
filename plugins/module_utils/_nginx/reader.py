# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the annotations of one Ingress as nginx does (semantics.md 0.3). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping

from .catalogue import ALIASES, ANNOTATIONS, Invalid
from .references import References
from .settings import Settings
from .syntax import PARSERS, parse_bool, parse_int

_UNREAD_BESIDE = {
    "permanent-redirect": "temporal-redirect",
    "permanent-redirect-code": "temporal-redirect",
}
"""Annotations that nginx does not look at where another one has a value."""

_READ_WITH = {
    **dict.fromkeys(("auth-secret", "auth-secret-type"), "auth-type"),
    **dict.fromkeys((name for name, entry in ANNOTATIONS.items() if entry.group == "authreq"), "auth-url"),
    "opentelemetry-operation-name": "enable-opentelemetry",
}
"""Annotations that nginx looks at only where another one has a value that it can use: wrong ones do no harm alone.

Source: ingress-nginx ``internal/ingress/annotations``, the order in which each Parse reads; seen on a controller.
"""

_READ_LATE = frozenset(
    ("auth-realm", "auth-tls-error-page", "auth-tls-pass-certificate-to-upstream", "auth-tls-match-cn")
)
"""Annotations that nginx looks at only once the Secret of their group is at hand; see :meth:`Reader.insist`."""


class Reader:
    """The usable annotations of one Ingress, and what is wrong with the others.

    ``values`` are by canonical name; ``unknown`` and ``invalid`` are names as written. ``rejected`` is the annotation
    that makes nginx refuse the whole Ingress, ``denied`` one for which nginx answers 503 on all of its paths.
    ``named`` are the annotations as written. Of the Ingress itself only the namespace can matter, and
    ``looks_around`` tells whether it was asked for: where it was not, equal annotations mean the same everywhere.
    """

    def __init__(self, namespace: str, named: Mapping[str, str], settings: Settings, references: References) -> None:
        self._namespace = namespace
        self.looks_around = False
        self.named = named
        self.settings = settings
        self.references = references
        self.values: dict[str, str] = {}
        self.unknown: list[str] = []
        self.invalid: list[str] = []
        self.rejected = ""
        self.denied = ""
        for written in sorted(named):
            name = ALIASES.get(written, written)
            if name not in ANNOTATIONS:
                self.unknown.append(written)
            elif _counts(written, name, named) and not named.get(_UNREAD_BESIDE.get(name, "")):
                self._take(written, name, named[written], settings.annotation_validation)

    @property
    def namespace(self) -> str:
        """The namespace of the Ingress, empty for what nginx adds for nobody."""
        self.looks_around = True
        return self._namespace

    def _take(self, written: str, name: str, value: str, validate: bool) -> None:
        entry = ANNOTATIONS[name]
        cleaned = "\n".join(line.strip() for line in value.split("\n"))
        # Without validation nginx still has to parse what is no text.
        if cleaned and (entry.valid(value) or not (validate or entry.valid in PARSERS)):
            self.values[name] = cleaned
            return
        if entry.invalid is Invalid.FORBID:
            # The whole host answers 403, paths of other Ingresses too: no other value of it is carried over either.
            self.values[name] = cleaned
            return
        self.invalid.append(written)
        if name in _READ_LATE or not self._is_read(name):
            return
        # nginx does not validate an empty value, it fails to use it: that never rejects an Ingress.
        if entry.invalid is Invalid.REJECT and value:
            self.rejected = self.rejected or written
        elif entry.invalid is Invalid.DENY:
            self.denied = self.denied or written

    def _is_read(self, name: str) -> bool:
        first = _READ_WITH.get(name, name)
        if first == name:
            return True
        value = self.named.get(first, "")
        return bool(value) and (not self.settings.annotation_validation or ANNOTATIONS[first].valid(value))

    def insist(self, *names: str) -> None:
        """Let nginx refuse the Ingress where one of ``names``, which it looks at only now, has a wrong value."""
        wrong = next((name for name in names if name in self.invalid and self.named[name]), "")
        self.rejected = self.rejected or wrong

    def deny(self, name: str) -> None:
        """Remember that nginx answers 503 on every path of the Ingress, for what ``name`` says or refers to."""
        self.denied = self.denied or name
        if name not in self.invalid:
            self.invalid.append(name)

    def boolean(self, name: str, default: bool) -> bool:
        """Return the value of ``name`` as Go's ``strconv.ParseBool`` reads it, ``default`` where it is not usable."""
        value = parse_bool(self.values.get(name, ""))
        return default if value is None else value

    def integer(self, name: str, default: int) -> int:
        """Return the value of ``name`` as Go's ``strconv.Atoi`` reads it, ``default`` where it is not usable."""
        value = parse_int(self.values.get(name, ""))
        return default if value is None else value

    def text(self, name: str, default: str) -> str:
        """Return the value of ``name``, ``default`` where it is not usable."""
        return self.values.get(name, default)


def _counts(written: str, name: str, named: Mapping[str, str]) -> bool:
    """Tell whether nginx reads this spelling: an alias only with a value, and where the canonical one is empty."""
    if written != name:
        return bool(named[written]) and not named.get(name)
    return bool(named[written]) or not named.get(ANNOTATIONS[name].alias)
