# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HTTP filters of Envoy do with a request, one file a type. PRIVATE to the collection."""
