-- SPDX-FileCopyrightText: The sealos.istio_migration authors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- lua-resty-dns under the name ingress-nginx knows: Debian's lua-nginx-dns has it as nginx.dns.resolver.

return require("nginx.dns.resolver")
