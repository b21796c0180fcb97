# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes cluster as plain processes on one machine: see README.md."""
