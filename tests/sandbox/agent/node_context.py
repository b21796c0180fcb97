# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all Pods of the node share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.agent.addresses import AddressPool
    from sandbox.agent.api import Api
    from sandbox.agent.configuration import Configuration
    from sandbox.agent.events import EventRecorder
    from sandbox.agent.informer import Informer
    from sandbox.layout import Layout


@dataclass(frozen=True, slots=True)
class NodeContext:
    """The node's API client, its copies of objects, and its addresses."""

    layout: Layout
    api: Api
    configuration: Configuration
    services: Informer
    events: EventRecorder
    addresses: AddressPool
