# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end tests of the playbooks are made with: a controller that runs them, and clusters to migrate."""
