"""Live fragments over a real socket: changes on a page, and their cost."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from agora.clock import new_id
from agora.core.events.frames import Batch, CloseReason, EncodedEvent
from agora.protocols.web import live_updates as live
from agora.protocols.web.live_updates import FragmentSink, RenderSchedule
from agora.protocols.web.pages import find_page
from agora.protocols.web.registry import FRAGMENTS, PAGES, Fragment, Page, register_fragment, register_page
from agora.protocols.web.templating import get_environment
from agora.protocols.web.view import View
from agora.store.port import NewEvent, StoredEvent, Tx
from agora_sdk.errors import RateLimited
from tests.harness import running
from tests.market import Market
from tests.polling import wait_until
from tests.unit.protocols.web.http_browser import HOME, Browser

PATIENCE = 30.0


# -- a test page ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A page whose fragment shows its arguments."""
    from jinja2 import ChoiceLoader, DictLoader

    assert find_page("")  # the pages are loaded by now

    @register_page("probe/{word}", title="Probe", template="probe.html", scope="read:events", live=("probed",))
    async def probing(view: View) -> Mapping[str, Any]:
        return {}

    @register_fragment("probed", on=("agora.agent.*", "agora.message.*", "note"), every=0.0)
    async def probed(view: View) -> Mapping[str, Any]:
        return {"seen": [event.data for event in view.events], "word": view.path["word"]}

    templates = {
        "probe.html": '<a href="{{ view.live_url }}"></a>',
        "live/probed.html": "{{ word }}{% if 'after' in view.query %} after{% endif %}:\n{% for data in seen %}<li>{{ data * view.query.get('times', '1') | int }}</li>\r\n{% endfor %}",
    }
    loader = get_environment().loader
    assert loader is not None
    monkeypatch.setattr(get_environment(), "loader", ChoiceLoader([DictLoader(templates), loader]))
    yield
    get_environment().cache.clear()  # type: ignore[union-attr]
    PAGES.pop()
    del FRAGMENTS["probed"]


@dataclass
class Message:
    """One message of a stream."""

    event: str = "message"
    data: str = ""
    id: str = ""


async def messages(response: httpx.Response) -> AsyncIterator[Message]:
    current, lines = Message(), []
    async for line in response.aiter_lines():
        if not line:
            if lines:
                current.data = "\n".join(lines).strip()
                yield current
            current, lines = Message(id=current.id), []
            continue
        name, _, value = line.partition(": ")
        if name == "data":
            lines.append(value)
        elif name in ("event", "id"):
            setattr(current, name, value)


@contextlib.asynccontextmanager
async def stream(client: httpx.AsyncClient, url: str, **headers: str) -> AsyncIterator[AsyncIterator[Message]]:
    async with client.stream("GET", url, headers={"accept": "text/event-stream", **headers}) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield messages(response)


async def following(found: AsyncIterator[Message]) -> Message:
    async with asyncio.timeout(PATIENCE):
        return await anext(found)


@pytest.fixture
async def served(market: Market) -> AsyncIterator[httpx.AsyncClient]:
    """A browser with a socket; the session of the owner of the given token."""
    async with running_beside(market) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        yield client


@contextlib.asynccontextmanager
async def running_beside(market: Market) -> AsyncIterator[str]:
    """Serve the application, which has already started."""

    class Beside:
        settings, backpressure = market.app.settings, market.app.backpressure

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await send({"type": "lifespan.shutdown.complete"})
                return
            await market.app(scope, receive, send)

        def drain(self) -> None:
            market.app.drain()

    async with running(Beside()) as server:  # type: ignore[arg-type]
        yield server.url


async def enter(market: Market, client: httpx.AsyncClient, token: str | None = None) -> None:
    """Give the client the cookie of a session."""
    browser = Browser(market.app)
    await browser.sign_in(token)
    client.cookies.set("agora_session", browser.cookie)


async def say(market: Market, text: str, to: list[str] = []) -> None:
    await market.call(market.operator, "event.publish", event_type="note", data=text, to=to)


# -- over a socket -------------------------------------------------------------------------------


