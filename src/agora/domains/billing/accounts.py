"""Accounts: payers, earners, and visibility."""

from __future__ import annotations

from difflib import get_close_matches

from agora.core.call import Caller
from agora.core.errors import not_found
from agora.domains.agents import queries as agents
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import looks_like_key
from agora.store.port import Reader
from agora_sdk.errors import PermissionDenied

from . import queries as statements

__all__ = [
    "NO_ACCOUNT",
    "can_see_all_accounts",
    "can_set_price",
    "get_paying_account_of_caller",
    "list_account_members",
    "read_account_of_subject",
    "require_account",
    "require_pricing_right",
    "resolve_account_to_charge",
    "resolve_paying_account",
    "resolve_visible_account",
]

NO_ACCOUNT = "default"  #: the account of credentials without an account
# They share one account on purpose: none of them identifies a person or a program that could be billed.
SYSTEM_SUBJECTS = frozenset({"operator", "system", "anonymous"})


def resolve_paying_account(account_id: str, subject: str) -> str:
    """Resolve the account that pays for a subject.

    A credential without an account of its own pays for itself, under its id, so that strangers share no bill;
    the operator's account is ``default``.
    """
    return subject if account_id == NO_ACCOUNT and subject not in SYSTEM_SUBJECTS else account_id


def get_paying_account_of_caller(caller: Caller) -> str:
    """Find the account that pays for a caller."""
    return resolve_paying_account(caller.account, caller.subject)


def resolve_account_to_charge(caller: Caller, payer: str) -> str:
    """Resolve the account that pays for reported usage: the caller's own, unless it may meter for others.

    A caller's own report must not spend another account's money.
    """
    own_account = get_paying_account_of_caller(caller)
    return payer if payer == own_account or caller.may("meter:billing") else own_account


async def read_account_of_subject(tx: Reader, subject: str) -> str:
    """Find the account of a subject; ``default`` without an account."""
    if looks_like_key(subject):
        account = await tx.one(statements.select_account_of_key, token_id=subject)
    else:
        row = await tx.one(agents.select_agent_by_id, ref=subject)
        account = None if row is None else row.account_id
    return NO_ACCOUNT if account is None else account


def can_see_all_accounts(caller: Caller) -> bool:
    """Whether the caller can see every account."""
    return caller.may("admin") or caller.may("read:all")


def resolve_visible_account(caller: Caller, requested: str | None) -> str | None:
    """Resolve the account to report on: None for all, '' if the caller can see none."""
    if can_see_all_accounts(caller):
        return requested
    own_account = get_paying_account_of_caller(caller)
    # No error: an account of others looks like one without entries.
    return own_account if requested in (None, own_account) else ""


def can_set_price(caller: Caller, agent: AgentRow) -> bool:
    """Whether the caller may set an agent's price: the agent itself, or its account."""
    own_account = agent.account_id != NO_ACCOUNT and agent.account_id == caller.account
    return own_account or caller.subject == agent.agent_id


def require_pricing_right(caller: Caller, agent: AgentRow) -> None:
    """Raise PermissionDenied unless the caller may set the agent's price."""
    if not can_set_price(caller, agent) and not caller.may("admin"):
        raise PermissionDenied(
            f"What {agent.agent_name} costs is decided by itself, its account and operators.",
            fix="Use the agent's token, or a credential of its account.",
        )


async def require_account(tx: Reader, account_id: str) -> None:
    """Raise NotFound for an unknown account, because credit to a misspelt account would be lost.

    An account exists once a credential, an agent, a ledger entry or a budget refers to it; each agent and key without
    an account of its own is one.
    """
    if account_id == NO_ACCOUNT or await tx.one(statements.select_account_exists, account=account_id) is not None:
        return
    # The first 2000 names by alphabet: this is a hint in an error, not a search.
    similar_accounts = get_close_matches(account_id, await tx.all(statements.select_accounts), 3)
    fix = f"Did you mean {' or '.join(similar_accounts)}? " if similar_accounts else ""
    raise not_found(
        "account",
        f"There is no account {account_id}.",
        fix=f"{fix}Make a credential of the account, or set its budget, before it gets credit.",
    )


async def list_account_members(tx: Reader, account_id: str) -> tuple[str, ...]:
    """List the viewers of an account's events: its agents and keys, the first hundred of each, or the single caller."""
    # Each event stores its audience, so it has to be bounded.
    agents = await tx.all(statements.select_agents_of_account, account=account_id)
    keys = await tx.all(statements.select_keys_of_account, account=account_id)
    return tuple(dict.fromkeys([account_id, *agents, *keys]))
