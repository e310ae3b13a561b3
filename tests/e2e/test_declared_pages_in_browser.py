"""Declared agents in the browser: declaring, chatting, answering questions, changing, rolling back."""

from __future__ import annotations

from pathlib import Path

import pytest

from agora.demo.scripted_model import ModelRequest, ScriptedReply, ToolCall
from tests.blackbox.server import ServerProcess
from tests.blackbox.thinking import running_thinkers
from tests.e2e.chromium import browser

WAIT = 60_000  # milliseconds, beside compilers and other browsers
HOME = "/v1/monitor/"


def paint(request: ModelRequest) -> ScriptedReply:
    """Script: ask for the colour, then answer with it."""
    if request.results:
        return ScriptedReply(f"I paint it {request.results[-1]}.")
    return ScriptedReply("", [ToolCall("ask_requester", {"question": "Which colour?"})])


@pytest.mark.long
def test_agent_is_declared_tried_changed_and_rolled_back(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    wrong: list[str] = []
    try:
        with running_thinkers(server) as thinkers, browser() as launched:
            thinkers.scripts["paint"] = paint
            context = launched.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
            context.set_default_timeout(WAIT)
            page = context.new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.goto(f"{HOME}sign-in")
            page.get_by_role("button", name="Enter as operator").click()
            page.get_by_role("heading", name="Dashboard").wait_for()
            page.goto(f"{HOME}agents/declared")
            page.locator('.link[data-state="live"]').wait_for()
            page.get_by_role("button", name="New LLM agent").click()
            dialog = page.locator("dialog[open]")
            dialog.get_by_label("Name", exact=True).fill("Painter")
            dialog.get_by_label("Model", exact=True).fill("openai-script:tiny")
            dialog.get_by_role("button", name="Declare").click()
            page.get_by_role("link", name="Painter").click()
            page.locator('.link[data-state="live"]').wait_for()
            page.get_by_label("Message", exact=True).last.fill("paint the door")
            page.get_by_role("button", name="Send").click()
            page.get_by_text("Which colour?").wait_for()
            page.get_by_label("Text answer").fill("blue")
            page.get_by_role("button", name="Answer", exact=True).click()
            page.get_by_text("I paint it blue.").wait_for()
            page.get_by_role("link", name="Task").last.click()
            page.get_by_role("heading", name="Conversation with the model").wait_for()
            page.get_by_text("ask_requester").click()
            page.get_by_label("Arguments").get_by_text("Which colour?").wait_for()
            page.get_by_role("region", name="Model calls").get_by_text("openai-script").first.wait_for()
            page.go_back()
            page.get_by_role("button", name="Edit").click()
            dialog = page.locator("dialog[open]")
            dialog.get_by_label("Instructions").fill("You paint doors.")
            dialog.get_by_role("button", name="Apply").click()
            page.get_by_text("Version 2").first.wait_for()
            page.get_by_role("button", name="Roll back to 1").click()
            page.get_by_text("Version 3").first.wait_for()
            declared = thinkers.operator.get("/declared-agents/Painter")
            assert (declared["version"], declared["specification"]["instructions"]) == (3, "")
    finally:
        server.close()
    assert wrong == []
