"""``agora chat``: chat with an agent in the terminal. Each message is a task."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from agora_sdk.errors import IllegalTransition, InvalidRequest

from .output import clean_text
from .session import Session, client_command

if TYPE_CHECKING:
    from rich.live import Live

    from agora_sdk.contract.fields import JsonObject
    from agora_sdk.contract.tasks import Task, TaskReceipt

__all__ = ["chat"]

MESSAGE_TASK = "a2a.message"
JOB_TYPE = "coding.job"
GLOBAL = "global"  #: name of the codebase at a worker's home directory
LOG_FENCE = "`" * 12  #: longer than a fence in a tool's output
_LOG_LINE = re.compile(r"\[[a-z_]{2,20}\] \S")
EXIT_COMMANDS = frozenset({"/quit", "/exit"})
HELP = "/history shows the conversation, /new starts a new one, Ctrl-C interrupts an answer, /quit leaves."
HISTORY_PAGE = 200
MAX_HISTORY_TASKS = 50  # limit of tasks that /history shows


@client_command
def chat(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="Name or id of the agent; not with --worker.")] = None,
    message: Annotated[
        str | None,
        typer.Argument(help="Message to send. Without it, a conversation starts, or standard input is read."),
    ] = None,
    context_id: Annotated[str | None, typer.Option("--context", metavar="ID", help="Conversation to continue.")] = None,
    worker: Annotated[
        str | None, typer.Option(help="Chat with the coding agent of this worker (name or id) instead.")
    ] = None,
    codebase: Annotated[str, typer.Option(help="Codebase of the worker to work in; default: none.")] = GLOBAL,
) -> None:
    """Chat with an agent: streamed Markdown answers, questions of the agent, and history."""
    if worker is not None:
        name, message = None, message or name  # with --worker, the first argument is the message
        conversation: Conversation = WorkerConversation(
            session, _resolve_worker_id(session, worker), context_id, codebase
        )
    elif name is not None:
        # A task for an unknown name would wait until an agent registers it; here it is probably a typing error.
        conversation = Conversation(session, session.client.agent.get(name).agent_id, context_id)
    else:
        raise InvalidRequest(
            "agora chat needs an agent, or a worker.", fix="agora chat NAME, or agora chat --worker NAME."
        )
    lines = iter([message]) if message is not None else _read_lines(session)
    failed = False
    for line in lines:
        if line in EXIT_COMMANDS:
            failed = False  # the user has already seen the error
            break
        if line == "/help":
            session.out.print_note(HELP)
        elif line == "/new":
            conversation.start_new_context()
        elif line == "/history":
            conversation.show_history()
        elif line:
            # Answers to questions are the next lines of the same input.
            failed = not conversation.send_and_print_answer(line, lines)
    if failed:
        raise typer.Exit(1)


def _resolve_worker_id(session: Session, ref: str) -> str:
    """Return the id of the worker with a name or id. Raises NotFound."""
    workers = session.client.worker.list(search=ref, limit=200).workers
    for worker in workers:
        if worker.worker_name == ref:
            return worker.worker_id
    return session.client.worker.get(ref).worker_id


def _read_lines(session: Session) -> Iterator[str]:
    """Yield typed lines, with a separate history, or the lines of standard input."""
    if not sys.stdin.isatty():
        yield from (line.strip() for line in sys.stdin)
        return
    import readline  # noqa: F401  (editing and history of input())

    session.out.print_note(HELP)
    while True:
        try:
            yield input("> ").strip()
        except (EOFError, KeyboardInterrupt):
            session.out.print_text("")
            return


class Conversation:
    """The tasks of one context."""

    def __init__(self, session: Session, name: str, context: str | None) -> None:
        self._session, self._client, self._name = session, session.client, name
        self._context = context or _create_context_id()
        self._has_streamed = False

    def start_new_context(self) -> None:
        """Start a new conversation."""
        self._context = _create_context_id()

    def show_history(self) -> None:
        """Print the conversation so far."""
        page = self._client.task.list(context_id=self._context, limit=MAX_HISTORY_TASKS)
        for summary in page.tasks:
            task = self._client.task.get(summary.task_id)
            self._session.out.print_text(f"> {clean_text(_read_request_text(task))}", "bold")
            self._print_answer(task)

    def send_and_print_answer(self, text: str, answers: Iterator[str]) -> bool:
        """Send a text and print the answer. answers: where answers to questions come from. Returns whether it ended
        well."""
        receipt = self._create_task(text)
        if receipt.warning:
            self._session.out.print_note(receipt.warning)
        try:
            task = self._follow_task_and_answer_questions(receipt.task_id, answers)
        except KeyboardInterrupt:
            self._cancel_task(receipt.task_id)
            return False
        if task is None:
            return False
        if self._session.out.json:
            self._session.out.print_result(task)
        elif not self._has_streamed or task.status != "completed":
            self._print_answer(task)
        return bool(task.status == "completed")

    def _create_task(self, text: str) -> TaskReceipt:
        message: JsonObject = {"role": "ROLE_USER", "parts": [{"text": text}]}
        return self._client.task.assign(
            MESSAGE_TASK, {"message": message, "text": text}, self._name, context_id=self._context
        )

    def _follow_task_and_answer_questions(self, task_id: str, answers: Iterator[str]) -> Task | None:
        """Print a task's output and answer its questions until it ends. Returns None if an answer is missing."""
        entry = None
        while True:
            task, entry = self._print_output_until_ended_or_asked(task_id, entry)
            if task.status not in ("input_required", "auth_required"):
                return task
            question = self._read_newest_question_or_empty(task.task_id)
            self._print_question(question)
            answer = next(answers, None)
            # The task is not cancelled: somebody else may know the answer.
            if answer is None or answer in EXIT_COMMANDS:
                self._session.out.print_note(f"The question stays open: agora task message {task.task_id} TEXT")
                return None
            self._client.task.message(task.task_id, answer)

    def _cancel_task(self, task_id: str) -> None:
        """Cancel the task after Ctrl-C; the conversation continues."""
        with contextlib.suppress(IllegalTransition):  # it has already ended
            self._client.task.cancel(task_id)
        self._session.out.print_note("Interrupted.")

    def _print_output_until_ended_or_asked(self, task_id: str, after: str | None) -> tuple[Task, str | None]:
        """Print a task's output and retry reasons until it ends or asks a question. Returns the task and its last log
        entry."""
        reason = None
        with _AnswerPrinter(self._session) as printer:
            # Continued after the last entry: the output before a question is not printed again.
            stream = self._client.task.stream(task_id, **({"last_event_id": after} if after else {}))
            for item in stream:
                after = str(item.number)
                if item.type == "output" and item.content:
                    printer.add_text(item.content)
                elif item.status in ("input_required", "auth_required"):
                    break
                # Once per reason: a task that is retried reports the same one each time.
                elif item.status == "pending" and item.content and item.content != reason:
                    reason = item.content
                    self._session.out.print_note(f"{clean_text(reason)} It is tried again; Ctrl-C cancels.")
            self._has_streamed = printer.has_output
        return self._client.task.get(task_id), after

    def _read_newest_question_or_empty(self, task_id: str) -> dict[str, Any]:
        newest: dict[str, Any] = {}
        cursor = None
        while True:
            page = self._client.task.history(task_id, types=["message"], limit=HISTORY_PAGE, cursor=cursor)
            for entry in page.entries:
                if isinstance(entry.data, dict) and entry.data.get("role") == "ROLE_AGENT":
                    newest = entry.data
            cursor = page.next_cursor
            if cursor is None:
                return newest

    def _print_question(self, question: dict[str, Any]) -> None:
        out = self._session.out
        for part in question.get("parts", ()):
            if isinstance(part.get("text"), str):
                out.print_text(f"? {clean_text(part['text'])}", "yellow")
            options = part["data"].get("options") if isinstance(part.get("data"), dict) else None
            for option in options or ():
                out.print_text(f"  - {clean_text(str(option))}", "yellow")

    def _print_answer(self, task: Task) -> None:
        out = self._session.out
        if task.status != "completed":
            out.print_text(f"{task.status}: {clean_text(task.error or task.notes or '')}", "red")
            return
        text = task.result.get("text") if isinstance(task.result, dict) else None
        if not isinstance(text, str):
            text = (
                task.result if isinstance(task.result, str) else json.dumps(task.result, ensure_ascii=False, indent=1)
            )
        _print_markdown(self._session, text)


