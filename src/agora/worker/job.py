"""One job: from its claim to its result, over permissions, limits, and the death of whatever takes part.

What a job has reached is its task's checkpoint: any worker that has the codebase goes on from there. The agent's session is
opened again by the best way there is, and the output says which.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agora_sdk import AgoraError, InputRequired, PermanentFailure, Postponed, TaskRun
from agora_sdk.client import AgoraClient

from .checks import run_check
from .codebases import Codebase
from .driver import AgentDied, AgentFailed, AgentProcess, TurnEnd
from .job_state import JobState
from .options import Isolation, WorkerOptions
from .output import OutputWriter
from .permissions import Decision, PermissionRequest, parse_answer
from .registry import CodebaseRegistry
from .repository_setup import SETUP_FILE, read_accepted_setup
from .request import Answer, JobRequest, read_answers
from .subprocesses import CommandError, run_command
from .transcript import Transcript, remove_null_characters
from .usage_limits import AccountBreaker, UsageLimitReached
from .worktree import Workplace, find_workplace

__all__ = ["Job"]

logger = logging.getLogger("agora.worker")

MAX_AGENT_STARTS = 4  #: of one attempt: the first, and after deaths of the agent
MAX_TRANSCRIPT_CHARACTERS = 20_000  #: that a fresh session is given of an earlier one
SETUP_SECONDS = 900.0
TOOL_SECONDS = 3600.0
PROMPT_PLACE = "{prompt}"  #: in the command of a tool that speaks no ACP

CONTINUE = "The work was interrupted: {why}. See what is done already, and go on with this task:\n\n{prompt}"
FRESH = (
    "An earlier session did a part of the work and cannot be opened again. Its transcript:\n\n{transcript}\n\n---\n\n"
)
SEND_BACK = "The check `{command}` failed with exit code {code}. Mend the cause. Its output:\n\n{output}"
DECIDED = "You asked for permission: {title}. The answer: {answer}. Go on with this task:\n\n{prompt}"


@dataclass(slots=True)
class OpenPermission:
    """A permission that the agent waits for."""

    request: PermissionRequest
    decision: asyncio.Future[Decision]


class Job:
    """A job in the hands of this worker; one that waits for a permission keeps its agent for a while.

    run: the claimed task; another one after each claim.
    """

    def __init__(
        self,
        run: TaskRun,
        client: AgoraClient,
        options: WorkerOptions,
        breaker: AccountBreaker,
        registry: CodebaseRegistry,
    ) -> None:
        self.task_id = run.task_id
        self._registry = registry
        self._run, self._client, self._options, self._breaker = run, client, options, breaker
        self._request = JobRequest.from_task(run)
        self._state = JobState.from_checkpoint(run.checkpoint)
        self._transcript = Transcript(self._state.usage, ends_line=run.output_size == 0)
        self._writer = OutputWriter(run)
        self._closing = AsyncExitStack()
        self._agent: AgentProcess | None = None
        self._place: Workplace | None = None
        self._turn: asyncio.Task[TurnEnd] | None = None
        self._permission: OpenPermission | None = None
        self._is_asked = asyncio.Event()
        self._granted: Decision | None = None

    # -- its course ---------------------------------------------------------------------------------------

    async def run_job(self) -> dict[str, Any]:
        """Do the job, or go on with it; answers its result.

        Raises InputRequired while the agent waits for a permission, Postponed at a usage limit, PermanentFailure.
        """
        try:
            if self._permission is not None:
                await self._answer_permission()
            else:
                await self._begin_work()
            await self._finish_turns()
            return await self._store_changes()
        except UsageLimitReached as limit:
            await self._breaker.report_limit(limit.until)
            raise await self._pause_for_limit(limit) from limit
        except AgentFailed as error:
            raise PermanentFailure(f"The agent failed: {error}") from error
        except CommandError as error:
            raise PermanentFailure(str(error)) from error

    def take_over(self, run: TaskRun) -> None:
        """Go on under another claim of the task."""
        self._run = run
        self._writer.attach(run)

    @property
    def is_parked(self) -> bool:
        """Whether the agent waits for a permission."""
        return self._permission is not None

    async def close(self) -> None:
        """End the agent; leave the worktree as it is."""
        if self._permission is not None:
            self._permission.decision.set_result(Decision(None))  # the protocol's answer to what a cancelled turn asks
        if self._turn is not None:
            self._turn.cancel()
            await asyncio.gather(self._turn, return_exceptions=True)
        await self._writer.close()
        await self._closing.aclose()

    async def _begin_work(self) -> None:
        """Find the place to work, and begin the first turn or the one that goes on."""
        self._breaker.check_limit()
        codebase = await self._find_codebase()
        is_isolated = self._options.isolation is Isolation.WORKTREE
        earlier = await self._find_earlier_session()
        job = str(earlier.get("job") or self.task_id)
        place = find_workplace(codebase, self._options.state / "worktrees", job, isolated=is_isolated)
        self._place = await self._closing.enter_async_context(place)
        self._state.workplace = self._place.to_document() | {"job": job}
        if self._place.is_new:
            await self._set_up(self._place)
        if self._options.command is not None:
            await self._run_tool(self._options.command)
        elif not self._state.is_answered:
            await self._open_agent(await self._choose_prompt())

    async def _run_tool(self, command: str) -> None:
        """Give the prompt to a command-line tool that speaks no ACP: one run of it is the turn."""
        assert self._place is not None
        words = [word.replace(PROMPT_PLACE, self._request.prompt) for word in shlex.split(command)]
        result = await run_command(
            words,
            self._place.path,
            timeout=TOOL_SECONDS,
            environment=self._agent_environment,
            on_output=self._writer.add_text,
        )
        self._state.text, self._state.is_answered = result.output[-4000:], True
        await self._save_checkpoint()
        if result.exit_code:
            raise PermanentFailure(f"{words[0]} ended with exit code {result.exit_code}: {result.output[-2000:]}")

    async def _find_codebase(self) -> Codebase:
        codebase = await self._registry.resolve_codebase(self._client, self._request.codebase)
        if codebase is None:
            names = ", ".join(codebase.name for codebase in self._options.codebases)
            raise PermanentFailure(f"This worker has no codebase {self._request.codebase!r}; it has {names}.")
        return codebase

    async def _find_earlier_session(self) -> Mapping[str, Any]:
        """The workplace of the session that this job goes on with: its own, or the last of its context."""
        if self._state.session_id is not None:
            return self._state.workplace
        self._state.session_id = self._request.session_id
        if self._run.context_id is None:
            return {}
        page = await self._client.task.list(context_id=self._run.context_id, limit=10, descending=True)
        for task in page.tasks:
            checkpoint: Mapping[str, Any] = (await self._client.task.get(task.task_id)).checkpoint or {}
            if task.task_id != self.task_id and checkpoint.get("agent") == self._options.agent_name:
                self._state.session_id = checkpoint.get("session_id")
                return dict(checkpoint.get("workplace") or {})
        return {}

    async def _set_up(self, place: Workplace) -> None:
        """Prepare a new worktree by the owner's command, else by the repository's script. Raises PermanentFailure."""
        command = self._options.setup
        if command is not None:
            self._add_note(f"set-up: {command}")
        else:
            try:
                command = await asyncio.to_thread(
                    read_accepted_setup, self._options.state, place.codebase.path, place.path
                )
            except ValueError as error:
                raise PermanentFailure(str(error)) from error
            if command is None:
                return
            self._add_note(f"set-up: {SETUP_FILE} of the repository")
        result = await run_command(command, place.path, timeout=SETUP_SECONDS, environment=self._agent_environment)
        self._writer.add_text(result.output)
        if result.exit_code:
            raise PermanentFailure(f"The set-up failed with exit code {result.exit_code}: {result.output[-2000:]}")

    async def _choose_prompt(self) -> str:
        """The prompt, or what makes an interrupted agent go on."""
        state, prompt = self._state, self._request.prompt
        if state.asked is not None:
            request = PermissionRequest.from_document(state.asked)
            decision = await self._read_decision(request)
            self._granted = decision
            answer = decision.option.name if decision.option else "no"
            answer += f" ({decision.feedback})" if decision.feedback else ""
            return DECIDED.format(title=request.title, answer=answer, prompt=prompt)
        if state.is_prompted:
            return CONTINUE.format(why="its worker or its agent ended", prompt=prompt)
        return prompt

    async def _open_agent(self, prompt: str) -> None:
        """Start the agent, open its session, and begin a turn with the prompt."""
        assert self._place is not None
        options, state = self._options, self._state
        assert options.agent_command is not None
        environment = {**options.agent_environment, **self._agent_environment}
        agent = AgentProcess(
            options.agent_command, self._place.path, environment, self._receive_update, self._ask_permission
        )
        self._closing.push_async_callback(agent.close)
        self._agent = agent
        started = await agent.start()
        previous = state.session_id
        session = await agent.open_session(previous, await self._offer_tools(agent))
        state.session_id, state.agent = session.session_id, options.agent_name
        if previous is None:
            self._add_note(f"{started} works in {self._place.path}")
        elif session.rung == "new":
            prompt = FRESH.format(transcript=await self._read_transcript()) + prompt
            self._add_note(f"the session {previous} could not be opened again; a fresh one is given its transcript")
        else:
            self._add_note(f"the session {previous} goes on by session/{session.rung}")
        await self._choose_options(agent)
        await self._begin_turn(prompt)

    async def _offer_tools(self, agent: AgentProcess) -> list[dict[str, Any]]:
        """The marketplace as an MCP server for the agent, with a credential for what the job's creator allowed."""
        if not self._options.offers_tools:
            return []
        if not agent.takes_http_servers:
            self._add_note("the agent takes no MCP servers over HTTP: it has no tools of the marketplace")
            return []
        try:
            token = await self._client.task.issue_token(self.task_id, self._run.fencing_token)
        except AgoraError as error:
            self._add_note(f"the agent has no tools of the marketplace: {error}")
            return []
        if not token.scopes or token.token is None:
            self._add_note("the job's creator allows no tools of the marketplace")
            return []
        self._add_note(f"the agent has tools of the marketplace, for {', '.join(token.scopes)}")
        headers = [{"name": "Authorization", "value": f"Bearer {token.token}"}]
        return [{"type": "http", "name": "agora", "url": f"{self._client.url}/mcp", "headers": headers}]

    async def _choose_options(self, agent: AgentProcess) -> None:
        model = self._request.model or self._options.model
        if model and not await agent.choose_option("model", model):
            self._add_note(f"the agent lets no model be chosen; {model} is ignored")
        if self._request.mode:
            try:
                await agent.choose_option("mode", self._request.mode)
            except AgentFailed as error:
                self._add_note(f"the agent has no mode {self._request.mode}: {error}")

    async def _begin_turn(self, prompt: str) -> None:
        assert self._agent is not None
        # Before it is sent: whoever goes on after a crash must not take a prompt that was sent for one that was not.
        self._state.is_prompted, self._state.is_answered, self._state.asked = True, False, None
        await self._save_checkpoint()
        self._transcript = Transcript(self._state.usage, ends_line=self._transcript.ends_line)
        await self._report_message("user", [{"type": "text", "text": prompt}])
        self._turn = asyncio.create_task(self._agent.run_prompt(prompt))

    async def _finish_turns(self) -> None:
        """Wait for the end of the turn, of those for what the requester says meanwhile, and of the check."""
        while True:
            if not self._state.is_answered:
                await self._finish_turn()
            answers = await read_answers(self._client, self.task_id, self._state.seen)
            if answers and self._options.command is None:
                self._state.seen = answers[-1].number
                await self._prompt_again("\n\n".join(answer.text for answer in answers))
            elif (complaint := await self._run_checks()) is not None:
                await self._prompt_again(complaint)
            else:
                return

    async def _prompt_again(self, prompt: str) -> None:
        if self._agent is None:
            await self._open_agent(prompt)
        else:
            await self._begin_turn(prompt)

    async def _finish_turn(self) -> None:
        """Wait until the agent ends its turn; one that dies is started again. Raises InputRequired, PermanentFailure."""
        for remaining in reversed(range(MAX_AGENT_STARTS)):
            try:
                end = await self._await_turn()
                break
            except AgentDied as death:
                if not remaining:
                    raise PermanentFailure(f"The agent died {MAX_AGENT_STARTS} times: {death}") from death
                self._add_note(f"the agent died: {death}")
                assert self._agent is not None
                await self._agent.close()
                await self._open_agent(CONTINUE.format(why="its process ended", prompt=self._request.prompt))
        self._state.usage.add_turn(end.usage)
        await self._report_usage()
        await self._report_message("assistant", self._transcript.parts)
        self._state.text = self._transcript.text
        self._state.is_answered = True
        await self._writer.flush_output()
        await self._save_checkpoint()
        if end.stop_reason != "end_turn":
            raise PermanentFailure(f"The agent stopped: {end.stop_reason}. {self._state.text}"[:4000])

    async def _report_usage(self) -> None:
        """Report the job's tokens so far, where billing shows them."""
        usage = self._state.usage
        if not usage.input_tokens and not usage.output_tokens:
            return
        has_cost = usage.cost is not None and bool(usage.currency)
        try:
            await self._client.task.report_usage(
                self.task_id,
                self._run.fencing_token,
                usage.input_tokens,
                usage.output_tokens,
                model=self._request.model or self._options.model or "",
                provider_cost=usage.cost if has_cost else None,
                currency=usage.currency if has_cost else None,
                is_estimate=True,
            )
        except AgoraError as error:  # the result has it too
            logger.warning("The usage of %s is not reported: %s", self.task_id, error)

    async def _await_turn(self) -> TurnEnd:
        assert self._turn is not None
        asking = asyncio.create_task(self._is_asked.wait())
        try:
            await asyncio.wait((self._turn, asking), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._turn.cancel()
            raise
        finally:
            asking.cancel()
        if self._turn.done():
            return self._turn.result()
        raise await self._park_agent()

    # -- permissions --------------------------------------------------------------------------------------

    async def _ask_permission(self, request: PermissionRequest) -> Decision:
        """Decide a permission by the policy, or have a person decide it; the agent waits meanwhile."""
        assert self._place is not None
        decision = request.apply_policy(self._options.approval, self._place.path)
        if decision is None and self._granted is not None:
            # What was answered while no agent waited is the answer to the first thing that is asked afterwards.
            decision = Decision(request.find_option((self._granted.option.kind,)) if self._granted.option else None)
            self._granted = None
        if decision is not None:
            self._report_decision(request, decision)
            return decision
        self._permission = OpenPermission(request, asyncio.get_running_loop().create_future())
        self._is_asked.set()
        return await self._permission.decision

    async def _park_agent(self) -> InputRequired:
        """Make the task wait for the permission."""
        assert self._permission is not None
        request = self._permission.request
        self._state.asked = request.to_document()
        self._add_note(f"waits for permission: {request.kind}: {request.title}")
        await self._writer.flush_output()
        await self._save_checkpoint()
        data: dict[str, Any] = {"permission": request.to_document() | {"input": dict(request.input)}}
        return InputRequired(request.describe_request(), data=data, schema=request.answer_schema())

    async def _answer_permission(self) -> None:
        """Give the agent what the requester has answered."""
        assert self._permission is not None
        permission, self._permission = self._permission, None
        self._is_asked.clear()
        decision = await self._read_decision(permission.request)
        self._report_decision(permission.request, decision)
        self._state.asked = None
        permission.decision.set_result(decision)

    async def _read_decision(self, request: PermissionRequest) -> Decision:
        answers: Sequence[Answer] = await read_answers(self._client, self.task_id, self._state.seen)
        if not answers:
            return request.build_rejection("nobody has answered")
        self._state.seen = answers[-1].number
        return parse_answer(request, answers[-1].text, answers[-1].data)

    def _report_decision(self, request: PermissionRequest, decision: Decision) -> None:
        answer = decision.option.name if decision.option else "cancelled"
        reason = f" ({decision.feedback})" if decision.feedback else ""
        self._add_note(f"permission: {request.kind}: {request.title}: {answer}{reason}")

    # -- the result ---------------------------------------------------------------------------------------

    async def _run_checks(self) -> str | None:
        """Run the check; answers the prompt that sends the agent back, once. Raises PermanentFailure the second time."""
        assert self._place is not None
        if self._options.check is None:
            return None
        self._add_note(f"check: {self._options.check}")
        result = await run_check(
            self._options.check, self._place.path, self._options.check_seconds, self._agent_environment
        )
        self._writer.add_text(result.output and result.output.rstrip("\n") + "\n")
        self._add_note(f"the check ended with exit code {result.exit_code}")
        await self._run.artifact([{"data": result.to_document()}], name="check", artifact_id="check")
        if result.exit_code == 0:
            return None
        if self._state.was_sent_back or self._options.command is not None:
            raise PermanentFailure(f"The check `{result.command}` failed: {result.output[-3000:]}")
        self._state.was_sent_back = True
        return SEND_BACK.format(command=result.command, code=result.exit_code, output=result.output[-8000:])

    async def _store_changes(self) -> dict[str, Any]:
        """Commit what is left, hand over what has changed; answers the result."""
        assert self._place is not None
        await self._place.commit_rest(f"{self._request.title}\n\nJob {self.task_id}")
        changes = await self._place.read_changes()
        if changes:
            diff = {"text": changes.diff, "mediaType": "text/x-diff", "filename": f"{self.task_id}.diff"}
            await self._run.artifact([diff], name="diff", artifact_id="diff")
            details = {"files": changes.files, "commits": changes.commits}
            await self._run.artifact([{"data": details}], name="changes", artifact_id="changes")
        await self._writer.flush_output()
        return {
            "text": self._state.text,
            "session_id": self._state.session_id,
            "agent": self._options.agent_name,
            "branch": self._place.branch,
            "files": [file["path"] for file in changes.files],
            "commits": [commit["id"] for commit in changes.commits],
            "usage": self._state.usage.to_document(),
        }

    # -- what it shares -----------------------------------------------------------------------------------

    @property
    def _agent_environment(self) -> dict[str, str]:
        """What every command of the job finds in its environment. PORT: a free choice that differs between jobs."""
        port = 20_000 + int(self.task_id[-4:], 16) % 20_000
        return {"AGORA_TASK_ID": self.task_id, "PORT": str(port)}

    def _receive_update(self, update: Mapping[str, Any]) -> None:
        self._writer.add_text(self._transcript.add_update(update))

    def _add_note(self, text: str) -> None:
        self._writer.add_text(self._transcript.add_note(text))

    async def _save_checkpoint(self) -> None:
        await self._run.save(self._state.to_checkpoint())

    async def _report_message(self, role: str, parts: Sequence[Mapping[str, Any]]) -> None:
        """Store a message of the session on the server, where people read it."""
        assert self._place is not None
        session_id, message_id = self._state.session_id, f"{self.task_id}:{self._state.messages}"
        assert session_id is not None
        self._state.messages += 1
        message = {"message_id": message_id, "role": role, "parts": remove_null_characters(parts)}
        options = {"title": self._request.title, "agent": self._options.agent_name, "task_id": self.task_id}
        try:
            await self._registry.store_messages(self._client, self._place.codebase, session_id, message, options)
        except AgoraError as error:  # the task's output has it too
            logger.warning("A message of session %s is not stored: %s", session_id, error)

    async def _read_transcript(self) -> str:
        start = max(0, self._run.output_size - MAX_TRANSCRIPT_CHARACTERS)
        return str((await self._client.task.output(self.task_id, start)).content)

    async def _pause_for_limit(self, limit: UsageLimitReached) -> Postponed:
        """Give the job back until the limit is lifted."""
        until = datetime.fromtimestamp(limit.until, UTC)
        reason = f"Usage limit of {self._options.agent_name}: paused until {until:%Y-%m-%d %H:%M:%S} UTC."
        self._add_note(f"{reason} {limit}")
        try:
            await self._writer.flush_output()
            await self._save_checkpoint()
        except AgoraError as error:
            logger.warning("%s: %s", self.task_id, error)
        return Postponed(reason, max(1.0, limit.until - time.time()))
