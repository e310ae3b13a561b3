"""Static files: read from the package, never from a path of a request.

Their URL contains a digest of all files, so that browsers can cache them without limit; modules import each other by
relative names, and thus stay within one version.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from agora.protocols.http import Scope, Send, read_header
from agora_sdk.errors import NotFound

from .responses import accepts_gzip
from .security import HOME_PATH

__all__ = ["ASSETS", "Assets"]

DIRECTORY: Final = Path(__file__).parent / "static"
CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
COMPRESSED_SUFFIXES: Final = frozenset({".css", ".js", ".svg", ".txt"})
CACHE_FOREVER: Final = b"public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file with its headers."""

    body: bytes
    kind: str
    etag: bytes

    @cached_property
    def gzipped(self) -> bytes:
        # Without the time, all servers send the same bytes under one entity tag.
        return gzip.compress(self.body, mtime=0)


class Assets:
    """The files of a directory, loaded at first use."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @cached_property
    def files(self) -> dict[str, Asset]:
        """The files by name, such as ``style.css`` or ``vendor/htmx.min.js``."""
        assets = {}
        for path in sorted(self._directory.rglob("*")):
            if path.is_file() and path.suffix in CONTENT_TYPES:
                body = path.read_bytes()
                etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'.encode()
                assets[path.relative_to(self._directory).as_posix()] = Asset(body, CONTENT_TYPES[path.suffix], etag)
        return assets

    @cached_property
    def version(self) -> str:
        """Digest of all files."""
        whole = hashlib.sha256()
        for name, asset in self.files.items():
            whole.update(f"{name}\0".encode() + asset.etag)
        return whole.hexdigest()[:16]

    def build_url(self, name: str) -> str:
        """Build the URL of a file. Raises KeyError if it does not exist."""
        self.files[name]
        return f"{HOME_PATH}static/{self.version}/{name}"

    async def send_file(self, path: str, scope: Scope, send: Send) -> None:
        """Send the file of a request for ``VERSION/NAME``. Raises NotFound if it does not exist."""
        version, _, name = path.partition("/")
        asset = self.files.get(name)
        if asset is None:
            raise NotFound("There is no such file.")
        # A page from before an upgrade requests its old version: it gets the present file, which must not be cached
        # there.
        caching = CACHE_FOREVER if version == self.version else b"no-cache"
        headers = [(b"etag", asset.etag), (b"cache-control", caching), (b"vary", b"Accept-Encoding")]
        headers += [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-origin")]
        if asset.etag.decode() in (read_header(scope, b"if-none-match") or ""):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        body = asset.body
        if Path(name).suffix in COMPRESSED_SUFFIXES and accepts_gzip(scope):
            body = asset.gzipped
            headers.append((b"content-encoding", b"gzip"))
        headers += [(b"content-type", asset.kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


ASSETS = Assets(DIRECTORY)
