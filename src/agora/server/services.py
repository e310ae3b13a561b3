"""Service implementations by service of the contract. A class is imported with the first call of its service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agora.core.lazy import Lazy
from agora_sdk.contract import Service

__all__ = ["IMPLEMENTATIONS"]

SERVICE_REFERENCES: Mapping[str, str] = {
    "a2a": "a2a.service:A2AService",
    "admin": "admin.service:AdminService",
    "agent": "agents.service:AgentService",
    "app": "apps.service:AppService",
    "attempt": "coding.attempts:AttemptService",
    "auth": "identity.service:AuthService",
    "billing": "billing.service:BillingService",
    "conversation": "conversations.service:ConversationService",
    "bus": "bus.service:BusService",
    "codebase": "coding.codebases:CodebaseService",
    "dead_letter": "dead_letters.service:DeadLetterService",
    "declared_agent": "declared_agents.service:DeclaredAgentService",
    "deployment": "instances.deployments:DeploymentService",
    "discovery": "discovery.service:DiscoveryService",
    "event": "events.service:EventService",
    "follow_up": "coding.follow_ups:FollowUpService",
    "host": "instances.hosts:HostService",
    "instance": "instances.service:InstanceService",
    "media": "media.service:MediaService",
    "memory": "memory.service:MemoryService",
    "messaging": "messaging.service:MessagingService",
    "migration": "v4_migration.service:MigrationService",
    "model_provider": "declared_agents.providers:ModelProviderService",
    "monitor": "monitoring.service:MonitorService",
    "orchestrator": "orchestrator.service:OrchestratorService",
    "query": "search.service:QueryService",
    "registry": "mcp_upstreams.registry:RegistryService",
    "review": "coding.reviews:ReviewService",
    "runtime": "coding.runtime:RuntimeService",
    "session": "coding.sessions:SessionService",
    "task": "tasks.service:TaskService",
    "tenant": "tenants.service:TenantService",
    "token": "identity.tokens:TokenService",
    "token_billing": "billing.token_billing:TokenBillingService",
    "turn": "coding.turns:TurnService",
    "transcript": "coding.transcript_service:TranscriptService",
    "upstream": "mcp_upstreams.service:UpstreamService",
    "user": "identity.users:UserService",
    "virtual_server": "virtual_servers.service:VirtualServerService",
    "worker": "workers.service:WorkerService",
    "workflow": "workflows.service:WorkflowService",
    "worktree": "coding.worktrees:WorktreeService",
}


class _Implementations(Mapping[str, type[Service]]):
    """Classes by category of the contract."""

    def __init__(self, references: Mapping[str, str]) -> None:
        self._classes: dict[str, Lazy[type[Service]]] = {
            category: Lazy(f"agora.domains.{reference}") for category, reference in references.items()
        }

    def __getitem__(self, category: str) -> type[Service]:
        return self._classes[category].get()

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


IMPLEMENTATIONS: Mapping[str, type[Service]] = _Implementations(SERVICE_REFERENCES)
