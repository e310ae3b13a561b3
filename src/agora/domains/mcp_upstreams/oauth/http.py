"""HTTP client for authorization servers: JSON, bounded in time and size, without redirects, under the egress policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from pydantic_core import to_json

from agora.net.egress_policy import AddressRefused, EgressPolicy, is_evidently_private
from agora.net.http_client import ConnectionLost, parse_json_or_none, send_single_request
from agora_sdk.errors import InvalidRequest, UpstreamFailed, UpstreamUnavailable

from ..client.addresses import reject_forbidden_url

__all__ = ["OAuthHttpClient"]

TIMEOUT_SECONDS: Final = 15.0  #: for a complete response
MAX_ANSWER_BYTES: Final = 262_144
MAX_URL_CHARACTERS: Final = 2000


class OAuthHttpClient:
    """Requests on behalf of one upstream. private: whether private addresses are allowed."""

    def __init__(self, egress: EgressPolicy, *, private: bool) -> None:
        self._egress, self._private = egress, private

    def require_allowed_endpoint(self, url: str, name: str) -> str:
        """Check a URL from metadata: https, or http for a private address if these are allowed.

        Raises UpstreamFailed.
        """
        try:
            if len(url) > MAX_URL_CHARACTERS:
                raise InvalidRequest("It is too long.")
            reject_forbidden_url(url, private=self._private)
            parts = urlsplit(url)
            # RFC 6749, section 3.1: endpoints use TLS; a private network is the operator's own exception.
            if parts.scheme != "https" and not (self._private and is_evidently_private(parts.hostname or "")):
                raise InvalidRequest("it is not an https URL.")
        except InvalidRequest as error:
            raise UpstreamFailed(f"The {name} cannot be used: {error.detail}") from None
        return url

    async def get_json(self, url: str) -> tuple[int, Any]:
        """Get the status and the JSON document (None for a body that is not JSON). Raises UpstreamUnavailable, UpstreamFailed."""
        return await self._send_request("GET", url, {}, b"")

    async def post_json(self, url: str, document: Mapping[str, Any]) -> tuple[int, Any]:
        """Post a JSON document; result and errors as for :meth:`get_json`."""
        return await self._send_request("POST", url, {"content-type": "application/json"}, to_json(document))

    async def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] = {}) -> tuple[int, Any]:
        """Post a form. Returns the status and the JSON document (None for a body that is not JSON), as :meth:`get_json`."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await self._send_request("POST", url, {**kind, **headers}, urlencode(form).encode())

    async def _send_request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        host = urlsplit(url).netloc
        try:
            status, answer = await send_single_request(
                method,
                url,
                self._egress,
                {"accept": "application/json", **headers},
                body,
                seconds=TIMEOUT_SECONDS,
                max_bytes=MAX_ANSWER_BYTES,
            )
        except AddressRefused as error:
            raise UpstreamFailed(
                f"{error}.", fix="An operator allows it with the setting mcp_private_networks."
            ) from None
        except (OSError, ConnectionLost) as error:  # TimeoutError is an OSError
            raise UpstreamUnavailable(
                f"{host} does not answer ({type(error).__name__}).", fix="Try again in a moment.", retry_after=5
            ) from None
        except ValueError as error:
            raise UpstreamFailed(f"The request to {host} failed: {error}.") from None
        return status, parse_json_or_none(answer)
