# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden probes: small fixtures on a real ingress-nginx and a real gateway, each answer held against what is known."""
