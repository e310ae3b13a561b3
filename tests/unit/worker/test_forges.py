"""Calls of a forge's API by a worker: the size of an answer is limited, and a redirect is not followed."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agora.worker.forges import MAX_ANSWER_BYTES, ForgeError, GitHub, PullRequest

REQUEST = PullRequest("a branch", "main", "A title", "A text")


class _Forge(BaseHTTPRequestHandler):
    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        if self.path.startswith("/repos/large/"):
            body = gzip.compress(b'["' + b"x" * MAX_ANSWER_BYTES + b'"]')
            self.send_response(200)
            self.send_header("content-encoding", "gzip")
        else:
            body = b""
            self.send_response(302)
            self.send_header("location", "/stolen")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def forge() -> Iterator[tuple[str, list[str]]]:
    handler = type("Forge", (_Forge,), {"paths": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.paths
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_large_answer_is_refused_after_decompression(forge: tuple[str, list[str]]) -> None:
    with pytest.raises(ForgeError, match="larger than 4,000,000 bytes"):
        GitHub(api=forge[0], token="a token", repository="large/repository").open_or_update_pull_request(REQUEST)


def test_redirect_target_does_not_get_the_token(forge: tuple[str, list[str]]) -> None:
    address, paths = forge
    with pytest.raises(ForgeError, match="answered with 302"):
        GitHub(api=address, token="a token", repository="moved/repository").open_or_update_pull_request(REQUEST)
    assert len(paths) == 1
    assert not any(path.startswith("/stolen") for path in paths)
