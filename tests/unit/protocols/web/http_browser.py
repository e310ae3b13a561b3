"""A minimal browser for these tests: cookies, forms, and navigation."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx

from agora.server.app import App

__all__ = ["HOME", "Browser"]

HOME = "/v1/monitor/"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Browser:
    """Calls the application without a socket, from this machine unless another address is given."""

    def __init__(self, app: App, address: str = "127.0.0.1", url: str = "http://127.0.0.1:8080") -> None:
        self.app = app
        transport = httpx.ASGITransport(app, client=(address, 50000))
        self.http = httpx.AsyncClient(transport=transport, base_url=url, headers={"accept": "text/html"})

    async def get(self, path: str = "", **headers: str) -> httpx.Response:
        return await self.http.get(path if path.startswith("/") else HOME + path, headers=headers)

    async def post(self, path: str, fields: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.http.post(HOME + path, data=fields, headers=headers)

    async def sign_in(self, token: str | None = None, next: str = "") -> httpx.Response:
        """Sign in with a token, or as the local operator."""
        page = await self.get("sign-in")
        fields = {"csrf": csrf_of(page), "next": next}
        fields |= {"way": "local"} if token is None else {"token": token}
        return await self.post("sign-in", fields)

    async def csrf(self) -> str:
        """Return the session's CSRF token from a page."""
        return csrf_of(await self.get())

    async def act(self, operation: str, **fields: Any) -> httpx.Response:
        return await self.post(f"act/{operation}", {"csrf": await self.csrf(), **fields})

    @property
    def cookie(self) -> str:
        return self.http.cookies["agora_session"]


def csrf_of(page: httpx.Response) -> str:
    found = CSRF.search(page.text)
    assert found is not None, page.text[:500]
    return unescape(found[1])
