# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snippets: directives of nginx that somebody wrote by hand. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code

CODES: tuple[Code, ...] = ()
