"""What cannot be offered has its reason, and what changed is known by its hash."""

from __future__ import annotations

from typing import Any

import pytest

from agora.upstreams.port import fingerprint
from agora.upstreams.sealing import Sealer
from agora.upstreams.vetting import vet

OBJECT = {"type": "object"}


def define(name: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": OBJECT} | more


def reason(definition: Any, *, upstream: str = "far") -> str | None:
    (item,) = vet(upstream, "tool", [(definition, None)])
    return item.reason


@pytest.mark.parametrize("name", ["echo", "a.b", "A_b-c", "x" * 60])
def test_good_names(name: str) -> None:
    assert reason(define(name)) is None


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        (define("with space"), "characters"),
        (define("ünï"), "characters"),
        (define("a/b"), "characters"),
        (define(""), "no name"),
        (define(None), "no name"),
        ("nonsense", "no name"),
        ({"inputSchema": OBJECT}, "no name"),
        (define("x" * 61), "longer than 64"),
        ({"name": "a"}, "no inputSchema"),
        (define("a", inputSchema={"type": "string"}), "not of type object"),
        (define("a", inputSchema={"type": "object", "properties": 3}), "not a JSON schema"),
        (define("a", outputSchema={"type": "nothing"}), "outputSchema is not a JSON schema"),
        (define("a", description="x" * 70_000), "larger than"),
    ],
)
def test_reasons(definition: Any, why: str) -> None:
    found = reason(definition)
    assert found is not None
    assert why in found


def test_of_two_with_one_name_the_first_stays() -> None:
    items = vet("far", "tool", [(define("a.b"), None), (define("a_b"), None), (define("a.b"), None)])
    assert [item.reason for item in items] == [None, "another one has the same name", "another one has the same name"]
    assert len({item.name for item in items}) == 3


def test_a_name_that_was_dropped_is_free() -> None:
    items = vet("far", "tool", [({"name": "a"}, None), (define("a"), None)])
    assert [item.reason for item in items] == ["it has no inputSchema", None]


def test_what_the_protocol_says_against_it() -> None:
    (item,) = vet("far", "tool", [(define("a"), "its annotations are not valid")])
    assert item.reason == "its annotations are not valid"


def test_there_are_only_so_many() -> None:
    items = vet("far", "prompt", [({"name": f"p{n}"}, None) for n in range(1001)])
    assert [item.reason for item in items[-2:]] == [None, "more than 1000"]


def test_a_missing_description_is_made() -> None:
    (item,) = vet("far", "tool", [(define("a"), None)])
    assert item.description == "The tool a of far."
    assert "description" not in item.definition, "the definition stays as it came"


def test_a_fingerprint_minds_everything_but_order_and_meta() -> None:
    base = define("a", description="x", annotations={"readOnlyHint": True})
    assert fingerprint(base) == fingerprint(dict(reversed(base.items())) | {"_meta": {"n": 1}})
    for change in ({"description": "y"}, {"annotations": {}}, {"inputSchema": OBJECT | {"title": "t"}}, {"title": "t"}):
        assert fingerprint(base) != fingerprint(base | change)


def test_sealed_is_sealed() -> None:
    sealer = Sealer(b"k" * 32)
    sealed = sealer.seal(b"secret", "ups_1")
    assert b"secret" not in sealed
    assert sealed != sealer.seal(b"secret", "ups_1")
    assert sealer.open(sealed, "ups_1") == b"secret"
    for other, context, data in (
        (Sealer(b"x" * 32), "ups_1", sealed),
        (sealer, "ups_2", sealed),
        (sealer, "ups_1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (sealer, "ups_1", b"short"),
    ):
        with pytest.raises(ValueError):  # noqa: PT011
            other.open(data, context)
