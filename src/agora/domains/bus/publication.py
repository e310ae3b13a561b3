"""Publication: stores an entry as a message or a task, in the transaction of its call."""

from __future__ import annotations

import hashlib
from dataclasses import field
from datetime import datetime
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from agora.clock import to_datetime
from agora.core.call import Call
from agora.core.idempotency import build_key_reused_error, find_idempotent_answer, store_idempotent_answer
from agora.domains.agents.references import find_agent
from agora.domains.messaging.service import MessageDraft, MessagingService
from agora.domains.tasks.service import TaskService
from agora.value_classes import value_class
from agora.wire.envelopes import SECTIONS, render_data_as_text
from agora_sdk.contract.bus import BusPriority, BusReceipt, BusType
from agora_sdk.contract.fields import JsonObject, Label, Priority, Timestamp
from agora_sdk.contract.messaging import MessageId
from agora_sdk.contract.results import Result
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import effects, responses

__all__ = ["Entry", "publish_entry"]

OPERATION = "agora.bus.publish"
BROADCAST = "broadcast"
PRIORITIES = {BusPriority.HIGH: Priority.HIGH, BusPriority.MEDIUM: Priority.NORMAL, BusPriority.LOW: Priority.LOW}
TASK_TYPE = "task"
MAX_MESSAGE_CHARACTERS = 900_000  #: maximum characters of a message
#: fields of a task_assignment's content that configure the task and are not part of its payload
TASK_FIELDS = ("deadline", "required_capabilities", "max_attempts", "timeout")


class Extensions(Result):
    """Known extensions of an entry: message fields that entries do not have."""

    message_type: Label | None = None
    priority: Priority | None = None
    reply_to: MessageId | None = None
    metadata: JsonObject = Field(default={}, max_length=100)


class AssignmentFields(Result):
    """Task fields in the content of a task_assignment."""

    task_type: Label = TASK_TYPE
    payload: JsonObject | None = None
    deadline: Timestamp | None = None
    required_capabilities: list[Label] = Field(default=[], max_length=20)
    max_attempts: int = Field(default=3, ge=1, le=100)
    timeout: int | None = Field(default=None, ge=1, le=604_800)


@value_class
class Entry:
    """A published entry."""

    type: BusType
    content: dict[str, Any]
    target: str
    priority: BusPriority
    correlation_id: str | None = None
    message_id: str | None = None
    sender: str | None = None
    timestamp: datetime | None = None
    extensions: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> bytes:
        """Digest by which a repeated message id is compared."""
        identity = (self.type, self.content, self.target, self.priority, self.correlation_id, self.extensions)
        return hashlib.blake2b(to_json(identity), digest_size=16).digest()


async def publish_entry(call: Call, entry: Entry) -> BusReceipt:
    """Store an entry and apply its effects. Idempotent by message_id. Raises IdempotencyConflict if its content differs."""
    key = f"bus:{entry.message_id}" if entry.message_id is not None else None
    if key is not None and (earlier := await _find_earlier_receipt(call, key, entry)):
        return earlier
    receipt = await (
        _assign_as_task(call, entry) if entry.type is BusType.TASK_ASSIGNMENT else _send_as_message(call, entry)
    )
    if key is not None:
        store_idempotent_answer(call, key, OPERATION, entry.digest, receipt.model_dump_json().encode())
    return receipt


async def _find_earlier_receipt(call: Call, key: str, entry: Entry) -> BusReceipt | None:
    answer = await find_idempotent_answer(
        call, key, OPERATION, entry.digest, lambda: build_key_reused_error("message_id", str(entry.message_id), "entry")
    )
    return None if answer is None else BusReceipt.model_validate_json(answer)


# -- messages ------------------------------------------------------------------------------------


async def _send_as_message(call: Call, entry: Entry) -> BusReceipt:
    extensions = _validate_fields(Extensions, entry.extensions, "extensions")
    # Before the message: an update that is refused, such as by a wrong fencing token, refuses the whole entry.
    task_id = await effects.apply_entry_effects(call, entry.type, entry.content)
    draft = MessageDraft(
        to_agent=entry.target,
        content=_encode_valid_content(entry.content),
        message_type=extensions.message_type or entry.type.value,
        priority=extensions.priority or PRIORITIES[entry.priority],
        from_agent=entry.sender,
        correlation_id=entry.correlation_id,
        reply_to=extensions.reply_to,
        metadata=_build_message_metadata(entry, extensions),
    )
    message = await MessagingService(call).send_draft(draft)
    call.target = message.message_id
    await _start_response_deadline(call, entry, message.message_id)
    return BusReceipt.model_construct(
        message_id=message.message_id,
        type=entry.type,
        priority=entry.priority,
        timestamp=to_datetime(call.now),
        task_id=task_id,
        recipients=message.recipients,
        warning=message.warning,
    )


