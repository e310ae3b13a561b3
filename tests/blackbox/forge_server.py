"""A stub of the APIs of GitHub and GitLab: pull and merge requests, as far as the worker uses them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["GITHUB_TOKEN", "ForgeServer", "serve_forge"]

GITHUB_TOKEN = "ghp-secret"
GITLAB_TOKEN = "glpat-secret"


class ForgeServer(ThreadingHTTPServer):
    """requests: received writes: method, path and body. tokens: accepted tokens by header."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ForgeHandler)
        self.requests: list[tuple[str, str, Any]] = []
        self.open_requests: dict[str, Any] = {}
        self.tokens = {"authorization": f"Bearer {GITHUB_TOKEN}", "private-token": GITLAB_TOKEN}

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of a worker that uses it."""
        address = f"http://127.0.0.1:{self.server_port}"
        tokens = {"AGORA_GITHUB_TOKEN": GITHUB_TOKEN, "AGORA_GITLAB_TOKEN": GITLAB_TOKEN}
        return {"AGORA_GITHUB_API": address, "AGORA_GITLAB_API": address, **tokens}


class ForgeHandler(BaseHTTPRequestHandler):
    """Handles one request."""

    server: ForgeServer

    def do_GET(self) -> None:
        requests = self.server.open_requests
        self._answer([requests[self._kind]] if self._kind in requests else [])

    def do_POST(self) -> None:
        body = self._read()
        urls = {"html_url": "https://github.com/o/api/pull/7", "web_url": "https://gitlab.com/g/api/-/merge_requests/7"}
        self.server.open_requests[self._kind] = {"number": 7, "iid": 7, **urls, **body}
        self._answer(self.server.open_requests[self._kind])

    def do_PATCH(self) -> None:
        self.server.open_requests[self._kind] |= self._read()
        self._answer(self.server.open_requests[self._kind])

    do_PUT = do_PATCH  # noqa: N815

    @property
    def _kind(self) -> str:
        return "github" if "/repos/" in self.path else "gitlab"

    def _read(self) -> Any:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append((self.command, self.path, body))
        return body

    def _answer(self, document: Any) -> None:
        name = "authorization" if self._kind == "github" else "private-token"
        is_known = self.headers[name] == self.server.tokens[name]
        content = json.dumps(document if is_known else {"message": "Bad credentials"}).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Do nothing."""


@contextmanager
def serve_forge() -> Iterator[ForgeServer]:
    """Run the stub in a thread."""
    server = ForgeServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
