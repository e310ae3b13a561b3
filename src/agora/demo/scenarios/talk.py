"""The first act: agents find each other, send messages, publish and observe events; one is killed, another is
paused."""

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
async def start_talkers(demo_run: DemoRun) -> str:
    # The Writer comes last: a message to its name is held until then, which the next expectation checks.
    early = [role for role in TALKERS if role != "Writer"]
    random.shuffle(early)
    for role in early:
        await demo_run.agent_processes.start_agent(role, demo_run.sequence_before)
    try:
        await demo_run.ledger.wait_for_reports("Coordinator", "held", seconds=ARRIVAL_SECONDS)
    finally:
        await demo_run.agent_processes.start_agent("Writer", demo_run.sequence_before)
    await demo_run.ledger.wait_for_each_role(TALKERS, "ready", seconds=ARRIVAL_SECONDS)
    order = [report.role for report in demo_run.ledger.reports if report.kind == "arrived"]
    return f"came: {', '.join(order)}"


@TALK.register_expectation("A message to a name that nobody has yet is held, and delivered when it registers")
async def check_held_message(demo_run: DemoRun) -> str:
    receipt = await demo_run.ledger.wait_for_first("Coordinator", "held")
    came = await demo_run.ledger.wait_for_first("Writer", "arrived")
    await demo_run.ledger.wait_for_first("Writer", "message", message_id=receipt["message_id"])
    if not receipt["warning"] or came["pending"] < 1:
        raise ExpectationFailed(
            f"status {receipt['status']}, warning {receipt['warning']!r}, {came['pending']} pending"
        )
    return f"{receipt['status']} with a warning; {came['pending']} waited for Writer, which read it"


@TALK.register_expectation("Agents discover each other by capability")
async def check_discovery(demo_run: DemoRun) -> str:
    await _cue_coordinator(demo_run, "meet")
    skills = (await demo_run.ledger.wait_for_first("Coordinator", "found"))["skills"]
    for skill, names in skills.items():
        expected = {role for role in TALKERS if skill in SKILLS[role]}
        if absent := expected - set(map(demo_run.participants.role, names)):
            raise ExpectationFailed(f"nobody found for {skill}: {', '.join(sorted(absent))}")
    return "; ".join(f"{skill}: {demo_run.format_roles(names)}" for skill, names in skills.items())


@TALK.register_expectation("A message to a capability reaches every agent that has it")
async def check_capability_message(demo_run: DemoRun) -> str:
    return await _check_delivery(demo_run, "capability", ("ResearcherA", "ResearcherB"))


@TALK.register_expectation("A request is answered by a reply of the same correlation")
async def check_reply(demo_run: DemoRun) -> str:
    question = await demo_run.ledger.wait_for_first("Reviewer", "message", message_type="question")
    reply = await demo_run.ledger.wait_for_first("Coordinator", "reply", correlation_id=question["correlation_id"])
    return f"{question['content']!r} - {reply['content']!r}"


@TALK.register_expectation("The observer sees live what happens: registrations and the agents' own events")
async def check_live_events(demo_run: DemoRun) -> str:
    arrivals = await demo_run.ledger.wait_for_each_role(TALKERS, "arrived")
    for report in arrivals:
        await demo_run.ledger.wait_for_first(
            "Observer", "event", type="agora.agent.registered", subject=report["agent_id"]
        )
    own_reports = await demo_run.ledger.wait_for_reports(
        "Observer", "event", count=len(TALKERS), type=demo_run.participants.event_type("arrived")
    )
    return f"{len(arrivals)} registrations, {len(own_reports)} events of the agents' own"


@TALK.register_expectation("The observer is killed half-way (SIGKILL)")
async def kill_observer(demo_run: DemoRun) -> str:
    if "Observer" in demo_run.ledger.absent:
        raise ExpectationFailed(f"Observer {demo_run.ledger.absent['Observer']}")
    code = await demo_run.agent_processes.kill("Observer")
    demo_run.last_seen = max(
        (report["sequence"] for report in demo_run.ledger.select_reports("Observer", "event")), default=0
    )
    if code != -signal.SIGKILL:
        raise ExpectationFailed(f"it ended with code {code}")
    return f"the last event it saw was number {demo_run.last_seen}"


