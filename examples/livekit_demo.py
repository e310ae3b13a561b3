"""Create a room on a LiveKit server, and issue access tokens for three participants.

Usage: python examples/livekit_demo.py [ROOM]

The Agora server must be running with the settings livekit_url, livekit_api_key and livekit_api_secret. If agora-server[livekit] is
installed and LIVEKIT_API_KEY and LIVEKIT_API_SECRET are set, LiveKit's own library verifies each token.
"""

from __future__ import annotations

import os
import sys
from typing import Literal

from agora_sdk import AgoraClient
from agora_sdk.errors import AgoraError

MEETING: dict[str, Literal["moderator", "participant", "viewer"]] = {
    "Ada": "moderator",
    "Robot": "participant",
    "Guest": "viewer",
}


def check_token(token: str, room_name: str) -> str:
    """Verify a token with LiveKit's library. Returns a note for the output, empty without the library or the secret."""
    try:
        from livekit.api import TokenVerifier
    except ImportError:
        return ""
    if "LIVEKIT_API_SECRET" not in os.environ:
        return ""
    claims = TokenVerifier(os.environ["LIVEKIT_API_KEY"], os.environ["LIVEKIT_API_SECRET"]).verify(token)
    grants = claims.video
    if grants is None or grants.room != room_name:
        raise SystemExit(f"LiveKit's library does not find the room {room_name} in the token.")
    return ", as LiveKit's library confirms"


def main() -> int:
    room_name = sys.argv[1] if len(sys.argv) > 1 else "demo"
    with AgoraClient(mode="sync") as client:
        try:
            room = client.media.create_room(room_name, max_participants=len(MEETING))
            print(f"The room {room.room_name} is open.")
            for identity, role in MEETING.items():
                token = client.media.issue_token(room_name, identity, role, ttl_minutes=30)
                checked = check_token(token.access_token, room.room_name)
                print(f"{identity} joins as {role} until {token.expires_at:%H:%M}{checked}: {token.join_url}")
            print(f"Rooms: {', '.join(each.room_name for each in client.media.list_rooms())}")
        except AgoraError as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
