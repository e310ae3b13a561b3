"""Implementation of the A2A contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal, cast

from agora.core.call import BoundService, cast_encoded_to_result
from agora.domains.tasks import states
from agora.domains.tasks.draft import TaskDraft
from agora.domains.tasks.transitions import end_task
from agora_sdk.contract import a2a as contract
from agora_sdk.contract import implements
from agora_sdk.contract.fields import JsonObject, TaskStatus
from agora_sdk.errors import IllegalTransition, PermissionDenied

from . import cards, lookup, messages, push_configs, remote_agents, task_updates, views

__all__ = ["A2AService"]


class A2AService(BoundService, contract.A2A):
    """Operations of the Agent2Agent protocol."""

    # -- messages and tasks ----------------------------------------------------------------------

    @implements
    async def send(
        self,
        message: contract.A2AMessage | str,
        agent: str | None = None,
        *,
        skill: str | None = None,
        task_id: str | None = None,
        context_id: str | None = None,
        return_immediately: bool = False,
        wait: float = 60,
        history_length: int | None = None,
        accepted_output_modes: list[str] = [],
        push: contract.A2APushConfig | None = None,
        metadata: JsonObject = {},
        extensions: list[str] = [],
    ) -> contract.A2ASendResult:
        request = messages.SendRequest.from_call_arguments(
            message,
            agent=agent,
            skill=skill,
            task_id=task_id,
            context_id=context_id,
            output_modes=accepted_output_modes,
            push=push,
            metadata=metadata,
            extensions=extensions,
        )
        return await messages.send_message(
            self.call, request, history_length, wait, return_immediately=return_immediately
        )

    @implements
    async def get(
        self,
        task_id: str,
        agent: str | None = None,
        *,
        history_length: int | None = None,
        include_artifacts: bool = True,
        wait: float = 0,
    ) -> contract.A2ATask:
        return await lookup.get_task(self.call, task_id, agent, history_length, wait, artifacts=include_artifacts)

    @implements
    async def list(
        self,
        agent: str | None = None,
        *,
        context_id: str | None = None,
        status: contract.A2AStateLike | None = None,
        status_timestamp_after: datetime | None = None,
        page_size: int = 50,
        page_token: str | None = None,
        history_length: int | None = None,
        include_artifacts: bool = False,
    ) -> contract.A2ATaskList:
        request = lookup.TaskListRequest(
            agent=agent,
            context_id=context_id,
            state=status and contract.A2AState(status),
            since=status_timestamp_after,
            size=page_size,
            token=page_token,
            history_length=history_length,
            artifacts=include_artifacts,
        )
        return await lookup.list_tasks(self.call, request)

    @implements
    async def cancel(self, task_id: str, agent: str | None = None, *, metadata: JsonObject = {}) -> contract.A2ATask:
        call = self.call
        row = await lookup.require_visible_task(call, task_id, agent, lock=True)
        call.target = task_id
        caller = call.caller
        # The assignee sees the task, too, and ends it by failing it instead.
        if not caller.acts_for(row.created_by):
            raise PermissionDenied(
                f"{task_id} was created by {row.created_by}; only its creator may cancel it.", required="act:any"
            )
        if row.status in states.TERMINAL_STATUSES:
            raise IllegalTransition(
                f"{task_id} is {row.status}: it cannot be cancelled any more.",
                allowed=[],
                reason="TASK_NOT_CANCELABLE",
            )
        draft = TaskDraft(call, row)
        reason = metadata.get("reason")
        await end_task(draft, TaskStatus.CANCELLED, content=reason[:4000] if isinstance(reason, str) else None)
        return cast_encoded_to_result(
            views.encode_document(await lookup.build_task_document(call.tx, draft.row, None)), contract.A2ATask
        )

    @implements
    def subscribe(
        self,
        task_id: str,
        agent: str | None = None,
        *,
        last_event_id: str | None = None,
        history_length: int | None = None,
        until: Literal["ended", "interrupted"] = "ended",
    ) -> AsyncIterator[contract.A2AUpdate]:
        # The dispatcher awaits the specification within a read transaction; a followed stream then produces the items.
        opening = task_updates.open_task_update_log(self.call, task_id, agent, last_event_id, history_length, until)
        return cast("AsyncIterator[contract.A2AUpdate]", opening)

    # -- push notifications ----------------------------------------------------------------------

    @implements
    async def create_push_config(
        self,
        task_id: str,
        url: str,
        agent: str | None = None,
        *,
        config_id: str | None = None,
        token: str | None = None,
        authentication: contract.A2AAuthentication | None = None,
        version: contract.PushVersion = "1.0",
    ) -> contract.A2APushConfig:
        config = contract.A2APushConfig.model_construct(
            id=config_id, url=url, token=token, authentication=authentication, version=version
        )
        return await push_configs.store_push_config(self.call, task_id, config, agent)

    @implements
    async def get_push_config(self, task_id: str, config_id: str, agent: str | None = None) -> contract.A2APushConfig:
        return await push_configs.get_push_config(self.call, task_id, config_id, agent)

    @implements
    async def list_push_configs(
        self, task_id: str, agent: str | None = None, *, page_size: int = 50, page_token: str | None = None
    ) -> contract.A2APushConfigs:
        return await push_configs.list_push_configs(self.call, task_id, agent, page_size, page_token)

    @implements
    async def delete_push_config(
        self, task_id: str, config_id: str, agent: str | None = None
    ) -> contract.A2APushDeletion:
        return await push_configs.delete_push_config(self.call, task_id, config_id, agent)

    @implements
    async def push_dead_letters(self, *, limit: int = 50, cursor: str | None = None) -> contract.PushDeadLetters:
        return await push_configs.list_dead_configs(self.call, limit, cursor)

    @implements
    async def retry_push(self, task_id: str, config_id: str) -> contract.PushRetry:
        return await push_configs.resume_dead_config(self.call, task_id, config_id)

    # -- cards -----------------------------------------------------------------------------------

    @implements
    async def card(self, agent: str | None = None, *, base_url: str | None = None) -> contract.A2ACard:
        return await cards.build_card(self.call, agent, base_url)

    @implements
    async def extended_card(self, agent: str | None = None, *, base_url: str | None = None) -> contract.A2ACard:
        return await cards.build_card(self.call, agent, base_url, extended=True)

    @implements
    async def set_card(
        self, agent: str | None = None, *, card: JsonObject | None = None, extended: JsonObject | None = None
    ) -> contract.CardChange:
        return await cards.store_card(self.call, agent, card, extended)

    @implements
    async def catalogue(
        self, *, base_url: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> contract.A2ACatalogue:
        return await cards.list_catalogue(self.call, base_url, limit, cursor)

    # -- remote agents ---------------------------------------------------------------------------

    @implements
    async def add_remote(
        self,
        url: str,
        name: str | None = None,
        *,
        headers: contract.Headers = {},
        timeout: float = 60,
        verify: bool = True,
    ) -> contract.RemoteAgent:
        return await remote_agents.add_remote(self.call, url, name, headers, timeout, verify)

    @implements
    async def list_remotes(self, *, limit: int = 50, cursor: str | None = None) -> contract.RemoteAgentPage:
        return await remote_agents.list_remotes(self.call, limit, cursor)

    @implements
    async def get_remote(self, agent: str) -> contract.RemoteAgent:
        return await remote_agents.get_remote(self.call, agent)

    @implements
    async def refresh_remote(self, agent: str) -> contract.RemoteAgent:
        return await remote_agents.refresh_remote(self.call, agent)

    @implements
    async def remove_remote(self, agent: str) -> contract.RemoteRemoval:
        return await remote_agents.fail_tasks_and_remove_remote(self.call, agent)
