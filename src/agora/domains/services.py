"""Which class implements which service of the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from agora_sdk.contract import Service

__all__ = ["IMPLEMENTATIONS"]

PLACES: Mapping[str, str] = {
    "a2a": "a2a.service.A2AService",
    "admin": "admin.service.AdminService",
    "agent": "agents.service.AgentService",
    "auth": "identity.service.AuthService",
    "billing": "billing.service.BillingService",
    "conversation": "conversations.service.ConversationService",
    "bus": "bus.service.BusService",
    "deployment": "instances.deployments.DeploymentService",
    "discovery": "discovery.service.DiscoveryService",
    "event": "events.service.EventService",
    "host": "instances.hosts.HostService",
    "instance": "instances.service.InstanceService",
    "memory": "memory.service.MemoryService",
    "messaging": "messaging.service.MessagingService",
    "monitor": "monitoring.service.MonitorService",
    "orchestrator": "orchestrator.service.OrchestratorService",
    "query": "search.service.QueryService",
    "registry": "mcp_upstreams.registry.RegistryService",
    "task": "tasks.service.TaskService",
    "tenant": "tenants.service.TenantService",
    "token": "identity.tokens.TokenService",
    "upstream": "mcp_upstreams.service.UpstreamService",
    "user": "identity.users.UserService",
    "worker": "workers.service.WorkerService",
    "workflow": "workflows.service.WorkflowService",
}


class _Implementations(Mapping[str, type[Service]]):
    """Classes by category. One is imported when it is first asked for: with the first call of its service."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._found: dict[str, type[Service]] = {}

    def __getitem__(self, category: str) -> type[Service]:
        found = self._found.get(category)
        if found is None:
            module, _, name = self._places[category].rpartition(".")
            found = self._found[category] = getattr(import_module(f".{module}", __package__), name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


IMPLEMENTATIONS: Mapping[str, type[Service]] = _Implementations(PLACES)
