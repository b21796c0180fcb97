# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated clusters: what tenants write into Ingresses, right and wrong, in every combination."""
