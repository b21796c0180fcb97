# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions of nginx's ``if`` and its locations as conditions of routes (semantics.md B.18). PRIVATE."""

from __future__ import annotations

import re

from .._istio.regex import LIMIT, UnsupportedPatternError, is_literal, literal, translate
from .._istio.resources import HTTP_PORT, HTTPS_PORT
from .._nginx.snippets.blocks import Condition, WrittenLocation
from .._nginx.snippets.text import REPLACED
from .draft import Match

_FLAGS = re.compile(r"\(\?[a-zA-Z]*[ims]")
_HEADER = re.compile(r"http_[a-z0-9_]+", re.ASCII)
_PSEUDO = {"request_uri": ":path", "request_method": ":method", "http_host": ":authority", "host": ":authority"}


class NoSuchConditionError(ValueError):
    """No route has the condition; ``str()`` says why."""


def condition_match(condition: Condition) -> Match:
    """Return the match fields for ``condition``. Raises NoSuchConditionError."""
    variable, operator = condition.variable, condition.operator
    if variable in ("scheme", "pass_access_scheme"):
        return _by_port(condition)
    if variable in REPLACED:
        raise NoSuchConditionError(f"a condition on ${variable}, which the gateway sets itself")
    header = _PSEUDO.get(variable)
    if header is None and _HEADER.fullmatch(variable):
        header = variable.removeprefix("http_").replace("_", "-")
    if header is None:
        raise NoSuchConditionError(f"a condition on ${variable}")
    if not operator or not condition.operand:
        return _presence(header, condition)
    try:
        test = _test(variable, operator.lstrip("!"), condition.operand)
    except UnsupportedPatternError as error:
        raise NoSuchConditionError(f"an expression with {error}") from error
    # A header that is absent is empty for nginx, and fits no condition here.
    if header not in _PSEUDO.values() and _fits_empty(operator.lstrip("!"), condition.operand):
        raise NoSuchConditionError("an expression that an absent header fits")
    return {"withoutHeaders" if operator.startswith("!") else "headers": {header: test}}


def _by_port(condition: Condition) -> Match:
    ports = {"http": HTTP_PORT, "https": HTTPS_PORT}
    if condition.operator not in ("=", "!=") or condition.operand not in ports:
        raise NoSuchConditionError("a condition on the scheme")
    wanted = ports[condition.operand]
    return {"port": wanted if condition.operator == "=" else HTTP_PORT + HTTPS_PORT - wanted}


def _presence(header: str, condition: Condition) -> Match:
    """``if ($http_x)`` holds for what is neither empty nor ``0``; ``= ""`` for what is empty."""
    if header in _PSEUDO.values() or condition.operator not in ("", "=", "!="):
        raise NoSuchConditionError("a condition that always holds")
    if not condition.operator:
        return {"headers": {header: {"regex": "0.+|[^0].*"}}}
    return {"withoutHeaders" if condition.operator == "=" else "headers": {header: {"regex": ".+"}}}


def _test(variable: str, operator: str, operand: str) -> dict[str, str]:
    if operator == "=":
        if variable == "host":
            return {"regex": f"(?i){literal(operand)}(:[0-9]+)?" if operand == operand.lower() else "[^\\s\\S]"}
        return {"exact": operand}
    if variable == "host":
        raise NoSuchConditionError("an expression for $host")
    return {"regex": found_anywhere(operand, ignore_case=operator == "~*")}


def _fits_empty(operator: str, operand: str) -> bool:
    return operator != "=" and re.search(translate(operand), "") is not None


def found_anywhere(pattern: str, *, ignore_case: bool) -> str:
    """Return an expression for a whole text in which nginx finds ``pattern``. Raises UnsupportedPatternError."""
    if not ignore_case and _FLAGS.search(pattern):
        raise UnsupportedPatternError("flags of its own")
    whole = f"({'?is' if ignore_case else '?s'}).*(?:{translate(pattern)}).*"
    if len(whole) > LIMIT:
        raise UnsupportedPatternError(f"more than {LIMIT} characters")
    return whole


def location_match(location: WrittenLocation) -> Match:
    """Return the condition for the paths of a hand-written location. Raises NoSuchConditionError."""
    if location.modifier in ("~", "~*"):
        try:
            return {"uri": {"regex": found_anywhere(location.path, ignore_case=location.modifier == "~*")}}
        except UnsupportedPatternError as error:
            raise NoSuchConditionError(f"an expression with {error}") from error
    if not location.path.startswith("/") or not is_literal(location.path.replace(".", "")):
        raise NoSuchConditionError("a path with special characters")
    return {"uri": {"exact" if location.modifier == "=" else "prefix": location.path}}
