# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that decides how a cluster answers, captured at one moment, on disk, checksummed. PRIVATE."""
