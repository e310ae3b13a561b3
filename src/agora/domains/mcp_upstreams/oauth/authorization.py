"""Types of OAuth for upstreams: authorization servers, access tokens, and authorizations in progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final, Protocol

from agora.value_classes import value_class

from .challenge import Challenge

__all__ = [
    "SHARED_SUBJECT",
    "AccessTokens",
    "AuthorizationPrompt",
    "AuthorizationServer",
    "Callback",
    "Grant",
    "PendingAuthorization",
]

SHARED_SUBJECT: Final = ""  #: subject of the grant shared by all callers


class AccessTokens(Protocol):
    """Access tokens of one subject for one upstream, used by its connection."""

    async def current_token(self) -> str | None:
        """Return the token to send; None if there is none. Raises UpstreamUnavailable."""

    async def renew_token(self, rejected: str | None, challenge: Challenge) -> str | None:
        """Return a token other than the rejected one; None if a person has to authorize. Raises UpstreamUnavailable."""


@value_class
class AuthorizationServer:
    """The authorization server of an upstream.

    resource: the audience of tokens (RFC 8707). scopes: supported by the upstream. methods: of authentication at the
    token endpoint. names_issuer: whether its callbacks contain the issuer (RFC 9207). takes_client_documents: whether a
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


@value_class
class AuthorizationPrompt:
    """An authorization that a person has to complete. url: to visit. expires_at: microseconds since 1970."""

    url: str
    scope: str
    expires_at: int


@value_class
class Callback:
    """Response of an authorization server. code: None if it refused, with the reason in ``error``. issuer: RFC 9207."""

    code: str | None = field(repr=False)
    error: str | None = None
    issuer: str | None = None


@value_class
class PendingAuthorization:
    """An authorization taken out of the store. request: its parameters and the context for redeeming the code."""

    upstream_id: str
    subject: str
    request: Mapping[str, Any] = field(repr=False)


@value_class
class Grant:
    """A grant. tokens: access token, refresh token and refresh context. generation: 0 if not stored yet.

    expires_at: microseconds since 1970, None if unknown.
    """

    issuer: str
    scope: str
    tokens: Mapping[str, Any] = field(repr=False)
    expires_at: int | None
    generation: int = 0
