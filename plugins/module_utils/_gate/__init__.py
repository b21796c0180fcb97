# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds a wave until Prometheus says how its namespaces do on the gateway. PRIVATE to the collection."""
