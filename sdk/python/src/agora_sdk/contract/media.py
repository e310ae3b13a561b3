"""Media: rooms of a LiveKit server for audio and video, and tokens for joining them."""

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
RoomMetadata = Annotated[Text, Field(max_length=8192, description="Metadata visible to everyone in the room.")]


class MediaToken(Result):
    """A token for joining a room. Its bearer joins as ``identity``."""

    access_token: str
    join_url: str = Field(description="URL for LiveKit clients, including the token.")
    expires_at: Timestamp
    server_url: str = Field(description="URL of the LiveKit server, for clients that take the token separately.")
    room: str = Field(description="Name of the room in LiveKit.")
    identity: str


class MediaRoom(Result):
    """A room."""

    room_name: str
    room_id: str
    participants: int = Field(description="Number of participants.")
    max_participants: int = Field(description="Maximum number of participants; 0: no limit.")
    empty_timeout: int = Field(description="Seconds after which an empty room is closed.")
    metadata: str = ""
    created_at: Timestamp


class MediaRoomPage(Page[MediaRoom]):
    items_field: ClassVar[str] = "rooms"

    rooms: list[MediaRoom]


class MediaParticipant(Result):
    """A participant of a room."""

    identity: str
    name: str = ""
    state: str = ""
    is_publisher: bool = False
    joined_at: Timestamp


class MediaRoomDetail(MediaRoom):
    """A room with its first 500 participants."""

    members: list[MediaParticipant]


class Media(Service, category="media"):
    """Rooms of the configured LiveKit server. Each tenant has its own rooms."""

    @operation("POST /v1/livekit/token", "POST /agora/media/token", scope="write:media")
    async def issue_token(
        self,
        room_name: RoomName,
        identity: Annotated[
            str,
            Field(
                min_length=1,
                max_length=128,
                pattern=PRINTABLE,
                description="Identity of the participant, unique in the room.",
            ),
        ],
        role: Annotated[
            MediaRole,
            Field(
                description="admin and moderator can remove and mute others; an admin can also change its own "
                "metadata. A publisher only sends, a participant sends and receives, a viewer only receives."
            ),
        ] = "participant",
        *,
        metadata: Annotated[
            Text | None,
            Field(max_length=4096, description="Metadata of the participant, visible to everyone in the room."),
        ] = None,
        ttl_minutes: Annotated[int, Field(ge=1, le=1440, description="Minutes for which the token is valid.")] = 60,
    ) -> MediaToken:
        """Issue a token for a room, which is created when someone joins. Does not contact the LiveKit server."""

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
        """Create a room. An existing room is returned unchanged."""

    @operation("GET /v1/livekit/rooms", "GET /agora/media/rooms", scope="read:media", kind=Kind.RELAY)
    async def list_rooms(self, *, limit: Limit = 100, cursor: Cursor = None) -> MediaRoomPage:
        """List the rooms by name."""

    @operation(
        "GET /v1/livekit/rooms/{room_name}", "GET /agora/media/rooms/{room_name}", scope="read:media", kind=Kind.RELAY
    )
    async def get_room(self, room_name: RoomName) -> MediaRoomDetail:
        """Show a room and its participants. Raises NotFound."""
