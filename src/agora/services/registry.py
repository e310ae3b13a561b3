"""Which class implements which service of the contract."""

from __future__ import annotations

from collections.abc import Mapping

from agora_sdk.contract import Service

from .a2a import A2AService
from .admin import AdminService
from .agents import AgentService
from .billing import BillingService
from .bus import BusService
from .conversations.service import ConversationService
from .discovery import DiscoveryService
from .events import EventService
from .memory import MemoryService
from .messaging import MessagingService
from .query import QueryService
from .tasks import TaskService
from .tokens import TokenService
from .upstreams import RegistryService, UpstreamService
from .workers import WorkerService
from .workflows import WorkflowService

__all__ = ["IMPLEMENTATIONS"]

IMPLEMENTATIONS: Mapping[str, type[Service]] = {
    service.category: service
    for service in (
        A2AService,
        AdminService,
        AgentService,
        BillingService,
        ConversationService,
        BusService,
        DiscoveryService,
        EventService,
        MemoryService,
        MessagingService,
        QueryService,
        RegistryService,
        TaskService,
        TokenService,
        UpstreamService,
        WorkerService,
        WorkflowService,
    )
}
