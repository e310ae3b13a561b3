"""Questions of an upstream during a call for a task: they become questions of the task, answered by its requester.

The task waits with the question's form (``input_required``, or ``auth_required`` for a URL), and continues under the
same lease. When the call or this server ends before the answer, the question is withdrawn.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final, Protocol

from pydantic_core import from_json

from agora.core.call import CallClient, Caller, ClientRefused
from agora.core.ports import Port
from agora_sdk.errors import AgoraError

__all__ = ["OPERATIONS", "InvokeOperation", "TaskClient"]

ELICIT_METHOD: Final = "elicitation/create"
POLL_SECONDS: Final = 0.25
MAX_POLL_SECONDS: Final = 2.0
RENEW_SECONDS: Final = 5.0  #: between renewals of the lease, which lasts ten seconds or more
MAX_TRIES: Final = 3  #: invalid answers before the upstream gets an error
DECLINING_ACTIONS: Final = frozenset({"decline", "cancel"})
INTERRUPTED_STATUSES: Final = frozenset({"input_required", "auth_required"})


class InvokeOperation(Protocol):
    """Run an operation by name as a caller, in its own transaction; returns its result as JSON data."""

    async def __call__(self, caller: Caller, name: str, arguments: Mapping[str, Any], /) -> Any: ...


OPERATIONS: Port[InvokeOperation] = Port("operations that rules call outside of transactions")


class TaskClient:
    """A :class:`agora.core.call.CallClient` whose user is the requester of a task.

    caller: holds the task under the fencing token. inner: client of the call itself, for sampling and roots.
    """

    def __init__(
        self, invoke: InvokeOperation, caller: Caller, task_id: str, fencing_token: int, inner: CallClient | None
    ) -> None:
        self._invoke, self._caller, self._inner = invoke, caller, inner
        self._claimed_task = {"task_id": task_id, "fencing_token": fencing_token}
        capabilities = {} if inner is None else {name: inner.capabilities[name] for name in inner.capabilities}
        self._capabilities = capabilities | {"elicitation": {"form": {}, "url": {}}}

    @property
    def key(self) -> str:
        """Key of the task's exclusive connection."""
        # Each call for a task gets the same connection, so that the upstream's state of the session stays.
        return f"task {self._claimed_task['task_id']}"

    @property
    def capabilities(self) -> Mapping[str, Any]:
        return self._capabilities

    @property
    def log_level(self) -> str | None:
        return self._inner.log_level if self._inner is not None else None

    async def send_notification(self, method: str, params: Mapping[str, Any], /) -> None:
        if self._inner is not None:
            await self._inner.send_notification(method, params)

    async def send_request(self, method: str, params: Mapping[str, Any], /) -> dict[str, Any]:
        """Ask the requester. Raises ClientRefused if there is no answer."""
        if method != ELICIT_METHOD:
            if self._inner is None:
                raise ClientRefused(f"The task's requester takes no {method}.")
            return await self._inner.send_request(method, params)
        url, text = params.get("url"), str(params.get("message") or "The tool needs an answer to go on.")
        schema = params.get("requestedSchema") if url is None else None
        for _ in range(MAX_TRIES):
            try:
                answer = await self._ask_requester(text, url, schema)
            except AgoraError as error:
                raise ClientRefused(f"The requester of the task cannot be asked: {error}") from None
            if (result := parse_elicitation_answer(answer, schema, url is not None)) is not None:
                return result
            text = f"The answer does not fit the form. {params.get('message') or ''}".strip()
        raise ClientRefused("The requester's answers do not fit the form.")

    async def _ask_requester(self, text: str, url: str | None, schema: Any) -> Mapping[str, Any] | None:
        """Wait for the requester's message; None if the task ends or continues without one."""
        question: dict[str, Any] = {"text": text if url is None else f"{text}\n{url}", "keep_lease": True}
        question["status"] = "input_required" if url is None else "auth_required"
        if isinstance(schema, Mapping):
            question["metadata"] = {"requestedSchema": dict(schema)}
        entry = await self._invoke(self._caller, "agora.task.message", self._claimed_task | question)
        try:
            return await self._wait_for_answer(int(entry["number"]))
        except asyncio.CancelledError:
            # Shielded: otherwise the task would wait for an answer that nobody reads.
            await asyncio.shield(self._withdraw_question())
            raise

    async def _wait_for_answer(self, number: int) -> Mapping[str, Any] | None:
        loop = asyncio.get_running_loop()
        pause, renew_at = POLL_SECONDS, loop.time() + RENEW_SECONDS
        while True:
            task = await self._invoke(self._caller, "agora.task.get", {"task_id": self._claimed_task["task_id"]})
            # Polled: this runs outside of any transaction, and an answer may arrive on any server.
            if task["status"] not in INTERRUPTED_STATUSES:
                return await self._read_answer(number)
            if loop.time() >= renew_at:
                await self._invoke(self._caller, "agora.task.renew", self._claimed_task)
                renew_at = loop.time() + RENEW_SECONDS
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, MAX_POLL_SECONDS)

    async def _read_answer(self, number: int) -> Mapping[str, Any] | None:
        task_filter = {"task_id": self._claimed_task["task_id"], "limit": 500}
        cursor = None
        while True:
            page = await self._invoke(
                self._caller, "agora.task.history", task_filter | ({"cursor": cursor} if cursor else {})
            )
            for entry in page["entries"]:
                data = entry.get("data")
                # Messages before the question answered something else.
                if entry["number"] > number and isinstance(data, dict) and data.get("role") == "ROLE_USER":
                    return data
            cursor = page.get("next_cursor")
            if cursor is None:
                return None

    async def _withdraw_question(self) -> None:
        """Withdraw the question: the call ended before the answer."""
        notes = "The question is withdrawn: the call that asked it has ended."
        with contextlib.suppress(AgoraError):  # task ended or has another holder: also withdrawn
            await self._invoke(
                self._caller, "agora.task.update", self._claimed_task | {"status": "in_progress", "notes": notes}
            )