async def test_changes_arrive_as_escaped_fragments(market: Market, served: httpx.AsyncClient) -> None:
    await enter(market, served)
    shown = await served.get(f"{HOME}probe/w%2F%3Cb%3E?x=1", headers={"accept": "text/html"})
    (url,) = re.findall(r'href="([^"]+)"', shown.text)
    assert url == f"{HOME}live/probe/w%2F%3Cb%3E?x=1&amp;after=0"
    await say(market, "between")  # after the page, before its stream
    async with stream(served, url.replace("&amp;", "&")) as found:
        first = await following(found)
        assert (first.event, first.data) == ("probed", "w/&lt;b&gt;:\n<li>between</li>")
        await say(market, "<script>\nid: 9\nevent: x\n\ndata: y</script>")
        second = await following(found)
        assert "<script>" not in second.data
        assert "&lt;script&gt;" in second.data
        assert (second.event, int(second.id) > int(first.id)) == ("probed", True)


async def test_stream_resumes_at_its_position(market: Market, served: httpx.AsyncClient) -> None:
    await enter(market, served)
    url = f"{HOME}live/probe/w?after=0"
    async with stream(served, url) as found:
        await say(market, "one")
        place = (await following(found)).id
    await say(market, "two")
    async with stream(served, url, **{"last-event-id": place}) as found:
        assert (await following(found)).data == "w:\n<li>two</li>"
    async with stream(served, f"{HOME}live/probe/w?after={place}") as found:
        assert (await following(found)).data == "w:\n<li>two</li>"


async def test_fragments_contain_only_visible_data(market: Market, served: httpx.AsyncClient) -> None:
    alice = await market.call(market.operator, "agent.register", agent_name="Alice")
    bob = await market.agent("Bob")
    tenant = await market.call(market.operator, "tenant.create", tenant_id="other")
    other = await market.app.authenticator.authenticate(tenant.token)
    await enter(market, served, alice.token)
    async with stream(served, f"{HOME}live/probe/w") as found:
        await say(market, "for Bob alone", [bob.subject])
        await market.call(other, "event.publish", event_type="note", data="of another tenant")
        await say(market, "for all")
        assert (await following(found)).data == "w:\n<li>for all</li>"
    await enter(market, served, tenant.token)  # an administrator of another tenant
    async with stream(served, f"{HOME}live/probe/w") as found:
        await say(market, "of the first tenant")
        await market.call(other, "event.publish", event_type="note", data="of another tenant")
        assert (await following(found)).data == "w:\n<li>of another tenant</li>"


@pytest.mark.parametrize("name", ["agent", "to_agent"])
async def test_live_messages_are_filtered_by_the_name_of_their_recipient(
    market: Market, served: httpx.AsyncClient, name: str
) -> None:
    alice, bob = await market.agent("Alice"), await market.agent("Bob")
    await enter(market, served)
    async with stream(served, f"{HOME}live/messages?{name}=Bob") as found:
        for agent, text in ((alice, "to Alice"), (bob, "to Bob")):
            await market.call(market.operator, "messaging.send", to_agent=agent.subject, content=text)
        fragment = await following(found)
    assert fragment.event == "messages"
    assert "to Bob" in fragment.data
    assert "to Alice" not in fragment.data


async def test_stream_ends_with_its_session(market: Market, served: httpx.AsyncClient) -> None:
    key = await market.call(market.operator, "token.create", label="k", scopes=["read:events"])
    await enter(market, served, key.token)
    async with stream(served, f"{HOME}live/probe/w") as found:
        await market.call(market.operator, "token.revoke", token_id=key.token_id)
        assert (await following(found)).event == "reload"
    gone = await served.get(f"{HOME}live/probe/w")
    assert gone.status_code == 401


