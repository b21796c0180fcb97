# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tenant who means harm writes into an Ingress, and into what it names."""

from __future__ import annotations

from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.catalogue import ANNOTATIONS

from generated.annotations import CANARY, VALUES
from generated.choices import Choices, chance, some
from manifests import Object, backend, ingress, path

NASTY = (
    "'\"", "]]", "]==]", "--", "\n", "\r\nX-Evil: 1", "\x00", "%", "%REQ(X-EVIL)%", "%%", "%FILTER_STATE(a)%",
    "../../etc/passwd", "-o/x", "--config=x", "\x1b[31mred", "\x1b]0;t\x07", "\x9b1m", "\x85", "\u2028", "\u202e",
    "# h", "[x](javascript:1)", "![x](http://evil.invalid)", "<script>alert(1)</script>", "</td>", "&lt;", "|a|b|",
    "{{ 1 + 1 }}", "{% raw %}", "${jndi}", "$request_uri", "`id`", "$(id)", ";", "}", "{", "\\", "\\1", "(?i)",
    "(a+)+$", "(", "[", "a{9999}", "\t", " ", "é😀", "true", "0", "-1", "99999999999999999999", "http://evil.invalid/",
    "*", ",", "!!python/object:os.system", "&a *a", "@/etc/passwd", "a" * 10_000,
)  # fmt: skip


def nasty(choices: Choices) -> str:
    """Return one to three pieces, now and then with a character of any kind."""
    pieces = [choices.pick(NASTY) for _ in range(1 + choices.number(2))]
    if chance(choices, 30):
        number = choices.number(0x10FFFF)
        pieces.append(chr(number) if number not in range(0xD800, 0xE000) else "x")
    return "".join(pieces)


def hostile_annotations(choices: Choices) -> dict[str, str]:
    """Return annotations with nasty values, beside ordinary ones that make the gateway read them."""
    found = {name: nasty(choices) for name in some(choices, sorted(ANNOTATIONS), 3)}
    for name in some(choices, sorted(VALUES), 4):
        found[name] = VALUES[name][0] + (nasty(choices) if chance(choices, 50) else "")
    for name in some(choices, sorted(CANARY), 2) if chance(choices, 10) else ():
        found[name] = CANARY[name][0] + nasty(choices)
    return found


def hostile_ingress(
    choices: Choices, host: str, name: str = "web", namespace: str = "shop", own: str = "web"
) -> Object:
    """Return an Ingress for ``host`` with nasty annotations and paths; its Service is ``own``."""
    paths = [path("/", own)]
    for _ in range(choices.number(2)):
        text = choices.pick(("/x", "/api(/|$)(.*)", "/v", "/")) + (nasty(choices) if chance(choices, 60) else "")
        paths.append(
            path(text, own, type_=choices.pick(("ImplementationSpecific", "ImplementationSpecific", "Prefix")))
        )
    made = ingress(
        host,
        *paths,
        name=name,
        namespace=namespace,
        annotations=hostile_annotations(choices),
        tls=choices.pick(("cert", "missing")) if chance(choices, 40) else None,
        default=backend(own) if chance(choices, 10) else None,
    )
    if chance(choices, 20):
        made["metadata"]["annotations"][f"nginx.ingress.kubernetes.io/{nasty(choices)}"] = nasty(choices)
    return made
