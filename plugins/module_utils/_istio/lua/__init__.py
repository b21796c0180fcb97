# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs for Envoy's Lua filter, one a feature. PRIVATE to the collection.

A program is a constant. What a route asks of it is data, in the ``filter_context`` of the route's ``LuaPerRoute``: no
value of anybody becomes Lua text. A program that fails answers 500 rather than to let the request pass.
"""
