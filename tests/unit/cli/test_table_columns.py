"""Every page returned by an operation has a table whose columns are fields of its items."""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_type_hints

import pytest

from agora.cli.tables import TABLES, find_table_columns, has_column_attributes
from agora_sdk.contract import operations
from agora_sdk.contract.billing.usage import TokenUsagePage
from agora_sdk.contract.codebases import SessionMessage, SessionMessagePage
from agora_sdk.contract.results import Page
from agora_sdk.contract.tasks.token_usage import TokenUsage


def list_pages() -> list[type[Page[Any]]]:
    """Return the pages of all operations."""
    results = {operation.result_type for operation in operations()}
    return sorted(
        (kind for kind in results if inspect.isclass(kind) and issubclass(kind, Page)), key=lambda kind: kind.__name__
    )


@pytest.mark.parametrize("kind", list_pages(), ids=lambda kind: kind.__name__)
def test_columns_are_fields(kind: type[Page[Any]]) -> None:
    (item,) = get_args(get_type_hints(kind)[kind.items_field])
    page = kind.model_construct(**{kind.items_field: [item.model_construct()]})
    columns = find_table_columns(page)
    assert columns is None or has_column_attributes(item, columns)
    assert kind.__name__ not in TABLES or columns == TABLES[kind.__name__], "its own table fits"


def test_token_counts_of_jobs_are_not_masked_as_credentials() -> None:
    usage = TokenUsage.model_construct(task_id="task_1")
    assert find_table_columns(TokenUsagePage.model_construct(tokens=[usage])) is None


def test_session_is_a_table_of_messages() -> None:
    said = [{"type": "text", "text": "hello"}, {"type": "tool", "title": "make test"}]
    message = SessionMessage.model_construct(role="assistant", parts=said, created_at=None)
    columns = dict(find_table_columns(SessionMessagePage.model_construct(messages=[message])) or ())
    assert columns["text"](message) == "hello\nmake test"
