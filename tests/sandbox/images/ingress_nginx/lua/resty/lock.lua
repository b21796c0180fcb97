-- SPDX-FileCopyrightText: The sealos.istio_migration authors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- A lock across nginx's workers: the part of lua-resty-lock's interface that ingress-nginx's EWMA balancer calls.
-- Here because Debian does not package that library. Waiting for a lock is left out: the balancer runs where nothing
-- may sleep, so it asks for a timeout of 0.

local ngx = ngx
local setmetatable = setmetatable

local DEFAULT_EXPIRY = 30 -- seconds

local _M = {}
local methods = { __index = _M }

-- options: timeout (must be 0), exptime in seconds. Returns a lock, or nil and an error.
function _M.new(_, dictionary_name, options)
  local dictionary = ngx.shared[dictionary_name]
  if not dictionary then
    return nil, "dictionary not found"
  end
  if not options or options.timeout ~= 0 then
    return nil, "waiting for a lock is not supported: set \"timeout\" to 0"
  end
  return setmetatable({ dictionary = dictionary, expiry = options.exptime or DEFAULT_EXPIRY }, methods)
end

-- Returns 0, the seconds waited, or nil and an error: "timeout" when another worker has it, "locked" when this one
-- has.
function _M.lock(self, key)
  if self.held_key then
    return nil, "locked"
  end

  local added, err = self.dictionary:add(key, true, self.expiry)
  if not added then
    return nil, err == "exists" and "timeout" or err
  end

  self.held_key = key
  return 0
end

-- Returns 1, or nil and an error.
function _M.unlock(self)
  if not self.held_key then
    return nil, "unlocked"
  end

  self.dictionary:delete(self.held_key)
  self.held_key = nil
  return 1
end

return _M
