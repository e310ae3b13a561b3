"""Operations of agents: registration, profiles, heartbeats, ratings, deregistration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel

from agora.clock import SECOND, new_id, to_datetime
from agora.core import pagination as paging
from agora.core import scopes
from agora.core.call import BoundService, decode_json, encode_json
from agora.core.count_locks import lock_count
from agora.core.record_models import build_from_record
from agora.domains.identity.authority import (
    TIER_RANKS,
    check_administration_authority,
    check_override_authority,
    may_grant_any_tier,
)
from agora_sdk.contract import agents as contract
from agora_sdk.contract import implements
from agora_sdk.contract.envelopes import PublicKey
from agora_sdk.contract.fields import (
    AgentStatus,
    AgentStatusLike,
    BusyPolicy,
    JsonObject,
    ServiceTier,
    ServiceTierLike,
    Visibility,
    VisibilityLike,
)
from agora_sdk.errors import IllegalTransition, InvalidRequest, NameTaken, Overloaded, field_error

from . import queries as statements
from .names import check_name, compute_name_key
from .ports import MANIFEST_REGISTRATION
from .records import AGENTS, CAPABILITIES, AgentCapabilityRow, AgentRow
from .references import (
    build_address_of_name,
    check_alias_assignable,
    check_may_act_for,
    check_public_keys,
    find_agent,
    load_agent,
    load_visible_agent,
)
from .signals import (
    ADDRESS_TAKEN,
    AGENT_REGISTERED,
    AGENT_RETIRED,
    DEREGISTRATION_REQUESTED,
    AddressTaken,
    AgentRegistered,
    publish_declared_codebases,
)
from .supervision import choose_agent_event_audience, set_agent_status

__all__ = ["UNREACHABLE_STATUSES", "AgentService", "build_agent_from_row"]

P = TypeVar("P", bound=BaseModel)

UNREACHABLE_STATUSES = frozenset({"offline", "inactive", "suspended", "retired"})
SUPERVISED_STATUSES = frozenset({"paused", "suspended", "retired"})


def _compute_availability(row: AgentRow, now: int) -> float:
    """Compute the share of the time since registration in which the agent was reachable."""
    age = now - row.registered_at
    if age <= 0:
        return 1.0
    reachable = row.reachable_for
    if row.status not in UNREACHABLE_STATUSES:
        reachable += now - row.status_since
    return float(round(min(1.0, max(0.0, reachable / age)), 4))


def _compute_load(row: AgentRow) -> float:
    """Return the load the agent last reported, else the share of its task slots in use; 0 to 1."""
    if row.reported_load is not None:
        return row.reported_load
    return float(min(1.0, row.active_tasks / max(1, row.max_concurrent_tasks)))


def _build_profile(model: type[P], row: AgentRow, now: int, **details: Any) -> P:
    return build_from_record(
        model,
        row,
        load=_compute_load(row),
        availability=_compute_availability(row, now),
        reputation=round(row.rating_sum / row.rating_count, 2) if row.rating_count else None,
        public_keys=[PublicKey.model_construct(**key) for key in decode_json(row.public_keys)],
        **details,
    )


def _build_column_values(values: dict[str, Any]) -> dict[str, Any]:
    """Build column values from profile fields."""
    return values | {
        "capabilities": encode_json(list(dict.fromkeys(values["capabilities"]))),
        "service_tier": values["service_tier"].value,
        "requested_tier": values["requested_tier"].value,
        "tags": encode_json(values["tags"]),
        "visibility": values["visibility"].value,
        "endpoints": encode_json(values["endpoints"]),
        "metadata": encode_json(values["metadata"]),
    }


def build_agent_from_row(row: AgentRow, now: int) -> contract.Agent:
    """Build the public profile from an agent's row."""
    return _build_profile(contract.Agent, row, now)


def _check_agent_limit(count: int, most: int, whose: str, help: str, setting: str) -> None:
    if count >= most:
        raise Overloaded(
            f"{most} agents {whose} exist, including those that they registered.",
            fix=f"Deregister some, or have an operator {help} or raise the setting {setting}.",
            retry_after=60,
        )


