"""The CopilotKit example in Chromium, on another origin: agents of every kind stream, show tool calls and ask
questions."""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from scripts.conformance_mcp import node

from agora.demo.scripted_model import ScriptedReply, ToolCall
from tests.blackbox.server import ServerProcess
from tests.blackbox.thinking import running_thinkers
from tests.e2e.chromium import browser
from tests.openai_agent import NAME, QUESTION
from tests.processes import spawn_tethered

EXAMPLE = Path(__file__).parents[2] / "examples" / "copilotkit"
WAIT = 120_000  # milliseconds: the page's scripts are large, and the machine may be busy
pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


def build_example() -> Path:
    """Build the example with its packages, once per state of its files."""
    sources = sorted(
        path for path in EXAMPLE.rglob("*") if path.is_file() and not {"node_modules", "dist"} & set(path.parts)
    )
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    home = Path(sys.prefix) / "share" / "agora-npm" / f"copilotkit-{digest}"
    stamp = home / "installed"
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(EXAMPLE, home, ignore=shutil.ignore_patterns("node_modules", "dist"))
        npm = str(Path(node()).with_name("npm"))
        for command in ([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], [npm, "run", "build"]):
            done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=900)
            assert done.returncode == 0, done.stdout + done.stderr
        stamp.touch()
    return home


class _Site(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve_site(directory: Path) -> Iterator[str]:
    """Serve a static site. Yields its origin."""
    handler = functools.partial(_Site, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        thread = threading.Thread(target=site.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{site.server_address[1]}"
        finally:
            site.shutdown()
            thread.join()


@contextmanager
def running_sdk_agent(server: ServerProcess) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.openai_agent", server.url]
    agent = spawn_tethered(command, stdout=subprocess.PIPE, env=server.environment)
    assert agent.stdout is not None
    try:
        assert agent.stdout.readline(), "the agent did not start"
        yield
    finally:
        agent.terminate()
        agent.wait(60)
        agent.stdout.close()


def _say(page: Any, agent: str, text: str) -> None:
    page.get_by_role("button", name=agent, exact=True).click()
    box = page.get_by_test_id("copilot-chat-textarea")
    box.fill(text)
    box.press("Enter")


def test_copilotkit_page_chats_with_agents_of_every_kind(tmp_path: Path) -> None:
    home = build_example()
    with serve_site(home) as origin:
        server = ServerProcess(
            tmp_path / "data", builtin_agents="true", a2a_private_networks="true", cors_origins=origin
        )
        with closing(server):
            server.start()
            credential = {"Authorization": f"Bearer {server.register('Proxy').token}"}
            far = {"url": f"{server.url}/a2a/Calculator%20Agent", "name": "Far Calculator", "headers": credential}
            server.operator.post("/agora/a2a/add_remote", far)
            with running_sdk_agent(server), running_thinkers(server) as thinkers, browser() as chromium:
                call = ToolCall("messaging_send", {"to_agent": "Echo Agent", "content": "Good morning."})
                thinkers.scripts["greet"] = lambda request: (
                    ScriptedReply("I have greeted.") if request.results else ScriptedReply("", [call])
                )
                thinkers.declare("Careful", tools=["messaging"], approval=["messaging"])
                names = ["Echo Agent", NAME, "Far Calculator", "Careful"]
                # A key, not an agent's token: an agent may not approve actions of another one.
                key = {"label": "page", "scopes": ["read:agents", "read:tasks", "write:tasks", "write:messages"]}
                token = str(server.operator.post("/tokens", key)["token"])
                fragment = [("server", server.url), ("token", token)]
                page = chromium.new_page()
                page.set_default_timeout(WAIT)
                page.goto(f"{origin}/#{urlencode(fragment + [('agent', name) for name in names])}")
                _say(page, "Echo Agent", "hello from the page")
                page.get_by_test_id("copilot-assistant-message").get_by_text("hello from the page").wait_for()
                _say(page, "Far Calculator", "6 * 7")
                page.get_by_text("The result is 42").wait_for()
                _say(page, NAME, "count 3")
                page.get_by_text("1 2 3").wait_for()
                _say(page, NAME, "choose")
                page.get_by_role("form", name="Question").get_by_label(QUESTION).fill("the red one")
                page.get_by_role("button", name="Answer").click()
                page.get_by_text("You chose the red one.").wait_for()
                _say(page, "Careful", "greet them")
                page.locator("[data-tool]").wait_for()
                page.get_by_role("group", name="Approval").get_by_role("button", name="Approve").click()
                page.get_by_text("I have greeted.").wait_for()
                assert page.locator("[data-tool=messaging_send]").count() == 1
