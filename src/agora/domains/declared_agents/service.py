"""Implementation of the contract's operations on declared agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

from agora.core import pagination as paging
from agora.core import scopes
from agora.core.call import BoundService, Call, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.agents import queries as agents
from agora.domains.agents.service import AgentService
from agora.domains.billing.service import BillingService
from agora.domains.identity.authority import check_and_record_administration
from agora_sdk.contract import declared_agents as contract
from agora_sdk.contract import implements
from agora_sdk.contract.billing import PricingType
from agora_sdk.contract.billing.models import ModelTokens
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import queries as statements
from .model_calls import (
    CallRecord,
    ReservationRequest,
    charge_and_record_model_call,
    release_reservation_of_failed_call,
    reserve_call_and_store_checkpoint,
)
from .providers import resolve_model_or_problem
from .records import DECLARED_AGENT_VERSIONS, DECLARED_AGENTS, DeclaredAgentRow, DeclaredAgentVersionRow
from .tool_calls import ToolRequest, authorize_and_relay_tool_call
from .tools import describe_tool, reject_unknown_tool_names, resolve_tools

__all__ = ["DeclaredAgentService"]

A = TypeVar("A", bound=contract.DeclaredAgent)

Change = Literal["created", "updated", "unchanged"]

AFTER_EVERY_VERSION = 2**31
MAX_SPECIFICATION_CHARACTERS = 100_000  #: maximum characters of JSON


class DeclaredAgentService(BoundService, contract.DeclaredAgents):
    """The contract's operations on declared agents."""

    @implements
    async def apply(
        self, name: str, specification: contract.AgentSpecification, *, dry_run: bool = False
    ) -> contract.AppliedAgent:
        call = self.call
        call.target = name
        self._check_specification(specification)
        row = await call.tx.one(statements.lock_agent, name=name)
        previous_specification = (
            None if row is None else contract.AgentSpecification.model_validate_json(row.specification)
        )
        changed_fields = _list_changed_fields(previous_specification, specification)
        # Applying is declarative: equal declarations change nothing and need no administrator.
        if row is not None and not changed_fields and await self._is_registered(row):
            return await self._build_applied(row, "unchanged", [])
        if dry_run:
            return await self._build_preview(name, row, specification, changed_fields)
        await check_and_record_administration(call, _build_target(name))
        agent_id = await self._register_or_update_agent(name, row, specification)
        is_same = row is not None and row.agent_id == agent_id  # a newly registered agent has neither
        await self._apply_price_and_budget(agent_id, previous_specification if is_same else None, specification)
        version_row = await self._store_version(name, row, specification, agent_id)
        change: Change = "created" if row is None else "updated"
        data = {"name": name, "version": version_row.version}
        if row is None:
            call.emit("agora.declared_agent.created", data, subject=agent_id)
        else:
            call.emit("agora.declared_agent.updated", data, subject=agent_id)
        return await self._build_applied(version_row, change, changed_fields)

    @implements
    async def list(self, *, limit: int = 50, cursor: str | None = None) -> contract.DeclaredAgentPage:
        rows, more = await paging.read_query_page(self.call, statements.list_agents, "name", limit, cursor)
        page = [await self._build_agent(contract.DeclaredAgent, row) for row in rows]
        return contract.DeclaredAgentPage.model_construct(
            agents=page, **paging.build_page_fields(page, "name", more=more, cursor=cursor)
        )

    @implements
    async def get(self, name: str) -> contract.DeclaredAgent:
        return await self._build_agent(contract.DeclaredAgent, await self._require_declaration(name))

    @implements
    async def versions(
        self, name: str, *, limit: int = 20, cursor: str | None = None
    ) -> contract.DeclaredAgentVersionPage:
        await self._require_declaration(name)
        rows, more = await paging.read_query_page(
            self.call, statements.list_versions, "version", limit, cursor, first=AFTER_EVERY_VERSION, name=name
        )
        page = [build_from_record(contract.DeclaredAgentVersion, row) for row in rows]
        return contract.DeclaredAgentVersionPage.model_construct(
            versions=page, **paging.build_page_fields(page, "version", more=more, cursor=cursor)
        )

    @implements
    async def rollback(self, name: str, version: int) -> contract.AppliedAgent:
        await self._require_declaration(name)
        row = await self.call.tx.one(statements.select_version, name=name, version=version)
        if row is None:
            raise not_found(
                "version", f"{name} has no version {version}.", fix="They are listed by agora.declared_agent.versions."
            )
        # As a new version: the history is never rewritten.
        return await self.apply(name, contract.AgentSpecification.model_validate_json(row.specification))

    @implements
    async def delete(self, name: str) -> contract.DeclaredAgentRemoval:
        call = self.call
        call.target = name
        row = await self._require_declaration(name, lock=True)
        await check_and_record_administration(call, _build_target(name))
        agent = await call.tx.one(agents.select_agent_by_id, ref=row.agent_id)
        if agent is not None and agent.status != "retired":
            await AgentService(_elevate_to_act_for_agents(call)).deregister(row.agent_id)
        call.target = name
        await call.tx.execute(statements.delete_agent, name=name)
        await call.tx.execute(statements.delete_versions, name=name)
        call.emit("agora.declared_agent.deleted", {"name": name}, subject=row.agent_id)
        return contract.DeclaredAgentRemoval(name=name, agent_id=row.agent_id)

    @implements
    async def tools(self, name: str) -> contract.AgentTools:
        call = self.call
        row = await self._require_declaration(name)
        if not call.caller.may("admin") and call.caller.subject != row.agent_id:
            raise PermissionDenied(f"The tools of {name} are shown to itself and to operators.", required="admin")
        specification = contract.AgentSpecification.model_validate_json(row.specification)
        # As in tool_calls: a tool is resolved by the declaration; the requester's rights are checked with each call.
        everything = call.context.registry.list_visible(replace(call.caller, scopes=scopes.ALL_SCOPES))
        tools = resolve_tools(specification, call.context.registry, everything, call.caller.tenant)
        return contract.AgentTools.model_construct(tools=[describe_tool(tool) for tool in tools.values()])

    @implements
    async def call_tool(
        self, task_id: str, fencing_token: int, call_id: str, tool: str, arguments: JsonObject = {}
    ) -> contract.ToolOutcome:
        request = ToolRequest(task_id, fencing_token, call_id, tool, arguments)
        return await authorize_and_relay_tool_call(self.call, request)

    @implements
    async def reserve_model_call(
        self,
        task_id: str,
        fencing_token: int,
        step: int,
        models: Sequence[str],
        input_tokens: int,
        *,
        checkpoint: JsonObject | None = None,
        checkpoint_number: int | None = None,
    ) -> contract.ModelReservation:
        request = ReservationRequest(
            task_id=task_id,
            fencing_token=fencing_token,
            step=step,
            models=models,
            input_tokens=input_tokens,
            checkpoint=checkpoint,
            checkpoint_number=checkpoint_number,
        )
        return await reserve_call_and_store_checkpoint(self.call, request)

    @implements
    async def record_model_call(
        self,
        task_id: str,
        fencing_token: int,
        step: int,
        model: str,
        tokens: ModelTokens,
        *,
        is_estimate: bool = False,
        is_cut: bool = False,
        time_to_first_token: float | None = None,
        seconds: float | None = None,
        checkpoint: JsonObject | None = None,
        checkpoint_number: int | None = None,
        output: str | None = None,
        output_offset: int | None = None,
    ) -> contract.RecordedModelCall:
        record = CallRecord(
            task_id=task_id,
            fencing_token=fencing_token,
            step=step,
            model=model,
            tokens=tokens,
            is_estimate=is_estimate,
            is_cut=is_cut,
            first_token=time_to_first_token,
            seconds=seconds,
            checkpoint=checkpoint,
            checkpoint_number=checkpoint_number,
            output=output,
            output_offset=output_offset,
        )
        return await charge_and_record_model_call(self.call, record)

    @implements
    async def release_model_call(self, task_id: str, fencing_token: int, step: int) -> contract.ModelReservationRelease:
        return await release_reservation_of_failed_call(self.call, task_id, fencing_token, step)

    async def _apply_price_and_budget(
        self, agent_id: str, before: contract.AgentSpecification | None, after: contract.AgentSpecification
    ) -> None:
        """Apply changes of the declaration's price and budget to the agent."""
        billing = BillingService(self.call)
        if after.price != (None if before is None else before.price):
            if after.price is None:
                await billing.set_price(agent_id, PricingType.FREE)
            else:
                await billing.set_price(agent_id, PricingType.PER_REQUEST, after.price.task, after.price.currency)
        earlier = None if before is None else before.budget
        if earlier is not None and after.budget != earlier:
            await billing.budget(None, agent_id, earlier.currency)  # removed: the new one may be in another currency
        budget = after.budget
        if budget is not None and budget != earlier:
            await billing.budget(
                None, agent_id, budget.currency, soft_limit=budget.soft_limit, hard_limit=budget.hard_limit
            )

    def _check_specification(self, specification: contract.AgentSpecification) -> None:
        reject_unknown_tool_names(specification)
        if len(specification.model_dump_json()) > MAX_SPECIFICATION_CHARACTERS:
            raise InvalidRequest(
                f"A specification has at most {MAX_SPECIFICATION_CHARACTERS} characters of JSON.",
                errors=[field_error("specification", "too long")],
            )
        schema = specification.output_schema
        if schema is not None:
            # Imported here: the JSON schema library takes a while to load, and few declarations have a schema.
            from agora.json_schemas import find_schema_error

            reason = find_schema_error(schema)
            if reason is None and schema.get("type") != "object":
                reason = "its type must be 'object'"
            if reason is not None:
                raise InvalidRequest(
                    f"output_schema is not a JSON schema of an object: {reason[:300]}.",
                    errors=[field_error("specification.output_schema", "no schema of an object")],
                )

    async def _require_declaration(self, name: str, *, lock: bool = False) -> DeclaredAgentRow:
        row = await self.call.tx.one(statements.lock_agent if lock else statements.select_agent_by_name, name=name)
        if row is None:
            raise not_found("name", f"No agent {name!r} is declared.", fix="They are listed at GET /declared-agents.")
        return row

    async def _is_registered(self, row: DeclaredAgentRow) -> bool:
        agent = await self.call.tx.one(agents.select_agent_by_id, ref=row.agent_id)
        return agent is not None and agent.status != "retired"

    async def _register_or_update_agent(
        self, name: str, row: DeclaredAgentRow | None, specification: contract.AgentSpecification
    ) -> str:
        """Register the agent, or update its profile from the specification. Returns its id. Raises NameTaken."""
        profile: dict[str, Any] = {
            "description": specification.description,
            "max_concurrent_tasks": specification.max_concurrent_tasks,
            "busy": specification.busy,
            "metadata": {"declared": True},
        }
        if row is not None and await self._is_registered(row):
            service = AgentService(_elevate_to_act_for_agents(self.call))
            await service.update(row.agent_id, capabilities=specification.capabilities, **profile)
            return row.agent_id
        registration = await AgentService(self.call).register(name, specification.capabilities, **profile)
        return registration.agent_id

    async def _store_version(
        self, name: str, row: DeclaredAgentRow | None, specification: contract.AgentSpecification, agent_id: str
    ) -> DeclaredAgentRow:
        call, text = self.call, specification.model_dump_json(exclude_defaults=True)
        version = DeclaredAgentVersionRow(
            tenant_id=call.caller.tenant,
            name=name,
            version=1 if row is None else row.version + 1,
            specification=text,
            declared_by=call.caller.subject,
            created_at=call.now,
        )
        call.tx.append(DECLARED_AGENT_VERSIONS, version)
        version_row = DeclaredAgentRow(
            tenant_id=version.tenant_id,
            name=name,
            agent_id=agent_id,
            version=version.version,
            specification=text,
            declared_by=version.declared_by,
            created_at=call.now if row is None else row.created_at,
            updated_at=call.now,
        )
        if row is None:
            call.tx.append(DECLARED_AGENTS, version_row)
        else:
            await call.tx.execute(
                statements.update_agent,
                name=name,
                agent_id=agent_id,
                version=version_row.version,
                specification=text,
                declared_by=version_row.declared_by,
                now=call.now,
            )
        return version_row

    async def _build_preview(
        self,
        name: str,
        row: DeclaredAgentRow | None,
        specification: contract.AgentSpecification,
        changed: Sequence[str],
    ) -> contract.AppliedAgent:
        call = self.call
        preview = DeclaredAgentRow(
            tenant_id=call.caller.tenant,
            name=name,
            agent_id="" if row is None else row.agent_id,
            version=1 if row is None else row.version + 1,
            specification=encode_json(specification.model_dump(exclude_defaults=True)),
            declared_by=call.caller.subject,
            created_at=call.now if row is None else row.created_at,
            updated_at=call.now,
        )
        return await self._build_applied(preview, "created" if row is None else "updated", changed)

    async def _build_applied(
        self, row: DeclaredAgentRow, change: Change, changed: Sequence[str]
    ) -> contract.AppliedAgent:
        return await self._build_agent(contract.AppliedAgent, row, change=change, changed=[*changed])

    async def _build_agent(self, model: type[A], row: DeclaredAgentRow, **details: Any) -> A:
        specification = contract.AgentSpecification.model_validate_json(row.specification)
        providers = await self.call.tx.all(statements.select_all_providers)
        settings, tenant = self.call.context.settings, self.call.caller.tenant
        endpoint = resolve_model_or_problem(specification.model, tenant, providers, settings, None)
        problem = endpoint if isinstance(endpoint, str) else None
        if row.agent_id and not await self._is_registered(row):
            problem = "Its agent was deregistered: apply the declaration again."
        return build_from_record(model, row, specification=specification, problem=problem, **details)


def _elevate_to_act_for_agents(call: Call) -> Call:
    """Return the call with the additional right to act for any agent; the caller must be an administrator."""
    # The administrator's authority was checked before; declared agents have no owner who could update them.
    return replace(call, caller=replace(call.caller, scopes=call.caller.scopes | {"act:any"}))


def _build_target(name: str) -> str:
    return f"declared-agent:{name}"


def _list_changed_fields(before: contract.AgentSpecification | None, after: contract.AgentSpecification) -> list[str]:
    names = type(after).model_fields
    if before is None:
        return [name for name in names if name in after.model_fields_set]
    return [name for name in names if getattr(before, name) != getattr(after, name)]
