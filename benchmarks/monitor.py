"""The monitor under load: 1,000 agents, 200 events per second, viewers in a real browser.

Prints the server's CPU time without viewers (the anchor) and with viewers, the cost of one viewer, and the longest task
of the page's main thread during updates. Needs Chromium and playwright.

    python -m benchmarks.monitor [SECONDS]
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks.process import Server, agora
from tests.e2e.chromium import FLAGS, find

AGENTS = 1_000
RATE = 200  #: events per second
VIEWERS = 4
CALLERS = 4
PAGES = ("", "agents", "tasks", "messages")
WATCH = """
window.swaps = 0;
document.addEventListener("htmx:sse:after:message", () => window.swaps++);
"""


class Load:
    """Events at a constant rate, from a few threads: tasks assigned, started and completed, messages, status changes of
    agents."""

    def __init__(self, url: str, tokens: list[str]) -> None:
        self.http, self.tokens = httpx.Client(base_url=url, timeout=30), tokens
        self.ending = False
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(CALLERS)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def _run(self, number: int) -> None:
        began, made = time.monotonic(), 0
        while not self.ending:
            made += self._some(number)
            number += CALLERS
            ahead = made * CALLERS / RATE - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)
            else:
                began -= ahead  # delays of a busy machine are not caught up

    def _some(self, number: int) -> int:
        """Make one call. Returns the number of its events."""
        turn, who = divmod(number // 3, len(self.tokens))
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        to = f"Agent {number % AGENTS}"
        if number % 3 == 0:
            body: dict[str, Any] = {"status": ("busy", "active")[turn % 2], "load": number % 10 / 10}
            self.http.post("/agora/agent/heartbeat", json=body, headers=headers)
            return 1
        if number % 3 == 1:
            self.http.post("/agora/messaging/send", json={"to_agent": to, "content": f"note {number}"}, headers=headers)
            return 1
        self.http.post("/agora/task/assign", json={"task_type": "count", "assignee": to}, headers=headers)
        return 2

    def events(self) -> int:
        """Return the number of events in the log."""
        answer = self.http.get("/v1/monitor/stats", headers={"Authorization": f"Bearer {self.tokens[0]}"})
        sequence: int = answer.json()["last_sequence"]
        return sequence


def registered(url: str, token: str) -> list[str]:
    """Register 1,000 agents. Returns the tokens of the first few."""
    tokens = []
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
        for number in range(AGENTS):
            body = {
                "agent_name": f"Agent {number}",
                "capabilities": ["counting", f"skill {number % 20}"],
                "service_tier": "enterprise",
            }
            answer = http.post("/agents/register", json=body)
            answer.raise_for_status()
            if number < 50:
                tokens.append(answer.json()["token"])
    return tokens


Share = tuple[float, float]


def share(server: Server, load: Load, seconds: float) -> tuple[float, float]:
    """Measure a server's share of one core, and events per second in that time."""
    began, before, events = time.monotonic(), server.cpu(), load.events()
    time.sleep(seconds)
    passed = time.monotonic() - began
    return (server.cpu() - before) / passed, (load.events() - events) / passed


def main(seconds: float) -> None:
    from playwright.sync_api import sync_playwright

    chromium = find()
    if chromium is None:
        print("left out: no Chromium on this machine; AGORA_CHROMIUM may name it")
        return
    with tempfile.TemporaryDirectory() as directory, agora(Path(directory)) as server, sync_playwright() as driver:
        token = (Path(directory) / "admin-token").read_text().strip()
        load = Load(server.url, registered(server.url, token))
        load.start()
        time.sleep(2)
        alone = share(server, load, seconds)
        browser = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
        context.add_init_script(WATCH)
        pages = [context.new_page() for _ in range(VIEWERS)]
        pages[0].goto("/v1/monitor/")
        pages[0].get_by_role("button", name="Enter as operator").click()
        for page, path in zip(pages, PAGES, strict=True):
            page.goto(f"/v1/monitor/{path}")
            page.locator('.link[data-state="live"]').wait_for()
            page.evaluate("window.swaps = 0")
        began = time.monotonic()
        watched = share(server, load, seconds)
        found = [
            (page.evaluate("window.swaps") / (time.monotonic() - began), *tasks(browser, page, seconds))
            for page in pages
        ]
        load.ending = True
        browser.close()
    report(alone, watched, found, seconds)


def tasks(browser: Any, page: Any, seconds: float) -> tuple[float, int]:
    """Measure the longest task of a page's main thread in milliseconds of CPU time, and the number of those above 50
    ms.

    CPU time, not wall-clock time, because the latter depends on other load of the machine.
    """
    browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
    page.wait_for_timeout(seconds * 1000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    renderer = {(e["pid"], e["tid"]) for e in events if e.get("args", {}).get("name") == "CrRendererMain"}
    lasted = [
        e["tdur"] / 1000 for e in events if "RunTask" in e["name"] and "tdur" in e and (e["pid"], e["tid"]) in renderer
    ]
    return max(lasted, default=0.0), sum(each > 50 for each in lasted)


def report(alone: Share, watched: Share, found: list[tuple[float, float, int]], seconds: float) -> None:
    """Print the results. The cost of viewers is the difference to the anchor's CPU time."""
    more = max(watched[0] - alone[0], 0.0)
    print(f"{AGENTS:,} agents, {VIEWERS} viewers, {seconds:g} s")
    print(f"  server, nobody watching    {alone[0]:6.1%} of a core at {alone[1]:.0f} events/s")
    print(f"  server, {VIEWERS} viewers          {watched[0]:6.1%} of a core at {watched[1]:.0f} events/s")
    print(f"  one viewer                 {more / VIEWERS:6.1%} of a core   (bound: 5 %)")
    for path, (rate, longest, many) in zip(PAGES, found, strict=True):
        print(
            f"  {path or 'dashboard':10} {rate:5.1f} updates/s, longest task {longest:4.0f} ms of CPU, {many} above 50 ms   (bound: 100 ms)"
        )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
