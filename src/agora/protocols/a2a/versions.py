"""Which version of A2A a request speaks: section 3.6 of the specification 1.0."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl

from agora.protocols.http import Scope, header

from .errors import faulty

__all__ = ["CURRENT", "LEGACY", "SUPPORTED", "asked", "requested"]

CURRENT: Final = "1.0"
LEGACY: Final = "0.3"
SUPPORTED: Final = (CURRENT, LEGACY)
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.\d{1,9})?")


def requested(scope: Scope) -> str:
    """The version that a request asks for by its header or query: none means 0.3; the patch number means nothing.

    Raises Faulty for one that is not spoken here.
    """
    version = asked(scope) or LEGACY
    if version not in SUPPORTED:
        raise faulty(
            "VERSION_NOT_SUPPORTED",
            f"A2A {version} is not spoken here; these are: {', '.join(SUPPORTED)}.",
            requested=version,
            supported=", ".join(SUPPORTED),
        )
    return version


def asked(scope: Scope) -> str:
    """The version that a request names, whether or not it is spoken here; empty where it names none."""
    given = header(scope, b"a2a-version")
    if given is None and scope["query_string"]:
        given = _in_query(scope["query_string"])
    given = (given or "").strip()
    found = _VERSION.fullmatch(given)
    return f"{int(found[1])}.{int(found[2])}" if found else given[:40]


def _in_query(query: bytes) -> str | None:
    try:
        found = parse_qsl(query.decode("latin-1"), max_num_fields=100)
    except ValueError:  # which whoever reads the rest of it will say
        return None
    return next((value for name, value in found if name.lower() == "a2a-version"), None)
