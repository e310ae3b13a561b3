"""What a provider says of itself: its metadata (OpenID Connect Discovery 1.0) and its keys (RFC 7517), remembered.

Nothing is asked before it is needed. What was heard is used while it is fresh, and, where the provider does not answer,
for a day after; it is renewed beside the requests that use it. A key that is not among those known is looked for at once,
but not more than every ten seconds, whoever asks. Many who wait for the same answer wait for one request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from agora.clock import Clock
from agora_sdk.errors import AgoraError, UpstreamFailed

from .http import Web, checked

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

__all__ = ["ALGORITHMS", "Metadata", "Provider", "Remembered"]

T = TypeVar("T")
log = logging.getLogger(__name__)

SECOND: Final = 1_000_000
FRESH: Final = 600 * SECOND
STALE: Final = 86_400 * SECOND
APART: Final = 10 * SECOND  #: least between two looks for keys that are not known
RESTING: Final = 5 * SECOND  #: after a look in vain
MOST_KEYS: Final = 50
LEAST_RSA: Final = 2048  #: bits
#: algorithms of signatures, and the kind of key each wants
ALGORITHMS: Final = {"RS256": "RSA", "ES256": "EC"}
DISCOVERY: Final = "/.well-known/openid-configuration"


class Remembered(Generic[T]):
    """An answer that is asked for when it is needed, see the module."""

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._ask, self._clock = ask, clock
        self._value: T | None = None
        self._heard = self._asked = -STALE
        self._error: AgoraError | None = None
        self._asking: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """The answer, fresh or not too old. Raises what asking raised, where there is none."""
        age = self._clock.now() - self._heard
        if self._value is None or age >= STALE:
            return await self._wait()
        if age >= FRESH and self._rested(RESTING):
            self._begin()  # the next one has it
        return self._value

    async def anew(self) -> T:
        """The answer as of now, or of a moment ago."""
        if self._asking is not None or self._rested(APART):
            return await self._wait()
        return await self.get()

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _rested(self, least: int) -> bool:
        return self._asking is None and self._clock.now() - self._asked >= least

    async def _wait(self) -> T:
        if self._error is not None and self._value is None and not self._rested(RESTING) and self._asking is None:
            raise type(self._error)(self._error.detail, fix=self._error.fix, **self._error.extra)
        return await asyncio.shield(self._begin())

    def _begin(self) -> asyncio.Task[T]:
        if self._asking is None:
            self._asked = self._clock.now()
            self._asking = asyncio.create_task(self._hear())
            self._asking.add_done_callback(self._over)
        return self._asking

    async def _hear(self) -> T:
        try:
            self._value = await self._ask()
        except AgoraError as error:
            self._error = error
            if self._value is None or self._clock.now() - self._heard >= STALE:
                raise
            log.warning("%s What it said before is used.", error.detail)
        else:
            self._error, self._heard = None, self._clock.now()
        return self._value

    def _over(self, task: asyncio.Task[T]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # whoever waited has seen it


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where a provider's endpoints are; None for those it has not."""

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
        self.issuer, self.web = issuer, Web(issuer)
        self._metadata = Remembered(self._discover, clock)
        self._keys = Remembered(self._fetch_keys, clock)

    async def metadata(self) -> Metadata:
        """Raises UpstreamUnavailable, UpstreamFailed."""
        return await self._metadata.get()

    async def keys(self, kid: str | None, algorithm: str) -> Sequence[RSAKey | ECKey]:
        """Published keys that a signature may be of: that one, or, without a name, all of the kind."""
        found = _fitting(await self._keys.get(), kid, algorithm)
        return found or _fitting(await self._keys.anew(), kid, algorithm)

    async def close(self) -> None:
        """Hang up."""
        await self._metadata.close()
        await self._keys.close()
        await self.web.close()

    async def _discover(self) -> Metadata:
        document = await self.web.get(self.issuer.rstrip("/") + DISCOVERY)
        if document.get("issuer") != self.issuer:
            raise UpstreamFailed(
                f"The provider at {self.issuer} calls itself {str(document.get('issuer'))[:200]!r}.",
                fix="Write in oidc_issuers what it calls itself, to the last slash.",
            )

        def optional(name: str) -> str | None:
            return checked(document[name], self.issuer, name) if document.get(name) else None

        return Metadata(
            checked(document.get("jwks_uri"), self.issuer, "jwks_uri"),
            checked(document.get("token_endpoint"), self.issuer, "token_endpoint"),
            optional("authorization_endpoint"),
            optional("end_session_endpoint"),
            optional("revocation_endpoint"),
            document.get("authorization_response_iss_parameter_supported") is True,
            "client_secret_post" in (document.get("token_endpoint_auth_methods_supported") or ()),
        )

    async def _fetch_keys(self) -> Sequence[tuple[str | None, RSAKey | ECKey]]:
        document = await self.web.get((await self.metadata()).keys)
        published = document.get("keys")
        if not isinstance(published, list):
            raise UpstreamFailed(f"The identity provider {self.issuer} publishes no keys.")
        return [key for entry in published[:MOST_KEYS] if (key := _key(entry)) is not None]


def _fitting(
    keys: Sequence[tuple[str | None, RSAKey | ECKey]], kid: str | None, algorithm: str
) -> Sequence[RSAKey | ECKey]:
    kind = ALGORITHMS[algorithm]
    return [key for name, key in keys if key.key_type == kind and kid in (None, name)]


def _key(entry: Any) -> tuple[str | None, RSAKey | ECKey] | None:
    """A key for signatures of ours; None for any other."""
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    kid, kind = entry.get("kid"), entry.get("kty")
    if not (kid is None or isinstance(kid, str)) or entry.get("alg") not in (None, *_algorithms(kind)):
        return None
    try:
        if kind == "RSA" and len(entry["n"]) * 6 >= LEAST_RSA:
            return kid, RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e")})
        if kind == "EC" and entry["crv"] == "P-256":
            return kid, ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
    except (JoseError, ValueError, KeyError, TypeError):
        log.warning("a key of a provider cannot be read; it is left out")
    return None


def _algorithms(kind: Any) -> tuple[str, ...]:
    return tuple(name for name, wanted in ALGORITHMS.items() if wanted == kind)
