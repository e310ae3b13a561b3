"""The browser of a person who is signed in at a server's monitor: pages, forms, and redirects to an authorization
server and back."""

from __future__ import annotations

import re
from html import unescape
from typing import Self
from urllib.parse import urljoin

import httpx

from tests.blackbox.server import ServerProcess
from tests.oidc.browser import browse

__all__ = ["CALLBACK", "Browser"]

CALLBACK = "/v1/monitor/upstream-callback"


class Browser:
    """A browser session signed in at the server; follows a URL to the provider and back."""

    def __init__(self, server: ServerProcess, token: str) -> None:
        self._http = httpx.Client(base_url=server.url, follow_redirects=False, timeout=60, trust_env=False)
        self._server = server
        page = self._http.get("/v1/monitor/sign-in", headers={"accept": "text/html"}).text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf, page
        form = {"csrf": csrf[1], "token": token, "next": "/v1/monitor/"}
        answer = self._http.post("/v1/monitor/sign-in", data=form, headers={"origin": server.url})
        assert answer.is_redirect, answer.text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def grant(self, url: str, person: str = "otto") -> httpx.URL:
        """Sign in at the provider. Returns the callback URL."""
        return browse(url, person, until=self._server.url + CALLBACK)

    def come_back(self, callback: httpx.URL) -> httpx.Response:
        """Follow the callback. Returns the final page."""
        page = self._http.get(str(callback), headers={"accept": "text/html"})
        match = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
        assert match, page.text
        return self._http.get(unescape(match[1]), headers={"accept": "text/html"})

    def authorize(self, url: str, person: str = "otto") -> None:
        answer = self.come_back(self.grant(url, person))
        assert answer.is_redirect, answer.text
        assert "/services/upstreams/" in answer.headers["location"]

    def begin_by_button(self, upstream: str) -> str:
        """Press the button on the upstream's page. Returns the URL of the redirect."""
        page = self._http.get(f"/v1/monitor/services/upstreams/{upstream}", headers={"accept": "text/html"}).text
        form = re.search(r'<form method="post" action="([^"]+upstream-authorize)".*?</form>', page, re.S)
        assert form, page
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
        answer = self._http.post(urljoin(self._server.url, form[1]), data=fields, headers={"origin": self._server.url})
        match = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', answer.text)
        assert match, answer.text
        return unescape(match[1])

    def act(self, page: str, operation: str, **fields: str) -> None:
        """Submit a form of a page with these field values."""
        shown = self._http.get(f"/v1/monitor/{page}", headers={"accept": "text/html"}).text
        forms = re.findall(rf'<form method="post" action="[^"]+act/{re.escape(operation)}".*?</form>', shown, re.S)
        assert forms, shown
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', forms[0]))
        answer = self._http.post(
            f"/v1/monitor/act/{operation}", data=hidden | fields, headers={"origin": self._server.url}
        )
        assert answer.is_redirect, answer.text
