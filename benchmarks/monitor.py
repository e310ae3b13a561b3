"""The monitor under load: 1,000 agents, 200 events a second, people who watch in a real browser.

Prints the server's CPU with nobody watching (the anchor) and with viewers, what one viewer costs, and how long the
longest task of the page's main thread was while it was brought up to date. Needs Chromium and playwright.

    python -m benchmarks.monitor [SECONDS]
"""

from __future__ import annotations

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
RATE = 200  #: events a second
VIEWERS = 4
PAGES = ("", "agents", "tasks", "messages")
WATCH = """
window.longest = 0; window.many = 0; window.swaps = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) { window.longest = Math.max(window.longest, entry.duration); window.many++; }
}).observe({type: "longtask", buffered: false});
document.addEventListener("htmx:sse:after:message", () => window.swaps++);
"""


class Load:
    """Events at an even rate, from a thread: tasks given, worked on and done, messages, agents that change their state."""

    def __init__(self, url: str, tokens: list[str]) -> None:
        self.http, self.tokens = httpx.Client(base_url=url, timeout=30), tokens
        self.ending = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        began, made, number = time.monotonic(), 0, 0
        while not self.ending:
            made += self._some(number)
            number += 1
            ahead = made / RATE - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)

    def _some(self, number: int) -> int:
        """One call; answers how many events it makes."""
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
        """How many there are in the log."""
        answer = self.http.get("/v1/monitor/stats", headers={"Authorization": f"Bearer {self.tokens[0]}"})
        sequence: int = answer.json()["last_sequence"]
        return sequence


def registered(url: str, token: str) -> list[str]:
    """A thousand agents; answers the tokens of the first few."""
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


def share(server: Server, seconds: float) -> float:
    """Part of one core that a server uses."""
    began, before = time.monotonic(), server.cpu()
    time.sleep(seconds)
    return (server.cpu() - before) / (time.monotonic() - began)


def main(seconds: float) -> None:
    from playwright.sync_api import sync_playwright

    chromium = find()
    if chromium is None:
        sys.exit("no Chromium on this machine; AGORA_CHROMIUM may name it")
    with tempfile.TemporaryDirectory() as directory, agora(Path(directory)) as server, sync_playwright() as driver:
        token = (Path(directory) / "admin-token").read_text().strip()
        load = Load(server.url, registered(server.url, token))
        load.thread.start()
        time.sleep(2)
        alone = share(server, seconds)
        browser = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
        context.add_init_script(WATCH)
        pages = [context.new_page() for _ in range(VIEWERS)]
        pages[0].goto("/v1/monitor/")
        pages[0].get_by_role("button", name="Enter as operator").click()
        for page, path in zip(pages, PAGES, strict=True):
            page.goto(f"/v1/monitor/{path}")
            page.locator('.link[data-state="live"]').wait_for()
            page.evaluate("window.longest = window.many = window.swaps = 0")
        before, began = load.events(), time.monotonic()
        watched = share(server, seconds)
        rate = (load.events() - before) / (time.monotonic() - began)
        found: list[dict[str, Any]] = [page.evaluate("({longest, many, swaps})") for page in pages]
        load.ending = True
        browser.close()
    report(alone, watched, rate, found, seconds)


def report(alone: float, watched: float, rate: float, found: list[dict[str, Any]], seconds: float) -> None:
    print(f"{AGENTS:,} agents, {rate:.0f} events/s, {VIEWERS} viewers, {seconds:g} s")
    print(f"  server, nobody watching    {alone:6.1%} of a core")
    print(f"  server, {VIEWERS} viewers          {watched:6.1%} of a core")
    print(f"  one viewer                 {max(watched - alone, 0) / VIEWERS:6.1%} of a core   (bound: 5 %)")
    for path, page in zip(PAGES, found, strict=True):
        name = path or "dashboard"
        print(
            f"  {name:10} {page['swaps'] / seconds:5.1f} updates/s, longest task {page['longest']:4.0f} ms, {page['many']} above 50 ms   (bound: 100 ms)"
        )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
