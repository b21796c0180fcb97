# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of the documentation that are written from the code: findings, permissions, annotations, roles."""
