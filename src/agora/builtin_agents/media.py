"""The media agent: audio and video rooms and their tokens, requested by sentences or data."""

from __future__ import annotations

import re
from typing import Any, Final

from agora.settings import Settings
from agora_sdk.errors import AgoraError

from .port import BuiltinAgent, Job, Profile, Reply, TaskFailed

__all__ = ["MediaAgent", "parse_media_sentence"]

ACTIONS: Final = ("create_room", "issue_token", "list_rooms", "get_room")
#: Roles that can be requested in a sentence. Tokens of admins and moderators are only issued by the operation.
GRANTABLE_ROLES: Final = ("participant", "publisher", "viewer")
HELP: Final = (
    "I create rooms, list them, show who is in one, and give tokens. Say for example: Create a room standup; "
    "Token for Ada in room standup as viewer; List rooms; Who is in room standup?"
)
_NAME: Final = r"[\"']?(?P<room_name>[A-Za-z0-9][A-Za-z0-9 ._-]{0,127}?)[\"']?"
_PHRASES: Final = tuple(
    (action, re.compile(pattern + r"\s*[.?!]*\s*$", re.IGNORECASE))
    for action, pattern in (
        (
            "list_rooms",
            r"^\s*(?:please\s+)?(?:list|show|which)\s+(?:me\s+)?(?:all\s+|the\s+)?(?:media\s+)?rooms(?:\s+are\s+there)?",
        ),
        (
            "issue_token",
            r"^\s*(?:.{0,40}\b)?token\s+for\s+[\"']?(?P<identity>[^\"'\n]{1,128}?)[\"']?\s+(?:in|to|for)\s+(?:the\s+)?room\s+"
            + _NAME
            + r"(?:\s+as\s+(?:an?\s+)?(?P<role>\w{1,20}))?",
        ),
        (
            "create_room",
            r"^\s*(?:please\s+)?(?:create|open|make|start)\s+(?:an?\s+|the\s+)?(?:\w{1,20}\s+)?(?:room|session)\s+"
            r"(?:called\s+|named\s+|for\s+)?" + _NAME,
        ),
        ("get_room", r"^\s*(?:who\s+is\s+in|show|info(?:rmation)?\s+(?:on|about|of))\s+(?:the\s+)?room\s+" + _NAME),
    )
)


class MediaAgent(BuiltinAgent):
    """Calls ``agora.media`` for the requester; publishes ``media.room_created``."""

    profile = Profile(
        "Media Agent",
        "Opens rooms for audio and video on the LiveKit server of this marketplace, and gives tokens to join them.",
        [
            {
                "id": "media-session",
                "name": "Rooms for audio and video",
                "description": "Creates and lists rooms and issues tokens; data as {action, room_name, identity, role, ttl_minutes}.",
                "tags": ["media", "livekit", "audio", "video", "room"],
                "examples": ["Create a room standup", "Token for Ada in room standup as viewer", "List rooms"],
            }
        ],
        ["builtin", "media"],
    )

    def is_available(self, settings: Settings) -> bool:
        return bool(settings.livekit_url and settings.livekit_api_key)

    async def perform_task(self, job: Job) -> Reply:
        request = job.data if "action" in job.data else parse_media_sentence(job.text)
        action = request.pop("action", None)
        if action not in ACTIONS:
            raise TaskFailed(HELP)
        if action == "issue_token" and request.get("role", "participant") not in GRANTABLE_ROLES:
            raise TaskFailed(
                f"I give tokens of {', '.join(GRANTABLE_ROLES)}. Others come from agora.media.issue_token."
            )
        try:
            result = await job.call(f"agora.media.{action}", **request)
        except AgoraError as error:
            raise TaskFailed(error.detail) from None
        data = result.model_dump(mode="json")
        if action == "create_room":
            await job.publish("media.room_created", {"room_name": data["room_name"], "by": job.requester})
        return Reply([{"text": _describe_media_result(action, data)}, {"data": data}], result=data)


def parse_media_sentence(text: str) -> dict[str, Any]:
    """Parse a sentence into an action and its arguments. Empty if it matches no command."""
    for action, pattern in _PHRASES:
        match = pattern.match(text[:500])
        if match is not None:
            arguments = {name: part.strip() for name, part in match.groupdict().items() if part}
            if "role" in arguments:
                arguments["role"] = arguments["role"].lower()
            return {"action": action, **arguments}
    return {}


def _describe_media_result(action: str, data: dict[str, Any]) -> str:
    match action:
        case "issue_token":
            return f"{data['identity']} may join until {data['expires_at']}: {data['join_url']}"
        case "create_room":
            return f"The room {data['room_name']} is open."
        case "list_rooms":
            names = [f"{room['room_name']} ({room['participants']})" for room in data["rooms"]]
            return f"Rooms: {', '.join(names)}." if names else "There are no rooms."
        case _:
            members = [member["identity"] for member in data["members"]]
            return f"In {data['room_name']}: {', '.join(members)}." if members else f"Nobody is in {data['room_name']}."
