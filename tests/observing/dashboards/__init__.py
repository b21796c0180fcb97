# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Grafana dashboards of the role observe, built with Grafana's Foundation SDK."""
