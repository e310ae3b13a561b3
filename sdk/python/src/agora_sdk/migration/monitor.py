"""Report on the progress of a migration."""

from __future__ import annotations

from typing import Any

from ..client import AgoraClient

__all__ = ["MigrationMonitor"]


class MigrationMonitor:
    """Monitors a migration; ``url`` and ``token`` as of :class:`agora_sdk.AgoraClient`."""

    def __init__(self, url: str | None = None, *, token: str | None = None) -> None:
        self.client = AgoraClient(url, token=token)

    async def generate_migration_report(self) -> dict[str, Any]:
        """Build the report: ``migration_summary``, ``system_health``, ``recommendations``, ``generated_at``, and v4
        calls."""
        client = self.client.with_options(mode="async")
        report = await client.migration.report()
        health = await client.admin.health()
        document: dict[str, Any] = report.model_dump(mode="json")
        return {
            "migration_summary": document.pop("migration_summary"),
            "system_health": health.status,
            "recommendations": document.pop("recommendations"),
            "generated_at": document.pop("generated_at"),
            **document,
        }