async def test_page_far_behind_is_reloaded(market: Market, served: httpx.AsyncClient) -> None:
    await enter(market, served)
    event = NewEvent(new_id("evt"), "work.done", "/agora/agents/a", None, market.clock.now(), b"null", None)

    async def emit_many(tx: Tx) -> None:
        for _ in range(live.MAX_MISSED_EVENTS + 1):
            tx.emit(replace(event, event_id=new_id("evt")))

    await market.app.store.write("default", emit_many)
    await say(market, "late")
    head = market.app.feed.head("default")
    async with stream(served, f"{HOME}live/probe/w?after={head - live.MAX_MISSED_EVENTS - 1}") as found:
        assert (await following(found)).event == "reload"
    async with stream(served, f"{HOME}live/probe/w?after={head - live.MAX_MISSED_EVENTS}") as found:
        assert (await following(found)).event == "probed"


async def test_streams_are_bounded_and_restricted(market: Market, served: httpx.AsyncClient) -> None:
    assert (await served.get(f"{HOME}live/probe/w")).status_code == 401
    key = await market.call(market.operator, "token.create", label="k", scopes=["read:agents"])
    await enter(market, served, key.token)
    assert (await served.get(f"{HOME}live/probe/w")).status_code == 403
    served.cookies.clear()
    await enter(market, served)
    market.app.feed.max_each = 2
    async with stream(served, f"{HOME}live/probe/1"), stream(served, f"{HOME}live/probe/2"):
        third = await served.get(f"{HOME}live/probe/3")
        assert third.status_code == 503
        assert third.headers["retry-after"]
    for after in ("nonsense", "evt_" + "0" * 32, "-1", "9" * 30):
        answer = await served.get(f"{HOME}live/probe/1", params={"after": after})
        assert answer.status_code in (400, 404, 410, 422) or answer.text == "event: reload\ndata: {}\n\n", after


async def test_ended_streams_are_released(market: Market, served: httpx.AsyncClient) -> None:
    await enter(market, served)
    async with stream(served, f"{HOME}live/probe/1"), stream(served, f"{HOME}live/probe/2"):
        assert len(market.app.feed) == 2
    await wait_until(lambda: not len(market.app.feed))


