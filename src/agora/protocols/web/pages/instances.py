"""Instances: their state, resource use, output and cost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from agora_sdk.contract.instances import InstanceStatus
from agora_sdk.errors import AgoraError

from ..registry import register_fragment, register_page
from ..view import View
from .list_parameters import list_page_or_filter_error, query_if_allowed, read_url_filters, register_target_fragment

__all__ = ["load_instance_page", "load_instances_page"]

EVENTS = ("agora.instance.*",)
LOG_TAIL_BYTES = 16_384  #: maximum bytes shown of the log


@register_page("instances", title="Instances", scope="read:instances", nav=70, key="i", live=("instance_rows",))
async def load_instances_page(view: View) -> Mapping[str, Any]:
    """Load all visible instances."""
    offers = await query_if_allowed(view, "agora.instance.discover", {"available": True, "limit": 200})
    return {
        **await load_instance_table(view),
        "statuses": [status.value for status in InstanceStatus],
        "offers": offers.items if offers else [],
    }


@register_fragment("instance_rows", on=EVENTS, tick=10, every=1.0)
async def load_instance_table(view: View) -> Mapping[str, Any]:
    """Load the table."""
    filters = read_url_filters(view, "status", "agent_id", "account")
    include_ended = view.query.get("ended") == "true"
    result_page, error = await list_page_or_filter_error(
        view, "agora.instance.list", {**filters, "ended": include_ended}
    )
    return {"found": result_page, "trouble": error, "filtered": bool(filters) or include_ended}


@register_page(
    "instances/{instance_id}", title="Instance", scope="read:instances", live=("instance_now", "instance_log")
)
async def load_instance_page(view: View) -> Mapping[str, Any]:
    """Load one instance."""
    now, log = await asyncio.gather(_load_instance_values(view), _load_log_values(view))
    return {**now, **log}


@register_target_fragment("instance_now", "instance_id", on=EVENTS, tick=5, every=0.5)
async def _load_instance_values(view: View) -> Mapping[str, Any]:
    id = view.path["instance_id"]
    instance, executions = await asyncio.gather(
        view.invoke("agora.instance.get", {"instance_id": id}),
        query_if_allowed(view, "agora.instance.executions", {"instance_id": id, "limit": 12}),
    )
    include_ended = instance.desired_status == "stopped"
    return {"instance": instance, "executions": executions, "ended": include_ended}


@register_target_fragment("instance_log", "instance_id", on=EVENTS, tick=5, every=1.0)
async def _load_log_values(view: View) -> Mapping[str, Any]:
    try:
        log = await view.invoke(
            "agora.instance.logs", {"instance_id": view.path["instance_id"], "offset": -LOG_TAIL_BYTES}
        )
    except AgoraError as error:  # its host is offline, or has no log yet
        return {"log": None, "silent": error.detail}
    return {"log": log, "silent": ""}
