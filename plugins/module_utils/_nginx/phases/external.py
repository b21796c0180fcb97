# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking another service whether a request may pass (semantics.md 0.5, phase 8; B.13). PRIVATE to the collection."""

from __future__ import annotations

import base64

from ..._http.exchange import Answer, Guard, Request
from ..external_auth import Question, address_of
from ..ingress import EXACT
from ..site import Location, Site
from ..variables import expanded
from ..visit import Visit


def external_phase(visit: Visit) -> Answer | None:
    """Remember that another service decides, where one is asked."""
    question = question_of(visit.site, visit.location)
    if question:
        refusal = f"302 {expanded(question.signin, visit.request)}" if question.signin else "401"
        visit.guards.append(Guard("external", _decides(question, visit.location, visit.request), refusal))
    return None


def question_of(site: Site, location: Location) -> Question | None:
    """Return what is asked before a request of ``location`` passes; nothing where ``no-auth-locations`` exempts it."""
    question = location.policy.external_auth.question
    return None if question is None or location.rule_path.startswith(site.settings.no_auth_paths) else question


def question_path(question: Question, location: Location) -> str:
    """Return path and query of a question as written.

    A URL without a path is asked for the name that ingress-nginx gives the location of the question itself.
    """
    address = address_of(question.url)
    path = address.path if address else ""
    if path:
        return path if path.startswith("/") else f"/{path}"
    encoded = base64.urlsafe_b64encode(location.path.encode()).decode().rstrip("=")
    return f"/_external-auth-{encoded}-{'Exact' if location.type == EXACT else 'Prefix'}"


def _decides(question: Question, location: Location, request: Request) -> str:
    """Return one text for what is asked, in the form that the second witness finds in the objects, too."""
    address = address_of(question.url)
    if address is None:
        return ""
    host = expanded(address.host, request)
    asked = expanded(question.asked or "$request_uri", request)
    sent = {name.lower(): expanded(value, request) for name, value in question.headers}
    return " ".join(
        (
            question.method or "GET",
            f"{address.scheme}://{host}:{address.port}{expanded(question_path(question, location), request)}",
            f"asked={asked}",
            f"sent={sorted(sent.items())}",
            f"copied={sorted(name.lower() for name in question.copied)}",
            f"cookies={'always' if question.every_cookie else 'on success'}",
        )
    )
