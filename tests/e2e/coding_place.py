"""A server, a coding worker and a browser, and actions of people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.blackbox.coding_worker import WorkerProcess
from tests.blackbox.server import ServerProcess
from tests.polling import poll_until

__all__ = ["HOME", "Place", "open_live", "open_page", "queue_job"]

WAIT = 60_000  # milliseconds, with compilers and two other browsers running
HOME = "/v1/monitor/"


class Place:
    """A server, a worker with one codebase, and a browser."""

    def __init__(self, server: ServerProcess, worker: WorkerProcess, launched: Any) -> None:
        self.server, self.worker, self.launched = server, worker, launched
        self.operator = server.operator
        codebase_id = poll_until(self._find_codebase, "the codebase is registered")
        self.codebase = f"codebases/{codebase_id}"

    def _find_codebase(self) -> str | None:
        codebases = self.operator.get("/v1/agent/codebases")["codebases"]
        return next((codebase["codebase_id"] for codebase in codebases if codebase["name"] == "api"), None)

    def sign_in(self) -> Any:
        """Create a browser context with a signed-in person."""
        context = self.launched.new_context(
            base_url=self.server.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
        )
        context.set_default_timeout(WAIT)
        page = context.new_page()
        page.goto(f"{HOME}sign-in")
        page.get_by_role("button", name="Enter as operator").click()
        page.get_by_role("heading", name="Dashboard").wait_for()
        page.close()
        return context


@contextmanager
def open_page(place: Place) -> Iterator[Any]:
    """Open a page; its errors and violations of its content security policy fail the test."""
    context = place.sign_in()
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console", lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None
    )
    try:
        yield page
    finally:
        context.close()
    assert problems == []


def open_live(page: Any, path: str) -> Any:
    """Go to a page and wait until it is live."""
    assert page.goto(HOME + path).ok
    page.locator('.link[data-state="live"]').wait_for()
    return page


def queue_job(page: Any, place: Place, prompt: str) -> str:
    """Queue a job with the codebase's dialog. Returns its task's id."""
    open_live(page, place.codebase)
    page.keyboard.press("n")
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Prompt").fill(prompt)
    dialog.get_by_role("button", name="Queue the job").click()
    page.wait_for_url(re.compile(r"/tasks/task_\w+$"))
    page.locator('.link[data-state="live"]').wait_for()
    return str(page.url.rpartition("/")[2])
