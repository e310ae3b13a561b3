"""Sending a message (A2A 1.0, section 3.1.1): it makes a task, or goes on with one, and happens once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agora.clock import new_id
from agora.core.call import Call, WaitForEvent, as_deferred_result, as_encoded_result, encode_json
from agora.core.call_records import IDEMPOTENCY, answered
from agora.domains.agents.references import find_agent
from agora.domains.tasks import assignment as giving
from agora.domains.tasks.draft import TaskDraft
from agora.domains.tasks.messages import USER, add_requester_message, join_text, require_open
from agora.domains.tasks.views import context_of
from agora.store.port import Row
from agora.telemetry import with_trace
from agora_sdk.contract.a2a import A2AMessage, A2APushConfig, A2ASendResult
from agora_sdk.errors import IdempotencyConflict, InvalidRequest, NotFound

from . import lookup as reading
from . import message_delivery as delivering
from . import push_configs as push
from . import routing
from . import views as view
from .acceptance import check_accepts

__all__ = ["Sending", "send"]

PLAIN = "a2a.message"  #: type of a task for which no skill was asked
NAMES = ("skill", "skillId", "skill_id")  #: where metadata may name a skill


@dataclass(slots=True)
class Sending:
    """A message as it was sent. message: JSON of A2A. agent: as it was named, None for the front agent.

    extensions: URIs of those that the request asks for.
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
    def supported(self) -> set[str]:
        """Extensions that the sender supports, by its own words."""
        return {*self.extensions, *(self.message.get("extensions") or ())}

    @classmethod
    def of(
        cls,
        said: A2AMessage | str,
        *,
        task_id: str | None,
        context_id: str | None,
        skill: str | None,
        metadata: Mapping[str, Any],
        **rest: Any,
    ) -> Sending:
        """What was asked for. Raises InvalidRequest where it says two things."""
        if isinstance(said, str):
            message: dict[str, Any] = {"parts": [{"text": said}]}
        else:
            message = said.model_dump(by_alias=True, exclude_unset=True)
        task_id = _one("task_id", task_id, message.pop("taskId", None))
        context_id = _one("context_id", context_id, message.pop("contextId", None))
        message["role"] = USER
        skill = skill or _named_skill(message.get("metadata") or {}) or _named_skill(metadata)
        return cls(message, skill=skill, task_id=task_id, context_id=context_id, metadata=metadata, **rest)

    def digest(self) -> bytes:
        """What a repeated message is recognised by."""
        said = encode_json([self.message, self.task_id, self.context_id, self.skill])
        return hashlib.blake2b(said.encode(), digest_size=16).digest()


def _one(name: str, given: str | None, within: str | None) -> str | None:
    if given is not None and within is not None and given != within:
        raise InvalidRequest(
            f"The message says {within!r}, the call {given!r}.",
            fix="Say it once.",
            errors=[{"field": name, "message": "given twice"}],
        )
    return given if given is not None else within


def _named_skill(metadata: Mapping[str, Any]) -> str | None:
    found = next((metadata[name] for name in NAMES if isinstance(metadata.get(name), str)), None)
    return found if found and len(found) <= 64 and found.isprintable() else None


