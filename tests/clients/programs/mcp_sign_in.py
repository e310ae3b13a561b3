"""The start of OAuth with the ``OAuthClientProvider`` of the Python SDK, 1.x and 2.x: up to the page where a person
signs in."""

from __future__ import annotations

from typing import Any

from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

__all__ = ["SentAway", "build_provider", "find_sign_in_url"]

CALLBACK = "http://127.0.0.1:8123/callback"


class SentAway(Exception):
    """A person must open this URL."""


class _Storage:
    """Storage without a token, and with a client that the provider already knows."""

    async def get_tokens(self) -> OAuthToken | None:
        return None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        raise AssertionError("nobody has signed in")

    async def get_client_info(self) -> OAuthClientInformationFull:
        fields: dict[str, Any] = {"client_id": "agora-web", "redirect_uris": [CALLBACK]}
        return OAuthClientInformationFull(**fields, token_endpoint_auth_method="none")

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        pass


async def _send_away(url: str) -> None:
    raise SentAway(url)


async def _never_come_back() -> Any:
    raise AssertionError("nobody was sent away")


def build_provider(url: str) -> OAuthClientProvider:
    """Build an authentication that raises SentAway instead of opening a browser."""
    metadata: dict[str, Any] = {"redirect_uris": [CALLBACK], "client_name": "test"}
    return OAuthClientProvider(url, OAuthClientMetadata(**metadata), _Storage(), _send_away, _never_come_back)


def find_sign_in_url(error: BaseException) -> str:
    """Find the URL in an exception or a group of them. Raises the exception if there is none."""
    pending = [error]
    while pending:
        each = pending.pop()
        if isinstance(each, SentAway):
            return str(each)
        pending += [*getattr(each, "exceptions", ()), *filter(None, (each.__cause__, each.__context__))]
    raise error
