"""Contract models built from records.

A column has the name of the model's field that shows it. Values are converted as they are stored: microseconds since
1970 for a time, 0 or 1 for a boolean, text for an enum, and JSON text for a list, an object or a model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, JsonValue
from pydantic_core import from_json

from agora.clock import to_datetime

__all__ = ["UnmappedField", "build_from_record"]

M = TypeVar("M", bound=BaseModel)

Conversion = Callable[[Any], Any]

_SCALARS = {"str": str, "int": int, "float": float, "bool": bool}


class UnmappedField(TypeError):
    """A record does not have what a field of a model needs."""


def build_from_record(model: type[M], record: Any, /, **computed: Any) -> M:
    """Build a model from the columns of the same names. Not validated.

    computed: fields that differ from their column, or have none. A field that is neither computed nor a column has its
    default. Raises UnmappedField for a required field without a value, and for a column of another type: an amount in
    millionths is never taken for one in units of a currency.
    """
    for name, convert in _map_columns(model, record.__class__, tuple(computed)):
        value = getattr(record, name)
        computed[name] = value if convert is None or value is None else convert(value)
    return model.model_construct(**computed)


@cache
def _map_columns(
    model: type[BaseModel], record: type[Any], computed: tuple[str, ...]
) -> list[tuple[str, Conversion | None]]:
    columns = {field.name: str(field.type).removesuffix(" | None") for field in fields(record)}
    conversions = []
    for name, field in model.model_fields.items():
        if name in computed:
            continue
        if name in columns:
            conversions.append((name, _find_conversion(model, name, columns[name], field.annotation)))
        elif field.is_required():
            raise UnmappedField(f"{record.__qualname__} has no column for {model.__qualname__}.{name}")
    return conversions


def _find_conversion(model: type[BaseModel], name: str, column_type: str, annotation: Any) -> Conversion | None:
    """Find how a column's values are converted; None if they are used as they are."""
    union = get_args(annotation) if type(None) in get_args(annotation) else (annotation,)
    kinds: list[Any] = [get_args(kind)[0] if get_origin(kind) is Annotated else kind for kind in union]
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind
        if kind is _SCALARS.get(column_type) or (get_origin(kind) is Literal and column_type == "str"):
            return None
        if column_type == "int" and kind is AwareDatetime:
            return to_datetime
        if column_type == "int" and kind is bool:
            return bool
        if column_type == "str" and (kind is JsonValue or _is_plain_json(kind)):
            return from_json
        if column_type == "str" and isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind.model_validate_json
    raise UnmappedField(f"{model.__qualname__}.{name} is not stored as {column_type}")


def _is_plain_json(kind: Any) -> bool:
    """Whether a type is a list or an object without models or enums, which the parsed JSON would not be."""
    parts = [part for part in get_args(kind) if isinstance(part, type)]
    return get_origin(kind) in (dict, list) and not any(issubclass(part, (BaseModel, Enum)) for part in parts)