@TALK.register_expectation("A message to several agents reaches each of them")
async def check_group_message(demo_run: DemoRun) -> str:
    await _cue_coordinator(demo_run, "work")
    return await _check_delivery(demo_run, "several", ("ResearcherA", "ResearcherB"))


@TALK.register_expectation("Agents publish events of a type of their own, and another reacts to them")
async def check_reaction(demo_run: DemoRun) -> str:
    researchers = ("ResearcherA", "ResearcherB")
    await demo_run.ledger.wait_for_each_role(researchers, "published")
    for role in researchers:
        await demo_run.ledger.wait_for_first("Writer", "reaction", to=demo_run.participants.name(role))
    return "Writer reacted to the findings of both researchers"


@TALK.register_expectation("The work passes from agent to agent by direct messages")
async def check_message_chain(demo_run: DemoRun) -> str:
    verdict = await demo_run.ledger.wait_for_first("Writer", "verdict")
    await demo_run.ledger.wait_for_first("Translator", "message", message_type="task")
    completion = await demo_run.ledger.wait_for_first("Coordinator", "message", message_type="task_completion")
    return f"Writer - Reviewer ({verdict['content']!r}) - Translator - Coordinator ({completion['content']!r})"


@TALK.register_expectation("A broadcast reaches everyone")
async def check_broadcast(demo_run: DemoRun) -> str:
    return await _check_delivery(demo_run, "everyone", [r for r in TALKERS if r not in ("Coordinator", "Observer")])


@TALK.register_expectation("Started again, the observer is who it was, and finds in its inbox what was sent meanwhile")
async def check_inbox(demo_run: DemoRun) -> str:
    before = await demo_run.ledger.wait_for_first("Observer", "arrived")
    await demo_run.agent_processes.start_agent("Observer", demo_run.last_seen)
    after = (await demo_run.ledger.wait_for_reports("Observer", "arrived", count=2, seconds=ARRIVAL_SECONDS))[1]
    if after["created"] or after["agent_id"] != before["agent_id"]:
        raise ExpectationFailed("it came back as another agent")
    note = await demo_run.ledger.wait_for_first("Coordinator", "sent", to="observer")
    everyone = await demo_run.ledger.wait_for_first("Coordinator", "sent", to="everyone")
    for receipt in (note, everyone):
        await demo_run.ledger.wait_for_first("Observer", "message", message_id=receipt["message_id"])
    return "same id; the coordinator's note and the broadcast"


@TALK.register_expectation("An operator pauses an agent: what it then tries is refused")
async def check_paused_agent(demo_run: DemoRun) -> str:
    await demo_run.ledger.wait_for_first("Translator", "ready")
    name = demo_run.participants.name("Translator")
    await demo_run.client.admin.override(name, OverrideAction.PAUSE, "part of the demo", expires_in=PAUSE_SECONDS)
    refused = await demo_run.ledger.wait_for_first("Translator", "refused")
    agent = await demo_run.client.agent.get(name)
    if agent.status != "paused":
        raise ExpectationFailed(f"its status is {agent.status}")
    return f"{refused['code']}: {refused['detail']}"


@TALK.register_expectation("The operator resumes it: it goes on, and handles what was sent to it meanwhile")
async def resume_agent(demo_run: DemoRun) -> str:
    await demo_run.ledger.wait_for_first("Translator", "refused")
    name = demo_run.participants.name("Translator")
    receipt = await demo_run.client.messaging.send(name, "Are you there?")
    await demo_run.client.admin.override(name, OverrideAction.RESUME)
    await demo_run.ledger.wait_for_first("Translator", "returned")
    message = await demo_run.ledger.wait_for_first("Translator", "message", message_id=receipt.message_id)
    return f"it published again, and read {message['content']!r}"


