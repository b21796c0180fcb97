# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text with variables of nginx, as Lua programs of the gateway read it. PRIVATE to the collection.

A text is a list of parts: ``=text`` is literal, ``$name`` a variable; it comes as data, never as a part of a program.
"""

from __future__ import annotations

FUNCTIONS = r"""
local function client(handle)
  local address = handle:streamInfo():downstreamRemoteAddress()
  return address:match("^%[(.*)%]:%d+$") or address:match("^(.*):%d+$") or address
end

local function variable(handle, name)
  local headers = handle:headers()
  if name == "request_uri" then return headers:get(":path") end
  if name == "args" or name == "query_string" then return headers:get(":path"):match("%?(.*)$") or "" end
  if name == "scheme" or name == "pass_access_scheme" then return headers:get("x-forwarded-proto") or "http" end
  if name == "http_host" or name == "best_http_host" then return headers:get(":authority") end
  if name == "host" then return (headers:get(":authority"):gsub(":%d+$", ""):lower()) end
  if name == "request_method" then return headers:get(":method") end
  if name == "req_id" then return headers:get("x-request-id") or "" end
  if name == "remote_addr" or name == "the_real_ip" then return client(handle) end
  return headers:get((name:gsub("^http_", ""):gsub("_", "-"))) or ""
end

local function text(handle, parts)
  local out = {}
  for _, part in ipairs(parts or {}) do
    local rest = part:sub(2)
    out[#out + 1] = part:sub(1, 1) == "=" and rest or variable(handle, rest)
  end
  return table.concat(out)
end
"""
