"""Challenges: the response of an upstream that requires another access token (RFC 6750, RFC 9728)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from agora.value_classes import value_class
from agora_sdk.errors import UpstreamAuthorizationRequired

__all__ = ["INSUFFICIENT_SCOPE", "AuthorizationNeeded", "Challenge", "read_challenge"]

INSUFFICIENT_SCOPE: Final = "insufficient_scope"
MAX_HEADER_CHARACTERS: Final = 8000
CHALLENGE_PARAMETER: Final = re.compile(
    r'(?:^|[\s,])(error|scope|resource_metadata)\s*=\s*(?:"([^"]{0,2000})"|([^\s,"]{1,2000}))'
)


@value_class
class Challenge:
    """A challenge. metadata: URL of the protected resource's metadata, if present. scope: requested scope."""

    status: int
    error: str | None = None
    scope: str | None = None
    metadata: str | None = None


class AuthorizationNeeded(UpstreamAuthorizationRequired):
    """UpstreamAuthorizationRequired with its challenge; None if there was no token to try."""

    def __init__(self, detail: str, challenge: Challenge | None) -> None:
        super().__init__(detail, fix="Authorize it: agora.upstream.authorize answers the URL to visit.")
        self.challenge = challenge


def read_challenge(status: int, headers: Mapping[str, str]) -> Challenge | None:
    """Read the challenge of a response; None if it requests no token. headers: with lower-case names.

    Every 401 is a challenge; a 403 only if its error is an insufficient scope.
    """
    if status not in (401, 403):
        return None
    # Cut first: the header is the upstream's, and the pattern is searched at each position.
    text = headers.get("www-authenticate", "")[:MAX_HEADER_CHARACTERS]
    values = {match[1]: match[2] if match[2] is not None else match[3] for match in CHALLENGE_PARAMETER.finditer(text)}
    if status == 403 and values.get("error") != INSUFFICIENT_SCOPE:
        return None
    return Challenge(status, values.get("error"), values.get("scope"), values.get("resource_metadata"))
