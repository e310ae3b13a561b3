"""The operations of instances."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal, cast

from pydantic import JsonValue

from agora.core import pagination as paging
from agora.core.call import BoundService, EventStreamSpec, encode_json
from agora.core.events import log as event_log
from agora.core.events.filter import EventFilter, Viewer
from agora.domains.agents.references import load_agent as require_agent
from agora.domains.billing.money import micros
from agora_sdk.contract import implements
from agora_sdk.contract import instances as contract
from agora_sdk.contract.events import Event
from agora_sdk.contract.hosts import HostRequirements
from agora_sdk.contract.instances import InstanceConfig

from . import backups as keeping
from . import desired_state as changing
from . import host_queries as hosting
from . import market, scaling
from . import queries as statements
from .access import account_given, require, seen_account
from .creation import Wish, create
from .executions import execute
from .views import backup, detail, execution, summaries

__all__ = ["InstanceService"]

NEWEST = "inst_g"  #: sorts after every id of an instance


class InstanceService(BoundService, contract.Instances):
    """The life of instances; the rules are in the modules beside this one."""

    # -- the market --------------------------------------------------------------------------------

    @implements
    async def discover(
        self,
        search: str | None = None,
        category: str | None = None,
        *,
        name: str | None = None,
        capabilities: contract.Capabilities = [],
        available: bool | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.MarketplacePage:
        return await market.discover(self.call, search, category, name, capabilities, available, limit, cursor)

    @implements
    async def dashboard(self, account: str | None = None) -> contract.InstanceDashboard:
        return await market.dashboard(self.call, account)

    # -- which there are ---------------------------------------------------------------------------

    @implements
    async def list(
        self,
        agent_id: str | None = None,
        status: contract.Statuses | None = None,
        *,
        account: str | None = None,
        ended: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.InstancePage:
        call = self.call
        visible_account = seen_account(call.caller, account)
        agent = (await require_agent(call.tx, agent_id))["agent_id"] if agent_id is not None else None
        states = [] if status is None else [status] if isinstance(status, str) else status
        ended = ended or "stopped" in states
        parameters: dict[str, Any] = {
            "agent_id": agent,
            "account": visible_account,
            "states": encode_json(states),
            "before": paging.decode_cursor(cursor)[0] if cursor else NEWEST,
            "limit": limit + 1,
        }
        query = statements.listing(agent is not None, visible_account is not None, bool(states), ended)
        rows = (
            []
            if visible_account == ""
            else await call.tx.all(query, **{name: parameters[name] for name in query.parameters if name != "tenant"})
        )
        rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
        instances = await summaries(call, rows)
        return contract.InstancePage.model_construct(
            instances=instances,
            count=len(instances),
            total=None if more or cursor else len(instances),
            has_more=more,
            next_cursor=paging.encode_cursor(instances[-1].instance_id) if more else None,
        )

    @implements
    async def get(self, instance_id: str) -> contract.Instance:
        return await detail(self.call, await require(self.call, instance_id))

    @implements
    async def executions(
        self, instance_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> contract.ExecutionPage:
        await require(self.call, instance_id)
        before = paging.decode_cursor(cursor)[0] if cursor else "exec_g"
        rows = await self.call.tx.all(hosting.executions_of, instance_id=instance_id, before=before, limit=limit + 1)
        rows, more = paging.take_fitting_rows(rows, limit, self.call.context.settings.page_bytes)
        found = [contract.Execution(**execution(row)) for row in rows]
        return contract.ExecutionPage(
            executions=found,
            count=len(found),
            total=None if more or cursor else len(found),
            has_more=more,
            next_cursor=paging.encode_cursor(found[-1].execution_id) if more else None,
        )

    @implements
    def events(self, instance_id: str, *, last_event_id: str | None = None) -> AsyncIterator[Event]:
        # The dispatcher awaits the description within a read; the feed makes the events of it.
        return cast("AsyncIterator[Event]", self._open_stream(instance_id, last_event_id))

    async def _open_stream(self, instance_id: str, last_event_id: str | None) -> EventStreamSpec:
        tx = self.call.tx
        await require(self.call, instance_id)
        if last_event_id is not None:
            position = await event_log.resolve_position(tx, last_event_id)
        else:
            position = (await event_log.read_events(tx, None, 1)).position - 1
        # Whoever sees the instance sees what happened to it, also before it joined the account.
        viewer = Viewer(self.call.caller.subject, sees_all=True)
        return EventStreamSpec(EventFilter.of([], None, instance_id), viewer, max(0, position), resumed=True)

    # -- their life --------------------------------------------------------------------------------

    @implements
    async def create(
        self,
        agent_id: str,
        instance_config: InstanceConfig | None = None,
        *,
        name: str | None = None,
        host_requirements: HostRequirements | None = None,
        co_location: contract.CoLocation | None = None,
        preferred_host: str | None = None,
        restore: str | None = None,
        account: str | None = None,
        max_price: float | None = None,
        wait: float = 10.0,
    ) -> contract.Instance:
        call = self.call
        wish = Wish(
            agent_id,
            account_given(call.caller, account),
            instance_config or InstanceConfig(),
            name,
            host_requirements,
            co_location,
            preferred_host,
            restore,
            max_price=None if max_price is None else micros(max_price),
        )
        return changing.made(call, await create(call, wish, call.idempotency_key), wait)

    @implements
    async def execute(
        self,
        instance_id: str,
        endpoint: str = "/",
        parameters: JsonValue = None,
        *,
        method: Literal["POST", "GET", "PUT", "PATCH", "DELETE"] = "POST",
        timeout: float = 30.0,
    ) -> contract.ExecutionResult:
        return await execute(self.call, instance_id, endpoint, parameters, method, timeout)

    @implements
    async def pause(self, instance_id: str, *, wait: float = 10.0) -> contract.InstanceChange:
        return await changing.pause(self.call, instance_id, wait)

    @implements
    async def resume(self, instance_id: str, *, wait: float = 10.0) -> contract.InstanceChange:
        return await changing.resume(self.call, instance_id, wait)

    @implements
    async def terminate(self, instance_id: str, *, wait: float = 15.0) -> contract.Termination:
        return await changing.terminate(self.call, instance_id, wait)

    # -- by their engine ---------------------------------------------------------------------------

    @implements
    async def logs(self, instance_id: str, offset: int = -16_384, *, limit: int = 65_536) -> contract.InstanceLog:
        return await keeping.logs(self.call, instance_id, offset, limit)

    @implements
    async def backup(self, instance_id: str) -> contract.Backup:
        return await keeping.backup(self.call, instance_id)

    @implements
    async def backups(
        self, instance_id: str | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> contract.BackupPage:
        visible_account = seen_account(self.call.caller, None)
        parameters: dict[str, Any] = {
            "instance_id": instance_id,
            "account": visible_account,
            "before": paging.decode_cursor(cursor)[0] if cursor else "bak_g",
            "limit": limit + 1,
        }
        query = hosting.backups(instance_id is not None, visible_account is not None)
        rows = await self.call.tx.all(
            query, **{name: parameters[name] for name in query.parameters if name != "tenant"}
        )
        found = [backup(row) for row in rows[:limit]]
        more = len(rows) > limit
        return contract.BackupPage(
            backups=found,
            count=len(found),
            total=None if more or cursor else len(found),
            has_more=more,
            next_cursor=paging.encode_cursor(found[-1].backup_id) if more else None,
        )

    @implements
    async def drop_backup(self, backup_id: str) -> contract.Backup:
        return await keeping.drop(self.call, backup_id)

    # -- how many ----------------------------------------------------------------------------------

    @implements
    async def scale(
        self,
        agent_id: str,
        min_instances: int = 1,
        max_instances: int | None = None,
        *,
        target_concurrency: float = 1.0,
        instance_config: InstanceConfig | None = None,
        account: str | None = None,
        max_price: float | None = None,
    ) -> contract.Scaling:
        owner_account = account_given(self.call.caller, account)
        return await scaling.scale(
            self.call,
            agent_id,
            owner_account,
            min_instances,
            max_instances,
            target_concurrency,
            instance_config,
            None if max_price is None else micros(max_price),
        )

    @implements
    async def scaling(self, agent_id: str, *, account: str | None = None) -> contract.Scaling:
        agent = await require_agent(self.call.tx, agent_id)
        return await scaling.scaling_of(self.call, agent, account_given(self.call.caller, account))
