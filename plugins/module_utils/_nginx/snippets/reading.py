# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From directives to what they say (semantics.md B.18). PRIVATE to the collection.

What is outside of the table becomes an obstacle of its block: nothing is converted in part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache

from ..directives import Directive, DirectiveError, parse_directives
from ..syntax import parse_networks
from . import header_directives as headers
from .blocks import NOTHING, Block, Branch, Condition, Obstacle, Return, WrittenLocation, beside
from .header_directives import UnusualUseError
from .text import PLACES, Text, UnknownVariableError, constant, text_of


class Level(Enum):
    """Where a directive stands."""

    HTTP = "http"
    SERVER = "server"
    LOCATION = "location"
    WRITTEN = "location in a snippet"
    IF = "if in location"
    SERVER_IF = "if in server"


_NEUTRAL = frozenset(
    """
    access_log error_log log_not_found log_subrequest rewrite_log server_tokens
    gzip_buffers gzip_comp_level gzip_disable gzip_http_version gzip_min_length gzip_proxied gzip_types gzip_vary
    client_header_buffer_size client_header_timeout large_client_header_buffers client_body_buffer_size
    client_body_timeout client_body_temp_path client_body_in_single_buffer keepalive_requests keepalive_timeout
    lingering_close lingering_time lingering_timeout send_timeout reset_timedout_connection tcp_nodelay tcp_nopush
    sendfile output_buffers postpone_output port_in_redirect server_name_in_redirect
    proxy_buffer_size proxy_buffering proxy_buffers proxy_busy_buffers_size proxy_headers_hash_bucket_size
    proxy_headers_hash_max_size proxy_max_temp_file_size proxy_request_buffering proxy_temp_file_write_size
    proxy_temp_path proxy_socket_keepalive variables_hash_bucket_size variables_hash_max_size
    map_hash_bucket_size map_hash_max_size types_hash_max_size server_names_hash_bucket_size
    server_names_hash_max_size ssl_session_cache ssl_session_timeout ssl_buffer_size grpc_buffer_size
    open_file_cache open_file_cache_errors open_file_cache_min_uses open_file_cache_valid
    """.split()  # noqa: SIM905 - a list of sixty quoted strings reads worse
)
"""Directives without an effect that a gateway must have, too: logs, buffers, connections (level N of semantics.md)."""

_DEFAULTS = frozenset((("proxy_ssl_verify", "off"), ("proxy_ssl_session_reuse", "on")))
"""What nginx does anyway: certificates of backends are not looked at unless an annotation asks for it."""

# What the controller writes into every location itself: nginx refuses a second one there.
_IN_EVERY_LOCATION = frozenset(
    """
    client_max_body_size proxy_connect_timeout proxy_send_timeout proxy_read_timeout proxy_buffering proxy_buffer_size
    proxy_buffers proxy_max_temp_file_size proxy_request_buffering proxy_http_version proxy_next_upstream
    proxy_next_upstream_timeout proxy_next_upstream_tries proxy_cookie_domain proxy_cookie_path proxy_pass
    proxy_redirect proxy_busy_buffers_size
    """.split()  # noqa: SIM905
)
_REPEATABLE = frozenset(("proxy_cookie_domain", "proxy_cookie_path", "proxy_redirect"))
_OVERRIDDEN = frozenset(_IN_EVERY_LOCATION - _REPEATABLE - {"proxy_pass"}) | {"proxy_set_header"}
"""Directives that have no effect in a server, for every location has its own."""

_REDIRECTS = (301, 302, 303, 307, 308)
_STATUSES = range(200, 600)


