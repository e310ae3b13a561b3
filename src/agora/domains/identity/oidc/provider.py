"""Metadata (OpenID Connect Discovery 1.0) and keys (RFC 7517) of a provider, cached.

Answers are fetched on first use, used while fresh, and for a day more if the provider does not answer; they are renewed
in the background. An unknown key triggers a refetch, at most every ten seconds. Concurrent callers share one request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from agora.clock import SECOND, Clock
from agora.value_classes import value_class
from agora_sdk.errors import AgoraError, UpstreamFailed

from .http import ProviderHttpClient, check_endpoint

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

__all__ = ["KEY_TYPE_BY_ALGORITHM", "CachedAnswer", "Metadata", "Provider"]

T = TypeVar("T")
log = logging.getLogger(__name__)

FRESH_PERIOD: Final = 600 * SECOND
STALE_PERIOD: Final = 86_400 * SECOND
MIN_FETCH_INTERVAL: Final = 10 * SECOND  #: minimum seconds between two fetches for unknown keys
RETRY_PAUSE: Final = 5 * SECOND  #: seconds after a failed fetch
MAX_KEYS: Final = 50
MIN_RSA_BITS: Final = 2048  #: bits
#: signature algorithms and their key types
KEY_TYPE_BY_ALGORITHM: Final = {"RS256": "RSA", "ES256": "EC"}
DISCOVERY_PATH: Final = "/.well-known/openid-configuration"


class CachedAnswer(Generic[T]):
    """A cached answer with single-flight fetching; see the module."""

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._fetch, self._clock = ask, clock
        self._value: T | None = None
        self._received_at = self._requested_at = -STALE_PERIOD
        self._error: AgoraError | None = None
        self._request: asyncio.Task[T] | None = None

    async def get_or_fetch(self) -> T:
        """Return the cached or fetched answer. Raises the fetch's error without a cached answer."""
        age = self._clock.now() - self._received_at
        if self._value is None or age >= STALE_PERIOD:
            return await self._fetch_or_raise_recent_error()
        if age >= FRESH_PERIOD and self._may_request_again(RETRY_PAUSE):
            self._join_or_start_request()  # the next one has it
        return self._value

    async def refetch_or_join(self) -> T:
        """Fetch the answer, or join a running fetch."""
        if self._request is not None or self._may_request_again(MIN_FETCH_INTERVAL):
            return await self._fetch_or_raise_recent_error()
        return await self.get_or_fetch()

    async def close(self) -> None:
        """Cancel the running request, if any."""
        if self._request is not None:
            self._request.cancel()
            await asyncio.gather(self._request, return_exceptions=True)

    def _may_request_again(self, minimum: int) -> bool:
        return self._request is None and self._clock.now() - self._requested_at >= minimum

    async def _fetch_or_raise_recent_error(self) -> T:
        if (
            self._error is not None
            and self._value is None
            and not self._may_request_again(RETRY_PAUSE)
            and self._request is None
        ):
            # A new one: the same exception, raised for each caller, would collect the tracebacks of all.
            raise type(self._error)(self._error.detail, fix=self._error.fix, **self._error.extra)
        # Others wait for the same request: a caller that leaves must not cancel it.
        return await asyncio.shield(self._join_or_start_request())

    def _join_or_start_request(self) -> asyncio.Task[T]:
        if self._request is None:
            self._requested_at = self._clock.now()
            self._request = asyncio.create_task(self._fetch_and_cache())
            self._request.add_done_callback(self._forget_request)
        return self._request

    async def _fetch_and_cache(self) -> T:
        try:
            self._value = await self._fetch()
        except AgoraError as error:
            self._error = error
            if self._value is None or self._clock.now() - self._received_at >= STALE_PERIOD:
                raise
            log.warning("%s Its previous metadata is used.", error.detail)
        else:
            self._error, self._received_at = None, self._clock.now()
        return self._value

    def _forget_request(self, task: asyncio.Task[T]) -> None:
        self._request = None
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not log it: the waiting calls have raised it


