"""Creation: insert an instance with its placement, credential and secrets; the reconciler starts it.

Creation is idempotent by the caller's idempotency key (column ``request_key``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from typing import Any

from agora.clock import SECOND, new_id
from agora.core.call import Call, encode_json
from agora.core.count_locks import lock_count
from agora.core.errors import not_found
from agora.core.idempotency import build_key_reused_error
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import load_agent, load_visible_agent
from agora.domains.billing.accounts import NO_ACCOUNT
from agora.domains.billing.allowances import grant_allowance
from agora.domains.billing.ledger import Charge, Ledger
from agora.domains.billing.metering import build_base_price_key
from agora.domains.billing.money import format_amount, reject_fractional_units, to_micros
from agora.domains.billing.prices import AMOUNT_FIELDS
from agora.domains.billing.terms import PriceTerms
from agora.domains.identity.records import TOKENS, TokenRow
from agora.runtimes import spec as runtime
from agora.value_classes import value_class
from agora_sdk.contract.billing import EntryKind
from agora_sdk.contract.hosts import HostRequirements
from agora_sdk.contract.instances import CoLocation, InstanceConfig
from agora_sdk.errors import (
    BudgetExceeded,
    Conflict,
    CreditExhausted,
    InvalidRequest,
    PaymentRequired,
    PermissionDenied,
    field_error,
)

from . import host_queries, placement
from . import queries as statements
from .deployments import load_manifest, open_secrets, seal_secrets
from .manifests import AgentManifest, list_suitable_engines, to_build_config, to_program_source
from .notifications import emit_instance_event
from .records import INSTANCES, DeploymentRow, InstanceRow

__all__ = ["INSTANCE_SCOPES", "InstanceRequest", "check_max_price", "create_instance", "find_payment_error"]

#: scopes of an instance's token
# Its program is its developer's, its account its customer's: it may neither deploy nor see bills of the account.
INSTANCE_SCOPES = ("read:agents", "read:messages", "read:tasks", "write:messages", "write:tasks")
DEPLOY_SCOPE = "deploy:agents"
UNUSABLE_STATUSES = frozenset({"retired", "suspended", "paused"})


@value_class
class InstanceRequest:
    """Parameters of a new instance.

    pool: created by scaling. cause: id of the message that requested it. agreed: price version with which scaling
    was set up; None: the current one. max_price: highest price the caller accepts, in millionths.
    """

    agent: str
    account: str
    config: InstanceConfig = field(default_factory=InstanceConfig)
    name: str | None = None
    requirements: HostRequirements | None = None
    near: CoLocation | None = None
    preferred: str | None = None
    restore: str | None = None
    pool: bool = False
    cause: str | None = None
    agreed: int | None = None
    max_price: int | None = None

    @property
    def neighbours(self) -> Sequence[str]:
        """List the agents or instances to run on the same host."""
        co_location = self.near
        return (
            [ref for ref in (co_location.with_instance, co_location.with_agent) if ref]
            if co_location is not None
            else []
        )


async def create_instance(call: Call, request: InstanceRequest, key: str | None = None) -> str:
    """Insert an instance; return its id, or the id of the earlier one with the same idempotency key.

    Raises NotFound, Conflict, PaymentRequired, or InvalidRequest that lists all invalid fields.
    """
    # First: a repetition must succeed although limits are reached or the agent was withdrawn meanwhile.
    existing_id = await _find_earlier_request(call, request, key)
    if existing_id is not None:
        return existing_id
    # Before the deployment is locked: a call that creates several instances takes the locks in this order, too.
    await lock_count(call.tx, "instances", request.account)
    agent, deployment = await _require_deployable(call, request.agent)
    manifest = load_manifest(deployment.manifest)
    await _check_instance_counts(call, deployment, request)
    terms = await _resolve_agreed_terms(call, request, agent)
    secrets = open_secrets(call.context, deployment.secrets, f"deployment:{agent.agent_id}")
    _check_config(call, request, manifest, secrets)
    co_location, place, need = await _choose_placement(call, request, manifest)
    row = _build_row(call, _InstancePlan(request, key, deployment, terms, co_location, place, need))
    # Within the same transaction: if a later check refuses the instance, the charge is rolled back with it.
    await _charge_base_price(call, row, terms)
    # No other check may follow the charge: scaling and messages, which name no backup, catch its error and commit.
    await _check_backup_restorable(call, request, agent, place)
    secrets_to_seal = secrets | ({"environment": request.config.environment} if request.config.environment else {})
    row.secrets = seal_secrets(call, secrets_to_seal, f"instance:{row.instance_id}")
    _insert_instance_key(call, request, row, agent)
    call.tx.append(INSTANCES, row)
    await emit_instance_event("agora.instance.requested", call, row)
    call.target = row.instance_id
    return row.instance_id


async def _find_earlier_request(call: Call, request: InstanceRequest, key: str | None) -> str | None:
    if key is None:
        return None
    row = await call.tx.one(statements.select_instance_of_request, created_by=call.caller.subject, request_key=key)
    if row is None:
        return None
    agent = await load_agent(call.tx, request.agent)
    same = (row.agent_id, row.account_id, row.name) == (agent.agent_id, request.account, request.name)
    # Without the environment, which is stored only encrypted.
    if not same or row.config != _pack_config(request):
        raise build_key_reused_error("idempotency key", key, "instance")
    return row.instance_id


async def _require_deployable(call: Call, ref: str) -> tuple[AgentRow, DeploymentRow]:
    agent = await load_visible_agent(call.tx, call.caller, ref)
    row = await call.tx.one(host_queries.lock_deployment, agent_id=agent.agent_id)
    if agent.status in UNUSABLE_STATUSES:
        raise Conflict(f"{agent.agent_name} is {agent.status}: no instance of it can be created.")
    if row is None or row.withdrawn_at is not None:
        raise Conflict(
            f"No instance of {agent.agent_name} can be created: "
            + ("it was withdrawn." if row is not None else "it has no registered deployment."),
            fix="An operator registers its manifest with agora.deployment.register.",
            errors=[field_error("agent_id", "not deployable")],
        )
    return agent, row


async def _check_instance_counts(call: Call, deployment: DeploymentRow, request: InstanceRequest) -> None:
    """Raise Conflict if the agent's ``max_instances`` or the setting ``instances_each`` is reached.

    Both counts are locked, so concurrent requests cannot exceed the limits.
    """
    total = await call.tx.one(statements.count_instances_of_agent, agent_id=deployment.agent_id) or 0
    max_instances = deployment.max_instances
    if max_instances is not None and total >= max_instances:
        raise Conflict(
            f"All {max_instances} instances of this agent are in use.",
            fix="Try again later; its manifest's max_instances says how many there may be.",
        )
    limit = call.context.settings.instances_each
    own_counts = await call.tx.one(statements.count_instances_of_account, account=request.account)
    if own_counts is not None and own_counts.total >= limit:
        raise Conflict(
            f"The account {request.account} has {own_counts.total} instances; at most {limit} are allowed.",
            fix="Terminate some, or let an operator raise the setting instances_each.",
        )


async def find_payment_error(call: Call, account: str, agent_id: str, terms: PriceTerms) -> PaymentRequired | None:
    """Find the error if an account's budget or credit does not cover an instance on these terms; None if it does.

    The remaining amount must cover one second, or the time between two checks if that is shorter: an instance is
    measured when a limit will be used up (``spending_limits``), but not earlier than that.
    """
    check = int(min(1.0, call.context.settings.instance_check) * SECOND)
    ahead = terms.compute_amount(EntryKind.TIME, check)
    why = await Ledger(call).find_block_reason(account, agent_id, terms, ahead=ahead)
    if why is None:
        return None
    until = f"; running costs {format_amount(ahead, terms.currency)} until it is first measured" if ahead else ""
    if why == "budget":
        return BudgetExceeded(
            f"The budget for it is used up, or there is none in {terms.currency}{until}.",
            fix="Raise it with agora.billing.budget.",
        )
    if why == "credit":
        return CreditExhausted(
            f"The credit is used up{until}.", fix="An operator gives credit with agora.billing.credit."
        )
    return None


async def _resolve_agreed_terms(call: Call, request: InstanceRequest, agent: AgentRow) -> PriceTerms:
    """Resolve the price terms of a new instance. Raises Conflict if they exceed ``max_price``, PaymentRequired."""
    ledger, agent_id = Ledger(call), agent.agent_id
    terms = await (
        ledger.read_terms(agent_id)
        if request.agreed is None
        else ledger.read_agreed_or_newer_terms(agent_id, request.agreed)
    )
    check_max_price(agent.agent_name, terms, request.max_price)
    error = await find_payment_error(call, request.account, agent_id, terms)
    if error is not None:
        raise error
    return terms


def check_max_price(agent_name: str, terms: PriceTerms, max_price: int | None) -> None:
    """Check an agent's price against the highest that the caller accepts, in millionths. Raises Conflict."""
    prices = {name: getattr(terms, name) for name in AMOUNT_FIELDS}
    above = {name: amount for name, amount in prices.items() if max_price is not None and amount > max_price}
    if above:
        name, amount = next(iter(above.items()))
        raise Conflict(
            f"The {name} of {agent_name} is {format_amount(amount, terms.currency)} now, more than your max_price.",
            fix="Look at agora.billing.prices, then repeat it with a max_price that you accept, or without one.",
            errors=[field_error("max_price", f"{each} is above it") for each in above],
            price_version=terms.version,
        )


