"""Faults: what a validator finds wrong with arguments, in words for whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

__all__ = ["wording"]

ID = re.compile(r"\^([a-z]+_)\[0-9a-f\]\{32\}\$")  #: patterns of ids that the marketplace makes


def wording(fault: Mapping[str, Any], model: type[BaseModel]) -> str:
    """The message of one finding of pydantic about arguments for a model.

    A pattern is told by what it stands for: the form of an id, or what the argument's description says.
    """
    message = str(fault["msg"])
    if fault["type"] != "string_pattern_mismatch":
        return message
    pattern = fault["ctx"]["pattern"]
    if made := ID.fullmatch(pattern):
        return f"is not an id of this kind: {made[1]} and 32 hexadecimal digits"
    declared = model.model_fields.get(str(fault["loc"][0])) if len(fault["loc"]) == 1 else None
    if declared is not None and declared.description:
        return f"does not fit {pattern}: {declared.description.rstrip('.')}"
    return f"does not fit {pattern}"
