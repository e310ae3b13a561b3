"""HTTP client of a provider: JSON, bounded in time and size, without redirects and retries."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from agora.net.egress_policy import is_loopback_host
from agora.net.http_client import parse_json_or_none
from agora_sdk.errors import UpstreamFailed, UpstreamUnavailable

if TYPE_CHECKING:
    import httpx

__all__ = ["ProviderHttpClient", "check_endpoint"]

TIMEOUT_SECONDS: Final = 10.0  #: for a whole answer
CONNECT_SECONDS: Final = 3.0
MAX_RESPONSE_BYTES: Final = 524_288  #: bytes of an answer
RETRY_AFTER: Final = 5


class ProviderHttpClient:
    """An HTTP client of one provider, created on first use. issuer: its URL."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._client: httpx.AsyncClient | None = None

    async def get_json(self, url: str) -> dict[str, Any]:
        """Fetch a JSON document. Raises UpstreamUnavailable, or UpstreamFailed for an invalid document."""
        status, document = await self._send_request("GET", url, None, {})
        if status != 200 or not isinstance(document, dict):
            raise UpstreamFailed(
                f"The identity provider answered {status} at {url}.",
                fix="Is the setting oidc_issuers (or keycloak_url and keycloak_realm) right?",
            )
        return document

    async def post_form(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] = {}
    ) -> tuple[int, dict[str, Any]]:
        """Post a form. Returns the status and the JSON object; an empty one for other responses."""
        status, answer = await self._send_request("POST", url, form, headers)
        if status >= 500:
            raise UpstreamUnavailable(
                f"The identity provider answered {status}.", fix="Try again in a moment.", retry_after=RETRY_AFTER
            )
        return status, answer if isinstance(answer, dict) else {}

    async def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _send_request(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        client = self._get_or_create_client()
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                client.stream(method, url, data=form, headers=dict(headers)) as answer,
            ):
                body = bytearray()
                # Undecoded: a compressed answer, which was not asked for, could grow beyond the limit.
                async for part in answer.aiter_raw():
                    body += part
                    if len(body) > MAX_RESPONSE_BYTES:
                        raise UpstreamFailed(
                            f"The identity provider answered more than {MAX_RESPONSE_BYTES} bytes at {url}."
                        )
                return answer.status_code, parse_json_or_none(bytes(body))
        except (httpx.HTTPError, OSError) as error:  # TimeoutError is an OSError
            raise UpstreamUnavailable(
                f"The identity provider {self._issuer} does not answer ({type(error).__name__}).",
                fix="Try again in a moment; other credentials still work.",
                retry_after=RETRY_AFTER,
            ) from None

    def _get_or_create_client(self) -> httpx.AsyncClient:
        if self._client is None:
            local = is_loopback_host(urlsplit(self._issuer).hostname or "")
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=4, keepalive_expiry=4.0),
                headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "agora"},
                # A proxy from the environment does not reach a provider on this machine.
                trust_env=not local,
                verify=urlsplit(self._issuer).scheme == "https",
            )
        return self._client


def check_endpoint(url: Any, issuer: str, name: str) -> str:
    """Check an endpoint named by a provider: https, or on this machine if the provider is."""
    if isinstance(url, str) and len(url) <= 2000:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            host = ""
        local = (
            urlsplit(issuer).scheme == "http" and parts.scheme == "http" and is_loopback_host(host) if host else False
        )
        if host and parts.username is None and (parts.scheme == "https" or local):
            return url
    raise UpstreamFailed(
        f"The identity provider {issuer} names no usable {name}.", fix="https is required, except on this machine."
    )
