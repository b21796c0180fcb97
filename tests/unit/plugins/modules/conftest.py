# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the modules find kubernetes.core, which ansible-galaxy installs below ``.collections``."""

from __future__ import annotations

from pathlib import Path

import ansible_collections

_INSTALLED = str(Path(__file__).resolve().parents[4] / ".collections" / "ansible_collections")

if _INSTALLED not in ansible_collections.__path__:
    ansible_collections.__path__.append(_INSTALLED)
