"""Bus entries as flat fields: round trips and signatures."""

from __future__ import annotations

import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from agora.domains.bus.engines import wire

TOKEN = "agt_token"
NAMES = st.text(st.characters(exclude_characters="\0=", exclude_categories=["Cs"]), max_size=20)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=10)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.fixed_dictionaries(
        {"content": st.dictionaries(WORDS, JSON, max_size=4)},
        optional=dict.fromkeys(wire.PLAIN_FIELDS, WORDS)
        | {"extensions": st.dictionaries(WORDS, JSON, min_size=1, max_size=3)},
    )
)
def test_entry_round_trips(entry: dict[str, Any]) -> None:
    fields = wire.encode_fields(entry)
    assert all(isinstance(value, str) for value in fields.values())
    assert fields["origin"] == wire.ORIGIN_SERVER
    assert wire.decode_fields(fields) == entry


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("", {}),
        ("words", {"text": "words"}),
        ('"quoted"', {"text": "quoted"}),
        ("[1]", {"text": "[1]"}),
        ("5", {"text": "5"}),
        ("{broken", {"text": "{broken"}),
        ('{"a": 1}', {"a": 1}),
        ("NaN", {"text": "NaN"}),
    ],
)
def test_content_need_not_be_an_object(text: str, content: dict[str, Any]) -> None:
    assert wire.decode_fields({"content": text})["content"] == content


def test_unknown_fields_are_kept() -> None:
    fields = {"content": "{}", "trace": "7", "key": "k", "signature": "s", "tenant": "t", "origin": "o", "sender": ""}
    assert wire.decode_fields(fields) == {"content": {}, "extensions": {"trace": "7"}}


@given(FIELDS)
def test_signed_entry_is_verified(fields: dict[str, str]) -> None:
    fields.pop("signature", None)
    signed = fields | {"signature": wire.compute_signature(fields, TOKEN)}
    assert wire.verify_signature(signed, TOKEN)
    assert not wire.verify_signature(signed, TOKEN + "x")


@given(FIELDS, FIELDS)
def test_changed_field_invalidates_the_signature(one: dict[str, str], other: dict[str, str]) -> None:
    for fields in (one, other):
        fields.pop("signature", None)
    assert (wire.compute_signature(one, TOKEN) == wire.compute_signature(other, TOKEN)) is (one == other)


def test_signature_equals_the_documented_example() -> None:
    fields = {"sender": "A", "content": '{"a":1}', "type": "state_update"}
    text = "\0".join(f"{name}={fields[name]}" for name in sorted(fields))
    assert wire.compute_signature(fields, TOKEN) == hmac.new(TOKEN.encode(), text.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("fields", [{"a\0b": "x"}, {"a=b": "x"}, {"a": "x\0c=y"}])
def test_ambiguous_fields_are_not_signed(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="NUL"):
        wire.compute_signature(fields, TOKEN)


def test_signature_length_is_bounded() -> None:
    for wrong in ("", "00", "é", "\udcff", "0" * 10_000):
        assert not wire.verify_signature({"a": "b", "signature": wrong}, TOKEN)
    assert to_json(wire.decode_fields({"content": "x" * 1000}))
