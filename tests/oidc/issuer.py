"""An issuer with keys of the test: discovery and keys over real HTTP, and any token that the test wants."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from tests.stream_server import serve_streams

__all__ = ["AUDIENCE", "Issuer", "issuing"]

AUDIENCE = "agora"
RSA = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "other", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"})


class Issuer:
    """keys: published keys. asked: number of requests by path. broken: whether it returns 500."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: list[dict[str, Any]] = [dict(RSA.as_dict(private=False))]
        self.asked: dict[str, int] = {}
        self.broken = False
        self.document: dict[str, Any] = {
            "issuer": url,
            "jwks_uri": f"{url}/certs",
            "token_endpoint": f"{url}/token",
            "authorization_endpoint": f"{url}/auth",
        }

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a valid token; a change to None removes a claim."""
        now = int(time.time())
        good = {"iss": self.url, "sub": "ada", "aud": AUDIENCE, "iat": now, "exp": now + 300, "typ": "Bearer"}
        good |= {"preferred_username": "ada", "realm_access": {"roles": ["viewer"]}} | changes
        return {name: value for name, value in good.items() if value is not None}

    def token(
        self, key: Any = RSA, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        """Create a signed token."""
        given = {"alg": algorithm, "kid": key.kid} | (header or {})
        protected = {name: value for name, value in given.items() if value is not None}
        payload = json.dumps(self.claims(**changes)).encode()
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        return jws.serialize_compact(protected, payload, key, registry=registry)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        self.asked[path] = self.asked.get(path, 0) + 1
        body: Any = {"keys": self.keys} if path.endswith("/certs") else self.document
        text = json.dumps(body).encode()
        status = b"500 Broken" if self.broken else b"200 OK"
        writer.write(b"HTTP/1.1 %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b" % (status, len(text), text))
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def issuing(path: str = "/realms/market") -> AsyncIterator[Issuer]:
    """Run an issuer until the block ends."""
    found: list[Issuer] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await found[0].answer(reader, writer)

    async with serve_streams(answer) as port:
        found.append(Issuer(f"http://127.0.0.1:{port}{path}"))
        yield found[0]
