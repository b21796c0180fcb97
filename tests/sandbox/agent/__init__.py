# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node agent: what kubelet, container runtime, cloud load balancer and cluster DNS do, in one process."""
