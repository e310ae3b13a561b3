"""An agent that the marketplace runs: it counts words, and remembers how many it has seen.

It needs nothing but Python, and knows nothing of the marketplace but three variables of its environment: PORT, where it
is to listen, AGORA_STATE_DIR, a directory that stays when it is started again, and LANGUAGE, which a customer may set.
"""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

SEEN = Path(os.environ["AGORA_STATE_DIR"]) / "seen"
WORDS = {"en": "words", "de": "Wörter"}


class WordCounter(BaseHTTPRequestHandler):
    """GET answers whether it is well, POST counts the words of ``text``."""

    def do_GET(self) -> None:
        self.answer({"well": True})

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not isinstance(given.get("text"), str):
            self.answer({"error": "give a text"}, 422)
            return
        count = len(given["text"].split())
        seen = count + (int(SEEN.read_text()) if SEEN.exists() else 0)
        SEEN.write_text(str(seen))
        print(f"counted {count} words, {seen} in all", flush=True)
        self.answer({WORDS[os.environ.get("LANGUAGE", "en")]: count, "seen": seen})

    def answer(self, said: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(said, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing of each request."""


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), WordCounter).serve_forever()
