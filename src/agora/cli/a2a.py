"""Talk to an A2A agent from the command line: one message, a stream, or a conversation."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from agora_sdk.errors import AgoraError

from .output import clean_text
from .session import Session, client_command

if TYPE_CHECKING:
    import asyncio

    from agora_sdk.a2a import A2AClient, Answer, Update

__all__ = ["build_address_group", "talk"]

DEFAULT_URL = "http://127.0.0.1:8080"
HISTORY_LINES = 1000  # limit of the history
FAILED_STATES = frozenset({"failed", "rejected", "canceled"})
HELP = "/card shows the agent, /task the last task, /new starts a new conversation, /quit leaves."


def build_address_group(group: type[TyperGroup]) -> type[TyperGroup]:
    """Build the A2A command group. A first word that is not an operation is an agent's address."""

    class AddressedAgent(group):  # type: ignore[misc,valid-type]
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if args and args[0] != "--help" and args[0] not in self.commands:
                args = ["talk", *args]
            remaining: list[str] = super().parse_args(ctx, args)
            return remaining

    return AddressedAgent


@client_command
def talk(
    session: Session,
    address: Annotated[
        str | None, typer.Argument(metavar="URL", help="URL of the agent or its card; default: this marketplace.")
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="Text to send. Without it, a conversation starts.")
    ] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Stream the answer.")] = False,
    auth: Annotated[str | None, typer.Option("--auth", help="Bearer token for the agent.", metavar="TOKEN")] = None,
    skill: Annotated[str | None, typer.Option(help="Id of the requested skill.")] = None,
    context_id: Annotated[
        str | None, typer.Option("--context", help="Id of the conversation to continue.", metavar="ID")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Id of the task to continue.")] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="Continue the conversation after the message.")
    ] = False,
    seconds: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = 120.0,
) -> None:
    """Send a message to an A2A agent: agora a2a URL --message TEXT. Without a message, start a conversation."""
    from agora_sdk.a2a import A2AClient

    server_url = session.connection.url or os.environ.get("AGORA_URL") or DEFAULT_URL
    # A credential of this marketplace is sent only to this marketplace.
    token = auth or (session.connection.token or os.environ.get("AGORA_TOKEN") if address is None else None)
    # One event loop for the whole conversation: the HTTP client's connections belong to the loop that opened them.
    # Between two messages it does not run, so that input() may block.
    with asyncio.Runner() as runner:
        with _show_spinner(session, "connecting"):
            agent = runner.run(A2AClient.connect(address or server_url, token=token, seconds=seconds))
        try:
            conversation = A2AConversation(session, runner, agent, stream, skill, context_id, task)
            if message is not None:
                conversation.send_text(message)
            if message is None or interactive:
                conversation.run_prompt_loop()
        finally:
            runner.run(agent.aclose())
    # A script wants the task's outcome as exit code; who talked has seen it.
    if conversation.state in FAILED_STATES and not interactive and message is not None:
        raise typer.Exit(1)


