# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.agent import quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", "0.5"),
        ("2", "2"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("64Mi", 64 * 2**20),
        ("64M", 64 * 10**6),
        ("1Ti", 2**40),
        ("1e3", 1000),
        ("12E2", 1200),
        ("1E", 10**18),
        ("100n", "1e-7"),
        ("-1k", -1000),
    ],
)
def test_reads_every_form_of_a_quantity(text: str, value: str | int) -> None:
    assert quantity.parse(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "m", "1 Gi", "1GiB", "0x10", "1e", "1mi"])
def test_refuses_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        quantity.parse(text)


@pytest.mark.parametrize(
    ("text", "divisor", "shown"),
    [("500m", "0", "1"), ("1500m", "1", "2"), ("500m", "1m", "500"), ("64Mi", "1Mi", "64"), ("100M", "1Mi", "96")],
)
def test_rounds_up_in_units_of_the_divisor(text: str, divisor: str, shown: str) -> None:
    assert quantity.divided(text, divisor) == shown
