# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units and waves: what shares a host moves together (design.md, Words)."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.names import is_dns_label
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.intake import take_in
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.merge import build_site
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.units import (
    Unit,
    UnknownNamespaceError,
    Wave,
    find_units,
    plan_waves,
)

from manifests import Object, bundle, ingress, path


def units(*objects: Object) -> list[Unit]:
    captured = bundle(*objects)
    return find_units(build_site(captured, take_in(captured)))


def in_namespace(namespace: str, *hosts: str) -> list[Object]:
    return [ingress(host, path(f"/{namespace}"), namespace=namespace, name=f"i{n}") for n, host in enumerate(hosts)]


def test_a_namespace_of_its_own_is_a_unit() -> None:
    found = units(*in_namespace("b", "b.example.test"), *in_namespace("a", "a.example.test", "c.example.test"))
    assert found == [Unit("a", ("a",)), Unit("b", ("b",))]


def test_what_shares_a_host_is_one_unit_however_long_the_chain() -> None:
    found = units(
        *in_namespace("d", "x.example.test", "y.example.test"),
        *in_namespace("b", "y.example.test", "z.example.test"),
        *in_namespace("c", "z.example.test"),
        *in_namespace("a", "other.example.test"),
    )
    assert found == [Unit("a", ("a",)), Unit("b.and-2-more", ("b", "c", "d"))]


def test_a_wildcard_is_a_host_of_its_own() -> None:
    found = units(*in_namespace("a", "*.example.test"), *in_namespace("b", "b.example.test"))
    assert [unit.name for unit in found] == ["a", "b"]


def test_canaries_without_a_primary_join_nobody() -> None:
    canary = {"canary": "true"}
    orphans = [
        ingress(f"{name}-new.example.test", path("/", "k"), namespace=name, name="k", annotations=canary)
        for name in ("a", "b")
    ]
    found = units(*orphans, *in_namespace("a", "a.example.test"), *in_namespace("b", "b.example.test"))
    assert found == [Unit("a", ("a",)), Unit("b", ("b",))]


@pytest.mark.parametrize("length", [45, 46, 63])
def test_names_of_units_can_be_labels(length: int) -> None:
    first = "a" * length
    (found,) = units(*[obj for n in range(40) for obj in in_namespace(first if not n else f"n{n}", "x.example.test")])
    assert found.namespaces[0] == first
    assert len(found.name) <= 63
    head, _, rest = found.name.partition(".")
    assert is_dns_label(head)
    assert rest == "and-39-more"


def test_long_first_namespaces_do_not_share_a_name() -> None:
    def named(first: str) -> str:
        (found,) = units(*in_namespace(first, "x.example.test"), *in_namespace("z", "x.example.test"))
        return found.name

    assert named("a" * 60 + "b") != named("a" * 60 + "c")


NAMES = ("a", "b", "c", "d")
UNITS = [Unit(name, (name,)) for name in NAMES[:3]] + [Unit("d.and-1-more", ("d", "e"))]
HOSTS = {"a": 5, "b": 1, "c": 3, "d.and-1-more": 60}


def waves(hosts: dict[str, int] = HOSTS, **options: object) -> list[tuple[str, ...]]:
    found = plan_waves(UNITS, hosts, Options(**options))  # type: ignore[arg-type]
    assert [wave.number for wave in found] == list(range(1, len(found) + 1))
    return [wave.units for wave in found]


def test_the_smallest_unit_goes_first_and_alone() -> None:
    assert waves() == [("b",), ("c", "a"), ("d.and-1-more",)]


def test_waves_are_filled_up_to_their_limit_and_never_split_a_unit() -> None:
    assert waves(wave_hosts=7) == [("b",), ("c",), ("a",), ("d.and-1-more",)]
    assert waves(wave_hosts=8) == [("b",), ("c", "a"), ("d.and-1-more",)]
    assert waves(wave_hosts=0) == [("b",), ("c",), ("a",), ("d.and-1-more",)]
    assert waves(wave_hosts=10**9) == [("b",), ("c", "a", "d.and-1-more")]


def test_units_of_equal_size_go_by_name() -> None:
    assert waves(dict.fromkeys(HOSTS, 1), wave_hosts=1) == [("a",), ("b",), ("c",), ("d.and-1-more",)]


def test_written_waves_come_first_and_name_units_by_any_of_their_namespaces() -> None:
    assert waves(waves=(("e",), ("c", "a"))) == [("d.and-1-more",), ("a", "c"), ("b",)]


def test_a_namespace_in_two_waves_moves_in_the_first() -> None:
    assert waves(waves=(("d", "a"), ("e", "b"))) == [("a", "d.and-1-more"), ("b",), ("c",)]


def test_units_without_hosts_that_move_are_in_no_wave() -> None:
    assert waves({"b": 1}, waves=(("a",), ("b",))) == [("b",)]
    assert waves({}) == []


def test_selected_namespaces_are_all_there_is() -> None:
    assert waves(namespaces=("e", "b")) == [("b",), ("d.and-1-more",)]
    assert waves(namespaces=("b",), waves=(("a",), ("b",))) == [("b",)]


@pytest.mark.parametrize("options", [{"namespaces": ("x",)}, {"waves": (("a",), ("x",))}])
def test_a_namespace_that_nobody_has_is_an_error(options: dict[str, object]) -> None:
    with pytest.raises(UnknownNamespaceError, match="namespace 'x' has no Ingress that this controller serves"):
        waves(**options)


def test_waves_hold_what_they_are_given() -> None:
    assert plan_waves(UNITS[:1], {"a": 1}, Options()) == [Wave(1, ("a",))]
