# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the objects of a bundle to the Ingresses that nginx serves. PRIVATE to the collection.

Everything that does not count is reported, nothing is dropped in silence (design.md, rule 4).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field

from .._bundle.bundle import Bundle
from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._kube.objects import ObjectKey, data_of, key_of
from .catalogue import ACCEPTED
from .compression import GZIP
from .header_settings import NAMING
from .ingress import Ingress, oldest_first, read_ingress
from .ownership import IngressClasses, load_refusal
from .policy import Policy, Readings
from .references import references_of
from .settings import Settings, controller_version, read_settings

ASSUMED_RELEASE = "1.15"


@dataclass(slots=True)
class Intake:
    """The Ingresses that count, oldest first, each with its policy; and what was found on the way.

    ``controller`` is the workload that serves them, or a stand-in where only manifests are at hand;
    ``unreadable_hosts`` are hosts of what could not be read, by host: its source.
    """

    settings: Settings
    controller: ObjectKey
    ingresses: list[tuple[Ingress, Policy]] = field(default_factory=list)
    unreadable_hosts: dict[str, Source] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def take_in(bundle: Bundle) -> Intake:
    """Return the Ingresses of ``bundle`` that its controller serves."""
    controller = bundle.controller
    workload = ObjectKey(controller.kind, controller.namespace, controller.name) if controller else _NOWHERE
    intake = Intake(_settings_of(bundle), workload)
    intake.findings += _settings_findings(bundle, intake)
    intake.findings += _refusal_findings(bundle, intake)
    classes = IngressClasses(bundle.of("IngressClass"), intake.settings)
    readings = Readings(intake.settings, references_of(bundle))
    policies: dict[ObjectKey, Policy] = {}
    accepted: list[Ingress] = []
    for obj in bundle.of("Ingress"):
        ingress = read_ingress(obj, intake.settings.annotations_prefix)
        if not _is_served(ingress, classes, intake):
            continue
        reading = readings.of(ingress)
        intake.findings += _annotation_findings(ingress, reading.unknown, reading.invalid, reading.policy.denied)
        if reading.rejected:
            value = ingress.named[reading.rejected]
            _refuse(ingress, f"annotation {reading.rejected} has the value {value!r}", intake)
            continue
        policies[ingress.key] = reading.policy
        accepted.append(ingress)
    intake.ingresses = [(ingress, policies[ingress.key]) for ingress in oldest_first(accepted)]
    return intake


def _settings_of(bundle: Bundle) -> Settings:
    controller = bundle.controller
    if controller is None:
        return read_settings(None, None, None)
    data = None
    if controller.configmap:
        wanted = ObjectKey("ConfigMap", *controller.configmap)
        data = next((data_of(obj) for obj in bundle.of("ConfigMap") if key_of(obj) == wanted), None)
    named = references_of(bundle).configmaps if data and not data.keys().isdisjoint(NAMING) else {}
    return read_settings(controller.arguments, data, controller_version(controller.image), named)


def _settings_findings(bundle: Bundle, intake: Intake) -> Iterator[Finding]:
    settings, workload = intake.settings, Source(intake.controller)
    for what in settings.assumed:
        yield finding("ASSUMED-DEFAULT", workload, what=f"the controller's {what}", release=ASSUMED_RELEASE)
    if bundle.serving is None:
        what = "which Services have endpoints"
        yield finding("ASSUMED-DEFAULT", workload, what=what, release=ASSUMED_RELEASE)
    reference = bundle.controller.configmap if bundle.controller else None
    place = ObjectKey("ConfigMap", *reference) if reference else intake.controller
    reported = (
        ("SETTING-NOT-CONVERTED", settings.unsupported),
        ("SETTING-IGNORED", settings.ignored),
        ("UNKNOWN-SETTING", settings.unknown),
    )
    for code, pairs in reported:
        for key, value in pairs:
            yield finding(code, Source(place, field=f"data.{key}"), key=key, value=repr(value))
    yield from _without_counterpart(settings, place)
    if settings.proxy_protocol:
        yield finding("PROXY-PROTOCOL-EXPECTED", Source(place, field="data.use-proxy-protocol"))
    for key, trusts in (("use-forwarded-headers", settings.forwarded_headers), ("enable-real-ip", settings.real_ip)):
        if trusts:
            source = Source(place, field=f"data.{key}")
            yield finding("FORWARDED-HEADERS-TRUSTED", source, key=key, header=settings.forwarded_for_header)


def _without_counterpart(settings: Settings, place: ObjectKey) -> Iterator[Finding]:
    """Yield what the gateway does otherwise for all hosts, or does not do."""
    for key, effect in settings.given_up:
        yield finding("SETTING-GIVEN-UP", Source(place, field=f"data.{key}"), key=key, effect=effect)
    for key in settings.firewall:
        yield finding("FIREWALL-LOST", Source(place, field=f"data.{key}"), setting=f"ConfigMap key {key}")
    for way in settings.compressions:
        key = "use-gzip" if way.method == GZIP else "enable-brotli"
        yield finding("COMPRESSED-OTHERWISE", Source(place, field=f"data.{key}"), method=way.method)
    if settings.tls.rejects_strangers:
        yield finding("STRANGERS-OF-CERTIFICATES", Source(place, field="data.ssl-reject-handshake"))
    ciphers = Source(place, field="data.ssl-ciphers")
    if settings.tls.unreadable:
        yield finding("CIPHERS-LOST", ciphers, ciphers=repr(settings.tls.unreadable))
    if settings.tls.missing:
        yield finding("CIPHERS-MISSING", ciphers, ciphers=", ".join(settings.tls.missing))


_NOWHERE = ObjectKey("Cluster", "", "")


def _refusal_findings(bundle: Bundle, intake: Intake) -> Iterator[Finding]:
    own = bundle.controller.configmap if bundle.controller else None
    for item in bundle.refusals:
        source = Source(item.key, field=item.field)
        yield finding(item.code, source, problem=item.problem)
        intake.unreadable_hosts |= dict.fromkeys(item.hosts, source)
        if own and item.key == ObjectKey("ConfigMap", *own) and item.code == "MALFORMED-OBJECT":
            yield finding("SETTINGS-UNREADABLE", source)


def _is_served(ingress: Ingress, classes: IngressClasses, intake: Intake) -> bool:
    reason = classes.refusal(ingress)
    if reason:
        intake.findings.append(finding("OTHER-CLASS", Source(ingress.key), reason=reason))
        return False
    reason = load_refusal(ingress, intake.settings)
    if reason:
        _refuse(ingress, reason, intake)
    return not reason


def _refuse(ingress: Ingress, reason: str, intake: Intake) -> None:
    intake.findings.append(finding("INGRESS-NOT-SERVED", Source(ingress.key), reason=reason))
    intake.findings.append(finding("MAYBE-STALE", Source(ingress.key)))


def _annotation_findings(
    ingress: Ingress, unknown: tuple[str, ...], invalid: tuple[str, ...], denied: str
) -> Iterator[Finding]:
    for name in unknown:
        close = difflib.get_close_matches(name, ACCEPTED, n=1, cutoff=0.8)
        suggestion = f"; {close[0]} has a similar name" if close else ""
        yield finding("UNKNOWN-ANNOTATION", Source(ingress.key, annotation=name), suggestion=suggestion)
    for name in invalid:
        code = "DENIED-LOCATION" if name == denied else "INVALID-ANNOTATION"
        yield finding(code, Source(ingress.key, annotation=name), value=repr(ingress.named[name]))
