-- SPDX-FileCopyrightText: The sealos.istio_migration authors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- Stands in for lua-resty-global-throttle, which Debian does not package. ingress-nginx calls it for the global rate
-- limit only, which needs memcached and is gone from its later versions: it is refused with a reason, which ingress-
-- nginx logs before it lets the request pass.

return {
  new = function()
    return nil, "the global rate limit is not supported by this nginx"
  end,
}
