"""Declared agents on the command line: created from files or options, and chatted with."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agora.demo.scripted_model import ModelRequest, ScriptedReply, ToolCall
from tests.blackbox.server import ServerProcess
from tests.blackbox.thinking import Thinkers, running_thinkers
from tests.harness import free_port
from tests.polling import poll_until

EXAMPLES = Path(__file__).parents[2] / "examples"
FILE = """\
agents:
  - name: Ada
    model: openai-script:tiny
    instructions_file: ada.md
    tools: [agents]
  - name: Bob
    model: openai-script:tiny
    description: {description}
"""


@pytest.fixture(scope="module")
def thinkers(shared_server: ServerProcess) -> Iterator[Thinkers]:
    with running_thinkers(shared_server) as place:
        yield place


def test_file_is_applied_and_diffed(thinkers: Thinkers, tmp_path: Path) -> None:
    server, file = thinkers.server, tmp_path / "agents.yaml"
    (tmp_path / "ada.md").write_text("You are Ada.")
    file.write_text(FILE.format(description="Builds."))
    preview = server.run_cli("diff", "-f", str(file))
    assert (preview.returncode, "Ada would be created (version 1)" in preview.stdout) == (1, True)
    first = server.run_cli("apply", "-f", str(file))
    assert first.stdout.splitlines() == ["Ada created (version 1)", "Bob created (version 1)"], first.stderr
    again = server.run_cli("apply", "-f", str(file))
    assert again.stdout.splitlines() == ["Ada unchanged (version 1)", "Bob unchanged (version 1)"]
    assert server.run_cli("diff", "-f", str(file)).returncode == 0
    file.write_text(FILE.format(description="Builds houses."))
    shown = server.run_cli("diff", "-f", str(file))
    assert shown.returncode == 1
    assert "  - description: Builds.\n  + description: Builds houses.\n" in shown.stdout
    assert "Bob updated (version 2): description" in server.run_cli("apply", "-f", str(file)).stdout
    declared = thinkers.operator.get("/declared-agents/Ada")
    assert declared["specification"]["instructions"] == "You are Ada."


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("agents: []", "declares no agents"),
        ("agents: [{model: x}]", "has no name"),
        ("agents: [{name: A}, {name: A}]", "declares A twice"),
        ("agents: [{name: A, instructions_file: none.md}]", "cannot be read"),
        ("agents: [{name: A, tools: [nothing]}]", "'nothing' cannot be a tool"),
        ("agents: [{name: A, color: red}]", "color"),
    ],
)
def test_invalid_file_is_refused(thinkers: Thinkers, tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "agents.yaml").write_text(text)
    refused = thinkers.server.run_cli("apply", "-f", str(tmp_path / "agents.yaml"))
    assert refused.returncode == 2, refused.stderr
    assert error in " ".join(refused.stderr.split())


def test_examples_run_without_a_model(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    applied = server.run_cli("apply", "-f", str(EXAMPLES / "agents.yaml"))
    names = ("Researcher", "Writer", "Clerk", "Desk", "Planner")
    assert applied.stdout.splitlines() == [f"{name} created (version 1)" for name in names]
    assert "set llm_model" in applied.stderr
    variables = {name: value for name, value in server.environment.items() if not name.startswith("ANTHROPIC")}
    environment = variables | {"AGORA_URL": server.url, "LLM_URL": f"http://127.0.0.1:{free_port()}"}
    program = subprocess.run(
        [sys.executable, str(EXAMPLES / "claude_agent.py")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert program.returncode == 0, program.stderr + server.log()
    lines = program.stdout.splitlines()
    assert lines[0].endswith("using a scripted model.")
    assert lines[-2:] == ["I ask the researcher. Did you know? **Octopuses have three hearts.**", "[completed]"]


def test_agent_is_created_from_options(thinkers: Thinkers, tmp_path: Path) -> None:
    instructions = tmp_path / "researcher.md"
    instructions.write_text("You research.")
    options = ["--model", "openai-script:tiny", "--instructions", str(instructions), "--tools", "messaging,tasks"]
    created = thinkers.server.run_cli("agent", "create", "Researcher", *options)
    assert created.stdout == "Researcher created (version 1)\n", created.stderr
    specification = thinkers.operator.get("/declared-agents/Researcher")["specification"]
    assert (specification["instructions"], specification["tools"]) == ("You research.", ["messaging", "tasks"])


def _declare_talker(thinkers: Thinkers) -> None:
    def script(request: ModelRequest) -> ScriptedReply:
        if request.prompt.startswith("colour"):
            if request.results:
                return ScriptedReply(f"Then **{request.results[-1]}** it is.")
            return ScriptedReply("", [ToolCall("ask_requester", {"question": "Which?", "options": ["red", "blue"]})])
        said = [text for role, text in request.turns if role == "user"]
        return ScriptedReply(f"You said *{len(said)}* things. \x1b[31mRed", pause=0.01)

    for name in ("first", "second", "colour"):
        thinkers.scripts[name] = script
    thinkers.declare("Talker")


def _chat(server: ServerProcess, *arguments: str, lines: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = server.environment | {"AGORA_URL": server.url, "COLUMNS": "80"}
    command = [sys.executable, "-m", "agora.cli", "chat", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False, input=lines
    )


def test_piped_conversation_is_remembered_and_its_questions_are_answered(thinkers: Thinkers) -> None:
    _declare_talker(thinkers)
    talk = _chat(thinkers.server, "Talker", lines="first thing\nsecond thing\ncolour please\nblue\n/history\n")
    assert talk.returncode == 0, talk.stderr
    lines = talk.stdout.splitlines()
    assert "You said *1* things." in lines[0]
    assert "\x1b" not in talk.stdout
    assert "You said *2* things." in lines[1]
    assert lines[2:5] == ["? Which?", "  - red", "  - blue"]
    assert lines[5] == "Then **blue** it is."
    assert [line for line in lines if line.startswith("> ")] == ["> first thing", "> second thing", "> colour please"]


def test_unavailable_model_is_reported_once(thinkers: Thinkers) -> None:
    refusals = iter([ScriptedReply("slow down", status=429, retry_after=0.1)] * 2)
    thinkers.scripts["at last"] = lambda request: next(refusals, ScriptedReply("Here I am."))
    thinkers.declare("Late")
    talk = _chat(thinkers.server, "Late", "at last")
    assert talk.stdout.strip() == "Here I am."
    words = " ".join(talk.stderr.split())
    assert words.count("No model is available at the moment: openai-script:tiny answers 429") == 1
    assert "Ctrl-C cancels." in words


def test_one_message_prints_its_answer_or_json(thinkers: Thinkers) -> None:
    _declare_talker(thinkers)
    assert "You said *1* things." in _chat(thinkers.server, "Talker", "first thing").stdout
    shown = json.loads(_chat(thinkers.server, "--json", "Talker", "first thing").stdout)
    assert shown["status"] == "completed"


def test_terminal_shows_markdown_at_80_columns(thinkers: Thinkers) -> None:
    thinkers.scripts["long"] = lambda request: ScriptedReply("# Title\n\n" + "- **word** and word\n" * 3 + "x " * 100)
    thinkers.declare("Writer")
    ours, theirs = pty.openpty()
    environment = thinkers.server.environment | {"AGORA_URL": thinkers.server.url, "COLUMNS": "80", "TERM": "xterm"}
    command = [sys.executable, "-m", "agora.cli", "chat", "Writer", "long one"]
    with subprocess.Popen(command, env=environment, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # the other side has closed
                break
            if not piece:
                break
            text += piece
    os.close(ours)
    shown = text.decode()
    assert process.returncode == 0, shown
    assert "Title" in shown
    assert " • " in shown
    assert "**word**" not in shown


class Terminal:
    """``agora chat`` in a terminal with 80 columns and 24 lines."""

    def __init__(self, server: ServerProcess, *arguments: str) -> None:
        self._fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = server.environment | {"AGORA_URL": server.url, "TERM": "xterm"}
        command = [sys.executable, "-m", "agora.cli", "chat", *arguments]
        files = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
        # The program gets its own controlling terminal, so that Ctrl-C reaches it.
        self.process = subprocess.Popen(
            command, env=environment, start_new_session=True, preexec_fn=_take_terminal, **files
        )
        os.close(theirs)
        self.text = ""

    def type(self, text: str, until: str) -> str:
        """Type a text, and read until another text appears. Returns the output."""
        os.write(self._fd, text.encode())
        return self.read_until(until)

    def read_until(self, pattern: str) -> str:
        """Read until the output ends with a pattern."""
        text = ""

        def has_come() -> bool:
            nonlocal text
            if select.select([self._fd], [], [], 0)[0]:
                text += os.read(self._fd, 65_536).decode(errors="replace")
            return re.search(pattern, text) is not None

        poll_until(has_come, lambda: text[-2000:])
        return text

    def close(self) -> int:
        """Close it. Returns its exit code."""
        os.write(self._fd, b"/quit\n")
        code = self.process.wait(30)
        os.close(self._fd)
        return code


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_terminal_conversation_continues_after_a_long_answer_and_ctrl_c(thinkers: Thinkers) -> None:
    long = "\n\n".join(f"Paragraph {number}: {'words ' * 20}" for number in range(20))
    thinkers.scripts["recite it"] = lambda request: ScriptedReply(f"{long}\n\nThe end.", pause=0.001)
    thinkers.scripts["endless"] = lambda request: ScriptedReply("slowly " * 100_000, pause=0.05)
    thinkers.declare("Orator")
    terminal = Terminal(thinkers.server, "Orator")
    terminal.read_until(r"> $")
    text = terminal.type("recite it\n", r"The end\.[\s\S]*> $")
    for number in range(20):  # drawn while it grows, and once more in full; not redrawn with each word afterwards
        assert 1 <= text.count(f"Paragraph {number}:") <= 8
    terminal.type("endless\n", r"slowly slowly")
    assert "Interrupted." in terminal.type("\x03", r"> $")
    tasks = thinkers.operator.get("/agora/task/list", params={"agent_id": "Orator", "descending": "true"})["tasks"]
    assert tasks[0]["status"] == "cancelled"
    assert terminal.close() == 0


def test_chat_with_an_unknown_agent_is_refused(thinkers: Thinkers) -> None:
    talk = _chat(thinkers.server, "Nobdy", "hello")
    assert talk.returncode != 0
    assert "Nobdy" in talk.stderr
