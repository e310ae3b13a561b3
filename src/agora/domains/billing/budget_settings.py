"""Setting and listing budgets, and the permissions for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from agora.clock import to_datetime
from agora.core import pagination as paging
from agora.core.call import Call
from agora.domains.agents.records import AgentRow
from agora.domains.identity.authority import check_and_record_administration
from agora.store.port import Reader
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import queries as statements
from .accounts import can_see_all_accounts, get_paying_account_of_caller, require_pricing_right
from .budget_enforcement import SOFT_LIMIT_PERCENT, BudgetStatus, SpendingLimits, read_budget_status
from .money import convert_to_month_number, format_month, from_micros
from .records import BudgetRow
from .signals import BUDGET_SET

__all__ = ["BudgetLimits", "BudgetScope", "list_budgets", "set_or_remove_budget"]

_CURSOR_FIELDS = ("account_after", "agent_after", "currency_after", "model_after", "project_after")
MAX_BUDGETS = 200  #: budgets of one account, or of one agent by itself


@value_class
class BudgetLimits:
    """Limits in millionths."""

    soft: int | None
    hard: int | None
    prepaid: bool

    @property
    def warning_threshold(self) -> int | None:
        """Threshold of the warning in millionths; 80 % of the hard limit if no soft limit is set."""
        if self.soft is None and self.hard is not None:
            return self.hard * SOFT_LIMIT_PERCENT // 100
        return self.soft


@value_class
class BudgetScope:
    """Scope of a budget. account: None for the caller's, or with an agent for all accounts. model, project: '' for
    all."""

    account: str | None
    agent: AgentRow | None
    model: str = ""
    project: str = ""


async def set_or_remove_budget(call: Call, scope: BudgetScope, currency: str, limits: BudgetLimits) -> contract.Budget:
    """Set or remove a budget, and emit warnings if it is already reached. Raises InvalidRequest, PermissionDenied."""
    _check_budget_limits(limits, scope)
    account, agent = _resolve_budget_account(call, scope.account, scope.agent), scope.agent
    budget_key = {"account": account, "agent": "" if agent is None else agent.agent_id, "currency": currency}
    budget_key |= {"model": scope.model, "project": scope.project}
    call.target = account or budget_key["agent"]
    await _require_budget_right(call, budget_key)
    operator = call.caller.may("admin")
    # Only then: an account changes its own limits, which no authority has to protect from it.
    if operator:
        await check_and_record_administration(call, _build_administration_target(budget_key))
    values = {
        "soft_limit": limits.warning_threshold,
        "hard_limit": limits.hard,
        "prepaid": int(limits.prepaid),
        "set_by": "operator" if operator else "account",
        "now": call.now,
    }
    await call.tx.execute(statements.upsert_budget, **budget_key, **values, actor=call.caller.subject)
    row = await call.tx.one(statements.lock_budget, **budget_key)
    assert row is not None
    # Published before a budget without limits is removed: its handlers need the row.
    await call.publish(BUDGET_SET, row)
    if limits.warning_threshold is None and not limits.prepaid:
        await call.tx.execute(statements.delete_budget, **budget_key)
        return await _build_budget(call.tx, row, call.now)
    # At once, and not with the next charge: a limit may be set below what is spent already.
    await _emit_budget_warnings(call, row)
    row = await call.tx.one(statements.lock_budget, **budget_key)
    assert row is not None
    return await _build_budget(call.tx, row, call.now)


def _build_administration_target(budget_key: Mapping[str, str]) -> str:
    target = f"budget:{budget_key['account']}:{budget_key['agent']}:{budget_key['currency']}"
    return (
        f"{target}:{budget_key['model']}:{budget_key['project']}"
        if budget_key["model"] or budget_key["project"]
        else target
    )


def _resolve_budget_account(call: Call, account: str | None, agent: AgentRow | None) -> str:
    """Resolve the account of a budget; '' for an agent's own budget. Raises PermissionDenied for others' budgets."""
    caller = call.caller
    if account is None and agent is not None:
        require_pricing_right(caller, agent)
        return ""
    own_account = get_paying_account_of_caller(caller)
    if account not in (None, own_account) and not caller.may("admin"):
        raise PermissionDenied(
            f"You spend as {own_account}; the budget of {account} can only be set by that account.",
            fix="Leave account out for your own.",
        )
    return account or own_account


def _check_budget_limits(limits: BudgetLimits, scope: BudgetScope) -> None:
    if limits.soft is not None and limits.hard is not None and limits.soft > limits.hard:
        raise InvalidRequest(
            "The soft limit is above the hard one.",
            fix="The warning comes first: lower soft_limit.",
            errors=[field_error("soft_limit", "above hard_limit")],
        )
    if limits.prepaid and (scope.agent is not None or scope.model or scope.project):
        raise InvalidRequest(
            "Credit belongs to an account and applies to all agents, models and projects.",
            fix="Leave agent_id, model and project out with prepaid.",
            errors=[field_error("prepaid", "not for a part of an account")],
        )


async def _require_budget_right(call: Call, budget_key: Mapping[str, str]) -> None:
    row = await call.tx.one(statements.lock_budget, **budget_key)
    if row is not None and row.set_by == "operator" and not call.caller.may("admin"):
        raise PermissionDenied("An operator has set this budget.", fix="Ask an operator to change it.")
    # A changed budget keeps its currency, so only a new one can evade a limit.
    if row is None and not call.caller.may("admin"):
        await _reject_currency_evasion(call, budget_key)
    if row is None:
        counts = await call.tx.one(statements.count_budgets, account=budget_key["account"], agent=budget_key["agent"])
        if counts is not None and counts >= MAX_BUDGETS:
            raise InvalidRequest(
                f"There are {MAX_BUDGETS} budgets already.",
                fix="Lift some that are not needed: set them without limits.",
                errors=[field_error("account", "too many budgets")],
            )


async def _reject_currency_evasion(call: Call, budget_key: Mapping[str, str]) -> None:
    """Check that an account with an operator's limit does not add a currency to evade it. Raises PermissionDenied."""
    account, agent = budget_key["account"], budget_key["agent"]
    if agent or not account or budget_key["model"] or budget_key["project"]:
        return
    for row in await call.tx.all(statements.select_budgets_in_scope, account=account, agent="", model="", project=""):
        if row.account_id == account and row.set_by == "operator":
            raise PermissionDenied(
                f"An operator limits {account} in {row.currency}; a budget in another currency is an operator's too.",
                fix=f"Ask an operator for a budget in {budget_key['currency']}.",
            )


