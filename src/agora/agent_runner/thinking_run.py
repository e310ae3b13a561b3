"""Execution of one task by a model: a loop of two steps, the model request and the calls of its tools.

The conversation is stored in the task's checkpoint after each step, before its effects: after a crash, the model is
asked again only if its answer was lost, and a tool is called under the same id as before.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition
from pydantic_core import to_json

from agora.json_schemas import find_value_error
from agora_sdk.contract.declared_agents import AgentTool
from agora_sdk.contract.fields import JsonObject
from agora_sdk.taskrun import InputRequired, PermanentFailure, Postponed, TaskRun

from .client_tools import MAX_CLIENT_CALLS, ClientTool, read_client_results, read_client_tools, requires_tool_call
from .configuration import AgentConfiguration
from .conversation import read_client_conversation, read_earlier_tasks
from .metering import CallMeter, estimate_input_tokens
from .models import ModelAnswer, ModelPool, ModelRefused, ModelUnavailable
from .prompts import build_instructions, describe_request, mark_as_data
from .run_state import RunState
from .telemetry import RunTelemetry
from .text_stream import TextStream
from .toolbox import Toolbox

__all__ = ["ThinkingRun"]

ASK, FINAL = "ask_requester", "final_result"
CLIENT_CALL_PREFIX = "client:"  #: prefix of the numbers of calls that the requester's client executes
ASK_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "minLength": 1, "maxLength": 4000},
        "options": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
    },
    "required": ["question"],
}
APPROVAL_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"decision": {"type": "string", "enum": ["approve", "reject"]}},
    "required": ["decision"],
}
MAX_CHECKPOINT = 65_536  #: limit of a task's checkpoint in bytes of JSON
MAX_POSTPONED = 20  #: limit of consecutive postponements without a model
STOP_REASON = "The process of the agent stops."
MAX_CORRECTIONS = 3  #: limit of corrections of a result that does not match its schema


class ThinkingRun:
    """The execution of one task, from claim to result."""

    def __init__(self, configuration: AgentConfiguration, models: ModelPool, toolbox: Toolbox, task: TaskRun) -> None:
        self._configuration, self._models, self._toolbox, self._task = configuration, models, toolbox, task
        self._specification = configuration.specification
        # Names of the agent's own tools: a client must not replace one of them by a function of its own.
        own_names = {ASK, FINAL, *(tool.name for tool in toolbox.tools)}
        requests = [message for message in (*task.history, task.message) if message.role == "user"]
        self._client_tools = {tool.name: tool for tool in read_client_tools(requests, own_names)}
        self._state = RunState.load(task.checkpoint)
        self._telemetry = RunTelemetry(configuration.name, task)
        self._meter = CallMeter(toolbox.client, task)
        self._start_time = time.monotonic()
        self._is_stopping = False
        self._has_unsaved_results = False  # results of tools, stored with the reservation of the next model call
        self._model_request: asyncio.Task[ModelAnswer] | None = None

    def stop(self) -> None:
        """Release the task. It does not wait for an answer of the model, which is requested again later."""
        self._is_stopping = True
        if self._model_request is not None:
            self._model_request.cancel()

    async def run(self) -> Any:
        """Execute the task and return its result. Raises InputRequired, PermanentFailure, Postponed."""
        with self._telemetry.open_agent_span():
            limit = self._specification.limits.seconds
            try:
                # The working time of earlier attempts counts; the time in which the task waited for an answer does not.
                async with asyncio.timeout(max(0.0, limit - self._elapsed_seconds)) as timeout:
                    return await self._run_steps_and_save_results()
            except TimeoutError:
                # A timeout of something within the run, not that of the run.
                if not timeout.expired():
                    raise
                await self._meter.charge_or_release()
                raise PermanentFailure(f"The limit of {limit:g} seconds is reached.") from None
            except asyncio.CancelledError:  # the task was cancelled or reassigned
                await self._meter.charge_or_release()
                raise

    async def _run_steps_and_save_results(self) -> Any:
        if not self._state.messages:
            await self._start_conversation()
        try:
            return await self._alternate_model_and_tools()
        except (PermanentFailure, Postponed):
            # The tools have had their effects: their results are stored although no further model call does so.
            if self._has_unsaved_results:
                await self._save_checkpoint()
            raise

    async def _alternate_model_and_tools(self) -> Any:
        """Alternate model requests and tool calls until there is a result."""
        while True:
            self._fail_if_limit_reached()
            if self._is_stopping:
                raise Postponed(STOP_REASON, 0)
            calls = self._list_open_calls_or_none()
            # None: the model is next. Empty: it has answered with text, which is the result unless an object is required.
            if calls is None:
                await self._request_and_store_answer(self._build_parameters())
            elif not calls and self._specification.output_schema is None:
                return self._read_untruncated_answer()
            else:
                result = await self._call_tools(calls)
                if result is not None:
                    return result[0]

    # -- start of a run -----------------------------------------------------------------------------------

    def _build_parameters(self) -> ModelRequestParameters:
        offered: list[AgentTool | ClientTool] = [*self._toolbox.tools, *self._client_tools.values()]
        tools = [
            ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=dict(tool.input_schema))
            for tool in offered
        ]
        description = "Ask whoever gave you the task, and wait for the answer."
        tools.append(ToolDefinition(name=ASK, description=description, parameters_json_schema=ASK_SCHEMA))
        schema = self._specification.output_schema
        if schema is None:
            # Only in the first step: the requirement of OpenAI's ``tool_choice`` would otherwise repeat for ever.
            must_call = self._state.steps == 0 and bool(self._client_tools) and requires_tool_call(self._task.message)
            return ModelRequestParameters(function_tools=tools, allow_text_output=not must_call)
        final = ToolDefinition(
            name=FINAL, description="The result of the task.", parameters_json_schema=dict(schema), kind="output"
        )
        return ModelRequestParameters(
            function_tools=tools, output_tools=[final], output_mode="tool", allow_text_output=False
        )

    async def _start_conversation(self) -> None:
        history = await read_earlier_tasks(self._toolbox.client, self._task) if self._has_history else []
        history += read_client_conversation(self._task.message)
        prompt = describe_request(self._task.message, self._task.task_type)
        self._state.messages = [*history, ModelRequest(parts=[UserPromptPart(content=prompt)])]

    @property
    def _has_history(self) -> bool:
        """Whether the agent has a memory and the context may have earlier tasks: a context named after the task has
        none."""
        context_id = self._task.context_id
        begins_here = context_id in (None, f"ctx_{self._task.task_id.removeprefix('task_')}")
        return self._specification.memory.conversation and not begins_here

    def _fail_if_limit_reached(self) -> None:
        """Raise PermanentFailure if a limit is reached."""
        limits, state = self._specification.limits, self._state
        # The tools of the last permitted answer are still called.
        if state.steps >= limits.steps and self._list_open_calls_or_none() is None:
            raise PermanentFailure(f"The limit of {limits.steps} steps is reached.")
        if state.tokens > limits.tokens:
            raise PermanentFailure(f"The limit of {limits.tokens} tokens is reached: {state.tokens} were used.")

    @property
    def _elapsed_seconds(self) -> float:
        return self._state.seconds + time.monotonic() - self._start_time

    # -- the model ----------------------------------------------------------------------------------------

    async def _request_and_store_answer(self, parameters: ModelRequestParameters) -> None:
        """Run one model step. Its answer is in the checkpoint on return."""
        state, stream = self._state, TextStream(self._task)
        if self._task.output_size > state.output_size:  # text of an incomplete answer that was lost
            await self._task.write("\n[interrupted; the answer begins again]\n")
        # The instructions are not stored: they are those of the newest declaration, also after a change.
        messages = [*state.messages[:-1], self._add_instructions(state.messages[-1])]
        try:
            # A task of its own, so that stop() can cancel the request without cancelling the run.
            self._model_request = asyncio.ensure_future(
                self._telemetry.request_in_chat_span(
                    lambda: self._request_model(messages, parameters, stream),
                    self._configuration.models[0].name,
                    messages,
                )
            )
            answer = await self._model_request
            remaining_text = await stream.take_unwritten_text()
        except asyncio.CancelledError:
            if self._is_stopping:
                await self._meter.charge_or_release()
                raise Postponed(STOP_REASON, 0) from None
            raise
        except ModelUnavailable as failure:
            await self._meter.charge_or_release()
            raise await self._save_and_build_postponement(failure) from failure
        except ModelRefused as failure:
            await self._meter.charge_or_release()
            raise PermanentFailure(f"The model rejects the request: {failure}") from failure
        finally:
            self._model_request = None
            await stream.close()
        await self._charge_and_store_answer(answer, remaining_text)

    async def _request_model(
        self, messages: Sequence[ModelMessage], parameters: ModelRequestParameters, stream: TextStream
    ) -> ModelAnswer:
        """Request an answer of a model that the limits cover."""
        step, size = self._state.steps, estimate_input_tokens(messages, parameters)

        async def reserve_model(names: Sequence[str]) -> str:
            checkpoint = self._dump_checkpoint() if self._has_unsaved_results else None
            model = await self._meter.reserve_call(step, names, size, checkpoint)
            self._has_unsaved_results = False
            return model

        return await self._models.request_with_fallback(
            messages,
            parameters,
            stream.add,
            self._meter.keep_incomplete_answer,
            reserve_model,
            self._specification.limits.output_tokens,
        )

    def _add_instructions(self, request: ModelMessage) -> ModelRequest:
        assert isinstance(request, ModelRequest)
        instructions = build_instructions(self._configuration.name, self._specification)
        return replace(request, instructions=instructions)

    async def _charge_and_store_answer(self, answer: ModelAnswer, rest: str) -> None:
        """Charge and store an answer. rest: the end of its text, which is not in the task's output yet."""
        state, usage = self._state, answer.response.usage
        state.messages.append(answer.response)
        state.steps += 1
        state.input_tokens += usage.input_tokens
        state.output_tokens += usage.output_tokens
        # Known before the rest is written: both are stored in one transaction.
        state.output_size = self._task.output_size + len(rest)
        # Results belong to the calls of one answer: with a new one they are obsolete.
        state.postponed, state.results, state.asked = 0, {}, None
        try:
            checkpoint = self._dump_checkpoint()  # includes the last answer: the task's usage is read from it
        except PermanentFailure:
            # Charged although the task cannot continue.
            await self._meter.charge_with_checkpoint_and_output(state.steps - 1, answer, None, rest)
            raise
        await self._meter.charge_with_checkpoint_and_output(state.steps - 1, answer, checkpoint, rest)

    async def _save_and_build_postponement(self, failure: ModelUnavailable) -> Postponed | PermanentFailure:
        """Release the task until a model may be available."""
        state = self._state
        state.postponed += 1
        state.seconds = self._elapsed_seconds
        await self._save_checkpoint()
        if state.postponed > MAX_POSTPONED:
            return PermanentFailure(f"No model answered in {state.postponed} attempts: {failure}")
        return Postponed(f"No model is available at the moment: {failure}"[:1000], failure.retry_after)

    def _list_open_calls_or_none(self) -> Sequence[ToolCallPart] | None:
        """The tool calls of the last response; None if the model is next."""
        last = self._state.messages[-1]
        if not isinstance(last, ModelResponse):
            return None
        return [part for part in last.parts if isinstance(part, ToolCallPart)]

    def _read_untruncated_answer(self) -> str:
        """Text of the last answer. Raises PermanentFailure if it was truncated."""
        answer, limit = self._state.messages[-1], self._specification.limits.output_tokens
        if isinstance(answer, ModelResponse) and answer.finish_reason == "length":
            raise PermanentFailure(f"The answer is cut off at {limit} tokens: raise limits.output_tokens of the agent.")
        return "".join(part.content for part in answer.parts if isinstance(part, TextPart))

    # -- the tools ----------------------------------------------------------------------------------------

    async def _call_tools(self, calls: Sequence[ToolCallPart]) -> tuple[Any] | None:
        """Call the tools of a step in order. Returns the task's result, in a tuple, if one of them provides it.

        The client's tools come last, in one question.
        """
        client_calls: dict[int, ToolCallPart] = {}
        numbers = self._list_asked_client_calls()
        for number, call in enumerate(calls):
            # Called before a crash or a question: its effect must not be repeated.
            if str(number) in self._state.results:
                continue
            if number in numbers or call.tool_name in self._client_tools:
                client_calls[number] = call
                continue
            result = await self._call_tool(number, call)
            if result is not None:
                return result
        if client_calls:
            await self._use_client_results_or_ask(client_calls)
        await self._append_tool_results(calls)
        return None

    async def _call_tool(self, number: int, call: ToolCallPart) -> tuple[Any] | None:
        try:
            arguments = call.args_as_dict()
        except ValueError:
            await self._store_tool_result(number, "failed", "The arguments are not a JSON object.")
            return None
        if call.tool_name == FINAL and self._specification.output_schema is not None:
            return await self._check_result_against_schema(number, arguments)
        if call.tool_name == ASK:
            await self._use_answer_or_ask_requester(number, arguments)
            return None
        # Stable across attempts: the server returns the first outcome of a call with the same id.
        call_id = f"{self._state.steps}.{number}"
        with self._telemetry.open_tool_span(call.tool_name, call_id):
            outcome = await self._toolbox.call(call_id, call.tool_name, arguments)
        if outcome.status == "approval_required":
            raise await self._save_and_build_approval_question(number, call_id, call.tool_name, arguments)
        if outcome.status == "done" and self._toolbox.hands_task_over(call.tool_name):
            return (outcome.content,)
        content = outcome.content if outcome.status == "done" else outcome.error
        await self._store_tool_result(number, outcome.status, mark_as_data(call.tool_name, content))
        return None

    async def _store_tool_result(self, number: int, status: str, content: str) -> None:
        self._state.results[str(number)] = {"status": status, "content": content}
        self._state.asked = None
        if number + 1 < len(self._list_open_calls_or_none() or ()):  # the last result is saved with the next model call
            await self._save_checkpoint()

    async def _append_tool_results(self, calls: Sequence[ToolCallPart]) -> None:
        """Add the tool results to the conversation as the next request."""
        parts: list[Any] = []
        for number, call in enumerate(calls):
            result = self._state.results[str(number)]
            content = result["content"] if result["status"] == "done" else f"{result['status']}: {result['content']}"
            parts.append(ToolReturnPart(tool_name=call.tool_name, content=content, tool_call_id=call.tool_call_id))
        if not parts:  # text instead of the required object
            parts.append(UserPromptPart(content=f"Give the result with the tool {FINAL}."))
            self._count_correction_or_fail()
        self._state.messages.append(ModelRequest(parts=parts))
        self._state.results = {}
        self._has_unsaved_results = True

    async def _check_result_against_schema(self, number: int, result: dict[str, Any]) -> tuple[Any] | None:
        """Accept the result if it matches the schema, else request a correction of the model."""
        assert self._specification.output_schema is not None
        error = find_value_error(self._specification.output_schema, result)
        if error is None:
            return (result,)
        self._count_correction_or_fail()
        await self._store_tool_result(number, "failed", f"It does not match the schema: {error[:1000]}")
        return None

    def _count_correction_or_fail(self) -> None:
        self._state.corrections += 1
        if self._state.corrections > MAX_CORRECTIONS:
            raise PermanentFailure(
                f"The model returned no result that matches the schema, {MAX_CORRECTIONS + 1} times."
            )

    # -- questions ----------------------------------------------------------------------------------------

    async def _use_answer_or_ask_requester(self, number: int, arguments: Mapping[str, Any]) -> None:
        """Ask the requester, or use the answer if the task was claimed again with one. Raises InputRequired."""
        # Claimed again for another reason than an answer, such as a lost lease, the question is asked once more.
        if self._state.asked == str(number) and self._requester_message_count > self._state.messages_seen:
            answer = describe_request(self._task.message, self._task.task_type)
            await self._store_tool_result(number, "done", answer)
            return
        question = str(arguments.get("question", "")).strip() or "What do you want?"
        options = [str(option) for option in arguments.get("options") or ()]
        await self._save_question(str(number))
        data: JsonObject | None = {"options": list(options)} if options else None
        raise InputRequired(question, data=data)

    async def _save_and_build_approval_question(
        self, number: int, call_id: str, tool: str, arguments: dict[str, Any]
    ) -> InputRequired:
        """Build the question for approval of a tool call; the server finds the answer itself."""
        await self._save_question(str(number))
        excerpt = json.dumps(arguments, ensure_ascii=False, indent=1)[:2000]
        approval: JsonObject = {"call_id": call_id, "tool": tool, "arguments": arguments}
        text = f"May {self._configuration.name} call {tool}? Answer 'approve' or 'reject'.\n{excerpt}"
        return InputRequired(text, data={"approval": approval}, schema=APPROVAL_SCHEMA)

    def _list_asked_client_calls(self) -> list[int]:
        """List the numbers of calls that the requester's client was asked to execute."""
        question = self._state.asked or ""
        numbers = (
            question.removeprefix(CLIENT_CALL_PREFIX).split(",") if question.startswith(CLIENT_CALL_PREFIX) else ()
        )
        return [int(number) for number in numbers]

    async def _use_client_results_or_ask(self, calls: Mapping[int, ToolCallPart]) -> None:
        """Ask the client to execute calls, or use its results if it has answered. Raises InputRequired."""
        ids = {number: f"{self._state.steps}.{number}" for number in calls}
        numbers = self._list_asked_client_calls()
        if numbers and self._requester_message_count > self._state.messages_seen:
            names = {ids[number]: calls[number].tool_name for number in numbers}
            results = read_client_results(self._task.message, names)
            for number in numbers:
                status, content = results[ids[number]]
                self._state.results[str(number)] = {"status": status, "content": content}
            self._state.asked = None
        requests: dict[int, JsonObject] = {}
        for number in [number for number in calls if str(number) not in self._state.results][:MAX_CLIENT_CALLS]:
            try:
                arguments = calls[number].args_as_dict()
            except ValueError:
                await self._store_tool_result(number, "failed", "The arguments are not a JSON object.")
                continue
            call: JsonObject = {"id": ids[number], "name": calls[number].tool_name, "arguments": arguments}
            requests[number] = {"tool_call": call}
        if requests:
            await self._save_question(CLIENT_CALL_PREFIX + ",".join(map(str, requests)))
            tools = ", ".join(dict.fromkeys(calls[number].tool_name for number in requests))
            raise InputRequired(f"Please call {tools}, and answer with the results.", data=list(requests.values()))

    async def _save_question(self, question: str) -> None:
        self._state.asked, self._state.messages_seen = question, self._requester_message_count
        self._state.seconds, self._start_time = self._elapsed_seconds, time.monotonic()
        await self._save_checkpoint()

    @property
    def _requester_message_count(self) -> int:
        return 1 + sum(message.role == "user" for message in self._task.history)

    async def _save_checkpoint(self) -> None:
        self._has_unsaved_results = False
        await self._task.save(self._dump_checkpoint())

    def _dump_checkpoint(self) -> dict[str, Any]:
        """Build the checkpoint. Raises PermanentFailure if it is too large."""
        state = self._state
        state.seconds, self._start_time = self._elapsed_seconds, time.monotonic()
        checkpoint = state.dump()
        # Checked here, since the server would refuse it only after the model has been paid.
        size = len(to_json(checkpoint))
        if size > MAX_CHECKPOINT:
            raise PermanentFailure(f"The conversation takes {size} bytes, compressed; the limit is {MAX_CHECKPOINT}.")
        return checkpoint
