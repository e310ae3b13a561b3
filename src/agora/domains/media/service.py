"""Implementation of the media contract: tokens are signed here, rooms belong to LiveKit.

All tenants share one LiveKit server, so a room of a tenant other than the default one is named ``TENANT:ROOM`` there;
names given by callers contain no colon.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any, Final, TypeVar
from urllib.parse import quote

from agora.clock import SECOND, to_datetime
from agora.core import pagination as paging
from agora.core.call import BoundService, Call, cast_relay_to_result
from agora.core.errors import not_found
from agora.core.usage import DEFAULT_TENANT
from agora.settings import Settings
from agora_sdk.contract import implements
from agora_sdk.contract import media as contract
from agora_sdk.contract.results import Result
from agora_sdk.errors import AgoraError, Conflict

from .access_tokens import build_room_claims, sign_livekit_token
from .livekit_client import LiveKitClient

__all__ = ["MediaService"]

R = TypeVar("R", bound=Result)
TIMEOUT_SECONDS: Final = 15.0
MAX_MEMBERS: Final = 500
LIST_GRANT: Final = {"roomList": True}
MAX_TIME: Final = 253_402_300_799  #: end of the year 9999, in seconds since 1970
CREATE_GRANT: Final = {"roomCreate": True}


class MediaService(BoundService, contract.Media):
    """Rooms, and tokens for them."""

    @implements
    async def issue_token(
        self,
        room_name: str,
        identity: str,
        role: contract.MediaRole = "participant",
        *,
        metadata: str | None = None,
        ttl_minutes: int = 60,
    ) -> contract.MediaToken:
        settings = self._require_livekit_settings()
        room, now, seconds = self._build_livekit_room_name(room_name), self.call.now // SECOND, ttl_minutes * 60
        claims = build_room_claims(room, identity, role, metadata)
        key, secret = settings.livekit_api_key, settings.livekit_api_secret.get_secret_value()
        token = sign_livekit_token(key, secret, claims, now=now, seconds=seconds)
        public = _convert_to_socket_url(settings.livekit_public_url or settings.livekit_url)
        self.call.target = room_name
        return contract.MediaToken(
            access_token=token,
            join_url=f"{public}/rtc?access_token={quote(token, safe='')}",
            expires_at=to_datetime((now + seconds) * SECOND),
            server_url=public,
            room=room,
            identity=identity,
        )

    @implements
    async def create_room(
        self, room_name: str, *, empty_timeout: int = 300, max_participants: int = 0, metadata: str = ""
    ) -> contract.MediaRoom:
        client, name = self._create_client(), self._build_livekit_room_name(room_name)
        request = {
            "name": name,
            "empty_timeout": empty_timeout,
            "max_participants": max_participants,
            "metadata": metadata,
        }
        self.call.target = room_name

        async def create_livekit_room() -> contract.MediaRoom:
            room = await client.call_method("CreateRoom", request, CREATE_GRANT)
            return contract.MediaRoom(**_build_room_fields(room or {}, room_name))

        # As a relay, after the transaction: a slow LiveKit must not hold a connection of the database.
        return cast_relay_to_result(create_livekit_room, _return_answer_or_raise, TIMEOUT_SECONDS)

    @implements
    async def list_rooms(self, *, limit: int = 100, cursor: str | None = None) -> contract.MediaRoomPage:
        client, prefix = self._create_client(), self._build_room_prefix()
        after = paging.decode_cursor(cursor, str)[0] if cursor else ""
        page_bytes = self.call.context.settings.page_bytes

        async def list_livekit_rooms() -> contract.MediaRoomPage:
            answer = await client.call_method("ListRooms", {}, LIST_GRANT) or {}
            rooms = {
                name.removeprefix(prefix): room
                for room in answer.get("rooms") or ()
                if isinstance(name := room.get("name"), str) and name.startswith(prefix)
            }
            # The default tenant has no prefix, so a colon marks a room of another tenant.
            names = sorted(name for name in rooms if ":" not in name and name > after)
            budget = paging.PageBudget(page_bytes)
            page = list(takewhile(lambda name: budget.take_if_fits((name, rooms[name].get("metadata"))), names[:limit]))
            return contract.MediaRoomPage(
                rooms=[contract.MediaRoom(**_build_room_fields(rooms[name], name)) for name in page],
                count=len(page),
                has_more=len(names) > len(page),
                next_cursor=paging.encode_cursor(page[-1]) if len(names) > len(page) else None,
            )

        return cast_relay_to_result(list_livekit_rooms, _return_answer_or_raise, TIMEOUT_SECONDS)

    @implements
    async def get_room(self, room_name: str) -> contract.MediaRoomDetail:
        client, name = self._create_client(), self._build_livekit_room_name(room_name)

        async def read_livekit_room() -> contract.MediaRoomDetail:
            # LiveKit's room service has no method for a single room.
            answer = await client.call_method("ListRooms", {"names": [name]}, LIST_GRANT) or {}
            room = next((each for each in answer.get("rooms") or () if each.get("name") == name), None)
            if room is None:
                raise not_found(
                    "room_name", f"There is no room {room_name!r}.", fix="Rooms are listed with GET /v1/livekit/rooms."
                )
            members = (
                await client.call_method("ListParticipants", {"room": name}, {"roomAdmin": True, "room": name}) or {}
            )
            participants = [_build_participant(each) for each in (members.get("participants") or ())[:MAX_MEMBERS]]
            return contract.MediaRoomDetail(**_build_room_fields(room, room_name), members=participants)

        return cast_relay_to_result(read_livekit_room, _return_answer_or_raise, TIMEOUT_SECONDS)

    # -- LiveKit -------------------------------------------------------------------------------------------

    def _require_livekit_settings(self) -> Settings:
        settings = self.call.context.settings
        if not (settings.livekit_url and settings.livekit_api_key and settings.livekit_api_secret.get_secret_value()):
            raise Conflict(
                "This server has no LiveKit server.",
                fix="An operator sets livekit_url, livekit_api_key and livekit_api_secret.",
            )
        return settings

    def _create_client(self) -> LiveKitClient:
        settings = self._require_livekit_settings()
        secret = settings.livekit_api_secret.get_secret_value()
        return LiveKitClient(_convert_to_http_url(settings.livekit_url), settings.livekit_api_key, secret)

    def _build_room_prefix(self) -> str:
        tenant = self.call.caller.tenant
        return "" if tenant == DEFAULT_TENANT else f"{tenant}:"

    def _build_livekit_room_name(self, room_name: str) -> str:
        return self._build_room_prefix() + room_name


async def _return_answer_or_raise(call: Call, outcome: R | AgoraError) -> R:
    if isinstance(outcome, AgoraError):
        raise outcome
    return outcome


def _build_room_fields(room: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Build a room from LiveKit's JSON, in which 64-bit numbers are strings and zero values are omitted."""
    return {
        "room_name": name,
        "room_id": str(room.get("sid", "")),
        "participants": _parse_number_or_zero(room, "num_participants", "numParticipants"),
        "max_participants": _parse_number_or_zero(room, "max_participants", "maxParticipants"),
        "empty_timeout": _parse_number_or_zero(room, "empty_timeout", "emptyTimeout"),
        "metadata": str(room.get("metadata", "")),
        "created_at": _parse_time_or_epoch(room, "creation_time", "creationTime"),
    }


