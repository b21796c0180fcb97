# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: a whole migration on a sandbox, under load, with a check of everything that it claims."""
