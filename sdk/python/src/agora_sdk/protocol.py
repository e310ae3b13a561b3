"""Client of the Agent Communication Protocol.

::

    answer = client.protocol.request("agent.calculator.calculation", "calculate", {"a": 5, "b": 3, "op": "+"})
    answer.payload["result"]

    for message in client.protocol.pending():
        client.protocol.inform(message, "result", {"result": 8})

As elsewhere in this SDK, calls block in synchronous code and are awaited in an event loop.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from .contract.agents import Agents
from .contract.conversations import Accepted, Conversations, PendingPage
from .contract.envelopes import ORCHESTRATOR, AgentMessage, Correlation, is_encrypted
from .contract.envelopes import Performative as MessageType
from .contract.fields import DeliveryState
from .contract.messaging import Marked, Messaging
from .contract.results import Page
from .errors import InvalidRequest, Undecipherable, UnknownKey
from .retry import pause_after_early_poll

if TYPE_CHECKING:
    from .contract.agents import Agent
    from .contract.envelopes import PublicKey
    from .crypto import KeyRing
    from .retry import IO
    from .session import Session

__all__ = ["AgentMessage", "AgentProtocol", "MessageType"]

#: one agent, several, or a message (to answer its sender)
Target: TypeAlias = "str | Sequence[str] | AgentMessage"
Payload: TypeAlias = "Mapping[str, Any]"

CONVERSATION_OPERATIONS = Conversations.operations
WATCH_SECONDS = 25.0  #: maximum length of one long poll: intermediaries may cut off longer ones
KEYLESS_TARGETS = frozenset({"broadcast", ORCHESTRATOR})


class AgentProtocol:
    """Messages with an intent. If ``to`` is a message, the sent message answers it.

    Every sending method also takes ``task`` (a description), ``context``, ``conversation_id``, ``reply_to``,
    ``expected``, ``status``, ``message_id`` and ``encrypt``. With ``encrypt=True`` only the recipients can read the
    payload (:mod:`agora_sdk.crypto`); an answer to an encrypted message is always encrypted.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def keys(self) -> KeyRing:
        """Private keys of this machine's agents."""
        from .crypto import KeyRing

        return KeyRing(self._session.identity.store.path)

    # -- sending ---------------------------------------------------------------------------------

    def send_message(
        self,
        to: Target,
        message_type: MessageType | str,
        intent: str | None = None,
        payload: Payload | None = None,
        **more: Any,
    ) -> AgentMessage:
        """Send a message of any type. Returns the marketplace's response: its own answer, or
        ``confirm``/``accepted``."""
        return self._session.run_or_return_pending(
            "protocol.send_message", lambda io: self._send_and_fetch_reply(io, to, message_type, intent, payload, more)
        )

    def request(
        self, to: Target, intent: str, payload: Payload | None = None, *, timeout: float = 30.0, **more: Any
    ) -> AgentMessage:
        """Send a request and wait for the answer: an inform, or a refuse, failure, propose ...

        Without an answer within ``timeout`` seconds, returns a failure with the intent ``timeout``; a later answer
        stays in the inbox.
        """
        return self._request_answer("request", to, intent, payload, timeout, more)

    def inform(self, to: Target, intent: str, payload: Payload | None = None, **more: Any) -> AgentMessage:
        """Send information, or a result."""
        return self.send_message(to, MessageType.INFORM, intent, payload, **more)

    def propose(
        self, to: Target, intent: str, payload: Payload | None = None, *, timeout: float | None = None, **more: Any
    ) -> AgentMessage:
        """Propose something; with a ``timeout``, wait for the answer."""
        if timeout is None:
            return self.send_message(to, MessageType.PROPOSE, intent, payload, **more)
        return self._request_answer("propose", to, intent, payload, timeout, more)

    def agree(
        self, to: Target, payload: Payload | None = None, *, intent: str | None = None, **more: Any
    ) -> AgentMessage:
        """Agree to a request or a proposal."""
        return self.send_message(to, MessageType.AGREE, intent, payload, **more)

    def refuse(
        self,
        to: Target,
        error: str | None = None,
        *,
        required: Sequence[str] = (),
        intent: str | None = None,
        **more: Any,
    ) -> AgentMessage:
        """Refuse a request or a proposal: ``error`` is the reason, ``required`` the missing permissions."""
        payload = _drop_none({"error": error or None, "required": list(required) or None})
        return self.send_message(to, MessageType.REFUSE, intent, payload, **more)

    def confirm(
        self, to: Target, payload: Payload | None = None, *, intent: str | None = None, **more: Any
    ) -> AgentMessage:
        """Confirm an action."""
        return self.send_message(to, MessageType.CONFIRM, intent, payload, **more)

    def failure(
        self,
        to: Target,
        error: str,
        *,
        intent: str = "failed",
        code: str | None = None,
        details: Any = None,
        **more: Any,
    ) -> AgentMessage:
        """Report an error."""
        payload = _drop_none({"error": error, "code": code or None, "details": details})
        return self.send_message(to, MessageType.FAILURE, intent, payload, **more)

    def done(
        self, to: Target, payload: Payload | None = None, *, intent: str | None = None, **more: Any
    ) -> AgentMessage:
        """Report that a task is done; for an assigned task, the payload is its result."""
        return self.send_message(to, MessageType.DONE, intent, payload, **more)

    def discover(
        self,
        capability: str,
        min_rating: float | None = None,
        *,
        one: bool = False,
        limit: int | None = None,
        **more: Any,
    ) -> AgentMessage:
        """Find agents: ``inform``/``agents_found`` with ``agents``; with ``one``, the ``offer``/``agent_found`` of the best."""
        payload = _drop_none({"capability": capability, "min_rating": min_rating, "limit": limit})
        intent = "find_agent" if one else "find_agents"
        return self.send_message(ORCHESTRATOR, MessageType.DISCOVER, intent, payload, **more)

    def offer(
        self, to: Target, capabilities: Sequence[str], *, intent: str = "offer", address: str | None = None, **more: Any
    ) -> AgentMessage:
        """Offer capabilities."""
        payload = _drop_none({"capabilities": list(capabilities), "address": address or None})
        return self.send_message(to, MessageType.OFFER, intent, payload, **more)

    def assign(self, to: Target, task_type: str, payload: Payload | None = None, **more: Any) -> AgentMessage:
        """Assign a task. Returns ``confirm``/``task_assigned`` with its ``task_id``."""
        return self.send_message(to, MessageType.ASSIGN, task_type, payload, **more)

    def deploy(
        self,
        agent_id: str,
        customer_id: str | None = None,
        *,
        co_location: Payload | None = None,
        preferred_host: str | None = None,
        instance_config: Payload | None = None,
        timeout: float = 120.0,
        **more: Any,
    ) -> AgentMessage:
        """Start an instance of an agent. Returns ``deploy_confirm`` with its ``address``, or ``deploy_failure``.

        customer_id: your customer for whom it runs; for operators, the account that pays.
        """
        fields = {
            "agent_id": agent_id,
            "customer_id": customer_id,
            "co_location": co_location,
            "preferred_host": preferred_host,
            "instance_config": instance_config,
        }
        return self._request_answer("deploy", ORCHESTRATOR, "deploy_agent", _drop_none(fields), timeout, more)

    def co_locate(
        self,
        agent_id: str,
        with_agent: str,
        customer_id: str | None = None,
        *,
        reason: str | None = None,
        timeout: float = 120.0,
        **more: Any,
    ) -> AgentMessage:
        """Start an instance of an agent on the host of another agent's instance. Returns the same as :meth:`deploy`, or
        ``refuse``."""
        co_location = _drop_none({"required": True, "with_agent": with_agent, "reason": reason})
        fields = {
            "agent_id": agent_id,
            "customer_id": customer_id,
            "with_agent": with_agent,
            "co_location": co_location,
        }
        return self._request_answer("co_locate", ORCHESTRATOR, "co_locate", _drop_none(fields), timeout, more)

    def scale(
        self,
        agent_id: str,
        min_instances: int,
        max_instances: int | None = None,
        customer_id: str | None = None,
        *,
        target_concurrency: float | None = None,
        timeout: float = 30.0,
        **more: Any,
    ) -> AgentMessage:
        """Set the number of instances of an agent; 0 ends all. Returns ``confirm``/``scaled``, or ``refuse``."""
        fields = {
            "agent_id": agent_id,
            "min_instances": min_instances,
            "max_instances": max_instances,
            "customer_id": customer_id,
            "target_concurrency": target_concurrency,
        }
        return self._request_answer("scale", ORCHESTRATOR, "scale_agent", _drop_none(fields), timeout, more)

    # -- receiving -------------------------------------------------------------------------------

    def pending(self, wait: float = 0, limit: int = 50) -> PendingPage:
        """Return unread messages of this agent, oldest first, decrypted with its keys."""

        async def read(io: IO) -> PendingPage:
            return self._decrypt_page(
                await self._session.bind_and_call(io, CONVERSATION_OPERATIONS["pending"], wait=wait, limit=limit)
            )

        return self._session.run_or_return_pending("protocol.pending", read)

    def acknowledge(self, *messages: AgentMessage) -> Marked:
        """Mark messages as handled: they are no longer pending. Answering a message does not acknowledge it."""
        ids = [_read_marketplace_id(message) for message in messages]

        async def mark(io: IO) -> Marked:
            operation = Messaging.operations["mark"]
            marked: Marked = await self._session.bind_and_call(io, operation, ids, DeliveryState.ACKNOWLEDGED)
            return marked

        return self._session.run_or_return_pending("protocol.acknowledge", mark)

    def decrypt(self, message: AgentMessage) -> AgentMessage:
        """Decrypt the payload of a message. Raises UnknownKey, Undecipherable. Makes no network calls."""
        if not is_encrypted(message):
            return message
        from .crypto import decrypt

        plain = decrypt(message.payload, self._list_private_keys(), _select_authenticated_fields(message))
        return message.model_copy(update={"payload": plain})

    # -- keys ------------------------------------------------------------------------------------

    def publish_key(self) -> Agent:
        """Ensure that this agent has a published encryption key: one that this machine stores, or a new one."""
        return self._session.run_or_return_pending(
            "protocol.publish_key", lambda io: self._create_and_publish_key_if_needed(io, is_forced=False)
        )

    def rotate_key(self) -> Agent:
        """Publish a new key before the previous one; messages for older keys can still be decrypted here."""
        return self._session.run_or_return_pending(
            "protocol.rotate_key", lambda io: self._create_and_publish_key_if_needed(io, is_forced=True)
        )

    # -- implementation --------------------------------------------------------------------------

    def _request_answer(
        self, kind: str, to: Target, intent: str, payload: Payload | None, timeout: float, more: dict[str, Any]
    ) -> AgentMessage:
        if timeout <= 0:
            raise InvalidRequest("timeout must be above 0 seconds.")
        expected = {"timeout": max(1, int(timeout * 1000))} | dict(more.pop("expected", None) or {})

        async def request_and_await_answer(io: IO) -> AgentMessage:
            return await self._await_answer(
                io, await self._post_message(io, to, kind, intent, payload, {**more, "expected": expected})
            )

        return self._session.run_or_return_pending(f"protocol.{kind}", request_and_await_answer)

    async def _await_answer(self, io: IO, accepted: Accepted) -> AgentMessage:
        """Wait for the answer, or for a failure in its place."""
        # No deadline of its own: when ``expected.timeout`` has passed, the marketplace answers with a failure.
        while True:
            start = io.now()
            reply = await self._session.bind_and_call(
                io, CONVERSATION_OPERATIONS["reply"], accepted.message_id, WATCH_SECONDS
            )
            if reply.message is not None:
                return self.decrypt(reply.message)
            await pause_after_early_poll(io, start)

    async def _send_and_fetch_reply(
        self, io: IO, to: Target, kind: str, intent: str | None, payload: Payload | None, more: dict[str, Any]
    ) -> AgentMessage:
        accepted = await self._post_message(io, to, kind, intent, payload, more)
        if accepted.answer is None:
            return _build_receipt_message(accepted)
        reply = await self._session.bind_and_call(
            io, CONVERSATION_OPERATIONS["reply"], accepted.message_id
        )  # acknowledges it
        return reply.message or accepted.answer

    async def _post_message(
        self, io: IO, to: Target, kind: str, intent: str | None, payload: Payload | None, more: dict[str, Any]
    ) -> Accepted:
        encrypted = more.pop("encrypt", None)
        if encrypted is None:
            encrypted = isinstance(to, AgentMessage) and is_encrypted(to)
        document = _build_message_document(to, kind, intent, payload, more)
        if encrypted:
            document = await self._encrypt_document(io, document)
        accepted: Accepted = await self._session.bind_and_call(io, CONVERSATION_OPERATIONS["send"], message=document)
        return accepted

    def _decrypt_page(self, page: Page[AgentMessage]) -> PendingPage:
        """Decrypt a page and those after it, as far as keys are available."""
        assert isinstance(page, PendingPage)
        page.messages = [self._decrypt_if_possible(message) for message in page.messages]
        following, awaited = page._following, page._following_async
        if following is not None and awaited is not None:

            async def after() -> PendingPage:
                return self._decrypt_page(await awaited())

            page._following, page._following_async = lambda: self._decrypt_page(following()), after
        return page

    def _decrypt_if_possible(self, message: AgentMessage) -> AgentMessage:
        try:
            return self.decrypt(message)
        # Also one that cannot be decrypted at all: a sender must not be able to hide the other messages of the page.
        except Undecipherable:
            return message  # left encrypted: decrypt() raises the error that names the reason

    async def _encrypt_document(self, io: IO, document: dict[str, Any]) -> dict[str, Any]:
        """Encrypt the payload of a message for its recipients."""
        from .crypto import CONTENT_ENCRYPTION, encrypt

        # The ciphertext is bound to the id and the sender, so they are set here and not by the marketplace.
        document = {
            "id": f"msg-{os.urandom(16).hex()}",
            "sender": (await self._fetch_own_agent(io)).agent_name,
        } | document
        keys = [await self._get_key_of_agent(io, name) for name in document["to"]]
        kids = [key.kid for key in keys]
        # Direct key agreement yields the content key itself, so it serves one recipient only (RFC 7518, section 4.6).
        algorithm = "ECDH-ES" if len(keys) == 1 else "ECDH-ES+A256KW"
        document["security"] = {"encryption": {"alg": algorithm, "enc": CONTENT_ENCRYPTION, "kids": kids}}
        bound = _select_authenticated_fields(AgentMessage.model_validate(document))
        published = [key.model_dump(exclude_none=True) for key in keys]
        return document | {"payload": encrypt(document.get("payload") or {}, published, bound)}

    async def _get_key_of_agent(self, io: IO, name: str) -> PublicKey:
        # The recipients of a broadcast or a capability are chosen by the marketplace: there is no key to encrypt for.
        if name in KEYLESS_TARGETS or name.startswith("capability:"):
            raise UnknownKey(f"{name} has no key: name the agents that are to read it.")
        agent = await self._session.bind_and_call(io, Agents.operations["get"], name)
        if not agent.public_keys:
            raise UnknownKey(
                f"{name} has published no key to encrypt with.",
                fix="It does with client.protocol.publish_key(), or public_keys=[...] in its registration.",
                kids=[],
            )
        public_key: PublicKey = agent.public_keys[0]
        return public_key

    async def _fetch_own_agent(self, io: IO) -> Agent:
        agent_id = self._session.identity.agent_id
        if agent_id is None:
            raise InvalidRequest("This client is not an agent.", fix="Register first, or give AgoraClient(agent=NAME).")
        me: Agent = await self._session.bind_and_call(io, Agents.operations["get"], agent_id)
        return me

    def _list_private_keys(self) -> list[dict[str, Any]]:
        identity = self._session.identity
        return self.keys.keys(identity.url, identity.tenant, identity.agent_id or "")

    async def _create_and_publish_key_if_needed(self, io: IO, *, is_forced: bool) -> Agent:
        from .crypto import new_key, public

        me = await self._fetch_own_agent(io)
        own_key_ids = {key["kid"] for key in self._list_private_keys()}
        if not is_forced and me.public_keys and me.public_keys[0].kid in own_key_ids:
            return me
        key = new_key()
        identity = self._session.identity
        # Stored before it is published: a message encrypted for a key that a crash lost could never be read.
        self.keys.add(identity.url, identity.tenant, me.agent_id, key)
        current = [old.model_dump(exclude_none=True) for old in me.public_keys if old.kid in own_key_ids][:1]
        update = Agents.operations["update"]
        agent: Agent = await self._session.bind_and_call(io, update, me.agent_id, public_keys=[public(key), *current])
        return agent


