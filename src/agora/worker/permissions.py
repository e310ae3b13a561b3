"""Permissions of an agent: the policy, and the question for a person."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["Approval", "Decision", "OpenPermission", "Option", "PermissionRequest", "parse_answer_or_reject"]

#: Kinds of tool calls that change nothing.
SAFE_KINDS = frozenset({"read", "search", "fetch", "think"})
_PATH_KEYS = re.compile(r"path|dir|file|cwd", re.IGNORECASE)
_TEXT_KEYS = re.compile(r"(text|contents?)$", re.IGNORECASE)  #: such as file_text: contents of a file


class Approval(StrEnum):
    """Policy: permissions that the worker grants by itself."""

    ALL = "all"
    SAFE = "safe"  #: reading, searching, fetching, thinking
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Option:
    """A possible answer, offered by the agent. kind: allow_once, allow_always, reject_once, reject_always."""

    option_id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision of a person or of the policy. option: None ends the turn. feedback: additional text for the agent."""

    option: Option | None
    feedback: str | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the request is refused."""
        return self.option is None or self.option.kind not in ("allow_once", "allow_always")


@dataclass(frozen=True, slots=True)
class PermissionRequest:
    """A request of an agent to make a tool call.

    kind: of the tool, as the protocol names it. paths: paths of the file system that the call names. digest: of the
    call's input and content, such as a diff; '' if unknown, in the checkpoint of an earlier release.
    """

    title: str
    kind: str
    paths: tuple[str, ...]
    options: tuple[Option, ...]
    input: Mapping[str, Any]
    digest: str

    @classmethod
    def from_tool_call(cls, tool_call: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> PermissionRequest:
        """Build a request from the parameters of ``session/request_permission``."""
        raw = tool_call.get("rawInput")
        raw = raw if isinstance(raw, dict) else {}
        located = [str(place.get("path")) for place in tool_call.get("locations") or []]
        return cls(
            title=str(tool_call.get("title") or tool_call.get("kind") or "a tool"),
            kind=str(tool_call.get("kind") or "other"),
            paths=tuple(dict.fromkeys((*located, *_find_paths(raw)))),
            options=tuple(Option(str(o["optionId"]), str(o["name"]), str(o["kind"])) for o in options),
            input=raw,
            digest=_compute_digest([tool_call.get("rawInput"), tool_call.get("content")]),
        )

    def find_option(self, kinds: Iterable[str]) -> Option | None:
        """Find the first option of these kinds, in the order of the kinds."""
        return next((option for kind in kinds for option in self.options if option.kind == kind), None)

    def is_same_call(self, other: PermissionRequest) -> bool:
        """Whether another request is for exactly the call that a person has seen."""
        return (self.kind, self.title, self.paths, self.digest) == (other.kind, other.title, other.paths, other.digest)

    def build_rejection(self, feedback: str | None = None) -> Decision:
        """Build a rejection, for this call only if the agent offers that."""
        return Decision(self.find_option(("reject_once", "reject_always")), feedback)

    def find_outside_path(self, root: Path) -> str | None:
        """Find a path of the call that is outside a directory."""
        directory = root.resolve()
        return next((name for name in self.paths if not _is_inside(name, directory)), None)

    def decide_by_policy(self, approval: Approval, root: Path) -> Decision | None:
        """Decide by the policy for work in ``root``; None if a person has to decide."""
        # Before the policy: even ``all`` grants nothing outside of the directory.
        if outside := self.find_outside_path(root):
            return self.build_rejection(f"{outside} is outside of the working directory.")
        if approval is Approval.ALL or (approval is Approval.SAFE and self.kind in SAFE_KINDS):
            return Decision(self.find_option(("allow_once", "allow_always")))
        return None

    def describe_request(self) -> str:
        """Describe the request as a question for people."""
        choices = ", ".join(f"{option.option_id} ({option.name})" for option in self.options)
        return f"The agent asks for permission: {self.kind}: {self.title}\nAnswer with one of: {choices}"

    def to_document(self) -> dict[str, Any]:
        """Serialize as JSON for the question and the checkpoint."""
        options = [{"option_id": o.option_id, "name": o.name, "kind": o.kind} for o in self.options]
        document = {"title": self.title, "kind": self.kind, "paths": list(self.paths), "options": options}
        # Not the input, which may be a whole file: a checkpoint must stay small.
        return document | {"digest": self.digest}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> PermissionRequest:
        """Parse the JSON of :meth:`to_document`."""
        options = tuple(Option(o["option_id"], o["name"], o["kind"]) for o in document["options"])
        return cls(
            document["title"], document["kind"], tuple(document["paths"]), options, {}, document.get("digest", "")
        )

    def build_answer_schema(self) -> dict[str, Any]:
        """Build the JSON schema of the answer, for a form."""
        choices = [{"const": option.option_id, "title": option.name} for option in self.options]
        # oneOf of constants with titles: the form of a choice in MCP elicitation, too.
        decision = {"type": "string", "title": self.title, "oneOf": choices}
        return {"type": "object", "properties": {"option_id": decision}, "required": ["option_id"]}


@dataclass(slots=True)
class OpenPermission:
    """A permission that the agent waits for."""

    request: PermissionRequest
    decision: asyncio.Future[Decision]


def _compute_digest(value: Any) -> str:
    """Compute a digest of JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _find_paths(value: Any, key: str = "") -> Iterator[str]:
    """Find the paths of a tool call's input by the names of the arguments, also nested ones."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _find_paths(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _find_paths(item, key)
    elif isinstance(value, str) and value and _PATH_KEYS.search(key) and not _TEXT_KEYS.search(key):
        yield value


def _is_inside(name: str, directory: Path) -> bool:
    """Whether a path is inside a resolved directory, both as it stands and as a tool or a shell may read it."""
    try:
        readings = (Path(name), Path(_expand_path(name)))
        return all((directory / path).resolve().is_relative_to(directory) for path in readings)
    except (OSError, ValueError, RuntimeError):  # a NUL, an invalid URL, a loop of links
        return False


def _expand_path(name: str) -> str:
    """Expand an option with a value, a URL of a file, variables and a home directory to a path."""
    if name.startswith("-"):
        name = name.partition("=")[2]
    if name.casefold().startswith("file:"):
        name = unquote(urlsplit(name).path)
    return os.path.expanduser(os.path.expandvars(name))


_WORDS = {
    "allow_once": ("once", "allow once", "yes", "y", "allow", "ok", "approve"),
    "allow_always": ("always", "always allow", "allow always"),
    "reject_once": ("reject", "no", "n", "deny"),
}


def parse_answer_or_reject(request: PermissionRequest, text: str, data: Mapping[str, Any] | None) -> Decision:
    """Parse a person's answer: an option's id or name, or a usual word; any other text rejects and is feedback."""
    choice = str((data or {}).get("option_id") or text).strip()
    for option in request.options:
        if choice.casefold() in (option.option_id.casefold(), option.name.casefold(), option.kind):
            return Decision(option)
    for kind, words in _WORDS.items():
        if choice.casefold() in words and (option_of_kind := request.find_option((kind,))):
            return Decision(option_of_kind)
    return request.build_rejection(choice or None)
