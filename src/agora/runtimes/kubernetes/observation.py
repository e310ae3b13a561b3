"""States of a Deployment and its Pods as the port's observations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agora.clock import SECOND
from agora.runtimes.docker.observation import SIGNAL_NUMBERS
from agora.runtimes.port import ExitReason, ProcessExit

from .manifests import CONTAINER_NAME, ENDED, GENERATION

__all__ = [
    "build_exit_note",
    "find_newest_pod",
    "is_ready",
    "read_crash_exit",
    "read_deployment_generation",
    "read_program_start",
    "read_recorded_exit",
    "read_waiting_reason",
]


def read_deployment_generation(deployment: Mapping[str, Any]) -> int:
    return int(deployment["metadata"]["annotations"][GENERATION])


def find_newest_pod(deployment: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Find the Pod of the Deployment's current generation; the latest one if a node was lost."""
    generation = str(read_deployment_generation(deployment))
    current_pods = [pod for pod in pods if (pod["metadata"].get("annotations") or {}).get(GENERATION) == generation]
    return max(current_pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), default=None)


def read_crash_exit(pod: Mapping[str, Any]) -> ProcessExit | None:
    """Read how the program ended, if it has, even if Kubernetes has restarted it since."""
    status = _read_container_status(pod)
    # lastState too: the node restarts a program in place, so another run may already follow its end.
    termination = (status.get("lastState") or {}).get("terminated") or (status.get("state") or {}).get("terminated")
    if termination is not None:
        return _to_exit(termination)
    if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):  # evicted, or its node was shut down
        return ProcessExit(reason="lost")
    return None


def read_program_start(pod: Mapping[str, Any]) -> int | None:
    """Read when the program started, in microseconds; None before."""
    running = (_read_container_status(pod).get("state") or {}).get("running") or {}
    return _parse_time(running.get("startedAt"))


def is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def read_waiting_reason(pod: Mapping[str, Any] | None) -> str:
    """Read a short reason why the Pod is not ready yet."""
    if pod is None:
        return "it has no Pod yet"
    waiting_state = (_read_container_status(pod).get("state") or {}).get("waiting")
    if waiting_state:
        return f"{waiting_state.get('reason', 'it waits')}: {waiting_state.get('message', '')}"[:300].rstrip(": ")
    for each in (pod.get("status") or {}).get("conditions") or ():
        if each.get("status") == "False" and each.get("message"):
            return f"{each.get('reason', 'it waits')}: {each['message']}"[:300]
    return "it is not ready"


def build_exit_note(exit: ProcessExit, started_at: int | None) -> str:
    """Build the note about the exit, which is stored with the Deployment."""
    return json.dumps([exit.code, exit.signal, exit.reason, exit.at, started_at])


def read_recorded_exit(deployment: Mapping[str, Any]) -> tuple[ProcessExit, int | None] | None:
    """Read the stored exit, if the program has ended."""
    text = deployment["metadata"]["annotations"].get(ENDED)
    if not text:
        return None
    code, signal, reason, at, started = json.loads(text)
    return ProcessExit(code, signal, reason, at), started


def _to_exit(termination: Mapping[str, Any]) -> ProcessExit:
    code, at = int(termination.get("exitCode", 0)), _parse_time(termination.get("finishedAt"))
    # Container runtimes also report a death by signal as the exit code 128 + its number, without ``signal``.
    number = int(termination.get("signal") or 0) or (code - 128 if code - 128 in SIGNAL_NUMBERS else 0)
    reason: ExitReason = "memory" if termination.get("reason") == "OOMKilled" else "exited"
    return ProcessExit(None if number else code, number or None, reason, at)


def _parse_time(text: str | None) -> int | None:
    if not text:
        return None
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC).timestamp() * SECOND)


def _read_container_status(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return next((each for each in statuses if each.get("name") == CONTAINER_NAME), {})
