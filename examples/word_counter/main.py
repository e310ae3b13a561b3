"""An agent that the server runs as an instance: it counts words and keeps the total.

It is an ordinary HTTP server without dependencies. It reads three environment variables: PORT, the port to listen on;
AGORA_STATE_DIR, a directory that is kept across restarts; and LANGUAGE, which customers may configure.
"""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

TOTAL_FILE = Path(os.environ["AGORA_STATE_DIR"]) / "total"
WORDS = {"en": "words", "de": "Wörter"}


class WordCounter(BaseHTTPRequestHandler):
    """GET is the health check; POST counts the words of ``text``."""

    def do_GET(self) -> None:
        self.answer({"healthy": True})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not isinstance(request.get("text"), str):
            self.answer({"error": "text is required"}, 422)
            return
        count = len(request["text"].split())
        total = count + (int(TOTAL_FILE.read_text()) if TOTAL_FILE.exists() else 0)
        TOTAL_FILE.write_text(str(total))
        print(f"counted {count} words, {total} in total", flush=True)
        self.answer({WORDS[os.environ.get("LANGUAGE", "en")]: count, "total": total})

    def answer(self, document: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Do not log each request."""


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), WordCounter).serve_forever()