class _Reading:
    """One level as it is read, directive by directive."""

    def __init__(self, level: Level, variables: Mapping[str, Text]) -> None:
        self._level = level
        self._variables = dict(variables)
        self.block = NOTHING

    def read(self, directives: Iterable[Directive]) -> Block:
        """Return what ``directives`` say."""
        for directive in directives:
            try:
                found = self._one(directive)
                self._check_places(found)
            except (UnusualUseError, UnknownVariableError) as error:
                found = _obstacle(directive, str(error))
            except ValueError:
                found = _obstacle(directive, "its arguments")
            self.block = beside(self.block, found)
        return self.block

    def _one(self, directive: Directive) -> Block:
        name, arguments = directive.name, directive.arguments
        if self._level in (Level.SERVER, Level.HTTP) and name in _OVERRIDDEN and directive.block is None:
            return NOTHING
        if name in _IN_EVERY_LOCATION and self._level is not Level.WRITTEN:
            raise UnusualUseError("every location has it already")
        if name in _NEUTRAL and directive.block is None:
            return NOTHING
        if (name, *arguments) in _DEFAULTS:
            return NOTHING
        reader = _READERS.get(name)
        if reader is None or self._level not in _LEVELS[name]:
            raise UnusualUseError("")
        if (directive.block is None) != (name not in _BLOCKS):
            raise UnusualUseError("")
        return reader(self, directive, arguments)

    def _check_places(self, found: Block) -> None:
        """Raise UnknownVariableError for a variable of the location where there may be none."""
        if self._level in (Level.LOCATION, Level.IF):
            return
        texts = [item.text for item in found.header_changes] + [item.text for item in found.requested]
        texts += [item.location for item in found.script if isinstance(item, Return)]
        for part in (part for text in texts for part in text):
            if part[0] == "$" and part[1:] in PLACES - {"server_name"}:
                raise UnknownVariableError(f"variable {part}")

    def _set(self, _directive: Directive, arguments: Sequence[str]) -> Block:
        name, value = arguments
        if self._level in (Level.IF, Level.SERVER_IF):
            raise UnusualUseError("a variable that depends on a condition")
        if not re.fullmatch(r"\$[a-z_][a-z0-9_]*", name, re.ASCII) or name.startswith(("$http_", "$proxy_")):
            raise UnusualUseError(f"the variable {name}")
        if name[1:] in _OF_CONTROLLER:
            raise UnusualUseError(f"the variable {name} of the controller")
        self._variables[name[1:]] = text_of(value, self._variables)
        return NOTHING

    def _changes(self, directive: Directive, arguments: Sequence[str]) -> Block:
        clears = directive.name == "more_clear_headers"
        return Block(changes=tuple(headers.set_response_headers(arguments, self._variables, clears=clears)))

    def _addition(self, _directive: Directive, arguments: Sequence[str]) -> Block:
        added = headers.add_header(arguments, self._variables)
        if not added:
            # An empty one still keeps nginx from inheriting those of the server.
            raise UnusualUseError("an empty value")
        return Block(additions=tuple(added))

    def _expires(self, _directive: Directive, arguments: Sequence[str]) -> Block:
        found = headers.expires(arguments)
        return Block(expires=found) if found else NOTHING

    def _hidden(self, _directive: Directive, arguments: Sequence[str]) -> Block:
        return Block(hidden=(headers.hidden(arguments),))

    def _input(self, directive: Directive, arguments: Sequence[str]) -> Block:
        clears = directive.name == "more_clear_input_headers"
        return Block(requested=tuple(headers.set_request_headers(arguments, self._variables, clears=clears)))

    def _proxied(self, _directive: Directive, arguments: Sequence[str]) -> Block:
        return Block(requested=tuple(headers.proxy_set_header(arguments, self._variables)))

    def _rule(self, directive: Directive, arguments: Sequence[str]) -> Block:
        (network,) = arguments
        if network != "all":
            networks = parse_networks(network)
            if not networks or len(networks) != 1:
                raise UnusualUseError("what is no network")
            (network,) = networks
        return Block(rules=((directive.name == "allow", network),))

    def _return(self, _directive: Directive, arguments: Sequence[str]) -> Block:
        first, *rest = arguments
        if not rest and re.match(r"https?://|\$scheme", first):
            return Block(script=(Return(302, text_of(first, self._variables)),))
        status = int(first)
        if status not in _STATUSES or not first.isascii() or len(rest) > 1:
            raise UnusualUseError("a status without an equal")
        if status in _REDIRECTS:
            location = text_of(rest[0], self._variables) if rest else ()
            if not location:
                raise UnusualUseError("a redirect to nowhere")
            return Block(script=(Return(status, location),))
        body = constant(text_of(rest[0], self._variables)) if rest else ""
        if body is None or not _is_printable(body):
            raise UnusualUseError("a text with variables or control characters")
        return Block(script=(Return(status, (), body),))

    def _if(self, directive: Directive, arguments: Sequence[str]) -> Block:
        condition = _condition(arguments, self._variables)
        level = Level.SERVER_IF if self._level is Level.SERVER else Level.IF
        inner = _Reading(level, self._variables).read(directive.block or ())
        return Block(script=(Branch(condition, inner),), obstacles=inner.obstacles)

    def _location(self, directive: Directive, arguments: Sequence[str]) -> Block:
        *modifiers, path = arguments
        modifier = modifiers[0] if modifiers else ""
        if modifier not in ("", "=", "^~", "~", "~*") or len(modifiers) > 1 or path.startswith("@"):
            raise UnusualUseError("a location of its kind")
        inner = _Reading(Level.WRITTEN, self._variables).read(directive.block or ())
        if not inner.obstacles and not _answers(inner):
            raise UnusualUseError("a location that neither returns nor denies")
        return Block(locations=(WrittenLocation(modifier, path, inner),), obstacles=inner.obstacles)


def _answers(block: Block) -> bool:
    return any(isinstance(item, Return) for item in block.script) or block.rules == ((False, "all"),)


def _is_printable(body: str) -> bool:
    return all(character in "\t\r\n" or " " <= character <= "~" for character in body)


def _obstacle(directive: Directive, reason: str) -> Block:
    return Block(obstacles=(Obstacle(directive.name, reason),))


