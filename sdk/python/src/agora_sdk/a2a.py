"""A client for any A2A agent, version 1.0 or 0.3, on this marketplace or elsewhere.

::

    from agora_sdk.a2a import A2AClient

    async with await A2AClient.connect("http://localhost:8080") as agent:
        answer = await agent.send("Calculate 25 * 4")
        print(answer.state, answer.text)

        async for update in agent.stream("Analyze this text: ..."):
            print(update.text)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from . import __version__
from . import a2a_wire as wire
from .backoff import Backoff
from .errors import AgoraError, DeadlineExceeded, NotFound, ServerUnreachable, UpstreamFailed
from .mcp_wire import Events, EventTooLong
from .message import Message, Part

__all__ = ["A2AClient", "Answer", "Update"]

CONNECT_SECONDS = 5.0
MAX_BYTES = 32 * 1024 * 1024  # bytes of an answer, or of one item of a stream
#: Headers of a redirected request that another origin receives.
PUBLIC_HEADERS = frozenset({"accept", "accept-encoding", "connection", "host", "user-agent"})
# In a row without an item between them; every item begins the count anew.
MAX_RESUMES = 5
# A2A 1.0, section 4.1.3: in these states the agent waits, and its stream ends.
_INTERRUPTED = frozenset({"input_required", "auth_required"})
_TERMINAL = frozenset({"completed", "failed", "canceled", "rejected"})


@dataclass(frozen=True, slots=True)
class Answer:
    """An agent's answer: a task, a message, or both.

    task, message: in the form of A2A 1.0, whichever version the agent speaks.
    """

    task: Mapping[str, Any] | None = None
    message: Message | None = None

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Answer:
        message = result.get("message")
        return cls(result.get("task"), Message.of(message) if message else None)

    @property
    def task_id(self) -> str | None:
        return self.task.get("id") if self.task else None

    @property
    def context_id(self) -> str | None:
        """Id of the conversation: pass it with the next message."""
        return self.task.get("contextId") if self.task else self.message.context_id if self.message else None

    @property
    def state(self) -> str:
        """``completed``, ``working``, ``input_required`` and so on; ``completed`` for a message without a task."""
        return _read_state_name(self.task["status"]) if self.task else "completed"

    @property
    def parts(self) -> list[Part]:
        """The parts of the message, else of the artifacts, else of the status message."""
        if self.message is not None:
            return list(self.message.parts)
        task = self.task or {}
        artifact_parts = [part for artifact in task.get("artifacts") or () for part in Message.of(artifact).parts]
        status_message = (task.get("status") or {}).get("message")
        if status_message and (not artifact_parts or self.state in _INTERRUPTED):
            # While input is required, the question is what the caller has to read, even if there are artifacts already.
            return list(Message.of(status_message).parts)
        return artifact_parts

    @property
    def text(self) -> str:
        """Return the text of the parts, or their data as JSON if there is no text."""
        return Message(self.parts).as_text()


@dataclass(frozen=True, slots=True)
class Update:
    """One item of a stream. text: its new text. state: of the task. appends: whether it continues the previous text.

    final: whether it is the last one.
    """

    text: str = ""
    state: str = "working"
    task_id: str | None = None
    context_id: str | None = None
    appends: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        return self.state in _TERMINAL or self.state in _INTERRUPTED


class A2AClient:
    """A client of one A2A agent; created by :meth:`connect`.

    card: the agent's card unchanged; empty if it has none. endpoint: address and protocol version in use.
    """

    def __init__(
        self,
        endpoint: wire.Endpoint,
        card: Mapping[str, Any],
        http: httpx.AsyncClient,
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self.endpoint, self.card = endpoint, card
        self._http, self._backoff = http, backoff or Backoff()

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 120.0,
    ) -> Self:
        """Read an agent's card and choose the endpoint.

        url: of the agent, or of its card. token: sent as ``Authorization: Bearer``. seconds: timeout for an answer,
        or for the next item of a stream.
        An agent without a card is called with version 0.3 at its address. Raises ServerUnreachable, Unauthenticated.
        """
        request_headers = {"user-agent": f"agora-sdk/{__version__}", **(headers or {})} | (
            {"authorization": f"Bearer {token}"} if token else {}
        )
        limits = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        address = wire.card_url(url)
        http = httpx.AsyncClient(headers=request_headers, timeout=limits)
        try:
            card, card_address = await _fetch_card_or_empty(http, address)
            endpoint = wire.choose_endpoint(card, address) if card else wire.Endpoint(_build_absolute_url(url))
            # A card of another origin, reached by a redirect, may not choose who receives the caller's headers.
            if not any(is_trusted_target(httpx.URL(address), each) for each in (card_address, httpx.URL(endpoint.url))):
                _remove_private_headers(http.headers)
        # Also a cancellation: nobody else would close the client.
        except BaseException:
            await http.aclose()
            raise
        return cls(endpoint, card, http)

    @property
    def name(self) -> str:
        return str(self.card.get("name") or self.endpoint.url)

    @property
    def description(self) -> str:
        return str(self.card.get("description") or "")

    @property
    def skills(self) -> list[Mapping[str, Any]]:
        return [skill for skill in self.card.get("skills") or () if isinstance(skill, Mapping)]

    @property
    def streams(self) -> bool:
        """Whether the card declares streaming."""
        capabilities = self.card.get("capabilities")
        return bool(capabilities.get("streaming")) if isinstance(capabilities, Mapping) else False

    async def send(
        self,
        message: Message | str,
        *,
        context_id: str | None = None,
        task_id: str | None = None,
        skill: str | None = None,
        wait: bool = True,
    ) -> Answer:
        """Send a message and return the answer. context_id, task_id: to continue. wait: until there is a result."""
        params = _build_message_params(message, context_id, task_id, skill) | {
            "configuration": {"returnImmediately": not wait}
        }
        return Answer.of(wire.normalize_result(await self._call_method("SendMessage", params)))

    async def get_task(self, task_id: str) -> Answer:
        return Answer.of(wire.normalize_result(await self._call_method("GetTask", {"id": task_id})))

    async def cancel(self, task_id: str) -> Answer:
        return Answer.of(wire.normalize_result(await self._call_method("CancelTask", {"id": task_id})))

    async def stream(
        self,
        message: Message | str,
        *,
        context_id: str | None = None,
        task_id: str | None = None,
        skill: str | None = None,
    ) -> AsyncIterator[Update]:
        """Send a message and stream the answer. A broken stream is resumed if the agent supports it."""
        params = _build_message_params(message, context_id, task_id, skill) | {"configuration": {}}
        async for update in self._stream_updates("SendStreamingMessage", params, task_id):
            yield update

    async def resubscribe(self, task_id: str) -> AsyncIterator[Update]:
        """Stream the further updates of a task."""
        async for update in self._stream_updates("SubscribeToTask", {"id": task_id}, task_id):
            yield update

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    # -- the wire --------------------------------------------------------------------------------

    async def _call_method(self, method: str, params: Mapping[str, Any]) -> Any:
        async with self._open_response(wire.build_call(self.endpoint, method, params)) as response:
            return wire.parse_result(response.status_code, await _read_json(response))

    @asynccontextmanager
    async def _open_response(
        self, call: wire.Call, more: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        headers = dict(call.headers) | dict(more or {})
        async with (
            _translate_errors(call.url),
            self._http.stream(call.method, call.url, headers=headers, json=call.json) as response,
        ):
            yield response

    async def _stream_updates(
        self, method: str, params: Mapping[str, Any], task_id: str | None
    ) -> AsyncIterator[Update]:
        """Yield the items of a stream, which is resumed when it breaks."""
        last_event_id, break_error, tries = "", None, 0
        while True:
            call = wire.build_call(self.endpoint, method, params)
            try:
                async for event_id, document in self._stream_events(
                    call, {"last-event-id": last_event_id} if last_event_id else {}
                ):
                    update = _build_update(wire.normalize_result(wire.parse_result(200, document)))
                    task_id, last_event_id, tries = update.task_id or task_id, event_id or last_event_id, 0
                    yield update
                    if update.final:
                        return
                return
            except ServerUnreachable as error:
                break_error, tries = error, tries + 1
            except AgoraError:
                # A2A 1.0, section 3.1.6: a subscription to a task that has ended is refused. It ended while the stream was broken.
                last_update = await self._read_task_if_ended(str(task_id)) if break_error else None
                if last_update is None:
                    raise
                yield last_update
                return
            if task_id is None or tries > MAX_RESUMES:
                # Without a task id nothing can be resumed, and a repeated message could run twice.
                raise break_error
            await asyncio.sleep(self._backoff.pause(tries - 1))
            # Sending the message again would begin a second task.
            method, params = "SubscribeToTask", {"id": task_id}

    async def _read_task_if_ended(self, task_id: str) -> Update | None:
        """Read a task as the last update of its stream; None if it has not ended."""
        update = _build_update(wire.normalize_result(await self._call_method("GetTask", {"id": task_id})))
        return update if update.final else None

    async def _stream_events(self, call: wire.Call, headers: Mapping[str, str]) -> AsyncIterator[tuple[str, Any]]:
        """Yield event ids and documents; for an agent without streaming, its single answer."""
        async with self._open_response(call, headers) as response:
            if "text/event-stream" not in response.headers.get("content-type", ""):
                yield "", await _read_json(response, raises_error_status=True)
                return
            events, event_id = Events(limit=MAX_BYTES), ""
            async for chunk in response.aiter_bytes():
                try:
                    for event in events.feed(chunk):
                        event_id = event_id if event.id is None else event.id.strip()
                        if event.data:
                            yield event_id, _parse_stream_item(event.data.decode("utf-8", "replace"))
                except EventTooLong:
                    raise UpstreamFailed(f"An item of the stream has more than {MAX_BYTES} bytes.") from None


def _build_message_params(
    message: Message | str, context_id: str | None, task_id: str | None, skill: str | None
) -> dict[str, Any]:
    outgoing = Message([Part(content=message)]) if isinstance(message, str) else message
    document = outgoing.wire() | {"role": "ROLE_USER"}
    more = {"contextId": context_id or outgoing.context_id, "taskId": task_id or outgoing.task_id}
    document |= {name: value for name, value in more.items() if value}
    skill_id = skill or outgoing.skill
    if skill_id:
        document["metadata"] = dict(document.get("metadata") or {}) | {"skill": skill_id}
    return {"message": document}


def _read_state_name(status: Mapping[str, Any]) -> str:
    return str(status.get("state", "")).removeprefix("TASK_STATE_").lower()


def _build_update(item: Mapping[str, Any]) -> Update:
    if "task" in item or "message" in item:
        answer = Answer.of(item)
        text = answer.text if answer.message or answer.state in _TERMINAL | _INTERRUPTED else ""
        return Update(text, answer.state, answer.task_id, answer.context_id, raw=item)
    change = item.get("statusUpdate") or item.get("artifactUpdate") or {}
    ids = (change.get("taskId"), change.get("contextId"))
    if "statusUpdate" in item:
        message = change["status"].get("message")
        return Update(
            Message.of(message).as_text() if message else "", _read_state_name(change["status"]), *ids, raw=item
        )
    text = Message.of(change["artifact"]).as_text()
    return Update(text, "working", *ids, appends=bool(change.get("append")), raw=item)


def _build_absolute_url(url: str) -> str:
    return url if "://" in url else f"http://{url}"


async def _fetch_card_or_empty(http: httpx.AsyncClient, address: str) -> tuple[dict[str, Any], httpx.URL]:
    """Fetch an agent's card, empty if it has none, and its address after redirects."""
    # Before A2A 0.3 the card was at agent.json.
    for url in (address, address.replace("agent-card.json", "agent.json")):
        async with _translate_errors(url), _open_redirected(http, url) as response:
            try:
                card = wire.parse_result(response.status_code, await _read_json(response))
            except NotFound:
                continue
            if isinstance(card, dict):
                return card, response.url
    return {}, httpx.URL(address)