class WorkerConversation(Conversation):
    """A conversation with a worker's coding agent: the jobs of one context, which share a session."""

    def __init__(self, session: Session, worker_id: str, context: str | None, codebase: str) -> None:
        super().__init__(session, f"worker:{worker_id}", context)
        self._codebase = codebase

    def _create_task(self, text: str) -> TaskReceipt:
        payload: JsonObject = {"prompt": text, "codebase": self._codebase}
        return self._client.task.assign(JOB_TYPE, payload, self._name, context_id=self._context)


class _AnswerPrinter:
    """Output of a streamed answer: live Markdown in a terminal, plain text elsewhere."""

    def __init__(self, session: Session) -> None:
        self._session, self._buffer = session, _ParagraphBuffer()
        self._live: Live | None = None
        self._ends_line = True
        self.has_output = False

    def __enter__(self) -> _AnswerPrinter:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()
        elif not self._ends_line:
            self._session.out.print_line("")

    def add_text(self, text: str) -> None:
        """Append text to the output."""
        if self._session.out.json:
            return
        self.has_output = True
        console = self._session.out.console
        if not console.is_terminal:
            self._ends_line = text.endswith("\n")
            sys.stdout.write(clean_text_lines(text))
            sys.stdout.flush()
            return
        from rich.live import Live

        if self._live is None:
            # The text is rendered when the screen is refreshed, and not for each chunk: its length would count squared.
            self._live = Live(
                console=console,
                vertical_overflow="ellipsis",
                refresh_per_second=8,
                get_renderable=lambda: _render_answer(self._buffer.text),
            )
            self._live.start()
        # Redrawn text must fit the screen, so complete paragraphs are printed permanently.
        paragraphs = self._buffer.take_complete_paragraphs(text)
        if paragraphs:
            rest, self._buffer.text = self._buffer.text, ""
            self._live.refresh()
            console.print(_render_answer(paragraphs))
            console.print()
            self._buffer.text = rest


