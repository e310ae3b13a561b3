"""Signatures of agent cards: JWS with ES256, section 8.4 of A2A 1.0."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic_core import to_json

from agora.domains.identity.signing_key import SigningKey, encode_base64url
from agora.wire.a2a.canonical_json import encode_signed_content

__all__ = ["CardSigner"]

MAX_CACHED_SIGNATURES: Final = 1000  #: cached signatures, so that an unchanged card keeps its signature


class CardSigner:
    """Signs cards with the server's key."""

    def __init__(self, path: Path) -> None:
        self._key = SigningKey(path)
        self._signatures: dict[bytes, dict[str, str]] = {}

    def sign_card(self, card: Mapping[str, Any], jku: str) -> dict[str, str]:
        """Sign a card; returns an AgentCardSignature. jku: URL of the key set."""
        content = encode_signed_content(card)
        # Signing costs far more than hashing, and ES256 would give the same card another signature each time.
        digest = hashlib.sha256(jku.encode() + b"\0" + content).digest()
        signature = self._signatures.get(digest)
        if signature is None:
            if len(self._signatures) >= MAX_CACHED_SIGNATURES:
                self._signatures.clear()
            signature = self._signatures[digest] = self._create_signature(content, jku)
        return signature

    def _create_signature(self, content: bytes, jku: str) -> dict[str, str]:
        protected = encode_base64url(
            to_json({"alg": "ES256", "typ": "JOSE", "kid": self.public_jwk["kid"], "jku": jku})
        )
        return {"protected": protected, "signature": self._key.sign_content(protected, content)}

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key (RFC 7517)."""
        return self._key.public_jwk
