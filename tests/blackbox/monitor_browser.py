"""The monitor in a browser without scripts: pages, links and forms."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

__all__ = ["Browser"]


class Browser:
    """A person who is signed in to the local monitor. Use it with ``with``."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"accept": "text/html"}, follow_redirects=True, timeout=30)
        page = self.http.get("/v1/monitor/")
        form = {"csrf": self._token(page), "way": "local", "next": "/v1/monitor/"}
        self.home = self.http.post("/v1/monitor/sign-in", data=form)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *exception: object) -> None:
        self.http.close()

    @staticmethod
    def _token(page: httpx.Response) -> str:
        field = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert field is not None, page.text
        return field[1]

    def links(self) -> list[str]:
        """List the pages linked from the navigation and the dashboard."""
        paths = set(re.findall(r'href="(/v1/monitor/[^"?#]*)', self.home.text))
        return sorted(path for path in paths if "/static/" not in path)

    def act(
        self, operation: str, next_page: str, headers: Mapping[str, str] | None = None, **fields: str
    ) -> httpx.Response:
        form = {"csrf": self._token(self.home), "next": next_page, **fields}
        return self.http.post(f"/v1/monitor/act/{operation}", data=form, headers=headers)
