"""Controllers: small loops, each with one job, that keep the marketplace in order by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bus.port import Bus
from ..clock import Clock
from ..dispatcher import Dispatcher
from ..events.feed import Feed
from ..gate import Gate
from ..residents.host import Host
from ..residents.remote.lines import Lines
from ..services.base import Context
from ..services.monitor import HealthMonitor
from ..store.port import Store
from ..usage import Meter
from .base import Controller, Follower, House
from .billing import Billing
from .bus import BusKeeper
from .census import Census
from .conversations import Conversations
from .heartbeats import Heartbeats
from .instance_remote import RemoteInstances
from .instance_upkeep import InstanceUpkeep
from .instances import Instances
from .mail import Mail
from .overrides import Overrides
from .positions import Positions
from .push import Push
from .readiness import Readiness
from .relays import Relays
from .remotes import Remotes
from .residents import Residents
from .retention import Retention
from .sampling import Sampling
from .tasks import Tasks
from .tenants import Tenants
from .upstreams import UpstreamKeeper
from .usage import UsageCounters

if TYPE_CHECKING:
    from .bus_inbound import Authenticate

__all__ = ["Controller", "Follower", "build"]

KINDS: tuple[type[Controller], ...] = (
    Heartbeats,
    Overrides,
    Mail,
    Tasks,
    Conversations,
    BusKeeper,
    Relays,
    UpstreamKeeper,
    Push,
    Billing,
    Retention,
    UsageCounters,
    Positions,
    Tenants,
)


def build(
    *,
    store: Store,
    dispatcher: Dispatcher,
    feed: Feed,
    gate: Gate,
    meter: Meter,
    context: Context,
    clock: Clock,
    monitor: HealthMonitor,
    host: Host,
    lines: Lines,
    bus: Bus | None,
    authenticate: Authenticate,
) -> list[Controller]:
    """Every loop of a server. The monitor gets to know them, to tell how they fare. bus: that of Redis, if any."""
    house = House(store, dispatcher, feed, gate, meter, context, clock)
    controllers: list[Controller] = [Sampling(house, monitor), Readiness(house, monitor)]
    controllers += [*(kind(house) for kind in KINDS), Census(house, dispatcher.measures)]
    controllers += [Residents(house, host), Remotes(house, host, lines)]
    if context.instances is not None:
        instances = Instances(house, context.instances)
        remote = RemoteInstances(house, context.instances.asker)
        controllers += [instances, remote, InstanceUpkeep(house, instances)]
    settings = context.settings.settings
    if settings.consul_url:
        from ..bus.consul import Consul
        from .bus_consul import ConsulRegistrar, service_of

        consul = Consul(settings.consul_url, settings.consul_token.get_secret_value())
        controllers.append(ConsulRegistrar(house, consul, service_of(settings)))
    if context.sign_on is not None:
        from .people import People

        controllers.append(People(house, context.sign_on.seen))
    if bus is not None:
        from .bus_bridge import BusBridge

        controllers.append(BusBridge(house, bus, authenticate))
    monitor.loops = controllers
    return controllers
