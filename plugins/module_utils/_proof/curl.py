# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a plane for many probes with curl, one process a batch (design.md, Proof). PRIVATE to the collection.

curl 7.88, that of Debian 12, is the oldest supported. Its ``%{header_json}`` spoils non-ASCII and empty values and has
no headers of a 101 answer, so headers are read from files; ``%{json}`` holds only curl's own words.
"""

from __future__ import annotations

import json
import math
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from .curl_config import HttpVersion, Timeouts, body_path, configuration, head_path, is_upgrade
from .errors import ProofError, ToolError
from .planes import Plane
from .probes import Probe
from .programs import environment, run_for_text
from .replies import EMPTY_BODY, Reply, digest_of_file, final_headers, is_handshake

OLDEST = (7, 88)

_WRITE_ERROR = 23
_GRACE = 10
"""Seconds that a batch may take beyond what its timeouts allow; curl is ended then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How gently a plane is asked.

    ``parallel`` requests at a time, ``per_second`` on average and at most ``batch`` in a burst; of each body the first
    ``body_bytes`` are read. ``http_version`` is ``1.1``, ``2``, or empty for what the handshake agrees on. Raises
    ProofError for a number that is not positive.
    """

    parallel: int = 20
    per_second: float = 500
    batch: int = 250
    body_bytes: int = 256 * 1024
    http_version: HttpVersion = ""
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __post_init__(self) -> None:
        for name in ("parallel", "per_second", "batch", "body_bytes"):
            if getattr(self, name) <= 0:
                raise ProofError(f"{name} must be more than 0, found {getattr(self, name)}")


class Curl:
    """Asks planes. ``clock`` gives seconds, ``wait`` lets them pass."""

    def __init__(
        self,
        limits: Limits | None = None,
        program: str = "curl",
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._limits = limits or Limits()
        self._program = program
        self._clock = clock
        self._wait = wait
        self._free_at = clock()
        self._checked = False

    def ask(self, plane: Plane, probes: Sequence[Probe]) -> dict[str, Reply]:
        """Return the reply to each probe by its id.

        Raises UnsendableError before anything of a batch is sent, ToolError when curl is missing, too old, or fails.
        """
        if not self._checked:
            check_version(self._program)
            self._checked = True
        replies: dict[str, Reply] = {}
        for batch in self._batches(probes):
            self._pace(len(batch))
            replies.update(self._ask_batch(plane, batch))
        return replies

    def _batches(self, probes: Sequence[Probe]) -> Iterator[list[Probe]]:
        """Yield batches of one scheme each, handshakes apart.

        curl 7.88 remembers Strict-Transport-Security for the rest of a process, asked to or not, and would turn later
        requests over http into https; and it would use a connection for requests that has become a WebSocket.
        """
        for kind in dict.fromkeys(map(_kind, probes)):
            chosen = [probe for probe in probes if _kind(probe) == kind]
            for start in range(0, len(chosen), self._limits.batch):
                yield _hosts_in_turn(chosen[start : start + self._limits.batch])

    def _pace(self, count: int) -> None:
        """Wait until ``count`` more probes keep to the rate."""
        now = self._clock()
        if self._free_at > now:
            self._wait(self._free_at - now)
        self._free_at = max(now, self._free_at) + count / self._limits.per_second

    def _ask_batch(self, plane: Plane, batch: Sequence[Probe]) -> dict[str, Reply]:
        with tempfile.TemporaryDirectory(prefix="migration-probes-") as name:
            folder = Path(name)
            config = configuration(batch, plane, folder, self._limits.timeouts, self._limits.http_version)
            printed = self._run(config, self._most_seconds(len(batch)))
            found = _parse(printed.stdout)
            missing = next((number for number in range(len(batch)) if number not in found), None)
            if missing is not None:
                raise ToolError(
                    f"curl did not report on {batch[missing]}; it ended with code {printed.returncode}: "
                    f"{_last_line(printed.stderr)}"
                )
            return {probe.id: self._reply(probe, found[number], folder, number) for number, probe in enumerate(batch)}

    def _most_seconds(self, count: int) -> float:
        timeouts = self._limits.timeouts
        rounds = math.ceil(count / self._limits.parallel)
        return rounds * max(timeouts.answer, timeouts.upgrade) + _GRACE

    def _run(self, config: bytes, seconds: float) -> subprocess.CompletedProcess[bytes]:
        command = [
            self._program,
            "--disable",
            "--no-progress-meter",
            "--parallel",
            "--parallel-max",
            str(self._limits.parallel),
            # Otherwise all requests to a host wait for its first answer, to share the connection; it may never come.
            "--parallel-immediate",
            "--config",
            "-",
        ]
        # Python ignores SIGXFSZ; without restore_signals curl does, too, and a body that is too long is a write error.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function; the engine knows no module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            restore_signals=False,
        )
        with process:
            try:
                # curl waits for its configuration, so the limit is in force before it asks anything.
                size = self._limits.body_bytes
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
                stdout, stderr = process.communicate(config, timeout=seconds)
            except subprocess.TimeoutExpired:
                raise ToolError(
                    f"curl did not end within {seconds:.0f} s, as its own timeouts should make it"
                ) from None
            finally:
                process.kill()
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def _reply(self, probe: Probe, report: dict[str, Any], folder: Path, number: int) -> Reply:
        status, code = int(report["http_code"]), int(report["exitcode"])
        head = head_path(folder, number)
        lines = head.read_bytes() if head.exists() else b""
        sha256, length = EMPTY_BODY, 0
        if probe.method != "HEAD" and not is_handshake(status):
            sha256, length = digest_of_file(body_path(folder, number))
        truncated = code == _WRITE_ERROR and length == self._limits.body_bytes
        if code == _WRITE_ERROR and max(len(lines), length) < self._limits.body_bytes:
            raise ToolError(f"curl could not write to {folder}: {report['errormsg']}; see that the disk is not full")
        done = code == 0 or truncated or is_handshake(status)
        version = str(report["http_version"])
        return Reply(
            status=status,
            headers=final_headers(lines),
            body_sha256=sha256,
            body_length=length,
            truncated=truncated,
            http_version="" if version == "0" else version,
            error="" if done else f"{code}: {report['errormsg']}",
            connected=bool(report["remote_ip"]),
            seconds=float(report["time_total"]),
        )


def _kind(probe: Probe) -> tuple[str, bool]:
    return probe.scheme, is_upgrade(probe)


def _hosts_in_turn(probes: Sequence[Probe]) -> list[Probe]:
    """Return one probe of each host, then the next of each: the later ones find a connection that is open.

    Side by side they would each make one, and a TLS handshake costs more than a request.
    """
    counts: dict[str, int] = {}
    ranked: list[tuple[int, Probe]] = []
    for probe in probes:
        rank = counts.get(probe.host, 0)
        counts[probe.host] = rank + 1
        ranked.append((rank, probe))
    return [probe for __, probe in sorted(ranked, key=itemgetter(0))]


def check_version(program: str) -> None:
    """Raise ToolError unless ``program`` is a curl that is new enough."""
    text = run_for_text([program, "--version"])
    match = re.match(r"curl (\d+)\.(\d+)", text)
    if match is None:
        raise ToolError(f"{program} --version did not name a version of curl")
    if (int(match[1]), int(match[2])) < OLDEST:
        raise ToolError(
            f"{program} is version {match[1]}.{match[2]}; {OLDEST[0]}.{OLDEST[1]} or newer is needed (--parallel, JSON)"
        )


def _parse(stdout: bytes) -> dict[int, dict[str, Any]]:
    reports: dict[int, dict[str, Any]] = {}
    for line in stdout.decode("utf-8", "replace").split("\n"):
        # A curl that died leaves half a line: that probe has no report then.
        if line.startswith("#") and line.endswith("}"):
            number, __, text = line[1:].partition(" ")
            reports[int(number)] = json.loads(text)
    return reports


def _last_line(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").split("\n")
    return next((repr(line.strip()) for line in reversed(lines) if line.strip()), "it said nothing")
