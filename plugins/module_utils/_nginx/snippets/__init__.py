# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives of nginx that somebody wrote by hand, and what they mean (semantics.md B.18). PRIVATE."""
