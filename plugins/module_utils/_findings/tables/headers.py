# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers of requests and responses, bodies, errors, mirrors, logs. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code

CODES: tuple[Code, ...] = ()
