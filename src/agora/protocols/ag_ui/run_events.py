"""Events of a run (AG-UI 1.0), converted from a task's updates: text, tool calls, state, and the end of the run.

===========================================  =================================================================
in the task                                  in the run
===========================================  =================================================================
output, chunk by chunk                       one text message that grows
a message of the agent; text of an artifact  a text message
``tool_call``, ``tool_result`` in a message  ``TOOL_CALL_START``, ``_ARGS``, ``_END``; ``TOOL_CALL_RESULT``
progress, notes, status                      ``STATE_DELTA`` below ``/agora``
the artifact ``state``                       ``STATE_SNAPSHOT``; appended to it, a JSON Patch: ``STATE_DELTA``
another artifact                             ``CUSTOM`` named ``agora.artifact``
messages before a page connects              ``MESSAGES_SNAPSHOT``
a question                                   ``RUN_FINISHED`` with interrupts, or with pending tool calls
completed, canceled                          ``RUN_FINISHED``: success with the result, or cancelled
failed, rejected                             ``RUN_ERROR``
===========================================  =================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json

from agora.wire.tool_calls import ToolCall, find_approval_request, list_tool_calls, list_tool_results

from .interrupts import build_interrupts, build_wire_id, join_texts, list_pending_call_ids

__all__ = ["PROTOCOL_VERSION", "RunEvents"]

PROTOCOL_VERSION: Final = "1.0"
OUTPUT, RESULT, STATE = "output", "result", "state"  #: ids of artifacts
OWN_STATE_KEY: Final = "agora"  #: member of the state maintained by the marketplace
PATCH_OPERATIONS: Final = frozenset({"add", "remove", "replace", "move", "copy", "test"})
MAX_PATCH_OPERATIONS: Final = 1000  #: maximum operations of one delta
MAX_REMEMBERED_CHARACTERS: Final = 65_536  #: characters of a run's last text kept to detect a result that repeats it

Event = dict[str, Any]
Fields = Mapping[str, Any]


class RunEvents:
    """Builds the events of one run; ``has_ended`` is set with the last one.

    state: initial value of the client; only an object can be extended.
    """

    def __init__(self, thread_id: str, run_id: str, state: Any = None) -> None:
        self._thread_id, self._run_id = thread_id, run_id
        self._state: dict[str, Any] | None = dict(state or {}) if isinstance(state, dict | None) else None
        self._task_id = ""
        self._own_state: dict[str, Any] = {}
        self._open_message: str | None = None
        self._last_text = ""
        self._has_spoken = False
        self._result: Any = None
        self._shown_calls: set[str] = set()
        self._is_patched = False
        self._number = 0
        self.has_ended = False

    # -- begin and end -------------------------------------------------------------------------------------

    def build_start_events(self) -> list[Event]:
        """Build the first event of every run."""
        return [self._build_run_boundary_event("RUN_STARTED", protocolVersion=PROTOCOL_VERSION)]

    def build_conversation_events(self, messages: Sequence[Fields]) -> list[Event]:
        """Build the event with the texts of A2A messages, for a page that has not received them."""
        entries = [
            {
                "id": str(message["messageId"]),
                "role": "user" if message["role"] == "ROLE_USER" else "assistant",
                "content": text,
            }
            for message in messages
            if (text := join_texts(message))
        ]
        return [{"type": "MESSAGES_SNAPSHOT", "messages": entries}] if entries else []

    def start_task_events(self, task_id: str) -> list[Event]:
        """Set the task of the run and its initial state; later events are about this task."""
        self._task_id = task_id
        self._own_state = {
            "task_id": task_id,
            "context_id": self._thread_id,
            "status": "submitted",
            "progress": 0,
            "note": None,
            "artifacts": [],
        }
        return self._build_state_snapshot()

    def fail_run(self, message: str, code: str) -> list[Event]:
        """End the run with an error, unless it has ended."""
        if self.has_ended:
            return []
        self.has_ended = True
        return [*self._close_message(), {"type": "RUN_ERROR", "message": message or code, "code": code}]

    def finish_with_message(self, message: Fields) -> list[Event]:
        """End a run whose reply is a message without a task."""
        return [*self._build_message_events(message), *self._finish_run({"type": "success"})]

    def finish_empty_run(self) -> list[Event]:
        """End a run that connects to an empty thread."""
        return self._finish_run({"type": "success"})

    def _build_run_boundary_event(self, kind: str, **more: Any) -> Event:
        return {"type": kind, "threadId": self._thread_id, "runId": self._run_id, **more}

    def _finish_run(self, outcome: Event, **more: Any) -> list[Event]:
        self.has_ended = True
        return [*self._close_message(), self._build_run_boundary_event("RUN_FINISHED", **more, outcome=outcome)]

    # -- updates of the task -------------------------------------------------------------------------------

    def build_update_events(self, update: Fields) -> list[Event]:
        """Build the events of one item of a task's A2A 1.0 stream."""
        if self.has_ended:
            return []
        if "artifactUpdate" in update:
            return list(self._build_artifact_events(update["artifactUpdate"]))
        if "statusUpdate" in update:
            return list(self._build_status_events(update["statusUpdate"]))
        return []

    def _build_status_events(self, update: Fields) -> Iterator[Event]:
        status, own_metadata = update["status"], (update.get("metadata") or {}).get(OWN_STATE_KEY) or {}
        state, message = status["state"], status.get("message") or {}
        changes = {"status": state.removeprefix("TASK_STATE_").lower()}
        if "progress" in own_metadata:
            changes["progress"] = own_metadata["progress"]
        is_note = bool(own_metadata.get("note"))
        if is_note:
            changes["note"] = join_texts(message)
        yield from self._update_own_state(changes)
        match state:
            case "TASK_STATE_COMPLETED":
                yield from self._complete_run()
            case "TASK_STATE_CANCELED":
                yield from self._finish_run({"type": "cancelled"})
            case "TASK_STATE_FAILED" | "TASK_STATE_REJECTED":
                yield from self.fail_run(join_texts(message), f"task_{changes['status']}")
            case "TASK_STATE_INPUT_REQUIRED" | "TASK_STATE_AUTH_REQUIRED":
                yield from self._interrupt_run(message, state)
            case _ if message and not is_note:
                yield from self._build_message_events(message)

    def _complete_run(self) -> list[Event]:
        events: list[Event] = []
        # Chat pages show only texts: a result that is data alone would look like no answer.
        if not self._has_spoken and self._result is not None:
            events = self._build_text_message(f"{self._task_id}.{RESULT}", to_json(self._result).decode())
        return [*events, *self._finish_run({"type": "success"}, result=self._result)]

    def _interrupt_run(self, question: Fields, state: str) -> Iterator[Event]:
        """End the run with a question's interrupts. Tool calls and the state are emitted before them."""
        approval, pending = find_approval_request(question), list_pending_call_ids(question)
        text = join_texts(question)
        if approval is None and text:
            yield from self._build_text_message(str(question["messageId"]), text)
        if approval is not None:
            yield from self._build_call_events_once(approval)
        for call in list_tool_calls(question):
            yield from self._build_call_events_once(call)
        yield from self._build_state_snapshot()
        if pending:
            ids = [build_wire_id(self._task_id, each) for each in pending]
            yield from self._finish_run({"type": "success", "pendingToolCallIds": ids})
        else:
            interrupts = build_interrupts(self._task_id, question, state)
            yield from self._finish_run({"type": "interrupt", "interrupts": interrupts})

    # -- text and calls ------------------------------------------------------------------------------------

    def _build_message_events(self, message: Fields) -> Iterator[Event]:
        if text := join_texts(message):
            yield from self._build_text_message(str(message.get("messageId")), text)
        for call in list_tool_calls(message):
            yield from self._build_call_events_once(call)
        for result in list_tool_results(message):
            call_id = build_wire_id(self._task_id, result.id)
            content = result.content if isinstance(result.content, str) else to_json(result.content).decode()
            yield {
                "type": "TOOL_CALL_RESULT",
                "messageId": f"{call_id}.result",
                "toolCallId": call_id,
                "content": content,
                "role": "tool",
            }
        files = [part for part in message.get("parts", ()) if "raw" in part or "url" in part]
        if files:
            yield {"type": "CUSTOM", "name": "agora.message", "value": {"parts": files}}

    def _build_text_message(self, message_id: str, text: str) -> list[Event]:
        self._has_spoken, self._last_text = True, text[-MAX_REMEMBERED_CHARACTERS:]
        return [
            *self._close_message(),
            {"type": "TEXT_MESSAGE_START", "messageId": message_id, "role": "assistant"},
            {"type": "TEXT_MESSAGE_CONTENT", "messageId": message_id, "delta": text},
            {"type": "TEXT_MESSAGE_END", "messageId": message_id},
        ]

    def _build_call_events_once(self, call: ToolCall) -> Iterator[Event]:
        """Build the events of a call, once: an agent that resumes a task may report it again."""
        call_id = build_wire_id(self._task_id, call.id)
        if call_id in self._shown_calls:
            return
        self._shown_calls.add(call_id)
        yield from self._close_message()
        yield {"type": "TOOL_CALL_START", "toolCallId": call_id, "toolCallName": call.name}
        yield {"type": "TOOL_CALL_ARGS", "toolCallId": call_id, "delta": to_json(call.arguments).decode()}
        yield {"type": "TOOL_CALL_END", "toolCallId": call_id}

    def _build_output_events(self, text: str) -> Iterator[Event]:
        """Append to the output message. A message between two chunks ends it, and the next chunk begins another one."""
        if not text:
            return
        if self._open_message is None:
            self._last_text = ""
            # Unique in the run, and the same in its replay: pages identify messages by their ids.
            self._open_message = f"{self._task_id}.{OUTPUT}.{len(self._shown_calls)}.{self._next_number()}"
            yield {"type": "TEXT_MESSAGE_START", "messageId": self._open_message, "role": "assistant"}
        self._has_spoken = True
        self._last_text = (self._last_text + text)[-MAX_REMEMBERED_CHARACTERS:]
        yield {"type": "TEXT_MESSAGE_CONTENT", "messageId": self._open_message, "delta": text}

    def _close_message(self) -> list[Event]:
        if self._open_message is None:
            return []
        closing = {"type": "TEXT_MESSAGE_END", "messageId": self._open_message}
        self._open_message = None
        return [closing]

    # -- artifacts and state -------------------------------------------------------------------------------

    def _build_artifact_events(self, update: Fields) -> Iterator[Event]:
        artifact, append = update["artifact"], bool(update.get("append"))
        identifier, parts = artifact["artifactId"], artifact.get("parts", [])
        if identifier == OUTPUT:
            yield from self._build_output_events(join_texts(artifact))
        elif identifier == RESULT and set(artifact) <= {"artifactId", "name", "parts"}:
            yield from self._build_result_events(parts)
        elif identifier == STATE and (events := self._build_state_events(parts, append=append)) is not None:
            yield from events
        else:
            yield from self._build_custom_artifact_events(artifact, append=append)

    def _build_result_events(self, parts: Sequence[Fields]) -> Iterator[Event]:
        """Build the events of the result; its text is a message unless it repeats an earlier one."""
        part = parts[0] if parts else {}
        self._result = part.get("text", part.get("data"))
        if isinstance(self._result, str) and self._result.strip():
            repeats = self._last_text.strip().endswith(self._result.strip()[-MAX_REMEMBERED_CHARACTERS:])
            if not repeats:
                yield from self._build_text_message(f"{self._task_id}.{RESULT}", self._result)

    def _build_custom_artifact_events(self, artifact: Fields, *, append: bool) -> Iterator[Event]:
        identifier = artifact["artifactId"]
        if text := join_texts(artifact):
            yield from self._build_text_message(f"{self._task_id}.{identifier}.{self._next_number()}", text)
        yield {"type": "CUSTOM", "name": "agora.artifact", "value": {"artifact": artifact, "append": append}}
        if not append and self._state is not None:
            entry = {"artifact_id": identifier, "name": artifact.get("name")}
            if entry not in self._own_state["artifacts"]:
                self._own_state["artifacts"].append(entry)
                yield _build_state_delta([{"op": "add", "path": f"/{OWN_STATE_KEY}/artifacts/-", "value": entry}])

    def _build_state_events(self, parts: Sequence[Fields], *, append: bool) -> list[Event] | None:
        """Build the events of an artifact with the agent's state; None for other artifacts."""
        value = parts[0].get("data") if len(parts) == 1 else None
        if append:
            if (
                not isinstance(value, list)
                or len(value) > MAX_PATCH_OPERATIONS
                or not all(map(_is_patch_operation, value))
            ):
                return None
            self._is_patched = True  # from now on only the client knows the state
            return [_build_state_delta(value)]
        if not isinstance(value, dict):
            return None
        self._state, self._is_patched = value, False
        return self._build_state_snapshot()

    def _build_state_snapshot(self) -> list[Event]:
        # After a patch of the agent, a snapshot would undo it: the state is not computed here.
        if self._state is None or self._is_patched or not self._own_state:
            return []
        return [{"type": "STATE_SNAPSHOT", "snapshot": {**self._state, OWN_STATE_KEY: dict(self._own_state)}}]

    def _update_own_state(self, changes: Fields) -> list[Event]:
        updates = {name: value for name, value in changes.items() if self._own_state.get(name) != value}
        self._own_state.update(updates)
        # A state that is no object has no member to change: the client keeps its own.
        if not updates or self._state is None:
            return []
        return [
            _build_state_delta(
                [{"op": "add", "path": f"/{OWN_STATE_KEY}/{name}", "value": value} for name, value in updates.items()]
            )
        ]

    def _next_number(self) -> int:
        self._number += 1
        return self._number


def _build_state_delta(operations: Sequence[Any]) -> Event:
    return {"type": "STATE_DELTA", "delta": list(operations)}


def _is_patch_operation(operation: Any) -> bool:
    return (
        isinstance(operation, dict)
        and operation.get("op") in PATCH_OPERATIONS
        and isinstance(operation.get("path"), str)
    )
