# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand-written directives of whole hosts (semantics.md B.1, rule 5). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..families.access import Access
from .blocks import NOTHING, Block, beside

if TYPE_CHECKING:
    from ..intake import Intake
    from ..policy import Policy
    from ..settings import Settings
    from ..site import Location, Server


_LISTS = frozenset(("allowlist-source-range", "denylist-source-range"))


def take_snippets(servers: Mapping[str, Server], intake: Intake) -> None:
    """Give each host the server-snippet of its oldest Ingress that has one, and each location its address rules."""
    policies = {ingress.key: policy for ingress, policy in intake.ingresses}
    settings = intake.settings
    general = settings.server_block.rules or settings.location_block.rules
    if not general and not any(map(_says_something, policies.values())):
        return
    for server in servers.values():
        if server.redirects_to:
            continue
        owners = (policies[item.key] for item in server.ingresses)
        written = (policy.snippets.server for policy in owners if not policy.canary)
        server.snippet = next((block for block in written if block is not NOTHING), NOTHING)
        level = beside(settings.server_block, server.snippet)
        server.locations = [_with_rules(location, level, settings) for location in server.locations]


def _says_something(policy: Policy) -> bool:
    return policy.snippets.location is not NOTHING or policy.snippets.server is not NOTHING


def _with_rules(location: Location, server: Block, settings: Settings) -> Location:
    policy = location.policy
    own = beside(settings.location_block, policy.snippets.location).rules
    # A location inherits the rules of its server only where it has none, be they the controller's.
    rules = own or (
        () if "allowlist-source-range" in policy.present or "denylist-source-range" in policy.present else server.rules
    )
    access = access_of(rules, policy.access) if rules else None
    return replace(location, policy=replace(policy, access=access)) if access else location


def rules_obstacle(rules: tuple[tuple[bool, str], ...], policy: Policy) -> str:
    """Return why the rules of a location have no equal, empty where they have one."""
    if _LISTS & policy.present:
        return "address rules beside those of an annotation"
    return "" if access_of(rules, policy.access) else "address rules in an order that no list has"


def access_of(rules: tuple[tuple[bool, str], ...], access: Access) -> Access | None:
    """Return first-match ``rules`` as lists: denied networks, then allowed ones, then everybody; None for others."""
    denied = _leading(rules, allows=False)
    rest = rules[len(denied) :]
    allowed = _leading(rest, allows=True)
    last = rest[len(allowed) :]
    everybody = (False, "all")
    if allowed and last[:1] == (everybody,):
        return replace(access, allowed=allowed, denied=denied)
    if not allowed and last[:1] == (everybody,):
        return replace(access, allowed=(), denied=("0.0.0.0/0", "::/0"))
    # Whoever no rule takes comes in.
    return replace(access, allowed=(), denied=denied) if rest in ((), ((True, "all"),)) and denied else None


def _leading(rules: tuple[tuple[bool, str], ...], *, allows: bool) -> tuple[str, ...]:
    found: list[str] = []
    for allow, network in rules:
        if allow != allows or network == "all":
            break
        found.append(network)
    return tuple(found)