class _ParagraphBuffer:
    """The end of a streamed Markdown text, from its last complete paragraph on."""

    def __init__(self) -> None:
        self.text = ""
        self._line_start = 0  #: where the last, incomplete line begins
        self._is_fenced = False

    def take_complete_paragraphs(self, chunk: str) -> str:
        """Append a chunk. Returns, and drops, what is complete: up to an empty line outside fenced code; empty if nothing is."""
        self.text += chunk
        end = 0
        while (line_end := self.text.find("\n", self._line_start) + 1) > 0:
            line = self.text[self._line_start : line_end]
            self._line_start = line_end
            if line.lstrip().startswith(("```", "~~~")):
                self._is_fenced = not self._is_fenced
            elif line == "\n" and not self._is_fenced:
                end = line_end
        paragraphs, self.text = self.text[:end], self.text[end:]
        self._line_start -= end
        return paragraphs


def _render_answer(text: str) -> Any:
    from rich.markdown import Markdown

    return Markdown(fence_log_lines(clean_text_lines(text)))


def fence_log_lines(text: str) -> str:
    """Put a worker's log lines within an agent's text (``[execute] ls`` and its indented output) into code fences, so
    that Markdown keeps the line breaks."""
    lines: list[str] = []
    is_fenced = is_log = False
    for line in text.split("\n"):
        begins = not is_fenced and _LOG_LINE.match(line) is not None
        if is_log and not begins and not line.startswith("  "):
            lines.append(LOG_FENCE)
            is_log = False
        if begins and not is_log:
            lines.append(f"{LOG_FENCE}text")
            is_log = True
        if not is_log and line.lstrip().startswith(("```", "~~~")):
            is_fenced = not is_fenced
        lines.append(line)
    return "\n".join([*lines, LOG_FENCE] if is_log else lines)


def clean_text_lines(text: str) -> str:
    """Remove control characters except line breaks, so that an agent cannot control the terminal."""
    return "\n".join(clean_text(line) for line in text.split("\n"))


def _print_markdown(session: Session, text: str) -> None:
    console = session.out.console
    if not console.is_terminal:
        session.out.print_line(clean_text_lines(text))
        return
    from rich.markdown import Markdown

    console.print(Markdown(clean_text_lines(text)))


def _read_request_text(task: Task) -> str:
    text = task.payload.get("text", task.payload.get("prompt"))
    return text if isinstance(text, str) else json.dumps(task.payload, ensure_ascii=False)


def _create_context_id() -> str:
    return f"chat-{uuid4().hex}"
