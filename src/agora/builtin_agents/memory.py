"""The memory agent: a key-value store with commands in plain sentences, on top of ``agora.memory``."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from agora_sdk.errors import AgoraError, NotFound

from .port import BuiltinAgent, Job, Profile, Reply, TaskFailed

__all__ = ["MemoryAgent", "parse_memory_sentence"]

MAX_LISTED = 20  # limit of keys in a list, and of memories in an answer
MAX_QUOTED_CHARACTERS = 500  # limit of a quoted memory
_QUOTED = r"(?:'(?P<{0}_s>[^']*)'|\"(?P<{0}_d>[^\"]*)\"|(?P<{0}_p>{1}))"
_KEY, _VALUE = _QUOTED.format("key", r"[^\s'\"?]+?"), _QUOTED.format("value", r".+?")
_ANY = _QUOTED.format("key", r".+?")
_ARTICLE = r"(?:the\s++)?(?:(?:value|data|memory)\s++(?:(?:stored|kept)\s++)?(?:of|for|under|with|at|as)\s++)?(?:the\s++)?(?:key\s++)?"
_PLEASE = r"^\s*(?:(?:please|can\s++you|could\s++you|hey|hi|hello|memory|agent)\b[\s,:]*)*"

_SPACES = r"(?<=\S)\s++"  # possessive: backtracking over many spaces would take minutes

_PHRASES: tuple[tuple[str, str], ...] = (
    ("list", r"(?:list|show|get)\s++(?:me\s++)?(?:all|every|keys|memories|everything)(?:\s++\w+){0,3}"),
    ("list", r"(?:list|keys|what\s++(?:do|did)\s++you\s++(?:remember|know|keep|have)(?:\s++stored)?)"),
    ("search", r"what\s++do\s++you\s++(?:know|remember|have)\s++(?:about|on|of)\s++(?P<query>.+?)"),
    ("search", r"(?:search|look|find)\s++(?:for\s++|up\s++)?(?P<query>.+?)"),
    ("store", rf"(?:store|save|keep|put|remember|memorize|set)\s++{_VALUE}{_SPACES}(?:with|under|as|at|by|using|in)\s++"
              rf"(?:the\s++)?(?:key\s++)?{_KEY}"),
    ("store", rf"set\s++(?:the\s++)?(?:key\s++)?{_KEY}{_SPACES}to\s++{_VALUE}"),
    ("store", rf"(?:store|save|keep|remember|memorize)\s++(?:that\s++)?(?:key\s++)?{_KEY}(?:\s*+[:=]|\s++is\b)\s*+{_VALUE}"),
    ("forget", rf"(?:forget|delete|remove|erase|clear)\s++(?:about\s++)?{_ARTICLE}{_ANY}"),
    ("recall", rf"(?:recall|retrieve|get|fetch|read|load|show)\s++(?:me\s++)?{_ARTICLE}{_ANY}"),
    ("recall", rf"(?:what\s++is|what's|what\s++was)\s++(?:stored\s++|kept\s++)?(?:under\s++|at\s++|in\s++)?{_ARTICLE}{_ANY}"),
)  # fmt: skip


@cache
def _compile_phrases() -> tuple[tuple[str, re.Pattern[str]], ...]:
    flags = re.IGNORECASE | re.DOTALL
    return tuple((action, re.compile(_PLEASE + pattern + r"$", flags)) for action, pattern in _PHRASES)


class MemoryAgent(BuiltinAgent):
    """Stores, recalls, lists, searches and forgets; publishes events such as ``memory.stored`` and
    ``memory.recalled``."""

    profile = Profile(
        "Memory Agent",
        "Stores values durably under a key, and finds them by key or words. Every agent of the marketplace can read "
        "them.",
        [
            {
                "id": "memory",
                "name": "Remember and recall",
                "description": "Store, recall, list, search and forget; data as {action, key, value, tags, query}.",
                "tags": ["memory", "storage", "key-value"],
                "examples": [
                    "Store 'Important Data' with key 'demo_key'",
                    "Recall demo_key",
                    "What do you know about invoices?",
                    "List keys",
                    "Forget demo_key",
                ],
            }
        ],
        ["builtin", "storage"],
    )
    concurrency = 64

    async def perform_task(self, job: Job) -> Reply | str:
        payload = job.data
        request = payload if "action" in payload else parse_memory_sentence(job.text)
        action = str(request.get("action"))
        handlers = {
            "store": self._store_memory,
            "recall": self._recall_memory,
            "list": self._list_memories,
            "search": self._search_memories,
            "forget": self._forget_memory,
        }
        if action not in handlers:
            raise TaskFailed(
                "I store, recall, list, search and forget. Say for example: Store 'Important Data' with key 'demo_key'."
            )
        try:
            text, data = await handlers[action](job, request)
        except NotFound:
            text, data = f"Nothing is stored under {request.get('key')!r}.", {"found": False, "key": request.get("key")}
        except AgoraError as error:
            raise TaskFailed(error.detail) from None
        return Reply([{"data": data}, {"text": text}], result=data) if "action" in payload else text

    async def _store_memory(self, job: Job, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        fields = {name: request[name] for name in ("key", "value", "tags", "if_version") if name in request}
        receipt = await job.call("agora.memory.store", **fields, **_build_namespace_argument(request))
        await job.publish("memory.stored", {"key": receipt.key, "version": receipt.version, "by": job.requester})
        return f"Stored {_quote_value(receipt.value)} with key '{receipt.key}'", _build_memory_data(receipt)

    async def _recall_memory(self, job: Job, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        memory = await job.call("agora.memory.recall", key=request.get("key"), **_build_namespace_argument(request))
        await job.publish("memory.recalled", {"key": memory.key, "by": job.requester})
        return f"{memory.key}: {_format_value(memory.value)}", _build_memory_data(memory)

    async def _forget_memory(self, job: Job, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        outcome = await job.call("agora.memory.forget", key=request.get("key"), **_build_namespace_argument(request))
        if not outcome.forgotten:
            raise NotFound(outcome.key)
        await job.publish("memory.forgotten", {"key": outcome.key, "by": job.requester})
        return f"Forgot '{outcome.key}'", {"key": outcome.key, "forgotten": True}

    async def _list_memories(self, job: Job, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        page = await job.call(
            "agora.memory.list",
            limit=MAX_LISTED,
            prefix=request.get("prefix", ""),
            **_build_namespace_argument(request),
        )
        keys = [memory.key for memory in page.memories]
        if not keys:
            return "Nothing is kept.", {"keys": []}
        more = " and more" if page.has_more else ""
        return f"Keys: {', '.join(keys)}{more}", {"keys": keys, "has_more": page.has_more}

    async def _search_memories(self, job: Job, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        namespace_argument = _build_namespace_argument(request) or {"namespace": "default"}
        page = await job.call("agora.memory.search", query=request.get("query"), limit=MAX_LISTED, **namespace_argument)
        if not page.memories:
            return "No stored value contains these words.", {"memories": []}
        lines = [f"{memory.key}: {_format_value(memory.value)}" for memory in page.memories]
        return "\n".join(lines), {"memories": [_build_memory_data(memory) for memory in page.memories]}


def parse_memory_sentence(text: str) -> dict[str, Any]:
    """Parse a sentence into action, key, value and query. Empty if it matches no command."""
    # A value has at most 65,536 characters (domains/memory), so a longer text cannot be a command that succeeds.
    if len(text) > 70_000:
        return {}
    text = text.strip().rstrip(".?!").rstrip()
    for action, pattern in _compile_phrases():
        match = pattern.match(text)
        if match is None:
            continue
        groups = {name[:-2] if name[-2:] in ("_s", "_d", "_p") else name: part
                 for name, part in match.groupdict().items() if part is not None}  # fmt: skip
        return {"action": action} | groups
    return {}


def _build_namespace_argument(request: dict[str, Any]) -> dict[str, Any]:
    """Return the namespace argument, if given; 'own' would mean this agent's namespace, not the requester's."""
    namespace = request.get("namespace")
    if namespace == "own":
        raise TaskFailed(
            "Values stored here are shared. For private values call agora.memory.store with the namespace 'own'."
        )
    return {} if namespace is None else {"namespace": namespace}


def _build_memory_data(memory: Any) -> dict[str, Any]:
    return {"key": memory.key, "value": memory.value, "version": memory.version, "tags": memory.tags}


def _format_value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_QUOTED_CHARACTERS else text[:MAX_QUOTED_CHARACTERS] + " ..."


def _quote_value(value: Any) -> str:
    return f"'{_format_value(value)}'" if isinstance(value, str) else _format_value(value)