class AgentService(BoundService, contract.Agents):
    @implements
    async def register(
        self,
        agent_name: str,
        capabilities: list[str] = [],
        service_tier: ServiceTierLike = ServiceTier.BASIC,
        *,
        description: str = "",
        category: str = "",
        tags: list[str] = [],
        visibility: VisibilityLike = Visibility.PUBLIC,
        endpoints: contract.Endpoints = {},
        metadata: JsonObject = {},
        max_concurrent_tasks: int = 1,
        busy: BusyPolicy = "enqueue",
        proficiency_level: int | None = None,
        alias: str | None = None,
        public_keys: contract.PublicKeys | None = None,
        manifest: JsonObject | None = None,
    ) -> contract.Registration:
        columns = {
            "capabilities": capabilities,
            "service_tier": service_tier,
            "description": description,
            "category": category,
            "tags": tags,
            "visibility": visibility,
            "endpoints": endpoints,
            "metadata": metadata,
            "max_concurrent_tasks": max_concurrent_tasks,
            "busy": busy,
            "proficiency_level": proficiency_level,
        }
        if manifest is not None:
            return await self._register_from_manifest(
                agent_name, manifest, columns | {"alias": alias, "public_keys": public_keys}
            )
        # With its token, an agent registers again to update itself; without it, the name is taken.
        existing, tier = await self._find_own_agent_unless_taken(agent_name), ServiceTier(service_tier)
        if existing is None:
            check_name(agent_name)
        columns |= {"service_tier": self._choose_tier_to_grant(tier, existing), "requested_tier": tier}
        values = _build_column_values(columns) | await self._resolve_alias_and_keys(existing, alias, public_keys)
        if existing is None:
            return await self._create_agent(agent_name, capabilities, values)
        row = await self._update_agent(existing, values, capabilities)
        return await self._build_registration(row, created=False)

    async def _register_from_manifest(
        self, name: str, manifest: JsonObject, values: dict[str, Any]
    ) -> contract.Registration:
        """Register an agent from a manifest; fields given explicitly take precedence over it."""
        usual = contract.Agents.operations["register"].parameters
        # A default cannot be told from a value that was left out: both leave the manifest's value.
        explicit = {name: value for name, value in values.items() if value != usual[name].default}
        register_agent_by_manifest = self.call.context.ports.get(MANIFEST_REGISTRATION).get()
        return await register_agent_by_manifest(self.call, name, manifest, explicit)

    async def _find_own_agent_unless_taken(self, name: str) -> AgentRow | None:
        """Find the caller's own row under this name; None if the name is free. Raises NameTaken."""
        row = await find_agent(self.call.tx, name)
        if row is not None and row.agent_id != self.call.caller.subject:
            similar_name_note = f" (it looks like {row.agent_name!r})" if row.agent_name != name else ""
            raise NameTaken(
                f"The name {name!r} belongs to another agent{similar_name_note}.",
                fix="Send that agent's token to update it, choose another name, or let an operator deregister it.",
                errors=[field_error("agent_name", "taken")],
            )
        return row

    async def _resolve_alias_and_keys(
        self, row: AgentRow | None, alias: str | None, public_keys: contract.PublicKeys | None
    ) -> dict[str, Any]:
        """Resolve the values of alias and public keys; None keeps the stored one."""
        if alias is not None:
            await check_alias_assignable(self.call, alias, row.agent_id if row is not None else None)
        elif row is not None:
            alias = row.alias
        if public_keys is None:
            return {"alias": alias, "public_keys": row.public_keys if row is not None else "[]"}
        check_public_keys(public_keys)
        return {"alias": alias, "public_keys": encode_json([key.model_dump(exclude_none=True) for key in public_keys])}

    async def _create_agent(
        self, agent_name: str, capabilities: Sequence[str], values: dict[str, Any]
    ) -> contract.Registration:
        call = self.call
        agent_id = call.target = new_id("agent")
        # Before the row: a refused codebase refuses the registration.
        await publish_declared_codebases(call, agent_id, capabilities)
        row = AgentRow(
            tenant_id=call.caller.tenant,
            agent_id=agent_id,
            agent_name=agent_name,
            name_key=compute_name_key(agent_name),
            account_id=call.caller.account,
            status=AgentStatus.ACTIVE.value,
            token_generation=1,
            registered_at=call.now,
            last_activity=call.now,
            status_since=call.now,
            reachable_for=0,
            reported_load=None,
            active_tasks=0,
            consecutive_failures=0,
            rating_sum=0.0,
            rating_count=0,
            retired_at=None,
            registrar=await self._choose_registrar_below_limit(),
            enrolment=await self._choose_enrolment_below_limit(),
            **values,
        )
        call.tx.append(AGENTS, row)
        self._append_capabilities(agent_id, capabilities)
        self._emit_agent_event("agora.agent.registered", row)
        pending = 0
        for name in self._list_names_with_held_mail(row):
            pending += (await call.publish(ADDRESS_TAKEN, AddressTaken(agent_id, name))).messages
        registered = await call.publish(AGENT_REGISTERED, AgentRegistered(agent_id, agent_name, row.category))
        return await self._build_registration(row, created=True, pending=pending, tasks=registered.tasks)

    async def _choose_registrar_below_limit(self) -> str | None:
        """Find the subject for which the new agent is counted. Raises Overloaded at the setting ``max_agents_each``."""
        registrar, most = self.call.caller.registrar_for_new_agents, self.call.context.settings.max_agents_each
        if registrar is not None:
            await lock_count(self.call.tx, "agents", registrar)
            count = await self.call.tx.one(statements.count_agents_of_registrar, registrar=registrar, most=most)
            _check_agent_limit(count or 0, most, "registered by you", "register others", "max_agents_each")
        return registrar

    async def _choose_enrolment_below_limit(self) -> str | None:
        """Find the enrolment token for which an agent is counted. Raises Overloaded at ``max_agents_enrolled``."""
        enrolment, most = self.call.caller.enrolment, self.call.context.settings.max_agents_enrolled
        if enrolment is not None:
            await lock_count(self.call.tx, "agents", enrolment)
            count = await self.call.tx.one(statements.count_agents_of_enrolment, enrolment=enrolment, most=most)
            _check_agent_limit(count or 0, most, "of one enrolment token", "make another token", "max_agents_enrolled")
        return enrolment

    @staticmethod
    def _list_names_with_held_mail(row: AgentRow) -> list[str]:
        """List the names under which messages for the agent may have been held."""
        name = row.agent_name
        return list(dict.fromkeys(filter(None, (name, row.alias, f"agent.{row.account_id}.{name}"))))

    async def _build_registration(
        self, row: AgentRow, *, created: bool, pending: int = 0, tasks: int = 0
    ) -> contract.Registration:
        call = self.call
        newcomer = replace(call.caller, kind="agent", scopes=scopes.AGENT)
        return _build_profile(
            contract.Registration,
            row,
            call.now,
            available_services=[operation.name for operation in call.context.registry.list_visible(newcomer)],
            token=call.context.signer.sign_agent_token(call.caller.tenant, row.agent_id, row.token_generation),
            created=created,
            pending_messages=pending,
            pending_tasks=tasks,
        )

    async def issue_registration(self, row: AgentRow) -> contract.Registration:
        """Issue the registration of an agent, with its token, to a caller that may act for it."""
        check_may_act_for(self.call.caller, row.agent_id)
        return await self._build_registration(row, created=False)

    async def reissue_credential(self, result: contract.Registration) -> contract.Registration:
        """Return the token again when the registration is repeated under its idempotency key."""
        row = await load_agent(self.call.tx, result.agent_id)
        # A retired agent gets no new token, nor does a caller that only changed another agent's manifest.
        if row.status != "retired" and (result.created or result.agent_id == self.call.caller.subject):
            result.token = self.call.context.signer.sign_agent_token(
                self.call.caller.tenant, result.agent_id, row.token_generation
            )
        return result

    async def store_and_grant_tier(self, row: AgentRow, requested: ServiceTier) -> None:
        """Store the tier requested for an agent, and grant it within the caller's rights."""
        granted = self._choose_tier_to_grant(requested, row)
        await self.call.tx.execute(
            statements.update_agent_tiers, agent_id=row.agent_id, granted=granted.value, requested=requested.value
        )

    def _choose_tier_to_grant(self, requested: ServiceTier, row: AgentRow | None) -> ServiceTier:
        """Choose the tier to grant for a requested one. row: the agent's current row, None for a new agent.

        The tier sets the rate limit, so only operators may grant more than their credential has. An agent that requests
        the same tier again keeps its current one, because an operator may have changed it since.
        """
        caller = self.call.caller
        if may_grant_any_tier(self.call):
            return requested
        if row is not None and row.requested_tier == requested:
            return ServiceTier(row.service_tier)
        return min(requested, ServiceTier(caller.tier), key=TIER_RANKS.__getitem__)

    def _append_capabilities(self, agent_id: str, capabilities: Sequence[str]) -> None:
        for capability in dict.fromkeys(capabilities):
            self.call.tx.append(
                CAPABILITIES,
                AgentCapabilityRow(
                    tenant_id=self.call.caller.tenant,
                    capability=capability,
                    agent_id=agent_id,
                ),
            )

    def _emit_agent_event(self, type: str, row: AgentRow) -> None:
        data = {
            "agent_id": row.agent_id,
            "agent_name": row.agent_name,
            "capabilities": decode_json(row.capabilities),
            "service_tier": row.service_tier,
            "status": row.status,
        }
        self.call.emit(type, data, subject=row.agent_id, audience=choose_agent_event_audience(row))

    async def _update_agent(
        self, row: AgentRow, values: dict[str, Any], capabilities: Sequence[str] | None
    ) -> AgentRow:
        """Store a changed profile; return the new row."""
        call = self.call
        agent_id = call.target = row.agent_id
        await publish_declared_codebases(call, agent_id, capabilities or ())
        await call.tx.execute(statements.update_agent, agent_id=agent_id, now=call.now, **values)
        if capabilities is not None:
            await call.tx.execute(statements.delete_capabilities, agent_id=agent_id)
            self._append_capabilities(agent_id, capabilities)
        updated_row = replace(row, **values, last_activity=call.now)
        self._emit_agent_event("agora.agent.updated", updated_row)
        if updated_row.alias not in (None, row.alias):
            await call.publish(ADDRESS_TAKEN, AddressTaken(agent_id, updated_row.alias))
        # An update is a sign of life, as a heartbeat is.
        if updated_row.status in ("offline", "inactive"):
            updated_row.status = await self._set_own_status(updated_row, AgentStatus.ACTIVE)
        elif updated_row.status in ("active", "busy") and updated_row.max_concurrent_tasks != row.max_concurrent_tasks:
            updated_row.status = await set_agent_status(call, updated_row, AgentStatus.ACTIVE.value)
        return updated_row

    @implements
    async def get(self, agent_id: str) -> contract.Agent:
        row = await load_visible_agent(self.call.tx, self.call.caller, agent_id)
        return build_agent_from_row(row, self.call.now)

    @implements
    async def list(
        self,
        status: AgentStatusLike | None = None,
        service_tier: ServiceTierLike | None = None,
        category: str | None = None,
        *,
        limit: int = 50,
        offset: int = 0,
        cursor: str | None = None,
    ) -> contract.AgentPage:
        caller = self.call.caller
        query = statements.build_agent_page_query(
            status=status is not None,
            service_tier=service_tier is not None,
            category=category is not None,
            everyone=caller.may("read:all"),
        )
        parameters: dict[str, Any] = {
            "status": status,
            "service_tier": service_tier,
            "category": category,
            "account": caller.account,
            "viewer": caller.subject,
        }
        arguments = {name: value for name, value in parameters.items() if name in query.parameter_names}
        first = paging.decode_cursor(cursor)[0] if cursor else ""

        async def read_agents(after: str, count: int) -> Sequence[AgentRow]:
            # The offset counts from the first row; further reads of the same page continue by id.
            skipped = offset if after == first else 0
            return await self.call.tx.all(query, **arguments, after=after, limit=count, offset=skipped)

        rows, more = await paging.read_page(
            read_agents, first, "agent_id", limit, self.call.context.settings.page_bytes
        )
        agents = [build_agent_from_row(row, self.call.now) for row in rows]
        return contract.AgentPage.model_construct(
            agents=agents,
            count=len(agents),
            total=None if more or cursor or offset else len(agents),
            has_more=more,
            next_cursor=paging.encode_cursor(agents[-1].agent_id) if more else None,
        )

    @implements
    async def update(
        self,
        agent_id: str,
        *,
        capabilities: contract.Capabilities | None = None,
        status: AgentStatusLike | None = None,
        description: str | None = None,
        category: str | None = None,
        tags: contract.Tags | None = None,
        visibility: VisibilityLike | None = None,
        endpoints: contract.Endpoints | None = None,
        metadata: JsonObject | None = None,
        max_concurrent_tasks: int | None = None,
        busy: BusyPolicy | None = None,
        proficiency_level: int | None = None,
        alias: str | None = None,
        public_keys: contract.PublicKeys | None = None,
    ) -> contract.Agent:
        row = await self._lock_own_agent(agent_id, by_developer=True)
        changes = {
            "capabilities": None if capabilities is None else encode_json(list(dict.fromkeys(capabilities))),
            "description": description,
            "category": category,
            "tags": None if tags is None else encode_json(tags),
            "visibility": visibility and Visibility(visibility).value,
            "endpoints": None if endpoints is None else encode_json(endpoints),
            "metadata": None if metadata is None else encode_json(metadata),
            "max_concurrent_tasks": max_concurrent_tasks,
            "busy": busy,
            "proficiency_level": proficiency_level,
        }
        values = {name: getattr(row, name) if value is None else value for name, value in changes.items()}
        values |= {"service_tier": row.service_tier, "requested_tier": row.requested_tier}
        values |= await self._resolve_alias_and_keys(row, alias, public_keys)
        updated_row = await self._update_agent(row, values, capabilities)
        if status is not None:
            updated_row.status = await self._set_own_status(updated_row, AgentStatus(status))
        return build_agent_from_row(updated_row, self.call.now)

    async def _lock_own_agent(self, agent_id: str | None, *, by_developer: bool = False) -> AgentRow:
        """Lock and return the caller's agent, or another one that it may act for.

        by_developer: a key of the agent's account may, too. Tokens of instances are keys of their customer's account,
        but lack the required scope.
        """
        call = self.call
        if agent_id is None:
            if call.caller.kind != "agent":
                raise InvalidRequest(
                    "agent_id is required: the caller is not an agent.",
                    fix="Give agent_id, or call with an agent's token.",
                    errors=[field_error("agent_id", "required")],
                )
            agent_id = call.caller.subject
        agent = await load_agent(call.tx, agent_id)
        call.target = agent.agent_id
        caller = call.caller
        # The account default is shared by strangers, so it makes nobody the developer.
        developer = caller.kind == "key" and caller.account == agent.account_id != "default"
        if not (by_developer and developer):
            check_may_act_for(caller, agent.agent_id)
        row = await call.tx.one(statements.lock_agent, ref=agent.agent_id)
        return row or agent

    async def _set_own_status(self, row: AgentRow, status: AgentStatus) -> str:
        """Set a status that agents may set themselves; return the new status. Raises InvalidRequest, IllegalTransition."""
        old = row.status
        if status.value == old:
            return str(old)
        if status.value in SUPERVISED_STATUSES:
            raise InvalidRequest(
                f"An agent cannot set its own status to {status.value}.",
                fix="Operators do, with agora.admin.override or agora.admin.manage.",
                errors=[field_error("status", "not the agent's to set")],
            )
        if old in SUPERVISED_STATUSES:
            raise IllegalTransition(
                f"The agent is {old}; only an operator changes that.",
                fix="agora.admin.override with action 'resume', or agora.admin.manage.",
                allowed=[],
            )
        return await set_agent_status(self.call, row, status.value)

    @implements
    async def heartbeat(
        self, agent_id: str | None = None, status: AgentStatusLike | None = None, load: float | None = None
    ) -> contract.AgentHeartbeat:
        row = await self._lock_own_agent(agent_id)
        now = self.call.now
        await self.call.tx.execute(statements.record_heartbeat, agent_id=row.agent_id, now=now, load=load)
        # Only offline, which the server has set: inactive is the agent's own choice.
        new_status = status or ("active" if row.status == "offline" else None)
        current = await self._set_own_status(row, AgentStatus(new_status)) if new_status else row.status
        return contract.AgentHeartbeat.model_construct(
            agent_id=row.agent_id,
            status=AgentStatus(current),
            last_activity=to_datetime(now),
            next_before=to_datetime(now + self.call.context.settings.offline_after * SECOND),
        )

    @implements
    async def status(self, agent_id: str) -> contract.AgentStatusReport:
        row = await load_visible_agent(self.call.tx, self.call.caller, agent_id)
        unread = await self.call.tx.one(statements.count_unread_messages, agent_id=row.agent_id)
        return _build_profile(contract.AgentStatusReport, row, self.call.now, unread_messages=unread or 0)

    @implements
    async def rate(self, agent_id: str, rating: float, comment: str = "") -> contract.Rating:
        call = self.call
        row = await load_visible_agent(call.tx, call.caller, agent_id)
        agent_id = call.target = row.agent_id
        rater = call.caller.subject
        if rater == agent_id:
            raise InvalidRequest("An agent does not rate itself.", errors=[field_error("agent_id", "your own agent")])
        # Locks the agent first: a first rating has no row to lock, so two concurrent ones of a rater would both count.
        row = await call.tx.one(statements.lock_agent, ref=agent_id) or row
        previous_rating = await call.tx.one(statements.select_rating, agent_id=agent_id, rater_id=rater)
        change, raters = (rating, 1) if previous_rating is None else (rating - previous_rating, 0)
        await call.tx.execute(
            statements.upsert_rating,
            agent_id=agent_id,
            rater_id=rater,
            rating=float(rating),
            comment=comment,
            now=call.now,
        )
        await call.tx.execute(statements.update_agent_rating, agent_id=agent_id, change=float(change), raters=raters)
        count = row.rating_count + raters
        reputation = round((row.rating_sum + change) / count, 2)
        call.emit(
            "agora.agent.rated",
            {"agent_id": agent_id, "rating": rating, "reputation": reputation, "rating_count": count},
            subject=agent_id,
            audience=choose_agent_event_audience(row),
        )
        return contract.Rating(agent_id=agent_id, reputation=reputation, rating_count=count)

    @implements
    async def deregister(self, agent_id: str) -> contract.Deregistration:
        row = await self._lock_own_agent(agent_id)
        if row.status != "retired":
            if row.agent_id != self.call.caller.subject:
                # Its departure would evade an override of a higher authority.
                await check_override_authority(self.call, row.agent_id)
                await check_administration_authority(self.call, row.agent_id)
            # Its handlers may refuse, for example while instances exist.
            await self.call.publish(DEREGISTRATION_REQUESTED, row)
            await self.retire_agent(row)
        return contract.Deregistration(agent_id=row.agent_id, status=AgentStatus.RETIRED)

    async def retire_agent(self, row: AgentRow) -> None:
        """Retire an agent: revoke its token, release its name, remove it from searches. Its history stays."""
        call, agent_id = self.call, row.agent_id
        # First the status, which adds the time since its last change to the availability.
        await call.tx.execute(statements.update_agent_status, agent_id=agent_id, status="retired", now=call.now)
        await call.tx.execute(statements.retire_agent, agent_id=agent_id, now=call.now)
        await call.tx.execute(statements.delete_capabilities, agent_id=agent_id)
        await call.publish(AGENT_RETIRED, row)
        for name in self._list_names_with_held_mail(
            row
        ):  # messages held under its names are delivered to it, not to the next holder of the name
            await call.publish(ADDRESS_TAKEN, AddressTaken(agent_id, name))
        data = {"agent_id": agent_id, "agent_name": row.agent_name, "address": build_address_of_name(row.agent_name)}
        call.emit("agora.agent.deregistered", data, subject=agent_id, audience=choose_agent_event_audience(row))
