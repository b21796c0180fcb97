# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that all modules share which talk to a cluster."""

from __future__ import annotations


class ModuleDocFragment:
    """Options in :data:`module_utils._module.CLUSTER_ARGUMENTS` besides those of kubernetes.core."""

    DOCUMENTATION = r"""
options:
  api_patience:
    description:
      - For how many seconds a call is repeated while the API server is busy, away, or cannot reach a webhook.
    type: int
    default: 60
requirements:
  - python >= 3.11
  - kubernetes >= 24.2.0
"""
