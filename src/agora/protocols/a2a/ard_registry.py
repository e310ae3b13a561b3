"""The registry at ``/ard/search``: natural-language search of the AI Catalog (Agentic Resource Discovery, draft 0.9,
section 7).

It contains only local entries: it does not crawl manifests, and has no other registry to query or refer to. Callers
find what they can see in the catalog. Explore and List are optional in the draft, and return 501.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json

from agora.protocols.http import Send, send_response
from agora.protocols.json_body import parse_json_object
from agora_sdk.errors import AgoraError, InvalidRequest, field_error

__all__ = ["NOT_IMPLEMENTED", "OPTIONAL_METHODS", "search_entries", "send_registry_error"]

FEDERATION_MODES: Final = ("auto", "referrals", "none")
DEFAULT_PAGE, MAX_PAGE = 10, 100
MAX_TEXT_CHARACTERS: Final = 2000  #: maximum characters of a query
MAX_FILTERS: Final = 20
#: weight of a word of the query by its place in an entry
FIELD_WEIGHTS: Final[Mapping[str, int]] = {
    "displayName": 3,
    "tags": 3,
    "capabilities": 3,
    "representativeQueries": 2,
    "description": 2,
}
_WORD: Final = re.compile(r"[^\W_]+")
_COMMON_WORDS: Final = frozenset(
    "a an and any are can do does find for i in is it me my of on or some that the to what which who with you".split()  # noqa: SIM905 - a list of words reads best as words
)
_ERROR_CODE_BY_STATUS: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    422: "INVALID_ARGUMENT",
    429: "RATE_LIMIT_EXCEEDED",
}

OPTIONAL_METHODS: Final = frozenset({("POST", "explore"), ("GET", "agents")})
NOT_IMPLEMENTED: Final = {
    "errorCode": "NOT_IMPLEMENTED",
    "message": "This is optional, and not implemented. Use POST /ard/search.",
}

Fields = Mapping[str, Any]


def search_entries(entries: Iterable[Fields], body: bytes, source: str) -> dict[str, Any]:
    """Search the entries that match a request of ``POST /search``, best first. source: URL of this registry. Raises
    InvalidRequest.
    """
    request = parse_json_object(body)
    query = request.get("query")
    if not isinstance(query, dict):
        raise _invalid_field("query", "should be an object with a text")
    text, filters = query.get("text"), query.get("filter") or {}
    if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT_CHARACTERS:
        raise _invalid_field("query.text", f"should be a text of 1 to {MAX_TEXT_CHARACTERS} characters")
    if not isinstance(filters, dict) or len(filters) > MAX_FILTERS:
        raise _invalid_field("query.filter", f"should be an object of at most {MAX_FILTERS} members")
    federation = request.get("federation", "auto")
    if federation not in FEDERATION_MODES:
        raise _invalid_field("federation", f"should be one of {', '.join(FEDERATION_MODES)}")
    size, start = _parse_page_size(request.get("pageSize")), _parse_page_offset(request.get("pageToken"))
    words = set(_split_words(text)) - _COMMON_WORDS
    scored = ((_score_entry(entry, words), entry) for entry in entries if _passes_filters(entry, filters))
    matches = sorted(
        (hit for hit in scored if hit[0]), key=lambda hit: (-hit[0], hit[1]["displayName"], hit[1]["identifier"])
    )
    page = matches[start : start + size]
    answer: dict[str, Any] = {"results": [{**entry, "score": score, "source": source} for score, entry in page]}
    if federation == "referrals":
        answer["referrals"] = []
    if start + size < len(matches):
        answer["pageToken"] = str(start + size)
    return answer


def _parse_page_size(value: Any) -> int:
    if value is None:
        return DEFAULT_PAGE
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_PAGE:
        raise _invalid_field("pageSize", f"should be a number from 1 to {MAX_PAGE}")
    return value


def _parse_page_offset(value: Any) -> int:
    if value is None:
        return 0
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or len(value) > 9:
        raise _invalid_field("pageToken", "is not a page token of this registry")
    return int(value)


def _score_entry(entry: Fields, words: set[str]) -> int:
    """Compute the relevance from 0 to 100: the share of the query's words in the entry, weighted by place."""
    if not words:
        return 0
    total = 0
    best = max(FIELD_WEIGHTS.values())
    places = [
        (weight, set(_split_words(" ".join(_list_texts(entry.get(name)))))) for name, weight in FIELD_WEIGHTS.items()
    ]
    for word in words:
        total += max((weight for weight, texts in places if word in texts), default=0)
    return round(100 * total / (best * len(words)))


def _split_words(text: str) -> Iterator[str]:
    """Split a text into lower-case words without the plural ending."""
    for word in _WORD.findall(text.casefold()):
        yield word.removesuffix("s") if len(word) > 3 else word


def _list_texts(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else [each for each in value or () if isinstance(each, str)]


def _passes_filters(entry: Fields, filters: Fields) -> bool:
    """Whether an entry satisfies every constraint; of several values of a constraint, one must match."""
    return all(
        bool(set(map(str, values if isinstance(values, list) else [values])) & set(_list_values_at_path(entry, path)))
        for path, values in filters.items()
    )


def _list_values_at_path(entry: Fields, path: str) -> list[str]:
    """Read the values at a dotted path; ``publisher`` is a part of the identifier. Names in ``metadata`` may contain
    dots."""
    if path == "publisher":
        return [entry["identifier"].split(":")[2]]
    values: list[Any] = [entry]
    metadata = path.removeprefix("metadata.")
    for name in ("metadata", metadata) if metadata != path else path.split("."):
        members = (each.get(name) for each in values if isinstance(each, Mapping))
        values = [part for value in members for part in (value if isinstance(value, list) else [value])]
    return [str(value) for value in values if value is not None and not isinstance(value, Mapping)]


def _invalid_field(field: str, problem: str) -> InvalidRequest:
    return InvalidRequest(f"{field} {problem}.", errors=[field_error(field, problem)])


async def send_registry_error(send: Send, error: AgoraError) -> None:
    """Send an error in the form of the draft's appendix B."""
    # The draft has no 422.
    status = 400 if error.status == 422 else error.status
    document = {
        "errorCode": _ERROR_CODE_BY_STATUS.get(status, "INTERNAL_ERROR"),
        "message": " ".join(filter(None, [error.detail, error.fix])),
    }
    await send_response(send, status, to_json(document))