async def _charge_base_price(call: Call, row: InstanceRow, terms: PriceTerms) -> None:
    """Charge the base price; :func:`.transitions.finish_and_refund_instance` reverses it if the instance never ran."""
    account = (row.account_id, row.agent_id, EntryKind.BASE, 1, row.instance_id)
    charge = Charge(build_base_price_key(row.instance_id), *account)
    if terms.base_price:
        await Ledger(call).enforce_limits_and_write_entry(charge, terms, terms.base_price, enforce=True)


def _check_config(call: Call, request: InstanceRequest, manifest: AgentManifest, secrets: dict[str, Any]) -> None:
    """Reject a configuration that an engine would reject, and environment variables that customers may not set."""
    foreign = sorted(set(request.config.environment) - set(manifest.configurable))
    if foreign and not call.caller.may(DEPLOY_SCOPE):
        raise PermissionDenied(
            f"Customers may not set {foreign[0]}: environment variables can decide which code runs.",
            fix=f"These can be set: {', '.join(manifest.configurable) or 'none'}. The agent's manifest lists them in "
            "'configurable'.",
            required=DEPLOY_SCOPE,
        )
    currency = request.config.spend_currency or str(call.context.settings.billing_currency)
    reject_fractional_units(currency, **{"instance_config.spend_limit": request.config.spend_limit})
    spec = _build_probe_spec(request, manifest, secrets)
    errors = runtime.list_spec_errors(spec)
    # Who may deploy could change the manifest's limits anyway; an instance of scaling has no such caller later.
    if request.pool or not call.caller.may(DEPLOY_SCOPE):
        errors += _find_exceeded_limits(spec.limits, manifest)
    if errors:
        pairs = [error.partition(": ") for error in errors]
        raise InvalidRequest(
            f"The instance cannot run with this configuration. {errors[0]}"
            + (f" (and {len(errors) - 1} more)" if errors[1:] else ""),
            errors=[field_error(place, message) for place, _, message in pairs],
        )


