# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of a run, for people and for programs. PRIVATE to the collection."""
