"""Logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.4): parsing and validation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from agora.clock import SECOND

from ..sign_on_port import LogoutNotice, build_user_id, derive_notice_key, derive_session_key
from . import access_tokens
from .access_tokens import build_token_error

__all__ = ["TOKEN_TYPES", "parse_logout_token"]

TOKEN_TYPES: Final = access_tokens.TOKEN_TYPES | {"logout+jwt", "application/logout+jwt"}
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
DEFAULT_VALIDITY_SECONDS: Final = 120  #: of a token without an expiry
# A jti is remembered until the token has expired (section 2.6), so the validity that a provider chooses is bounded.
MAX_VALIDITY_SECONDS: Final = 3600  #: maximum validity, even if its exp is later
MAX_CLAIM_CHARACTERS: Final = 255


def parse_logout_token(
    claims: Mapping[str, Any], issuer: str, audiences: Collection[str], now: int, skew: int
) -> LogoutNotice:
    """Parse and validate a logout token as in section 2.6, except for its signature. Raises Unauthenticated.

    audiences: names of ours at that provider. now and skew: microseconds.
    """
    if not access_tokens.read_token_audience(claims) & set(audiences):
        raise build_token_error(
            "The logout token is for another client.", fix="Configure the provider to send it to the right audience."
        )
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise build_token_error("The token is not a logout token.", fix=f"Its claim events has to have {LOGOUT_EVENT}.")
    if "nonce" in claims:  # which makes it an ID token
        raise build_token_error("A logout token has no nonce.", fix="Send the logout token, not the ID token.")
    at, until = _check_times_and_get_bounds(claims, now, skew)
    jti, session, subject = (_read_text_claim(claims, name) for name in ("jti", "sid", "sub"))
    if jti is None:
        raise build_token_error("The logout token has no jti.", fix="Each needs a unique claim jti.")
    person = None if subject is None else build_user_id(issuer, subject)
    login = person if session is None else derive_session_key(issuer, session)
    if login is None:
        raise build_token_error(
            "The logout token does not say who has logged out.", fix="It has a claim sid, or sub, or both."
        )
    return LogoutNotice(login, person, derive_notice_key(issuer, jti), at, until)


def _check_times_and_get_bounds(claims: Mapping[str, Any], now: int, skew: int) -> tuple[int, int]:
    """Check issue time and expiry with the allowed clock skew."""
    issued, ends = access_tokens.read_numeric_date(claims, "iat"), access_tokens.read_numeric_date(claims, "exp")
    if issued is None:
        raise build_token_error("The logout token does not say when it was made.", fix="It has a claim iat.")
    if issued * SECOND - skew > now:
        raise build_token_error(
            "The token was issued in the future.", fix="Set the clocks of the provider and of this server right."
        )
    until = (
        int(min(issued + DEFAULT_VALIDITY_SECONDS if ends is None else ends, issued + MAX_VALIDITY_SECONDS) * SECOND)
        + skew
    )
    if until <= now:
        raise build_token_error("The logout token has expired.", fix="Send it while it is new.")
    return int(issued * SECOND), until


def _read_text_claim(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not (isinstance(value, str) and 0 < len(value) <= MAX_CLAIM_CHARACTERS and value.isprintable()):
        raise build_token_error(
            f"The logout token's {name} is not a name.", fix=f"Text of at most {MAX_CLAIM_CHARACTERS} characters."
        )
    return value
