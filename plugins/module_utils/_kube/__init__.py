# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of any Kubernetes object: keys, names, digests. PRIVATE to the collection."""
