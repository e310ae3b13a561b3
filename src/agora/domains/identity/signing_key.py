"""The server's own key: ES256, with which it signs agent cards and push notifications.

It is kept beside the server's other keys (mode 0600) and made when something is first signed. Its public half is at
``/.well-known/jwks.json``; its id is its thumbprint (RFC 7638).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from agora.net.atomic_files import create_file_once
from agora.wire.a2a.canonical_json import to_canonical_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["KEY_FILE", "SigningKey", "encode_base64url"]

KEY_FILE: Final = "a2a-signing.pem"
COORDINATE_BYTES: Final = 32  #: bytes of a coordinate of P-256


class SigningKey:
    """The key in a file. Raises OSError, and ValueError for a file that holds another kind of key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def sign_content(self, protected: str, content: bytes) -> str:
        """Create a JWS signature (RFC 7515) over the encoded header and content."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        der = self._private_key.sign(f"{protected}.{encode_base64url(content)}".encode(), ECDSA(SHA256()))
        # JWS wants r and s as two numbers of fixed length (RFC 7518, section 3.4), the library gives DER.
        r, s = decode_dss_signature(der)
        return encode_base64url(r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big"))

    def sign_token(self, claims: Mapping[str, Any], **header: str) -> str:
        """A JWT (RFC 7519)."""
        protected = encode_base64url(to_json({"alg": "ES256", "typ": "JWT", "kid": self.public_jwk["kid"], **header}))
        content = to_json(dict(claims))
        return f"{protected}.{encode_base64url(content)}.{self.sign_content(protected, content)}"

    @cached_property
    def public_jwk(self) -> dict[str, str]:
        """The public key (RFC 7517)."""
        numbers = self._private_key.public_key().public_numbers()
        x, y = (encode_base64url(number.to_bytes(COORDINATE_BYTES, "big")) for number in (numbers.x, numbers.y))
        required = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
        thumbprint = encode_base64url(hashlib.sha256(to_canonical_json(required)).digest())
        return {**required, "kid": thumbprint, "alg": "ES256", "use": "sig"}

    @cached_property
    def _private_key(self) -> EllipticCurvePrivateKey:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ec import (
            SECP256R1,
            EllipticCurvePrivateKey,
            generate_private_key,
        )

        # create_file_once keeps the file of the first of two servers; both then read it below.
        if not self._path.exists():
            new_key = generate_private_key(SECP256R1())
            create_file_once(
                self._path,
                new_key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                ),
            )
        key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
        if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError(f"{self._path} holds no key of the curve P-256: remove it to get a new one")
        return key


def encode_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
