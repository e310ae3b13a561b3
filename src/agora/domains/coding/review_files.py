"""Changed files submitted by a worker: parsing, bounds and rendering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agora.core.errors import invalid_field
from agora.core.record_models import build_from_record
from agora_sdk.contract import reviews as contract

from .review_records import ReviewFileRow

__all__ = ["build_review_file", "parse_files"]

MAX_PATH_CHARACTERS = 4096
MAX_PATCH_CHARACTERS = 262_144
# The columns of counts are 32-bit integers on PostgreSQL.
MAX_LINE_NUMBER = 2**31
FILE_STATUSES = frozenset("AMDTRCU")


def parse_files(documents: Sequence[Mapping[str, Any]], tenant: str, job_id: str) -> list[ReviewFileRow]:
    """Parse the files of a submission into rows. Raises InvalidRequest."""
    return [_parse_file(document, tenant, job_id, number) for number, document in enumerate(documents, 1)]


def _parse_file(document: Mapping[str, Any], tenant: str, job_id: str, number: int) -> ReviewFileRow:
    place = f"files[{number - 1}]"
    path, patch, status = (
        document.get(name, default) for name, default in (("path", ""), ("patch", ""), ("status", "M"))
    )
    # Shown in terminals and pages: control characters could forge what a reviewer sees.
    if not isinstance(path, str) or not 1 <= len(path) <= MAX_PATH_CHARACTERS or not path.isprintable():
        raise invalid_field(f"{place}.path", f"1 to {MAX_PATH_CHARACTERS} printable characters are required")
    # PostgreSQL has no NUL in a text.
    if not isinstance(patch, str) or len(patch) > MAX_PATCH_CHARACTERS or "\x00" in patch:
        raise invalid_field(f"{place}.patch", f"a text of at most {MAX_PATCH_CHARACTERS} characters is required")
    if status not in FILE_STATUSES:
        raise invalid_field(f"{place}.status", f"not one of {', '.join(sorted(FILE_STATUSES))}")
    return ReviewFileRow(
        tenant_id=tenant,
        job_id=job_id,
        number=number,
        path=path,
        status=status,
        additions=_parse_line_count(document, "additions", place),
        deletions=_parse_line_count(document, "deletions", place),
        patch=patch,
        truncated=int(document.get("truncated") is True),
    )


def _parse_line_count(document: Mapping[str, Any], name: str, place: str) -> int:
    value = document.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < MAX_LINE_NUMBER:
        raise invalid_field(f"{place}.{name}", "a number of lines is required")
    return value


def build_review_file(row: ReviewFileRow) -> contract.ReviewFile:
    """Build a changed file for the contract."""
    return build_from_record(contract.ReviewFile, row)