@value_class
class Metadata:
    """Endpoints of a provider; None for missing ones."""

    keys: str
    token: str
    authorization: str | None
    end_session: str | None
    revocation: str | None
    says_issuer: bool  #: whether answers of the authorization endpoint name it (RFC 9207)
    takes_posted_secret: bool  #: whether a client's secret may be in the form (else it is in a header)


class Provider:
    """One provider. issuer: its URL, which tokens name as ``iss``."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self.issuer, self.web = issuer, ProviderHttpClient(issuer)
        self._metadata = CachedAnswer(self._fetch_metadata, clock)
        self._keys = CachedAnswer(self._fetch_keys, clock)

    async def fetch_metadata(self) -> Metadata:
        """Raises UpstreamUnavailable, UpstreamFailed."""
        return await self._metadata.get_or_fetch()

    async def find_keys(self, kid: str | None, algorithm: str) -> Sequence[RSAKey | ECKey]:
        """Find the published keys for a signature: by id, or without an id all of the key type."""
        # The cached keys first; an unknown kid may be a new key of the provider, and causes one fetch at most in MIN_FETCH_INTERVAL.
        matches = _select_matching_keys(await self._keys.get_or_fetch(), kid, algorithm)
        return matches or _select_matching_keys(await self._keys.refetch_or_join(), kid, algorithm)

    async def close(self) -> None:
        """Close all connections."""
        await self._metadata.close()
        await self._keys.close()
        await self.web.close()

    async def _fetch_metadata(self) -> Metadata:
        document = await self.web.get_json(self.issuer.rstrip("/") + DISCOVERY_PATH)
        # OpenID Connect Discovery 1.0, section 4.3: otherwise one provider could pass for another.
        if document.get("issuer") != self.issuer:
            raise UpstreamFailed(
                f"The provider at {self.issuer} calls itself {str(document.get('issuer'))[:200]!r}.",
                fix="Write the issuer in oidc_issuers exactly as the provider does, including a trailing slash.",
            )

        def read_optional(name: str) -> str | None:
            return check_endpoint(document[name], self.issuer, name) if document.get(name) else None

        return Metadata(
            check_endpoint(document.get("jwks_uri"), self.issuer, "jwks_uri"),
            check_endpoint(document.get("token_endpoint"), self.issuer, "token_endpoint"),
            read_optional("authorization_endpoint"),
            read_optional("end_session_endpoint"),
            read_optional("revocation_endpoint"),
            document.get("authorization_response_iss_parameter_supported") is True,
            "client_secret_post" in (document.get("token_endpoint_auth_methods_supported") or ()),
        )

    async def _fetch_keys(self) -> Sequence[tuple[str | None, RSAKey | ECKey]]:
        document = await self.web.get_json((await self.fetch_metadata()).keys)
        published = document.get("keys")
        if not isinstance(published, list):
            raise UpstreamFailed(f"The identity provider {self.issuer} publishes no keys.")
        return [key for entry in published[:MAX_KEYS] if (key := _import_key_or_none(entry)) is not None]


def _select_matching_keys(
    keys: Sequence[tuple[str | None, RSAKey | ECKey]], kid: str | None, algorithm: str
) -> Sequence[RSAKey | ECKey]:
    kind = KEY_TYPE_BY_ALGORITHM[algorithm]
    return [key for name, key in keys if key.key_type == kind and kid in (None, name)]


def _import_key_or_none(entry: Any) -> tuple[str | None, RSAKey | ECKey] | None:
    """Import a key for a supported signature algorithm; None for other keys."""

    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    kid, kind = entry.get("kid"), entry.get("kty")
    if not (kid is None or isinstance(kid, str)) or entry.get("alg") not in (None, *_list_signing_algorithms(kind)):
        return None
    try:
        # A character of base64url stands for six bits.
        if kind == "RSA" and len(entry["n"]) * 6 >= MIN_RSA_BITS:
            return kid, RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e")})
        if kind == "EC" and entry["crv"] == "P-256":
            return kid, ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
    except (JoseError, ValueError, KeyError, TypeError):
        log.warning("a key of a provider cannot be read; it is left out")
    return None


def _list_signing_algorithms(kind: Any) -> tuple[str, ...]:
    return tuple(name for name, key_type in KEY_TYPE_BY_ALGORITHM.items() if key_type == kind)
