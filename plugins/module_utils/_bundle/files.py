# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundle on disk: one JSON-lines file a kind, an index with checksums. PRIVATE to the collection.

::

    bundle.json                 index: format, cluster, controller, digest, files with SHA-256 and line counts
    objects/<Kind>.jsonl        one object a line, sorted by namespace and name
    certificates.jsonl          what is kept of TLS Secrets
    secrets.jsonl               what is kept of other Secrets that annotations name
    endpoints.jsonl             Services with a ready endpoint; absent where endpoints are not known

A bundle is written beside its place and renamed, so a reader sees all of it or none.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from .._kube.digests import canonical_json, digest, readable_json, sha256_hex
from .._kube.kinds import KINDS
from .._kube.objects import KubeObject
from .._kube.shapes import Fields, ListOf, MapOf, MisshapenError, Text
from .admission import admit
from .bundle import Bundle, Certificate, Controller, in_order
from .plain import require_plain
from .secrets import SecretFacts

FORMAT = 2
INDEX = "bundle.json"
_CERTIFICATES = "certificates.jsonl"
_SECRETS = "secrets.jsonl"
_ENDPOINTS = "endpoints.jsonl"

_TEXT = Text()
_TEXTS = ListOf(_TEXT)
_PAIR = ListOf(Text(lambda part: part != "", "text that is not empty"))
_PLACE = {"namespace": _TEXT, "name": _TEXT}
_ENDPOINT = Fields({"namespace": _TEXT, "service": _TEXT}, (("namespace",), ("service",)))
_CERTIFICATE = Fields(
    {**_PLACE, "names": _TEXTS, **dict.fromkeys(("not_before", "not_after", "fingerprint", "chain", "problem"), _TEXT)},
    (("namespace",), ("name",)),
)
_SECRET = Fields(
    {**_PLACE, **dict.fromkeys(("keys", "file_hashes", "map_hashes"), _TEXTS), "digest": _TEXT, "authority": _TEXT},
    (("namespace",), ("name",)),
)
_CONTROLLER = Fields(
    {"kind": _TEXT, **_PLACE, "image": _TEXT, "arguments": _TEXTS, "configmap": _PAIR, "service": _PAIR},
    (("kind",), ("namespace",), ("name",)),
)
_INDEX = Fields(
    {
        "cluster": _TEXT,
        "server_version": _TEXT,
        "controller": _CONTROLLER,
        "files": MapOf(Fields({"sha256": _TEXT}, (("sha256",),))),
    },
    (("cluster",), ("files",)),
)


class BundleError(ValueError):
    """A bundle on disk cannot be used; ``str()`` names the file, what is wrong, and what to do."""


def bundle_digest(bundle: Bundle) -> str:
    """Return the digest of a bundle's content; when it was captured does not count."""
    return bundle.digest or str(_index(bundle, _render(bundle), "")["digest"])


def write_bundle(bundle: Bundle, directory: Path, captured_at: str) -> str:
    """Write ``bundle`` to ``directory``, which must not exist yet, and return its digest.

    Raises FileExistsError when ``directory`` exists, OSError when it cannot be written; then nothing is left behind.
    """
    files = _render(bundle)
    index = _index(bundle, files, captured_at)
    directory.parent.mkdir(parents=True, exist_ok=True)
    if directory.exists():
        raise FileExistsError(f"{directory} exists already")
    temporary = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        for name, text in [*files.items(), (INDEX, readable_json(index))]:
            path = temporary / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        temporary.rename(directory)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return str(index["digest"])


def verify_bundle(directory: Path) -> dict[str, Any]:
    """Return the index of the bundle in ``directory`` after checking every file against it.

    Raises BundleError when a file is missing, changed, or not in the index.
    """
    index = _read_index(directory)
    if _digest_of(index) != index.get("digest"):
        raise BundleError(f"{directory / INDEX} was changed after capture; capture the bundle again")
    index = _shaped(index, _INDEX, directory / INDEX)
    present = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    for name, expected in index["files"].items():
        if name not in present:
            raise BundleError(f"{directory / name} is missing; capture the bundle again")
        if sha256_hex((directory / name).read_bytes()) != expected["sha256"]:
            raise BundleError(f"{directory / name} was changed after capture; capture the bundle again")
    strangers = sorted(present - set(index["files"]) - {INDEX})
    if strangers:
        raise BundleError(f"{directory / strangers[0]} does not belong to the bundle; remove it")
    return index