def _encode_valid_content(content: dict[str, Any]) -> str:
    text = render_data_as_text(content)
    if len(text) > MAX_MESSAGE_CHARACTERS or "\0" in text:
        rule = (
            f"holds at most {MAX_MESSAGE_CHARACTERS} characters"
            if len(text) > MAX_MESSAGE_CHARACTERS
            else "holds no NUL"
        )
        raise InvalidRequest(f"content {rule}.", errors=[field_error("content", rule)])
    return text


def _build_message_metadata(entry: Entry, extensions: Extensions) -> dict[str, Any]:
    """Build the message's metadata, with a ``bus`` section from which the entry can be restored unchanged."""
    section: dict[str, Any] = {}
    if entry.message_id is not None:
        section["message_id"] = entry.message_id
    if entry.timestamp is not None:
        section["timestamp"] = format_timestamp(entry.timestamp)
    unknown = {name: value for name, value in entry.extensions.items() if name not in Extensions.model_fields}
    if unknown:
        section["extensions"] = unknown
    if reserved := sorted(SECTIONS & extensions.metadata.keys()):
        raise InvalidRequest(
            f"The name {reserved[0]!r} in metadata is reserved for the protocols.",
            fix="Choose another name.",
            errors=[field_error("extensions.metadata", "reserved name")],
        )
    return extensions.metadata | ({"bus": section} if section else {})


def format_timestamp(value: datetime) -> str:
    text: str = TypeAdapter(datetime).dump_python(value, mode="json")
    return text


# -- tasks ---------------------------------------------------------------------------------------


async def _assign_as_task(call: Call, entry: Entry) -> BusReceipt:
    """Create a task for the entry's target, or, for a broadcast, for any agent that claims it."""
    _check_assigner(call, entry)
    order = _validate_fields(AssignmentFields, entry.content, "content")
    payload = order.payload if order.payload is not None else _build_task_payload(entry.content)
    receipt = await TaskService(call).assign(
        order.task_type,
        payload,
        None if entry.target == BROADCAST else entry.target,
        order.deadline,
        PRIORITIES[entry.priority],
        required_capabilities=order.required_capabilities,
        max_attempts=order.max_attempts,
        timeout=order.timeout,
        metadata=_build_task_metadata(entry),
    )
    await _start_response_deadline(call, entry, receipt.task_id)
    return BusReceipt.model_construct(
        message_id=receipt.task_id,
        type=entry.type,
        priority=entry.priority,
        timestamp=to_datetime(call.now),
        task_id=receipt.task_id,
        recipients=1 if receipt.assigned_agent else None,
        warning=receipt.warning,
    )


def _check_assigner(call: Call, entry: Entry) -> None:
    if not call.caller.may("write:tasks"):
        raise PermissionDenied(
            "A task_assignment needs the scope 'write:tasks'.",
            fix="Ask an operator for a key that has it.",
            required="write:tasks",
        )
    # A task is paid for and limited by its creator, so it cannot be created in another name.
    if entry.sender not in (None, call.caller.subject, call.caller.name):
        raise InvalidRequest(
            "The sender of a task_assignment must be the caller.",
            fix="Leave sender out, or use that agent's credential.",
            errors=[field_error("sender", "not the caller")],
        )


def _build_task_payload(content: dict[str, Any]) -> dict[str, Any]:
    """Remove the task fields from the content."""
    return {name: value for name, value in content.items() if name not in {"task_type", *TASK_FIELDS}}


def _build_task_metadata(entry: Entry) -> dict[str, Any]:
    fields = {"message_id": entry.message_id, "correlation_id": entry.correlation_id, "target": entry.target}
    values = {name: value for name, value in fields.items() if value is not None}
    return {"bus": values | ({"extensions": entry.extensions} if entry.extensions else {})}


# -- shared --------------------------------------------------------------------------------------


def _validate_fields(model: type[Any], document: dict[str, Any], where: str) -> Any:
    """Validate the known fields of an object. Raises InvalidRequest that lists the invalid ones."""
    try:
        return model.model_validate({name: document[name] for name in model.model_fields if name in document})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:20]
        errors = [field_error(".".join((where, *map(str, f["loc"]))), describe_error(f)) for f in faults]
        raise InvalidRequest(f"{errors[0]['field']}: {errors[0]['message']}", errors=errors) from None


async def _start_response_deadline(call: Call, entry: Entry, ref: str) -> None:
    """Start a response deadline, if the entry has a recipient or is a task."""
    recipient: str | None = None
    if entry.target != BROADCAST and not entry.target.startswith("capability:"):
        row = await find_agent(call.tx, entry.target)
        recipient = None if row is None else row.agent_id
    if recipient is not None or entry.type is BusType.TASK_ASSIGNMENT:
        await responses.start_response_deadline(
            call, ref, recipient or "", entry.type, entry.priority, entry.correlation_id
        )
