# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder that an ingress-nginx Pod gets as /etc/nginx, fitted to Debian 12's nginx 1.22: see README.md."""
