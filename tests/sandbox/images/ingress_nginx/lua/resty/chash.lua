-- SPDX-FileCopyrightText: The sealos.istio_migration authors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- Consistent hashing of keys to weighted nodes: the part of lua-resty-balancer's resty.chash that ingress-nginx's
-- balancer calls (new, reinit, find and the field "nodes"). Here because Debian does not package that library.
--
-- The ring has as many points as the original's, at other places: a key keeps its node while the nodes stay, and 1/n
-- of the keys move when one of n nodes goes, but which node a key gets is not what the original would say.

local ngx = ngx
local math_floor = math.floor
local pairs = pairs
local setmetatable = setmetatable
local table_sort = table.sort
local tostring = tostring

local POINTS_PER_WEIGHT = 160

local _M = {}
local methods = { __index = _M }

-- A text's place on the ring, from 0 to 2^32 - 1. From a digest: checksums of texts that differ in one digit lie
-- close together.
local function place_of(text)
  local digest = ngx.md5_bin(text)
  local first, second, third, fourth = digest:byte(1, 4)
  return ((first * 256 + second) * 256 + third) * 256 + fourth
end

-- Points sort by their place, and by their node where two have the same, so that every worker gets the same ring.
local function before(one, other)
  if one.place ~= other.place then
    return one.place < other.place
  end
  return one.id < other.id
end

-- nodes: a table of weights (whole numbers) by ID. It is copied: callers compare it with what they have next time.
function _M.reinit(self, nodes)
  self.nodes, self.ring = {}, {}
  for id, weight in pairs(nodes) do
    self.nodes[id] = weight
    for number = 1, weight * POINTS_PER_WEIGHT do
      self.ring[#self.ring + 1] = { place = place_of(id .. "#" .. number), id = id }
    end
  end
  table_sort(self.ring, before)
end

function _M.new(_, nodes)
  local self = setmetatable({}, methods)
  self:reinit(nodes)
  return self
end

-- Returns the ID of the node at or after the key's place on the ring, or nil and an error when there is none.
function _M.find(self, key)
  local ring = self.ring
  if #ring == 0 then
    return nil, "there are no nodes"
  end

  local place = place_of(tostring(key))
  local low, high = 1, #ring + 1
  while low < high do
    local middle = math_floor((low + high) / 2)
    if ring[middle].place < place then
      low = middle + 1
    else
      high = middle
    end
  end

  return ring[(low - 1) % #ring + 1].id
end

return _M
