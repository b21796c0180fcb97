# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan on disk (design.md). PRIVATE to the collection.

::

    plan.json                id, bundle digest, options, release, units, waves, counts, digests of the other files
    resources/<unit>.json    objects and credentials of one unit
    hosts.jsonl              what becomes of each host, and which certificate each plane shows for it
    findings.jsonl           all findings, in order
    manifests/...            the objects for a GitOps repository, where the options ask for them

A plan is written beside its place and renamed; its folder bears the first twelve digits of its id.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._bundle.files import bundle_digest
from .._convert.assemble import UnitResources
from .._convert.convert import HostVerdict
from .._convert.gateways import Credential
from .._findings.finding import Level
from .._istio.invariants import check_tls_names
from .._kube.digests import canonical_json, canonical_list, canonical_mapping, digest, readable_json, sha256_hex
from .._kube.release import VERSION
from .collector import paused_collector
from .manifests import manifest_files
from .plan import Plan
from .processes import in_two_processes

FORMAT = 2
INDEX = "plan.json"
_SHORT = 12


class PlanError(ValueError):
    """A plan on disk cannot be used; ``str()`` names the file, what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan on disk: ``index`` is plan.json."""

    directory: Path
    index: dict[str, Any]

    @property
    def id(self) -> str:
        """The full id."""
        return str(self.index["id"])

    @property
    def short_id(self) -> str:
        """The first twelve digits of the id, for people, labels and folder names."""
        return self.id[:_SHORT]

    def digest_of(self, unit: str) -> str:
        """Return the digest of what the plan wants for a unit, empty for a unit that it does not move."""
        return str(self.index["files"].get(f"resources/{unit}.json", ""))

    def unit(self, name: str) -> dict[str, Any]:
        """Return ``objects`` and ``credentials`` of a unit. Raises PlanError when the file was changed."""
        content = _checked(self.directory, f"resources/{name}.json", self.index)
        loaded: dict[str, Any] = json.loads(content)
        return loaded

    def hosts(self) -> Iterator[dict[str, Any]]:
        """Yield what becomes of each host."""
        yield from _lines(_checked(self.directory, "hosts.jsonl", self.index))

    def findings(self) -> Iterator[dict[str, Any]]:
        """Yield the findings."""
        yield from _lines(_checked(self.directory, "findings.jsonl", self.index))


def write_plan(plan: Plan, parent: Path) -> tuple[StoredPlan, bool]:
    """Write ``plan`` below ``parent`` and return it, with whether it is new there.

    Raises OSError when it cannot be written; then nothing is left behind.
    """
    parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".plan.", dir=parent))
    try:
        with paused_collector():
            index = _write_files(plan, temporary)
        directory = parent / index["id"][:_SHORT]
        if directory.exists():
            return read_plan(directory), False
        temporary.chmod(0o755)
        temporary.rename(directory)
        return StoredPlan(directory, index), True
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_plan(directory: Path) -> StoredPlan:
    """Return the plan in ``directory``. Raises PlanError when it is none, or when plan.json was changed."""
    path = directory / INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlanError(f"{path} does not exist; {directory} holds no plan") from None
    except (ValueError, RecursionError) as error:
        raise PlanError(f"{path} is not valid JSON ({error}); {_again(directory)}") from None
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise PlanError(f"{path} is not of format {FORMAT}; convert with this release")
    if _plan_id(index) != index.get("id"):
        raise PlanError(f"{path} was changed after conversion; {_again(directory)}")
    return StoredPlan(directory, index)


def _again(directory: Path) -> str:
    # A plan that is there is never written anew, so converting alone would not help.
    return f"remove {directory} and convert again"


def _checked(directory: Path, name: str, index: dict[str, Any]) -> str:
    path = directory / name
    expected = index["files"].get(name)
    if expected is None:
        raise PlanError(f"{name} is no file of plan {index['id'][:_SHORT]}")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise PlanError(f"{path} is missing; {_again(directory)}") from None
    if sha256_hex(content) != expected:
        raise PlanError(f"{path} was changed after conversion; {_again(directory)}")
    return content.decode("utf-8")


def _lines(content: str) -> Iterator[dict[str, Any]]:
    # Not splitlines(): values hold other ends of lines, such as U+2028, as they are.
    yield from map(json.loads, filter(None, content.split("\n")))


