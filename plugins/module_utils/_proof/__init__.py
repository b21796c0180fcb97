# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes, the tools that ask both planes, and the comparison of what they answer (design.md, Proof). PRIVATE."""
