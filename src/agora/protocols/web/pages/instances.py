"""Instances: what runs here, what it uses, what it says, and what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from agora_sdk.contract.instances import InstanceStatus
from agora_sdk.errors import AgoraError

from ..registry import fragment, page
from ..view import View
from .list_parameters import asked, chosen, concerns, listed

__all__ = ["instance", "instances"]

EVENTS = ("agora.instance.*",)
TAIL = 16_384  #: bytes of its log that are shown


@page("instances", title="Instances", scope="read:instances", nav=70, key="i", live=("instance_rows",))
async def instances(view: View) -> Mapping[str, Any]:
    """All that may be seen."""
    offers = await asked(view, "agora.instance.discover", {"available": True, "limit": 200})
    return {
        **await instance_rows(view),
        "statuses": [status.value for status in InstanceStatus],
        "offers": offers.items if offers else [],
    }


@fragment("instance_rows", on=EVENTS, tick=10, every=1.0)
async def instance_rows(view: View) -> Mapping[str, Any]:
    """The table."""
    wanted = chosen(view, "status", "agent_id", "account")
    ended = view.query.get("ended") == "true"
    found, trouble = await listed(view, "agora.instance.list", {**wanted, "ended": ended})
    return {"found": found, "trouble": trouble, "filtered": bool(wanted) or ended}


@page("instances/{instance_id}", title="Instance", scope="read:instances", live=("instance_now", "instance_log"))
async def instance(view: View) -> Mapping[str, Any]:
    """One of them."""
    now, log = await asyncio.gather(_now(view), _log(view))
    return {**now, **log}


@fragment("instance_now", on=EVENTS, tick=5, every=0.5)
async def instance_now(view: View) -> Mapping[str, Any] | None:
    """How it is, what it uses, what it did."""
    return await _now(view) if concerns(view, view.path["instance_id"]) else None


@fragment("instance_log", on=EVENTS, tick=5, every=1.0)
async def instance_log(view: View) -> Mapping[str, Any] | None:
    """The end of its output."""
    return await _log(view) if concerns(view, view.path["instance_id"]) else None


async def _now(view: View) -> Mapping[str, Any]:
    id = view.path["instance_id"]
    instance, executions = await asyncio.gather(
        view.invoke("agora.instance.get", {"instance_id": id}),
        asked(view, "agora.instance.executions", {"instance_id": id, "limit": 12}),
    )
    ended = instance.desired_status == "stopped"
    return {"instance": instance, "executions": executions, "ended": ended}


async def _log(view: View) -> Mapping[str, Any]:
    try:
        log = await view.invoke("agora.instance.logs", {"instance_id": view.path["instance_id"], "offset": -TAIL})
    except AgoraError as error:  # its host is not there, or keeps nothing yet
        return {"log": None, "silent": error.detail}
    return {"log": log, "silent": ""}