def _build_message_document(
    to: Target, kind: str, intent: str | None, payload: Payload | None, more: dict[str, Any]
) -> dict[str, Any]:
    """Build the JSON of a message; an answer takes over the conversation, and by default the intent."""
    correlation = {"conversation_id": more.pop("conversation_id", None), "reply_to": more.pop("reply_to", None)}
    if isinstance(to, AgentMessage):
        correlation["conversation_id"] = correlation["conversation_id"] or to.conversation_id
        correlation["reply_to"] = correlation["reply_to"] or to.id
        intent = intent or to.intent
        names = [to.sender] if to.sender else []
    else:
        names = [to] if isinstance(to, str) else list(to)
    allowed = {"task", "context", "expected", "status", "message_id"}
    if unknown := more.keys() - allowed:
        raise InvalidRequest(f"unknown: {', '.join(sorted(unknown))}.", fix=f"Allowed: {', '.join(sorted(allowed))}.")
    document = {
        "id": more.get("message_id"),
        "type": str(kind),
        "to": names,
        "intent": intent,
        "payload": dict(payload or {}),
        "correlation": {name: value for name, value in correlation.items() if value} or None,
    }
    document |= {name: more.get(name) for name in ("task", "context", "expected", "status")}
    return _drop_none(document)


def _drop_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _select_authenticated_fields(message: AgentMessage) -> dict[str, Any]:
    """Select the fields of a message that are bound to its ciphertext: all fields set by the sender that determine its
    meaning."""
    fields = {"id": message.id, "sender": message.sender, "to": message.to, "type": message.type.value}
    return fields | {"intent": message.intent, "reply_to": message.reply_to}


def _read_marketplace_id(message: AgentMessage) -> str:
    slot = (message.model_extra or {}).get("agora")
    message_id = slot.get("message_id") if isinstance(slot, dict) else None
    return str(message_id or message.id)


def _build_receipt_message(accepted: Accepted) -> AgentMessage:
    return AgentMessage(
        type=MessageType.CONFIRM,
        sender=ORCHESTRATOR,
        intent="accepted",
        payload=accepted.model_dump(mode="json", exclude={"answer"}, exclude_none=True),
        correlation=Correlation(conversation_id=accepted.conversation_id, reply_to=accepted.id),
    )
