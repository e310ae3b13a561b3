"""The first act: agents find each other, talk, publish and watch; one is killed, another is paused."""

from __future__ import annotations

import random
import signal
from collections import Counter

from agora_sdk.types import OverrideAction

from ..ledger import ExpectationFailed, Report
from ..participants import SKILLS, TALKERS
from .base import ARRIVAL_SECONDS, DemoRun, Scenario

__all__ = ["TALK"]

PAUSE_SECONDS = 60
CUE_SECONDS = 60
TALK = Scenario()


@TALK.register_expectation(f"{len(TALKERS)} agents, each a process, start in any order and register")
async def start_talkers(play: DemoRun) -> str:
    early = [role for role in TALKERS if role != "Writer"]
    random.shuffle(early)
    for role in early:
        await play.stage.start_agent(role, play.beginning)
    try:
        await play.ledger.wait_for_reports("Coordinator", "held", seconds=ARRIVAL_SECONDS)
    finally:
        await play.stage.start_agent("Writer", play.beginning)
    await play.ledger.wait_for_each_role(TALKERS, "ready", seconds=ARRIVAL_SECONDS)
    order = [report.role for report in play.ledger.reports if report.kind == "arrived"]
    return f"came: {', '.join(order)}"


@TALK.register_expectation("A message to a name that nobody has yet is held, and delivered when it registers")
async def check_held_message(play: DemoRun) -> str:
    receipt = await play.ledger.wait_for_first("Coordinator", "held")
    came = await play.ledger.wait_for_first("Writer", "arrived")
    await play.ledger.wait_for_first("Writer", "message", message_id=receipt["message_id"])
    if not receipt["warning"] or came["pending"] < 1:
        raise ExpectationFailed(
            f"status {receipt['status']}, warning {receipt['warning']!r}, {came['pending']} pending"
        )
    return f"{receipt['status']} with a warning; {came['pending']} waited for Writer, which read it"


@TALK.register_expectation("Agents discover each other by capability")
async def check_discovery(play: DemoRun) -> str:
    await _cue_coordinator(play, "meet")
    skills = (await play.ledger.wait_for_first("Coordinator", "found"))["skills"]
    for skill, names in skills.items():
        expected = {role for role in TALKERS if skill in SKILLS[role]}
        if absent := expected - set(map(play.participants.role, names)):
            raise ExpectationFailed(f"nobody found for {skill}: {', '.join(sorted(absent))}")
    return "; ".join(f"{skill}: {play.format_roles(names)}" for skill, names in skills.items())


@TALK.register_expectation("A message to a capability reaches every agent that has it")
async def check_capability_message(play: DemoRun) -> str:
    return await _check_delivery(play, "capability", ("ResearcherA", "ResearcherB"))


@TALK.register_expectation("A request is answered by a reply of the same correlation")
async def check_reply(play: DemoRun) -> str:
    question = await play.ledger.wait_for_first("Reviewer", "message", message_type="question")
    reply = await play.ledger.wait_for_first("Coordinator", "reply", correlation_id=question["correlation_id"])
    return f"{question['content']!r} - {reply['content']!r}"


@TALK.register_expectation("The observer sees live what happens: registrations and the agents' own events")
async def check_live_events(play: DemoRun) -> str:
    arrivals = await play.ledger.wait_for_each_role(TALKERS, "arrived")
    for report in arrivals:
        await play.ledger.wait_for_first("Observer", "event", type="agora.agent.registered", subject=report["agent_id"])
    own = await play.ledger.wait_for_reports(
        "Observer", "event", count=len(TALKERS), type=play.participants.event_type("arrived")
    )
    return f"{len(arrivals)} registrations, {len(own)} events of the agents' own"


@TALK.register_expectation("The observer is killed half-way (SIGKILL)")
async def kill_observer(play: DemoRun) -> str:
    if "Observer" in play.ledger.absent:
        raise ExpectationFailed(f"Observer {play.ledger.absent['Observer']}")
    code = await play.stage.kill("Observer")
    play.last_seen = max((report["sequence"] for report in play.ledger.select_reports("Observer", "event")), default=0)
    if code != -signal.SIGKILL:
        raise ExpectationFailed(f"it ended with code {code}")
    return f"the last event it saw was number {play.last_seen}"


@TALK.register_expectation("A message to several agents reaches each of them")
async def check_group_message(play: DemoRun) -> str:
    await _cue_coordinator(play, "work")
    return await _check_delivery(play, "several", ("ResearcherA", "ResearcherB"))


@TALK.register_expectation("Agents publish events of a type of their own, and another reacts to them")
async def check_reaction(play: DemoRun) -> str:
    researchers = ("ResearcherA", "ResearcherB")
    await play.ledger.wait_for_each_role(researchers, "published")
    for role in researchers:
        await play.ledger.wait_for_first("Writer", "reaction", to=play.participants.name(role))
    return "Writer reacted to the findings of both researchers"


@TALK.register_expectation("The work passes from agent to agent by direct messages")
async def check_message_chain(play: DemoRun) -> str:
    verdict = await play.ledger.wait_for_first("Writer", "verdict")
    await play.ledger.wait_for_first("Translator", "message", message_type="task")
    completion = await play.ledger.wait_for_first("Coordinator", "message", message_type="task_completion")
    return f"Writer - Reviewer ({verdict['content']!r}) - Translator - Coordinator ({completion['content']!r})"


@TALK.register_expectation("A broadcast reaches everyone")
async def check_broadcast(play: DemoRun) -> str:
    return await _check_delivery(play, "everyone", [r for r in TALKERS if r not in ("Coordinator", "Observer")])


