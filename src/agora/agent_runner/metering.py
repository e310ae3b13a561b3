"""Metering of model calls: each is reserved on the server before, and charged together with the checkpoint
afterwards."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import partial

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import ModelRequestParameters

from agora_sdk.client import AgoraClient
from agora_sdk.contract.billing.models import ModelTokens
from agora_sdk.contract.declared_agents import RecordedModelCall
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import AgoraError, Conflict, InvalidRequest, PaymentRequired, StaleLease
from agora_sdk.taskrun import MAX_CHUNK_CHARACTERS, PermanentFailure, TaskRun

from .models import ModelAnswer, ModelUnavailable

__all__ = ["CallMeter", "estimate_input_tokens", "estimate_output_tokens"]

log = logging.getLogger("agora.agent_runner")

MIN_CHARACTERS_PER_TOKEN = 3  #: lower than for any usual tokenizer, so that an estimate is not too low
PRICE_CHANGE_RETRY_SECONDS = 1.0  #: delay until the process has the newest declaration


def estimate_input_tokens(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> int:
    """Estimate an upper bound of a request's tokens by its length."""
    size = len(ModelMessagesTypeAdapter.dump_json(list(messages), exclude_none=True))
    for tool in (*parameters.function_tools, *parameters.output_tools):
        size += len(tool.name) + len(tool.description or "") + len(json.dumps(tool.parameters_json_schema))
    return size // MIN_CHARACTERS_PER_TOKEN + 1


def estimate_output_tokens(response: ModelResponse) -> int:
    """Estimate the tokens of an answer by its length."""
    return len(ModelMessagesTypeAdapter.dump_json([response], exclude_none=True)) // MIN_CHARACTERS_PER_TOKEN + 1


class CallMeter:
    """Reserves and records the model calls of one task."""

    def __init__(self, client: AgoraClient, task: TaskRun) -> None:
        self._client, self._task = client, task
        self._input_estimate = 0
        self._open_step: int | None = None  # step of a reserved call that is neither charged nor released
        self._unrecorded_answer: ModelAnswer | None = None

    def keep_incomplete_answer(self, answer: ModelAnswer) -> None:
        """Record an answer that was cut off: it is charged by :meth:`charge_or_release`, or before the next reservation."""
        self._unrecorded_answer = answer

    async def reserve_call(
        self, step: int, models: Sequence[str], input_tokens: int, checkpoint: JsonObject | None = None
    ) -> str:
        """Reserve a call and return the model to use; the checkpoint is stored with the reservation.

        Raises PermanentFailure if no limit covers a model, or none has a price; ModelUnavailable while the declaration
        changes.
        """
        if self._unrecorded_answer is not None:  # of the previous model of the same step
            await self.charge_or_release()
        task, self._input_estimate, self._open_step = self._task, input_tokens, step
        operation = self._client.declared_agent.reserve_model_call
        call_operation = partial(operation, task.task_id, task.fencing_token, step, list(models), input_tokens)
        try:
            if checkpoint is None:
                reservation = await task.repeat_call(call_operation)
            else:
                reservation = await task.save_by(
                    lambda number: call_operation(checkpoint=checkpoint, checkpoint_number=number), checkpoint
                )
        except PaymentRequired as refusal:
            raise PermanentFailure(f"The budget does not cover another call of a model: {refusal}"[:2000]) from refusal
        except InvalidRequest as refusal:
            raise PermanentFailure(str(refusal)[:2000]) from refusal
        except StaleLease:
            raise
        except Conflict as refusal:  # the declaration is newer than this process: its successor continues
            raise ModelUnavailable(str(refusal), PRICE_CHANGE_RETRY_SECONDS) from refusal
        return reservation.model

    async def charge_or_release(self) -> None:
        """Charge the incomplete answer of the newest call, or release its reservation.

        It is attempted once, even without the lease; if it fails, it is charged with the next call of the task.
        """
        # Cleared before the call: charge_or_release() may run again while a failed attempt is reported.
        step, self._open_step = self._open_step, None
        answer, self._unrecorded_answer = self._unrecorded_answer, None
        if step is None:
            return
        task, operations = self._task, self._client.declared_agent
        try:
            if answer is None:
                await operations.release_model_call(task.task_id, task.fencing_token, step)
            else:
                await self._charge_once(step, answer, None, None)
        except AgoraError as error:
            log.warning("the usage of a model call for %s could not be recorded: %s", task.task_id, error)

    async def charge_with_checkpoint_and_output(
        self, step: int, answer: ModelAnswer, checkpoint: JsonObject | None, output: str = ""
    ) -> None:
        """Charge a call, and store the checkpoint (if any) and the end of the task's output with it.

        Raises Conflict, PayloadTooLarge if the output cannot be appended; the call is charged nevertheless.
        """
        # Until it is recorded, a cancelled or failed call is charged by charge_or_release().
        self._unrecorded_answer = answer
        if len(output) > MAX_CHUNK_CHARACTERS:
            await self._task.write(output)
            output = ""
        if checkpoint is None:
            charge = await self._task.repeat_call(lambda: self._charge_once(step, answer, None, None, output))
        else:
            charge = await self._task.save_by(
                lambda number: self._charge_once(step, answer, checkpoint, number, output), checkpoint
            )
        self._open_step = self._unrecorded_answer = None
        if charge.output_size is not None:
            self._task.output_size = charge.output_size
        elif output:  # the output limit must not prevent charging: the refusal is raised now
            await self._task.write(output)

    async def _charge_once(
        self, step: int, answer: ModelAnswer, checkpoint: JsonObject | None, number: int | None, output: str = ""
    ) -> RecordedModelCall:
        task = self._task
        return await self._client.declared_agent.record_model_call(
            task.task_id,
            task.fencing_token,
            step,
            answer.model,
            self._count_tokens(answer),
            is_estimate=answer.is_cut or not answer.response.usage.has_values(),
            is_cut=answer.is_cut,
            time_to_first_token=answer.first_token,
            seconds=answer.seconds,
            checkpoint=checkpoint,
            checkpoint_number=number,
            output=output or None,
            output_offset=task.output_size if output else None,
        )

    def _count_tokens(self, answer: ModelAnswer) -> ModelTokens:
        """Return the tokens as counted by the service, or estimated from the length of the texts."""
        usage = answer.response.usage
        if answer.is_cut:  # a count before the end covers the input and the output so far
            written = estimate_output_tokens(answer.response) if answer.response.parts else 0
            return ModelTokens(
                input_tokens=usage.input_tokens or self._input_estimate,
                output_tokens=max(usage.output_tokens, written),
            )
        if not usage.has_values():
            return ModelTokens(input_tokens=self._input_estimate, output_tokens=estimate_output_tokens(answer.response))
        return ModelTokens(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            # Bounded by the totals, whose parts they are for billing: some services count them separately.
            cache_read_tokens=min(usage.cache_read_tokens, usage.input_tokens),
            cache_write_tokens=min(usage.cache_write_tokens, usage.input_tokens),
            reasoning_tokens=min(usage.details.get("reasoning_tokens", 0), usage.output_tokens),
        )
