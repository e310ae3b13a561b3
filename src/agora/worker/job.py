"""One job, from claim to result, including permissions, limits and crashes.

The progress of a job is its task's checkpoint: any worker with the codebase can continue from it. The agent's session
is reopened in the best available way, which is noted in the output.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from agora_sdk import AgoraError, InputRequired, PermanentFailure, Postponed, TaskRun
from agora_sdk.client import AgoraClient

from .checks import run_check
from .codebases import Codebase
from .driver import AgentDied, AgentFailed, AgentProcess, TurnEnd
from .execution import Execution
from .follow_ups import FollowUpQueue, TurnInterrupted
from .full_disk import DISK_PAUSE_SECONDS, describe_full_disk, find_full_disk
from .job_files import write_job_files
from .job_state import JobState
from .marketplace_tools import issue_marketplace_server
from .options import Isolation, WorkerOptions
from .output import OutputWriter
from .permissions import Decision, OpenPermission, PermissionRequest, parse_answer_or_reject
from .prompts import (
    ANSWERED_PROMPT,
    CONTINUATION_PROMPT,
    FAILED_CHECK_PROMPT,
    NEW_SESSION_PROMPT,
    NEW_WORKTREE_NOTE,
    REFUSED_PROMPT,
)
from .registry import CodebaseRegistry
from .request import Answer, JobRequest, read_answers
from .results import commit_and_store_changes, submit_for_review_or_note_error
from .session_opening import load_earlier_workplace_and_session, set_model_and_mode
from .starting_point import StartingPoint
from .subprocesses import CommandError, fill_command_template, run_command
from .transcript import Transcript, replace_unstorable_characters
from .turns import restore_files_to_start, take_snapshot_and_record_turn
from .usage_limits import AccountBreaker, UsageLimitReached, describe_pause
from .usage_report import report_usage_or_log
from .worktree import Workplace, open_workplace
from .worktree_setup import run_worktree_setup_if_any

__all__ = ["Job"]

logger = logging.getLogger("agora.worker")

# An agent that dies at every start would otherwise restart for ever, and hold the job's lease.
MAX_AGENT_STARTS = 4  #: limit of one attempt: the first start, and restarts after the agent died
MAX_REFUSED_TURNS = 5  #: limit of turns of a job that its agent ends because of a refused permission
MAX_TRANSCRIPT_CHARACTERS = 20_000  #: limit of an earlier transcript in a new session
# Of a command-line tool: unlike an agent's turn, one that hangs reports nothing by which it could be noticed.
TOOL_SECONDS = 3600.0


class Job:
    """A job that this worker runs; while it waits for a permission, its agent is kept for some time.

    run: the claimed task; replaced at each claim.
    """

    def __init__(
        self,
        run: TaskRun,
        client: AgoraClient,
        options: WorkerOptions,
        breaker: AccountBreaker,
        registry: CodebaseRegistry,
        execution: Execution,
    ) -> None:
        self.task_id = run.task_id
        self._registry, self._execution = registry, execution
        self._run, self._client, self._options, self._breaker = run, client, options, breaker
        self._request = JobRequest.from_task(run)
        self._state = JobState.from_checkpoint(run.checkpoint)
        # The output of an earlier attempt may end in the middle of a line.
        self._transcript = Transcript(self._state.usage, ends_line=run.output_size == 0)
        self._writer = OutputWriter(run)
        self._exit_stack = AsyncExitStack()
        self._agent: AgentProcess | None = None
        self._place: Workplace | None = None
        self._turn: asyncio.Task[TurnEnd] | None = None
        # The agent may ask several at once; the first of them is the one that the task waits for.
        self._permissions: deque[OpenPermission] = deque()
        self._permission_event = asyncio.Event()
        self._steering_event = asyncio.Event()
        self._follow_ups = FollowUpQueue(client)
        self._granted_decision: tuple[PermissionRequest, Decision] | None = None
        self._refusal = ""  # the refusal in this turn, as reported to the agent
        self._has_remark = False  # whether a person gave a reason
        self._prompt = self._request.prompt

    # -- lifecycle ----------------------------------------------------------------------------------------

    async def run_job(self) -> dict[str, Any]:
        """Run or continue the job, and return its result.

        Raises InputRequired while the agent waits for a permission, Postponed at a usage limit, PermanentFailure.
        """
        try:
            if not self._permissions:
                await self._open_workplace_and_begin_turn()
            elif (steering := await self._take_follow_up(steering=True)) is not None:
                await self._interrupt_turn()
                await self._begin_turn_or_run_tool(steering)
            else:
                await self._pass_answer_to_agent()
            await self._run_turns_until_done()
            return await self._store_changes_and_submit_for_review()
        # Reported before the job is paused: other jobs of the account must not start in between.
        except UsageLimitReached as limit:
            await self._breaker.block_and_report_until(limit.until)
            raise await self._save_and_build_postponement(
                f"{describe_pause(self._options.agent_name, limit)} {limit}", limit.until
            ) from limit
        except (AgentFailed, CommandError, OSError, PermanentFailure) as error:
            # First: on a full disk the agent, git and the check fail with errors of their own, none of which another attempt would repeat.
            if (full := self._find_full_disk(error)) is not None:
                raise await self._save_and_build_postponement(
                    describe_full_disk(full), time.time() + DISK_PAUSE_SECONDS
                ) from error
            if isinstance(error, AgentFailed):
                raise PermanentFailure(f"The agent failed: {error}") from error
            if isinstance(error, CommandError):
                raise PermanentFailure(str(error)) from error
            raise

    def continue_under_new_claim(self, run: TaskRun) -> None:
        """Continue under a new claim of the task."""
        self._run = run
        self._writer.switch_run(run)

    def request_interruption(self) -> None:
        """End the turn for a steering follow-up, which the agent is then given."""
        self._steering_event.set()

    async def release(self) -> None:
        """Release a job that waits for a permission, if this worker still has it, so that it is claimed again."""
        try:
            await self._client.task.release(self.task_id, self._run.fencing_token, reason="interrupted by a follow-up")
        except AgoraError as error:  # the server has already released it
            logger.debug("%s was not released: %s", self.task_id, error)

    async def close(self) -> None:
        """End the agent; keep the worktree. A turn that has not ended is cancelled, and its tokens are reported."""
        try:
            self._cancel_permissions()
            if self._turn is not None:
                # Before its process is killed: an agent that is told to stop can report its tokens.
                self._turn.cancel()
                (end,) = await asyncio.gather(self._turn, return_exceptions=True)
                if isinstance(end, TurnEnd):
                    await self._report_cancelled_turn(end)
            await self._writer.close()
        finally:
            await self._exit_stack.aclose()

    async def _open_workplace_and_begin_turn(self) -> None:
        """Prepare the workplace, and begin the first turn or continue the interrupted one."""
        # Before anything is prepared: while the account is blocked, a job must not even create its worktree.
        self._breaker.raise_if_blocked()
        codebase = await self._require_codebase()
        is_isolated = self._options.isolation is not Isolation.NONE
        self._state.session_id = self._state.session_id or self._request.session_id
        earlier_workplace = await load_earlier_workplace_and_session(
            self._client, self._run, self._state, self._options.agent_name
        )
        job = str(earlier_workplace.get("job") or self.task_id)
        start = self._request.start
        fork = start.commit if start is not None and start.is_fork else None
        place = open_workplace(codebase, self._options.state / "worktrees", job, isolated=is_isolated, start=fork)
        # The lock of the place is released by close(), after the agent has ended: pushed first, it is closed last.
        self._place = await self._exit_stack.enter_async_context(place)
        await self._execution.make_workplace_safe(self._place)
        # The job that this one goes on with has placed them, and its agent may have changed them since.
        has_files = earlier_workplace.get("has_files") is True and not self._place.is_empty
        self._state.workplace = self._place.to_document() | {"job": job, "has_files": has_files}
        if self._place.needs_setup:
            await run_worktree_setup_if_any(
                self._execution,
                self._options,
                self._place,
                self._agent_environment,
                self._writer.add_text,
                self._add_note,
            )
            self._place.mark_setup_complete()
        # Once: an agent may have changed the files since.
        if not self._state.is_prompted and not (has_files and self._request.has_follow_ups):
            await write_job_files(self._run.payload.get("files"), self._place, self._client)
            self._state.workplace = {**self._state.workplace, "has_files": True}
        if start is not None and not self._state.was_rewound:
            await self._restore_starting_point(start, self._place, job)
        # Another worker has begun the job in its own repository: the changes that its agent reported are missing here.
        starts_over = self._place.is_empty and self._state.is_prompted and start is None
        if starts_over:
            self._state.is_answered = self._state.was_sent_back = False
            self._add_note("the earlier changes are not on this machine: the job starts over")
        prompt = await self._take_or_build_first_prompt()
        if prompt is not None:
            await self._begin_turn_or_run_tool(NEW_WORKTREE_NOTE + prompt if starts_over else prompt)

    async def _restore_starting_point(self, start: StartingPoint, place: Workplace, job: str) -> None:
        """Restore files and conversation to the job's starting point. Raises PermanentFailure."""
        await restore_files_to_start(start, place, job)
        state = self._state
        state.was_rewound, state.is_prompted, state.is_answered = True, start.is_last, start.is_last
        state.session_id = None if start.begins_session else state.session_id
        self._add_note(f"begins at turn {start.number}")
        await self._save_checkpoint()

    async def _run_tool_turn(self, command: str, prompt: str) -> None:
        """Run a command-line tool without ACP on a prompt: one run is the turn."""
        assert self._place is not None
        words = fill_command_template(command, self._place.path, prompt)
        self._state.is_prompted, self._state.is_answered = True, False
        await self._save_checkpoint()
        environment = {**self._options.agent_environment, **self._agent_environment}
        async with self._execution.open_command(words, self._place, environment) as prepared_command:
            result = await run_command(
                prepared_command.words,
                self._place.path,
                timeout=TOOL_SECONDS,
                environment=prepared_command.environment,
                on_output=self._writer.add_text,
            )
        self._state.text, self._state.is_answered = replace_unstorable_characters(result.output[-4000:]), True
        await self._save_checkpoint()
        if result.exit_code:
            raise PermanentFailure(f"{words[0]} ended with exit code {result.exit_code}: {result.output[-2000:]}")

    async def _require_codebase(self) -> Codebase:
        codebase = await self._registry.resolve_codebase(self._client, self._request.codebase)
        if codebase is None:
            names = ", ".join(codebase.name for codebase in self._options.codebases)
            raise PermanentFailure(f"This worker has no codebase {self._request.codebase!r}; it has {names}.")
        return codebase

    async def _take_or_build_first_prompt(self) -> str | None:
        """Choose the first prompt: the job's, or one that continues an interrupted turn; None if its turn is done."""
        state = self._state
        begins_with_follow_up = self._request.has_follow_ups and not state.is_prompted
        follow_up = await self._take_follow_up(steering=not begins_with_follow_up)
        if follow_up is not None:
            return follow_up
        if begins_with_follow_up:  # it was removed before a worker took it
            state.is_prompted = state.is_answered = True
        if state.is_answered:
            return None
        prompt = await self._read_latest_prompt()
        if state.asked is not None:
            request = PermissionRequest.from_document(state.asked)
            decision = await self._read_decision_or_reject(request)
            self._granted_decision = request, decision
            # The agent that asked is gone: the answer is told to its successor in the prompt, and given when it asks again.
            answer = decision.option.name if decision.option else "no"
            answer += f" ({decision.feedback})" if decision.feedback else ""
            return ANSWERED_PROMPT.format(title=request.title, answer=answer, prompt=prompt)
        if state.is_prompted and self._options.command is None:
            return CONTINUATION_PROMPT.format(why="its worker or its agent ended", prompt=prompt)
        return self._request.start.build_prompt(prompt) if self._request.start is not None else prompt

    async def _read_latest_prompt(self) -> str:
        """Read the latest prompt: that of the last taken follow-up, else the job's."""
        return await self._follow_ups.find_taken_text(self._run, self._state.follow_up) or self._request.prompt

    async def _take_follow_up(self, *, steering: bool = False, closing: bool = False) -> str | None:
        """Take the next follow-up. It is written to the checkpoint before the agent is told."""
        # Before the request: a follow-up that arrives during it sets the event again.
        self._steering_event.clear()
        follow_up = await self._follow_ups.take_next_follow_up(
            self._run, self._state.follow_up, steering=steering, closing=closing
        )
        if follow_up is None:
            return None
        assert follow_up.taken is not None
        self._state.follow_up, self._state.was_sent_back = follow_up.taken, False
        return str(follow_up.text)

    async def _open_agent_and_begin_turn(self, prompt: str) -> None:
        """Start the agent, open its session, and begin a turn with the prompt."""
        assert self._place is not None
        options, state = self._options, self._state
        assert options.agent_command is not None
        environment = {**options.agent_environment, **self._agent_environment}
        command_context = self._execution.open_command(options.agent_command, self._place, environment)
        command = await self._exit_stack.enter_async_context(command_context)
        agent = AgentProcess(
            command.words, self._place.path, command.environment, self._receive_update, self._decide_permission
        )
        self._exit_stack.push_async_callback(agent.close)
        self._agent = agent
        agent_version = await agent.start()
        previous = state.session_id
        marketplace_servers = await self._issue_marketplace_server(agent) if options.offers_tools else []
        session = await agent.reopen_or_open_session(previous, [*options.mcp_servers, *marketplace_servers])
        state.session_id, state.agent = session.session_id, options.agent_name
        if previous is None:
            self._add_note(f"{agent_version} works in {self._place.path}")
        elif session.opening_method == "new":
            prompt = NEW_SESSION_PROMPT.format(transcript=await self._read_output_tail()) + prompt
            self._add_note(f"the session {previous} could not be reopened; a new session gets its transcript")
        else:
            self._add_note(f"the session {previous} was reopened with session/{session.opening_method}")
        model = self._request.model or options.model
        await set_model_and_mode(agent, model, self._request.mode, self._add_note)
        await self._begin_turn(prompt)

    async def _issue_marketplace_server(self, agent: AgentProcess) -> list[dict[str, Any]]:
        reason = self._execution.explain_unreachable_url(self._client.url)
        if reason is not None:
            self._add_note(f"the agent has no tools of the marketplace: {reason}")
            return []
        return await issue_marketplace_server(self._client, self._run, agent, self._add_note)

    async def _begin_turn(self, prompt: str) -> None:
        assert self._agent is not None
        # Saved before it is sent: after a crash, a sent prompt must not be taken for an unsent one.
        self._state.is_prompted, self._state.is_answered, self._state.asked = True, False, None
        self._state.refusal, self._refusal, self._has_remark = "", "", False
        self._cancel_permissions()  # those of an agent that died
        await self._save_checkpoint()
        self._transcript = Transcript(self._state.usage, ends_line=self._transcript.ends_line)
        self._prompt = prompt
        # Its id comes from the checkpoint: a repeated attempt stores the message under the same id.
        await self._report_message("user", [{"type": "text", "text": prompt}])
        self._turn = asyncio.create_task(self._agent.run_prompt(prompt))

    async def _run_turns_until_done(self) -> None:
        """Wait for the end of the turn, of turns for follow-ups and answers, and of the check."""
        while True:
            if not self._state.is_answered and (steering := await self._finish_and_bill_turn()) is not None:
                await self._begin_turn_or_run_tool(steering)
                continue
            if self._state.refusal:
                await self._begin_turn_or_run_tool(self._state.refusal)
                continue
            # In this order: answers to the agent, then waiting follow-ups, then the check; ``closing`` refuses later follow-ups in the
            # same transaction, so that none is accepted by a job that is ending.
            answers = await read_answers(self._client, self.task_id, self._state.seen)
            if answers and self._options.command is None:
                self._state.seen = answers[-1].number
                await self._begin_turn_or_run_tool("\n\n".join(answer.text for answer in answers))
            elif (follow_up := await self._take_follow_up()) is not None:
                await self._begin_turn_or_run_tool(follow_up)
            elif (failed_check_prompt := await self._run_check_and_build_prompt()) is not None:
                await self._begin_turn_or_run_tool(failed_check_prompt)
            elif (follow_up := await self._take_follow_up(closing=True)) is not None:
                await self._begin_turn_or_run_tool(follow_up)
            else:
                return

    async def _begin_turn_or_run_tool(self, prompt: str) -> None:
        if self._options.command is not None:
            await self._run_tool_turn(self._options.command, prompt)
        elif self._agent is None:
            await self._open_agent_and_begin_turn(prompt)
        else:
            await self._begin_turn(prompt)

    async def _finish_and_bill_turn(self) -> str | None:
        """Wait until the agent ends its turn; a dead agent is restarted. Raises InputRequired, PermanentFailure.

        Returns the steering follow-up that has interrupted the turn, if any.
        """
        for remaining in reversed(range(MAX_AGENT_STARTS)):
            try:
                end = await self._await_turn_or_interruption()
                break
            except TurnInterrupted as interruption:
                return interruption.prompt
            except AgentDied as death:
                if not remaining:
                    raise PermanentFailure(f"The agent died {MAX_AGENT_STARTS} times: {death}") from death
                self._add_note(f"the agent died: {death}")
                assert self._agent is not None
                await self._agent.close()
                await self._open_agent_and_begin_turn(
                    CONTINUATION_PROMPT.format(why="its process ended", prompt=await self._read_latest_prompt())
                )
        await self._store_ended_turn()
        await self._report_turn_usage(end)
        self._state.text = self._transcript.text
        self._state.is_answered = True
        self._keep_refusal_for_next_prompt(end)
        # The output first: a job that continues from the checkpoint would not write this turn's output again.
        await self._writer.flush_output()
        await self._save_checkpoint()
        if end.stop_reason != "end_turn" and not self._state.refusal:
            raise PermanentFailure(f"The agent stopped: {end.stop_reason}. {self._state.text}"[:4000])
        return None

    def _keep_refusal_for_next_prompt(self, end: TurnEnd) -> None:
        """Note a refused permission for the agent: the reason, if a person gave one, and to continue if it stopped.

        The protocol has no field for reasons. Codex ends its turn as cancelled; others continue by themselves.
        """
        has_stopped = end.stop_reason == "cancelled"
        if not self._refusal or not (has_stopped or self._has_remark):
            return
        self._state.refusals += has_stopped
        if self._state.refusals > MAX_REFUSED_TURNS:
            raise PermanentFailure(f"The agent has ended {MAX_REFUSED_TURNS + 1} turns for refusals. {self._refusal}")
        self._state.refusal = self._refusal

    async def _store_ended_turn(self) -> None:
        """Store the agent's messages, and record the turn as a checkpoint."""
        assert self._place is not None
        await self._report_message("assistant", self._transcript.parts)
        async with self._execution.pause_commands(self._place):
            await take_snapshot_and_record_turn(
                self._client, self._run, self._place, self._state, self._registry, self._prompt
            )

    async def _report_cancelled_turn(self, end: TurnEnd) -> None:
        """Report the tokens of a turn that was cancelled because the job leaves this worker."""
        await self._report_turn_usage(end)
        try:
            # The next attempt continues the sum.
            await self._save_checkpoint()
        except AgoraError as error:  # the lease has been lost, or the job waits for an answer
            logger.debug("The tokens of %s are not in its checkpoint: %s", self.task_id, error)

    async def _report_turn_usage(self, end: TurnEnd) -> None:
        assert self._agent is not None
        self._turn = None  # it is reported once
        # Not the requested model: an agent that ignores it would be charged at the wrong price.
        model = self._agent.model or self._options.model or ""
        await report_usage_or_log(self._client, self._run, self._state, model, end.usage, self._add_note)

    async def _await_turn_or_interruption(self) -> TurnEnd:
        """Wait for the end of the turn.

        Raises TurnInterrupted, InputRequired, AgentDied, AgentFailed, UsageLimitReached.
        """
        assert self._turn is not None
        while not self._turn.done():
            signals = [asyncio.create_task(event.wait()) for event in (self._steering_event, self._permission_event)]
            try:
                await asyncio.wait((self._turn, *signals), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for signal in signals:
                    signal.cancel()
            # A turn that has ended meanwhile needs no interruption: its result counts.
            if self._steering_event.is_set() and not self._turn.done():
                await self._interrupt_for_follow_up()
            elif self._permission_event.is_set() and not self._turn.done():
                raise await self._save_and_build_question()
        return self._turn.result()

    async def _interrupt_for_follow_up(self) -> None:
        """End the turn if a steering follow-up still waits: it may have been removed. Raises TurnInterrupted."""
        follow_up = await self._take_follow_up(steering=True)
        if follow_up is not None:
            await self._interrupt_turn()
            raise TurnInterrupted(follow_up)

    async def _interrupt_turn(self) -> None:
        """End the turn."""
        assert self._turn is not None
        self._cancel_permissions()
        self._turn.cancel()
        (end,) = await asyncio.gather(self._turn, return_exceptions=True)
        self._add_note("the turn is interrupted by a follow-up")
        await self._store_ended_turn()
        # An agent that died or did not answer in time has reported no tokens.
        if isinstance(end, TurnEnd):
            await self._report_turn_usage(end)

    # -- permissions --------------------------------------------------------------------------------------

    async def _decide_permission(self, request: PermissionRequest) -> Decision:
        """Decide a permission by the policy, or have a person decide it while the agent waits."""
        assert self._place is not None
        decision = request.decide_by_policy(self._options.approval, self._place.path)
        # An answer given while no agent waited applies to that call only: its successor may ask for another one first.
        if decision is None and self._granted_decision is not None and request.is_same_call(self._granted_decision[0]):
            granted = self._granted_decision[1]
            decision = Decision(request.find_option((granted.option.kind,)) if granted.option else None)
            self._granted_decision = None
        if decision is not None:
            self._note_permission_decision(request, decision)
            return decision
        permission = OpenPermission(request, asyncio.get_running_loop().create_future())
        self._permissions.append(permission)
        self._permission_event.set()
        return await permission.decision

    def _cancel_permissions(self) -> None:
        """Answer pending requests as cancelled, as the protocol requires of those of a cancelled turn."""
        for permission in self._permissions:
            # The connection may have ended, and the call that waits for the decision with it.
            if not permission.decision.done():
                permission.decision.set_result(Decision(None))
        self._permissions.clear()
        self._permission_event.clear()

    async def _save_and_build_question(self) -> InputRequired:
        """Build the exception that makes the task wait for the permission."""
        request = self._permissions[0].request
        self._state.asked = request.to_document()
        self._add_note(f"waits for permission: {request.kind}: {request.title}")
        # The output first: a job that continues from the checkpoint would not write it again.
        await self._writer.flush_output()
        await self._save_checkpoint()
        # Not when the request arrives: the policy must decide about the paths as they are.
        question, data, schema = replace_unstorable_characters(
            [
                request.describe_request(),
                {"permission": request.to_document() | {"input": dict(request.input)}},
                request.build_answer_schema(),
            ]
        )
        return InputRequired(question, data=data, schema=schema)

    async def _pass_answer_to_agent(self) -> None:
        """Give the requester's answer to the agent; one that died in the meantime is restarted with the answer."""
        assert self._turn is not None
        assert self._agent is not None
        if self._turn.done():
            self._cancel_permissions()
            await asyncio.gather(self._turn, return_exceptions=True)
            self._add_note("the agent died while it waited for the answer")
            await self._agent.close()
            prompt = await self._take_or_build_first_prompt()
            assert prompt is not None
            await self._open_agent_and_begin_turn(prompt)
            return
        decision = await self._read_decision_or_reject(self._permissions[0].request)
        permission = self._permissions.popleft()
        if not self._permissions:
            self._permission_event.clear()
        self._note_permission_decision(permission.request, decision)
        self._state.asked = None
        self._has_remark |= decision.is_refusal and decision.feedback is not None
        if not permission.decision.done():
            permission.decision.set_result(decision)

    async def _read_decision_or_reject(self, request: PermissionRequest) -> Decision:
        answers: Sequence[Answer] = await read_answers(self._client, self.task_id, self._state.seen)
        if not answers:
            return request.build_rejection("nobody has answered")
        self._state.seen = answers[-1].number
        return parse_answer_or_reject(request, answers[-1].text, answers[-1].data)

    def _note_permission_decision(self, request: PermissionRequest, decision: Decision) -> None:
        answer = decision.option.name if decision.option else "cancelled"
        reason = f" ({decision.feedback})" if decision.feedback else ""
        self._add_note(f"permission: {request.kind}: {request.title}: {answer}{reason}")
        if decision.is_refusal:
            self._refusal += REFUSED_PROMPT.format(title=request.title, answer=answer + reason) + "\n"

    # -- the result ---------------------------------------------------------------------------------------

    async def _run_check_and_build_prompt(self) -> str | None:
        """Run the check; return the prompt that sends the agent back, once. Raises PermanentFailure the second time."""
        assert self._place is not None
        if self._options.check is None:
            return None
        self._add_note(f"check: {self._options.check}")
        result = await run_check(
            self._execution, self._options.check, self._place, self._options.check_seconds, self._agent_environment
        )
        self._writer.add_text(result.output and result.output.rstrip("\n") + "\n")
        self._add_note(f"the check ended with exit code {result.exit_code}")
        await self._run.artifact([{"data": result.to_document()}], name="check", artifact_id="check")
        self._state.check = result.exit_code
        if result.exit_code == 0:
            return None
        if self._state.was_sent_back or self._options.command is not None:
            raise PermanentFailure(f"The check `{result.command}` failed: {result.output[-3000:]}")
        self._state.was_sent_back = True
        return FAILED_CHECK_PROMPT.format(command=result.command, code=result.exit_code, output=result.output[-8000:])

    async def _store_changes_and_submit_for_review(self) -> dict[str, Any]:
        """Commit the remaining changes, store them as artifacts, submit the branch for review, and return the result.

        A failed submission becomes a note. Raises StaleLease, CommandError.
        """
        assert self._place is not None
        title, agent = self._request.title, self._options.agent_name
        async with self._execution.pause_commands(self._place):
            result = await commit_and_store_changes(self._run, self._place, self._state, title, agent)
            await submit_for_review_or_note_error(
                self._client, self._run, self._place, self._state, self._registry, title, self._add_note
            )
        await self._writer.flush_output()
        return result

    # -- shared with commands and the server --------------------------------------------------------------

    @property
    def _agent_environment(self) -> dict[str, str]:
        """Environment of every command of the job. PORT: a suggestion that differs between jobs."""
        # 20000 to 39999: above the well-known ports, and the last hexadecimal digits of an id are random.
        port = 20_000 + int(self.task_id[-4:], 16) % 20_000
        return {"AGORA_TASK_ID": self.task_id, "PORT": str(port)}

    def _receive_update(self, update: Mapping[str, Any]) -> None:
        self._writer.add_text(self._transcript.add_update(replace_unstorable_characters(update)))

    def _add_note(self, text: str) -> None:
        self._writer.add_text(self._transcript.add_note(text))

    async def _save_checkpoint(self) -> None:
        await self._run.save(replace_unstorable_characters(self._state.to_checkpoint()))

    async def _report_message(self, role: str, parts: Sequence[Mapping[str, Any]]) -> None:
        """Store a message of the session on the server."""
        assert self._place is not None
        session_id, message_id = self._state.session_id, f"{self.task_id}:{self._state.messages}"
        assert session_id is not None
        self._state.messages += 1
        message = {"message_id": message_id, "role": role, "parts": replace_unstorable_characters(parts)}
        options = {"title": self._request.title, "agent": self._options.agent_name, "task_id": self.task_id}
        try:
            await self._registry.store_session_message(self._client, self._place.codebase, session_id, message, options)
        except AgoraError as error:  # the task's output has it, too
            logger.warning("A message of session %s is not stored: %s", session_id, error)

    async def _read_output_tail(self) -> str:
        start = max(0, self._run.output_size - MAX_TRANSCRIPT_CHARACTERS)
        return str((await self._client.task.output(self.task_id, start)).content)

    def _find_full_disk(self, error: Exception) -> Path | None:
        """Find the full disk that caused an error."""
        # Where agents write: their worktrees, their own state below the home directory, and temporary files.
        places = [self._options.state, Path.home(), Path(tempfile.gettempdir())]
        places += [self._place.path, self._place.codebase.path] if self._place is not None else []
        return find_full_disk(error, places, is_own=isinstance(error, (CommandError, OSError)))

    async def _save_and_build_postponement(self, reason: str, until: float) -> Postponed:
        """Build the exception that pauses the job; it continues from its checkpoint. until: seconds since 1970."""
        self._add_note(reason)
        try:
            await self._writer.flush_output()
            await self._save_checkpoint()
        # The job pauses in any case; it then continues from its earlier checkpoint.
        except AgoraError as error:
            logger.warning("%s: %s", self.task_id, error)
        # By the wall clock: the end of a limit is a time of day, reported by the provider.
        return Postponed(reason, max(1.0, until - time.time()))
