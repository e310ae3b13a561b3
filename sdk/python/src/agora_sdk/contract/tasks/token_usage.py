"""Tokens that the work on a task has taken."""

from __future__ import annotations

from pydantic import Field

from ..fields import Timestamp
from ..results import Result

__all__ = ["TokenUsage"]


class TokenUsage(Result):
    """Tokens that the work on a task has taken of one model, as its worker reported in totals."""

    task_id: str
    model: str = Field(default="", description="As its worker names it; empty if it does not say.")
    agent_id: str = Field(description="The agent that worked on it.")
    account_id: str = Field(description="The account that pays for the task.")
    input_tokens: int
    output_tokens: int
    provider_cost: float | None = Field(
        default=None, description="What the model's provider charges, if the worker knows."
    )
    currency: str | None = None
    is_estimate: bool = Field(
        default=True, description="Whether the numbers may be too low, as with most coding agents."
    )
    is_charged: bool = Field(
        default=False, description="Whether all of it is in the ledger; not while the model has no price."
    )
    reported_at: Timestamp
