"""Value classes: immutable dataclasses that are cheap to create.

``@dataclass(frozen=True, slots=True)`` compiles seven methods for each class. A server creates hundreds of such classes
before it is ready, and uses few of them at once, so here all classes share their methods, and ``__init__`` is compiled
for the first object of a class (docs/adr/0022).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, make_dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform, overload

__all__ = ["build_values_getter", "convert_to_dict", "create_dataclass", "value_class"]

T = TypeVar("T")


@overload
def value_class(cls: type[T], /) -> type[T]: ...
@overload
def value_class(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_class(cls: type[Any] | None = None, /, *, kw_only: bool = False) -> Any:
    """A slotted dataclass with hashable, immutable values.

    The type checker rejects assignments to its fields. They are not checked at run time, which would cost two methods for
    each class and half of the speed of creating an object.
    """

    def create_class(cls: type[T]) -> type[T]:
        return create_dataclass(cls, _hash_values, kw_only=kw_only)

    return create_class if cls is None else create_class(cls)


def create_dataclass(cls: type[T], hash_method: Callable[[Any], int] | None, **options: bool) -> type[T]:
    """Create a slotted dataclass with the shared methods. hash_method: None if its objects are not hashable."""
    # Without a docstring, dataclass formats the signature for one, which takes a third of the remaining time.
    cls.__doc__ = cls.__doc__ or cls.__name__
    kind: Any = dataclass(slots=True, init=False, repr=False, eq=False, **options)(cls)
    kind.__init__ = _compile_init_and_call
    kind.__repr__, kind.__eq__, kind.__hash__ = _describe_values, _equal_values, hash_method
    return cast(type[T], kind)


def _compile_init_and_call(instance: Any, /, *args: Any, **kwargs: Any) -> None:
    """The ``__init__`` of a class without objects: it replaces itself with the one of a dataclass with these fields."""
    kind: Any = next(each for each in type(instance).__mro__ if "__init__" in vars(each))
    namespace = {"__post_init__": kind.__post_init__} if hasattr(kind, "__post_init__") else {}
    model: Any = make_dataclass(
        kind.__name__,
        [(each.name, each.type, each) for each in fields(kind)],
        namespace=namespace,
        repr=False,
        eq=False,
    )
    kind.__init__ = model.__init__
    kind.__init__(instance, *args, **kwargs)


def _describe_values(instance: Any) -> str:
    """Format an object as dataclasses do, without the fields that are declared with ``repr=False``."""
    values = ", ".join(f"{each.name}={getattr(instance, each.name)!r}" for each in fields(instance) if each.repr)
    return f"{type(instance).__qualname__}({values})"


def _equal_values(instance: Any, other: Any) -> Any:
    """Compare objects of the same class by the fields that are not declared with ``compare=False``."""
    if type(other) is not type(instance):
        return NotImplemented
    kind: Any = type(instance)
    list_values = _build_comparison_getter(kind)
    return list_values(instance) == list_values(other)


def _hash_values(instance: Any) -> int:
    """Hash the values that are compared."""
    kind: Any = type(instance)
    return hash(_build_comparison_getter(kind)(instance))


@cache
def _build_comparison_getter(cls: Any) -> Callable[[Any], tuple[Any, ...]]:
    return build_values_getter([each.name for each in fields(cls) if each.compare])


def build_values_getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Build a function that returns the values of these attributes of an object."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda instance: tuple(getattr(instance, name) for name in names)


def convert_to_dict(instance: Any) -> dict[str, Any]:
    """Return the values of an object by field name. Unlike ``dataclasses.asdict``, it converts no value."""
    return {each.name: getattr(instance, each.name) for each in fields(instance)}
