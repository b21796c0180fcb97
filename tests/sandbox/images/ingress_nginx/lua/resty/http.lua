-- SPDX-FileCopyrightText: The sealos.istio_migration authors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- Stands in for lua-resty-http, which Debian does not package. ingress-nginx calls it for OCSP responses only
-- (enable-ocsp, off by default): every request fails with a reason, which ingress-nginx logs, and answers go out
-- without a staple.

local setmetatable = setmetatable

local _M = {}
local methods = { __index = _M }

function _M.new()
  return setmetatable({}, methods)
end

function _M.set_timeout() end

function _M.parse_uri()
  return nil, "OCSP stapling is not supported by this nginx: it has no HTTP client in Lua"
end

return _M
