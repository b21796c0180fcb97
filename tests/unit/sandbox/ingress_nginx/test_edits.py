# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes fit exactly once, or nothing is changed."""

from __future__ import annotations

import pytest

from sandbox.images.ingress_nginx.edits import Edit, EditError, apply

TEXT = "head\nstream {\n  inner\n}\ntail\n"


def test_changes_are_made_in_their_order() -> None:
    edits = (Edit("a", "head", "neck"), Edit("b", "neck", "knee"))
    assert apply(edits, TEXT, file="f") == TEXT.replace("head", "knee")


def test_a_piece_ends_before_its_mark() -> None:
    assert apply((Edit("drop", "stream {", "", until="tail"),), TEXT, file="f") == "head\ntail\n"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (Edit("none there", "foot", ""), "'foot' is there 0 times"),
        (Edit("several there", "ea", ""), "'ea' is there 3 times"),
        (Edit("no end", "stream", "", until="foot"), "'foot' is there 0 times"),
        (Edit("wrong way round", "tail", "", until="stream"), "'stream' comes before 'tail'"),
    ],
)
def test_a_change_that_does_not_fit_names_itself_and_the_file(edit: Edit, reason: str) -> None:
    with pytest.raises(EditError, match=r"^template/nginx\.tmpl: ") as caught:
        apply((edit,), TEXT.replace("inner", "inner ear"), file="template/nginx.tmpl")
    assert repr(edit.name) in str(caught.value)
    assert reason in str(caught.value)
