"""Cross-origin calls from a page in Chromium over each protocol used by browsers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.blackbox.server import ServerProcess
from tests.e2e.chromium import browser

WAIT = 60_000  # milliseconds, beside compilers and two other browsers
#: program of a page: calls the server at an address with a token, and returns the result of each protocol
CALLS = """async ([url, token]) => {
  const authorized = {authorization: `Bearer ${token}`};
  const got = {};
  const said = await fetch(`${url}/agora/messaging/send`, {method: "POST", body: JSON.stringify({to_agent: "Page", content: "x"}),
    headers: {...authorized, "content-type": "application/json", "idempotency-key": "once"}});
  got.rest = [said.status, !!said.headers.get("x-request-id")];
  const initialized = await fetch(`${url}/mcp`, {method: "POST",
    headers: {...authorized, "content-type": "application/json", accept: "application/json, text/event-stream"},
    body: JSON.stringify({jsonrpc: "2.0", id: 1, method: "initialize",
      params: {protocolVersion: "2025-06-18", capabilities: {}, clientInfo: {name: "page", version: "1"}}})});
  got.mcp = [initialized.status, !!initialized.headers.get("mcp-session-id")];
  const asked = await fetch(`${url}/`, {method: "POST", headers: {...authorized, "content-type": "application/json"},
    body: JSON.stringify({jsonrpc: "2.0", id: 1, method: "tasks/get", params: {id: "none"}})});
  got.a2a = [asked.status, "error" in await asked.json()];
  const source = new EventSource(`${url}/events?access_token=${token}`);
  got.sse = await new Promise((resolve) => { source.onopen = () => resolve(true); source.onerror = () => resolve(false); });
  source.close();
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, ["agora", `bearer.${token}`]);
  got.ws = await new Promise((resolve) => {
    socket.onmessage = (frame) => resolve(JSON.parse(frame.data).control); socket.onerror = () => resolve(false); });
  socket.close();
  return got;
}"""
REFUSED = """async ([url, token]) => {
  const refused = async (work) => { try { await work(); return false; } catch { return true; } };
  const rest = await refused(() => fetch(`${url}/agents`, {headers: {authorization: `Bearer ${token}`}}));
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, ["agora", `bearer.${token}`]);
  const ws = await new Promise((resolve) => { socket.onopen = () => resolve(false); socket.onerror = () => resolve(true); });
  return {rest, ws};
}"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>elsewhere</title>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[int]:
    """Yield the port of a site with an empty page."""
    site = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    serving = threading.Thread(target=site.serve_forever, daemon=True)
    serving.start()
    yield site.server_address[1]
    site.shutdown()
    site.server_close()
    serving.join()


def test_page_of_an_allowed_origin_calls_every_protocol(tmp_path: Path, elsewhere: int) -> None:
    server = ServerProcess(tmp_path / "data", cors_origins=f"http://127.0.0.1:{elsewhere}").start()
    try:
        token = server.register("Page").token
        with browser() as launched:
            page = launched.new_page()
            page.set_default_timeout(WAIT)
            page.goto(f"http://127.0.0.1:{elsewhere}/")
            assert page.evaluate(CALLS, [server.url, token]) == {
                "rest": [200, True],
                "mcp": [200, True],
                "a2a": [200, True],
                "sse": True,
                "ws": "connected",
            }
            page.goto(f"http://localhost:{elsewhere}/")  # another origin, not in the setting
            assert page.evaluate(REFUSED, [server.url, token]) == {"rest": True, "ws": True}
    finally:
        server.close()
