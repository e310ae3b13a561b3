"""Tables of instances and of agents in the marketplace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .billing import format_money
from .output import Column, format_cell
from .tree import format_duration

if TYPE_CHECKING:
    from agora_sdk.contract.instances import Instance, InstanceSummary, MarketplaceAgent, MarketplacePage

    from .output import Output

__all__ = ["format_price", "print_instance", "print_instances", "print_market"]

MEBIBYTE = 1024 * 1024
MIN_WIDE_TERMINAL = 120  #: minimum width in characters of a terminal for an additional id column

_STANDARD_COLUMNS: list[Column] = [
    ("id", attrgetter("instance_id")),
    ("agent", lambda item: f"{item.agent_name} ({item.name})" if item.name else item.agent_name),
    ("status", attrgetter("status")),
]
#: Columns that are omitted if empty for all listed instances.
_OPTIONAL_COLUMNS: list[Column] = [
    ("uptime", lambda item: format_duration(item.resource_usage.uptime) if item.resource_usage.uptime else None),
    ("work", lambda item: item.task_executions or None),
    ("restarts", lambda item: item.restarts or None),
    ("loops", lambda item: True if item.crash_loop else None),
]


def print_instances(out: Output, instances: Sequence[InstanceSummary], *, title: str | None = None) -> None:
    """Print a table of instances, followed by the reasons of their states."""
    columns = [
        *_STANDARD_COLUMNS,
        *(column for column in _OPTIONAL_COLUMNS if any(column[1](item) is not None for item in instances)),
    ]
    for heading, field in (("host", "host"), ("account", "customer_id")):
        if out.console.width >= MIN_WIDE_TERMINAL and len({getattr(item, field) for item in instances}) > 1:
            columns.append((heading, attrgetter(field)))
    out.print_table(instances, columns, title=title)
    for item in instances:
        if item.reason:
            out.print_note(f"{item.instance_id} {item.status}: {item.reason}")


def print_instance(out: Output, instance: Instance) -> None:
    """Print an instance: state, health, resources and bill."""
    out.print_fields(
        _build_state_fields(instance)
        | _build_health_fields(instance)
        | _build_usage_fields(instance)
        | _build_bill_fields(instance)
    )


def _build_state_fields(instance: Instance) -> dict[str, Any]:
    return {
        "instance": instance.instance_id,
        "name": instance.name,
        "agent": f"{instance.agent_name} ({instance.agent_id})",
        "account": instance.customer_id,
        "status": instance.status,
        "reason": instance.reason,
        "next restart": format_cell(instance.retry_at) if instance.retry_at else None,
        "crash loop": "it ends soon after each start" if instance.crash_loop else None,
        "host": ", ".join(part for part in (instance.host, instance.engine, instance.address) if part),
        "beside": instance.co_located_with,
        "limits": ", ".join(_format_limits(instance)),
        "created": instance.created_at,
        "started": instance.started_at,
        "restarts": instance.restarts or None,
        "ended": instance.stopped_at,
    }


def _format_limits(instance: Instance) -> Iterator[str]:
    for name, value in instance.instance_config.items():
        if name.endswith("_limit") and value is not None:
            yield f"{name.removesuffix('_limit')} {value}"


def _build_health_fields(instance: Instance) -> dict[str, Any]:
    health = instance.health_status
    last_seen = f", last seen {format_cell(health.last_heartbeat)}" if health.last_heartbeat else ""
    return {
        "healthy": f"{'yes' if health.healthy else 'no'}{last_seen}" if instance.status == "running" else None,
        "errors": health.error_count or None,
        "last error": health.last_error if health.last_error != instance.reason else None,
    }


def _build_usage_fields(instance: Instance) -> dict[str, Any]:
    use = instance.resource_usage
    share = f", {use.memory_usage:.1f} % of its limit" if use.memory_usage else ""
    network = (use.network_received or 0, use.network_sent or 0)
    return {
        "CPU": f"{use.cpu_usage:.1f} % of a core, {use.cpu_seconds:.1f} s in total" if use.cpu_seconds else None,
        "memory": f"{use.memory_bytes / MEBIBYTE:.0f} MB{share}" if use.memory_bytes else None,
        "network": "{:,} bytes received, {:,} sent".format(*network) if any(network) else None,
        "uptime": format_duration(use.uptime) if use.uptime else None,
        "executions": instance.task_executions or None,
    }


def _build_bill_fields(instance: Instance) -> dict[str, Any]:
    bill = instance.billing_info
    parts = bill.cost_breakdown
    costs = {"base": parts.base_cost, "usage": parts.usage_cost, "executions": parts.task_cost}
    parts_text = ", ".join(f"{name} {format_money(amount)}" for name, amount in costs.items() if amount)
    return {"cost": format_money(bill.total_cost, bill.currency) + (f" ({parts_text})" if parts_text else "")}


# -- marketplace -----------------------------------------------------------------------------------

_MARKET_COLUMNS: list[Column] = [
    ("agent", attrgetter("name")),
    ("price", lambda agent: format_price(agent.marketplace_info.pricing_info)),
    ("available", lambda agent: agent.marketplace_info.availability.available),
    ("instances", lambda agent: _format_instances(agent)),
]
_STATISTICS_COLUMNS: list[Column] = [
    ("success", lambda agent: _format_percent(agent.marketplace_info.performance_metrics.success_rate)),
    ("answers in", lambda agent: _format_seconds(agent.marketplace_info.performance_metrics.average_response_time)),
]


def print_market(out: Output, page: MarketplacePage) -> None:
    """Print a table of agents for customers; narrow terminals show names without ids."""
    columns = [
        *_MARKET_COLUMNS,
        *(column for column in _STATISTICS_COLUMNS if any(column[1](agent) is not None for agent in page.agents)),
    ]
    if out.console.width >= MIN_WIDE_TERMINAL:
        columns.append(("id", attrgetter("id")))
    out.print_result(page, columns)


def _format_instances(agent: MarketplaceAgent) -> str:
    info = agent.marketplace_info
    limit_note = f" of {info.availability.max_instances}" if info.availability.max_instances is not None else ""
    yours = f", {info.customer_instances} yours" if info.customer_instances else ""
    return f"{info.total_instances}{limit_note}{yours}"


def _format_percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def _format_seconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds * 1000:,.1f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def format_price(info: Any) -> str:
    """Format a price for a column."""
    if info.type == "token_based":
        return (
            f"{format_money(info.input_price)} in, {format_money(info.output_price)} out {info.currency}/million tokens"
        )
    unit = {"per_request": "request", "per_minute": "min", "per_hour": "h"}.get(info.type)
    unit = unit or ("min" if info.usage_unit == "minute" else "h")
    parts = (("start", info.base_price), (unit, info.price), ("request", info.task_price))
    parts_text = " + ".join(f"{format_money(amount)}/{of}" for of, amount in parts if amount)
    return f"{parts_text} {info.currency}" if parts_text else "free"
