"""Signatures of cards, verified by independent libraries, which detect every change."""

from __future__ import annotations

import json
import math
import stat
import struct
from pathlib import Path
from typing import Any

import jwt
import pytest
from a2a.types.a2a_pb2 import AgentCard
from a2a.utils import _jcs, signing
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from agora.protocols.a2a.signatures import CardSigner
from agora.wire.a2a import v03_cards as legacy_cards
from agora.wire.a2a.canonical_json import encode_signed_content, to_canonical_json
from tests.unit.wire import a2a_messages as shapes

JKU = "https://agora.example/.well-known/jwks.json"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> CardSigner:
    return CardSigner(tmp_path_factory.mktemp("key") / "a2a-signing.pem")


def _verify(card: dict[str, Any], signer: CardSigner) -> None:
    def key(kid: str | None, jku: str | None) -> jwt.PyJWK:
        assert (kid, jku) == (signer.public_jwk["kid"], JKU)
        return jwt.PyJWK(signer.public_jwk)

    signing.create_signature_verifier(key, ["ES256"])(ParseDict(card, AgentCard(), ignore_unknown_fields=True))


@given(card=shapes.cards)
def test_sdk_verifies_cards_of_both_versions(signer: CardSigner, card: dict[str, Any]) -> None:
    _verify({**card, "signatures": [signer.sign_card(card, JKU)]}, signer)
    _verify({**legacy_cards.add_legacy_card_members(card), "signatures": [signer.sign_card(card, JKU)]}, signer)


@given(card=shapes.cards)
def test_changed_card_is_detected(signer: CardSigner, card: dict[str, Any]) -> None:
    changed = {**card, "description": card["description"] + "!", "signatures": [signer.sign_card(card, JKU)]}
    with pytest.raises(signing.InvalidSignaturesError):
        _verify(changed, signer)


def test_key_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key.pem"
    first = CardSigner(path).public_jwk
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert CardSigner(path).public_jwk == first
    assert set(first) == {"crv", "kty", "x", "y", "kid", "alg", "use"}
    assert [entry.name for entry in path.parent.iterdir()] == ["key.pem"]


def test_damaged_key_error_explains_the_fix(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = tmp_path / "key.pem"
    path.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(ValueError, match=r"remove it to get a new one"):
        _ = CardSigner(path).public_jwk


def test_equal_cards_have_equal_signatures(signer: CardSigner) -> None:
    card = {"name": "a", "description": "b", "version": "1", "capabilities": {}, "skills": []}
    assert signer.sign_card(card, JKU) == signer.sign_card(dict(card), JKU)
    assert signer.sign_card(card, JKU) != signer.sign_card(card, JKU + "2")


def test_specifications_example_is_reproduced() -> None:
    card = {
        "name": "Example Agent",
        "description": "",
        "capabilities": {"streaming": False, "pushNotifications": False, "extensions": []},
        "skills": [],
    }
    assert encode_signed_content(card) == (
        b'{"capabilities":{"pushNotifications":false,"streaming":false},"description":"",'
        b'"name":"Example Agent","skills":[]}'
    )


NUMBERS = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])


@given(NUMBERS.filter(math.isfinite) | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_serialized_as_in_ecmascript(value: float) -> None:
    assert to_canonical_json(value).decode() == _jcs.canonicalize(value)


@given(st.integers(-(10**30), 10**30))
def test_large_integers_are_serialized_as_doubles(value: int) -> None:
    assert to_canonical_json(value).decode() == _jcs.canonicalize(float(value)).removesuffix(".0")


def test_numbers_beyond_doubles_are_refused() -> None:
    for value in (10**400, -(10**400), math.inf, math.nan):
        with pytest.raises(ValueError, match="no such number"):
            to_canonical_json(value)


@given(shapes.JSON)
def test_json_is_canonical(value: Any) -> None:
    assert to_canonical_json(value).decode() == _jcs.canonicalize(value)
    assert json.loads(to_canonical_json(value)) == value
