"""Controllers: small loops, each with one job, that keep the marketplace in order by themselves."""

from __future__ import annotations

from ..clock import Clock
from ..dispatcher import Dispatcher
from ..events.feed import Feed
from ..gate import Gate
from ..services.base import Context
from ..services.monitor import HealthMonitor
from ..store.port import Store
from ..usage import Meter
from .base import Controller, House
from .heartbeats import Heartbeats
from .mail import Mail
from .overrides import Overrides
from .positions import Positions
from .relays import Relays
from .retention import Retention
from .sampling import Sampling
from .tasks import Tasks
from .upstreams import UpstreamKeeper
from .usage import UsageCounters

__all__ = ["Controller", "build"]

KINDS: tuple[type[Controller], ...] = (
    Heartbeats,
    Overrides,
    Mail,
    Tasks,
    Relays,
    UpstreamKeeper,
    Retention,
    UsageCounters,
    Positions,
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
) -> list[Controller]:
    """Every loop of a server. The monitor gets to know them, to tell how they fare."""
    house = House(store, dispatcher, feed, gate, meter, context, clock)
    controllers: list[Controller] = [Sampling(house, monitor), *(kind(house) for kind in KINDS)]
    monitor.loops = controllers
    return controllers