class A2AConversation:
    """The state of a conversation: the context and the task that the next message continues."""

    def __init__(
        self,
        session: Session,
        runner: asyncio.Runner,
        agent: A2AClient,
        stream: bool,
        skill: str | None,
        context_id: str | None,
        task_id: str | None,
    ) -> None:
        self._session, self._runner, self._agent, self._stream = session, runner, agent, stream
        self._skill, self._context_id, self._task_id = skill, context_id, task_id
        self._last_task: str | None = task_id
        self.state = ""

    def send_text(self, text: str) -> None:
        """Send a text and print the answer."""
        continuation: dict[str, Any] = {"context_id": self._context_id, "task_id": self._task_id, "skill": self._skill}
        if self._stream:
            self._runner.run(self._print_stream(text, continuation))
            return
        with _show_spinner(self._session, "waiting for the answer"):
            answer = self._runner.run(self._agent.send(text, **continuation))
        self._print_answer(answer)

    def _print_answer(self, answer: Answer) -> None:
        self._remember_state(answer.state, answer.task_id, answer.context_id)
        out = self._session.out
        if out.json:
            out.print_json(dict(answer.task) if answer.task else answer.message.wire() if answer.message else None)
            return
        out.print_text(answer.text or f"({answer.state})", "red" if answer.state in FAILED_STATES else "")
        self._print_hint()

    async def _print_stream(self, text: str, continuation: dict[str, Any]) -> None:
        has_output = False
        with _show_spinner(self._session, "waiting for the answer") as stop_spinner:
            async for update in self._agent.stream(text, **continuation):
                self._remember_state(update.state, update.task_id, update.context_id)
                if update.text or self._session.out.json:
                    stop_spinner()
                has_output = self._print_update(update, has_output) or has_output
        if has_output:
            self._session.out.print_line("")
        elif not self._session.out.json:
            self._session.out.print_text(f"({self.state})")
        self._print_hint()

    def _print_update(self, update: Update, written: bool) -> bool:
        if self._session.out.json:
            self._session.out.print_json(dict(update.raw))
            return False
        if not update.text:
            return False
        sys.stdout.write(("\n" if written and not update.appends else "") + clean_text(update.text))
        sys.stdout.flush()
        return True

    def _remember_state(self, state: str, task_id: str | None, context_id: str | None) -> None:
        self.state = state
        self._context_id = context_id or self._context_id
        self._last_task = task_id or self._last_task
        # Only an interrupted task takes a further message (A2A: a task in a terminal state accepts none).
        # The next message after an end starts a new task in the same context.
        self._task_id = self._last_task if state in ("input_required", "auth_required") else None

    def _print_hint(self) -> None:
        if self._task_id is not None and not self._session.out.json:
            self._session.out.print_note(f"It waits for an answer: --task {self._task_id}")

    def run_prompt_loop(self) -> None:
        """Send each typed line until the input ends."""

        if not self._session.out.json:
            self._session.out.print_note(f"{self._agent.name}. {HELP}")
        for line in _read_input_lines(self._session):
            try:
                if line.startswith("/"):
                    self._run_prompt_command_or_quit(line[1:].strip().lower())
                else:
                    self.send_text(line)
            # One refused message must not end the conversation.
            except AgoraError as error:
                self._session.out.print_error(error)
            except EOFError:
                return

    def _run_prompt_command_or_quit(self, word: str) -> None:
        out = self._session.out
        if word in ("quit", "exit", "q"):
            raise EOFError
        if word == "card":
            out.print_line(json.dumps(dict(self._agent.card), ensure_ascii=False, indent=1))
        elif word == "new":
            self._context_id = self._task_id = None
            out.print_note("A new conversation.")
        elif word == "task" and self._last_task:
            self._print_answer(self._runner.run(self._agent.get_task(self._last_task)))
        else:
            out.print_note(HELP)


@contextlib.contextmanager
def _show_spinner(session: Session, label: str) -> Iterator[Callable[[], None]]:
    """Show a spinner in a terminal until the block ends or the returned function is called."""
    console = session.out.errors
    if session.out.json or not console.is_terminal:
        yield lambda: None
        return
    status = console.status(label)
    with status:
        yield status.stop


def _read_input_lines(session: Session) -> Iterator[str]:
    """Yield typed lines, with a persistent history, or the lines of a pipe."""
    is_terminal = sys.stdin.isatty()
    with _save_input_history() if is_terminal else contextlib.nullcontext():
        while True:
            try:
                line = (input("> ") if is_terminal else _read_piped_line()).strip()
            except (EOFError, KeyboardInterrupt):
                return
            if line:
                yield line


def _read_piped_line() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


@contextlib.contextmanager
def _save_input_history() -> Iterator[None]:
    """Save the input history for the next session."""
    try:
        import readline
    except ImportError:  # not available on every system
        yield
        return
    file = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "agora" / "a2a_history"
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(HISTORY_LINES)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            # Created with mode 0600 first: readline would create it with the umask.
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
            readline.write_history_file(file)
