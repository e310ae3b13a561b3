"""SendMessage (A2A 1.0, section 3.1.1): creates a task or continues one, idempotent by message id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agora.clock import new_id
from agora.core.call import Call, WaitForEvent, cast_deferred_to_result, cast_encoded_to_result, encode_json
from agora.core.idempotency import build_key_reused_error, find_idempotent_answer, store_idempotent_answer
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent
from agora.domains.tasks import creation
from agora.domains.tasks.draft import TaskDraft
from agora.domains.tasks.messages import USER, add_requester_message_and_resume, join_text, require_unfinished_task
from agora.domains.tasks.views import get_task_context_id
from agora.telemetry import add_trace_to_metadata
from agora.value_classes import value_class
from agora_sdk.contract.a2a import A2AMessage, A2APushConfig, A2ASendResult
from agora_sdk.errors import InvalidRequest, NotFound, field_error

from . import lookup, message_delivery, push_configs, routing
from . import views as view
from .acceptance import check_card_accepts_message

__all__ = ["SendRequest", "send_message"]

OPERATION = "agora.a2a.send"
DIRECT_ANSWER_SECONDS = 10.0  #: maximum seconds that ``return_immediately`` waits for a message in place of a task
PLAIN_TASK_TYPE = "a2a.message"  #: task type if no skill is requested
SKILL_KEYS = ("skill", "skillId", "skill_id")  #: metadata keys that may name a skill


@dataclass(slots=True)
class SendRequest:
    """A message to send. message: A2A JSON. agent: reference from the call; None: the front agent.

    extensions: URIs from the request.
    """

    message: dict[str, Any]
    agent: str | None = None
    skill: str | None = None
    task_id: str | None = None
    context_id: str | None = None
    output_modes: Sequence[str] = ()
    push: A2APushConfig | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    extensions: Sequence[str] = ()

    @property
    def supported_extensions(self) -> set[str]:
        """Extensions that the sender declares to support."""
        return {*self.extensions, *(self.message.get("extensions") or ())}

    @classmethod
    def from_call_arguments(
        cls,
        content: A2AMessage | str,
        *,
        task_id: str | None,
        context_id: str | None,
        skill: str | None,
        metadata: Mapping[str, Any],
        **rest: Any,
    ) -> SendRequest:
        """Build a request from message content. Raises InvalidRequest if message and arguments differ."""
        if isinstance(content, str):
            message: dict[str, Any] = {"parts": [{"text": content}]}
        else:
            message = content.model_dump(by_alias=True, exclude_unset=True)
        task_id = _require_equal_field("task_id", task_id, message.pop("taskId", None))
        context_id = _require_equal_field("context_id", context_id, message.pop("contextId", None))
        # Set by the server: a client must not speak as the agent.
        message["role"] = USER
        skill = skill or _find_skill_in_metadata(message.get("metadata") or {}) or _find_skill_in_metadata(metadata)
        return cls(message, skill=skill, task_id=task_id, context_id=context_id, metadata=metadata, **rest)

    def compute_digest(self) -> bytes:
        """Compute the digest that identifies a repeated message."""
        canonical = encode_json([self.message, self.task_id, self.context_id, self.skill])
        return hashlib.blake2b(canonical.encode(), digest_size=16).digest()


def _require_equal_field(name: str, argument: str | None, in_message: str | None) -> str | None:
    if argument is not None and in_message is not None and argument != in_message:
        raise InvalidRequest(
            f"The message has {in_message!r}, the call has {argument!r}.",
            fix="Give it in one place.",
            errors=[field_error(name, "given twice")],
        )
    return argument if argument is not None else in_message


def _find_skill_in_metadata(metadata: Mapping[str, Any]) -> str | None:
    skill = next((metadata[name] for name in SKILL_KEYS if isinstance(metadata.get(name), str)), None)
    # Metadata belongs to the client, and no contract checks it: what cannot be a task type is ignored, not refused.
    return skill if skill and len(skill) <= 64 and skill.isprintable() else None


async def send_message(
    call: Call, request: SendRequest, history_length: int | None, wait: float, *, return_immediately: bool
) -> A2ASendResult:
    """Accept a message. wait: seconds to wait for the task to end or to ask for input.

    return_immediately: respond with the new task, unless its agent may still answer with a message in place of the
    task.
    """
    agent = await _require_agent(call, request.agent) if request.agent is not None else None
    message_id = request.message.get("messageId")
    if message_id is None:
        message_id = call.idempotency_key or new_id("msg")
        request.message = {"messageId": message_id, **request.message}
    digest = request.compute_digest()
    # The spaces distinguish it from clients' own idempotency keys.
    key = f"a2a {agent.agent_id if agent is not None else 'front'} {message_id}"
    if not call.caller.has_credential:
        # Callers without a credential share one subject and may reuse message ids, so the whole content identifies a
        # repetition.
        key += f" {digest.hex()}"
    document: dict[str, Any] | None = None
    task_id = await _find_repeated_task(call, key, digest, message_id)
    if task_id is None:
        outcome = (
            await _add_message_to_task(call, request)
            if request.task_id is not None
            else await _create_task_or_front_reply(call, request, agent)
        )
        if not isinstance(outcome, _StoredMessage):
            # No task was created, so no key is stored: the same message may find an agent later.
            return _encode_message_result(outcome)
        task_id, document = outcome.task_id, outcome.document
        # Only the id: the answer to a repetition is the task as it is then.
        store_idempotent_answer(call, key, OPERATION, digest, task_id.encode())
        call.target = task_id
        if return_immediately and wait and document is not None and outcome.may_be_direct:
            created = document if history_length != 0 else {k: v for k, v in document.items() if k != "history"}
            return _build_deferred_message_response(task_id, created, min(wait, DIRECT_ANSWER_SECONDS))
    call.target = task_id
    if wait and not return_immediately:
        return _build_deferred_task_response(task_id, history_length, wait)
    if document is not None and history_length != 0:
        return _encode_task_result(document)
    row = await lookup.read_task_row(call.tx, task_id)
    # Only of an existing task: nobody can have answered one that this transaction creates.
    if document is None and (answer := await lookup.find_direct_answer(call.tx, row)) is not None:
        return _encode_message_result(answer)
    return _encode_task_result(await lookup.build_task_document(call.tx, row, history_length))


@value_class
class _StoredMessage:
    """A stored message. document: its task, if new. may_be_direct: whether its agent may answer with a message."""

    task_id: str
    document: dict[str, Any] | None = None
    may_be_direct: bool = False


def _encode_message_result(message: Mapping[str, Any]) -> A2ASendResult:
    return cast_encoded_to_result(view.encode_document({"message": message}), A2ASendResult)


def _encode_task_result(document: Mapping[str, Any]) -> A2ASendResult:
    return cast_encoded_to_result(view.encode_document({"task": document}), A2ASendResult)


def _build_deferred_task_response(task_id: str, history_length: int | None, wait: float) -> A2ASendResult:
    """Defer the response until the task has ended or needs input.

    It is the task, or its agent's message if that is the whole answer.
    """

    async def read_task(call: Call) -> A2ASendResult:
        row = await lookup.read_task_row(call.tx, task_id)
        return _encode_task_result(await lookup.build_task_document(call.tx, row, history_length))

    async def read_settled(call: Call) -> A2ASendResult:
        row = await lookup.read_task_row(call.tx, task_id)
        if not lookup.is_settled(row):
            # Most tasks settle in time, so the document of an unsettled task is read only when the wait is over.
            raise WaitForEvent(lookup.STATUS_EVENT_TYPES, wait, cast_deferred_to_result(read_task), subject=task_id)
        if (answer := await lookup.find_direct_answer(call.tx, row)) is not None:
            return _encode_message_result(answer)
        return _encode_task_result(await lookup.build_task_document(call.tx, row, history_length))

    return cast_deferred_to_result(read_settled)


def _build_deferred_message_response(task_id: str, created: Mapping[str, Any], wait: float) -> A2ASendResult:
    """Defer the response until the agent answers with a message, or shows other work: then the task as it was created.

    The stream that begins at that task contains all later changes.
    """

    async def read_direct_answer(call: Call) -> A2ASendResult:
        row = await lookup.read_task_row(call.tx, task_id)
        if (answer := await lookup.find_direct_answer(call.tx, row)) is not None:
            return _encode_message_result(answer)
        if not lookup.has_visible_work(row):
            raise WaitForEvent(
                lookup.STATUS_EVENT_TYPES | lookup.OUTPUT_EVENT_TYPES,
                wait,
                _encode_task_result(created),
                subject=task_id,
            )
        return _encode_task_result(created)

    return cast_deferred_to_result(read_direct_answer)


async def _require_agent(call: Call, ref: str) -> AgentRow:
    row = await find_agent(call.tx, ref)
    if row is None or row.retired_at is not None:
        raise NotFound(
            f"There is no agent {ref!r}.",
            fix="Agents are listed with GET /agora/a2a/catalogue.",
            errors=[field_error("agent", "unknown agent")],
        )
    return row


async def _find_repeated_task(call: Call, key: str, digest: bytes, message_id: str) -> str | None:
    """Find the task of an earlier identical message. Raises IdempotencyConflict for a different message with its id."""
    answer = await find_idempotent_answer(
        call,
        key,
        OPERATION,
        digest,
        lambda: build_key_reused_error("message id", message_id, "message", "message.messageId"),
    )
    return None if answer is None else answer.decode()


async def _create_task_or_front_reply(
    call: Call, request: SendRequest, agent: AgentRow | None
) -> _StoredMessage | dict[str, Any]:
    """Create a task from a message; returns a message if no agent matches."""
    metadata = dict(add_trace_to_metadata(request.metadata))
    if agent is None:
        route = await routing.choose_agent_for_message(call, request.message, request.skill)
        if route.agent is None:
            return _build_front_reply(request, route.reason)
        agent, request.skill = route.agent, route.skill
        own_message = metadata.get("agora")
        metadata["agora"] = (own_message if isinstance(own_message, dict) else {}) | {
            "skill": route.skill,
            "routed": route.reason,
        }
    await check_card_accepts_message(call, agent, request.message["parts"], request.supported_extensions)
    draft = await _create_task_for_agent(call, request, agent, metadata)
    if request.push is not None:
        await push_configs.store_push_config(call, draft.task_id, request.push)
    await message_delivery.deliver_message_if_opted_in(call, draft, agent, request.message)
    status = view.build_status(draft.row, None)
    document = view.build_task(
        draft.row, metadata, status, [view.build_first_message(draft.row, {"message": request.message})], None
    )
    return _StoredMessage(draft.task_id, document, message_delivery.may_answer_with_message(agent))


async def _create_task_for_agent(
    call: Call, request: SendRequest, agent: AgentRow, metadata: Mapping[str, Any]
) -> TaskDraft:
    payload: dict[str, Any] = {"message": request.message, "text": join_text(request.message["parts"])}
    if request.output_modes:
        payload["accepted_output_modes"] = list(request.output_modes)
    order = creation.Order(
        request.skill or PLAIN_TASK_TYPE,
        encode_json(payload),
        agent.agent_id,
        metadata=encode_json(metadata) if metadata else "{}",
        context_id=request.context_id,
        agent=agent,
    )
    draft, _ = await creation.create_task(call, order)
    return draft


def _build_front_reply(request: SendRequest, text: str) -> dict[str, Any]:
    """Build a message from the front agent itself."""
    context_id = request.context_id or f"ctx_{new_id('x')[2:]}"
    return {"messageId": new_id("msg"), "contextId": context_id, "role": "ROLE_AGENT", "parts": [{"text": text}]}


async def _add_message_to_task(call: Call, request: SendRequest) -> _StoredMessage:
    """Add a message to an existing task. Raises NotFound, IllegalTransition if the task has ended."""
    assert request.task_id is not None
    # Locked, or its agent could end it between the check below and the new message.
    row = await lookup.require_visible_task(call, request.task_id, request.agent, lock=True)
    caller = call.caller
    # Others may see the task, but only its creator speaks in it. NotFound, as for every task that is not theirs.
    if not caller.acts_for(row.created_by):
        raise lookup.build_task_not_found_error(request.task_id)
    if request.context_id is not None and request.context_id != get_task_context_id(row):
        raise InvalidRequest(
            f"The task {request.task_id} is not of the context {request.context_id!r}.",
            fix="Leave the context out, or begin a new task in it.",
            errors=[field_error("message.contextId", "not the task's")],
        )
    draft = TaskDraft(call, row)
    require_unfinished_task(draft)
    agent = await find_agent(call.tx, draft.row.assigned_agent) if draft.row.assigned_agent else None
    if agent is not None:
        await check_card_accepts_message(call, agent, request.message["parts"], request.supported_extensions)
    await add_requester_message_and_resume(draft, request.message)
    if request.push is not None:
        await push_configs.store_push_config(call, draft.task_id, request.push)
    if agent is not None:
        await message_delivery.deliver_message_if_opted_in(call, draft, agent, request.message)
    return _StoredMessage(draft.task_id)
