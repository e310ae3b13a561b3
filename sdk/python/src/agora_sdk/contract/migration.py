"""Migration from Agora v4: reducer calls of v4 agents, import of a v4 export, migration progress."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .agents import Registration
from .fields import PRINTABLE, AgentName, Capability, Cursor, JsonData, JsonObject, Limit, Text, Timestamp
from .operation import MEBIBYTE, Exposure, Service, operation
from .results import Page, Result

__all__ = [
    "ImportRun",
    "ImportRunPage",
    "ImportStep",
    "Migration",
    "MigrationReport",
    "MigrationSummary",
    "RollbackStep",
    "V4Answer",
    "V4CallCount",
    "V4Rows",
]

GUIDE = "/docs/migration/v4"

Database = Annotated[
    str, Field(min_length=1, max_length=100, pattern=PRINTABLE, description="Name of the v4 database.")
]
Reducer = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE, description="Name of the v4 reducer.")]
Arguments = Annotated[
    list[JsonData],
    Field(
        max_length=64,
        description="As after `spacetime call DATABASE REDUCER`: positional, as numbers or text, or as --flag value.",
    ),
]
Table = Literal[
    "agent_capability",
    "agent_message",
    "task_assignment",
    "workflow_coordination",
    "workflow_step",
    "coordination_metrics",
    "coordination_error",
]
Version = Literal["v5", "v4"]
RunId = Annotated[str, Field(max_length=64, pattern=r"^run_[0-9a-f]{32}$")]


class V4Answer(Result):
    """Response to a reducer call in v4 format; unset fields are omitted."""

    success: bool = True
    message: str | None = None
    agent_id: str | None = Field(default=None, description="The agent's id in this marketplace.")
    message_id: str | None = None
    task_id: str | None = None
    assignment_id: str | None = Field(default=None, description="Id of the task for update_task_progress.")
    workflow_id: str | None = None
    status: str | None = None
    progress: float | None = Field(default=None, description="Percent.")
    timestamp: Timestamp | None = None
    recipients: int | None = None
    warning: str | None = None
    notice: str | None = Field(default=None, description="Warning that v4 calls will end, while warnings are enabled.")


class V4Rows(Result):
    """Rows of a v4 table, computed from stored data."""

    columns: list[str]
    rows: list[list[JsonData]]


class ImportRun(Result):
    """One import of a v4 export."""

    run_id: str
    database: str
    digest: str = Field(description="SHA-256 of the file. An import of the same file resumes where it stopped.")
    status: Literal["running", "finished", "rolled_back"]
    started_at: Timestamp
    finished_at: Timestamp | None = None
    positions: dict[str, int] = Field(default={}, description="Processed rows by table.")
    counts: dict[str, dict[str, int]] = Field(default={}, description="By table: rows created, already known, skipped.")


class ImportRunPage(Page[ImportRun]):
    items_field: ClassVar[str] = "runs"

    runs: list[ImportRun]


class ImportStep(Result):
    """Result of importing a batch of rows."""

    table: str
    position: int = Field(description="Processed rows of the table.")
    created: int = 0
    known: int = Field(default=0, description="Rows that an earlier import or call has already created.")
    skipped: int = Field(default=0, description="Rows that are not imported: ended tasks and workflows, metrics.")


class RollbackStep(Result):
    run_id: str
    removed: int = Field(description="Number of objects rolled back in this step.")
    remaining: int = Field(description="Number of objects left to roll back; repeat the call until 0.")
    kept: int = Field(default=0, description="Agents that are kept because they were active after the import.")


class V4CallCount(Result):
    """v4 calls of one agent by one reducer."""

    agent: str = Field(description="Agent name as given in the call; empty for a call without a sender.")
    reducer: str
    calls: int
    last_call: Timestamp


class MigrationSummary(Result):
    total_agents: int
    v5_native_agents: int
    v4_migrated_agents: int
    v4_compatibility_agents: int
    migration_completion_rate: float = Field(description="Percent of the agents that came from v4.")


class MigrationReport(Result):
    """Progress of the migration. Includes offline agents, excludes retired ones."""

    migration_summary: MigrationSummary
    compatibility_mode: Literal["enabled", "warn", "disabled"]
    sunset_at: Timestamp | None = Field(default=None, description="Announced end of v4 calls.")
    ready: bool = Field(description="True if no agent uses v4 any more and no v4 call was made in these days.")
    recommendations: list[str]
    calls: list[V4CallCount] = Field(default=[], description="Recent v4 calls, most frequent first.")
    generated_at: Timestamp


class Migration(Service, category="migration"):
    """Migration from Agora v4: compatibility with v4 agents, data import, progress."""

    @operation("POST /v4/call/{database}/{reducer}", scope="write:messages", name="call", migration_guide=GUIDE)
    async def run_reducer(self, database: Database, reducer: Reducer, args: Arguments = []) -> V4Answer:
        """Run a v4 reducer call, translated to operations of this marketplace.

        The caller acts for the v4 agent named in the arguments: an agent's token only for itself, the scope act:any for
        any agent. The setting compatibility_mode determines whether such calls are accepted.
        """

    @operation("GET /v4/sql/{database}", scope="read:messages", migration_guide=GUIDE)
    async def sql(self, database: Database, query: Annotated[Text, Field(min_length=1, max_length=2000)]) -> V4Rows:
        """Answer `SELECT COUNT(*) FROM table` of a v4 table, or `SELECT * FROM agent_message WHERE to_agent = 'NAME'`.

        The second form accepts `LIMIT n OFFSET m`, returns messages in inbox order, and marks nothing as read.
        """

    @operation(scope="write:agents", idempotent=True)
    async def switch(
        self, agent_name: AgentName, capabilities: list[Capability] = [], to: Version = "v5"
    ) -> Registration:
        """Switch an agent from v4 to v5 or back. Returns its registration with the token for v5 calls.

        An agent known from v4 calls or an import keeps its id, messages and tasks; an unknown agent is registered.
        """

    @operation("GET /agora/migration/report", scope="read:agents")
    async def report(
        self, days: Annotated[int, Field(ge=1, le=90, description="Number of days of v4 calls to include.")] = 7
    ) -> MigrationReport:
        """Show the progress of the migration, the next step, and recent v4 calls."""

    @operation(scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def begin_import(
        self,
        database: Database,
        digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file.")],
    ) -> ImportRun:
        """Start importing a v4 export, or resume an unfinished import of the same file."""

    @operation(scope="admin", exposure=Exposure.OPERATOR, idempotent=True, body_limit=16 * MEBIBYTE)
    async def import_rows(
        self,
        run_id: Annotated[RunId | None, Field(description="Id of the import; omitted for a dry run.")],
        table: Table,
        position: Annotated[int, Field(ge=0, description="Number of the first row in its table, from 0.")],
        rows: Annotated[list[JsonObject], Field(min_length=1, max_length=1000)],
    ) -> ImportStep:
        """Import rows of one v4 table atomically. The error names the first invalid row.

        A workflow row includes its steps in the field `steps`. A row that already exists, from an earlier import or
        from a call with the same id and content, is left unchanged.
        """

    @operation(scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def finish_import(self, run_id: RunId) -> ImportRun:
        """End an import. Importing the same file again starts over and changes nothing."""

    @operation(scope="admin", exposure=Exposure.OPERATOR, idempotent=True, destructive=True)
    async def rollback_import(self, run_id: RunId, limit: Annotated[int, Field(ge=1, le=1000)] = 500) -> RollbackStep:
        """Roll back a part of an import; repeat until nothing remains.

        Messages are deleted, open tasks cancelled, workflows terminated, capabilities withdrawn and agents
        deregistered, unless they were active since: switched to v5, made a call, or received messages that were not
        imported.
        """

    @operation("GET /agora/migration/imports", scope="admin", exposure=Exposure.OPERATOR)
    async def list_imports(self, *, limit: Limit = 50, cursor: Cursor = None) -> ImportRunPage:
        """List imports, newest first."""
