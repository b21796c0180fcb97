-- SPDX-FileCopyrightText: The sealos.istio_migration authors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- Cookies of the current request: the part of lua-resty-cookie's interface that ingress-nginx's cookie affinity
-- calls. Here because Debian does not package that library.

local ipairs = ipairs
local ngx = ngx
local setmetatable = setmetatable
local table_concat = table.concat
local tostring = tostring
local type = type

local _M = {}
local methods = { __index = _M }

-- In the order that lua-resty-cookie documents for the header it writes.
local ATTRIBUTES = {
  { field = "expires", name = "Expires" },
  { field = "max_age", name = "Max-Age" },
  { field = "domain", name = "Domain" },
  { field = "path", name = "Path" },
  { field = "secure", name = "Secure", flag = true },
  { field = "httponly", name = "HttpOnly", flag = true },
  { field = "samesite", name = "SameSite" },
}

function _M.new()
  return setmetatable({}, methods)
end

-- Returns the value, or nil and why there is none.
function _M.get(_, name)
  local header = ngx.var.http_cookie
  if not header then
    return nil, "no cookie found in the current request"
  end

  for pair in header:gmatch("[^;]+") do
    local key, value = pair:match("^%s*([^=%s]+)%s*=%s*(.-)%s*$")
    if key == name then
      return value
    end
  end

  return nil, "no cookie of this name in the current request"
end

local function set_cookie_value(cookie)
  local parts = { cookie.key .. "=" .. cookie.value }

  for _, attribute in ipairs(ATTRIBUTES) do
    local value = cookie[attribute.field]
    if value and attribute.flag then
      parts[#parts + 1] = attribute.name
    elseif value then
      parts[#parts + 1] = attribute.name .. "=" .. tostring(value)
    end
  end

  return table_concat(parts, "; ")
end

-- Adds a Set-Cookie header, unless the very same one is there already. Returns true, or nil and an error.
function _M.set(_, cookie)
  if not cookie.key or not cookie.value then
    return nil, "a cookie needs \"key\" and \"value\""
  end

  local value = set_cookie_value(cookie)
  local present = ngx.header["Set-Cookie"] or {}
  if type(present) == "string" then
    present = { present }
  end

  local all = {}
  for _, other in ipairs(present) do
    if other == value then
      return true
    end
    all[#all + 1] = other
  end

  all[#all + 1] = value
  ngx.header["Set-Cookie"] = all

  return true
end

return _M