def _find_exceeded_limits(requested: runtime.Limits, manifest: AgentManifest) -> list[str]:
    """Find the errors for limits above those of the agent's manifest."""
    allowed_texts = manifest.limits
    max_instances = runtime.Limits.from_texts(
        allowed_texts.memory, allowed_texts.cpu, allowed_texts.pids, allowed_texts.disk
    )
    pairs = [
        (name, getattr(requested, name), getattr(max_instances, name)) for name in ("memory", "cpu", "pids", "disk")
    ]
    return [
        f"instance_config.{name}_limit: the manifest allows at most {getattr(allowed_texts, name)}"
        for name, value, allowed in pairs
        if value is not None and allowed is not None and value > allowed
    ]


def _build_probe_spec(request: InstanceRequest, manifest: AgentManifest, secrets: dict[str, Any]) -> runtime.Spec:
    """Build the spec that an engine would get, for validation only."""
    build, config = manifest.build, request.config
    assert build is not None
    try:
        limits = runtime.Limits.from_texts(config.memory_limit, config.cpu_limit, config.pids_limit, config.disk_limit)
    except ValueError as error:
        raise InvalidRequest(str(error), errors=[field_error("instance_config", str(error))]) from None
    return runtime.Spec(
        instance_id="inst_0",
        generation=1,
        tenant="default",
        build_config=to_build_config(build),
        source=to_program_source(manifest, secrets),
        limits=limits,
        env=config.environment,
    )


async def _choose_placement(
    call: Call, request: InstanceRequest, manifest: AgentManifest
) -> tuple[placement.Neighbour | None, placement.Placement, placement.PlacementRequest]:
    """Choose co-location, host and engine. A preferred co-location is dropped if it is impossible."""
    requirements = placement.add_requested_requirements(manifest.host_requirements, request.requirements)
    refs = [*request.neighbours, *requirements.co_location_with]
    required = requirements.co_location_required or (
        request.near is not None and request.near.required and bool(request.neighbours)
    )
    co_location = await placement.find_neighbour(call, request.account, refs, required=required) if refs else None
    need = placement.PlacementRequest(
        requirements, list_suitable_engines(manifest), request.preferred, portable=manifest.directory is None
    )
    if co_location is not None:
        together = replace(need, host_id=co_location.host_id, engine=co_location.engine)
        try:
            return co_location, await placement.choose_placement(call, together), together
        except (Conflict, InvalidRequest):
            if required:
                raise
            co_location = None
    return co_location, await placement.choose_placement(call, need), need


