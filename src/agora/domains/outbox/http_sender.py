"""POST requests to external receivers: egress policy, connections, concurrency by origin, responses."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from agora.net.egress_policy import AddressRefused, EgressPolicy
from agora.net.http_client import ConnectionLost, HttpClient, Reply, build_request_target, create_default_ssl_context
from agora.value_classes import value_class

__all__ = ["MAX_CONCURRENT_POSTS", "MAX_CONCURRENT_POSTS_PER_ORIGIN", "DeliveryRejected", "HttpResponse", "HttpSender"]

MAX_CONCURRENT_POSTS: Final = 64  #: concurrent posts
MAX_CONCURRENT_POSTS_PER_ORIGIN: Final = 8  #: concurrent posts to one origin
MAX_ORIGINS: Final = 256  #: origins with connections
CONNECT_SECONDS: Final = 5.0  # seconds
MAX_QUOTED_CHARACTERS: Final = 200  #: quoted characters of an error response
MAX_RETRY_AFTER_SECONDS: Final = 3600.0  #: upper bound of the receiver's retry-after
# Gone (RFC 9110, section 15.5.11): the receiver says that no later attempt can succeed.
PERMANENT_STATUSES: Final = frozenset({410})


class DeliveryRejected(Exception):
    """The receiver rejected the request.

    permanent: a retry is pointless. retry_after: seconds until the next attempt. status: of the response, if there was
    one.
    """

    def __init__(
        self, reason: str, *, permanent: bool = False, retry_after: float = 0.0, status: int | None = None
    ) -> None:
        super().__init__(reason)
        self.permanent, self.retry_after, self.status = permanent, retry_after, status


@value_class
class HttpResponse:
    """A 2xx response. body: None if it exceeds the limit."""

    status: int
    body: bytes | None


@dataclass(slots=True, eq=False)
class Origin:
    """Connections to one origin."""

    http: HttpClient
    egress: EgressPolicy
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_POSTS_PER_ORIGIN))
    users: int = 0


class HttpSender:
    """Sender of POST requests. limit: bytes read from a response, so that its connection can be reused."""

    def __init__(self, *, limit: int = 65_536) -> None:
        self._limit = limit
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_POSTS)
        self._origins: OrderedDict[tuple[str, str, bool], Origin] = OrderedDict()

    def close(self) -> None:
        """Close all connections."""
        for origin in self._origins.values():
            origin.http.close()
        self._origins.clear()

    async def post_request(
        self, url: str, headers: Mapping[str, str], body: bytes, *, private: bool, seconds: float
    ) -> HttpResponse:
        """Post a body. private: allow non-public addresses. seconds: with the response. Raises DeliveryRejected."""
        try:
            origin = await self._get_or_open_origin(url, private)
            # identity: a small compressed response could expand beyond the limit.
            own_headers = {"host": origin.http.host, "user-agent": "agora", "accept-encoding": "identity"}
            origin.users += 1
            try:
                async with origin.slots, self._slots, asyncio.timeout(seconds):
                    reply = await origin.http.request(
                        "POST", build_request_target(url), {**own_headers, **headers}, body
                    )
                    try:
                        return await self._read_accepted_response(reply)
                    finally:
                        reply.close()
            finally:
                origin.users -= 1
        except AddressRefused as error:
            # The egress policy refuses the address: only an operator can change that, and then replays the dead letter.
            raise DeliveryRejected(f"{error}.", permanent=True) from None
        except TimeoutError:
            raise DeliveryRejected(f"The receiver did not respond within {seconds:g} s.") from None
        except OSError as error:
            # The host may have moved: the next attempt resolves its name again.
            origin.egress.clear_cache()
            raise DeliveryRejected(f"It cannot be reached: {error}.") from None
        except ConnectionLost as error:
            raise DeliveryRejected(f"The connection broke: {error}.") from None
        except ValueError as error:
            raise DeliveryRejected(f"It cannot be posted: {error}.", permanent=True) from None

    async def _get_or_open_origin(self, url: str, private: bool) -> Origin:
        """Return the connections to a URL's origin; the least recently used idle ones are closed."""
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc, private)
        origin = self._origins.get(key)
        if origin is None:
            context = await asyncio.to_thread(create_default_ssl_context) if parts.scheme == "https" else None
            egress = EgressPolicy(private=private)
            # setdefault: another request may have opened the origin while the certificates were loaded.
            origin = self._origins.setdefault(key, Origin(HttpClient(url, egress, CONNECT_SECONDS, context), egress))
        self._origins.move_to_end(key)
        # Origins come from agents' profiles, so their number is not the operator's; those in use are kept.
        if len(self._origins) > MAX_ORIGINS:
            for idle in [name for name, other in self._origins.items() if not other.users and name != key]:
                self._origins.pop(idle).http.close()
        return origin

    async def _read_accepted_response(self, reply: Reply) -> HttpResponse:
        """Read the receiver's response. Raises DeliveryRejected unless it is a 2xx."""
        body = bytearray()
        async for part in reply:
            body += part
            if len(body) > self._limit:
                break
        if 200 <= reply.status < 300:
            return HttpResponse(reply.status, None if len(body) > self._limit else bytes(body))
        if 300 <= reply.status < 400:
            raise DeliveryRejected("It answers with a redirect; redirects are not followed.", status=reply.status)
        text = body[:MAX_QUOTED_CHARACTERS].decode("utf-8", "replace").strip()
        # The receiver's text goes to logs and dead letters: no control characters.
        printable = "".join(character for character in text if character.isprintable())
        raise DeliveryRejected(
            f"It answers with the HTTP status {reply.status}" + (f": {printable}" if printable else ""),
            permanent=reply.status in PERMANENT_STATUSES,
            retry_after=_parse_retry_after(reply.headers.get("retry-after")),
            status=reply.status,
        )


def _parse_retry_after(header: str | None) -> float:
    """Parse the seconds of ``Retry-After``, bounded. HTTP dates are ignored."""
    return (
        min(float(header), MAX_RETRY_AFTER_SECONDS)
        if header is not None and header.isascii() and header.isdigit()
        else 0.0
    )
