"""Media: rooms of a LiveKit server for audio and video, and tokens with which people and agents join them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .fields import PRINTABLE, Cursor, Limit, Text, Timestamp
from .operation import Kind, Service, operation
from .results import Page, Result

__all__ = ["Media", "MediaParticipant", "MediaRole", "MediaRoom", "MediaRoomDetail", "MediaRoomPage", "MediaToken"]

MediaRole = Literal["admin", "moderator", "publisher", "participant", "viewer"]
RoomName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$",
        description="Name of a room, unique in the marketplace.",
    ),
]
RoomMetadata = Annotated[Text, Field(max_length=8192, description="Text that everybody in the room can read.")]


class MediaToken(Result):
    """A token with which its bearer joins a room. Whoever has it is taken for ``identity``."""

    access_token: str
    join_url: str = Field(description="Address at which LiveKit's clients join, with the token in it.")
    expires_at: Timestamp
    server_url: str = Field(description="Address of the LiveKit server, for clients that take the token apart from it.")
    room: str = Field(description="Name of the room as LiveKit knows it.")
    identity: str


class MediaRoom(Result):
    """A room."""

    room_name: str
    room_id: str
    participants: int = Field(description="How many are in it.")
    max_participants: int = Field(description="How many may be in it; 0: no limit.")
    empty_timeout: int = Field(description="Seconds after which it is closed while nobody is in it.")
    metadata: str = ""
    created_at: Timestamp


class MediaRoomPage(Page[MediaRoom]):
    items_field: ClassVar[str] = "rooms"

    rooms: list[MediaRoom]


class MediaParticipant(Result):
    """Somebody in a room."""

    identity: str
    name: str = ""
    state: str = ""
    is_publisher: bool = False
    joined_at: Timestamp


class MediaRoomDetail(MediaRoom):
    """A room with those in it, the first 500."""

    members: list[MediaParticipant]


class Media(Service, category="media"):
    """Rooms of the LiveKit server that the settings name. Each tenant has rooms of its own."""

    @operation("POST /v1/livekit/token", "POST /agora/media/token", scope="write:media")
    async def issue_token(
        self,
        room_name: RoomName,
        identity: Annotated[
            str,
            Field(min_length=1, max_length=128, pattern=PRINTABLE, description="Who joins; unique in the room."),
        ],
        role: Annotated[
            MediaRole,
            Field(
                description="admin and moderator remove and mute others, and an admin changes its own metadata; a publisher "
                "only sends, a participant sends and receives, a viewer only receives."
            ),
        ] = "participant",
        *,
        metadata: Annotated[
            Text | None, Field(max_length=4096, description="Text about them that everybody in the room can read.")
        ] = None,
        ttl_minutes: Annotated[int, Field(ge=1, le=1440, description="Minutes in which the room can be joined.")] = 60,
    ) -> MediaToken:
        """Issue a token for a room, which exists from when somebody joins it. Nothing is asked of the LiveKit server."""

    @operation("POST /v1/livekit/rooms", "POST /agora/media/rooms", scope="write:media", kind=Kind.RELAY)
    async def create_room(
        self,
        room_name: RoomName,
        *,
        empty_timeout: Annotated[
            int, Field(ge=0, le=86_400, description="Seconds after which an empty room is closed.")
        ] = 300,
        max_participants: Annotated[int, Field(ge=0, le=10_000, description="0: no limit.")] = 0,
        metadata: RoomMetadata = "",
    ) -> MediaRoom:
        """Create a room; one that is there stays as it is, and is answered."""

    @operation("GET /v1/livekit/rooms", "GET /agora/media/rooms", scope="read:media", kind=Kind.RELAY)
    async def list_rooms(self, *, limit: Limit = 100, cursor: Cursor = None) -> MediaRoomPage:
        """List the rooms there are, by name."""

    @operation(
        "GET /v1/livekit/rooms/{room_name}", "GET /agora/media/rooms/{room_name}", scope="read:media", kind=Kind.RELAY
    )
    async def get_room(self, room_name: RoomName) -> MediaRoomDetail:
        """Show a room and who is in it. Raises NotFound."""
