# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a Secret that an annotation names: facts, never its content (design.md, rule 11). PRIVATE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .._kube.names import is_dns_label, is_object_name
from .._kube.objects import KubeObject, annotations_of, key_of

_NAMING = frozenset(("auth-secret", "auth-tls-secret", "proxy-ssl-secret"))


@dataclass(frozen=True, slots=True)
class SecretFacts:
    """One Secret that decides who may come in, or what the gateway shows to backends.

    ``keys`` are the names in its data, sorted; ``digest`` is the SHA-256 of the data as a whole, so that a changed
    Secret makes another plan. ``file_hashes`` are the password formats of its key ``auth`` read as an htpasswd file,
    ``map_hashes`` those of all its keys read as users; sorted, each once, ``malformed`` for what is none.
    ``authority`` is the SHA-256 of the first certificate in ``ca.crt``, empty where there is none or it is unreadable.
    """

    namespace: str
    name: str
    keys: tuple[str, ...] = ()
    digest: str = ""
    file_hashes: tuple[str, ...] = ()
    map_hashes: tuple[str, ...] = ()
    authority: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the facts as one line of ``secrets.jsonl``."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "keys": list(self.keys),
            "digest": self.digest,
            "file_hashes": list(self.file_hashes),
            "map_hashes": list(self.map_hashes),
            "authority": self.authority,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SecretFacts:
        """Return the facts of one line of ``secrets.jsonl``. Raises TypeError for unknown fields."""
        lists = {name: tuple(data[name]) for name in ("keys", "file_hashes", "map_hashes")}
        return cls(**{**data, **lists})


def named_secrets(ingresses: Iterable[KubeObject]) -> Iterator[tuple[str, str]]:
    """Yield the Secrets (namespace, name) that annotations of ``ingresses`` name, as far as such a name is legal.

    The prefix of the annotations does not matter, for a controller may have another one.
    """
    for ingress in ingresses:
        for name, value in annotations_of(ingress).items():
            if name.rpartition("/")[2] not in _NAMING:
                continue
            namespace, slash, secret = value.strip().rpartition("/")
            place = (namespace if slash else key_of(ingress).namespace, secret)
            if is_dns_label(place[0]) and is_object_name(place[1]):
                yield place