async def _emit_budget_warnings(call: Call, row: BudgetRow) -> None:
    limits = SpendingLimits(call, row.account_id, row.agent_id, row.currency, model=row.model, project=row.project)
    await limits.emit_threshold_events_once(
        row, await read_budget_status(call.tx, row, convert_to_month_number(call.now))
    )


async def _build_budget(tx: Reader, row: BudgetRow, now: int) -> contract.Budget:
    status = await read_budget_status(tx, row, convert_to_month_number(now))
    return contract.Budget(
        account_id=row.account_id or None,
        agent_id=row.agent_id or None,
        model=row.model or None,
        project=row.project or None,
        currency=row.currency,
        soft_limit=None if row.soft_limit is None else from_micros(row.soft_limit),
        hard_limit=None if row.hard_limit is None else from_micros(row.hard_limit),
        prepaid=bool(row.prepaid),
        spent=from_micros(status.spent),
        reserved=from_micros(status.reserved),
        period=format_month(status.period),
        state=_choose_budget_state(row, status),
        set_by=row.set_by,
        updated_at=to_datetime(row.updated_at),
    )


def _choose_budget_state(row: BudgetRow, status: BudgetStatus) -> Literal["ok", "warned", "exhausted"]:
    hard, soft, available = row.hard_limit, row.soft_limit, status.available_credit
    if (hard is not None and status.committed >= hard) or (available is not None and available <= 0):
        return "exhausted"
    # Refused charges do not count as spent: a limit may be exhausted for a charge that did not fit.
    if row.exhausted >= status.period:
        return "exhausted"
    return "warned" if soft is not None and status.committed >= soft else "ok"


async def list_budgets(call: Call, account: str | None, limit: int, cursor: str | None) -> contract.BudgetPage:
    """List a page of the budgets visible to the caller."""
    after = paging.decode_cursor(cursor, str, str, str, str, str) if cursor else [""] * 5
    everyone = can_see_all_accounts(call.caller)
    visible_account = get_paying_account_of_caller(call.caller) if account is None or everyone else account
    parameters: dict[str, Any] = {
        "account": account or visible_account,
        "viewer": call.caller.subject,
        "everyone": int(everyone and account is None),
        "limit": limit + 1,
    }
    if not everyone and account not in (None, get_paying_account_of_caller(call.caller)):
        rows: Sequence[BudgetRow] = ()
    else:
        places = dict(zip(_CURSOR_FIELDS, after, strict=True))
        rows = await call.tx.all(statements.list_budgets, **parameters, **places)
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    page = [await _build_budget(call.tx, row, call.now) for row in rows]
    position = ("account_id", "agent_id", "currency", "model", "project")
    return contract.BudgetPage(budgets=page, **paging.build_uncounted_page_fields(rows, *position, more=more))
