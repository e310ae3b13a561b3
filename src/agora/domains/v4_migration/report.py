"""Report on the migration's progress."""

from __future__ import annotations

from agora.clock import SECOND, to_datetime
from agora.core.call import Call
from agora_sdk.contract.migration import MigrationReport, MigrationSummary, V4CallCount

from . import queries as statements
from .sunset import find_sunset

__all__ = ["DAY", "build_report"]

DAY = 86_400 * SECOND
MAX_LISTED_CALLS = 200  #: maximum lines of calls in a report


async def build_report(call: Call, days: int) -> MigrationReport:
    """Build the report. days: period of the listed calls, any of which prevents readiness."""
    counts = {row.origin: row.agents for row in await call.tx.all(statements.select_agent_origins)}
    migrated, compatible = counts.get("migrated", 0), counts.get("compatibility", 0)
    summary = MigrationSummary(
        total_agents=sum(counts.values()),
        v5_native_agents=counts.get("native", 0),
        v4_migrated_agents=migrated,
        v4_compatibility_agents=compatible,
        migration_completion_rate=migrated / max(migrated + compatible, 1) * 100,
    )
    since = call.now // DAY - days + 1
    calls = [
        V4CallCount(agent=row.agent, reducer=row.reducer, calls=row.calls, last_call=to_datetime(row.last_at))
        for row in await call.tx.all(statements.select_call_counts, since=since, limit=MAX_LISTED_CALLS)
    ]
    return MigrationReport(
        migration_summary=summary,
        compatibility_mode=call.context.settings.v4_mode,
        sunset_at=await find_sunset(call),
        ready=compatible == 0 and not calls,
        recommendations=_build_recommendations(compatible, calls, days),
        calls=calls,
        generated_at=to_datetime(call.now),
    )


def _build_recommendations(compatible: int, calls: list[V4CallCount], days: int) -> list[str]:
    # The texts of the migration guide's report, unchanged.
    if compatible:
        return [
            f"🔄 {compatible} agents still using v4 compatibility mode",
            "📧 Contact these agents for migration assistance",
            "🗓️ Schedule migration workshops for remaining v4 agents",
        ]
    if calls:
        number, agents = sum(line.calls for line in calls), len({line.agent for line in calls})
        return [
            "✅ All agents successfully migrated to v5!",
            f"⏳ {number} v4 calls by {agents} agents came in the last {days} days: not ready to sunset v4 yet",
        ]
    return ["✅ All agents successfully migrated to v5!", "🧹 Ready to sunset v4 compatibility layer"]
