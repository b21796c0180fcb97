# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for a counter-example: a request to which the gateway would answer otherwise. PRIVATE."""
