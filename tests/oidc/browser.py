"""A person with a browser at the provider: follows redirects and fills in forms."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

import httpx

__all__ = ["browse"]

STEPS = 20


def browse(
    url: str, name: str, *, until: str = "\0", password: str | None = None, cookies: httpx.Cookies | None = None
) -> httpx.URL:
    """Start at a URL as a person. Returns the final URL, at which the browser is redirected to ``until``.

    cookies: of the browser, updated in place.
    """
    with httpx.Client(trust_env=False, cookies=cookies) as browser:
        try:
            return _follow(browser, browser.get(url), {"username": name, "password": password or f"{name}-pw"}, until)
        finally:
            if cookies is not None:
                cookies.update(browser.cookies)


def _follow(browser: httpx.Client, answer: httpx.Response, person: dict[str, str], until: str) -> httpx.URL:
    for _ in range(STEPS):
        if answer.is_redirect:
            there = urljoin(str(answer.url), answer.headers["location"])
            if there.startswith(until):
                return httpx.URL(there)
            answer = browser.get(there)
        elif "<form" in answer.text:
            answer = _fill_in(browser, answer, person)
        else:
            answer.raise_for_status()
            return answer.url
    raise AssertionError(f"it leads nowhere: {answer.url} {answer.text}")


def _fill_in(browser: httpx.Client, answer: httpx.Response, person: dict[str, str]) -> httpx.Response:
    action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
    assert action, answer.text
    form = {}
    for element in re.findall(r"<(?:input|button)[^>]*>", answer.text):
        given = dict(re.findall(r'(\w+)="([^"]*)"', element))
        if "name" in given:
            form[given["name"]] = person.get(given["name"], unescape(given.get("value", "")))
    return browser.post(urljoin(str(answer.url), unescape(action[1])), data=form)