@TALK.register_expectation("The observer's stream resumed after the last event it saw: nothing lost, nothing twice")
async def check_resumption(demo_run: DemoRun) -> str:
    sequence_numbers = await _visible_sequences(demo_run)
    if not sequence_numbers:
        raise ExpectationFailed("the event log holds none of the agents' events")
    await demo_run.ledger.wait_for_first("Observer", "event", sequence=sequence_numbers[-1])
    sequences = [report["sequence"] for report in demo_run.ledger.select_reports("Observer", "event")]
    if lost := set(sequence_numbers) - set(sequences):
        raise ExpectationFailed(f"lost: {sorted(lost)}")
    if sequences != sorted(set(sequences)):
        raise ExpectationFailed(f"twice, or out of order: {sequences}")
    missed = sum(sequence > demo_run.last_seen for sequence in sequence_numbers)
    return f"{len(sequence_numbers)} events of {len(sequence_numbers)}, {missed} of them after the kill, each once and in order"


async def _visible_sequences(demo_run: DemoRun) -> list[int]:
    """Return the sequence numbers of the run's events visible to the observer, up to the last of the agents' own."""
    me = (await demo_run.ledger.wait_for_first("Observer", "arrived"))["agent_id"]
    agent_ids = {r["agent_id"] for r in demo_run.ledger.reports if r.kind == "arrived"}
    agent_ids |= {r["message_id"] for r in demo_run.ledger.reports if r.kind == "sent"}
    own_reports, client = demo_run.participants.event_type(""), demo_run.client.event
    public = client.list([f"{own_reports}*", "agora.agent.*", "agora.broadcast.sent"], after=demo_run.sequence_before)
    messages = client.list(["agora.message.received"], me, after=demo_run.sequence_before)
    events = [event async for event in public if event.type.startswith(own_reports) or event.subject in agent_ids]
    last = max((event.sequence for event in events if event.type.startswith(own_reports)), default=0)
    events += [event async for event in messages]
    return sorted(event.sequence for event in events if event.sequence <= last)


@TALK.register_expectation("What two agents say to each other, no third one sees")
async def check_privacy(demo_run: DemoRun) -> str:
    me = (await demo_run.ledger.wait_for_first("Observer", "arrived"))["agent_id"]
    messages = demo_run.ledger.select_reports("Observer", "event", type="agora.message.received")
    if foreign := [report for report in messages if me not in report["recipients"]]:
        raise ExpectationFailed(f"the observer saw {len(foreign)} messages of others")
    spoken = sum(report.kind == "message" and not report["broadcast"] for report in demo_run.ledger.reports)
    return f"of {spoken} messages the observer saw the {len(messages)} to itself"


@TALK.register_expectation("Every message was handled once")
async def check_handled_once(demo_run: DemoRun) -> str:
    handled = Counter((r.role, r["message_id"]) for r in demo_run.ledger.reports if r.kind == "message")
    if twice := [f"{role} {message_id}" for (role, message_id), times in handled.items() if times > 1]:
        raise ExpectationFailed(f"more than once: {', '.join(twice)}")
    if not handled:
        raise ExpectationFailed("there was none")
    return f"{len(handled)} messages"


async def _check_delivery(demo_run: DemoRun, to: str, roles: tuple[str, ...] | list[str]) -> str:
    """Check that a message of the coordinator arrived at each of these roles."""
    receipt = await demo_run.ledger.wait_for_first("Coordinator", "sent", to=to)
    came: list[Report] = await demo_run.ledger.wait_for_each_role(roles, "message", message_id=receipt["message_id"])
    return f"{came[0]['content']!r}: {', '.join(report.role for report in came)}"


async def _cue_coordinator(demo_run: DemoRun, word: str) -> None:
    """Tell the coordinator to continue, as an operator."""
    await demo_run.client.messaging.send(demo_run.participants.name("Coordinator"), word, expires_in=CUE_SECONDS)
