"""Which class implements which service of the contract."""

from __future__ import annotations

from collections.abc import Mapping

from agora_sdk.contract import Service

from .a2a import A2AService
from .admin import AdminService
from .agents import AgentService
from .auth import AuthService
from .billing import BillingService
from .bus import BusService
from .conversations.service import ConversationService
from .discovery import DiscoveryService
from .events import EventService
from .instances.deployments import DeploymentService
from .instances.hosts import HostService
from .instances.service import InstanceService
from .memory import MemoryService
from .messaging import MessagingService
from .monitoring import MonitorService
from .orchestrator import OrchestratorService
from .query import QueryService
from .tasks import TaskService
from .tenants import TenantService
from .tokens import TokenService
from .upstreams import RegistryService, UpstreamService
from .users import UserService
from .workers import WorkerService
from .workflows import WorkflowService

__all__ = ["IMPLEMENTATIONS"]

IMPLEMENTATIONS: Mapping[str, type[Service]] = {
    service.category: service
    for service in (
        A2AService,
        AdminService,
        AgentService,
        AuthService,
        BillingService,
        ConversationService,
        BusService,
        DeploymentService,
        DiscoveryService,
        EventService,
        HostService,
        InstanceService,
        MemoryService,
        MessagingService,
        MonitorService,
        OrchestratorService,
        QueryService,
        RegistryService,
        TaskService,
        TenantService,
        TokenService,
        UpstreamService,
        UserService,
        WorkerService,
        WorkflowService,
    )
}
