"""Access tokens (RFC 9068, and Keycloak's variant): signature, audience and time.

The signature is RS256 or ES256 with a key that the issuer publishes. Keys named by the token itself (``jwk``, ``jku``,
``x5u``, ``x5c``) are ignored: they would let the bearer choose the key. ID tokens and refresh tokens are refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from pydantic_core import from_json

from agora.clock import SECOND
from agora.value_classes import value_class
from agora_sdk.errors import Unauthenticated

from .provider import KEY_TYPE_BY_ALGORITHM, Provider

__all__ = [
    "MAX_TOKEN_CHARACTERS",
    "TOKEN_TYPES",
    "UnverifiedToken",
    "build_token_error",
    "check_id_token",
    "check_signature",
    "check_times_and_get_expiry",
    "check_token_purpose",
    "parse_token",
    "read_numeric_date",
    "read_token_audience",
]

MAX_TOKEN_CHARACTERS: Final = 8192  #: characters of a token
MAX_HEADER_CHARACTERS: Final = 2048
MAX_CLAIM_CHARACTERS: Final = 255
MAX_AUDIENCES: Final = 50
MAX_TIMESTAMP: Final = 253_402_300_800  #: seconds since 1970 at the end of the year 9999
TOKEN_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
#: claims that only ID tokens have
ID_TOKEN_CLAIMS: Final = ("nonce", "at_hash", "c_hash", "s_hash")


def build_token_error(detail: str, fix: str = "Sign in again for a new token.", **extra: Any) -> Unauthenticated:
    """Build the error of an invalid token."""
    return Unauthenticated(detail, fix=fix, **extra)


@value_class
class UnverifiedToken:
    """A parsed token. claims: not verified yet."""

    algorithm: str
    kid: str | None
    kind: str
    claims: Mapping[str, Any]
    text: str

    @property
    def issuer(self) -> Any:
        return self.claims.get("iss")


def parse_token(token: str, types: Collection[str] = TOKEN_TYPES) -> UnverifiedToken:
    """Parse a compact JWS. Raises Unauthenticated if its form, algorithm or type is not accepted."""
    parts = token.split(".", 3)
    if len(token) > MAX_TOKEN_CHARACTERS or len(parts) != 3:
        raise build_token_error(
            "The token is too long." if len(token) > MAX_TOKEN_CHARACTERS else "The token is not a signed JWT."
        )
    # One more character than allowed, so that a longer header is cut and no longer parses.
    header, claims = _decode_json_part(parts[0][: MAX_HEADER_CHARACTERS + 1]), _decode_json_part(parts[1])
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    # An allow-list: "none" and HMAC would let a bearer sign with nothing, or with the published key.
    if not isinstance(algorithm, str) or algorithm not in KEY_TYPE_BY_ALGORITHM:
        raise build_token_error(
            "The token is not signed as it has to be.",
            fix=f"Let the provider sign with {' or '.join(KEY_TYPE_BY_ALGORITHM)}.",
        )
    # RFC 7515, section 4.1.11: an extension that is not understood must be refused.
    if "crit" in header or "b64" in header or not isinstance(kind, str) or kind.lower() not in types:
        raise build_token_error("The token is of another kind than an access token.")
    if kid is not None and not (isinstance(kid, str) and len(kid) <= MAX_CLAIM_CHARACTERS):
        raise build_token_error("The token's key has no name that could be one.")
    return UnverifiedToken(algorithm, kid, kind.lower(), claims, token)


def _decode_json_part(part: str) -> dict[str, Any]:
    try:
        document = from_json(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise build_token_error("The token is not a signed JWT.")
    return document


async def check_signature(token: UnverifiedToken, provider: Provider) -> None:
    """Verify the signature with the provider's keys. Raises Unauthenticated, or UpstreamUnavailable if the keys are
    unknown."""

    keys = await provider.find_keys(token.kid, token.algorithm)
    if not keys:
        raise build_token_error(f"The token is signed with a key that {provider.issuer} does not publish.")
    # Several keys only if the token names none: each of the right type is tried.
    for key in keys:
        try:
            jws.deserialize_compact(token.text, key, algorithms=[token.algorithm])
        except (JoseError, ValueError):
            continue
        return
    raise build_token_error("The token's signature is invalid.")


def check_times_and_get_expiry(claims: Mapping[str, Any], now: int, skew: int) -> int:
    """Check ``exp``, ``nbf`` and ``iat``. Returns the end of the token in microseconds, including the allowed clock
    skew."""
    ends, begins, issued = (read_numeric_date(claims, name) for name in ("exp", "nbf", "iat"))
    if ends is None:
        raise build_token_error(
            "The token never expires, so it is not accepted.", fix="Let the provider issue tokens that do."
        )
    if ends * SECOND + skew <= now:
        raise build_token_error(
            "The access token has expired.", fix="Refresh it, or sign in again; streams resume where they were."
        )
    if max(begins or 0, issued or 0) * SECOND - skew > now:
        raise build_token_error(
            "The token was issued in the future.", fix="Set the clocks of the provider and of this server right."
        )
    return int(ends * SECOND) + skew


def read_numeric_date(claims: Mapping[str, Any], name: str) -> float | None:
    """Read a time claim in seconds since 1970; None if absent. Raises Unauthenticated if it is invalid."""
    value = claims.get(name)
    if value is None:
        return None
    # bool is an int in Python; MAX_TIMESTAMP keeps later conversions to a datetime from overflowing.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_TIMESTAMP:
        raise build_token_error(f"The token's {name} is not a time.")
    return float(value)


def check_token_purpose(token: UnverifiedToken, audiences: Collection[str], clients: Collection[str]) -> None:
    """Check that it is an access token for this server. clients: clients whose tokens are accepted, too."""
    claims = token.claims
    says = str(claims["typ"]).lower() if "typ" in claims else token.kind.rpartition("/")[2]
    if says not in ("bearer", *TOKEN_TYPES) or (says == "jwt" and any(name in claims for name in ID_TOKEN_CLAIMS)):
        raise build_token_error(
            "The token is not an access token.", fix="Send the access token, not the ID token or the refresh token."
        )
    if isinstance(claims.get("events"), dict):  # a security event token (RFC 8417), which is not a credential
        raise build_token_error(
            "The token is not an access token.", fix="Logout tokens go to /v1/auth/backchannel-logout."
        )
    # Accepting it without proof of the key would drop the protection that its issuer wanted (RFC 7800, RFC 9449).
    if "cnf" in claims:
        raise build_token_error(
            "The token is bound to a key of its holder (DPoP, mTLS).", fix="Ask for a plain bearer token."
        )
    # Keycloak names the client in azp, and by default puts no audience for this server into the token.
    party = claims.get("azp", claims.get("client_id"))
    meant = read_token_audience(claims)
    if not meant & set(audiences) and not (isinstance(party, str) and party in clients):
        raise build_token_error(
            f"The token is for {', '.join(sorted(meant)[:3]) or 'nobody in particular'}, not for this server.",
            fix="Let the provider put this server into the audience (setting oidc_audience), or use the client it knows.",
        )


def read_token_audience(claims: Mapping[str, Any]) -> set[str]:
    """Read the audience of a token."""
    value = claims.get("aud", [])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or len(value) > MAX_AUDIENCES or not all(isinstance(name, str) for name in value):
        raise build_token_error("The token's audience is not a list of names.")
    return {name[:MAX_CLAIM_CHARACTERS] for name in value}


def check_id_token(token: UnverifiedToken, client_id: str, nonce: str | None) -> None:
    """Check an ID token's claims (OpenID Connect Core, section 3.1.3.7). nonce: of the sign-in, if any."""
    claims = token.claims
    if client_id not in read_token_audience(claims) or claims.get("azp", client_id) != client_id:
        raise build_token_error("The provider's ID token is for another client.")
    if nonce is not None and claims.get("nonce") != nonce:
        raise build_token_error("The provider's ID token is of another sign-in.", fix="Begin again.")
