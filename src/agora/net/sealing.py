"""Sealing: encryption of credentials at rest with AES-256-GCM, bound to a context."""

from __future__ import annotations

import os

__all__ = ["Sealer"]

NONCE_BYTES = 12


class Sealer:
    """Encrypts with one key of 32 bytes. Data sealed in one context cannot be opened in another."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, data: bytes, context: str) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        # Random 96-bit nonces are safe for 2**32 messages of one key (NIST SP 800-38D section 8.3).
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt sealed data. Raises ValueError if the key or context differs, or the data was changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise ValueError("sealed with another key, or changed since") from None
