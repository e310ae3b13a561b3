"""Migrate agents from Agora v4 to v5: ``python migration_assistant.py AGENTS.json``, a list of agent configurations."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from agora_sdk.migration import V4ToV5MigrationAssistant

__all__ = ["V4ToV5MigrationAssistant"]

EXAMPLE: list[dict[str, Any]] = [
    {
        "agent_id": "DocumentationAgent",
        "capabilities": ["documentation", "review"],
        "active_tasks": [{"task_type": "documentation", "payload": {"file": "readme.md"}, "priority": 2}],
        "workflows": [{"name": "doc_review", "steps": [{"step": "validate"}]}],
    }
]


async def main(agents: list[dict[str, Any]]) -> None:
    summary = await V4ToV5MigrationAssistant().bulk_migrate(agents)
    print("Migration completed:")
    print(f"✅ Successful: {summary['successful_migrations']}")
    print(f"❌ Failed: {summary['failed_migrations']}")


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else EXAMPLE))
