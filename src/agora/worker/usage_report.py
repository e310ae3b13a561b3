"""Report of a job's token usage, for billing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from agora_sdk import AgoraError, TaskRun
from agora_sdk.client import AgoraClient

from .job_state import JobState

__all__ = ["report_usage_or_log"]

logger = logging.getLogger("agora.worker")


async def report_usage_or_log(
    client: AgoraClient,
    run: TaskRun,
    state: JobState,
    model: str,
    turn: Mapping[str, Any],
    add_note: Callable[[str], None],
) -> None:
    """Report a job's cumulative tokens of one model for billing. A missing price is noted in the output.

    turn: the tokens of the ended turn, in the protocol's names.
    """
    # Asked before add_turn, which adds the model.
    is_first = model not in state.model_tokens
    input_tokens, output_tokens = state.add_turn(model, turn)
    if not input_tokens and not output_tokens:
        return
    usage = state.usage
    # The cost is a single sum over all models of the job.
    has_cost = usage.cost is not None and bool(usage.currency) and len(state.model_tokens) == 1
    try:
        report = await client.task.report_usage(
            run.task_id,
            run.fencing_token,
            input_tokens,
            output_tokens,
            model=model,
            provider_cost=usage.cost if has_cost else None,
            currency=usage.currency if has_cost else None,
            is_estimate=True,
        )
    except AgoraError as error:  # the result has it, too
        logger.warning("The usage of %s is not reported: %s", run.task_id, error)
        return
    if is_first and not report.is_charged:
        add_note(f"the tokens of {model or 'a model that the agent does not name'} are recorded and not charged")
