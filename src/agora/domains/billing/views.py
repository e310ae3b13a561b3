"""Views of usage and cost: sums of the ledger and accrued running time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from agora.clock import to_datetime
from agora.core.call import Call, encode_json
from agora.core.record_models import build_from_record
from agora.store.port import Query, Reader
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.contract.billing import EntryKind
from agora_sdk.errors import InvalidRequest, field_error

from . import view_queries as statements
from .accrual import estimate_running_costs
from .money import FIRST_DAY, LAST_DAY, convert_date_to_day_number, convert_to_day_number, from_micros
from .records import Cost, LedgerEntry
from .terms import UNITS

__all__ = [
    "Scope",
    "Tally",
    "build_bill",
    "build_entries",
    "build_entry",
    "build_model_charge_key",
    "build_task_charge_key",
    "choose_currency",
    "convert_day_range",
    "list_costs_in_other_currencies",
    "list_days_before",
    "load_current_tallies",
    "merge_agent_tallies",
    "parse_task_charge_key",
    "rank_agents_by_cost",
    "read_agent_names",
]

TASK_KEY, MODEL_KEY = "task:", "model:"
BASE_KINDS = (EntryKind.BASE,)
USAGE_KINDS = (EntryKind.TIME, EntryKind.INPUT_TOKENS, EntryKind.OUTPUT_TOKENS, EntryKind.MODEL)
TASK_KINDS = (EntryKind.REQUEST, EntryKind.TASK)
REDUCTION_KINDS = (EntryKind.DISCOUNT, EntryKind.FREE_QUOTA)


@value_class
class Scope:
    """Scope of a view; empty for everything. since, until: days, YYYYMMDD."""

    account: str = ""
    agent: str = ""
    instance: str = ""
    since: int = FIRST_DAY
    until: int = LAST_DAY


@dataclass
class Tally:
    """Quantities and amounts by kind of entry, in one currency."""

    quantity: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    amount: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    accrued: int = 0
    accrued_time: int = 0

    def add_usage(self, kind: str, quantity: int, amount: int) -> None:
        self.quantity[kind] += quantity
        self.amount[kind] += amount

    def merge_tally(self, other: Tally) -> None:
        for kind, quantity in other.quantity.items():
            self.add_usage(kind, quantity, other.amount[kind])
        self.accrued += other.accrued
        self.accrued_time += other.accrued_time

    def add_accrued_time(self, quantity: int, amount: int) -> None:
        """Add unmetered running time."""
        self.add_usage(EntryKind.TIME, quantity, amount)
        self.accrued += amount
        self.accrued_time += quantity

    def select_kinds(self, kinds: Iterable[str]) -> int:
        return sum(self.amount.get(kind, 0) for kind in kinds)

    @property
    def total_cost(self) -> int:
        """Total cost, without credit and payments."""
        return self.select_kinds((*BASE_KINDS, *USAGE_KINDS, *TASK_KINDS, *REDUCTION_KINDS))

    def to_fields(self, currency: str) -> dict[str, Any]:
        """Build the fields of the contract's :class:`BillingInfo`."""
        return {
            "total_cost": from_micros(self.total_cost),
            "currency": currency,
            "usage_time": from_micros(self.quantity.get(EntryKind.TIME, 0)),
            "task_executions": sum(self.quantity.get(kind, 0) for kind in TASK_KINDS),
            "cost_breakdown": contract.CostBreakdown(
                base_cost=from_micros(self.select_kinds(BASE_KINDS)),
                usage_cost=from_micros(self.select_kinds(USAGE_KINDS)),
                task_cost=from_micros(self.select_kinds(TASK_KINDS)),
                reductions=from_micros(self.select_kinds(REDUCTION_KINDS)),
            ),
            "input_tokens": self.quantity.get(EntryKind.INPUT_TOKENS, 0),
            "output_tokens": self.quantity.get(EntryKind.OUTPUT_TOKENS, 0),
            "accrued_cost": from_micros(self.accrued),
        }


async def load_current_tallies(call: Call, scope: Scope) -> dict[str, dict[str, Tally]]:
    """Load all usage in scope by currency and agent, including accrued and unmetered running time.

    All amounts owed are read here. Unmetered time is included only if the scope includes today.
    """
    sums = await load_tallies(call.tx, scope)
    # Unmetered time is of now: a report about past days must not change while instances run.
    if scope.since <= convert_to_day_number(call.now) <= scope.until:
        for each in await estimate_running_costs(call, scope.account or None, scope.instance):
            if scope.agent in ("", each.agent_id):
                agents = sums.setdefault(each.currency, {})
                agents.setdefault(each.agent_id, Tally()).add_accrued_time(each.quantity, each.amount)
    return sums


async def load_tallies(tx: Reader, scope: Scope) -> dict[str, dict[str, Tally]]:
    """Load all measured usage in scope by currency and agent, including accrued time."""
    sums: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for row in await tx.all(_choose_query(scope), **_build_query_parameters(_choose_query(scope), scope)):
        sums[row.currency][row.agent_id].add_usage(row.kind, row.quantity, row.amount)
    for run in await tx.all(
        statements.sum_accrued_costs, **_build_query_parameters(statements.sum_accrued_costs, scope)
    ):
        tally = sums[run.currency][run.agent_id]
        tally.add_accrued_time(run.quantity, run.amount)
    return {currency: dict(agents) for currency, agents in sums.items()}


