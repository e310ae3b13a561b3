"""OAuth towards upstreams: authorization servers, access tokens, and authorizations in progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from .challenge import Challenge

__all__ = [
    "SHARED",
    "AccessTokens",
    "AuthorizationServer",
    "BegunAuthorization",
    "Callback",
    "Grant",
    "TakenAuthorization",
]

SHARED: Final = ""  #: the subject of the grant that callers share


class AccessTokens(Protocol):
    """The access tokens of one subject for one upstream, as its connection uses them."""

    async def current_token(self) -> str | None:
        """The token to send; None if there is none. Raises UpstreamUnavailable."""

    async def renew_token(self, rejected: str | None, challenge: Challenge) -> str | None:
        """Another token than the rejected one; None if a person has to authorize. Raises UpstreamUnavailable."""


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """The authorization server of an upstream.

    resource: for whom tokens are asked (RFC 8707). scopes: what the upstream says it takes. methods: of authentication at the
    token endpoint. names_issuer: whether its callbacks say who they come from (RFC 9207). takes_client_documents: whether a
    client's id may be the URL of its metadata.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str | None
    revocation_endpoint: str | None
    resource: str
    scopes: tuple[str, ...]
    methods: tuple[str, ...]
    offline: bool
    names_issuer: bool
    takes_client_documents: bool


@dataclass(frozen=True, slots=True)
class BegunAuthorization:
    """An authorization that a person has to finish. url: to visit. expires_at: microseconds since 1970."""

    url: str
    scope: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Callback:
    """What an authorization server sent back. code: None if it refused, which error then says. issuer: RFC 9207."""

    code: str | None = field(repr=False)
    error: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class TakenAuthorization:
    """An authorization that was taken out of the store. request: what was sent, and what its answer is exchanged with."""

    upstream_id: str
    subject: str
    request: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted. tokens: access, refresh, and what a refresh takes. generation: 0 for one that is not stored yet.

    expires_at: microseconds since 1970, None if unknown.
    """

    issuer: str
    scope: str
    tokens: Mapping[str, Any] = field(repr=False)
    expires_at: int | None
    generation: int = 0
