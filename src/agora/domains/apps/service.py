"""Implementation of the contract's operations on apps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from agora.core.admission import ADMISSION
from agora.core.call import BoundService, decode_json
from agora.domains.identity.authority import check_and_record_administration
from agora.domains.workflows.service import WorkflowService
from agora_sdk.contract import apps as contract
from agora_sdk.contract import implements
from agora_sdk.contract.fields import JsonObject, Visibility, VisibilityLike
from agora_sdk.contract.workflows import WorkflowReceipt
from agora_sdk.errors import Conflict, NameTaken, field_error

from .changes import insert_app_with_event, list_bundled_agent_names, replace_app_with_event
from .installation import Installation, apply_declared_app, remove_app_and_agents
from .listing import AppFilter, list_apps
from .publication import AppDraft, build_validated_app_row, set_orchestrator_price_if_changed
from .records import AppRow
from .references import check_may_change_app, find_app, is_app_visible, load_visible_app
from .views import build_app_details, parse_workflow

__all__ = ["AppService"]

CREATE_WORKFLOW_OPERATION = "agora.workflow.create"
Change = Literal["created", "updated", "unchanged"]


class AppService(BoundService, contract.Apps):
    """The contract's operations on apps."""

    @implements
    async def create(
        self,
        name: str,
        *,
        alias: str | None = None,
        description: str = "",
        industry: str = "",
        version: str = "",
        orchestrator_agent: str | None = None,
        uses: contract.Uses = [],
        pricing: contract.AppPrice | None = None,
        visibility: VisibilityLike = Visibility.PUBLIC,
        workflow: contract.AppWorkflow | None = None,
    ) -> contract.AppDetails:
        draft = AppDraft(name, alias, description, industry, version, orchestrator_agent, uses, visibility, workflow)
        row = await build_validated_app_row(self.call, draft, None, [])
        self.call.target = row.app_id
        await check_and_record_administration(self.call, row.app_id)
        if pricing is not None:
            await set_orchestrator_price_if_changed(self.call, row, pricing)
        insert_app_with_event(self.call, row)
        return await self._build_details(row)

    @implements
    async def list(
        self,
        query: str | None = None,
        industry: str | None = None,
        capability: str | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.AppPage:
        return await list_apps(self.call, AppFilter.from_query(query, industry, capability), limit, cursor)

    @implements
    async def get(self, ref: str) -> contract.AppDetails:
        return await build_app_details(self.call, await load_visible_app(self.call.tx, self.call.caller, ref))

    @implements
    async def update(
        self,
        ref: str,
        *,
        alias: str | None = None,
        description: str | None = None,
        industry: str | None = None,
        version: str | None = None,
        orchestrator_agent: str | None = None,
        uses: contract.Uses | None = None,
        pricing: contract.AppPrice | None = None,
        visibility: VisibilityLike | None = None,
        workflow: contract.AppWorkflow | None = None,
    ) -> contract.AppDetails:
        call = self.call
        previous_row = await self._lock_own_app(ref)
        values = {
            "alias": alias,
            "description": description,
            "industry": industry,
            "version": version,
            "orchestrator": orchestrator_agent,
            "uses": uses,
            "visibility": visibility,
            "workflow": workflow,
        }
        changes: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        row = await build_validated_app_row(
            call,
            replace(_build_draft_from_row(previous_row), **changes),
            previous_row,
            list_bundled_agent_names(previous_row),
        )
        await check_and_record_administration(call, row.app_id)
        if pricing is not None:
            await set_orchestrator_price_if_changed(call, row, pricing)
        row = replace(row, revision=previous_row.revision + 1)
        await replace_app_with_event(call, row)
        return await self._build_details(row)

    @implements
    async def delete(self, ref: str) -> contract.AppRemoval:
        row = await self._lock_own_app(ref)
        agents = await remove_app_and_agents(self.call, row)
        self.call.target = row.app_id
        return contract.AppRemoval(app_id=row.app_id, name=row.name, agents=agents)

    @implements
    async def install(
        self,
        name: str,
        *,
        alias: str | None = None,
        description: str = "",
        industry: str = "",
        version: str = "",
        orchestrator_agent: str | None = None,
        uses: contract.Uses = [],
        pricing: contract.AppPrice | None = None,
        visibility: VisibilityLike = Visibility.PUBLIC,
        workflow: contract.AppWorkflow | None = None,
        agents: contract.AppAgents = [],
        dry_run: bool = False,
    ) -> contract.AppChange:
        call = self.call
        draft = AppDraft(name, alias, description, industry, version, orchestrator_agent, uses, visibility, workflow)
        previous_row = await self._lock_installed_app(name)
        row, changed_fields = await apply_declared_app(
            call, Installation(draft, agents, pricing), previous_row, dry_run=dry_run
        )
        change: Change = "created" if previous_row is None else "updated" if changed_fields else "unchanged"
        call.target = row.app_id
        details = await build_app_details(call, row)
        return contract.AppChange.model_construct(**dict(details), change=change, changed=changed_fields)

    @implements
    async def run(self, ref: str, input: JsonObject = {}) -> WorkflowReceipt:
        call = self.call
        row = await load_visible_app(call.tx, call.caller, ref)
        workflow = parse_workflow(row)
        if workflow is None:
            raise Conflict(
                f"The app {row.name!r} has no workflow to run.",
                fix="Ask its orchestrator agent, which agora.app.get names.",
                errors=[field_error("ref", "without a workflow")],
            )
        # Running an app must not be a way around the scope and the status of the operation that it uses.
        call.context.ports.get(ADMISSION).check_operation_allowed(CREATE_WORKFLOW_OPERATION, call.caller)
        return await WorkflowService(call).create(
            row.name,
            workflow.steps,
            workflow.assigned_agents,
            {"app": row.app_id, "app_revision": row.revision},
            input=workflow.input | input,
            priority=workflow.priority,
        )

    async def _build_details(self, row: AppRow) -> contract.AppDetails:
        self.call.target = row.app_id
        return await build_app_details(self.call, row)

    async def _lock_own_app(self, ref: str) -> AppRow:
        """Lock an app that the caller may change. Raises NotFound, PermissionDenied."""
        row = await load_visible_app(self.call.tx, self.call.caller, ref, lock=True)
        self.call.target = row.app_id
        check_may_change_app(self.call.caller, row)
        return row

    async def _lock_installed_app(self, name: str) -> AppRow | None:
        """Lock an app by name if the caller may change it; None if there is none.

        Raises NameTaken, PermissionDenied.
        """
        row = await find_app(self.call.tx, name)
        if row is None:
            return None
        # find_app also finds by id, alias and confusable name, by which another app must not be overwritten.
        if not is_app_visible(self.call.caller, row) or row.name != name:
            raise NameTaken(
                f"The name {name!r} belongs to another app.",
                fix="Choose another one.",
                errors=[field_error("name", "taken")],
            )
        return await self._lock_own_app(row.app_id)


def _build_draft_from_row(row: AppRow) -> AppDraft:
    """Convert a row to the description by its owner."""
    return AppDraft(
        row.name,
        row.alias,
        row.description,
        row.industry,
        row.version,
        row.orchestrator,
        decode_json(row.uses),
        row.visibility,
        parse_workflow(row),
    )
