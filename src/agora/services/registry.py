"""Which class implements which service of the contract."""

from __future__ import annotations

from collections.abc import Mapping

from agora_sdk.contract import Service

from .admin import AdminService
from .agents import AgentService
from .discovery import DiscoveryService
from .events import EventService
from .messaging import MessagingService
from .query import QueryService
from .tasks import TaskService
from .tokens import TokenService
from .upstreams import UpstreamService
from .workers import WorkerService
from .workflows import WorkflowService

__all__ = ["IMPLEMENTATIONS"]

IMPLEMENTATIONS: Mapping[str, type[Service]] = {
    service.category: service
    for service in (
        AdminService,
        AgentService,
        DiscoveryService,
        EventService,
        MessagingService,
        QueryService,
        TaskService,
        TokenService,
        UpstreamService,
        WorkerService,
        WorkflowService,
    )
}
