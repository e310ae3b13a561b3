"""Editing of one member of a JSON document: the rest of the text is kept, including comments and formatting."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from agora_sdk.errors import InvalidRequest

__all__ = ["parse_json", "set_json_member"]

_STRING = r'"(?:[^"\\\n]|\\.)*"'
# Strings are matched first: the // of a URL in one begins no comment.
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_TRAILING_COMMA = re.compile(rf"{_STRING}|,(?=\s*[}}\]])")
_SPACE = re.compile(r"\s*")


class _Object(NamedTuple):
    """The extent of an object in the text: its braces, and for each member the key, start and end of the value."""

    opens: int
    closes: int
    members: list[tuple[str, int, int]]


def parse_json(text: str, *, comments: bool = False) -> Any:
    """Parse a document. comments: whether comments and trailing commas are accepted.

    Raises InvalidRequest, with the location and the reason.
    """
    return json.loads(_strip_comments(text, comments=comments)) if text.strip() else {}


def set_json_member(text: str, path: Sequence[str], value: Any, *, comments: bool = False) -> str:
    """Set a member of a document and keep everything else; missing parent objects are created.

    Raises InvalidRequest for an unreadable document, or a parent that is not an object.
    """
    if not text.strip():
        text = "{}\n"
    plain = _strip_comments(text, comments=comments)
    document = json.loads(plain)
    expected = _set_member(document, path, value)
    if expected == document:
        return text
    edited_text = _edit_text(text, plain, path, value)
    # Checked by its result: a wrong edit would damage the configuration of the client.
    if parse_json(edited_text, comments=comments) != expected:
        raise InvalidRequest("It is written in a way that cannot be changed safely.", fix="Paste the entry by hand.")
    return edited_text


def _strip_comments(text: str, *, comments: bool) -> str:
    """Replace comments and trailing commas by blanks, so that offsets are unchanged."""

    def blank_out(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])

    bare = _COMMENT.sub(blank_out, text)
    plain = _TRAILING_COMMA.sub(blank_out, bare)
    # Refused rather than removed: the client itself would not read such a file.
    if plain != text and not comments:
        offset = next(number for number, (ours, theirs) in enumerate(zip(plain, text, strict=True)) if ours != theirs)
        line, what = text.count("\n", 0, offset) + 1, "a comment" if bare != text else "a trailing comma"
        raise InvalidRequest(
            f"It has {what} in line {line}, which is not JSON.", fix="Remove it, or paste the entry by hand."
        )
    try:
        document = json.loads(plain)
    except ValueError as error:
        raise InvalidRequest(f"It is not valid JSON: {error}.", fix="Repair it, or move it away.") from None
    if not isinstance(document, dict):
        raise InvalidRequest("It is not a JSON object.", fix="Repair it, or move it away.")
    return plain


def _set_member(document: Any, path: Sequence[str], value: Any) -> Any:
    """Return a copy of the document with the member set."""
    if not path:
        return value
    if not isinstance(document, dict):
        raise InvalidRequest(f"The parent of {path[0]!r} is not an object.", fix="Repair it, or move it away.")
    return document | {path[0]: _set_member(document.get(path[0], {}), path[1:], value)}


def _edit_text(text: str, plain: str, path: Sequence[str], value: Any) -> str:
    unit = indentation[1] if (indentation := re.search(r"\n([ \t]+)\"", text)) else "  "
    end = "\r\n" if "\r\n" in text else "\n"
    offset, depth = _locate_object(plain, _skip_space(plain, 0)), 0
    while True:
        spans = {key: (begins, ends) for key, begins, ends in offset.members}
        if path[depth] not in spans:
            break
        begins, ends = spans[path[depth]]
        if depth == len(path) - 1:
            return text[:begins] + _format_value(value, unit, depth + 1, end) + text[ends:]
        offset, depth = _locate_object(plain, begins), depth + 1
    for name in reversed(path[depth + 1 :]):
        value = {name: value}
    member = f"{json.dumps(path[depth], ensure_ascii=False)}: {_format_value(value, unit, depth + 1, end)}"
    return _insert_member(text, offset, unit, depth, end, member)


def _insert_member(text: str, object_span: _Object, unit: str, depth: int, end: str, member: str) -> str:
    """Insert a member at the end of an object, after any comments there."""
    body = len(text[: object_span.closes].rstrip())
    last = object_span.members[-1][2] if object_span.members else object_span.opens + 1
    remainder = text[last:body]
    if object_span.members and "," not in _COMMENT.sub("", remainder):
        # Directly after the value: a comment that follows it stays on its line.
        remainder = "," + remainder
    tail = text[body : object_span.closes]
    tail = tail if "\n" in tail else end + unit * depth
    return text[:last] + remainder + end + unit * (depth + 1) + member + tail + text[object_span.closes :]


def _format_value(value: Any, unit: str, depth: int, end: str) -> str:
    """Format a value at that depth: one line for each member of an object, lists on one line."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    line = end + unit * (depth + 1)
    members = (
        f"{json.dumps(key, ensure_ascii=False)}: {_format_value(part, unit, depth + 1, end)}"
        for key, part in value.items()
    )
    return "{" + line + f",{line}".join(members) + end + unit * depth + "}"


def _locate_object(plain: str, opens: int) -> _Object:
    """Locate the object whose opening brace is at that offset, in valid JSON."""
    members: list[tuple[str, int, int]] = []
    decoder, offset = JSONDecoder(), _skip_space(plain, opens + 1)
    while plain[offset] != "}":
        key, offset = scanstring(plain, offset + 1)
        begins = _skip_space(plain, _skip_space(plain, offset) + 1)
        _, ends = decoder.raw_decode(plain, begins)
        members.append((key, begins, ends))
        offset = _skip_space(plain, ends)
        if plain[offset] == ",":
            offset = _skip_space(plain, offset + 1)
    return _Object(opens, offset, members)


def _skip_space(plain: str, offset: int) -> int:
    space = _SPACE.match(plain, offset)
    return offset if space is None else space.end()