def _build_participant(participant: Mapping[str, Any]) -> contract.MediaParticipant:
    permission = participant.get("permission") or {}
    return contract.MediaParticipant(
        identity=str(participant.get("identity", "")),
        name=str(participant.get("name", "")),
        state=str(participant.get("state", "")).lower(),
        is_publisher=bool(permission.get("can_publish", permission.get("canPublish", False))),
        joined_at=_parse_time_or_epoch(participant, "joined_at", "joinedAt"),
    )


def _parse_number_or_zero(holder: Mapping[str, Any], *names: str) -> int:
    # Twirp servers write the names of the .proto by default, and those of ProtoJSON if so configured.
    value = next((holder[name] for name in names if name in holder), 0)
    return int(value) if str(value).isdecimal() and len(str(value)) < 16 else 0


def _convert_to_http_url(url: str) -> str:
    return url.replace("ws", "http", 1).rstrip("/") if url.startswith("ws") else url.rstrip("/")


def _parse_time_or_epoch(holder: Mapping[str, Any], *names: str) -> datetime:
    """Read a time in seconds; 1970 if it is missing or no possible time."""
    seconds = _parse_number_or_zero(holder, *names)
    return to_datetime(seconds * SECOND if seconds <= MAX_TIME else 0)


def _convert_to_socket_url(url: str) -> str:
    return url.replace("http", "ws", 1).rstrip("/") if url.startswith("http") else url.rstrip("/")
