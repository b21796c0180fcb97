# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing headers of the request to the backend as nginx does (semantics.md B.18). PRIVATE to the collection.

Data of a route: ``changes``, a list of changes in order, each with ``name`` (lower case) and ``parts`` (the value, see
:mod:`variables`); an empty value removes the header.
"""

from __future__ import annotations

from .variables import FUNCTIONS

PROGRAM = (
    FUNCTIONS
    + r"""
function envoy_on_request(handle)
  local headers, changes = handle:headers(), handle:filterContext():get("changes") or {}
  local texts = {}
  for index, change in ipairs(changes) do texts[index] = text(handle, change["parts"]) end
  for index, change in ipairs(changes) do
    headers:remove(change["name"])
    if texts[index] ~= "" then headers:add(change["name"], texts[index]) end
  end
end
"""
)
