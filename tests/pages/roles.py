# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""README.md of each role, from its argument specification."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_MARKUP = re.compile(r"[CIBM]\(([^)]*)\)")


def role_pages(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield path and text for each role in ``folder``."""
    for path in sorted(folder.glob("*/meta/argument_specs.yml")):
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]
        role = path.parents[1]
        defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text(encoding="utf-8")) or {}
        yield role / "README.md", _page(role.name, spec, defaults)


def _page(name: str, spec: dict[str, Any], defaults: dict[str, Any]) -> str:
    options = spec.get("options", {})
    rows = [_row(option, entry, defaults.get(option)) for option, entry in options.items()]
    return "\n".join(
        (
            f"# sealos.istio_migration.{name}",
            "",
            f"{spec['short_description']}.",
            "",
            *(_plain(line) for line in spec.get("description", ())),
            "",
            "```yaml",
            f"- name: {spec['short_description']}",
            "  ansible.builtin.include_role:",
            f"    name: sealos.istio_migration.{name}",
            "```",
            "",
            "| variable | type | default | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        )
    )


def _row(name: str, entry: dict[str, Any], default: Any) -> str:
    kind = f"{entry['type']} of {entry['elements']}" if "elements" in entry else entry["type"]
    choices = f" One of {', '.join(map(str, entry['choices']))}." if "choices" in entry else ""
    shown = "required" if entry.get("required") else _cell(default)
    return f"| `{name}` | {kind} | {shown} | {_description(entry)}{choices} |"


def _description(entry: dict[str, Any]) -> str:
    text = entry["description"]
    return _plain(" ".join(text) if isinstance(text, list) else text).replace("|", "\\|")


def _cell(default: Any) -> str:
    if default in (None, "", [], {}):
        return ""
    text = " ".join(str(default).split()).replace("|", "\\|")
    return f"`{text}`"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"`\1`", text)
