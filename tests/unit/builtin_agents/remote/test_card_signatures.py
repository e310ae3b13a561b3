"""Signatures of agent cards: every supported algorithm is accepted, invalid signatures are refused."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import serialize_compact

from agora.builtin_agents.remote.cards import is_valid_signature
from agora.wire.a2a.canonical_json import encode_signed_content

CARD = {"name": "A", "description": "B", "version": "1", "capabilities": {}, "skills": []}
KEYS: dict[str, Key] = {
    "ES256": ECKey.generate_key("P-256"),
    "EdDSA": OKPKey.generate_key("Ed25519"),
    "RS256": RSAKey.generate_key(2048),
}


def signature(algorithm: str) -> dict[str, str]:
    """Build a signature with a different library than the one that verifies it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # EdDSA was renamed by RFC 9864, but cards still use this name
        token = serialize_compact(
            {"alg": algorithm}, encode_signed_content(CARD), KEYS[algorithm], algorithms=[algorithm]
        )
    protected, _, made = token.split(".")
    return {"protected": protected, "signature": made}


def public(algorithm: str) -> dict[str, Any]:
    return dict(KEYS[algorithm].as_dict(private=False))


@pytest.mark.parametrize("algorithm", KEYS)
def test_valid_signature_is_accepted(algorithm: str) -> None:
    assert is_valid_signature(signature(algorithm), encode_signed_content(CARD), public(algorithm))
    assert not is_valid_signature(signature(algorithm), encode_signed_content(CARD | {"name": "Z"}), public(algorithm))


@pytest.mark.parametrize(
    ("signature", "key"),
    [
        (signature("ES256"), public("RS256")),
        (signature("ES256"), public("EdDSA")),
        (signature("ES256"), {}),
        (signature("ES256"), public("ES256") | {"x": "!"}),
        (signature("ES256"), public("ES256") | {"x": "AA", "y": "AA"}),
        (signature("ES256") | {"signature": "AA"}, public("ES256")),
        (signature("ES256") | {"signature": 7}, public("ES256")),
        (signature("ES256") | {"protected": "eyJhbGciOiJub25lIn0"}, public("ES256")),
        ({}, public("ES256")),
    ],
)
def test_invalid_signature_is_refused(signature: dict[str, Any], key: dict[str, Any]) -> None:
    assert not is_valid_signature(signature, encode_signed_content(CARD), key)
