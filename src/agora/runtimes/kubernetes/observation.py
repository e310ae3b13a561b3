"""What is to be seen of a Deployment and its Pods, in the port's words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agora.runtimes.docker.observation import SIGNALS
from agora.runtimes.port import Exit

from .manifests import CONTAINER, ENDED, GENERATION

__all__ = ["begun", "condition", "crash", "ended", "generation", "newest", "note", "ready"]


def generation(deployment: Mapping[str, Any]) -> int:
    return int(deployment["metadata"]["annotations"][GENERATION])


def newest(deployment: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The Pod of the Deployment's present generation; the latest, where a node was lost."""
    wanted = str(generation(deployment))
    mine = [pod for pod in pods if (pod["metadata"].get("annotations") or {}).get(GENERATION) == wanted]
    return max(mine, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), default=None)


def crash(pod: Mapping[str, Any]) -> Exit | None:
    """How its program ended, if it has: also where Kubernetes has started it again since."""
    status = _container(pod)
    over = (status.get("lastState") or {}).get("terminated") or (status.get("state") or {}).get("terminated")
    if over is not None:
        return _exit(over)
    if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):  # evicted, or its node was shut down
        return Exit(reason="lost")
    return None


def begun(pod: Mapping[str, Any]) -> int | None:
    """When its program began, in microseconds; None before."""
    running = (_container(pod).get("state") or {}).get("running") or {}
    return _moment(running.get("startedAt"))


def ready(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def condition(pod: Mapping[str, Any] | None) -> str:
    """Why it does not work yet, in a few words."""
    if pod is None:
        return "it has no Pod yet"
    waiting = (_container(pod).get("state") or {}).get("waiting")
    if waiting:
        return f"{waiting.get('reason', 'it waits')}: {waiting.get('message', '')}"[:300].rstrip(": ")
    for each in (pod.get("status") or {}).get("conditions") or ():
        if each.get("status") == "False" and each.get("message"):
            return f"{each.get('reason', 'it waits')}: {each['message']}"[:300]
    return "it is not ready"


def note(exit: Exit, started_at: int | None) -> str:
    """How it ended, to be kept with the Deployment."""
    return json.dumps([exit.code, exit.signal, exit.reason, exit.at, started_at])


def ended(deployment: Mapping[str, Any]) -> tuple[Exit, int | None] | None:
    """What was noted, if it has ended."""
    text = deployment["metadata"]["annotations"].get(ENDED)
    if not text:
        return None
    code, signal, reason, at, started = json.loads(text)
    return Exit(code, signal, reason, at), started


def _exit(over: Mapping[str, Any]) -> Exit:
    code, at = int(over.get("exitCode", 0)), _moment(over.get("finishedAt"))
    number = int(over.get("signal") or 0) or (code - 128 if code - 128 in SIGNALS else 0)
    reason = "memory" if over.get("reason") == "OOMKilled" else "exited"
    return Exit(None if number else code, number or None, reason, at)  # type: ignore[arg-type]


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC).timestamp() * 1_000_000)


def _container(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return next((each for each in statuses if each.get("name") == CONTAINER), {})
