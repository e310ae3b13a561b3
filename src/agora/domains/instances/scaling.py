"""Scaling: keep the number of an account's instances of an agent within bounds, by its concurrent executions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agora.clock import to_datetime
from agora.core.call import Call, decode_json, encode_json
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import load_agent, load_visible_agent
from agora.domains.billing.ledger import Ledger
from agora.value_classes import value_class
from agora_sdk.contract.instances import InstanceConfig, Scaling
from agora_sdk.errors import AgoraError, InvalidRequest, NotFound, field_error

from . import host_queries
from . import queries as statements
from .creation import InstanceRequest, check_max_price, create_instance
from .desired_state import set_desired_state
from .notifications import emit_instance_event
from .records import InstanceRow, InstanceScalingRow

__all__ = ["ScalingOrder", "adjust_instance_count", "describe_scaling", "set_scaling"]

SCALE_DOWN_DELAY = 60_000_000  #: time of lower load before instances are ended, in microseconds
RETRY_DELAY = 30_000_000  #: delay before a failed creation is retried, in microseconds
NEWEST_SAMPLE_WEIGHT = 0.25  #: weight of the newest sample in the moving average
MAX_ADJUSTMENT = 10  #: most instances created or ended in one adjustment


@value_class(kw_only=True)
class ScalingOrder:
    """Bounds for the number of an account's instances of an agent.

    agent: id or name. target: executions per instance. max_price: highest price the caller accepts, in millionths.
    """

    agent: str
    account: str
    least: int
    most: int
    target: float
    config: InstanceConfig | None = None
    max_price: int | None = None


async def set_scaling(call: Call, order: ScalingOrder) -> Scaling:
    """Set the bounds and create missing instances, now and later at the current price version.

    Raises InvalidRequest, NotFound, Conflict.
    """
    min_instances, max_instances, account, config = order.least, order.most, order.account, order.config
    if max_instances < min_instances:
        raise InvalidRequest(
            "max_instances is below min_instances.",
            fix="Raise it, or leave it out.",
            errors=[field_error("max_instances", "below min_instances")],
        )
    agent = await (
        # Scaling to none must stay possible after the agent was hidden from the caller.
        load_visible_agent(call.tx, call.caller, order.agent) if max_instances else load_agent(call.tx, order.agent)
    )
    agent_id = call.target = agent.agent_id
    if config is not None and config.environment:
        raise InvalidRequest(
            "Instances created by scaling cannot have environment variables of their own.",
            errors=[field_error("instance_config.environment", "not here")],
        )
    terms = await Ledger(call).read_terms(agent_id)
    if max_instances:
        await _check_deployable(call, agent)
        check_max_price(agent.agent_name, terms, order.max_price)
    key = {"agent_id": agent_id, "account": account}
    await call.tx.execute(
        host_queries.upsert_scaling,
        **key,
        least=min_instances,
        most=max_instances,
        target=order.target,
        config=encode_json((config or InstanceConfig()).model_dump(exclude_none=True)),
        actor=call.caller.subject,
        now=call.now,
        price_version=terms.version,
    )
    await adjust_instance_count(call, agent_id, account, measure=False)
    call.emit(
        "agora.instance.scaled",
        key | {"min_instances": min_instances, "max_instances": max_instances},
        subject=agent_id,
        audience=(call.caller.subject,),
    )
    return await describe_scaling(call, agent, account)


async def _check_deployable(call: Call, agent: AgentRow) -> None:
    row = await call.tx.one(host_queries.select_deployment, agent_id=agent.agent_id)
    if row is None or row.withdrawn_at is not None:
        raise NotFound(
            f"No instance of {agent.agent_name} can be created.",
            fix="An operator registers its manifest with agora.deployment.register.",
            errors=[field_error("agent_id", "not deployable")],
        )


async def describe_scaling(call: Call, agent: AgentRow, account: str) -> Scaling:
    """Describe the scaling of an account's instances of an agent."""
    row = await call.tx.one(host_queries.select_scaling, agent_id=agent.agent_id, account=account)
    living = await call.tx.all(statements.select_recent_instances, agent_id=agent.agent_id, account=account)
    instances = [each for each in living if each.desired != "stopped"]
    return Scaling(
        agent_id=agent.agent_id,
        agent_name=agent.agent_name,
        customer_id=account,
        min_instances=row.least if row is not None else 0,
        max_instances=row.most if row is not None else len(instances),
        target_concurrency=row.target if row is not None else 1.0,
        desired_instances=row.desired if row is not None else len(instances),
        running_instances=sum(each.state == "running" for each in instances),
        concurrency=round(row.busy, 3) if row is not None else 0.0,
        problem=row.problem if row is not None else None,
        instances=[each.instance_id for each in instances],
        updated_at=to_datetime(row.updated_at if row is not None else call.now),
    )


