# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether both planes answer one probe alike (design.md, Proof). PRIVATE to the collection.

Pure: nginx's answers (at least two, so that what varies by itself is known), the gateway's, and what the findings
predict. A predicted difference is an assertion: it must be there, exactly so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .._convert.differences import Difference
from .._http.pages import is_error_page, names_nginx
from .probes import Probe
from .redaction import shown_body, shown_header, shown_location
from .replies import Reply, is_handshake
from .synthesis import DISGUISED

HEADER = "header:"
"""Prefix of the fields that are headers."""

_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
"""Of one connection, not of the answer (RFC 9110 7.6.1)."""

_NOT_COMPARED = _HOP_BY_HOP | {
    "date",  # the moment of the answer
    "location",  # a field of its own
}

_GATEWAYS_OWN = "x-envoy-"
"""What Envoy tells about itself, such as how long the backend took."""

_OF_BODY = frozenset(("content-length", "content-type"))
"""Headers of a page that a plane makes itself: they differ as the pages do (semantics.md B.21)."""

_BACKEND_FAILED = (502, 504)
"""What nginx answers when the backend that the model names did not."""

_NOT_ADMITTED = (302, 401, 403, 500)
"""What nginx answers to those who are not let through: by an address list, a password, another service."""

_LENGTH = HEADER + "content-length"

_EXACT = ("error", "status")
"""Fields that must be one of nginx's values even where those vary: a gateway's 404 is no noise."""


class Verdict(StrEnum):
    """The outcome for one probe or one certificate."""

    EQUAL = "equal"
    DESCRIBED = "described"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One field in which the gateway's answer is not nginx's, or not the predicted one.

    Values are fit to be shown: those of headers that may hold secrets are digests. ``code`` is the finding that
    predicts a difference here; ``as_predicted`` tells whether it came as predicted.
    """

    field: str
    nginx: str
    istio: str
    code: str = ""
    as_predicted: bool = False

    def __str__(self) -> str:
        text = f"{self.field}: nginx {self.nginx!r}, istio {self.istio!r}"
        if not self.code:
            return text
        return f"{text} ({self.code}{'' if self.as_predicted else ' predicts another difference'})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome for one probe.

    ``noise`` names the fields that vary in nginx's own answers; ``model`` says where nginx did not answer what the
    model said, and is empty where it did.
    """

    verdict: Verdict
    deviations: tuple[Deviation, ...] = ()
    noise: tuple[str, ...] = ()
    model: str = ""


def compare(probe: Probe, nginx: Sequence[Reply], istio: Reply) -> Comparison:
    """Compare ``istio`` with nginx's answers to ``probe``, of which there must be at least one.

    The length of a body that varies, or is not sent, is no evidence (a server need not even tell the latter, RFC 9110
    9.3.2; nginx tells 0 of gRPC); that there is one must agree.
    """
    if probe.guarded and probe.why == DISGUISED and nginx[-1].status not in _NOT_ADMITTED:
        # The list admits us: the disguise reaches a backend, in each plane's own spelling. Nothing is told by that.
        return Comparison(Verdict.EQUAL, (), (), "")
    compares_body = _compares_body(probe, nginx)
    expected = [_fields(reply, compares_body) for reply in nginx]
    found = _fields(istio, compares_body)
    if probe.chance:
        # Two backends may have answered; what they say is theirs.
        expected, found = [_of_the_plane(fields) for fields in expected], _of_the_plane(found)
    noise = tuple(sorted({name for fields in expected for name in fields if _varies(name, expected)}))
    uncertain = {*noise, _LENGTH} if "body" in noise or probe.method == "HEAD" else set(noise)
    answered = "status" in expected[-1] and "status" in found
    # What is predicted is the answer for clients that are let in.
    predicted = {item.field: item for item in probe.described} if answered and not _is_refused(probe, nginx[-1]) else {}
    deviations = []
    # What matters most is told first: no answer, then another status.
    for name in sorted({*expected[-1], *found, *predicted}, key=lambda name: (name not in _EXACT, name)):
        if name in uncertain:
            if not _passes_noise(name, expected, found):
                deviations.append(_deviation(name, expected[-1].get(name), found.get(name)))
            continue
        deviations += _judge(name, expected[-1].get(name), found.get(name), predicted.get(name))
    if any(item.field == "error" for item in deviations):
        # Without an answer every other field differs, too; that says nothing more.
        deviations = [item for item in deviations if item.field in _EXACT]
    if any(item.field == "status" and item.as_predicted for item in deviations):
        # Another answer is predicted, so what else it says is not that of nginx's.
        deviations = [item for item in deviations if item.code]
    return Comparison(_verdict(deviations), tuple(deviations), noise, model_mismatch(probe, nginx[-1]))


