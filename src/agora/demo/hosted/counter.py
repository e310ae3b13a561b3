"""An agent that counts words, using only Python's standard library."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Counter(BaseHTTPRequestHandler):
    """GET: health. POST: counts the words of ``text``, and the calls."""

    call_count = 0

    def do_GET(self) -> None:
        self._send_json({"well": True})

    def do_POST(self) -> None:
        Counter.call_count += 1
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._send_json({"words": len(request["text"].split()), "asked": Counter.call_count, "process": os.getpid()})

    def _send_json(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Counter).serve_forever()