async def adjust_instance_count(call: Call, agent_id: str, account: str, *, measure: bool = True) -> None:
    """Create or end instances according to the load. Runs on any server; the row is locked.

    measure: whether to sample the load for the moving average.
    """
    # Locked: two servers that adjust at the same time would both create the missing instances.
    row = await call.tx.one(host_queries.lock_scaling, agent_id=agent_id, account=account)
    if row is None:
        return
    living = await call.tx.all(statements.select_recent_instances, agent_id=agent_id, account=account)
    instances = [each for each in living if each.desired != "stopped"]
    busy = await _update_average_load(call, row) if measure else row.busy
    # Rounded first: the error of a float must not cost an instance.
    target_count = max(row.least, min(row.most, math.ceil(round(busy / row.target, 6))))
    changes: dict[str, Any] = {"desired": target_count, "busy": busy, "calm_since": None}
    changes |= {"retry_at": row.retry_at, "problem": row.problem}
    if target_count > len(instances):
        changes |= await _try_create_instances(call, row, target_count - len(instances))
    elif target_count < len(instances):
        since = row.calm_since or call.now
        # A lowered maximum does not wait until the load is low.
        forced = len(instances) > row.most
        changes |= {"calm_since": since, "retry_at": None, "problem": None}
        if forced or call.now - since >= SCALE_DOWN_DELAY:
            await _end_surplus_instances(call, instances, len(instances) - target_count, every=not row.most)
            changes["calm_since"] = None
            instances = [] if not row.most else instances
        else:
            changes["desired"] = len(instances)
    else:
        changes |= {"retry_at": None, "problem": None}
    if not row.most and not instances:
        await call.tx.execute(host_queries.delete_scaling, agent_id=agent_id, account=account)
        return
    if any(getattr(row, name) != value for name, value in changes.items()):
        await call.tx.execute(host_queries.update_scaling_state, agent_id=agent_id, account=account, **changes)


async def _update_average_load(call: Call, row: InstanceScalingRow) -> float:
    """Update the average of concurrent executions: it rises immediately and falls as an exponential moving average."""
    executions = await call.tx.one(
        host_queries.count_busy_executions, agent_id=row.agent_id, account=row.account_id, now=call.now
    )
    now = float(executions or 0)
    mean: float = now if now > row.busy else row.busy + NEWEST_SAMPLE_WEIGHT * (now - row.busy)
    # A moving average never reaches zero by itself.
    return mean if mean > 0.01 else 0.0


async def _try_create_instances(call: Call, row: InstanceScalingRow, number: int) -> dict[str, Any]:
    """Create at most ``MAX_ADJUSTMENT`` instances, none before ``retry_at``. Returns the changed columns of the row: after an
    AgoraError, the problem and when to retry."""
    if row.retry_at is not None and row.retry_at > call.now:
        return {}
    config = InstanceConfig.model_validate(decode_json(row.config))
    # At the price that was accepted when scaling was set: nobody is asked for each instance.
    request = InstanceRequest(row.agent_id, row.account_id, config, pool=True, agreed=row.price_version)
    for _ in range(min(number, MAX_ADJUSTMENT)):
        try:
            await create_instance(call, request)
        # A problem of one row (budget, no host) is shown in the row; it must not stop the others.
        except AgoraError as error:
            return {"retry_at": call.now + RETRY_DELAY, "problem": error.detail[:500]}
    return {"retry_at": None, "problem": None}


async def _end_surplus_instances(call: Call, instances: Sequence[InstanceRow], number: int, *, every: bool) -> None:
    """End instances created by scaling: those not running first, then the newest. every: all, whoever created them.

    They all end at the same time, so that scaling is finished and instances created later are not affected.
    """
    affected_instances = [each for each in instances if every or each.pool]
    affected_instances.sort(key=lambda each: (each.state == "running", [-ord(letter) for letter in each.instance_id]))
    for each in affected_instances if every else affected_instances[: min(number, MAX_ADJUSTMENT)]:
        await set_desired_state(call, each, "stopped", "stopping", "It is not needed any more.")
        await emit_instance_event("agora.instance.stopping", call, each, status="stopping", desired_status="stopped")
