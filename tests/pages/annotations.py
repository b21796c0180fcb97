# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/annotations.md, from the annotation catalogue and the table of families."""

from __future__ import annotations

from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.registry import CARRIED
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.catalogue import ANNOTATIONS

_TEXT = """# Annotations

Every annotation that ingress-nginx 1.15 accepts, below `nginx.ingress.kubernetes.io/`. *Carried over* means that the
gateway does what nginx does. An annotation that is not carried over holds the hosts of its Ingress back on nginx: a
host moves as it is, or not at all.

*At stake* is what would be lost if it were left out; *an invalid value* is what nginx makes of one.
"""


def annotations_page() -> str:
    """Return the page: one row for each name."""
    rows = [
        f"| {item.name}{f' (or {item.alias})' if item.alias else ''} | {'yes' if item.name in CARRIED else 'no'} "
        f"| {item.scope.value} | {item.loss.value} | {item.invalid.value} |"
        for item in ANNOTATIONS.values()
    ]
    head = ("| annotation | carried over | affects | at stake | an invalid value |", "|---|---|---|---|---|")
    carried = sum(name in CARRIED for name in ANNOTATIONS)
    return "\n".join((_TEXT, f"{carried} of {len(ANNOTATIONS)} are carried over.", "", *head, *rows, ""))
