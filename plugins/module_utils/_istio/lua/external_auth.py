# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking another service whether a request may pass, as nginx's ``auth_request`` does (semantics.md B.13). PRIVATE.

Data of a route: ``cluster`` (Envoy's name of the service), ``authority`` and ``path`` of the question, ``method``,
``timeout`` (milliseconds), ``headers`` (name → text), ``copied`` (names of answer headers for the backend),
``redirect`` (where a 401 leads, may be absent), ``asked`` (text of X-Auth-Request-Redirect), ``all_statuses`` (whether
cookies reach the client with every status). Texts are lists of parts: ``=text`` is literal, ``$name`` a variable.
"""

from __future__ import annotations

VARIABLES = frozenset(
    (
        "best_http_host",
        "escaped_request_uri",
        "host",
        "http_host",
        "pass_access_scheme",
        "remote_addr",
        "request_method",
        "request_uri",
        "scheme",
    )
)
"""Variables of nginx that texts may name; ``http_<name>`` is a request header besides."""

PROGRAM = r"""
local HOP_BY_HOP = {
  ["connection"] = true, ["content-length"] = true, ["keep-alive"] = true, ["proxy"] = true, ["te"] = true,
  ["transfer-encoding"] = true, ["upgrade"] = true, ["x-forwarded-proto"] = true,
}

local function escaped(text)
  return (text:gsub("[^%w%-%._~]", function(character) return string.format("%%%02X", character:byte()) end))
end

local function client(handle)
  local address = handle:streamInfo():downstreamRemoteAddress()
  return address:match("^%[(.*)%]:%d+$") or address:match("^(.*):%d+$") or address
end

local function variable(handle, name)
  local headers = handle:headers()
  local path = headers:get(":path")
  if name == "request_uri" then return path end
  if name == "escaped_request_uri" then return escaped(path) end
  if name == "scheme" or name == "pass_access_scheme" then return headers:get("x-forwarded-proto") or "http" end
  if name == "http_host" or name == "best_http_host" then return headers:get(":authority") end
  if name == "host" then return (headers:get(":authority"):gsub(":%d+$", ""):lower()) end
  if name == "request_method" then return headers:get(":method") end
  if name == "remote_addr" then return client(handle) end
  return headers:get((name:gsub("^http_", ""):gsub("_", "-"))) or ""
end

local function text(handle, parts)
  local out = {}
  for _, part in ipairs(parts or {}) do
    local rest = part:sub(2)
    out[#out + 1] = part:sub(1, 1) == "$" and variable(handle, rest) or rest
  end
  return table.concat(out)
end

local function question(handle, rule)
  local asked = {}
  for name, value in pairs(handle:headers()) do
    if not name:find("^:") and not name:find("^x%-envoy%-") and not HOP_BY_HOP[name] then
      local known = asked[name]
      asked[name] = known and known .. ", " .. value or value
    end
  end
  local method = rule:get("method")
  asked[":method"] = method or "GET"
  asked[":authority"] = text(handle, rule:get("authority"))
  asked[":path"] = text(handle, rule:get("path"))
  asked["x-original-url"] = text(handle, {"$scheme", "=://", "$http_host", "$request_uri"})
  asked["x-original-method"] = variable(handle, "request_method")
  asked["x-sent-from"] = "nginx-ingress-controller"
  asked["x-real-ip"] = client(handle)
  asked["x-forwarded-for"] = client(handle)
  asked["x-auth-request-redirect"] = text(handle, rule:get("asked"))
  if method then
    asked["x-original-uri"] = variable(handle, "request_uri")
    asked["x-scheme"] = variable(handle, "scheme")
  end
  for name, parts in pairs(rule:get("headers") or {}) do
    asked[name:lower()] = text(handle, parts)
  end
  return asked
end

local function values(header)
  if header == nil then return {} end
  return type(header) == "table" and header or {header}
end

-- The statuses of nginx's add_header without "always".
local WITH_COOKIES = {
  ["200"] = true, ["201"] = true, ["204"] = true, ["206"] = true, ["301"] = true, ["302"] = true, ["303"] = true,
  ["304"] = true, ["307"] = true, ["308"] = true,
}

local TITLES = {
  ["302"] = "302 Found", ["401"] = "401 Authorization Required", ["403"] = "403 Forbidden",
  ["500"] = "500 Internal Server Error",
}

local function refuse(handle, status, headers)
  local title = TITLES[status]
  headers[":status"], headers["content-type"] = status, "text/html"
  handle:respond(headers, "<html>\r\n<head><title>" .. title .. "</title></head>\r\n<body>\r\n<center><h1>" .. title ..
    "</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")
end

local function first(header)
  return values(header)[1]
end

local function check(handle, rule)
  -- What the route says cannot be read any more once the question is under way.
  local cluster, copied, always = rule:get("cluster"), rule:get("copied") or {}, rule:get("all_statuses")
  local redirect = rule:get("redirect") and text(handle, rule:get("redirect"))
  local options = {["timeout_ms"] = rule:get("timeout"), ["return_duplicate_headers"] = true, ["send_xff"] = false}
  local answer = handle:httpCall(cluster, question(handle, rule), nil, options)
  local status, cookies = first(answer[":status"]), values(answer["set-cookie"])
  if status:sub(1, 1) == "2" then
    for _, name in ipairs(copied) do
      local value = first(answer[name])
      handle:headers():remove(name)
      if value then handle:headers():add(name, value) end
    end
    if #cookies > 0 then
      handle:streamInfo():dynamicMetadata():set("i2i.external-auth", "cookies", table.concat(cookies, "\n"))
    end
  elseif status == "401" and redirect then
    refuse(handle, "302", {["location"] = redirect, ["set-cookie"] = cookies})
  elseif status == "401" then
    refuse(handle, "401", {
      ["www-authenticate"] = values(answer["www-authenticate"]), ["set-cookie"] = always and cookies or {},
    })
  else
    refuse(handle, status == "403" and "403" or "500", {["set-cookie"] = always and cookies or {}})
  end
end

function envoy_on_request(handle)
  local done, problem = pcall(check, handle, handle:filterContext())
  if not done then
    handle:logErr("external authentication: " .. tostring(problem))
    refuse(handle, "500", {})
  end
end

function envoy_on_response(handle)
  local known = handle:streamInfo():dynamicMetadata():get("i2i.external-auth")
  if known and (handle:filterContext():get("all_statuses") or WITH_COOKIES[handle:headers():get(":status")]) then
    for cookie in known["cookies"]:gmatch("[^\n]+") do handle:headers():add("set-cookie", cookie) end
  end
end
"""
