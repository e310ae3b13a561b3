"""The link: a reliable connection to the server, which may be temporarily unreachable or lose its session."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable

from agora_sdk.backoff import Backoff
from agora_sdk.errors import AgoraError, ServerUnreachable

from .request import Message, PendingRequest
from .server_client import Answer, ConnectionBroken, ServerClient, ServerUnavailable, SessionLost
from .session import Session

__all__ = ["ServerLink"]

logger = logging.getLogger("agora.mcp")

# Shorter than the timeout: an address that never answered is probably wrong, and clients wait for the handshake.
FIRST_CONTACT_SECONDS = 8.0  #: maximum wait for a server that was never reached
BACKOFF = Backoff(first=0.1, most=2.0)
MAX_RETRY_AFTER = 10.0  #: limit of a busy server's retry-after, in seconds
MAX_TRIES = 5  #: attempts of a request whose connection breaks
NOTICE_SECONDS = 10.0

Deliver = Callable[[Answer], Awaitable[None]]


class ServerLink:
    """Exchanges with a server that may be unreachable for a while.

    announce: called with notifications for the client after an interruption. timeout: seconds that a request waits for
    a server.
    """

    def __init__(self, upstream: ServerClient, announce: Callable[[bytes], Awaitable[None]], timeout: float) -> None:
        self.session = Session()
        self._upstream, self._announce, self._timeout = upstream, announce, timeout
        self._renewal_lock = asyncio.Lock()
        self._was_reached = self._is_unreachable = False

    async def exchange_messages(self, pending: PendingRequest, headers: dict[str, str], deliver: Deliver) -> None:
        """Exchange messages once. Raises an error unless everything was answered."""
        await self._upstream.exchange_messages(pending.encode_body(), headers, deliver)
        self._mark_reachable()
        if pending.unanswered_ids:
            raise ConnectionBroken("the connection ended before the answer")

    async def read_standing_stream(self, last: str | None, deliver: Deliver) -> None:
        """Read the session's standing stream after the event ``last``. Always raises the reason of its end."""
        await self._upstream.read_standing_stream(
            self.session.headers | ({"last-event-id": last} if last else {}), deliver
        )
        self._mark_reachable()
        raise ConnectionBroken("the stream ended")

    async def send_notification(self, body: bytes) -> bool:
        """Send a notification. Returns whether the server accepted it."""
        try:
            async with asyncio.timeout(NOTICE_SECONDS):
                for _ in range(2):
                    lost_generation = self.session.generation
                    try:
                        await self._upstream.exchange_messages(body, self.session.headers, _ignore_answer)
                        return True
                    except SessionLost:
                        await self._renew_session(lost_generation)
        except (ServerUnavailable, ConnectionBroken, SessionLost, AgoraError, TimeoutError) as error:
            logger.warning("The server did not accept a notification: %s", error or type(error).__name__)
        return False

    async def retry_until_done(
        self, attempt: Callable[[], Awaitable[None]], *, forever: Callable[[], bool] = lambda: False
    ) -> None:
        """Retry until success: wait for an unreachable server, and reopen a lost session.

        Raises the AgoraError of the server, or ServerUnreachable after the timeout.
        """
        now = asyncio.get_running_loop().time
        tries, failures, unreachable_since, lost_generation = 0, 0, now(), -1
        while True:
            generation, retry_after = self.session.generation, 0.0
            try:
                # Unless another request has reopened the session since this one lost it.
                if lost_generation == generation:
                    await self._renew_session(lost_generation)
                await attempt()
                return
            except SessionLost:
                tries, lost_generation, reason = tries + 1, generation, "The server keeps losing the session"
                is_over = tries > MAX_TRIES
            except ConnectionBroken as error:
                tries, reason = tries + 1, f"The connection broke: {error}"
                # The server was reached: the time limit for an unreachable one begins anew.
                is_over, unreachable_since = tries > MAX_TRIES, now()
            except ServerUnavailable as error:
                reason = str(error)
                is_over = now() - unreachable_since > (
                    self._timeout if self._was_reached else min(self._timeout, FIRST_CONTACT_SECONDS)
                )
                retry_after = min(error.retry_after or 0.0, MAX_RETRY_AFTER)
                self._mark_unreachable(reason)
            if is_over and not forever():
                raise ServerUnreachable(f"{reason}.", fix="Start it with 'agora serve', or name another with --url.")
            await asyncio.sleep(max(BACKOFF.pause(failures), retry_after))
            failures += 1

    async def close(self) -> None:
        """End the session and the connections."""
        if self.session.has_stream and not self._is_unreachable:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(0.5):
                    await self._upstream.end_session(self.session.headers)
        await self._upstream.close()

    async def _renew_session(self, generation: int) -> None:
        """Open a new session after the server lost the old one, unless another request has already done so."""
        async with self._renewal_lock:
            session = self.session
            if session.generation != generation:
                return
            handshake = PendingRequest(session.build_handshake(), b"")

            async def on_opened(answer: Answer) -> None:
                for _, part in handshake.match_answer_and_mark_answered(answer)[1]:
                    session.store_handshake(part, answer.headers)

            await self._upstream.exchange_messages(json.dumps(session.build_handshake()).encode(), {}, on_opened)
            if session.generation == generation:
                raise ConnectionBroken("the server rejected the handshake")
            for message in session.list_messages_to_replay():
                await self._replay_message(message)
        logger.info("The server was restarted; the session was reopened.")
        for line in session.list_catch_up_notifications():
            await self._announce(line)

    async def _replay_message(self, message: Message) -> None:
        try:
            await self._upstream.exchange_messages(json.dumps(message).encode(), self.session.headers, _ignore_answer)
        except (AgoraError, SessionLost) as error:
            logger.warning("%s could not be repeated in the new session: %s", message.get("method"), error)

    def _mark_reachable(self) -> None:
        if self._is_unreachable:
            logger.info("The server answers again.")
        self._was_reached, self._is_unreachable = True, False

    def _mark_unreachable(self, reason: str) -> None:
        if not self._is_unreachable:
            logger.warning("%s; waiting for it.", reason)
        self._is_unreachable = True


async def _ignore_answer(answer: Answer) -> None:
    """Ignore an unexpected response to a notification."""
