"""HTTP delivery of push notifications (A2A 1.0, section 4.3.3): signing, egress checks, limits.

Each is signed with the server's key, which is at ``/.well-known/jwks.json``: a JWT whose claims have the time (``iat``),
the task (``sub``), the delivery (``jti``, the same when it is repeated) and the SHA-256 of the body
(``request_body_sha256``). It is in ``X-A2A-Notification-Signature``, and in ``Authorization`` as well where the
configuration has no credentials of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic_core import from_json

from agora.clock import SECOND
from agora.domains.identity.signing_key import SigningKey
from agora.net.egress_policy import AddressRefused, EgressPolicy, Resolve, resolve_host
from agora.net.http_client import ConnectionLost, HttpClient, Reply, default_ssl_context, request_target
from agora.net.sealing import Sealer

from .records import PushConfigRow

__all__ = ["DeliveryRejected", "Notification", "NotificationSender"]

AT_ONCE, EACH = 64, 8  # posts under way, and to one origin
MAX_ORIGINS: Final = 256  #: origins with connections
CONNECT_SECONDS: Final = 5.0  # seconds
MAX_RESPONSE_BYTES: Final = 65_536  #: bytes that are read of an answer, so that its connection can be used again
MAX_QUOTED_CHARACTERS: Final = 200  #: characters of it that are told
MAX_RETRY_AFTER_SECONDS: Final = 3600.0  #: seconds that a receiver may ask to be left alone
HTTP_GONE: Final = 410
CONTENT_TYPES: Final = {"1.0": "application/a2a+json", "0.3": "application/json"}


class DeliveryRejected(Exception):
    """The receiver rejected it. permanent: a retry is pointless. retry_after: seconds until the next attempt."""

    def __init__(self, why: str, *, permanent: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.permanent, self.retry_after = permanent, retry_after


@dataclass(frozen=True, slots=True)
class Notification:
    """One delivery. row: the configuration. number: of the item. now: microseconds since 1970."""

    row: PushConfigRow
    number: int
    body: bytes
    now: int


@dataclass(slots=True, eq=False)
class Origin:
    """Where several configurations may post to."""

    http: HttpClient
    egress: EgressPolicy
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(EACH))
    users: int = 0


class NotificationSender:
    """Posts. issuer: the server's own URL. seconds: for one post with its answer."""

    def __init__(
        self, key: SigningKey, sealer: Sealer, issuer: str, *, seconds: float, resolver: Resolve = resolve_host
    ) -> None:
        self._key, self._sealer, self._issuer = key, sealer, issuer
        self.seconds, self._resolver = seconds, resolver
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._origins: OrderedDict[tuple[str, str, bool], Origin] = OrderedDict()

    def close(self) -> None:
        """Close all connections."""
        for origin in self._origins.values():
            origin.http.close()
        self._origins.clear()

    async def post(self, notification: Notification, *, private: bool) -> None:
        """Post a notification. private: addresses that are not public are allowed. Raises Refused."""
        url = notification.row.url
        try:
            origin = await self._open_origin(url, private)
            headers = self._build_headers(notification, origin.http.host)
            origin.users += 1
            try:
                await self._post_bounded(origin, request_target(url), headers, notification.body)
            finally:
                origin.users -= 1
        except AddressRefused as error:
            raise DeliveryRejected(f"{error}.", permanent=True) from None
        except TimeoutError:
            raise DeliveryRejected(f"The receiver did not respond within {self.seconds:g} s.") from None
        except OSError as error:
            origin.egress.forget()
            raise DeliveryRejected(f"It cannot be reached: {error}.") from None
        except ConnectionLost as error:
            raise DeliveryRejected(f"The connection broke: {error}.") from None
        except ValueError as error:
            raise DeliveryRejected(f"It cannot be posted: {error}.", permanent=True) from None

    async def _post_bounded(self, origin: Origin, target: str, headers: Mapping[str, str], body: bytes) -> None:
        async with origin.slots, self._slots, asyncio.timeout(self.seconds):
            reply = await origin.http.request("POST", target, headers, body)
            try:
                await _check_reply(reply)
            finally:
                reply.close()

    async def _open_origin(self, url: str, private: bool) -> Origin:
        """Return the connections to a URL's origin; the least recently used idle ones are closed."""
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc, private)
        origin = self._origins.get(key)
        if origin is None:
            context = await asyncio.to_thread(default_ssl_context) if parts.scheme == "https" else None
            egress = EgressPolicy(private=private, resolver=self._resolver)
            origin = self._origins.setdefault(key, Origin(HttpClient(url, egress, CONNECT_SECONDS, context), egress))
        self._origins.move_to_end(key)
        if len(self._origins) > MAX_ORIGINS:
            for idle in [name for name, other in self._origins.items() if not other.users and name != key]:
                self._origins.pop(idle).http.close()
        return origin

    def _build_headers(self, notification: Notification, host: str) -> dict[str, str]:
        row = notification.row
        proof = self._key.token(self._build_claims(notification))
        headers = {
            "host": host,
            "user-agent": "agora",
            "accept-encoding": "identity",
            "content-type": CONTENT_TYPES[row.version],
            "x-a2a-notification-signature": proof,
        }
        if row.token is not None:
            headers["x-a2a-notification-token"] = row.token
        scheme, credentials = row.scheme, self._open_credentials(row)
        if credentials is not None:
            headers["authorization"] = f"{scheme} {credentials}"
        elif scheme is None or scheme.lower() == "bearer":
            headers["authorization"] = f"Bearer {proof}"
        return headers

    def _build_claims(self, notification: Notification) -> Mapping[str, Any]:
        row = notification.row
        return {
            "iss": self._issuer,
            "sub": row.task_id,
            "jti": f"{row.task_id}.{row.config_id}.{notification.number}",
            "iat": notification.now // SECOND,
            "request_body_sha256": hashlib.sha256(notification.body).hexdigest(),
        }

    def _open_credentials(self, row: PushConfigRow) -> str | None:
        if row.credentials is None:
            return None
        try:
            secrets = from_json(self._sealer.open(bytes(row.credentials), row.config_id))
        except ValueError:
            raise DeliveryRejected(
                "Its credentials cannot be read: the server's signing key is another one.", permanent=True
            ) from None
        return str(secrets["credentials"])


async def _check_reply(reply: Reply) -> None:
    """Read the receiver's answer. Raises DeliveryRejected unless it is a 2xx."""
    body = b""
    async for part in reply:
        body += part
        if len(body) > MAX_RESPONSE_BYTES:
            break
    if 200 <= reply.status < 300:
        return
    if 300 <= reply.status < 400:
        raise DeliveryRejected("It answers with a redirect; redirects are not followed.")
    text = body[:MAX_QUOTED_CHARACTERS].decode("utf-8", "replace").strip()
    printable = "".join(character for character in text if character.isprintable())
    what = f"It answers with the HTTP status {reply.status}" + (f": {printable}" if printable else "")
    raise DeliveryRejected(
        what, permanent=reply.status == HTTP_GONE, retry_after=_parse_retry_after(reply.headers.get("retry-after"))
    )


def _parse_retry_after(header: str | None) -> float:
    """Parse the seconds of ``Retry-After``, bounded. HTTP dates are ignored."""
    return (
        min(float(header), MAX_RETRY_AFTER_SECONDS)
        if header is not None and header.isascii() and header.isdigit()
        else 0.0
    )
