"""Implementation of the contract's instance operations, delegated to the modules of this package."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal, cast

from pydantic import JsonValue

from agora.core import pagination as paging
from agora.core.call import BoundService, EventStreamSpec, encode_json
from agora.core.events import log as event_log
from agora.core.events.filter import EventFilter, Viewer
from agora.domains.agents.references import load_agent
from agora.domains.billing.accounts import resolve_visible_account
from agora.domains.billing.money import to_micros
from agora_sdk.contract import implements
from agora_sdk.contract import instances as contract
from agora_sdk.contract.events import Event
from agora_sdk.contract.hosts import HostRequirements
from agora_sdk.contract.instances import InstanceConfig

from . import backups as instance_backups
from . import desired_state, host_queries, market, scaling
from . import queries as statements
from .access import require_instance, resolve_owner_account
from .creation import InstanceRequest, create_instance
from .executions import ExecutionOrder, charge_and_send_request
from .views import build_backup, build_detail, build_execution, build_summaries

__all__ = ["InstanceService"]

AFTER_EVERY_ID = "inst_g"  #: sorts after every id of an instance


class InstanceService(BoundService, contract.Instances):
    """The instance service: create, run, control and inspect instances."""

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
        query = market.MarketplaceQuery(
            search=search,
            category=category,
            name=name,
            capabilities=capabilities,
            available=available,
            limit=limit,
            cursor=cursor,
        )
        return await market.discover_agents(self.call, query)

    @implements
    async def dashboard(self, account: str | None = None) -> contract.InstanceDashboard:
        return await market.build_dashboard(self.call, account)

    # -- listing -----------------------------------------------------------------------------------

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
        visible_account = resolve_visible_account(call.caller, account)
        agent = (await load_agent(call.tx, agent_id)).agent_id if agent_id is not None else None
        states = [] if status is None else [status] if isinstance(status, str) else status
        ended = ended or "stopped" in states
        parameters: dict[str, Any] = {
            "agent_id": agent,
            "account": visible_account,
            "states": encode_json(states),
            "before": paging.decode_cursor(cursor)[0] if cursor else AFTER_EVERY_ID,
            "limit": limit + 1,
        }
        query = statements.build_listing_query(
            agent=agent is not None, account=visible_account is not None, states=bool(states), ended=ended
        )
        rows = (
            []
            if visible_account == ""
            else await call.tx.all(
                query, **{name: parameters[name] for name in query.parameter_names if name != "tenant"}
            )
        )
        rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
        instances = await build_summaries(call, rows)
        return contract.InstancePage.model_construct(
            instances=instances,
            **paging.build_page_fields(instances, "instance_id", more=more, cursor=cursor),
        )

    @implements
    async def get(self, instance_id: str) -> contract.Instance:
        return await build_detail(self.call, await require_instance(self.call, instance_id))

    @implements
    async def executions(
        self, instance_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> contract.ExecutionPage:
        await require_instance(self.call, instance_id)
        before = paging.decode_cursor(cursor)[0] if cursor else "exec_g"
        rows = await self.call.tx.all(
            host_queries.list_executions, instance_id=instance_id, before=before, limit=limit + 1
        )
        rows, more = paging.take_fitting_rows(rows, limit, self.call.context.settings.page_bytes)
        page = [build_execution(contract.Execution, row) for row in rows]
        return contract.ExecutionPage(
            executions=page,
            **paging.build_page_fields(page, "execution_id", more=more, cursor=cursor),
        )

    @implements
    def events(self, instance_id: str, *, last_event_id: str | None = None) -> AsyncIterator[Event]:
        # The dispatcher awaits the specification within a read transaction; the feed then produces the events.
        return cast("AsyncIterator[Event]", self._open_stream(instance_id, last_event_id))

    async def _open_stream(self, instance_id: str, last_event_id: str | None) -> EventStreamSpec:
        tx = self.call.tx
        await require_instance(self.call, instance_id)
        if last_event_id is not None:
            position = await event_log.resolve_position(tx, last_event_id)
        else:
            position = (await event_log.read_events(tx, None, 1)).position - 1
        # A caller that may see the instance may see all of its events, including those before the caller joined the account.
        viewer = Viewer(self.call.caller.subject, sees_all=True)
        return EventStreamSpec(EventFilter.from_request([], None, instance_id), viewer, max(0, position), resumed=True)

    # -- lifecycle ---------------------------------------------------------------------------------

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
        request = InstanceRequest(
            agent_id,
            resolve_owner_account(call.caller, account),
            instance_config or InstanceConfig(),
            name,
            host_requirements,
            co_location,
            preferred_host,
            restore,
            max_price=None if max_price is None else to_micros(max_price),
        )
        return desired_state.respond_once_started(await create_instance(call, request, call.idempotency_key), wait)

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
        return await charge_and_send_request(
            self.call, instance_id, ExecutionOrder(endpoint, parameters, method, timeout)
        )

    @implements
    async def pause(self, instance_id: str, *, wait: float = 10.0) -> contract.InstanceChange:
        return await desired_state.pause_instance(self.call, instance_id, wait)

    @implements
    async def resume(self, instance_id: str, *, wait: float = 10.0) -> contract.InstanceChange:
        return await desired_state.resume_instance(self.call, instance_id, wait)

    @implements
    async def terminate(self, instance_id: str, *, wait: float = 15.0) -> contract.Termination:
        return await desired_state.terminate_instance(self.call, instance_id, wait)

    # -- logs and backups --------------------------------------------------------------------------

    @implements
    async def logs(self, instance_id: str, offset: int = -16_384, *, limit: int = 65_536) -> contract.InstanceLog:
        return await instance_backups.read_logs(self.call, instance_id, offset, limit)

    @implements
    async def backup(self, instance_id: str) -> contract.Backup:
        return await instance_backups.create_backup(self.call, instance_id)

    @implements
    async def backups(
        self, instance_id: str | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> contract.BackupPage:
        visible_account = resolve_visible_account(self.call.caller, None)
        parameters: dict[str, Any] = {
            "instance_id": instance_id,
            "account": visible_account,
            "before": paging.decode_cursor(cursor)[0] if cursor else "bak_g",
            "limit": limit + 1,
        }
        query = host_queries.build_backups_query(instance=instance_id is not None, account=visible_account is not None)
        rows = await self.call.tx.all(
            query, **{name: parameters[name] for name in query.parameter_names if name != "tenant"}
        )
        rows, more = paging.take_fitting_rows(rows, limit, self.call.context.settings.page_bytes)
        page = [build_backup(row) for row in rows]
        return contract.BackupPage(
            backups=page,
            **paging.build_page_fields(page, "backup_id", more=more, cursor=cursor),
        )

    @implements
    async def drop_backup(self, backup_id: str) -> contract.Backup:
        return await instance_backups.delete_backup_row(self.call, backup_id)

    # -- scaling -----------------------------------------------------------------------------------

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
        owner_account = resolve_owner_account(self.call.caller, account)
        order = scaling.ScalingOrder(
            agent=agent_id,
            account=owner_account,
            least=min_instances,
            most=min_instances if max_instances is None else max_instances,
            target=target_concurrency,
            config=instance_config,
            max_price=None if max_price is None else to_micros(max_price),
        )
        return await scaling.set_scaling(self.call, order)

    @implements
    async def scaling(self, agent_id: str, *, account: str | None = None) -> contract.Scaling:
        agent = await load_agent(self.call.tx, agent_id)
        return await scaling.describe_scaling(self.call, agent, resolve_owner_account(self.call.caller, account))
