# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the module migration_ledger which controller it works for."""

from __future__ import annotations

import os
import platform
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Fills in ``holder``: an action runs in a child of the controller's process, a module further away."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module with the holder ``machine/process`` unless the task names another."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = {"holder": f"{platform.node()}/{os.getppid()}", **self._task.args}
        outcome = self._execute_module("sealos.istio_migration.migration_ledger", arguments, task_vars=task_vars)
        return {**result, **outcome}
