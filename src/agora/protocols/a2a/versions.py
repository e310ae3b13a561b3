"""The A2A version of a request: section 3.6 of the specification 1.0."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl

from agora.protocols.http import Scope, read_header

from .errors import build_protocol_error

__all__ = ["CURRENT", "LEGACY", "SUPPORTED", "negotiate_version", "read_named_version"]

CURRENT: Final = "1.0"
LEGACY: Final = "0.3"
SUPPORTED: Final = (CURRENT, LEGACY)
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.\d{1,9})?")


def negotiate_version(scope: Scope) -> str:
    """Negotiate the version of a request by its header or query; the default is 0.3, and the patch number is ignored.

    Raises A2AError for an unsupported version.
    """
    version = read_named_version(scope) or LEGACY
    if version not in SUPPORTED:
        raise build_protocol_error(
            "VERSION_NOT_SUPPORTED",
            f"A2A {version} is not supported; supported versions: {', '.join(SUPPORTED)}.",
            requested=version,
            supported=", ".join(SUPPORTED),
        )
    return version


def read_named_version(scope: Scope) -> str:
    """Read the version named by a request, supported or not; empty without one."""
    text = read_header(scope, b"a2a-version")
    if text is None and scope["query_string"]:
        text = _read_version_in_query(scope["query_string"])
    text = (text or "").strip()
    match = _VERSION.fullmatch(text)
    # Cut, because the error repeats it.
    return f"{int(match[1])}.{int(match[2])}" if match else text[:40]


def _read_version_in_query(query: bytes) -> str | None:
    try:
        pairs = parse_qsl(query.decode("latin-1"), max_num_fields=100)
    except ValueError:  # reported when the rest of the request is parsed
        return None
    return next((value for name, value in pairs if name.lower() == "a2a-version"), None)
