"""Controllers: background loops, each with one job, that maintain the marketplace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agora.builtin_agents.host import AgentHost
from agora.builtin_agents.jobs import BuiltinAgentsController
from agora.builtin_agents.remote.client_factory import A2AClientFactory
from agora.builtin_agents.remote.jobs import RemoteAgentsController
from agora.clock import Clock
from agora.core.call import ServerContext
from agora.core.dispatcher import Dispatcher
from agora.core.events.feed import Feed
from agora.core.jobs import CommitListener, Controller, JobContext
from agora.core.overrides import ActiveOverrides
from agora.core.relay_settler import RelaySettler
from agora.core.usage import Meter
from agora.domains.a2a.push_outbox import PushController
from agora.domains.admin.jobs import OverrideController
from agora.domains.admin.retention import RetentionController
from agora.domains.agents.jobs import HeartbeatController
from agora.domains.billing.jobs import BillingController
from agora.domains.bus.engines.port import BridgeBus
from agora.domains.bus.jobs import BusReconciler
from agora.domains.coding.jobs import CodebaseQuestions, JobSecretsCleaner, StandIns, TranscriptRetention
from agora.domains.conversations.jobs import ConversationTimeoutController
from agora.domains.declared_agents.jobs import DeclaredAgentsController
from agora.domains.events.jobs import PositionFlusher
from agora.domains.identity.jobs import UserController
from agora.domains.identity.sign_on_port import SIGN_ON
from agora.domains.instances.hosted_reconciler import HostedInstanceReconciler
from agora.domains.instances.maintenance import InstanceMaintenance
from agora.domains.instances.ports import LOCAL_HOST
from agora.domains.instances.reconciler import InstanceReconciler
from agora.domains.mcp_upstreams.jobs import UpstreamReconciler
from agora.domains.messaging.jobs import MessageExpiryController
from agora.domains.monitoring.health_monitor import HealthMonitor
from agora.domains.monitoring.jobs import ReadinessController, SamplingController, UsageCounters
from agora.domains.monitoring.stored_counts import StoredCounts
from agora.domains.outbox.jobs import OutboxController
from agora.domains.tasks.jobs import TaskDeadlineController
from agora.domains.tenants.jobs import TenantController
from agora.store.port import Store

if TYPE_CHECKING:
    from agora.domains.bus.bridge_inbound import Authenticate

__all__ = ["CommitListener", "Controller", "build_controllers"]

CONTROLLER_CLASSES: tuple[type[Controller], ...] = (
    HeartbeatController,
    OverrideController,
    MessageExpiryController,
    TaskDeadlineController,
    StandIns,
    CodebaseQuestions,
    JobSecretsCleaner,
    TranscriptRetention,
    ConversationTimeoutController,
    BusReconciler,
    RelaySettler,
    UpstreamReconciler,
    PushController,
    OutboxController,
    BillingController,
    RetentionController,
    UsageCounters,
    PositionFlusher,
    TenantController,
)


def build_controllers(
    *,
    store: Store,
    dispatcher: Dispatcher,
    feed: Feed,
    overrides: ActiveOverrides,
    meter: Meter,
    context: ServerContext,
    clock: Clock,
    monitor: HealthMonitor,
    host: AgentHost,
    a2a_clients: A2AClientFactory,
    bus: BridgeBus | None,
    authenticate: Authenticate,
) -> list[Controller]:
    """Build every controller of a server and register them with the monitor. bus: the Redis bus, if any."""
    job_context = JobContext(store, dispatcher, feed, overrides, meter, context, clock)
    controllers: list[Controller] = [
        SamplingController(job_context, monitor),
        ReadinessController(job_context, monitor),
    ]
    controllers += [*(kind(job_context) for kind in CONTROLLER_CLASSES), StoredCounts(job_context, dispatcher.measures)]
    controllers += [BuiltinAgentsController(job_context, host), RemoteAgentsController(job_context, host, a2a_clients)]
    if context.configuration.settings.declared_agents:
        controllers.append(DeclaredAgentsController(job_context))
    local_host = context.ports.get(LOCAL_HOST)
    instances = InstanceReconciler(job_context, local_host)
    remote = HostedInstanceReconciler(job_context, local_host.http_client)
    controllers += [instances, remote, InstanceMaintenance(job_context, instances)]
    settings = context.configuration.settings
    if settings.consul_url:
        from agora.domains.bus.consul_client import Consul
        from agora.domains.bus.consul_registration import ConsulRegistrar, build_service

        consul = Consul(settings.consul_url, settings.consul_token.get_secret_value())
        controllers.append(ConsulRegistrar(job_context, consul, build_service(settings)))
    if (sign_on := context.ports.find(SIGN_ON)) is not None:
        controllers.append(UserController(job_context, sign_on.seen))
    if bus is not None:
        from agora.domains.bus.bridge import BusBridge

        controllers.append(BusBridge(job_context, bus, authenticate))
    monitor.loops = controllers
    return controllers