async def _check_backup_restorable(
    call: Call, request: InstanceRequest, agent: AgentRow, placement_choice: placement.Placement
) -> None:
    if request.restore is None:
        return
    row = await call.tx.one(host_queries.select_backup, backup_id=request.restore)
    if row is None or row.account_id != request.account:
        raise not_found("restore", f"There is no backup {request.restore}.")
    if row.agent_id != agent.agent_id:
        raise InvalidRequest(
            f"The backup is not of {agent.agent_name}.",
            fix="Use a backup of an instance of the same agent.",
            errors=[field_error("restore", "of another agent")],
        )
    if row.host_id != placement_choice.host.host_id:
        raise Conflict(
            f"The backup is on another host than {placement_choice.host.name}.",
            fix="Name that host with preferred_host.",
            errors=[field_error("restore", "on another host")],
        )


def _pack_config(request: InstanceRequest) -> str:
    return encode_json(request.config.model_dump(exclude={"environment"}, exclude_none=True))


@value_class
class _InstancePlan:
    """An accepted request with program, placement and price. key: the caller's idempotency key."""

    request: InstanceRequest
    key: str | None
    deployment: DeploymentRow
    terms: PriceTerms
    near: placement.Neighbour | None
    place: placement.Placement
    need: placement.PlacementRequest


def _build_row(call: Call, plan: _InstancePlan) -> InstanceRow:
    """Build the row of a new instance, without its secrets."""
    request, deployment, co_location = plan.request, plan.deployment, plan.near
    return InstanceRow(
        tenant_id=call.caller.tenant,
        instance_id=new_id("inst"),
        agent_id=deployment.agent_id,
        account_id=request.account,
        created_by=call.caller.subject,
        request_key=plan.key,
        name=request.name,
        pool=int(request.pool),
        desired="running",
        state="requested",
        reason=None,
        blocked=None,
        generation=1,
        host_id=plan.place.host.host_id,
        engine=plan.place.engine,
        handle=None,
        build=None,
        config=_pack_config(request),
        manifest=deployment.manifest,
        revision=deployment.revision,
        secrets=None,
        token_id=new_id("key"),
        restore=request.restore,
        group_name=co_location.group if co_location is not None else None,
        beside=co_location.name if co_location is not None else None,
        reserved_memory=plan.need.memory,
        reserved_cpu=plan.need.cpu,
        reserved_gpus=plan.need.gpus,
        address=None,
        health_url=None,
        remote_id=None,
        cause=request.cause,
        asked=None,
        healthy=0,
        seen_at=None,
        error_count=0,
        last_error=None,
        failing=0,
        failures=0,
        restarts=0,
        cpu_seconds=0.0,
        cpu_percent=0.0,
        memory=0,
        received=None,
        sent=None,
        due_at=call.now,
        created_at=call.now,
        updated_at=call.now,
        starting_at=None,
        started_at=None,
        stopped_at=None,
        price_version=plan.terms.version,
    )


def _insert_instance_key(call: Call, request: InstanceRequest, row: InstanceRow, agent: AgentRow) -> None:
    """Insert the instance's own API key, which acts for the customer with limited scopes.

    The key is derived from its id and the server's secret, so only its digest is stored.
    """
    config = request.config
    currency = config.spend_currency or str(call.context.settings.billing_currency)
    grant_allowance(call, row.token_id, to_micros(config.spend_limit or 0.0), currency)
    token_id, tenant = row.token_id, call.caller.tenant
    account = row.account_id
    key = call.context.signer.derive_key(tenant, token_id, "api_key")
    key_row = TokenRow(
        tenant_id=tenant,
        token_id=token_id,
        kind="api_key",
        label=f"{agent.agent_name} {row.instance_id[-8:]}"[:128],
        account_id=account or NO_ACCOUNT,
        digest=call.context.signer.compute_digest(key),
        scopes=encode_json(INSTANCE_SCOPES),
        service_tier="basic",
        authority=0,
        created_at=call.now,
        # It ends with the instance: finish_and_refund_instance revokes it.
        expires_at=None,
        revoked_at=None,
    )
    call.tx.append(TOKENS, key_row)
