# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing response headers as nginx's header filters do, on answers of the gateway, too (semantics.md B.18). PRIVATE.

Data of a route: ``changes``, a list of changes in order, each with ``kind`` (``set``, ``clear``, ``add`` or
``expires``), ``name`` (lower case; of ``clear`` perhaps with a ``*`` at its end), ``parts`` (the value, see
:mod:`variables`), ``statuses`` (texts; none for all), ``seconds`` (of ``expires``: from now) and ``only`` (a scheme;
none for both).
"""

from __future__ import annotations

from .variables import FUNCTIONS

PROGRAM = (
    FUNCTIONS
    + r"""
local SPACE = "i2i.response-headers"

function envoy_on_request(handle)
  -- The request is out of reach when its answer comes.
  local texts = {}
  for index, change in ipairs(handle:filterContext():get("changes") or {}) do
    texts["t" .. index] = text(handle, change["parts"])
  end
  handle:streamInfo():dynamicMetadata():set(SPACE, "texts", texts)
  handle:streamInfo():dynamicMetadata():set(SPACE, "scheme", variable(handle, "scheme"))
end

local function is_for(change, status, scheme)
  if change["only"] and change["only"] ~= scheme then return false end
  local statuses = change["statuses"]
  if not statuses or #statuses == 0 then return true end
  for _, listed in ipairs(statuses) do
    if listed == status then return true end
  end
  return false
end

-- nginx keeps these apart from the list that a star looks through.
local OWN = {[":status"] = true, ["content-type"] = true, ["content-length"] = true, ["date"] = true, ["server"] = true}

local function clear(headers, name)
  if name:sub(-1) ~= "*" then
    headers:remove(name)
    return
  end
  local stem, found = name:sub(1, -2), {}
  for key, _ in pairs(headers) do
    if key:sub(1, #stem) == stem and not OWN[key] then found[#found + 1] = key end
  end
  for _, key in ipairs(found) do headers:remove(key) end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local status = headers:get(":status")
  local known = handle:streamInfo():dynamicMetadata():get(SPACE)
  local texts = known and known["texts"] or {}
  for index, change in ipairs(handle:filterContext():get("changes") or {}) do
    if is_for(change, status, known and known["scheme"]) then
      local kind, name, value = change["kind"], change["name"], texts["t" .. index] or ""
      if kind == "expires" then
        value = os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + change["seconds"])
      end
      if kind ~= "add" then clear(headers, name) end
      if value ~= "" then headers:add(name, value) end
    end
  end
end
"""
)
