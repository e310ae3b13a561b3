"""The first act: agents find each other, talk, publish and watch; one is killed, another is paused."""

from __future__ import annotations

import random
import signal
from collections import Counter

from agora_sdk.types import OverrideAction

from ..ledger import Missing, Report
from ..participants import SKILLS, TALKERS
from .base import ARRIVAL_SECONDS, Act, Play

__all__ = ["TALK"]

PAUSE_SECONDS = 60
CUE_SECONDS = 60
TALK = Act()


@TALK.expect(f"{len(TALKERS)} agents, each a process, start in any order and register")
async def arrival(play: Play) -> str:
    early = [role for role in TALKERS if role != "Writer"]
    random.shuffle(early)
    for role in early:
        await play.stage.enter(role, play.beginning)
    try:
        await play.ledger.wait("Coordinator", "held", seconds=ARRIVAL_SECONDS)
    finally:
        await play.stage.enter("Writer", play.beginning)
    await play.ledger.each(TALKERS, "ready", seconds=ARRIVAL_SECONDS)
    order = [report.role for report in play.ledger.reports if report.kind == "arrived"]
    return f"came: {', '.join(order)}"


@TALK.expect("A message to a name that nobody has yet is held, and delivered when it registers")
async def held(play: Play) -> str:
    sent = await play.ledger.one("Coordinator", "held")
    came = await play.ledger.one("Writer", "arrived")
    await play.ledger.one("Writer", "message", message_id=sent["message_id"])
    if not sent["warning"] or came["pending"] < 1:
        raise Missing(f"status {sent['status']}, warning {sent['warning']!r}, {came['pending']} pending")
    return f"{sent['status']} with a warning; {came['pending']} waited for Writer, which read it"


@TALK.expect("Agents discover each other by capability")
async def discovery(play: Play) -> str:
    await _cue(play, "meet")
    skills = (await play.ledger.one("Coordinator", "found"))["skills"]
    for skill, names in skills.items():
        wanted = {role for role in TALKERS if skill in SKILLS[role]}
        if absent := wanted - set(map(play.troupe.role, names)):
            raise Missing(f"nobody found for {skill}: {', '.join(sorted(absent))}")
    return "; ".join(f"{skill}: {play.shown(names)}" for skill, names in skills.items())


@TALK.expect("A message to a capability reaches every agent that has it")
async def capability(play: Play) -> str:
    return await _reached(play, "capability", ("ResearcherA", "ResearcherB"))


@TALK.expect("A request is answered by a reply of the same correlation")
async def conversation(play: Play) -> str:
    asked = await play.ledger.one("Reviewer", "message", message_type="question")
    reply = await play.ledger.one("Coordinator", "reply", correlation_id=asked["correlation_id"])
    return f"{asked['content']!r} - {reply['content']!r}"


@TALK.expect("The observer sees live what happens: registrations and the agents' own events")
async def live(play: Play) -> str:
    arrivals = await play.ledger.each(TALKERS, "arrived")
    for report in arrivals:
        await play.ledger.one("Observer", "event", type="agora.agent.registered", subject=report["agent_id"])
    own = await play.ledger.wait("Observer", "event", count=len(TALKERS), type=play.troupe.event("arrived"))
    return f"{len(arrivals)} registrations, {len(own)} events of the agents' own"


@TALK.expect("The observer is killed half-way (SIGKILL)")
async def killing(play: Play) -> str:
    if "Observer" in play.ledger.absent:
        raise Missing(f"Observer {play.ledger.absent['Observer']}")
    code = await play.stage.kill("Observer")
    play.last_seen = max((report["sequence"] for report in play.ledger.all("Observer", "event")), default=0)
    if code != -signal.SIGKILL:
        raise Missing(f"it ended with code {code}")
    return f"the last event it saw was number {play.last_seen}"


@TALK.expect("A message to several agents reaches each of them")
async def several(play: Play) -> str:
    await _cue(play, "work")
    return await _reached(play, "several", ("ResearcherA", "ResearcherB"))


@TALK.expect("Agents publish events of a type of their own, and another reacts to them")
async def reaction(play: Play) -> str:
    researchers = ("ResearcherA", "ResearcherB")
    await play.ledger.each(researchers, "published")
    for role in researchers:
        await play.ledger.one("Writer", "reaction", to=play.troupe.name(role))
    return "Writer reacted to the findings of both researchers"


@TALK.expect("The work passes from agent to agent by direct messages")
async def chain(play: Play) -> str:
    verdict = await play.ledger.one("Writer", "verdict")
    await play.ledger.one("Translator", "message", message_type="task")
    done = await play.ledger.one("Coordinator", "message", message_type="task_completion")
    return f"Writer - Reviewer ({verdict['content']!r}) - Translator - Coordinator ({done['content']!r})"


@TALK.expect("A broadcast reaches everyone")
async def broadcast(play: Play) -> str:
    return await _reached(play, "everyone", [r for r in TALKERS if r not in ("Coordinator", "Observer")])


