"""Running time is billed as an independent model computes: intervals times prices, to the millionth, despite any
interleaving.

The model knows when it requested each change and when it saw the outcome, hence the minimum and maximum running time of
an instance, and which version of a price applied when. It requires that the ledger's intervals lie within those bounds
and do not overlap, and that each instance owes the rounded price of the sum of its intervals at one version.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from tests.blackbox.instance_program import INSTANCES, deploy, serving_instances
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

EXAMPLES = int(os.environ.get("AGORA_PROPERTY_EXAMPLES", "50"))  # used by the long variant
MICROS = 1_000_000
UNITS = {"minute": 60 * MICROS, "hour": 3600 * MICROS}
NOTICE = 1.0  # seconds until a new price applies to running instances
SLACK = 50_000  # microseconds by which the clocks of a span may differ: the wall's and the monotonic one
LIVING = 3
_numbers = itertools.count()


@dataclass(frozen=True)
class Price:
    """A version of a price of time, in millionths per unit."""

    per_unit: int
    unit: str
    base: int = 0
    task: int = 0

    def body(self) -> dict[str, Any]:
        if self.base or self.task:
            amounts = {"base_price": self.base / MICROS, "task_price": self.task / MICROS}
            return {"type": "hybrid", "price": self.per_unit / MICROS, "usage_unit": self.unit, **amounts}
        return {"type": f"per_{self.unit}", "price": self.per_unit / MICROS}

    def of_time(self, quantity: int) -> int:
        """Return the price of microseconds, rounded half up."""
        unit = UNITS[self.unit]
        return (2 * self.per_unit * quantity + unit) // (2 * unit)


@dataclass
class Version:
    """A price and its start of validity, in microseconds since 1970: for new instances, and for existing ones."""

    price: Price
    begins: int
    holds: int


@dataclass
class Instance:
    """Observations of an instance. lower, upper: minimum and maximum of its running time in microseconds, and spans."""

    instance_id: str
    agent: str
    wallet: Wallet
    version: int
    asked: int  # time of the request to run
    running: int | None = None  # since when it was seen running; None while that is uncertain
    lower: int = 0
    upper: list[tuple[int, int]] = field(default_factory=list)
    executions: int = 0


@dataclass
class Wallet:
    name: str
    caller: Account
    bound: int | None = None  # hard limit or credit


prices = st.one_of(
    st.builds(Price, st.sampled_from([333_333, 1, 60 * MICROS + 7]), st.just("minute")),
    st.builds(Price, st.sampled_from([7_000_001, 999_999_999]), st.just("hour")),
    st.builds(Price, st.just(6_000_011), st.sampled_from(["minute", "hour"]), st.just(100_001), st.just(3)),
)


def now() -> int:
    return time.time_ns() // 1000


def micros(timestamp: str) -> int:
    moment = datetime.fromisoformat(timestamp)
    return round(moment.timestamp() * MICROS)


class RunningTimeMachine(RuleBasedStateMachine):
    """Drives one server; each example has its own agents and accounts. The third account has a limit, the fourth
    credit."""

    server: ServerProcess
    kills_left: int

    def __init__(self) -> None:
        super().__init__()
        self.number = next(_numbers)
        self.admin = self.server.operator
        self.versions: dict[str, list[Version]] = {}
        self.ids: dict[str, str] = {}  # names of agents by id
        self.instances: list[Instance] = []
        self.ended: list[Instance] = []
        self.kills = self.kills_left

    @initialize(first=prices, second=prices)
    def begin(self, first: Price, second: Price) -> None:
        for name, price in ((f"Time{self.number}", first), (f"Clock{self.number}", second)):
            made = deploy(self.server, name, price.body())
            self.ids[made["agent_id"]] = name
            (version,) = self.admin.get("/billing/prices", params={"agent_id": name})["prices"]
            begins = micros(version["effective_from"])
            self.versions[name] = [Version(price, begins, begins)]
        self.wallets = []
        for label in ("open", "limited", "prepaid"):
            name = f"{label}{self.number}"
            made = self.admin.post("/tokens", {"label": name, "account": name})
            self.wallets.append(Wallet(name, self.server.account(made["token"])))
        _, limited, prepaid = self.wallets
        self.admin.call("PUT", "/billing/budget", json={"account": limited.name, "hard_limit": 2})
        self.admin.call("PUT", "/billing/budget", json={"account": prepaid.name, "prepaid": True})
        self.admin.post("/billing/credit", {"account": prepaid.name, "amount": 2})
        limited.bound = prepaid.bound = 2 * MICROS

    # -- instances -------------------------------------------------------------------------------

    def status(self, instance: Instance) -> Any:
        return instance.wallet.caller.get(f"{INSTANCES}/{instance.instance_id}")["status"]

    def see_running(self, instance: Instance) -> None:
        """Wait until it runs, or was paused because its account has no funds."""
        poll_until(lambda: self.status(instance) in ("running", "paused"), "it runs")
        moment = now()
        if self.status(instance) == "running":
            instance.running = moment

    def close_span(self, instance: Instance, asked: int) -> None:
        """Close a span: a stop was requested at a moment, and is complete now."""
        if instance.running is not None and instance.wallet.bound is None:  # else the server may have paused it
            instance.lower += max(0, asked - instance.running - SLACK)
        instance.upper.append((instance.asked, now()))
        instance.running = None

    @precondition(lambda self: len(self.instances) < LIVING)
    @rule(wallet=st.integers(0, 2), agent=st.integers(0, 1))
    def create(self, wallet: int, agent: int) -> None:
        chosen, name = self.wallets[wallet], list(self.versions)[agent]
        asked = now()
        answer = chosen.caller.http.post(INSTANCES, json={"agent_id": name, "wait": 20})
        if answer.status_code == 402 and chosen.bound is not None:
            return
        assert answer.status_code == 201, answer.text
        made = answer.json()
        version = len(self.versions[name])
        assert made["price_version"] == version
        instance = Instance(made["instance_id"], name, chosen, version, asked)
        self.instances.append(instance)
        self.see_running(instance)

    @precondition(lambda self: self.instances)
    @rule(which=st.integers(0, LIVING - 1))
    def pause_and_resume(self, which: int) -> None:
        instance = self.instances[which % len(self.instances)]
        path = f"{INSTANCES}/{instance.instance_id}"
        asked = now()
        answer = instance.wallet.caller.http.post(f"{path}/pause")
        assert answer.is_success or answer.status_code == 409, answer.text  # 409: paused by the server
        poll_until(lambda: self.status(instance) == "paused", "it is paused")
        self.close_span(instance, asked)
        instance.asked = now()
        answer = instance.wallet.caller.http.post(f"{path}/resume")
        if answer.status_code == 402 and instance.wallet.bound is not None:
            return
        assert answer.is_success, answer.text
        self.see_running(instance)

    @precondition(lambda self: self.instances)
    @rule(which=st.integers(0, LIVING - 1))
    def terminate(self, which: int) -> None:
        self.end(self.instances.pop(which % len(self.instances)))

    def end(self, instance: Instance) -> None:
        asked = now()
        instance.wallet.caller.call("DELETE", f"{INSTANCES}/{instance.instance_id}")
        poll_until(lambda: self.status(instance) == "stopped", "it is stopped")
        self.close_span(instance, asked)
        self.ended.append(instance)

    @precondition(lambda self: self.instances)
    @rule(which=st.integers(0, LIVING - 1))
    def execute(self, which: int) -> None:
        instance = self.instances[which % len(self.instances)]
        path = f"{INSTANCES}/{instance.instance_id}/execute"
        answer = instance.wallet.caller.http.post(path, json={"endpoint": "/env"})
        if instance.wallet.bound is None:
            assert answer.status_code == 200, answer.text
        instance.executions += answer.is_success

    @precondition(lambda self: any(instance.running for instance in self.instances))
    @rule()
    def let_time_pass(self) -> None:
        """Wait until one instance has used half a second more, or is paused."""
        instance = next(each for each in self.instances if each.running)

        def used() -> float:
            return float(
                instance.wallet.caller.get(f"{INSTANCES}/{instance.instance_id}")["billing_info"]["usage_time"]
            )

        first = used()
        poll_until(lambda: used() >= first + 0.5 or self.status(instance) == "paused", "time passes")

    # -- prices, limits, kills -------------------------------------------------------------------

    @rule(agent=st.integers(0, 1), price=prices)
    def set_price(self, agent: int, price: Price) -> None:
        name = list(self.versions)[agent]
        version = self.admin.call("PUT", f"/billing/prices/{name}", json=price.body())
        begins = micros(version["effective_from"])
        self.versions[name].append(Version(price, begins, begins + round(NOTICE * MICROS)))

    @rule(amount=st.sampled_from([1, 3]))
    def raise_bounds(self, amount: int) -> None:
        _, limited, prepaid = self.wallets
        for wallet in (limited, prepaid):
            assert wallet.bound is not None
            wallet.bound += amount * MICROS
        body = {"account": limited.name, "hard_limit": (limited.bound or 0) // MICROS}
        self.admin.call("PUT", "/billing/budget", json=body)
        self.admin.post("/billing/credit", {"account": prepaid.name, "amount": amount})

    @precondition(lambda self: self.kills > 0 and self.instances)
    @rule()
    def kill_the_server(self) -> None:
        """Kill the server. Time without a server may be billed or not; the instance was running at the kill."""
        self.kills -= 1
        self.server.kill()
        for instance in self.instances:
            instance.running = None  # when this span ends is not observed: nothing is added to its lower bound
        self.server.start()
        for instance in self.instances:
            self.see_running(instance)

    # -- invariants ------------------------------------------------------------------------------

    def entries(self, wallet: Wallet) -> list[dict[str, Any]]:
        pages, cursor = [], dict[str, str]()
        while True:
            page = self.admin.get("/billing/usage", params={"account": wallet.name, "limit": 50} | cursor)
            pages += [entry for entry in page["usage"] if entry["kind"] not in ("credit", "payment")]
            if page["next_cursor"] is None:
                return pages
            cursor = {"cursor": page["next_cursor"]}

    def agreed(self, instance: Instance, at: int) -> int:
        """Return the version that applied to an instance at a moment."""
        later = enumerate(self.versions[instance.agent][instance.version :], instance.version + 1)
        return max([instance.version, *(number for number, version in later if version.holds <= at)])

    def check_instance(self, instance: Instance, entries: list[dict[str, Any]]) -> int:
        """Check the debt of an instance by the model, and its intervals."""
        spans = sorted(
            (micros(entry["began"]), micros(entry["ended"]), entry) for entry in entries if entry["kind"] == "time"
        )
        quantities: dict[int, int] = defaultdict(int)
        for began, ended, entry in spans:
            assert round(entry["quantity"] * MICROS) == ended - began
            assert entry["price_version"] == self.agreed(instance, began) == self.agreed(instance, ended - 1)
            assert any(start - SLACK <= began and ended <= end + SLACK for start, end in instance.upper), (
                "it did not run"
            )
            quantities[entry["price_version"]] += ended - began
        for (_, ended, _), (began, _, _) in itertools.pairwise(spans):
            assert ended <= began + SLACK, "intervals do not overlap"
        assert sum(quantities.values()) >= instance.lower, "it ran longer"
        versions = self.versions[instance.agent]
        owed = versions[instance.version - 1].price.base
        owed += sum(versions[number - 1].price.of_time(quantity) for number, quantity in quantities.items())
        requests = [entry for entry in entries if entry["kind"] == "request"]
        charged = [versions[self.agreed(instance, micros(each["began"])) - 1].price.task for each in requests]
        assert [each["amount_micros"] for each in requests] == charged
        assert len([price for price in charged if price]) <= instance.executions
        return owed + sum(charged)

    def check_bound(self, wallet: Wallet, entries: list[dict[str, Any]]) -> None:
        """Check that an account exceeds its limit at most by what ran at that time: the last interval of each
        instance."""
        if wallet.bound is None:
            return
        in_flight = {
            entry["instance_id"]: entry["amount_micros"] for entry in sorted(entries, key=lambda each: each["ended"])
        }
        spent = sum(entry["amount_micros"] for entry in entries)
        assert spent - sum(in_flight.values()) <= wallet.bound

    def teardown(self) -> None:
        while self.instances:
            self.end(self.instances.pop())
        for wallet in getattr(self, "wallets", ()):
            entries = self.entries(wallet)
            self.check_bound(wallet, entries)
            owed = 0
            for instance in self.ended:
                if instance.wallet is wallet:
                    own = [entry for entry in entries if entry["instance_id"] == instance.instance_id]
                    due = self.check_instance(instance, own)
                    assert sum(entry["amount_micros"] for entry in own) == due
                    shown = wallet.caller.get(f"{INSTANCES}/{instance.instance_id}")["billing_info"]["total_cost"]
                    assert round(shown * MICROS) == due
                    owed += due
            assert sum(entry["amount_micros"] for entry in entries) == owed
            where = {"account": wallet.name}
            assert round(self.admin.get("/billing/cost", params=where)["total_cost"] * MICROS) == owed
            assert round(self.admin.get("/billing/invoices/open", params=where)["charges"] * MICROS) == owed


def check(server: ServerProcess, *, examples: int, steps: int, kills: int) -> None:
    machine = type("Machine", (RunningTimeMachine,), {"server": server, "kills_left": kills})
    machine.TestCase.settings = settings()
    run_machine(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=(Phase.generate,),  # a step takes too long for shrinking
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_running_time_costs_equal_the_model(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One example that covers everything: rounding over many intervals, other prices, limits, a kill."""
    with serving_instances(tmp_path_factory.mktemp("time"), billing_price_notice=str(NOTICE)) as server:
        machine = type("Machine", (RunningTimeMachine,), {"server": server, "kills_left": 1})()
        machine.begin(Price(60 * MICROS + 7, "minute"), Price(6_000_011, "minute", 100_001, 3))
        for wallet, agent in ((1, 1), (0, 0), (2, 0)):
            machine.create(wallet, agent)
        for which in (0, 0, 1):
            machine.let_time_pass()
            machine.pause_and_resume(which)
        machine.set_price(0, Price(333_333, "minute"))
        machine.set_price(1, Price(7_000_001, "hour", 5, 11))
        machine.execute(0)
        for _ in range(4):  # until the notice is over
            machine.let_time_pass()
        machine.execute(0)
        machine.raise_bounds(1)
        machine.pause_and_resume(2)
        machine.kill_the_server()
        machine.let_time_pass()
        machine.teardown()
        times = [each for wallet in machine.wallets for each in machine.entries(wallet) if each["kind"] == "time"]
        assert {each["price_version"] for each in times} == {1, 2}
        assert len(times) > 15


@pytest.mark.long
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_running_time_costs_equal_the_model_in_random_examples(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, store: str
) -> None:
    with ExitStack() as stack:
        options = {"billing_price_notice": str(NOTICE)}
        if store == "postgres":
            options["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        server = stack.enter_context(serving_instances(tmp_path_factory.mktemp(store), **options))
        check(server, examples=EXAMPLES, steps=20, kills=2)
