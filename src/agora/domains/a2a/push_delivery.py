"""HTTP delivery of push notifications (A2A 1.0, section 4.3.3): signing, egress checks, limits.

Each notification carries a JWT signed with the server's key, which is published at ``/.well-known/jwks.json``. Its
claims contain the time (``iat``), the task (``sub``), the delivery (``jti``, unchanged on repetition) and the SHA-256
of the body (``request_body_sha256``). The JWT is in ``X-A2A-Notification-Signature``, and also in ``Authorization`` if
the configuration has no credentials of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json

from agora.clock import SECOND
from agora.domains.identity.signing_key import SigningKey
from agora.domains.outbox.http_sender import DeliveryRejected, HttpSender
from agora.net.sealing import Sealer
from agora.value_classes import value_class

from .records import PushConfigRow

__all__ = ["Notification", "NotificationSender"]

CONTENT_TYPES: Final = {"1.0": "application/a2a+json", "0.3": "application/json"}


@value_class
class Notification:
    """A notification to deliver. row: the configuration. number: of the item. now: microseconds since 1970."""

    row: PushConfigRow
    number: int
    body: bytes
    now: int


class NotificationSender:
    """Sender of notifications. issuer: the server's own URL. seconds: timeout of a post including the response."""

    def __init__(self, key: SigningKey, sealer: Sealer, issuer: str, *, seconds: float) -> None:
        self._key, self._sealer, self._issuer = key, sealer, issuer
        self.seconds, self._http = seconds, HttpSender()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    async def post_notification(self, notification: Notification, *, private: bool) -> None:
        """Post a notification. private: allow non-public addresses. Raises DeliveryRejected."""
        headers = self._build_signed_headers(notification)
        await self._http.post_request(
            notification.row.url, headers, notification.body, private=private, seconds=self.seconds
        )

    def _build_signed_headers(self, notification: Notification) -> dict[str, str]:
        """Build the headers of a request, with its signature and the receiver's credentials. Raises DeliveryRejected if
        the credentials cannot be decrypted."""
        row = notification.row
        proof = self._key.sign_token(self._build_claims(notification))
        headers = {
            "content-type": CONTENT_TYPES[row.version],
            "x-a2a-notification-signature": proof,
        }
        if row.token is not None:
            headers["x-a2a-notification-token"] = row.token
        scheme, credentials = row.scheme, self._decrypt_credentials(row)
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

    def _decrypt_credentials(self, row: PushConfigRow) -> str | None:
        if row.credentials is None:
            return None
        try:
            secrets = from_json(self._sealer.open(bytes(row.credentials), row.config_id))
        except ValueError:
            raise DeliveryRejected(
                "Its credentials cannot be decrypted: the server's signing key has changed.", permanent=True
            ) from None
        return str(secrets["credentials"])
