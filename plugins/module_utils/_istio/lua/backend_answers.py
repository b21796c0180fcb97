# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rewriting cookies and redirects of backends as nginx does (semantics.md A.4 107 to 110). PRIVATE to the collection.

Data of a route: ``cookie_domain``, ``cookie_path`` and ``redirect``, each absent or with ``old`` (a text) and ``new``
(parts, see :mod:`variables`); ``origin`` (parts), which comes before a redirect that was rewritten to a path; ``own``,
the name of the cookie that the gateway sets itself, absent for none.
"""

from __future__ import annotations

from .variables import FUNCTIONS

PROGRAM = (
    FUNCTIONS
    + r"""
local SPACE = "i2i.backend-answers"

function envoy_on_request(handle)
  -- The request is out of reach when its answer comes.
  local data, texts = handle:filterContext(), {}
  for _, name in ipairs({"cookie_domain", "cookie_path", "redirect"}) do
    local exchange = data:get(name)
    if exchange then texts[name] = text(handle, exchange["new"]) end
  end
  texts["origin"] = text(handle, data:get("origin"))
  handle:streamInfo():dynamicMetadata():set(SPACE, "texts", texts)
end

local function exchanged(value, old, new)
  if value:sub(1, #old) ~= old then return nil end
  return new .. value:sub(#old + 1)
end

local function trimmed(value)
  return (value:gsub("^[ \t]+", ""):gsub("[ \t]+$", ""))
end

local function of_cookie(line, data, texts)
  local parts, changed = {}, false
  for part in (line .. ";"):gmatch("([^;]*);") do
    part = trimmed(part)
    local name, value = part:match("^([^=]*)=(.*)$")
    local key = #parts > 0 and name and name:lower() or ""
    local domain, path = data:get("cookie_domain"), data:get("cookie_path")
    if key == "domain" and domain then
      if value:gsub("^%.", ""):lower() == domain["old"]:lower() then
        part, changed = name .. "=" .. texts["cookie_domain"], true
      end
    elseif key == "path" and path then
      local other = exchanged(value, path["old"], texts["cookie_path"])
      if other then part, changed = name .. "=" .. other, true end
    end
    parts[#parts + 1] = part
  end
  return changed and table.concat(parts, "; ") or line
end

local function rewrite_cookies(headers, data, texts)
  local lines = {}
  for index = 0, headers:getNumValues("set-cookie") - 1 do
    lines[#lines + 1] = headers:getAtIndex("set-cookie", index)
  end
  if #lines == 0 then return end
  headers:remove("set-cookie")
  local own = data:get("own")
  for _, line in ipairs(lines) do
    local ours = own and line:sub(1, #own + 1) == own .. "="
    headers:add("set-cookie", ours and line or of_cookie(line, data, texts))
  end
end

local function rewrite_redirects(headers, data, texts)
  local old = data:get("redirect")["old"]
  local location = headers:get("location")
  local other = location and exchanged(location, old, texts["redirect"])
  if other then
    if other:sub(1, 1) == "/" then other = texts["origin"] .. other end
    headers:replace("location", other)
  end
  local refresh = headers:get("refresh")
  local start, stop = (refresh or ""):lower():find("url=", 1, true)
  local target = start and exchanged(refresh:sub(stop + 1), old, texts["redirect"])
  if target then headers:replace("refresh", refresh:sub(1, stop) .. target) end
end

function envoy_on_response(handle)
  local known = handle:streamInfo():dynamicMetadata():get(SPACE)
  local data, texts = handle:filterContext(), known and known["texts"]
  if not texts then return end
  local headers = handle:headers()
  if data:get("cookie_domain") or data:get("cookie_path") then rewrite_cookies(headers, data, texts) end
  if data:get("redirect") then rewrite_redirects(headers, data, texts) end
end
"""
)
