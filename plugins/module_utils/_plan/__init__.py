# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: units, waves, resources, findings, by content (design.md, The plan on disk). PRIVATE."""
