# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of attributes that modules of the collection have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """What check mode, diff mode and repetition mean."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the changed status prediction without modifying the target.
  diff_mode:
    description: Returns details on what has changed, or would change, with C(--diff).
  idempotent:
    description: When run twice in a row outside of check mode with the same arguments, the second run changes nothing.
"""

    CLUSTER = r"""
attributes:
  action_group:
    description: Use C(group/sealos.istio_migration.cluster) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - sealos.istio_migration.cluster
"""

    READ_ONLY = r"""
attributes:
  check_mode:
    support: full
    details:
      - The module changes nothing.
  diff_mode:
    support: N/A
    details:
      - The module changes nothing.
  idempotent:
    support: full
    details:
      - The module changes nothing.
"""