def parse_elicitation_answer(message: Mapping[str, Any] | None, schema: Any, is_url: bool) -> dict[str, Any] | None:
    """Convert a requester's message to the result of an elicitation; None if it does not match the form.

    A data part is the content of the form. A text is the content if it is a JSON object, or else the value of the only
    field.
    """
    if message is None:
        return {"action": "cancel"}
    metadata = message.get("metadata")
    action = metadata.get("action") if isinstance(metadata, Mapping) else None
    if action in DECLINING_ACTIONS:
        return {"action": str(action)}
    if is_url:
        return {"action": "accept"}
    for part in message.get("parts", ()):
        content = part.get("data") if "data" in part else _read_text(part.get("text"), schema)
        if isinstance(content, dict) and _matches_schema(content, schema):
            return {"action": "accept", "content": content}
    return None


def _read_text(text: Any, schema: Any) -> Any:
    """Convert a text to the content of a form."""
    if not isinstance(text, str):
        return None
    with contextlib.suppress(ValueError):
        if isinstance(content := from_json(text), dict):
            return content
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or len(properties) != 1:
        return None
    ((name, field),) = properties.items()
    return {name: _read_value(text.strip(), field.get("type") if isinstance(field, Mapping) else None)}


def _read_value(text: str, kind: Any) -> Any:
    if kind == "boolean":
        return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)
    if kind in ("integer", "number"):
        with contextlib.suppress(ValueError):
            return int(text) if kind == "integer" else float(text)
    return text


def _matches_schema(content: Mapping[str, Any], schema: Any) -> bool:
    """Whether a content matches the form; a form without a valid schema accepts everything."""
    from agora.json_schemas import find_schema_error, find_value_error

    if not isinstance(schema, Mapping) or find_schema_error(schema) is not None:
        return True
    return find_value_error(schema, dict(content)) is None