def _of_the_plane(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name in (*_EXACT, "location")}


def _compares_body(probe: Probe, nginx: Sequence[Reply]) -> bool:
    """Tell whether the bodies come from a backend that both planes asked for the same."""
    if probe.why == DISGUISED or _is_refused(probe, nginx[-1]) or any(map(_is_own_page, nginx)):
        return False
    return not (probe.generated and nginx[-1].status == probe.status)


def _is_refused(probe: Probe, nginx: Reply) -> bool:
    """Tell whether whoever guards the route, which the prober may or may not pass, refused it."""
    if not probe.guarded or nginx.status not in _NOT_ADMITTED:
        return False
    return probe.method == "HEAD" or _is_own_page(nginx)


def _is_own_page(reply: Reply) -> bool:
    return is_error_page(reply.status, reply.body_sha256, _server(reply))


def _server(reply: Reply) -> str:
    return ", ".join(reply.headers.get("server", ()))


def _fields(reply: Reply, compares_body: bool) -> dict[str, str]:
    """Return what is compared of a reply; a header that is absent has no field."""
    fields = {"error": reply.failure}
    if not reply.status:
        return fields
    fields["status"] = str(reply.status)
    if "location" in reply.headers:
        fields["location"] = reply.location
    compares_body = compares_body and not reply.failure and not is_handshake(reply.status)
    ignored = _NOT_COMPARED if compares_body else _NOT_COMPARED | _OF_BODY
    for name, values in reply.headers.items():
        if name == "server" and names_nginx(_server(reply)):
            continue  # what nginx calls itself, where server-tokens lets it
        if name not in ignored and not name.startswith(_GATEWAYS_OWN):
            fields[HEADER + name] = ", ".join(values)
    if compares_body:
        fields["body"] = shown_body(reply.body_sha256, reply.body_length)
    return fields


def _varies(name: str, answers: Sequence[Mapping[str, str]]) -> bool:
    return len({fields.get(name) for fields in answers}) > 1


def _passes_noise(name: str, expected: Sequence[Mapping[str, str]], found: Mapping[str, str]) -> bool:
    """Tell whether ``found`` agrees with what is certain about a field that varies: its presence, or its choices."""
    values = {fields.get(name) for fields in expected}
    if name in _EXACT:
        return found.get(name) in values
    return None in values or name in found


def _judge(name: str, nginx: str | None, istio: str | None, predicted: Difference | None) -> list[Deviation]:
    if predicted is None:
        return [] if nginx == istio else [_deviation(name, nginx, istio)]
    as_predicted = (istio or "") == predicted.value
    return [_deviation(name, nginx, istio, predicted.code, as_predicted)]


def _deviation(
    name: str, nginx: str | None, istio: str | None, code: str = "", as_predicted: bool = False
) -> Deviation:
    return Deviation(name, _shown(name, nginx), _shown(name, istio), code, as_predicted)


def _shown(name: str, value: str | None) -> str:
    if value is None:
        return "(none)"
    if name == "location":
        return shown_location(value)
    return shown_header(name.removeprefix(HEADER), value) if name.startswith(HEADER) else value


def _verdict(deviations: Sequence[Deviation]) -> Verdict:
    if not deviations:
        return Verdict.EQUAL
    return Verdict.DESCRIBED if all(item.as_predicted for item in deviations) else Verdict.DIFFERENT


def model_mismatch(probe: Probe, nginx: Reply) -> str:
    """Return in which way nginx did not answer what the model said, empty where it did."""
    if probe.guarded and nginx.status in _NOT_ADMITTED:
        return ""
    if not probe.generated:
        own = nginx.status not in _BACKEND_FAILED and _is_own_page(nginx)
        return f"the model says that a backend answers, nginx answers {nginx.status} itself" if own else ""
    said = f"{probe.status} {shown_location(probe.location)}".strip()
    did = nginx.error or f"{nginx.status} {shown_location(nginx.location)}".strip()
    agrees = (nginx.status, nginx.location) == (probe.status, probe.location)
    return "" if agrees else f"the model says {said}, nginx answers {did}"
