# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusing requests whose body is too large, by their Content-Length (semantics.md B.15). PRIVATE to the collection.

Data of a route: ``limit`` in bytes, 0 for none. A body of unknown length passes; nginx would cut it while it reads.
"""

from __future__ import annotations

PROGRAM = r"""
function envoy_on_request(handle)
  local limit = handle:filterContext():get("limit") or 0
  local length = tonumber(handle:headers():get("content-length") or "0") or 0
  if limit > 0 and length > limit then
    handle:respond({[":status"] = "413"}, "")
  end
end
"""