def read_bundle(directory: Path) -> Bundle:
    """Return the bundle in ``directory`` after verifying it. Raises BundleError."""
    index = verify_bundle(directory)
    kinds = {Path(name).stem: name for name in index["files"] if name.startswith("objects/")}
    admission = admit(
        ("", obj) for kind, name in kinds.items() if kind in KINDS for obj in _objects(directory / name, kind)
    )
    certificates = _made(Certificate.from_dict, _CERTIFICATE, directory / _CERTIFICATES)
    secrets = _made(SecretFacts.from_dict, _SECRET, directory / _SECRETS)
    serving = None
    if _ENDPOINTS in index["files"]:
        serving = frozenset((line["namespace"], line["service"]) for line in _lines(directory / _ENDPOINTS, _ENDPOINT))
    return Bundle(
        cluster=index["cluster"],
        objects=admission.objects,
        certificates={(item.namespace, item.name): item for item in certificates},
        secrets={(item.namespace, item.name): item for item in secrets},
        serving=serving,
        controller=_controller(index, directory / INDEX),
        server_version=index.get("server_version", ""),
        refusals=admission.refusals,
        digest=index["digest"],
    )


_Made = TypeVar("_Made", Certificate, SecretFacts)


def _made(make: Callable[[dict[str, Any]], _Made], shape: Fields, path: Path) -> list[_Made]:
    try:
        return [make(line) for line in _lines(path, shape)]
    except (KeyError, TypeError):
        raise BundleError(f"{path} has other fields than this release writes; capture the bundle again") from None


def _controller(index: dict[str, Any], path: Path) -> Controller | None:
    found = index.get("controller")
    if not found:
        return None
    pairs = [found[name] for name in ("configmap", "service") if found.get(name)]
    try:
        # An absent place is null when it is written, and no member once its shape was taken.
        made = Controller.from_dict({"configmap": None, "service": None, **found})
    except KeyError as error:
        raise BundleError(f"{path}: controller has no {error}; capture the bundle again") from None
    if any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 - namespace and name
        raise BundleError(f"{path}: configmap and service of controller must be pairs; capture the bundle again")
    return made


def _objects(path: Path, kind: str) -> Iterator[KubeObject]:
    for obj in _values(path):
        if not isinstance(obj, dict) or obj.get("kind") != kind:
            raise BundleError(f"{path} holds an object of another kind; capture the bundle again")
        yield obj


def _read_index(directory: Path) -> dict[str, Any]:
    path = directory / INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"{path} does not exist; {directory} holds no bundle") from None
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not valid JSON ({error}); capture the bundle again") from None
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise BundleError(f"{path} is not of format {FORMAT}; capture the bundle with this release")
    return index


def _shaped(value: Any, shape: Fields, path: Path) -> dict[str, Any]:
    """Return ``value``, which stands in ``path``, in its shape. Raises BundleError."""
    try:
        taken: dict[str, Any] = shape.take(value)
    except MisshapenError as error:
        where = f"{error.field} " if error.field else "a line "
        raise BundleError(f"{path}: {where}{error.problem}; capture the bundle again") from None
    return taken


def _render(bundle: Bundle) -> dict[str, str]:
    files = {
        f"objects/{kind}.jsonl": _jsonl(objects) for kind, objects in in_order(bundle).objects.items() if kind in KINDS
    }
    files[_CERTIFICATES] = _jsonl(bundle.certificates[key].as_dict() for key in sorted(bundle.certificates))
    files[_SECRETS] = _jsonl(bundle.secrets[key].as_dict() for key in sorted(bundle.secrets))
    if bundle.serving is not None:
        files[_ENDPOINTS] = _jsonl({"namespace": ns, "service": name} for ns, name in sorted(bundle.serving))
    return files


def _index(bundle: Bundle, files: dict[str, str], captured_at: str) -> dict[str, Any]:
    index: dict[str, Any] = {
        "format": FORMAT,
        "cluster": bundle.cluster,
        "server_version": bundle.server_version,
        "captured_at": captured_at,
        "controller": bundle.controller.as_dict() if bundle.controller else None,
        "files": {name: {"sha256": sha256_hex(text), "lines": text.count("\n")} for name, text in files.items()},
    }
    index["digest"] = _digest_of(index)
    return index


def _digest_of(index: dict[str, Any]) -> str:
    return digest({name: value for name, value in index.items() if name not in ("captured_at", "digest")})


def _jsonl(values: Iterable[Any]) -> str:
    return "".join(canonical_json(value) + "\n" for value in values)


def _lines(path: Path, shape: Fields) -> Iterator[dict[str, Any]]:
    return (_shaped(value, shape, path) for value in _values(path))


def _values(path: Path) -> Iterator[Any]:
    try:
        # Not splitlines(): values hold other ends of lines as they are.
        for line in filter(None, path.read_text(encoding="utf-8").split("\n")):
            value = _DECODER.decode(line)
            # Looking at each value takes longer than to convert it; only these can hold what JSON should not.
            if "\\u" in line or line.count("{") + line.count("[") > _FLAT:
                require_plain(value)
            yield value
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} cannot be read: {error}; capture the bundle again") from None


_FLAT = 99
"""Mappings and lists in a line that can surely not be nested too deeply."""


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
