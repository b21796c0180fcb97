# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the site to Istio objects: one file per family of behaviour, one registry. PRIVATE to the collection."""
