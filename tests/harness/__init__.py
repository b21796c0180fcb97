# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller that runs playbooks, and sandboxes to migrate: what end-to-end tests and the demo have in common."""
