"""Tokens used for a task."""

from __future__ import annotations

from pydantic import Field

from ..fields import Timestamp
from ..results import Result

__all__ = ["TokenUsage"]


class TokenUsage(Result):
    """Tokens used for a task of one model, as totals reported by its worker."""

    task_id: str
    model: str = Field(default="", description="Model name as reported by the worker; may be empty.")
    agent_id: str = Field(description="The agent that worked on it.")
    account_id: str = Field(description="The account that pays for the task.")
    input_tokens: int
    output_tokens: int
    provider_cost: float | None = Field(
        default=None, description="Cost charged by the model's provider, if known to the worker."
    )
    currency: str | None = None
    is_estimate: bool = Field(
        default=True, description="Whether the numbers are a lower bound, as with most coding agents."
    )
    is_charged: bool = Field(
        default=False, description="Whether all of it is recorded in the ledger; false while the model has no price."
    )
    reported_at: Timestamp
