# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What could not be carried over exactly, as coded statements about source objects. PRIVATE to the collection."""
