"""Opens a room on the marketplace's LiveKit server, and gives tokens to those who meet in it.

Run it with a server up that has livekit_url, livekit_api_key and livekit_api_secret: python examples/livekit_demo.py [ROOM]
"""

from __future__ import annotations

import sys

from agora_sdk import AgoraClient
from agora_sdk.errors import AgoraError

MEETING = {"Ada": "moderator", "Robot": "participant", "Guest": "viewer"}


def main() -> int:
    room_name = sys.argv[1] if len(sys.argv) > 1 else "demo"
    with AgoraClient(mode="sync") as client:
        try:
            room = client.media.create_room(room_name, max_participants=len(MEETING))
            print(f"The room {room.room_name} is open.")
            for identity, role in MEETING.items():
                token = client.media.issue_token(room_name, identity, role, ttl_minutes=30)
                print(f"{identity} joins as {role} until {token.expires_at:%H:%M}: {token.join_url}")
            print(f"Rooms: {', '.join(each.room_name for each in client.media.list_rooms())}")
        except AgoraError as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
