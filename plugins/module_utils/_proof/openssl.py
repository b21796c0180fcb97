# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate a plane shows for a name, asked with ``openssl s_client`` (design.md, Proof). PRIVATE."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from .._kube.hosts import is_host, is_wildcard
from .errors import ToolError, UnsendableError
from .planes import Plane
from .programs import environment, run_for_text

OLDEST = (3, 0)

# Whole lines only: a subject, which is printed, too, may hold anything but a line break.
_PEM = re.compile(rb"^-----BEGIN CERTIFICATE-----$([0-9A-Za-z+/=\s]+)^-----END CERTIFICATE-----$", re.MULTILINE)
_ERROR_FIELDS = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """What a plane shows for a name.

    ``chain`` holds the SHA-256 of each certificate in hex digits, leaf first. ``subject`` is that of the leaf
    (RFC 2253, other characters than ASCII escaped), the dates are RFC 3339 in UTC. ``error`` says why one is missing.
    """

    chain: tuple[str, ...] = ()
    subject: str = ""
    not_before: str = ""
    not_after: str = ""
    error: str = ""

    @property
    def leaf(self) -> str:
        """The fingerprint of the leaf, empty where nothing was shown."""
        return self.chain[0] if self.chain else ""


class OpenSsl:
    """Asks planes for certificates, ``parallel`` at a time, each for at most ``seconds``."""

    def __init__(self, parallel: int = 8, seconds: float = 10, program: str = "openssl") -> None:
        self._parallel = parallel
        self._seconds = seconds
        self._program = program
        self._checked = False
        self._leaves: dict[str, Shown] = {}

    def certificates(self, plane: Plane, names: Iterable[str]) -> dict[str, Shown]:
        """Return what ``plane`` shows for each name; the empty name asks without one.

        Raises UnsendableError for what is no DNS name before anything is asked, ToolError when openssl is missing, too
        old, or fails.
        """
        wanted = list(dict.fromkeys(names))
        for name in wanted:
            if name and (not is_host(name) or is_wildcard(name)):
                raise UnsendableError(f"no certificate can be asked for: {name!r} is no DNS name")
        if not self._checked:
            check_version(self._program)
            self._checked = True
        address = plane.addresses["https"]
        with ThreadPoolExecutor(self._parallel) as pool:
            return dict(zip(wanted, pool.map(lambda name: self._ask(address, name), wanted), strict=True))

    def _ask(self, address: str, name: str) -> Shown:
        named = ["-servername", name] if name else ["-noservername"]
        # What the plane shows is asked, not whether it is good: keys that the local policy finds too short count, too.
        weak = ["-cipher", "DEFAULT@SECLEVEL=0"]
        command = [self._program, "s_client", "-connect", address, *named, *weak, "-showcerts"]
        try:
            done = subprocess.run(  # pylint: disable=ansible-bad-function; the engine knows no module
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=environment(),
                timeout=self._seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Shown(error=f"no certificate within {self._seconds:g} s")
        except OSError as error:
            raise ToolError(f"{self._program} cannot be started: {error.strerror}") from None
        chain = list(_certificates(done.stdout))
        if not chain:
            return Shown(error=_reason(done.stderr))
        fingerprints = tuple(hashlib.sha256(certificate).hexdigest() for certificate in chain)
        return replace(self._leaf(fingerprints[0], chain[0]), chain=fingerprints)

    def _leaf(self, fingerprint: str, certificate: bytes) -> Shown:
        if fingerprint not in self._leaves:
            try:
                self._leaves[fingerprint] = _described(self._program, certificate)
            except ToolError as error:
                self._leaves[fingerprint] = Shown(error=str(error))
        return self._leaves[fingerprint]


def check_version(program: str) -> None:
    """Raise ToolError unless ``program`` is an OpenSSL that is new enough."""
    text = run_for_text([program, "version"]).strip()
    match = re.match(r"OpenSSL (\d+)\.(\d+)", text)
    if match is None or (int(match[1]), int(match[2])) < OLDEST:
        raise ToolError(f"{program} is {text[:60]!r}; OpenSSL {OLDEST[0]}.{OLDEST[1]} or newer is needed")


def _certificates(printed: bytes) -> Iterator[bytes]:
    """Yield the certificates among what s_client printed, as DER."""
    for block in _PEM.finditer(printed):
        yield base64.b64decode(block[1])


def _described(program: str, certificate: bytes) -> Shown:
    """Return subject and dates of a certificate. Raises ToolError when openssl cannot read it."""
    body = base64.encodebytes(certificate).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    wanted = ["-noout", "-subject", "-startdate", "-enddate"]
    text = run_for_text([program, "x509", *wanted, "-nameopt", "RFC2253", "-dateopt", "iso_8601"], pem)
    fields = dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)
    dates = (fields.get(name, "").replace(" ", "T") for name in ("notBefore", "notAfter"))
    return Shown((), fields.get("subject", ""), *dates)


def _reason(stderr: bytes) -> str:
    """Return the first error of OpenSSL's queue: ``thread:error:code:library:function:reason:file:line:data``."""
    for line in stderr.decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if len(fields) >= _ERROR_FIELDS and fields[1] == "error":
            return f"{fields[3]}: {fields[5]}"
    return "the connection was closed before a certificate was shown"
