"""Views of instances: the contract's response objects, built from rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from agora.clock import SECOND, to_datetime
from agora.core.call import Call, decode_json, encode_json
from agora.core.record_models import build_from_record
from agora.domains.billing.ledger import Ledger
from agora.domains.billing.ports import ProjectedCost
from agora.domains.billing.terms import build_pricing_fields
from agora.domains.billing.views import Scope, build_bill, read_agent_names
from agora.runtimes.restarts import RestartPolicy
from agora.runtimes.spec import parse_memory_bytes
from agora.store.port import Reader
from agora_sdk.contract import instances as contract
from agora_sdk.contract.billing import PricingInfo
from agora_sdk.contract.instances import InstanceStatus

from . import host_queries
from . import queries as statements
from .limit_warnings import find_limit_warnings
from .records import InstanceBackupRow, InstanceCounter, InstanceExecutionRow, InstanceRow
from .running_time import estimate_unmetered_time_by_instance

__all__ = [
    "build_backup",
    "build_change",
    "build_detail",
    "build_execution",
    "build_summaries",
    "build_termination",
]

E = TypeVar("E", bound=contract.Execution)

HIDDEN_FIELDS = frozenset({"environment"})


def _to_datetime_or_none(value: int | None) -> Any:
    return None if value is None else to_datetime(value)


async def build_summaries(call: Call, rows: Sequence[InstanceRow]) -> list[contract.InstanceSummary]:
    """Build instance summaries for a list."""
    more = await estimate_unmetered_time_by_instance(call, [row.instance_id for row in rows])
    return [contract.InstanceSummary(**fields) for fields in await _build_summary_fields(call.tx, rows, more)]


async def build_detail(call: Call, row: InstanceRow) -> contract.Instance:
    """Build an instance with its bill."""
    return contract.Instance(**await _build_instance_fields(call, row))


async def build_change(call: Call, row: InstanceRow, message: str) -> contract.InstanceChange:
    """Build an instance after a change."""
    return contract.InstanceChange(**await _build_instance_fields(call, row), message=message)


async def build_termination(call: Call, row: InstanceRow, message: str) -> contract.Termination:
    """Build the response to a termination, with the bill."""
    return contract.Termination(**await _build_instance_fields(call, row), message=message)


async def _build_instance_fields(call: Call, row: InstanceRow) -> dict[str, Any]:
    more = await estimate_unmetered_time_by_instance(call, [row.instance_id])
    (fields,) = await _build_summary_fields(call.tx, [row], more)
    config = decode_json(row.config)
    config_fields = {name: value for name, value in config.items() if name not in HIDDEN_FIELDS and value is not None}
    return fields | {
        "instance_config": config_fields,
        "address": row.address,
        "health_url": row.health_url,
        "co_located_with": row.beside,
        "warnings": find_limit_warnings(row, await call.tx.one(host_queries.select_host, ref=row.host_id)),
        "revision": row.revision,
        "price_version": row.price_version,
        "pricing_info": PricingInfo(
            **build_pricing_fields(await Ledger(call).read_agreed_or_newer_terms(row.agent_id, row.price_version))
        ),
        "billing_info": await build_bill(call, Scope(instance=row.instance_id)),
    }


async def _build_summary_fields(
    tx: Reader, rows: Sequence[InstanceRow], more: Mapping[str, ProjectedCost]
) -> list[dict[str, Any]]:
    ids = [row.instance_id for row in rows]
    if not ids:
        return []
    agents = sorted({row.agent_id for row in rows})
    names = await read_agent_names(tx, agents)
    hosts = await _list_host_names(tx, {row.host_id for row in rows})
    uptimes = {row.instance_id: row.measured for row in await tx.all(statements.sum_uptimes, ids=encode_json(ids))}
    for instance_id, passing in more.items():
        uptimes[instance_id] = uptimes.get(instance_id, 0) + passing.quantity
    counted = await tx.all(host_queries.select_instance_counters, agents=encode_json(agents), ids=encode_json(ids))
    counters = {row.instance_id: row for row in counted}
    return [
        _build_fields(row, names, hosts, uptimes.get(row.instance_id, 0), counters.get(row.instance_id)) for row in rows
    ]


async def _list_host_names(tx: Reader, ids: Iterable[str]) -> dict[str, str]:
    names = {}
    for host_id in ids:
        row = await tx.one(host_queries.select_host, ref=host_id)
        names[host_id] = row.name if row is not None else host_id
    return names


def _build_fields(
    row: InstanceRow, names: Mapping[str, str], hosts: Mapping[str, str], uptime: int, counter: InstanceCounter | None
) -> dict[str, Any]:
    state, execution_count = row.state, (counter.completed + counter.failed) if counter is not None else 0
    failed = state == InstanceStatus.FAILED
    return {
        "instance_id": row.instance_id,
        "agent_id": row.agent_id,
        "agent_name": names.get(row.agent_id, row.agent_id),
        "customer_id": row.account_id,
        "name": row.name,
        "status": InstanceStatus(state),
        "desired_status": row.desired,
        "reason": row.reason,
        "host": hosts[row.host_id],
        "engine": row.engine,
        "generation": row.generation,
        "restarts": row.restarts,
        "crash_loop": RestartPolicy().is_crash_loop(row.failures) and row.stopped_at is None,
        "retry_at": _to_datetime_or_none(row.due_at) if failed and row.desired != "stopped" else None,
        "task_executions": execution_count,
        "created_at": to_datetime(row.created_at),
        "started_at": _to_datetime_or_none(row.started_at),
        "stopped_at": _to_datetime_or_none(row.stopped_at),
        "health_status": contract.HealthStatus(
            healthy=bool(row.healthy) and state == InstanceStatus.RUNNING,
            last_heartbeat=_to_datetime_or_none(max(row.seen_at or 0, row.started_at or 0) or None),
            error_count=row.error_count,
            last_error=row.last_error,
        ),
        "resource_usage": _build_usage(row, uptime, execution_count),
    }


def _build_usage(row: InstanceRow, uptime: int, execution_count: int) -> contract.ResourceUsage:
    limit = decode_json(row.config).get("memory_limit") or decode_json(row.manifest).get("limits", {}).get("memory")
    share = 100 * row.memory / parse_memory_bytes(limit) if limit else 0.0
    return contract.ResourceUsage(
        cpu_usage=round(row.cpu_percent, 2),
        cpu_seconds=round(row.cpu_seconds, 3),
        memory_usage=round(share, 2),
        memory_bytes=row.memory,
        network_received=row.received,
        network_sent=row.sent,
        task_count=execution_count,
        uptime=uptime / SECOND,
    )


def build_execution(model: type[E], row: InstanceExecutionRow, **details: Any) -> E:
    """Build an execution."""
    seconds = None if row.duration is None else row.duration / SECOND
    return build_from_record(model, row, execution_time=seconds, **details)


def build_backup(row: InstanceBackupRow) -> contract.Backup:
    return build_from_record(contract.Backup, row)