@asynccontextmanager
async def _open_redirected(http: httpx.AsyncClient, url: str) -> AsyncIterator[httpx.Response]:
    """Open a response, following redirects. Another origin receives none of the caller's headers.

    httpx removes only ``authorization`` there, but the caller's headers may contain other secrets (``x-api-key``).
    """
    request: httpx.Request | None = http.build_request("GET", url)
    for _ in range(http.max_redirects + 1):
        assert request is not None
        response = await http.send(request, stream=True)
        try:
            if response.next_request is None:
                yield response
                return
        finally:
            await response.aclose()
        address, request = request.url, response.next_request
        if not is_trusted_target(address, request.url):
            _remove_private_headers(request.headers)
    raise UpstreamFailed(f"{url} has more than {http.max_redirects} redirects.")


def _remove_private_headers(headers: httpx.Headers) -> None:
    for name in headers.keys() - PUBLIC_HEADERS:
        del headers[name]


def is_trusted_target(address: httpx.URL, target: httpx.URL) -> bool:
    """Whether the headers for an address may be sent to another: at the same origin, or at its host by HTTPS."""
    if (address.scheme, address.port) == ("http", None) and (target.scheme, target.port) == ("https", None):
        return address.host == target.host
    return (address.scheme, address.host, address.port) == (target.scheme, target.host, target.port)


async def _read_json(response: httpx.Response, *, raises_error_status: bool = False) -> Any:
    """Read the JSON of an answer. Raises UpstreamFailed; with raises_error_status, also the error of the agent."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise UpstreamFailed(f"The answer has more than {MAX_BYTES} bytes.")
    try:
        document = json.loads(bytes(body) or b"null")
    except ValueError:
        document = None
        if response.status_code < 400:
            raise UpstreamFailed(
                "The agent's answer is not JSON.", fix="Is there an A2A agent at this address?"
            ) from None
    if raises_error_status and response.status_code >= 400:
        wire.parse_result(response.status_code, document)
    return document


def _parse_stream_item(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise UpstreamFailed("An item of the stream is not JSON.") from None


@asynccontextmanager
async def _translate_errors(url: str) -> AsyncIterator[None]:
    """Translate connection errors into errors of this SDK."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise DeadlineExceeded(f"{url} did not answer in time ({type(error).__name__}).") from error
    except (httpx.TransportError, httpx.InvalidURL) as error:
        why = str(error) or type(error).__name__
        raise ServerUnreachable(
            f"{url} cannot be reached: {why}", fix="Is the agent running, and is the address right?"
        ) from error