def _choose_query(scope: Scope) -> Query[Cost]:
    if scope.instance:
        return statements.sum_costs_of_instance
    return statements.sum_costs_of_account if scope.account else statements.sum_costs


def _build_query_parameters(query: Query[Any], scope: Scope) -> dict[str, Any]:
    values = {name: getattr(scope, name) for name in ("account", "agent", "instance", "since", "until")}
    return {name: value for name, value in values.items() if name in query.parameter_names}


def merge_agent_tallies(tallies: Mapping[str, Mapping[str, Tally]]) -> dict[str, Tally]:
    """Merge the tallies of all agents by currency."""
    together: dict[str, Tally] = {}
    for currency, agents in tallies.items():
        whole = together[currency] = Tally()
        for tally in agents.values():
            whole.merge_tally(tally)
    return together


def choose_currency(tallies: Iterable[str], requested: str | None, default: str) -> str:
    """Choose the main currency: the requested one, else the default if it is used, else the first."""
    there = sorted(tallies)
    return requested or (default if default in there or not there else there[0])


async def build_bill(call: Call, scope: Scope) -> contract.Bill:
    """Build the bill of an instance."""
    together = merge_agent_tallies(await load_current_tallies(call, scope))
    main_currency = choose_currency(together, None, str(call.context.settings.billing_currency))
    return contract.Bill(
        **together.get(main_currency, Tally()).to_fields(main_currency),
        other_currencies=list_costs_in_other_currencies(together, main_currency),
    )


def list_costs_in_other_currencies(together: Mapping[str, Tally], main_currency: str) -> list[contract.BillingInfo]:
    """List the costs in all currencies except one."""
    return [
        contract.BillingInfo(**tally.to_fields(currency))
        for currency, tally in sorted(together.items())
        if currency != main_currency
    ]


async def read_agent_names(tx: Reader, agents: Iterable[str]) -> dict[str, str]:
    """Read agent names by id, including deregistered agents."""
    ids = sorted(set(agents) - {""})
    if not ids:
        return {}
    return {row.agent_id: row.agent_name for row in await tx.all(statements.select_agent_names, ids=encode_json(ids))}


def rank_agents_by_cost(
    agents: Mapping[str, Tally], names: Mapping[str, str], currency: str, limit: int
) -> list[contract.AgentCost]:
    """List the most expensive agents."""
    used = [(agent, tally) for agent, tally in agents.items() if agent]
    dearest = sorted(used, key=lambda item: (-item[1].total_cost, item[0]))[:limit]
    return [
        contract.AgentCost(agent_id=agent, agent_name=names.get(agent, agent), **tally.to_fields(currency))
        for agent, tally in dearest
    ]


def convert_day_range(since: date | None, until: date | None) -> tuple[int, int]:
    """Convert a date range to day numbers. Raises InvalidRequest if it is reversed."""
    if since is not None and until is not None and since > until:
        raise InvalidRequest("since is after until.", fix="Swap them.", errors=[field_error("since", "after until")])
    return (
        FIRST_DAY if since is None else convert_date_to_day_number(since),
        LAST_DAY if until is None else convert_date_to_day_number(until),
    )


def list_days_before(now: int, count: int) -> list[date]:
    """List a number of days up to today."""
    today = to_datetime(now).date()
    return [today - timedelta(days=count - 1 - number) for number in range(count)]


def build_task_charge_key(task_id: str) -> str:
    """Build the ledger key of a task's charge."""
    return f"{TASK_KEY}{task_id}"


def parse_task_charge_key(key: str) -> str | None:
    """Parse the task id from the ledger key of a charge or reduction."""
    prefix = next((each for each in (TASK_KEY, MODEL_KEY) if key.startswith(each)), None)
    return None if prefix is None else key.removeprefix(prefix).partition(":")[0] or None


def build_model_charge_key(task_id: str, call_id: str) -> str:
    """Build the ledger key of a model call. task_id: '' for none."""
    return f"{MODEL_KEY}{task_id}:{call_id}"


def build_entry(row: LedgerEntry, reversed_tasks: Mapping[str, str] = {}) -> contract.Entry:
    """Build the result of a ledger entry. reversed_tasks: task ids by the ids of their charges."""
    kind = EntryKind(row.kind)
    unit, size = UNITS[kind]
    return build_from_record(
        contract.Entry,
        row,
        agent_id=row.agent_id or None,
        instance_id=row.instance_id or None,
        task_id=parse_task_charge_key(row.key) or reversed_tasks.get(row.reverses or ""),
        kind=kind,
        quantity=row.quantity / size,
        unit=unit,
        price_version=row.price_version or None,
        amount=from_micros(row.amount),
        amount_micros=row.amount,
    )


def build_entries(rows: Sequence[LedgerEntry], reversed_tasks: Mapping[str, str] = {}) -> list[contract.Entry]:
    return [build_entry(row, reversed_tasks) for row in rows]
