"""Media: tokens accepted by LiveKit's own library, and rooms on a stub of LiveKit that checks each request."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from livekit import api

from agora.builtin_agents.media import parse_media_sentence
from agora.server.app import App
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, Unauthenticated, UpstreamFailed, UpstreamUnavailable
from tests.conformance.engines import Engine, RunsOn
from tests.harness import ManualClock, free_port, make_settings
from tests.market import Market
from tests.stand_in_http import serve_http

RUNS_ON = RunsOn.BOTH
KEY, SECRET = "APIkey", "a secret that is long enough for HS256"


class LiveKit:
    """LiveKit's room service as used here: every request must have a token with the grants of its method."""

    def __init__(self) -> None:
        self.rooms: dict[str, dict[str, Any]] = {}
        self.verifier = api.TokenVerifier(KEY, SECRET)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        assert (method, headers["content-type"]) == ("POST", "application/json")
        try:
            grants = self.verifier.verify(headers["authorization"].removeprefix("Bearer ")).video
        except Exception:
            return 401, {"code": "unauthenticated", "msg": "invalid token"}
        assert grants is not None
        request = json.loads(body)
        match path.removeprefix("/twirp/livekit.RoomService/"):
            case "CreateRoom":
                assert grants.room_create
                name = request["name"]
                fresh = {
                    **request,
                    "sid": f"RM_{len(self.rooms)}",
                    "creation_time": "1700000000",
                    "num_participants": 2,
                }
                return 200, self.rooms.setdefault(name, fresh)
            case "ListRooms":
                assert grants.room_list
                names = request.get("names") or list(self.rooms)
                return 200, {"rooms": [self.rooms[name] for name in names if name in self.rooms]}
            case "ListParticipants":
                assert grants.room_admin
                assert grants.room == request["room"]
                permission = {"canPublish": True}
                ada = {"identity": "ada", "state": "ACTIVE", "joinedAt": "1700000001", "permission": permission}
                return 200, {"participants": [ada, {"identity": "bob"}]}
        return 404, {"code": "bad_route"}


@pytest.fixture
def livekit() -> LiveKit:
    return LiveKit()


@pytest.fixture
async def market(tmp_path: Path, clock: ManualClock, livekit: LiveKit, engine: Engine) -> AsyncIterator[Market]:
    async with serve_http(livekit.answer) as url:
        settings = make_settings(
            tmp_path / "data",
            builtin_agents=True,
            livekit_url=url,
            livekit_public_url="wss://media.example",
            livekit_api_key=KEY,
            livekit_api_secret=SECRET,
        )
        app = App(settings, clock=clock, store=engine.store(clock))
        await app.start()
        await app.agent_host.wait_until_idle()
        yield Market(app, clock)
        await app.stop()


GRANTS = {
    "admin": (True, True, True, True, True),
    "moderator": (True, True, True, True, False),
    "publisher": (False, True, False, True, False),
    "participant": (False, True, True, True, False),
    "viewer": (False, False, True, False, False),
}


async def test_token_is_valid_for_livekit(market: Market) -> None:
    alice = await market.agent("Alice")
    for role, wanted in GRANTS.items():
        issued = await market.call(
            alice, "media.issue_token", room_name="stand up", identity="Ada L.", role=role, metadata="m", ttl_minutes=5
        )
        claims = api.TokenVerifier(KEY, SECRET).verify(issued.access_token)
        video = claims.video
        assert (claims.identity, claims.metadata, video.room, video.room_join) == ("Ada L.", "m", "stand up", True)
        flags = (video.room_admin, video.can_publish, video.can_subscribe, video.can_publish_data)
        assert (*map(bool, flags), bool(video.can_update_own_metadata)) == wanted, role
        assert not video.room_list, "a token shows no room of others"
        assert not video.room_create
    assert issued.join_url == f"wss://media.example/rtc?access_token={issued.access_token}"
    left = issued.expires_at - datetime.now(UTC)
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


