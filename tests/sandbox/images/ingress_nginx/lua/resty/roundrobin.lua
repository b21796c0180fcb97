-- SPDX-FileCopyrightText: The sealos.istio_migration authors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- Round robin over weighted nodes: the part of lua-resty-balancer's resty.roundrobin that ingress-nginx's balancer
-- calls (new, reinit, find and the field "nodes"). Here because Debian does not package that library.

local ipairs = ipairs
local math_max = math.max
local math_random = math.random
local pairs = pairs
local setmetatable = setmetatable
local table_sort = table.sort

local _M = {}
local methods = { __index = _M }

local function sorted_ids(nodes)
  local ids = {}
  for id in pairs(nodes) do
    ids[#ids + 1] = id
  end
  table_sort(ids)
  return ids
end

-- A turn holds each node as often as its weight says; the turns of heavy nodes are spread over it.
local function turn_of(nodes)
  local ids, turn, heaviest = sorted_ids(nodes), {}, 0
  for _, weight in pairs(nodes) do
    heaviest = math_max(heaviest, weight)
  end
  for round = 1, heaviest do
    for _, id in ipairs(ids) do
      if nodes[id] >= round then
        turn[#turn + 1] = id
      end
    end
  end
  return turn
end

-- nodes: a table of weights (whole numbers) by ID. It is copied: callers compare it with what they have next time.
function _M.reinit(self, nodes)
  self.nodes = {}
  for id, weight in pairs(nodes) do
    self.nodes[id] = weight
  end
  self.turn = turn_of(self.nodes)
  -- Each worker starts elsewhere: otherwise all of them would load the first node at the same time.
  self.position = #self.turn > 0 and math_random(#self.turn) or 0
end

function _M.new(_, nodes)
  local self = setmetatable({}, methods)
  self:reinit(nodes)
  return self
end

-- Returns the ID of the node whose turn it is, or nil and an error when there is none.
function _M.find(self)
  if #self.turn == 0 then
    return nil, "there are no nodes"
  end
  self.position = self.position % #self.turn + 1
  return self.turn[self.position]
end

return _M
