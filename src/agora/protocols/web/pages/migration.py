"""Migration from Agora v4: its progress, the next steps, and remaining callers of v4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import register_page
from ..view import View

__all__ = ["load_migration_page"]


@register_page("migration", title="Migration", scope="read:agents", nav=105, key="v", needs="agora.migration.report")
async def load_migration_page(view: View) -> Mapping[str, Any]:
    """Load the report of the last seven days."""
    return {"report": await view.invoke("agora.migration.report", {})}
