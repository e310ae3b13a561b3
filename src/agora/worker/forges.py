"""Forges: open pull requests on GitHub and merge requests on GitLab, with a token of the worker's environment.

``AGORA_GITHUB_TOKEN`` and ``AGORA_GITLAB_TOKEN`` are the worker's own: variables with this prefix are not passed to the
agent. ``AGORA_GITHUB_API`` and ``AGORA_GITLAB_API`` are addresses of the API, for self-hosted servers.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import httpx

__all__ = ["Forge", "ForgeError", "GitHub", "GitLab", "PullRequest", "build_git_credentials", "require_forge"]

TIMEOUT_SECONDS = 30.0
MAX_ANSWER_BYTES = 4_000_000


class ForgeError(Exception):
    """The forge rejected the request, is unreachable, or unknown."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request of a branch."""

    branch: str
    target: str
    title: str
    body: str


class Forge(Protocol):
    """Opens pull requests."""

    def open_or_update_pull_request(self, request: PullRequest) -> str:
        """Open the pull request of a branch, or update the open one. Returns its address. Raises ForgeError."""


@dataclass(frozen=True, slots=True)
class GitHub:
    """GitHub's REST API. repository: owner/name."""

    api: str
    token: str
    repository: str

    def open_or_update_pull_request(self, request: PullRequest) -> str:
        """Implement Forge."""
        owner = self.repository.split("/")[0]
        # GitHub filters by a head only if it names the owner, too.
        query = urlencode({"head": f"{owner}:{request.branch}", "state": "open"})
        open_requests = self._call("GET", f"/pulls?{query}")
        text = {"title": request.title, "body": request.body}
        if isinstance(open_requests, list) and open_requests:
            answer = self._call("PATCH", f"/pulls/{int(open_requests[0]['number'])}", text)
        else:
            answer = self._call("POST", "/pulls", {"head": request.branch, "base": request.target, **text})
        return _require_pull_request_url(answer, "html_url")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/vnd.github+json"}
        return _call_api(method, f"{self.api}/repos/{self.repository}{path}", headers, body)


@dataclass(frozen=True, slots=True)
class GitLab:
    """GitLab's REST API, version 4. repository: path of the project, with its groups."""

    api: str
    token: str
    repository: str

    def open_or_update_pull_request(self, request: PullRequest) -> str:
        """Implement Forge."""
        query = urlencode({"source_branch": request.branch, "state": "opened"})
        open_requests = self._call("GET", f"/merge_requests?{query}")
        text = {"title": request.title, "description": request.body}
        if isinstance(open_requests, list) and open_requests:
            answer = self._call("PUT", f"/merge_requests/{int(open_requests[0]['iid'])}", text)
        else:
            branches = {"source_branch": request.branch, "target_branch": request.target}
            answer = self._call("POST", "/merge_requests", branches | text)
        return _require_pull_request_url(answer, "web_url")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        # GitLab takes the path of a project as its id only if the slashes are encoded, too.
        project = quote(self.repository, safe="")
        return _call_api(method, f"{self.api}/projects/{project}{path}", {"private-token": self.token}, body)


def require_forge(repository: str | None) -> Forge:
    """Find the forge of a repository, such as ``github.com/owner/name``. Raises ForgeError, which names what is
    missing."""
    host, _, path = (repository or "").partition("/")
    if not path:
        raise ForgeError("The codebase has no remote at a forge: there is nowhere to open a pull request.")
    if _is_gitlab(host):
        api = os.environ.get("AGORA_GITLAB_API") or f"https://{host}/api/v4"
        return GitLab(api.rstrip("/"), _require_token("AGORA_GITLAB_TOKEN"), path)
    default = "https://api.github.com" if host == "github.com" else f"https://{host}/api/v3"
    api = os.environ.get("AGORA_GITHUB_API") or default
    return GitHub(api.rstrip("/"), _require_token("AGORA_GITHUB_TOKEN"), path)


def build_git_credentials(remote: str) -> dict[str, str]:
    """Build the environment with which git sends the forge's token to a remote over HTTPS, and to no other host; empty
    without a token."""
    address = urlsplit(remote)
    # Over plain HTTP the token would be readable; a URL with credentials of its own needs none.
    if address.scheme != "https" or address.username is not None or not address.hostname:
        return {}
    is_gitlab = _is_gitlab(address.hostname)
    token = os.environ.get("AGORA_GITLAB_TOKEN" if is_gitlab else "AGORA_GITHUB_TOKEN")
    if not token:
        return {}
    # The names with which GitLab and GitHub accept a token as the password of HTTP Basic.
    user = "oauth2" if is_gitlab else "x-access-token"
    basic = base64.b64encode(f"{user}:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.https://{address.hostname}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
    }


def _is_gitlab(host: str) -> bool:
    """Whether a host is treated as GitLab: by its name, or because only a GitLab token is set."""
    if "gitlab" in host or "github" in host:
        return "gitlab" in host
    return bool(os.environ.get("AGORA_GITLAB_TOKEN")) and not os.environ.get("AGORA_GITHUB_TOKEN")


def _require_token(variable: str) -> str:
    token = os.environ.get(variable)
    if not token:
        raise ForgeError(f"The worker has no token for the forge: start it with {variable} in its environment.")
    return token


def _require_pull_request_url(answer: Any, field: str) -> str:
    address = answer.get(field) if isinstance(answer, dict) else None
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        raise ForgeError("The forge's answer does not name the pull request.")
    return address[:2000]


def _call_api(method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None) -> Any:
    """Call an API and return its JSON. Raises ForgeError, without the token.

    Redirects are refused: they would send the token to another server.
    """
    fields = {"user-agent": "agora-worker", **headers}
    try:
        with httpx.stream(method, url, headers=fields, json=body, timeout=TIMEOUT_SECONDS) as response:
            document = _read_limited_body(response)
        if response.is_success:
            return json.loads(document)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ForgeError(f"{method} {url} failed: {error}") from None
    raise ForgeError(
        f"{method} {url} was answered with {response.status_code}: {document[:2000].decode(errors='replace')}"
    )


def _read_limited_body(response: httpx.Response) -> bytes:
    """Read an answer. Raises ForgeError above MAX_ANSWER_BYTES, after decompression."""
    document = b""
    for part in response.iter_bytes():
        document += part
        if len(document) > MAX_ANSWER_BYTES:
            raise ForgeError(f"The answer of {response.url.host} is larger than {MAX_ANSWER_BYTES:,} bytes.")
    return document
