"""A registry with one image and a password, for a real Docker Engine: the part of the protocol that a pull needs."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Registry"]

USER, PASSWORD = "puller", "opensesame"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """Serves ``private/image:1`` at ``address``. pulls: served manifests."""

    def __init__(self) -> None:
        self.pulls = 0
        self.blobs: dict[str, bytes] = {}
        self.manifest = self._make(b"hello from the registry\n")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def change(self) -> None:
        """Replace the image of the tag."""
        self.manifest = self._make(b"another one\n")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _make(self, content: bytes) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            member = tarfile.TarInfo("greeting")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        layer = buffer.getvalue()
        config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/greeting"]}} | {
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]}
        }
        parts = [json.dumps(config).encode(), gzip.compress(layer, mtime=0)]
        for part in parts:
            self.blobs[_digest(part)] = part
        kinds = ("container.image.v1+json", "image.rootfs.diff.tar.gzip")
        described = [
            {"mediaType": f"application/vnd.docker.{kind}", "size": len(part), "digest": _digest(part)}
            for kind, part in zip(kinds, parts, strict=True)
        ]
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described[0], "layers": described[1:]}
        return json.dumps(document).encode()

    def _handler(registry) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.headers.get("Authorization") != expected:
                    self._answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')
                    return
                name = self.path.rsplit("/", 1)[-1]
                if "/manifests/" in self.path and name in ("1", _digest(registry.manifest)):
                    registry.pulls += self.command == "GET"
                    self._answer(200, registry.manifest, MANIFEST)
                elif name in registry.blobs:
                    self._answer(200, registry.blobs[name], "application/octet-stream")
                elif self.path == "/v2/":
                    self._answer(200, b"{}")
                else:
                    self._answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')

            do_HEAD = do_GET  # noqa: N815

            def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
                self.send_header("Docker-Content-Digest", _digest(body))
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="registry"')
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
