# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers, as both planes and both witnesses speak of them. PRIVATE to the collection."""