@TALK.register_expectation("Started again, the observer is who it was, and finds in its inbox what was sent meanwhile")
async def check_inbox(play: DemoRun) -> str:
    before = await play.ledger.wait_for_first("Observer", "arrived")
    await play.stage.start_agent("Observer", play.last_seen)
    after = (await play.ledger.wait_for_reports("Observer", "arrived", count=2, seconds=ARRIVAL_SECONDS))[1]
    if after["created"] or after["agent_id"] != before["agent_id"]:
        raise ExpectationFailed("it came back as another agent")
    note = await play.ledger.wait_for_first("Coordinator", "sent", to="observer")
    everyone = await play.ledger.wait_for_first("Coordinator", "sent", to="everyone")
    for receipt in (note, everyone):
        await play.ledger.wait_for_first("Observer", "message", message_id=receipt["message_id"])
    return "same id; the coordinator's note and the broadcast"


@TALK.register_expectation("An operator pauses an agent: what it then tries is refused")
async def check_paused_agent(play: DemoRun) -> str:
    await play.ledger.wait_for_first("Translator", "ready")
    name = play.participants.name("Translator")
    await play.client.admin.override(name, OverrideAction.PAUSE, "part of the demo", expires_in=PAUSE_SECONDS)
    refused = await play.ledger.wait_for_first("Translator", "refused")
    agent = await play.client.agent.get(name)
    if agent.status != "paused":
        raise ExpectationFailed(f"its status is {agent.status}")
    return f"{refused['code']}: {refused['detail']}"


@TALK.register_expectation("The operator resumes it: it goes on, and handles what was sent to it meanwhile")
async def resume_agent(play: DemoRun) -> str:
    await play.ledger.wait_for_first("Translator", "refused")
    name = play.participants.name("Translator")
    receipt = await play.client.messaging.send(name, "Are you there?")
    await play.client.admin.override(name, OverrideAction.RESUME)
    await play.ledger.wait_for_first("Translator", "returned")
    message = await play.ledger.wait_for_first("Translator", "message", message_id=receipt.message_id)
    return f"it published again, and read {message['content']!r}"


@TALK.register_expectation("The observer's stream resumed after the last event it saw: nothing lost, nothing twice")
async def check_resumption(play: DemoRun) -> str:
    sequence_numbers = await _visible_sequences(play)
    if not sequence_numbers:
        raise ExpectationFailed("the event log holds none of the agents' events")
    await play.ledger.wait_for_first("Observer", "event", sequence=sequence_numbers[-1])
    sequences = [report["sequence"] for report in play.ledger.select_reports("Observer", "event")]
    if lost := set(sequence_numbers) - set(sequences):
        raise ExpectationFailed(f"lost: {sorted(lost)}")
    if sequences != sorted(set(sequences)):
        raise ExpectationFailed(f"twice, or out of order: {sequences}")
    missed = sum(sequence > play.last_seen for sequence in sequence_numbers)
    return f"{len(sequence_numbers)} events of {len(sequence_numbers)}, {missed} of them after the kill, each once and in order"


async def _visible_sequences(play: DemoRun) -> list[int]:
    """Sequence numbers of the run's events that the observer is to see, up to the last of the agents' own."""
    me = (await play.ledger.wait_for_first("Observer", "arrived"))["agent_id"]
    ours = {r["agent_id"] for r in play.ledger.reports if r.kind == "arrived"}
    ours |= {r["message_id"] for r in play.ledger.reports if r.kind == "sent"}
    own, client = play.participants.event_type(""), play.client.event
    public = client.list([f"{own}*", "agora.agent.*", "agora.broadcast.sent"], after=play.beginning)
    mail = client.list(["agora.message.received"], me, after=play.beginning)
    events = [event async for event in public if event.type.startswith(own) or event.subject in ours]
    last = max((event.sequence for event in events if event.type.startswith(own)), default=0)
    events += [event async for event in mail]
    return sorted(event.sequence for event in events if event.sequence <= last)


@TALK.register_expectation("What two agents say to each other, no third one sees")
async def check_privacy(play: DemoRun) -> str:
    me = (await play.ledger.wait_for_first("Observer", "arrived"))["agent_id"]
    mail = play.ledger.select_reports("Observer", "event", type="agora.message.received")
    if foreign := [report for report in mail if me not in report["recipients"]]:
        raise ExpectationFailed(f"the observer saw {len(foreign)} messages of others")
    spoken = sum(report.kind == "message" and not report["broadcast"] for report in play.ledger.reports)
    return f"of {spoken} messages the observer saw the {len(mail)} to itself"


@TALK.register_expectation("Every message was handled once")
async def check_handled_once(play: DemoRun) -> str:
    handled = Counter((r.role, r["message_id"]) for r in play.ledger.reports if r.kind == "message")
    if twice := [f"{role} {message_id}" for (role, message_id), times in handled.items() if times > 1]:
        raise ExpectationFailed(f"more than once: {', '.join(twice)}")
    if not handled:
        raise ExpectationFailed("there was none")
    return f"{len(handled)} messages"


async def _check_delivery(play: DemoRun, to: str, roles: tuple[str, ...] | list[str]) -> str:
    """That a message of the coordinator's came to each of these."""
    receipt = await play.ledger.wait_for_first("Coordinator", "sent", to=to)
    came: list[Report] = await play.ledger.wait_for_each_role(roles, "message", message_id=receipt["message_id"])
    return f"{came[0]['content']!r}: {', '.join(report.role for report in came)}"


async def _cue_coordinator(play: DemoRun, word: str) -> None:
    """Tell the coordinator to continue, as an operator."""
    await play.client.messaging.send(play.participants.name("Coordinator"), word, expires_in=CUE_SECONDS)
