# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release of the collection, for plans, ledgers and user agents. PRIVATE to the collection."""

VERSION = "0.1.0"
"""Equal to ``version`` in galaxy.yml; a test keeps it so."""
