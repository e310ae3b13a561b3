"""Value classes behave like frozen, slotted dataclasses, except that only the type checker rejects assignments."""

from __future__ import annotations

import ast
import copy
import pickle
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import pytest

from agora.value_classes import convert_to_dict, value_class

SOURCE = Path(__file__).parents[2] / "src" / "agora"
#: programs that use only the SDK, and not the modules of the server
CLIENTS = {"agent_runner", "cli", "demo", "worker"}


@value_class
class Point:
    x: int
    y: int = 0
    label: str = field(default="", compare=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Twin:
    x: int
    y: int = 0
    label: str = field(default="", compare=False)
    secret: str | None = field(default=None, repr=False)


@value_class
class One:
    items: list[int] = field(default_factory=list)


@value_class(kw_only=True)
class Place(Point):
    """A named point."""

    name: str


@pytest.mark.parametrize(
    ("first", "second"),
    [((1, 2), (1, 2)), ((1, 2), (1, 3)), ((1, 2, "a"), (1, 2, "b")), ((1, 2, "", "s"), (1, 2)), ((True, 2), (1, 2.0))],
)
def test_values_compare_and_hash_as_those_of_a_dataclass(first: tuple[int], second: tuple[int]) -> None:
    assert (Point(*first) == Point(*second)) is (Twin(*first) == Twin(*second))
    assert (hash(Point(*first)) == hash(Point(*second))) is (hash(Twin(*first)) == hash(Twin(*second)))


def test_objects_of_different_classes_are_not_equal() -> None:
    assert Point(1) != Twin(1)
    assert Point(1) != Place(1, name="")
    assert Place(1, name="a") == Place(1, name="a") != Place(1, name="b")
    assert len({Point(1), Point(1), Place(1, name="a")}) == 2


def test_a_description_is_that_of_a_dataclass_and_contains_no_secret() -> None:
    assert repr(Point(1, label="a", secret="sesame")) == repr(Twin(1, label="a", secret="sesame")).replace(
        "Twin", "Point"
    )
    assert "sesame" not in repr(Place(1, secret="sesame", name="n"))


def test_a_class_with_a_single_field_compares_its_value() -> None:
    assert One([1]) == One([1]) != One([2])
    with pytest.raises(TypeError, match="unhashable"):
        hash(One())
    assert One().items is not One().items


def test_the_functions_of_dataclasses_apply() -> None:
    place = Place(1, 2, name="here", secret="sesame")
    assert replace(place, x=5) == Place(5, 2, name="here", secret="sesame")
    assert [each.name for each in fields(place)] == ["x", "y", "label", "secret", "name"]
    assert copy.deepcopy(place) == pickle.loads(pickle.dumps(place)) == place
    assert not hasattr(place, "__dict__")
    match place:
        case Place(1, y):
            assert y == 2


def test_the_first_object_of_a_class_is_created_as_all_others() -> None:
    @value_class
    class Sum:
        first: int
        rest: list[int] = field(default_factory=list)
        total: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "total", self.first + sum(self.rest))

    class NamedSum(Sum):
        __slots__ = ()

    with pytest.raises(TypeError, match=r"Sum\.__init__\(\) missing 1 required positional argument: 'first'"):
        Sum()  # type: ignore[call-arg]
    assert [NamedSum(1).total, Sum(1, [2]).total, Sum(first=1).total, NamedSum(1, rest=[1]).total] == [1, 3, 1, 2]
    with pytest.raises(TypeError, match="unexpected keyword argument 'total'"):
        Sum(1, total=3)  # type: ignore[call-arg]


def test_a_field_may_have_any_name() -> None:
    @value_class
    class Names:
        instance: int
        self: int
        kwargs: int = 0

    assert repr(Names(instance=1, self=2)).endswith("Names(instance=1, self=2, kwargs=0)")
    assert Names(instance=1, self=2) == Names(1, 2)


def test_a_dictionary_has_the_values_themselves() -> None:
    one = One([1])
    assert convert_to_dict(one) == {"items": [1]}
    assert convert_to_dict(one)["items"] is one.items


def test_the_server_has_value_classes_where_it_could_have_frozen_dataclasses() -> None:
    frozen = [
        f"{file.relative_to(SOURCE)}:{node.lineno} {node.name}"
        for file in SOURCE.rglob("*.py")
        if file.relative_to(SOURCE).parts[0] not in CLIENTS
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.ClassDef) and not node.bases
        and any(ast.unparse(each).startswith("dataclass(frozen=True, slots=True") for each in node.decorator_list)
    ]  # fmt: skip
    assert frozen == []
