# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing answers by pages of another backend, as nginx's ``error_page`` does (semantics.md B.17). PRIVATE.

Data of a route: ``codes`` (status → true), ``intercepts`` (whether statuses of the backend count, and not only those of
the gateway), ``cluster`` (Envoy's name of the backend of the pages; without one every error is a 404), ``namespace``,
``ingress``, ``service``, ``port`` (what that backend is told), ``timeout`` (milliseconds).

The body of the request is not sent again: it has gone to the backend. An answer is one of the backend when the router
has added the time that the backend took.
"""

from __future__ import annotations

PROGRAM = r"""
local NOT_ASKED = {
  ["connection"] = true, ["content-length"] = true, ["keep-alive"] = true, ["proxy"] = true, ["te"] = true,
  ["transfer-encoding"] = true, ["upgrade"] = true, ["expect"] = true, ["x-forwarded-proto"] = true,
}
local NOT_ANSWERED = {
  ["connection"] = true, ["content-length"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true,
  ["server"] = true, ["date"] = true,
}
local PAGE = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n" ..
  "<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

local function client(handle)
  local address = handle:streamInfo():downstreamRemoteAddress()
  return address:match("^%[(.*)%]:%d+$") or address:match("^(.*):%d+$") or address
end

function envoy_on_request(handle)
  local asked = {}
  for name, value in pairs(handle:headers()) do
    if not name:find("^x%-envoy%-") and not NOT_ASKED[name] then
      asked[name] = asked[name] and asked[name] .. ", " .. value or value
    end
  end
  asked["x-forwarded-for"] = client(handle)
  handle:streamInfo():dynamicMetadata():set("i2i.error-pages", "request", asked)
end

local function kept(name)
  return name:find("^:") or name == "strict-transport-security" or name:find("^access%-control%-")
end

local function page(handle, rule, status)
  local cluster = rule:get("cluster")
  if not cluster then return {[":status"] = "404", ["content-type"] = "text/html"}, PAGE end
  local asked, known = {}, handle:streamInfo():dynamicMetadata():get("i2i.error-pages")["request"]
  for name, value in pairs(known) do asked[name] = value end
  asked["x-code"] = status
  asked["x-format"] = asked["accept"]
  asked["x-original-uri"] = asked[":path"]
  asked["x-namespace"] = rule:get("namespace")
  asked["x-ingress-name"] = rule:get("ingress")
  asked["x-service-name"] = rule:get("service")
  asked["x-service-port"] = rule:get("port")
  asked[":path"] = asked[":path"]:gsub("^[^?]*", "/", 1)
  local options = {["timeout_ms"] = rule:get("timeout"), ["return_duplicate_headers"] = true, ["send_xff"] = false}
  return handle:httpCall(cluster, asked, nil, options)
end

local function replace(handle, status)
  -- A body that comes while the page is fetched could not be replaced any more.
  handle:body(true)
  local answer, body = page(handle, handle:filterContext(), status)
  local headers, dropped = handle:headers(), {}
  for name, _ in pairs(headers) do
    if not kept(name) then dropped[#dropped + 1] = name end
  end
  for _, name in ipairs(dropped) do headers:remove(name) end
  for name, value in pairs(answer) do
    if not NOT_ANSWERED[name] and not name:find("^:") then
      for _, single in ipairs(type(value) == "table" and value or {value}) do headers:add(name, single) end
    end
  end
  local found = answer[":status"]
  headers:replace(":status", type(found) == "table" and found[1] or found)
  local size = handle:body(true):setBytes(body or "")
  handle:headers():replace("content-length", tostring(size))
end

function envoy_on_response(handle)
  local rule, status = handle:filterContext(), handle:headers():get(":status")
  local codes = rule:get("codes")
  local from_backend = handle:headers():get("x-envoy-upstream-service-time") ~= nil
  if not codes[status] or (from_backend and not rule:get("intercepts")) then return end
  local done, problem = pcall(replace, handle, status)
  if not done then handle:logErr("error pages: " .. tostring(problem)) end
end
"""
