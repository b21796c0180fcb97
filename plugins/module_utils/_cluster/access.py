# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the API server what an identity may do. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from .api import Api
from .grants import Grant

_PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_PARALLEL = 16


def missing_permissions(api: Api, grants: Iterable[Grant]) -> list[str]:
    """Return a line for each thing in ``grants`` that this identity may not do. Raises ApiError, UnreachableError."""
    questions = [question for grant in grants for question in grant.questions()]

    def ask(question: dict[str, str]) -> bool:
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": question},
        }
        return bool((api.post(_PATH, review).get("status") or {}).get("allowed"))

    with ThreadPoolExecutor(_PARALLEL) as pool:
        allowed = list(pool.map(ask, questions))
    return sorted({_words(question) for question, yes in zip(questions, allowed, strict=True) if not yes})


def _words(question: dict[str, str]) -> str:
    resource = "/".join(filter(None, (question["resource"], question.get("subresource", ""))))
    group = f".{question['group']}" if question["group"] else ""
    name = f" named {question['name']}" if question.get("name") else ""
    place = f" in namespace {question['namespace']}" if question["namespace"] else " in the whole cluster"
    return f"{question['verb']} {resource}{group}{name}{place}"
