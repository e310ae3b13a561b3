"""Sealing: credentials encrypted at rest, with AES-256-GCM, bound to what they belong to."""

from __future__ import annotations

import os

__all__ = ["Sealer"]

NONCE = 12


class Sealer:
    """Encrypts with one key of 32 bytes. What was sealed in one context cannot be opened in another."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, data: bytes, context: str) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self._key).encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed; ValueError if it was with another key, in another context, or was changed since."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._key).decrypt(sealed[:NONCE], sealed[NONCE:], context.encode())
        except InvalidTag:
            raise ValueError("sealed with another key, or changed since") from None
