# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Basic authentication (semantics.md A.3 61 to 64, B.14). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader
from ..references import Place, split_reference

FILE = "auth-file"
MAP = "auth-map"
UNKNOWN = "unknown"
"""Format of passwords that are not at hand: only manifests are, without the Secret."""


@dataclass(frozen=True, slots=True)
class Passwords:
    """Whose password nginx asks for.

    ``secret`` is None where it asks for none; then ``inactive`` says why it does not although annotations look as if
    it did. ``form`` is how the Secret holds the users; ``formats`` are the formats of their passwords
    (:class:`SecretFacts`). ``digest`` asks for digest authentication instead of basic.
    """

    secret: Place | None = None
    form: str = FILE
    realm: str = ""
    digest: bool = False
    formats: tuple[str, ...] = ()
    inactive: str = ""

    def describe(self) -> str:
        """Return the Secret and its form as one text, by which witnesses compare what decides."""
        return f"{'/'.join(self.secret or ())} {self.form}"


_NONE = Passwords()


def read_passwords(reader: Reader) -> Passwords:
    """Return what the annotations of this family say.

    Source: ingress-nginx ``internal/ingress/annotations/auth/main.go`` Parse.
    """
    values = reader.values
    if "auth-type" not in values:
        return Passwords(inactive="auth-type is missing") if "auth-secret" in reader.named else _NONE
    form = values.get("auth-secret-type", FILE)
    place = split_reference(values.get("auth-secret", ""), reader.namespace)
    foreign = place is not None and place[0] != reader.namespace
    if place is None or form not in (FILE, MAP) or (foreign and not reader.settings.allow_cross_namespace):
        reader.deny("auth-secret" if "auth-secret" in values else "auth-type")
        return _NONE
    facts = reader.references.secrets.get(place)
    usable = reader.references.assumed if facts is None else form == MAP or "auth" in facts.keys
    if not usable:
        reader.deny("auth-secret")
        return _NONE
    reader.insist("auth-realm")
    formats = (facts.file_hashes if form == FILE else facts.map_hashes) if facts else (UNKNOWN,)
    realm = values.get("auth-realm", "")
    if realm == "off":
        # nginx.tmpl quotes the realm, but ngx_http_auth_basic_module compares the text.
        return Passwords(inactive="the realm off switches authentication off")
    return Passwords(place, form, realm, values["auth-type"] != "basic", formats)