async def send(call: Call, sending: Sending, history_length: int | None, wait: float) -> A2ASendResult:
    """Take a message in; wait: seconds for which its answer may come later."""
    agent = await _agent(call, sending.agent) if sending.agent is not None else None
    message_id = sending.message.get("messageId")
    if message_id is None:
        message_id = call.idempotency_key or new_id("msg")
        sending.message = {"messageId": message_id, **sending.message}
    key = f"a2a {agent['agent_id'] if agent is not None else 'front'} {message_id}"  # no client's key has a space
    digest = sending.digest()
    document: dict[str, Any] | None = None
    task_id = await _earlier(call, key, digest, message_id)
    if task_id is None:
        taken = await _go_on(call, sending) if sending.task_id is not None else await _begin(call, sending, agent)
        if not isinstance(taken, _Taken):
            return as_encoded_result(view.encode({"message": taken}), A2ASendResult)
        task_id, document = taken.task_id, taken.document
        stored = (call.caller.tenant, call.caller.subject, key, "agora.a2a.send", digest, task_id.encode(), call.now)
        call.tx.append(IDEMPOTENCY, stored)
    call.target = task_id
    if wait:
        return _afterwards(task_id, history_length, wait)
    if document is None or history_length == 0:
        document, _ = await reading.awaited(call.tx, task_id, history_length)
    return _answer(document)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message that is kept. document: its task, where it is new."""

    task_id: str
    document: dict[str, Any] | None = None


def _answer(document: Mapping[str, Any]) -> A2ASendResult:
    return as_encoded_result(view.encode({"task": document}), A2ASendResult)


def _afterwards(task_id: str, history_length: int | None, wait: float) -> A2ASendResult:
    """The task as it is once it has ended or asks for something."""

    async def read(call: Call) -> A2ASendResult:
        document, settled = await reading.awaited(call.tx, task_id, history_length)
        if not settled:
            raise WaitForEvent(reading.CHANGES, wait, _answer(document), subject=task_id)
        return _answer(document)

    return as_deferred_result(read)


async def _agent(call: Call, ref: str) -> Row:
    row = await find_agent(call.tx, ref)
    if row is None or row["retired_at"] is not None:
        raise NotFound(
            f"There is no agent {ref!r}.",
            fix="Agents are listed with GET /agora/a2a/catalogue.",
            errors=[{"field": "agent", "message": "unknown agent"}],
        )
    return row


async def _earlier(call: Call, key: str, digest: bytes, message_id: str) -> str | None:
    """The task of the same message, if it came before. Raises IdempotencyConflict for another one under its id."""
    row = await call.tx.one(answered, subject=call.caller.subject, key=key)
    if row is None:
        return None
    if bytes(row["digest"]) != digest:
        raise IdempotencyConflict(
            f"The message id {message_id!r} was used for another message.",
            fix="Give each message an id of its own; repeat one only unchanged.",
            errors=[{"field": "message.messageId", "message": "used for another message"}],
        )
    return bytes(row["response"]).decode()


async def _begin(call: Call, sending: Sending, agent: Row | None) -> _Taken | dict[str, Any]:
    """Make a task of a message; a message back, where nobody is found for it."""
    metadata = dict(with_trace(sending.metadata))
    if agent is None:
        route = await routing.route(call, sending.message, sending.skill)
        if route.agent is None:
            return _back(sending, route.because)
        agent, sending.skill = route.agent, route.skill
        own = metadata.get("agora")
        metadata["agora"] = (own if isinstance(own, dict) else {}) | {"skill": route.skill, "routed": route.because}
    await check_accepts(call, agent, sending.message["parts"], sending.supported)
    draft = await _task(call, sending, agent, metadata)
    if sending.push is not None:
        await push.create(call, draft.task_id, sending.push)
    await delivering.deliver(call, draft, agent, sending.message)
    status = view.status_of(draft.row, None)
    document = view.task(
        draft.row, metadata, status, [view.first_message(draft.row, {"message": sending.message})], None
    )
    return _Taken(draft.task_id, document)


async def _task(call: Call, sending: Sending, agent: Row, metadata: Mapping[str, Any]) -> TaskDraft:
    payload: dict[str, Any] = {"message": sending.message, "text": join_text(sending.message["parts"])}
    if sending.output_modes:
        payload["accepted_output_modes"] = list(sending.output_modes)
    order = giving.Order(
        sending.skill or PLAIN,
        encode_json(payload),
        agent["agent_id"],
        metadata=encode_json(metadata) if metadata else "{}",
        context_id=sending.context_id,
        agent=agent,
    )
    draft, _ = await giving.create_task(call, order)
    return draft


def _back(sending: Sending, text: str) -> dict[str, Any]:
    """A message of the front agent itself."""
    context_id = sending.context_id or f"ctx_{new_id('x')[2:]}"
    return {"messageId": new_id("msg"), "contextId": context_id, "role": "ROLE_AGENT", "parts": [{"text": text}]}


async def _go_on(call: Call, sending: Sending) -> _Taken:
    """Say something more in a task. Raises NotFound, IllegalTransition for one that has ended."""
    assert sending.task_id is not None
    row = await reading.belonging(call, sending.task_id, sending.agent, lock=True)
    caller = call.caller
    if caller.subject != row["created_by"] and not caller.acts_for_others:
        raise reading.missing(sending.task_id)
    if sending.context_id is not None and sending.context_id != context_of(row):
        raise InvalidRequest(
            f"The task {sending.task_id} is not of the context {sending.context_id!r}.",
            fix="Leave the context out, or begin a new task in it.",
            errors=[{"field": "message.contextId", "message": "not the task's"}],
        )
    draft = TaskDraft(call, row)
    require_open(draft)
    agent = await find_agent(call.tx, draft["assigned_agent"]) if draft["assigned_agent"] else None
    if agent is not None:
        await check_accepts(call, agent, sending.message["parts"], sending.supported)
    await add_requester_message(draft, sending.message)
    if sending.push is not None:
        await push.create(call, draft.task_id, sending.push)
    if agent is not None:
        await delivering.deliver(call, draft, agent, sending.message)
    return _Taken(draft.task_id)
