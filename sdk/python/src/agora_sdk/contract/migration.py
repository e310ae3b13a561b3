"""Migration from Agora v4: reducer calls of v4 agents, import of a v4 export, and its progress."""

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
    """Answer to a reducer call, in the form of v4: only the fields that apply are sent."""

    success: bool = True
    message: str | None = None
    agent_id: str | None = Field(default=None, description="The agent's id in this marketplace.")
    message_id: str | None = None
    task_id: str | None = None
    assignment_id: str | None = Field(default=None, description="Names the task in update_task_progress.")
    workflow_id: str | None = None
    status: str | None = None
    progress: float | None = Field(default=None, description="Percent.")
    timestamp: Timestamp | None = None
    recipients: int | None = None
    warning: str | None = None
    notice: str | None = Field(default=None, description="That v4 calls are about to end, while warnings are enabled.")


class V4Rows(Result):
    """Rows of a v4 table, made of what is stored here."""

    columns: list[str]
    rows: list[list[JsonData]]


class ImportRun(Result):
    """One import of a v4 export."""

    run_id: str
    database: str
    digest: str = Field(description="SHA-256 of the file: an import of the same file goes on where it stopped.")
    status: Literal["running", "finished", "rolled_back"]
    started_at: Timestamp
    finished_at: Timestamp | None = None
    positions: dict[str, int] = Field(default={}, description="Rows done of each table.")
    counts: dict[str, dict[str, int]] = Field(
        default={}, description="Of each table: rows created, known from before, skipped."
    )


class ImportRunPage(Page[ImportRun]):
    items_field: ClassVar[str] = "runs"

    runs: list[ImportRun]


class ImportStep(Result):
    """What became of a batch of rows."""

    table: str
    position: int = Field(description="Rows of the table that are done.")
    created: int = 0
    known: int = Field(default=0, description="Rows that an earlier import, or a call, has brought already.")
    skipped: int = Field(default=0, description="Rows with nothing to bring: ended tasks and workflows, metrics.")


class RollbackStep(Result):
    run_id: str
    removed: int = Field(description="Things that this step took back.")
    remaining: int = Field(description="Things left to take back; repeat until 0.")
    kept: int = Field(default=0, description="Agents that stay, because they have lived here since.")


class V4CallCount(Result):
    """v4 calls of one agent by one reducer."""

    agent: str = Field(description="As the call named it; empty for a call without a sender.")
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
    """How far the migration is. Offline agents count, retired ones do not."""

    migration_summary: MigrationSummary
    compatibility_mode: Literal["enabled", "warn", "disabled"]
    sunset_at: Timestamp | None = Field(default=None, description="When v4 calls end, as announced.")
    ready: bool = Field(description="No agent is left on v4, and no v4 call came in these days.")
    recommendations: list[str]
    calls: list[V4CallCount] = Field(default=[], description="v4 calls of the last days, the most frequent first.")
    generated_at: Timestamp


class Migration(Service, category="migration"):
    """From Agora v4: compatibility with its agents, import of its data, progress."""

    @operation("POST /v4/call/{database}/{reducer}", scope="write:messages", name="call", migration_guide=GUIDE)
    async def run_reducer(self, database: Database, reducer: Reducer, args: Arguments = []) -> V4Answer:
        """Run a v4 reducer call, translated to what this marketplace does.

        The caller acts for the v4 agent that the arguments name: with an agent's own token for itself, with the scope
        act:any for every agent. The setting compatibility_mode decides whether such calls are accepted.
        """

    @operation("GET /v4/sql/{database}", scope="read:messages", migration_guide=GUIDE)
    async def sql(self, database: Database, query: Annotated[Text, Field(min_length=1, max_length=2000)]) -> V4Rows:
        """Answer `SELECT COUNT(*) FROM table` of a v4 table, or `SELECT * FROM agent_message WHERE to_agent = 'NAME'`.

        The second takes `LIMIT n OFFSET m`, is in the order of the inbox, and marks nothing as read.
        """

    @operation(scope="write:agents", idempotent=True)
    async def switch(
        self, agent_name: AgentName, capabilities: list[Capability] = [], to: Version = "v5"
    ) -> Registration:
        """Switch an agent from v4 to v5, or back: its registration, with the token that it calls v5 with.

        An agent that v4 calls or an import have registered keeps its id, messages and tasks; another one is registered.
        """

    @operation("GET /agora/migration/report", scope="read:agents")
    async def report(
        self, days: Annotated[int, Field(ge=1, le=90, description="Days of v4 calls that are shown and count.")] = 7
    ) -> MigrationReport:
        """Report how far the migration is, with what to do next and the v4 calls of the last days."""

    @operation(scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def begin_import(
        self,
        database: Database,
        digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file.")],
    ) -> ImportRun:
        """Begin to import a v4 export, or go on with an unfinished import of the same file."""

    @operation(scope="admin", exposure=Exposure.OPERATOR, idempotent=True, body_limit=16 * MEBIBYTE)
    async def import_rows(
        self,
        run_id: Annotated[RunId | None, Field(description="The import; none for a dry run.")],
        table: Table,
        position: Annotated[int, Field(ge=0, description="Number of the first row in its table, from 0.")],
        rows: Annotated[list[JsonObject], Field(min_length=1, max_length=1000)],
    ) -> ImportStep:
        """Import rows of one v4 table, all or none: the first that cannot be taken is named in the error.

        The steps of a workflow come with it, as the field `steps` of its row. A row that came before, by an earlier
        import or by a call with the same id and content, is left as it is.
        """

    @operation(scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def finish_import(self, run_id: RunId) -> ImportRun:
        """End an import; a repetition of it with the same file begins anew, and changes nothing."""

    @operation(scope="admin", exposure=Exposure.OPERATOR, idempotent=True, destructive=True)
    async def rollback_import(self, run_id: RunId, limit: Annotated[int, Field(ge=1, le=1000)] = 500) -> RollbackStep:
        """Take back a part of what an import has made; repeat until nothing remains.

        Messages are deleted, open tasks cancelled, workflows terminated, capabilities withdrawn and agents
        deregistered, unless they have lived here since: switched to v5, called, or with mail that is not of the import.
        """

    @operation("GET /agora/migration/imports", scope="admin", exposure=Exposure.OPERATOR)
    async def list_imports(self, *, limit: Limit = 50, cursor: Cursor = None) -> ImportRunPage:
        """List imports, newest first."""
