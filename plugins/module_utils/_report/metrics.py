# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report in Prometheus' text format, for a collector of text files: ``metrics.prom``. PRIVATE to the collection."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

_UNITS = "istio_migration_units"
_HOSTS = "istio_migration_hosts"
_SUCCESS = "istio_migration_run_success"
_LAST = "istio_migration_last_success_timestamp_seconds"
_MEANINGS = {
    _UNITS: "Units of the plan, by wave and state.",
    _HOSTS: "Hosts of the plan, by state.",
    _SUCCESS: "Whether the last run of a playbook succeeded.",
    _LAST: "When a run of a playbook succeeded last, in seconds since 1970.",
}
_OF_RUN = re.compile(
    rf'(?P<name>{_SUCCESS}|{_LAST})\{{cluster="(?:[^"\\]|\\.)*",playbook="(?P<playbook>[^"\\]*)"\}} .+'
)


def exposition(report: Mapping[str, Any], now: float, before: str) -> str:
    """Return the text for ``report`` at ``now`` (seconds since 1970).

    ``before`` is the text that it replaces, empty for none: what it says of runs of other playbooks stays, and when
    this one succeeded last stays where it failed now.
    """
    cluster, playbook = str(report["cluster"]), str(report["playbook"])
    succeeded = report["outcome"] == "succeeded"
    units = Counter((str(wave["number"]), str(unit["state"])) for wave in report["waves"] for unit in wave["units"])
    hosts = Counter(str(host["state"]) for host in report["hosts"])
    lines: dict[str, list[str]] = {
        _UNITS: [
            _line(_UNITS, count, cluster=cluster, wave=wave, state=state)
            for (wave, state), count in sorted(units.items())
        ],
        _HOSTS: [_line(_HOSTS, count, cluster=cluster, state=state) for state, count in sorted(hosts.items())],
        _SUCCESS: [_line(_SUCCESS, int(succeeded), cluster=cluster, playbook=playbook)],
        _LAST: [_line(_LAST, int(now), cluster=cluster, playbook=playbook)] if succeeded else [],
    }
    for match in filter(None, map(_OF_RUN.fullmatch, before.splitlines())):
        name = match["name"]
        if match["playbook"] != playbook or (name == _LAST and not succeeded):
            lines[name].append(match.group())
    return "".join(_family(name, found) for name, found in lines.items() if found)


def _family(name: str, lines: Iterable[str]) -> str:
    return "\n".join((f"# HELP {name} {_MEANINGS[name]}", f"# TYPE {name} gauge", *lines, ""))


def _line(name: str, value: int, **labels: str) -> str:
    inner = ",".join(f'{key}="{_quoted(text)}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value}"


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
