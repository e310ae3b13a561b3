"""Reports of a job beside its output: token usage; and the marketplace's tools for its agent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from agora_sdk import AgoraError, TaskRun
from agora_sdk.client import AgoraClient

from .driver import AgentProcess
from .job_state import JobState

__all__ = ["issue_marketplace_tools", "report_usage"]

logger = logging.getLogger("agora.worker")


async def report_usage(
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


async def issue_marketplace_tools(
    client: AgoraClient, run: TaskRun, agent: AgentProcess, add_note: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Offer the marketplace as an MCP server to the agent, with a credential limited to what the job's creator
    allowed."""
    if not agent.supports_http_servers:
        add_note("the agent does not support MCP servers over HTTP: it has no tools of the marketplace")
        return []
    try:
        token = await client.task.issue_token(run.task_id, run.fencing_token)
    except AgoraError as error:
        add_note(f"the agent has no tools of the marketplace: {error}")
        return []
    if not token.scopes or token.token is None:
        add_note("the job's creator allows no tools of the marketplace")
        return []
    doubts = f" ({agent.missing_tools_reason})" if agent.missing_tools_reason else ""
    add_note(f"the agent has tools of the marketplace, for {', '.join(token.scopes)}{doubts}")
    headers = [{"name": "Authorization", "value": f"Bearer {token.token}"}]
    return [{"type": "http", "name": "agora", "url": f"{client.url}/mcp", "headers": headers}]
