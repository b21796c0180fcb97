# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of finding codes, one file a subject. PRIVATE to the collection."""
