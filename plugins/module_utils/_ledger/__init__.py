# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What state each unit is in, and who may change it (design.md, rules 7 and 8). PRIVATE to the collection."""