def _condition(arguments: Sequence[str], variables: Mapping[str, Text]) -> Condition:
    """Return the condition of an ``if`` (nginx ``ngx_http_rewrite_if_condition``)."""
    words = list(arguments)
    if not words or not words[0].startswith("(") or not words[-1].endswith(")"):
        raise UnusualUseError("a condition without parentheses")
    # A parenthesis may be a word of its own.
    words = words[1:] if words[0] == "(" else [words[0][1:], *words[1:]]
    words = words[:-1] if words[-1:] == [")"] else [*words[:-1], *(word[:-1] for word in words[-1:])]
    if not words or not re.fullmatch(r"\$[a-z0-9_]+", words[0], re.ASCII) or len(words) == 2 or len(words) > _THREE:  # noqa: PLR2004
        raise UnusualUseError("a condition of its kind")
    name = words[0][1:]
    if name in variables:
        raise UnusualUseError(f"a condition on ${name}")
    if len(words) == 1:
        return Condition(name)
    operator, operand = words[1], words[2]
    if operator in ("=", "!="):
        fixed = constant(text_of(operand, variables))
        if fixed is None:
            raise UnusualUseError("a condition on two variables")
        return Condition(name, operator, fixed)
    if operator not in ("~", "!~", "~*", "!~*"):
        raise UnusualUseError("a condition of its kind")
    return Condition(name, operator, operand)


_THREE = 3
_OF_CONTROLLER = frozenset(
    """
    namespace ingress_name service_name service_port location_path global_rate_limit_exceeding proxy_upstream_name
    proxy_host pass_access_scheme pass_server_port best_http_host pass_port proxy_alternative_upstream_name target host
    args uri request_uri remote_addr limit_rate document_root tmp_cache_key cors balancer_ewma_score
    """.split()  # noqa: SIM905
)

_Reader = Callable[[_Reading, Directive, Sequence[str]], Block]
_READERS: dict[str, _Reader] = {
    "set": _Reading._set,
    "more_set_headers": _Reading._changes,
    "more_clear_headers": _Reading._changes,
    "add_header": _Reading._addition,
    "expires": _Reading._expires,
    "proxy_hide_header": _Reading._hidden,
    "more_set_input_headers": _Reading._input,
    "more_clear_input_headers": _Reading._input,
    "proxy_set_header": _Reading._proxied,
    "allow": _Reading._rule,
    "deny": _Reading._rule,
    "return": _Reading._return,
    "if": _Reading._if,
    "location": _Reading._location,
}
_BLOCKS = frozenset(("if", "location"))
_L = Level
_ALL = frozenset((_L.HTTP, _L.SERVER, _L.LOCATION, _L.WRITTEN, _L.IF))
_NOT_IF = _ALL - {_L.IF}
_LEVELS: dict[str, frozenset[Level]] = {
    "set": frozenset((_L.SERVER, _L.LOCATION, _L.WRITTEN)),
    "more_set_headers": _ALL,
    "more_clear_headers": _ALL,
    "add_header": _ALL,
    "expires": _ALL,
    "proxy_hide_header": _NOT_IF,
    "more_set_input_headers": frozenset((_L.SERVER, _L.LOCATION)),
    "more_clear_input_headers": frozenset((_L.SERVER, _L.LOCATION)),
    "proxy_set_header": frozenset((_L.LOCATION,)),
    "allow": _NOT_IF - {_L.HTTP},
    "deny": _NOT_IF - {_L.HTTP},
    "return": frozenset((_L.SERVER, _L.LOCATION, _L.WRITTEN, _L.IF, _L.SERVER_IF)),
    "if": frozenset((_L.SERVER, _L.LOCATION)),
    "location": frozenset((_L.SERVER,)),
}
"""Where a directive of the table may stand; elsewhere nginx refuses it, or it has no equal."""


@lru_cache(maxsize=4096)
def read_snippet(text: str, level: Level) -> Block:
    """Return what the snippet ``text`` says at ``level``; one that cannot be read is one obstacle."""
    try:
        directives = parse_directives(text)
    except DirectiveError as error:
        return Block(obstacles=(Obstacle("snippet", str(error)),))
    return _Reading(level, {}).read(directives) if directives else NOTHING


def is_neutral(text: str) -> bool:
    """Tell whether the snippet ``text`` of the main level changes no answer: it tunes processes and files."""
    try:
        return all(directive.name in _MAIN_NEUTRAL and directive.block is None for directive in parse_directives(text))
    except DirectiveError:
        return False


_MAIN_NEUTRAL = frozenset(
    """
    daemon debug_points env error_log lock_file master_process pcre_jit pid ssl_engine thread_pool timer_resolution
    user worker_aio_requests worker_cpu_affinity worker_priority worker_processes worker_rlimit_core
    worker_rlimit_nofile worker_shutdown_timeout working_directory
    """.split()  # noqa: SIM905
)
