# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases in which nginx deals with a request, one file each (semantics.md 0.5). PRIVATE to the collection."""
