"""Screenshots of every page of the monitor, in both themes, desktop and mobile: ``docs/screenshots``.

    python scripts/screenshots.py [DIRECTORY [PAGE...]]

Starts a server, fills it with sample data (``lively``), and takes screenshots with Chromium.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripts.lively import Lively, fill

from tests.e2e.chromium import FLAGS, find
from tests.processes import spawn_tethered

HOME = "/v1/monitor/"
DESK, HAND = {"width": 1280, "height": 860}, {"width": 360, "height": 760}
CODING = (
    "inbox",
    "board",
    "reviews",
    "review",
    "review-split",
    "attempts",
    "workers",
    "worker",
    "codebases",
    "codebase",
    "new-job",
    "sessions",
    "session",
    "session-asking",
    "job",
    "job-asking",
)
IN_HAND = ("dashboard", "tasks", "workflow", "messages", *CODING)


def pages(market: Lively) -> dict[str, str]:
    """Map names of screenshots to pages."""
    made = market.made
    return {
        "dashboard": "",
        "agents": "agents",
        "agent": f"agents/{market.agents['Researcher']}",
        "attempts": f"attempts/{made['attempts']}",
        "workers": "agents/workers",
        "worker": f"agents/workers/{made['worker']}",
        "inbox": "inbox",
        "board": "board",
        "reviews": "reviews",
        "review": f"reviews/{made['job']}?file=1&side=new&line=18",
        "review-split": f"reviews/{made['job']}?view=split",
        "codebases": "codebases",
        "codebase": f"codebases/{made['codebase']}",
        "new-job": f"codebases/{made['codebase']}?new=1",
        "sessions": f"codebases/{made['codebase']}/sessions",
        "session": f"codebases/{made['codebase']}/sessions/{made['session']}",
        "session-asking": f"codebases/{made['codebase']}/sessions/{made['asking_session']}",
        "job": f"tasks/{made['job']}",
        "job-asking": f"tasks/{made['asking_job']}",
        "tasks": "tasks",
        "tasks-table": "tasks?view=table",
        "task": f"tasks/{made['task']}",
        "workflows": "workflows",
        "workflow": f"workflows/{made['workflow']}",
        "messages": "messages",
        "message": f"messages/{made['message']}",
        "conversations": "conversations",
        "conversation": f"conversations/{made['conversation']}",
        "instances": "instances",
        "instance": f"instances/{made['instance']}",
        "billing": "billing",
        "invoice": "billing/invoices/open?account=acme",
        "services": "services?category=task",
        "service": "services/agora.task.assign",
        "upstreams": "services/upstreams",
        "audit": "audit",
        "settings": "settings",
        "search": "find?q=heat",
        "not-here": "nowhere",
    }


@contextlib.contextmanager
def served() -> Iterator[tuple[str, Path]]:
    """Run a server with a temporary directory until the block ends. Yields its address and the directory."""
    with tempfile.TemporaryDirectory() as directory, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
        own = {
            "AGORA_PORT": str(port),
            "AGORA_EVENTS_PORT": "0",
            "AGORA_DATA_DIR": directory,
            "AGORA_INSTANCE_CHECK": "0.5",
        }
        process = spawn_tethered(
            [sys.executable, "-m", "agora.cli", "serve"], env=clean | own, stdout=subprocess.DEVNULL
        )
        try:
            _until_ready(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}", Path(directory)
        finally:
            process.terminate()
            process.wait(30)


def _until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/ready").is_success:
                return
        time.sleep(0.1)
    sys.exit("the server did not start")


def picture(page: Any, path: str, to: Path) -> None:
    """Open a page, wait until it is connected if it is a live page, and take its screenshot."""
    page.goto(f"{HOME}{path}")
    if page.locator(".link").count():
        page.locator('.link[data-state="live"]').wait_for()
    page.screenshot(path=to)
    print(to)


def main(directory: Path, *names: str) -> None:
    from playwright.sync_api import sync_playwright

    chromium = find()
    if chromium is None:
        sys.exit("no Chromium on this machine; AGORA_CHROMIUM may name it")
    directory.mkdir(parents=True, exist_ok=True)
    with served() as (url, data), sync_playwright() as driver:
        market = fill(url, (data / "admin-token").read_text().strip(), data)
        browser = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        context = browser.new_context(base_url=url, viewport=DESK, reduced_motion="reduce")
        page = context.new_page()
        page.goto(f"{HOME}sign-in")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=directory / f"sign-in-{theme}.png")
        page.get_by_role("button", name="Enter as operator").click()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(DESK)
            chosen = {name: path for name, path in pages(market).items() if not names or name in names}
            for name, path in chosen.items():
                picture(page, path, directory / f"{name}-{theme}.png")
            if theme == "dark":  # mobile screenshots differ only in layout, so one theme is sufficient
                continue
            page.set_viewport_size(HAND)
            for name in (name for name in IN_HAND if name in chosen):
                picture(page, chosen[name], directory / f"{name}-{theme}-360.png")
        browser.close()
        market.terminate_instances()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screenshots"), *sys.argv[2:])