def _write_files(plan: Plan, directory: Path) -> dict[str, Any]:
    def write_units(units: Sequence[str]) -> dict[str, str]:
        made = map(plan.resources_of, units)
        return _write(directory, ((f"resources/{unit.unit}.json", _resources(unit) + "\n") for unit in made))

    check_tls_names(plan.gateways())
    files = in_two_processes(write_units, plan.unit_names())
    if plan.options.format == "yaml":
        files |= _write(directory, manifest_files(obj for unit in plan.resources() for obj in unit.objects))
    hosts = [_host(host, verdict, plan) for host, verdict in plan.conversion.verdicts.items()]
    findings = (item.as_dict() for item in plan.conversion.findings)
    files |= _write(directory, [("hosts.jsonl", _jsonl(hosts)), ("findings.jsonl", _jsonl(findings))])
    index = _index(plan, hosts, files)
    (directory / INDEX).write_text(readable_json(index), encoding="utf-8")
    return index


def _jsonl(values: Iterable[dict[str, Any]]) -> str:
    return "".join(canonical_json(value) + "\n" for value in values)


def _write(directory: Path, files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Write texts to ``files`` below ``directory`` and return their digests by name."""
    digests: dict[str, str] = {}
    for name, text in files:
        content = text.encode("utf-8")
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digests[name] = sha256_hex(content)
    return digests


def _resources(unit: UnitResources) -> str:
    return canonical_mapping(
        {
            "unit": canonical_json(unit.unit),
            "objects": canonical_list(item.text for item in unit.stamped),
            "credentials": canonical_json([_credential(item) for item in unit.credentials]),
        }
    )


def _credential(credential: Credential) -> dict[str, Any]:
    source = credential.source
    return {
        "name": credential.name,
        "source": {"namespace": source[0], "name": source[1]} if source else None,
        "fingerprint": credential.fingerprint,
        **({"trust": True} if credential.trust else {}),
        **({"authority": True} if credential.authority else {}),
    }


def _host(host: str, verdict: HostVerdict, plan: Plan) -> dict[str, Any]:
    secret = verdict.server.certificate.secret
    shown = plan.conversion.layout.shown.get(host)
    return {
        "host": host,
        "unit": verdict.unit,
        "moves": verdict.moves,
        "held_back_by": sorted({item.code for item in verdict.findings if item.holds_back}),
        "described_by": sorted({item.code for item in verdict.findings if item.level == Level.APPROXIMATE}),
        "certificate": {
            "nginx": plan.bundle.certificates[secret].fingerprint if secret else "",
            "istio": shown.fingerprint if shown else "",
        },
        "namespaces": verdict.server.namespaces,
    }


def _index(plan: Plan, hosts: list[dict[str, Any]], files: dict[str, str]) -> dict[str, Any]:
    wave_of = {name: wave.number for wave in plan.waves for name in wave.units}
    levels = [item.level.word for item in plan.conversion.findings]
    index: dict[str, Any] = {
        "format": FORMAT,
        "release": VERSION,
        "cluster": plan.bundle.cluster,
        "options": plan.options.as_dict(),
        "units": [
            {"name": unit.name, "namespaces": list(unit.namespaces), "wave": wave_of.get(unit.name, 0)}
            for unit in plan.units
        ],
        "waves": [{"number": wave.number, "units": list(wave.units)} for wave in plan.waves],
        "counts": {
            "ingresses": len(plan.bundle.of("Ingress")) + _refused_ingresses(plan),
            "hosts": len(hosts),
            "moving": sum(host["moves"] for host in hosts),
            "tcp_services": plan.conversion.streams,
            "held_back": sum(not host["moves"] for host in hosts),
            "findings": {level.word: levels.count(level.word) for level in Level},
        },
        "searched": dict(plan.searched),
        "files": files,
    }
    return {**index, "id": _plan_id(index), "bundle": bundle_digest(plan.bundle)}


def _refused_ingresses(plan: Plan) -> int:
    return sum(item.key.kind == "Ingress" and item.code != "DUPLICATE-OBJECT" for item in plan.bundle.refusals)


def _plan_id(index: dict[str, Any]) -> str:
    """Return the hash of a plan's content; the bundle it came from is provenance, not content."""
    return digest({name: value for name, value in index.items() if name not in ("id", "bundle")})
