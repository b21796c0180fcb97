# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout importable as ``ansible_collections.sealos.istio_migration``, from any folder."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

_ROOT = Path(__file__).resolve().parent.parent
_PARENTS = ("ansible_collections", "ansible_collections.sealos", "ansible_collections.sealos.istio_migration")


def _is_importable() -> bool:
    try:
        return importlib.util.find_spec(f"{_PARENTS[-1]}.plugins") is not None
    except ModuleNotFoundError:
        return False


if not _is_importable():
    for name in _PARENTS:
        module = sys.modules.setdefault(name, ModuleType(name))
        module.__path__ = getattr(module, "__path__", [])
    sys.modules[_PARENTS[-1]].__path__ = [str(_ROOT)]
