"""Print the progress of the migration from Agora v4: ``python migration_monitor.py``."""

import asyncio

from agora_sdk.migration import MigrationMonitor

__all__ = ["MigrationMonitor"]


async def main() -> None:
    report = await MigrationMonitor().generate_migration_report()
    summary = report["migration_summary"]
    print("📊 Migration Progress Report")
    print("=" * 50)
    print(f"Total Agents: {summary['total_agents']}")
    print(f"v5 Native: {summary['v5_native_agents']}")
    print(f"v4 Migrated: {summary['v4_migrated_agents']}")
    print(f"v4 Compatibility: {summary['v4_compatibility_agents']}")
    print(f"Migration Rate: {summary['migration_completion_rate']:.1f}%")
    print(f"System Health: {report['system_health']}")
    print("\n🎯 Recommendations:")
    for recommendation in report["recommendations"]:
        print(f"  {recommendation}")


if __name__ == "__main__":
    asyncio.run(main())
