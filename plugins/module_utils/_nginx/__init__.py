# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ingress-nginx makes of a cluster: which Ingresses count, what they mean, what answers. PRIVATE."""
