"""Client of LiveKit's room service: Twirp over HTTP, JSON (https://docs.livekit.io/reference/server/server-apis)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.net.egress_policy import EgressPolicy
from agora.net.http_client import ConnectionLost, send_single_request
from agora_sdk.errors import UpstreamFailed, UpstreamUnavailable

from .access_tokens import sign_livekit_token

__all__ = ["LiveKitClient"]

SERVICE_PATH: Final = "/twirp/livekit.RoomService/"
TIMEOUT_SECONDS: Final = 10.0
TOKEN_SECONDS: Final = 60
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
UNAVAILABLE_FIX: Final = "Start it, or correct the setting 'livekit_url'."


class LiveKitClient:
    """A LiveKit server, by its address (http or https), API key and secret."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        self._url, self._key, self._secret = url.rstrip("/"), key, secret

    async def call_method(
        self, method: str, request: Mapping[str, Any], video: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Call a method of the room service; None if the room does not exist.

        video: the grants that the method needs. Raises UpstreamUnavailable if the server is unreachable, UpstreamFailed
        if it refuses.
        """
        # With only the grants of this method, and only for this request.
        token = sign_livekit_token(
            self._key, self._secret, {"video": dict(video)}, now=int(time.time()), seconds=TOKEN_SECONDS
        )
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        # The operator configures the server, so it may have a private address; callers cannot influence it.
        policy = EgressPolicy(private=True)
        try:
            status, body = await send_single_request(
                "POST",
                self._url + SERVICE_PATH + method,
                policy,
                headers,
                to_json(request),
                seconds=TIMEOUT_SECONDS,
                max_bytes=MAX_ANSWER_BYTES,
            )
            answer = from_json(body)
        except (OSError, ValueError, ConnectionLost) as error:  # TimeoutError is an OSError
            reason = str(error) or type(error).__name__
            raise UpstreamUnavailable(f"LiveKit cannot be reached: {reason}.", fix=UNAVAILABLE_FIX) from None
        if status == 200 and isinstance(answer, dict):
            return answer
        code = answer.get("code") if isinstance(answer, dict) else None
        if code == "not_found":
            return None
        fix = "Look at the settings 'livekit_api_key' and 'livekit_api_secret'." if status in (401, 403) else None
        raise UpstreamFailed(f"LiveKit refused {method}: {status} {str(code or '')[:100]}".rstrip() + ".", fix=fix)
