# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases of Istio have what the collection emits (semantics.md C.8, C.12). PRIVATE to the collection.

Envoy took in ``LuaPerRoute.filter_context`` with 1.35 (envoyproxy/envoy#39263), buckets for each client with 1.34, and
``remote_address_match`` with 1.38 (envoyproxy/envoy#43320); Istio 1.27 has Envoy 1.35, and each later one the next.
"""

from __future__ import annotations

OLDEST_ISTIO = (1, 27)
"""The oldest Istio that any host can be moved to."""

NEWEST_NEEDED = (1, 30)
"""The oldest Istio for which nothing has to be held back."""
