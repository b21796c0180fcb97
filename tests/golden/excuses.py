# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that are not answered as the table says, each with its reason; docs/real-planes.md names them."""

from __future__ import annotations

EXCUSED: dict[str, str] = {}
