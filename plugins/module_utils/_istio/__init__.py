# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Istio objects: how they are built, what must hold for them, what a gateway answers with them. PRIVATE."""
