"""Discovery: the operations of the marketplace."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .fields import Limit, Offset
from .operation import Exposure, Lifecycle, LifecycleLike, Service, operation
from .query import CategoryFilter, SemverRange, ServicePage
from .results import Result

__all__ = ["Discovery", "ServiceSchema"]


class ServiceSchema(Result):
    """Everything needed to call one operation."""

    name: str
    version: str
    category: str
    status: Lifecycle
    description: str
    input_schema: dict[str, object]
    output_schema: dict[str, object]
    routes: list[str]
    scope: str
    kind: str
    idempotent: bool
    destructive: bool
    deprecation_date: str | None = None
    sunset_date: str | None = None
    replacement: str | None = None
    migration_guide: str | None = None


class Discovery(Service, category="discovery"):
    """The catalog of operations."""

    @operation("GET /discovery/list", scope="", exposure=Exposure.PUBLIC)
    async def list(
        self,
        category: CategoryFilter = None,
        version: SemverRange = None,
        status: LifecycleLike | None = None,
        *,
        schemas: Annotated[bool, Field(description="Include the schema of each operation's parameters.")] = True,
        limit: Limit = 500,
        offset: Offset = 0,
    ) -> ServicePage:
        """List the operations of the marketplace, with their schemas unless `schemas` is false."""

    @operation("GET /discovery/schema/{service}", scope="", exposure=Exposure.PUBLIC)
    async def schema(
        self,
        service: Annotated[str, Field(min_length=1, max_length=200, examples=["agora.messaging.send"])],
        version: SemverRange = None,
    ) -> ServiceSchema:
        """Show the schema of an operation; without a version, the newest active one."""
