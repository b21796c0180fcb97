# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the annotations of one Ingress mean: the policy of its locations. PRIVATE to the collection.

Sources: semantics.md 0.3 (parsing) and A.1 to A.4; ingress-nginx ``internal/ingress/annotations``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .families.access import Access, read_access
from .families.affinity import Affinity, read_affinity
from .families.answers import Answers, read_answers
from .families.canary import Canary, read_canary
from .families.client_certificates import ClientCertificates, read_client_certificates
from .families.connection import Connection, read_connection
from .families.cors import Cors, read_cors
from .families.errors import Errors, read_errors
from .families.external_auth import ExternalAuth, read_external_auth
from .families.headers import ResponseHeaders, read_headers
from .families.hosts import HostPolicy, read_hosts
from .families.limits import Limits, read_limits
from .families.mirror import Mirror, read_mirror
from .families.passwords import Passwords, read_passwords
from .families.redirects import Redirects, read_redirects
from .families.rewriting import Rewriting, read_rewriting
from .families.snippets import Snippets, read_snippets
from .ingress import Ingress
from .reader import Reader
from .references import References
from .settings import NextUpstream, Settings, Timeouts


@dataclass(frozen=True, slots=True)
class Policy:
    """The effective annotations of one Ingress, defaults of the controller filled in.

    ``present`` are the canonical names that stand on the Ingress with a usable value; ``denied`` is the name of the
    annotation for which nginx answers 503 on every path, empty in the ordinary case. What a family of annotations says
    is a field of its own.
    """

    present: frozenset[str]
    denied: str
    canary: bool
    use_regex: bool
    rewrite_target: str
    ssl_redirect: bool
    force_ssl_redirect: bool
    preserve_trailing_slash: bool
    cors: Cors | None
    backend_protocol: str
    timeouts: Timeouts
    next_upstream: NextUpstream
    split: Canary
    hosts: HostPolicy
    redirects: Redirects
    rewriting: Rewriting
    connection: Connection
    affinity: Affinity
    access: Access
    passwords: Passwords
    external_auth: ExternalAuth
    client_certificates: ClientCertificates
    limits: Limits
    headers: ResponseHeaders
    errors: Errors
    mirror: Mirror
    snippets: Snippets
    answers: Answers


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading the annotations of an Ingress gave.

    All names are as written. ``rejected`` is the annotation that makes nginx refuse the whole Ingress; ``unknown``
    are names under the prefix that nginx does not know; ``invalid`` are those whose value nginx cannot use.
    """

    policy: Policy
    rejected: str
    unknown: tuple[str, ...]
    invalid: tuple[str, ...]


def read_policy(ingress: Ingress, settings: Settings, references: References | None = None) -> Reading:
    """Return the policy of ``ingress`` and what nginx found wrong with its annotations.

    ``references`` are the objects that annotations may name; None for none.
    """
    return _read(ingress, settings, references or References())[0]


class Readings:
    """Reads the policies of many Ingresses, those of equal annotations once."""

    def __init__(self, settings: Settings, references: References) -> None:
        self._settings = settings
        self._references = references
        self._everywhere: dict[_Annotations, Reading] = {}
        self._by_namespace: dict[tuple[str, _Annotations], Reading] = {}

    def of(self, ingress: Ingress) -> Reading:
        """Return what :func:`read_policy` does."""
        annotations = tuple(ingress.named.items())
        place = (ingress.namespace, annotations)
        known = self._everywhere.get(annotations) or self._by_namespace.get(place)
        if known:
            return known
        reading, anywhere = _read(ingress, self._settings, self._references)
        if anywhere:
            self._everywhere[annotations] = reading
        else:
            self._by_namespace[place] = reading
        return reading


_Annotations: TypeAlias = tuple[tuple[str, str], ...]


def _read(ingress: Ingress, settings: Settings, references: References) -> tuple[Reading, bool]:
    """Return what reading ``ingress`` gives, and whether it would be the same in every namespace."""
    reader = Reader(ingress.namespace, ingress.named, settings, references)
    boolean, integer, text = reader.boolean, reader.integer, reader.text
    policy = Policy(
        present=frozenset(reader.values),
        canary=boolean("canary", False),
        use_regex=boolean("use-regex", False),
        rewrite_target=text("rewrite-target", ""),
        ssl_redirect=boolean("ssl-redirect", settings.ssl_redirect),
        force_ssl_redirect=boolean("force-ssl-redirect", settings.force_ssl_redirect),
        preserve_trailing_slash=boolean("preserve-trailing-slash", settings.preserve_trailing_slash),
        cors=read_cors(reader),
        split=read_canary(reader),
        backend_protocol=text("backend-protocol", "HTTP").upper(),
        timeouts=Timeouts(
            integer("proxy-connect-timeout", settings.timeouts.connect),
            integer("proxy-read-timeout", settings.timeouts.read),
            integer("proxy-send-timeout", settings.timeouts.send),
        ),
        next_upstream=NextUpstream(
            tuple(text("proxy-next-upstream", " ".join(settings.next_upstream.conditions)).split()),
            integer("proxy-next-upstream-tries", settings.next_upstream.tries),
            integer("proxy-next-upstream-timeout", settings.next_upstream.window),
        ),
        hosts=read_hosts(reader),
        redirects=read_redirects(reader),
        rewriting=read_rewriting(reader),
        connection=read_connection(reader),
        affinity=read_affinity(reader),
        access=read_access(reader),
        passwords=read_passwords(reader),
        external_auth=read_external_auth(reader),
        client_certificates=read_client_certificates(reader),
        limits=read_limits(reader),
        headers=read_headers(reader),
        errors=read_errors(reader),
        mirror=read_mirror(reader),
        snippets=read_snippets(reader),
        answers=read_answers(reader),
        # Last, for what an annotation refers to may deny the locations, too.
        denied=reader.denied,
    )
    reading = Reading(policy, reader.rejected, tuple(reader.unknown), tuple(reader.invalid))
    return reading, not reader.looks_around
