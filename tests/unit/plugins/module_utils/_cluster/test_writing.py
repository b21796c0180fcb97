# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing and removing our objects: never what is not ours, never a hand edit, all or nothing (design.md, rule 6)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.errors import ApiError
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.ordering import (
    WRITE_ORDER,
    in_removal_order,
    in_write_order,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.writing import (
    Change,
    RefusedError,
    live_objects,
    remove,
    write,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.ownership import PLAN_LABEL, stamp
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.resources import istio_object
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.objects import ObjectKey, key_of

from .conftest import MemoryApi, Object, refused

HOME = "edge"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "type": "kubernetes.io/tls",
    "metadata": {"name": "cert", "namespace": HOME},
    "data": {"tls.crt": "Y3J0", "tls.key": "a2V5"},
}


def made(kind: str, name: str = "x", namespace: str = HOME, unit: str = "shop", **spec: Any) -> Object:
    return stamp(istio_object(kind, namespace, name, spec or {"a": 1}), unit, ())


def batch(**spec: Any) -> list[Object]:
    return [
        made("Gateway", **spec),
        made("VirtualService", namespace="shop", **spec),
        made("EnvoyFilter", **spec),
        made("DestinationRule", namespace="shop", **spec),
        stamp(copy.deepcopy(SECRET), "shop", ()),
    ]


def run(api: MemoryApi, desired: list[Object], units: tuple[str, ...] = ("shop",), **options: Any) -> list[Change]:
    return write(api, desired, units, HOME, "0123456789ab", **{"force": False, "dry_run": False, **options})


def actions(changes: list[Change]) -> dict[str, str]:
    return {change.key.kind: change.action for change in changes}


def edit(api: MemoryApi, kind: str, **spec: Any) -> ObjectKey:
    (key,) = (key for key in api.objects if key.kind == kind)
    obj = copy.deepcopy(api.objects[key])
    obj["spec"] = spec
    api.put(obj)
    return key


def test_a_first_write_creates_everything_in_order() -> None:
    api = MemoryApi()
    changes = run(api, batch())
    assert {change.action for change in changes} == {"create"}
    assert [key.kind for _, key in api.calls] == [
        "Secret",
        "DestinationRule",
        "EnvoyFilter",
        "VirtualService",
        "Gateway",
    ]
    assert {obj["metadata"]["labels"][PLAN_LABEL] for obj in api.objects.values()} == {"0123456789ab"}


def test_a_second_write_changes_nothing_whichever_plan_asks() -> None:
    api = MemoryApi()
    run(api, batch())
    before = copy.deepcopy(api.objects)
    api.calls.clear()
    changes = write(api, batch(), ["shop"], HOME, "ffffffffffff", force=False, dry_run=False)
    assert set(actions(changes).values()) == {"none"}
    assert (api.calls, api.objects) == ([], before)


def test_what_differs_is_updated_and_shown() -> None:
    api = MemoryApi()
    run(api, batch())
    changes = run(api, batch(a=2))
    assert actions(changes) == {
        "Secret": "none",
        "DestinationRule": "update",
        "EnvoyFilter": "update",
        "VirtualService": "update",
        "Gateway": "update",
    }
    (gateway,) = (change for change in changes if change.key.kind == "Gateway")
    assert (gateway.before, gateway.after) == ({"spec": {"a": 1}}, {"spec": {"a": 2}})


def test_marks_that_differ_are_an_update_too() -> None:
    api = MemoryApi()
    run(api, [made("Gateway")])
    other = made("Gateway")
    other["metadata"]["annotations"]["istio-migration.sealos.io/sources"] = "Ingress shop/new"
    assert actions(run(api, [other])) == {"Gateway": "update"}


def test_what_a_plan_no_longer_has_is_removed_last_and_backwards() -> None:
    api = MemoryApi()
    run(api, batch())
    api.calls.clear()
    changes = run(api, [made("Gateway")])
    assert actions(changes) == {
        "Gateway": "none",
        "VirtualService": "delete",
        "EnvoyFilter": "delete",
        "DestinationRule": "delete",
        "Secret": "delete",
    }
    assert [key.kind for _, key in api.calls] == ["VirtualService", "EnvoyFilter", "DestinationRule", "Secret"]
    assert [key.kind for key in api.objects] == ["Gateway"]


def test_objects_of_other_units_stay() -> None:
    api = MemoryApi()
    run(api, [made("Gateway", "other", unit="bank")], ("bank",))
    assert actions(run(api, [])) == {}
    assert [key.name for key in api.objects] == ["other"]


def test_an_object_of_ours_moves_to_another_unit() -> None:
    api = MemoryApi()
    run(api, [made("Gateway", unit="bank")], ("bank",))
    assert actions(run(api, [made("Gateway", unit="shop")])) == {"Gateway": "update"}


@pytest.mark.parametrize("force", [False, True])
def test_what_is_not_ours_is_never_touched(force: bool) -> None:
    foreign = istio_object("VirtualService", "shop", "x", {"by": "hand"})
    api = MemoryApi(foreign)
    with pytest.raises(RefusedError, match="VirtualService shop/x exists and was not made by this collection"):
        run(api, batch(), force=force)
    assert api.calls == []
    assert [obj["spec"] for obj in api.objects.values()] == [{"by": "hand"}]


def test_a_hand_edit_refuses_the_whole_batch_and_names_all() -> None:
    api = MemoryApi()
    run(api, batch())
    edit(api, "Gateway", by="hand")
    edit(api, "EnvoyFilter", by="hand")
    api.calls.clear()
    with pytest.raises(RefusedError) as caught:
        run(api, batch(a=2))
    assert str(caught.value) == (
        "EnvoyFilter edge/x was edited by hand; undo the edit, or run with migrate_force=true to overwrite it; "
        "Gateway edge/x was edited by hand; undo the edit, or run with migrate_force=true to overwrite it"
    )
    assert api.calls == []


def test_a_hand_edit_of_what_would_be_removed_is_refused_too() -> None:
    api = MemoryApi()
    run(api, batch())
    edit(api, "Gateway", by="hand")
    with pytest.raises(RefusedError, match="Gateway edge/x was edited by hand"):
        run(api, batch()[1:])


def test_force_takes_a_hand_edit_away_as_a_whole() -> None:
    api = MemoryApi()
    run(api, [made("Gateway")])
    key = edit(api, "Gateway", a=1, more="by hand")
    assert actions(run(api, [made("Gateway")], force=True)) == {"Gateway": "update"}
    assert api.objects[key]["spec"] == {"a": 1}
    assert api.calls[-1][0] == "replace"


def test_an_edit_that_says_what_is_wanted_is_welcome() -> None:
    api = MemoryApi()
    run(api, [made("Gateway")])
    edit(api, "Gateway", a=2)
    assert actions(run(api, [made("Gateway", a=2)])) == {"Gateway": "update"}


def test_an_edit_that_is_made_between_looking_and_writing_is_not_overwritten() -> None:
    api = MemoryApi()
    run(api, [made("Gateway")])
    edit(api, "Gateway", by="hand")

    def edit_again(verb: str, key: ObjectKey) -> None:
        api.before = None
        edit(api, "Gateway", by="another hand")

    api.before = edit_again
    with pytest.raises(ApiError, match="409"):
        run(api, [made("Gateway")], force=True)
    assert [obj["spec"] for obj in api.objects.values()] == [{"by": "another hand"}]


def test_check_mode_asks_for_everything_and_changes_nothing() -> None:
    api = MemoryApi()
    run(api, batch())
    edit(api, "Gateway", by="hand")
    before = copy.deepcopy(api.objects)
    changes = run(api, batch(a=2)[:-1], dry_run=True, force=True)
    assert actions(changes) == {
        "DestinationRule": "update",
        "EnvoyFilter": "update",
        "VirtualService": "update",
        "Gateway": "update",
        "Secret": "delete",
    }
    assert api.objects == before


def test_check_mode_works_before_istio_is_installed() -> None:
    api = MemoryApi(unserved=[kind for kind in WRITE_ORDER if kind != "Secret"])
    assert set(actions(run(api, batch(), dry_run=True)).values()) == {"create"}
    with pytest.raises(ApiError, match="404"):
        run(api, batch())


def test_a_secret_is_never_shown() -> None:
    api = MemoryApi()
    changes = run(api, [stamp(copy.deepcopy(SECRET), "shop", ())])
    renewed = copy.deepcopy(SECRET)
    renewed["data"]["tls.crt"] = "bmV3"
    changes += run(api, [stamp(renewed, "shop", ())])
    changes += run(api, [])
    text = repr([(change.before, change.after) for change in changes])
    assert [change.action for change in changes] == ["create", "update", "delete"]
    assert "sha256 " in text
    assert not any(secret in text for secret in ("Y3J0", "a2V5", "bmV3"))


def test_a_failed_write_leaves_what_comes_later_unwritten() -> None:
    api = MemoryApi()

    def refuse(verb: str, key: ObjectKey) -> None:
        if key.kind == "VirtualService":
            raise refused(422, "Invalid", "admission webhook denied the request")

    api.before = refuse
    with pytest.raises(ApiError, match="admission webhook denied"):
        run(api, batch())
    assert sorted(key.kind for key in api.objects) == ["DestinationRule", "EnvoyFilter", "Secret"]


def test_objects_beside_applications_are_looked_for_everywhere() -> None:
    api = MemoryApi()
    run(api, [*batch(), made("Gateway", "far", "shop"), made("VirtualService", "far", "bank")])
    found = {(key.kind, key.namespace) for key in live_objects(api, ["shop"], HOME)}
    assert ("VirtualService", "bank") in found
    assert ("Gateway", "shop") not in found


def test_many_units_are_looked_for_in_parts() -> None:
    units = [f"n{number}" for number in range(100)]
    api = MemoryApi()
    run(api, [made("Gateway", unit, unit=unit) for unit in units], tuple(units))
    assert len(live_objects(api, units, HOME)) == 100
    assert live_objects(api, [], HOME) == {}


def test_removal_is_refused_as_a_whole_before_anything_is_removed() -> None:
    api = MemoryApi()
    run(api, batch())
    key = edit(api, "Gateway", by="hand")
    live = list(api.objects.values())
    with pytest.raises(RefusedError, match=f"{key} was edited by hand"):
        remove(api, live, force=False, dry_run=False)
    assert len(api.objects) == 5
    assert {change.action for change in remove(api, live, force=True, dry_run=True)} == {"delete"}
    assert len(api.objects) == 5
    remove(api, live, force=True, dry_run=False)
    assert api.objects == {}


def test_what_is_gone_already_is_no_change() -> None:
    api = MemoryApi()
    run(api, batch())
    live = list(api.objects.values())
    api.objects.clear()
    assert remove(api, live, force=False, dry_run=False) == []


def test_one_that_was_made_anew_is_another_object() -> None:
    api = MemoryApi()
    run(api, [made("Gateway")])
    (old,) = api.objects.values()
    api.objects.clear()
    api.put(old)
    assert remove(api, [old], force=False, dry_run=False) == []
    assert len(api.objects) == 1


def test_orders_are_each_others_reverse_and_the_same_for_any_input() -> None:
    objects = batch()
    ordered = in_write_order(objects)
    assert [obj["kind"] for obj in ordered] == sorted((obj["kind"] for obj in objects), key=WRITE_ORDER.index)
    assert in_write_order(objects[::-1]) == ordered
    assert [key_of(obj) for obj in in_removal_order(objects)] == [key_of(obj) for obj in ordered[::-1]]
