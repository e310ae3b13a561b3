"""Message content: converts the parts of both APIs to A2A parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from .errors import invalid_field
from .request_fields import read_limited_text

__all__ = ["join_content_text", "read_content"]

MAX_PARTS: Final = 100
MAX_TEXT_CHARACTERS: Final = 900_000  #: maximum characters of one part, as in messages of agents
MAX_FILE_CHARACTERS: Final = 5_600_000  #: maximum characters of a file in base64
_DATA_URL: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,(.*)", re.DOTALL)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
# Not sets: a client may send a list or an object in place of the name, which cannot be looked up in a set.
_TEXT_TYPES: Final = ("text", "input_text", "output_text", "refusal")
_AUDIO_FORMATS: Final = ("wav", "mp3", "flac", "ogg", "aac")

Part = dict[str, Any]


def read_content(content: Any, field: str) -> list[Part]:
    """Read the parts of a message's content: a string or a list of parts. Raises InvalidRequest."""
    if isinstance(content, str):
        if not content:
            raise invalid_field(field, "is empty")
        return [
            {"text": content[start : start + MAX_TEXT_CHARACTERS]}
            for start in range(0, len(content), MAX_TEXT_CHARACTERS)
        ]
    if not isinstance(content, list) or not content:
        raise invalid_field(field, "should be a text, or a list of parts")
    if len(content) > MAX_PARTS:
        raise invalid_field(field, f"more than {MAX_PARTS} parts")
    return [_read_part(part, f"{field}.{number}") for number, part in enumerate(content)]


def _read_part(part: Any, path: str) -> Part:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind in _TEXT_TYPES:
        return {"text": read_limited_text(part.get("text", part.get("refusal")), f"{path}.text", MAX_TEXT_CHARACTERS)}
    if kind in ("image_url", "input_image"):
        image = part.get("image_url")
        url = image.get("url") if isinstance(image, Mapping) else image
        return _read_url(url, f"{path}.image_url")
    if kind in ("file", "input_file"):
        file = part["file"] if isinstance(part.get("file"), Mapping) else part
        return _read_file(file, path)
    if kind == "input_audio" and isinstance(part.get("input_audio"), Mapping):
        audio = part["input_audio"]
        format = audio.get("format") if audio.get("format") in _AUDIO_FORMATS else "wav"
        return {"raw": _read_base64(audio.get("data"), f"{path}.input_audio.data"), "mediaType": f"audio/{format}"}
    raise invalid_field(
        f"{path}.type",
        f"{str(kind)[:100]!r} is not a supported type of content",
        fix="Send text, image_url, input_image or a file.",
    )


def _read_file(file: Mapping[str, Any], path: str) -> Part:
    if file.get("file_id"):
        raise invalid_field(
            f"{path}.file_id", "files are not stored here", fix="Send it as file_data, or its file_url."
        )
    name = file.get("filename")
    file_fields = {"filename": name[:1000]} if isinstance(name, str) and name else {}
    if file.get("file_url"):
        return {"url": read_limited_text(file["file_url"], f"{path}.file_url", 2000), **file_fields}
    data = file.get("file_data")
    if isinstance(data, str) and not data.startswith("data:"):
        return {"raw": _read_base64(data, f"{path}.file_data"), **file_fields}
    return _read_url(data, f"{path}.file_data") | file_fields


def _read_url(url: Any, path: str) -> Part:
    """Read a file by URL; a data URL contains the file."""
    text = read_limited_text(url, path, MAX_FILE_CHARACTERS)
    if not text.startswith("data:"):
        return {"url": read_limited_text(text, path, 2000)}
    match = _DATA_URL.fullmatch(text)
    if match is None:
        raise invalid_field(path, "is not a data URL", fix="Write it as data:image/png;base64,...")
    media_type = match[1] or "text/plain"
    if match[3]:
        return {"raw": _read_base64(match[4], path), "mediaType": media_type}
    return {"text": unquote_to_bytes(match[4]).decode(errors="replace"), "mediaType": media_type}


def _read_base64(value: Any, path: str) -> str:
    text = read_limited_text(value, path, MAX_FILE_CHARACTERS)
    if not _BASE64.fullmatch(text):
        raise invalid_field(path, "is not base64")
    return text


def join_content_text(content: Any) -> str:
    """Join the text parts of a message's content."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))