async def test_rooms_are_created_listed_and_inspected(market: Market, livekit: LiveKit) -> None:
    alice = await market.agent("Alice")
    made = await market.call(alice, "media.create_room", room_name="standup", max_participants=5, metadata="daily")
    assert (made.room_name, made.room_id, made.max_participants, made.metadata) == ("standup", "RM_0", 5, "daily")
    again = await market.call(alice, "media.create_room", room_name="standup")
    assert again.room_id == "RM_0", "an existing room is unchanged"
    await market.call(alice, "media.create_room", room_name="retro")
    large = {"name": "zoo", "metadata": "x" * 2_000_000}
    livekit.rooms |= {name: {**large, "name": name} for name in ("zoo 1", "zoo 2")}
    cut = await market.call(alice, "media.list_rooms")
    assert ([room.room_name for room in cut.rooms], cut.has_more) == (["retro", "standup"], True)
    following = await market.call(alice, "media.list_rooms", cursor=cut.next_cursor)
    assert [room.room_name for room in following.rooms] == ["zoo 1"]
    livekit.rooms = {name: livekit.rooms[name] for name in ("standup", "retro")}
    livekit.rooms["acme:secret"] = {**livekit.rooms["retro"], "name": "acme:secret"}
    page = await market.call(alice, "media.list_rooms", limit=1)
    assert ([room.room_name for room in page.rooms], page.has_more) == (["retro"], True)
    rest = await market.call(alice, "media.list_rooms", limit=1, cursor=page.next_cursor)
    assert ([room.room_name for room in rest.rooms], rest.has_more) == (["standup"], False), (
        "not that of another tenant"
    )
    room = await market.call(alice, "media.get_room", room_name="standup")
    assert [(each.identity, each.state, each.is_publisher) for each in room.members] == [
        ("ada", "active", True),
        ("bob", "", False),
    ]
    for absent in ("nothing", "secret"):
        with pytest.raises(NotFound):
            await market.call(alice, "media.get_room", room_name=absent)


async def test_invalid_rooms_and_roles_are_refused(market: Market) -> None:
    alice = await market.agent("Alice")
    good = {"room_name": "standup", "identity": "ada"}
    for wrong in (
        {"room_name": "acme:secret"},
        {"room_name": "x" * 129},
        {"identity": ""},
        {"identity": "a\nb"},
        {"role": "owner"},
        {"ttl_minutes": 0},
        {"ttl_minutes": 1441},
        {"metadata": "x" * 4097},
    ):
        with pytest.raises(InvalidRequest) as refused:
            await market.call(alice, "media.issue_token", **(good | wrong))
        assert refused.value.extra["errors"][0]["field"] == next(iter(wrong))
    stranger = await market.app.authenticator.authenticate(None)
    with pytest.raises(Unauthenticated):
        await market.call(stranger, "media.issue_token", **good)


async def test_unreachable_livekit_server_is_named_without_its_secret(tmp_path: Path, clock: ManualClock) -> None:
    async def refusal(**settings: Any) -> Exception:
        app = App(make_settings(tmp_path / f"data{len(settings)}", **settings), clock=clock)
        await app.start()
        market = Market(app, clock)
        try:
            with pytest.raises((Conflict, UpstreamFailed)) as refused:
                await market.call(market.operator, "media.list_rooms")
            return refused.value
        finally:
            await app.stop()

    assert "livekit_url" in str((await refusal()).fix)  # type: ignore[attr-defined]
    away = {"livekit_url": f"ws://127.0.0.1:{free_port()}", "livekit_api_key": KEY}
    assert isinstance(error := await refusal(**away, livekit_api_secret=SECRET), UpstreamUnavailable)
    assert SECRET not in str(error)
    async with serve_http(LiveKit().answer) as url:
        wrong = {
            "livekit_url": url,
            "livekit_api_key": KEY,
            "livekit_api_secret": "another secret of good length",
            "port": 0,
        }
        assert isinstance(error := await refusal(**wrong), UpstreamFailed)
        assert "livekit_api_secret" in str(error.fix)


async def test_media_agent_answers_about_rooms(market: Market) -> None:
    async def ask(text: str) -> Any:
        payload = {"text": text}
        receipt = await market.call(
            market.operator, "task.assign", task_type="a2a.message", assignee="Media Agent", payload=payload
        )
        await market.app.agent_host.wait_until_idle()
        return await market.call(market.operator, "task.get", task_id=receipt.task_id)

    assert (await ask("Create a room called standup")).result["room_name"] == "standup"
    token = (await ask("Please give me a token for Ada in room standup as viewer")).result
    assert api.TokenVerifier(KEY, SECRET).verify(token["access_token"]).video.can_publish is False
    assert [room["room_name"] for room in (await ask("List rooms")).result["rooms"]] == ["standup"]
    assert [member["identity"] for member in (await ask("Who is in room standup?")).result["members"]] == ["ada", "bob"]
    refused = await ask("Token for Ada in room standup as admin")
    assert (refused.status, "agora.media.issue_token" in refused.error) == (TaskStatus.FAILED, True)
    assert (await ask("Sing")).status == TaskStatus.FAILED
    assert parse_media_sentence("Token for " + "a " * 5000) == {}


async def test_impossible_times_of_livekit_are_not_shown(market: Market, livekit: LiveKit) -> None:
    alice = await market.agent("Alice")
    await market.call(alice, "media.create_room", room_name="standup")
    for impossible in ("999999999999999", "253402300800"):
        livekit.rooms["standup"]["creation_time"] = impossible
        room = await market.call(alice, "media.get_room", room_name="standup")
        assert room.created_at == datetime(1970, 1, 1, tzinfo=UTC)
