"""LiveKit access tokens: JSON Web Tokens (RFC 7519) signed with the API secret by HS256, with a ``video`` claim.

https://docs.livekit.io/home/get-started/authentication. The claim contains the grants. The claims are few and stable,
and the signing library is already used for agents' cards, so LiveKit's own library is needed only by the tests, which
verify the tokens with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import OctKey

from agora_sdk.contract.media import MediaRole

__all__ = ["ROLE_GRANTS", "build_room_claims", "sign_livekit_token"]

#: grants of each role in its single room. None includes listing rooms, because tokens are valid for the whole LiveKit
#: server.
ROLE_GRANTS: Final[Mapping[MediaRole, Mapping[str, bool]]] = {
    "admin": {
        "roomAdmin": True,
        "canPublish": True,
        "canSubscribe": True,
        "canPublishData": True,
        "canUpdateOwnMetadata": True,
    },
    "moderator": {"roomAdmin": True, "canPublish": True, "canSubscribe": True, "canPublishData": True},
    "publisher": {"canPublish": True, "canSubscribe": False, "canPublishData": True},
    "participant": {"canPublish": True, "canSubscribe": True, "canPublishData": True},
    "viewer": {"canPublish": False, "canSubscribe": True, "canPublishData": False},
}


def build_room_claims(room: str, identity: str, role: MediaRole, metadata: str | None) -> dict[str, Any]:
    """Build the claims of a participant who joins a room."""
    claims: dict[str, Any] = {
        "sub": identity,
        "name": identity,
        "video": {"room": room, "roomJoin": True, **ROLE_GRANTS[role]},
    }
    return claims if metadata is None else claims | {"metadata": metadata}


def sign_livekit_token(key: str, secret: str, claims: Mapping[str, Any], *, now: int, seconds: int) -> str:
    """Sign claims with an API key. now: seconds since 1970. seconds: until the token expires."""
    # LiveKit finds the secret by the issuer, which is the API key.
    whole = {**claims, "iss": key, "nbf": now, "exp": now + seconds}
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, whole, OctKey.import_key(secret), algorithms=["HS256"])