async def test_connection_lost_before_the_first_answer_releases_the_stream(market: Market) -> None:
    browser = Browser(market.app)
    await browser.sign_in()
    for path in (f"{HOME}live/probe/1", f"{HOME}export/json"):
        scope = {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "http_version": "1.1",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:8080"), (b"cookie", f"agora_session={browser.cookie}".encode())],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8080),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def fail_to_send(message: Any) -> None:
            raise ConnectionResetError

        with contextlib.suppress(ConnectionResetError):
            await market.app(scope, receive, fail_to_send)
        assert len(market.app.feed) == 0, path


async def test_client_that_does_not_read_is_disconnected(
    market: Market, served: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STALL_SECONDS", 0.2)
    await enter(market, served)
    with socket.socket() as peer:
        peer.setblocking(False)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(peer, (served.base_url.host, served.base_url.port))
        cookie = served.cookies["agora_session"]
        # a fragment larger than the buffers between client and server
        request = (
            f"GET {HOME}live/probe/w?times=20000 HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: agora_session={cookie}\r\n\r\n"
        )
        await loop.sock_sendall(peer, request.encode())
        await wait_until(lambda: len(market.app.feed))
        await say(market, "x" * 1000)
        await wait_until(lambda: not len(market.app.feed))


# -- cost ----------------------------------------------------------------------------------------


async def nothing(view: View) -> Mapping[str, Any]:
    return {}


def parts(*names: str, on: tuple[str, ...] = ("*",), **options: Any) -> list[Fragment]:
    return [Fragment(name, nothing, on, **options) for name in names]


def batch(*events: tuple[int, str]) -> Batch:
    stored = [
        StoredEvent("default", number, NewEvent(f"evt_{number}", type, "/x", None, 0, b"{}", None))
        for number, type in events
    ]
    return Batch([EncodedEvent(each) for each in stored], events[-1][0])


async def test_events_are_not_queued_for_a_slow_reader() -> None:
    feeder = FragmentSink([*parts("all"), *parts("agents", on=("agora.agent.*",))], 0)
    for number in range(1, 5001):
        assert feeder.try_write(batch((number, "agora.agent.updated" if number % 2 else f"own.{number}")))
    assert feeder.position == 5000
    assert feeder.due == {"all", "agents"}
    events: Sequence[EncodedEvent] = feeder.pop_events("agents")
    assert [item.number for item in events] == list(range(4801, 5000, 2))
    assert len(feeder.pop_events("all")) == 100
    assert len(feeder.fragments_by_type) <= 1000
    assert feeder.due == set()


async def test_events_of_a_refused_rendering_are_shown_by_the_next_one() -> None:
    seen: list[Any] = []

    async def build(view: Any) -> None:
        seen.append([event.sequence for event in view.events])
        if len(seen) == 1:
            feeder.try_write(batch((2, "note")))
            raise RateLimited("Too many calls.", retry_after=0)
        feeder.end(CloseReason())

    async def send(message: Any) -> None: ...

    feeder = FragmentSink([replace(parts("grown")[0], build=build, grows=True)], 0)
    feeder.try_write(batch((1, "note")))
    view: Any = SimpleNamespace(with_events=lambda events, position: SimpleNamespace(events=events))
    async with asyncio.timeout(PATIENCE):
        await live.FragmentRenderer(view, feeder, live.EventStreamWriter(send)).render_until_end()
    assert seen == [[1], [1, 2]]


async def test_refused_rendering_holds_up_neither_other_fragments_nor_the_end_of_the_page() -> None:
    loop = asyncio.get_running_loop()

    async def refuse(view: Any) -> None:
        loop.call_soon(feeder.try_write, batch((2, "agora.agent.updated")))
        raise RateLimited("Too many calls.", retry_after=3600)

    async def build(view: Any) -> None:
        loop.call_soon(feeder.end, CloseReason())

    async def send(message: Any) -> None: ...

    refused, other = parts("refused", on=("note",))[0], parts("other", on=("agora.agent.*",))[0]
    feeder = FragmentSink([replace(refused, build=refuse), replace(other, build=build)], 0)
    feeder.try_write(batch((1, "note")))
    view: Any = SimpleNamespace(with_events=lambda events, position: None)
    async with asyncio.timeout(PATIENCE):
        await live.FragmentRenderer(view, feeder, live.EventStreamWriter(send)).render_until_end()
    assert feeder.due == {"refused"}


async def test_stream_that_ends_during_a_rendering_ends_the_page() -> None:
    async def build(view: Any) -> None:
        feeder.end(CloseReason())

    async def send(message: Any) -> None: ...

    feeder = FragmentSink([replace(parts("only")[0], build=build)], 0)
    feeder.try_write(batch((1, "note")))
    view: Any = SimpleNamespace(with_events=lambda events, position: None)
    async with asyncio.timeout(PATIENCE):
        await live.FragmentRenderer(view, feeder, live.EventStreamWriter(send)).render_until_end()
    assert feeder.due == set()


def test_fragments_are_rendered_once_per_tick() -> None:
    first, second = parts("first", every=0.25)[0], parts("second", tick=5.0)[0]
    schedule = RenderSchedule([first, second], 100.0)
    assert schedule.compute_seconds_to_wait([], 100.0) == 5.0
    assert schedule.list_ready_fragments(["first"], 100.0) == [first]
    schedule.mark_rendered(first, 100.0, 100.001)
    assert schedule.list_ready_fragments(["first", "second"], 100.01) == []  # a twentieth of the interval
    assert schedule.list_ready_fragments(["first", "second"], 100.03) == [second]
    assert schedule.list_ready_fragments(["first"], 100.26) == [first]
    schedule.mark_rendered(first, 101.0, 101.5)  # a slow query
    assert schedule.compute_seconds_to_wait(["second"], 101.5) == pytest.approx(3.5)  # its tick, before the others end
    assert schedule.list_ready_fragments(["second"], 105.0) == []
    assert schedule.list_ready_fragments(["second"], 111.6) == [second]
    assert schedule.list_due_ticks(105.0) == ["second"]
    schedule.postpone(second, 30, 105.0)
    assert schedule.list_due_ticks(120.0) == []


def test_page_contains_its_fragments() -> None:
    missing = [(each.path, name) for each in PAGES for name in each.live if name not in FRAGMENTS]
    assert missing == []
    assert all(isinstance(each, Page) for each in PAGES)
