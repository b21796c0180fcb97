# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof on disk: complete, always the same bytes, without secrets, noticed when changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.differences import Difference
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.certificates import CertificateComparison
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.comparison import Verdict, compare
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.errors import ProofError
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.files import read_proof, write_proof
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.openssl import Shown
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import Plane
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.probes import Probe
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.proof import Proof, Result
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.replies import Reply

SECRET = "s3cret-session"


def result(name: str, nginx: Reply, istio: Reply, **fields: object) -> Result:
    values = {"status": 0, "location": "", "generated": False, "described": (), **fields}
    probe = Probe(name, "*.a.test", "x.a.test", "http", "GET", "/\x9b?<b>", (("origin", "o"),), "path", **values)  # type: ignore[arg-type]
    return Result(probe, nginx, istio, compare(probe, [nginx, nginx], istio))


def proof(name: str = "shop") -> Proof:
    redirect = Reply(308, {"location": ("https://a",)})
    slashed = Reply(308, {"location": ("https://a/",)})
    results = (
        result("1", Reply(200, {"set-cookie": (SECRET,), "x-api-key": (SECRET,)}), Reply(404)),
        result(
            "2",
            redirect,
            slashed,
            generated=True,
            status=308,
            location="https://a",
            described=(Difference("REDIRECT-KEEPS-SLASH", "location", "https://a/"),),
        ),
        result("3", Reply(0, error="28: late"), Reply(0, error="28: later")),
        result("4", Reply(302, {"location": (f"https://b/?token={SECRET}",)}), Reply(302)),
    )
    certificate = CertificateComparison("*.a.test", "x.a.test", Shown(("1",)), Shown(("2",)), Verdict.DIFFERENT)
    addresses = {plane: {"http": "127.0.0.1:1", "https": "127.0.0.1:2"} for plane in ("nginx", "istio")}
    return Proof(name, "2026-01-01T00:00:00Z", addresses, results, (certificate,), 1.23456, 2)


def test_a_proof_is_read_back(tmp_path: Path) -> None:
    written = write_proof(proof(), tmp_path / "run")
    stored = read_proof(tmp_path / "run", "shop")
    assert stored == written
    assert stored.summary["counts"] == {
        "probes": 4,
        "equal": 1,
        "described": 1,
        "different": 2,
        "noise": 0,
        "model_mismatches": 0,
        "unanswered": 1,
        "certificates": 1,
        "certificates_described": 0,
        "certificates_different": 1,
    }
    assert [host["host"] for host in stored.summary["hosts"]] == ["*.a.test"]
    assert stored.summary["hosts"][0]["certificate"]["verdict"] == "different"
    assert (stored.summary["agrees"], stored.summary["seconds"], stored.summary["rounds"]) == (False, 1.235, 2)
    lines = list(stored.results())
    assert [line["verdict"] for line in lines] == ["different", "described", "equal", "different"]
    assert lines[1]["differences"] == [
        {
            "field": "location",
            "nginx": "https://a",
            "istio": "https://a/",
            "code": "REDIRECT-KEEPS-SLASH",
            "as_predicted": True,
        }
    ]
    assert lines[0]["request"]["target"] == "/\x9b?<b>"


def test_bytes_depend_on_content_only_and_hold_no_secret(tmp_path: Path) -> None:
    for run in ("one", "two"):
        write_proof(proof(), tmp_path / run)
    for name in ("proof-shop.json", "proof-shop.jsonl"):
        content = (tmp_path / "one" / name).read_bytes()
        assert content == (tmp_path / "two" / name).read_bytes()
        assert SECRET.encode() not in content
        assert content.isascii()
        assert b"\x1b" not in content
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["proof-shop.json", "proof-shop.jsonl"]


def test_a_later_proof_replaces_an_earlier_one(tmp_path: Path) -> None:
    write_proof(proof(), tmp_path)
    before = read_proof(tmp_path, "shop")
    other = Proof("shop", "2026-01-02T00:00:00Z", before.summary["planes"], (), (), 1)
    write_proof(other, tmp_path)
    assert read_proof(tmp_path, "shop").summary["counts"]["probes"] == 0


def test_changed_or_missing_files_are_noticed(tmp_path: Path) -> None:
    stored = write_proof(proof(), tmp_path)
    stored.lines.write_text(stored.lines.read_text().replace("different", "equal"))
    with pytest.raises(ProofError, match=r"proof-shop\.jsonl was changed after it was written"):
        list(stored.results())
    stored.lines.unlink()
    with pytest.raises(ProofError, match=r"proof-shop\.jsonl is missing"):
        list(stored.results())
    summary = tmp_path / "proof-shop.json"
    for text, problem in (("{", "is not valid JSON"), (json.dumps({"format": 99}), "is not of format 1")):
        summary.write_text(text)
        with pytest.raises(ProofError, match=problem):
            read_proof(tmp_path, "shop")
    with pytest.raises(ProofError, match="does not exist; verify absent first"):
        read_proof(tmp_path, "absent")


@pytest.mark.parametrize("name", ["../etc", "a/b", "", "A", "-x", "a\n", "a" * 254])
def test_a_name_that_is_no_file_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="cannot name a proof"):
        write_proof(proof(name), tmp_path)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "::1:80",
        "[127.0.0.1]:80",
        "-x:80",
        "a b:80",
        "a:80\n",
        "*.a:80",
    ],
)
def test_addresses_of_planes_are_checked(address: str) -> None:
    with pytest.raises(ProofError, match="plane istio: the address for https must be HOST:PORT"):
        Plane("istio", {"http": "127.0.0.1:80", "https": address})


def test_addresses_may_be_names_or_of_either_family() -> None:
    for address in ("127.0.0.1:20101", "[::1]:80", "elb.example.test:443", "LB-1.example.test:80"):
        assert Plane("istio", {"http": address, "https": address}).addresses["http"] == address
