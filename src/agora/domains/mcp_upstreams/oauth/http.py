"""HTTP client for authorization servers: JSON, bounded in time and size, without redirects, under the egress policy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from pydantic_core import from_json, to_json

from agora.net.egress_policy import AddressRefused, EgressPolicy, is_evidently_private
from agora.net.http_client import ConnectionLost, HttpClient, build_request_target, create_default_ssl_context
from agora_sdk.errors import InvalidRequest, UpstreamFailed, UpstreamUnavailable

from ..client.addresses import check_url

__all__ = ["OAuthHttpClient"]

SECONDS: Final = 15.0  #: for a complete response
CONNECT_SECONDS: Final = 5.0
MAX_ANSWER_BYTES: Final = 262_144
MAX_URL_CHARACTERS: Final = 2000


class OAuthHttpClient:
    """Requests on behalf of one upstream. private: whether private addresses are allowed."""

    def __init__(self, egress: EgressPolicy, *, private: bool) -> None:
        self._egress, self._private = egress, private

    def check_endpoint(self, url: str, name: str) -> str:
        """Check a URL from metadata: https, or http for a private address if these are allowed.

        Raises UpstreamFailed.
        """
        try:
            if len(url) > MAX_URL_CHARACTERS:
                raise InvalidRequest("It is too long.")
            check_url(url, private=self._private)
            parts = urlsplit(url)
            if parts.scheme != "https" and not (self._private and is_evidently_private(parts.hostname or "")):
                raise InvalidRequest("It is not a URL of https.")
        except InvalidRequest as error:
            raise UpstreamFailed(f"The {name} that was named cannot be used: {error.detail}") from None
        return url

    async def get_json(self, url: str) -> tuple[int, Any]:
        """Get status and JSON document, None if invalid. Raises UpstreamUnavailable, UpstreamFailed."""
        return await self._send_request("GET", url, {}, b"")

    async def post_json(self, url: str, document: Mapping[str, Any]) -> tuple[int, Any]:
        """Post a JSON document; result and errors as for :meth:`get_json`."""
        return await self._send_request("POST", url, {"content-type": "application/json"}, to_json(document))

    async def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] = {}) -> tuple[int, Any]:
        """Post a form; result and errors as for :meth:`get_json`."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await self._send_request("POST", url, {**kind, **headers}, urlencode(form).encode())

    async def _send_request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        context = await asyncio.to_thread(create_default_ssl_context) if url.startswith("https:") else None
        client = HttpClient(url, self._egress, CONNECT_SECONDS, context)
        own_headers = {
            "host": client.host,
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": "agora",
        }
        host = urlsplit(url).netloc
        try:
            async with asyncio.timeout(SECONDS):
                reply = await client.request(method, build_request_target(url), {**own_headers, **headers}, body)
                answer = bytearray()
                async for part in reply:
                    answer += part
                    if len(answer) > MAX_ANSWER_BYTES:
                        raise UpstreamFailed(f"{host} answered more than {MAX_ANSWER_BYTES} bytes.")
                return reply.status, _parse_json(bytes(answer))
        except AddressRefused as error:
            raise UpstreamFailed(
                f"{error}.", fix="An operator allows it with the setting mcp_private_networks."
            ) from None
        except (OSError, ConnectionLost) as error:  # TimeoutError is an OSError
            raise UpstreamUnavailable(
                f"{host} does not answer ({type(error).__name__}).", fix="Try again in a moment.", retry_after=5
            ) from None
        finally:
            client.close()


def _parse_json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None
