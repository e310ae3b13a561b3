"""The canonical form of an agent card for its signature: RFC 8785, and section 8.4.1 of A2A 1.0."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

__all__ = ["encode_signed_content", "to_canonical_json"]

#: members that A2A 1.0 declares required or optional: they are kept even if empty
_REQUIRED_FIELDS: Final = frozenset(
    {
        "name",
        "description",
        "supportedInterfaces",
        "version",
        "capabilities",
        "defaultInputModes",
        "defaultOutputModes",
        "skills",
        "url",
        "protocolBinding",
        "protocolVersion",
        "organization",
        "id",
        "tags",
        "documentationUrl",
        "iconUrl",
        "streaming",
        "pushNotifications",
        "extendedAgentCard",
        "location",
        "scheme",
        "flows",
        "openIdConnectUrl",
        "authorizationUrl",
        "tokenUrl",
        "scopes",
        "deviceAuthorizationUrl",
    }
)
# Their keys are names that others chose: an empty value below them is content, not an omitted default.
_FREE_FORM_MAPS: Final = frozenset({"params", "header", "scopes"})  #: free-form maps, kept unchanged
MAX_SAFE_INTEGER: Final = 2**53
MAX_DOUBLE: Final = sys.float_info.max
_DEFAULT_VALUES: Final[tuple[Any, ...]] = (None, "", [], {}, False)


def encode_signed_content(card: Mapping[str, Any]) -> bytes:
    """Encode the signed content of a card: without signatures, and without default values of other members."""
    return to_canonical_json(_drop_defaults({key: value for key, value in card.items() if key != "signatures"}))


def _drop_defaults(value: Any) -> Any:
    if isinstance(value, list):
        return [_drop_defaults(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    members = {}
    for key, entry in value.items():
        member = entry if key in _FREE_FORM_MAPS else _drop_defaults(entry)
        # 0 equals False in Python and is dropped as well: it is the default of a number in Protocol Buffers.
        if key in _REQUIRED_FIELDS or member not in _DEFAULT_VALUES:
            members[key] = member
    return members


def to_canonical_json(value: Any) -> bytes:
    """Encode JSON by RFC 8785: sorted by UTF-16 code units, no white space, numbers as in ECMAScript."""
    return _encode_value(value).encode()


def _encode_value(value: Any) -> str:
    if isinstance(value, dict):
        # By UTF-16 code units (RFC 8785 section 3.2.3): code points above U+FFFF sort before U+E000.
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_encode_value(key)}:{_encode_value(entry)}" for key, entry in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_encode_value, value)) + "]"
    # Larger integers are doubles in JSON, too, and have fewer digits than in Python.
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER):
        return _format_number(value)
    # The escapes of json.dumps are exactly those of RFC 8785, section 3.2.2.2: short forms, else \u00xx in lower case.
    return json.dumps(value, ensure_ascii=False)


def _format_number(value: float) -> str:
    """Format a number like ECMAScript's Number::toString: the shortest digits that identify its double."""
    if not -MAX_DOUBLE <= value <= MAX_DOUBLE:
        raise ValueError("JSON has no such number")
    # Also -0, which ECMAScript writes as 0.
    if value == 0:
        return "0"
    sign, figures, exponent = Decimal(repr(float(value))).as_tuple()
    digits = "".join(map(str, figures)).rstrip("0")
    point = len(figures) + int(exponent)
    minus = "-" if sign else ""
    # The limits of ECMA-262, Number::toString: an exponent from 22 digits, and below 1e-6.
    if len(digits) <= point <= 21:
        return minus + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{minus}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{minus}{mantissa}e{point - 1:+d}"