@TALK.expect("Started again, the observer is who it was, and finds in its inbox what was sent meanwhile")
async def inbox(play: Play) -> str:
    before = await play.ledger.one("Observer", "arrived")
    await play.stage.enter("Observer", play.last_seen)
    after = (await play.ledger.wait("Observer", "arrived", count=2, seconds=ARRIVAL_SECONDS))[1]
    if after["created"] or after["agent_id"] != before["agent_id"]:
        raise Missing("it came back as another agent")
    note = await play.ledger.one("Coordinator", "sent", to="observer")
    everyone = await play.ledger.one("Coordinator", "sent", to="everyone")
    for sent in (note, everyone):
        await play.ledger.one("Observer", "message", message_id=sent["message_id"])
    return "same id; the coordinator's note and the broadcast"


@TALK.expect("An operator pauses an agent: what it then tries is refused")
async def pause(play: Play) -> str:
    await play.ledger.one("Translator", "ready")
    name = play.troupe.name("Translator")
    await play.client.admin.override(name, OverrideAction.PAUSE, "part of the demo", expires_in=PAUSE_SECONDS)
    refused = await play.ledger.one("Translator", "refused")
    agent = await play.client.agent.get(name)
    if agent.status != "paused":
        raise Missing(f"its status is {agent.status}")
    return f"{refused['code']}: {refused['detail']}"


@TALK.expect("The operator resumes it: it goes on, and handles what was sent to it meanwhile")
async def resume(play: Play) -> str:
    await play.ledger.one("Translator", "refused")
    name = play.troupe.name("Translator")
    sent = await play.client.messaging.send(name, "Are you there?")
    await play.client.admin.override(name, OverrideAction.RESUME)
    await play.ledger.one("Translator", "returned")
    message = await play.ledger.one("Translator", "message", message_id=sent.message_id)
    return f"it published again, and read {message['content']!r}"


@TALK.expect("The observer's stream resumed after the last event it saw: nothing lost, nothing twice")
async def resumption(play: Play) -> str:
    kept = await _visible(play)
    if not kept:
        raise Missing("the event log holds none of the agents' events")
    await play.ledger.one("Observer", "event", sequence=kept[-1])
    sequences = [report["sequence"] for report in play.ledger.all("Observer", "event")]
    if lost := set(kept) - set(sequences):
        raise Missing(f"lost: {sorted(lost)}")
    if sequences != sorted(set(sequences)):
        raise Missing(f"twice, or out of order: {sequences}")
    missed = sum(sequence > play.last_seen for sequence in kept)
    return f"{len(kept)} events of {len(kept)}, {missed} of them after the kill, each once and in order"


async def _visible(play: Play) -> list[int]:
    """Sequence numbers of the run's events that the observer is to see, up to the last of the agents' own."""
    me = (await play.ledger.one("Observer", "arrived"))["agent_id"]
    ours = {r["agent_id"] for r in play.ledger.reports if r.kind == "arrived"}
    ours |= {r["message_id"] for r in play.ledger.reports if r.kind == "sent"}
    own, client = play.troupe.event(""), play.client.event
    public = client.list([f"{own}*", "agora.agent.*", "agora.broadcast.sent"], after=play.beginning)
    mail = client.list(["agora.message.received"], me, after=play.beginning)
    found = [event async for event in public if event.type.startswith(own) or event.subject in ours]
    last = max((event.sequence for event in found if event.type.startswith(own)), default=0)
    found += [event async for event in mail]
    return sorted(event.sequence for event in found if event.sequence <= last)


@TALK.expect("What two agents say to each other, no third one sees")
async def privacy(play: Play) -> str:
    me = (await play.ledger.one("Observer", "arrived"))["agent_id"]
    mail = play.ledger.all("Observer", "event", type="agora.message.received")
    if foreign := [report for report in mail if me not in report["recipients"]]:
        raise Missing(f"the observer saw {len(foreign)} messages of others")
    spoken = sum(report.kind == "message" and not report["broadcast"] for report in play.ledger.reports)
    return f"of {spoken} messages the observer saw the {len(mail)} to itself"


@TALK.expect("Every message was handled once")
async def once(play: Play) -> str:
    handled = Counter((r.role, r["message_id"]) for r in play.ledger.reports if r.kind == "message")
    if twice := [f"{role} {message_id}" for (role, message_id), times in handled.items() if times > 1]:
        raise Missing(f"more than once: {', '.join(twice)}")
    if not handled:
        raise Missing("there was none")
    return f"{len(handled)} messages"


async def _reached(play: Play, to: str, roles: tuple[str, ...] | list[str]) -> str:
    """That a message of the coordinator's came to each of these."""
    sent = await play.ledger.one("Coordinator", "sent", to=to)
    came: list[Report] = await play.ledger.each(roles, "message", message_id=sent["message_id"])
    return f"{came[0]['content']!r}: {', '.join(report.role for report in came)}"


async def _cue(play: Play, word: str) -> None:
    """Tell the coordinator to go on, as an operator would."""
    await play.client.messaging.send(play.troupe.name("Coordinator"), word, expires_in=CUE_SECONDS)
