"""Any interleaving of work, prices, limits and kills: the ledger equals an independent model, to the millionth."""

from __future__ import annotations

import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from tests.blackbox.instance_program import INSTANCES, deploy, serving_instances
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

EXAMPLES = int(os.environ.get("AGORA_PROPERTY_EXAMPLES", "50"))  # used by the long variant
MICROS = 1_000_000
LIVING = 3  # maximum of concurrent instances in one example
_numbers = itertools.count()


@dataclass(frozen=True)
class Price:
    """A version of a price, in millionths."""

    type: str
    price: int = 0
    base: int = 0
    task: int = 0

    @property
    def for_work(self) -> int:
        return self.price if self.type == "per_request" else self.task

    @property
    def is_free(self) -> bool:
        return not (self.price or self.base or self.task)

    def body(self) -> dict[str, Any]:
        amounts = {"price": self.price, "base_price": self.base, "task_price": self.task}
        return {"type": self.type} | {name: amount / MICROS for name, amount in amounts.items() if amount}


@dataclass
class Wallet:
    """The model of an account, in millionths. credit: None if it is not prepaid."""

    name: str
    caller: Account
    limit: int | None = None
    credit: int | None = None
    spent: int = 0
    reserved: dict[str, int] = field(default_factory=dict)

    @property
    def committed(self) -> int:
        return self.spent + sum(self.reserved.values())

    def room(self) -> int | None:
        """Return the amount that can still be committed; None: unlimited."""
        bounds = [bound - self.committed for bound in (self.limit, self.credit) if bound is not None]
        return min(bounds) if bounds else None

    def fits(self, amount: int) -> bool:
        room = self.room()
        return amount == 0 or room is None or amount <= room

    def may_begin(self, price: Price) -> bool:
        """Whether priced usage may start."""
        room = self.room()
        return price.is_free or room is None or room > 0


@dataclass
class Machinery:
    """The model of an instance."""

    instance_id: str
    wallet: Wallet
    price: Price
    paused: bool = False


prices = st.one_of(
    st.builds(Price, st.just("per_request"), st.sampled_from([1, 333_333, 2 * MICROS])),
    st.builds(
        lambda base, task: Price("hybrid", 0, base, task),
        st.sampled_from([MICROS, 3 * MICROS + 7]),
        st.sampled_from([0, 250_000]),
    ),
)
moments = st.sampled_from([0.0, 0.002, 0.01, 0.03])  # seconds after which a server is killed


class BillingMachine(RuleBasedStateMachine):
    """Drives one server; each example has its own agents and accounts."""

    server: ServerProcess
    kills_left: int

    tasks: Bundle[tuple[str, Wallet, str]] = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.number = next(_numbers)
        self.prices: dict[str, Price] = {}
        self.workers: dict[str, Account] = {}
        self.instances: list[Machinery] = []
        self.open: set[str] = set()  # ids of open tasks
        self.kills = self.kills_left

    # -- requests --------------------------------------------------------------------------------

    def ask(self, caller: Account, method: str, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return caller.http.request(method, path, json=body, headers=headers)

    def operator(self, method: str, path: str, body: Any) -> Any:
        answer = self.ask(self.admin, method, path, body)
        assert answer.is_success, answer.text
        return answer.json()

    @initialize(request=prices, based=prices, limit=st.sampled_from([None, 2 * MICROS, 7 * MICROS]))
    def begin(self, request: Price, based: Price, limit: int | None) -> None:
        self.admin = self.server.operator
        for name, price in ((f"One{self.number}", request), (f"Two{self.number}", based)):
            made = deploy(self.server, name, price.body())
            self.workers[name] = self.server.account(made["token"])
            self.prices[name] = price
        self.wallets = []
        for name in (f"limited{self.number}", f"prepaid{self.number}"):
            made = self.operator("POST", "/tokens", {"label": name, "account": name})
            self.wallets.append(Wallet(name, self.server.account(made["token"])))
        self.set_limit(limit)
        self.operator("PUT", "/billing/budget", {"account": self.wallets[1].name, "prepaid": True})
        self.wallets[1].credit = 0

    def agent(self, index: int) -> str:
        return list(self.prices)[index]

    # -- instances -------------------------------------------------------------------------------

    @precondition(lambda self: len(self.instances) < LIVING)
    @rule(account=st.integers(0, 1), agent=st.integers(0, 1), moment=st.none() | moments)
    def create(self, account: int, agent: int, moment: float | None) -> None:
        wallet, name = self.wallets[account], self.agent(agent)
        price = self.prices[name]
        answer = self.commit(wallet, "POST", INSTANCES, {"agent_id": name, "wait": 20}, moment)
        if not wallet.may_begin(price) or not wallet.fits(price.base):
            assert answer.status_code == 402, answer.text
            return
        assert answer.status_code == 201, answer.text
        wallet.spent += price.base
        instance = Machinery(answer.json()["instance_id"], wallet, price)
        self.instances.append(instance)
        self.await_status(instance, "running")

    def await_status(self, instance: Machinery, status: str) -> None:
        path = f"{INSTANCES}/{instance.instance_id}"
        poll_until(lambda: self.ask(instance.wallet.caller, "GET", path).json()["status"] == status, f"it is {status}")

    @precondition(lambda self: self.instances)
    @rule(which=st.integers(0, LIVING - 1), end=st.sampled_from(["/env", "/env", "/status", "/hangup"]))
    def execute(self, which: int, end: str) -> None:
        instance = self.instances[which % len(self.instances)]
        wallet, amount = instance.wallet, instance.price.for_work
        body = {"endpoint": end, "parameters": {"status": 500}}
        answer = self.ask(wallet.caller, "POST", f"{INSTANCES}/{instance.instance_id}/execute", body)
        if instance.paused:
            assert answer.status_code == 409, answer.text
        elif not wallet.fits(amount):
            assert answer.status_code == 402, answer.text
        else:
            assert answer.status_code == (200 if end == "/env" else 502), answer.text
            wallet.spent += 0 if end == "/status" else amount

    @precondition(lambda self: self.instances)
    @rule(which=st.integers(0, LIVING - 1))
    def pause_or_resume(self, which: int) -> None:
        instance = self.instances[which % len(self.instances)]
        action = "resume" if instance.paused else "pause"
        answer = self.ask(instance.wallet.caller, "POST", f"{INSTANCES}/{instance.instance_id}/{action}")
        if instance.paused and not instance.wallet.may_begin(instance.price):
            assert answer.status_code == 402, answer.text
            return
        assert answer.is_success, answer.text
        instance.paused = not instance.paused
        self.await_status(instance, "paused" if instance.paused else "running")

    @precondition(lambda self: self.instances)
    @rule(which=st.integers(0, LIVING - 1))
    def terminate(self, which: int) -> None:
        instance = self.instances.pop(which % len(self.instances))
        assert self.ask(instance.wallet.caller, "DELETE", f"{INSTANCES}/{instance.instance_id}").is_success

    # -- tasks -----------------------------------------------------------------------------------

    @rule(target=tasks, account=st.integers(0, 1), agent=st.integers(0, 1), moment=st.none() | moments)
    def assign(self, account: int, agent: int, moment: float | None) -> Any:
        wallet, name = self.wallets[account], self.agent(agent)
        amount = self.prices[name].for_work
        answer = self.commit(wallet, "POST", "/agora/task/assign", {"task_type": "work", "assignee": name}, moment)
        if not wallet.fits(amount):
            assert answer.status_code == 402, answer.text
            return ("", wallet, name)
        assert answer.status_code == 200, answer.text
        task_id = answer.json()["task_id"]
        wallet.reserved[task_id] = amount
        self.open.add(task_id)
        return (task_id, wallet, name)

    @rule(account=st.integers(0, 1), agent=st.integers(0, 1))
    def assign_at_once(self, account: int, agent: int) -> None:
        wallet, name = self.wallets[account], self.agent(agent)
        amount, body = self.prices[name].for_work, {"task_type": "work", "assignee": name}
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.ask(wallet.caller, "POST", "/agora/task/assign", body), range(4)))
        given = [answer.json()["task_id"] for answer in answers if answer.status_code == 200]
        assert len(given) == sum(wallet.fits(amount * number) for number in range(1, 5))
        wallet.reserved |= dict.fromkeys(given, amount)

    @rule(task=tasks, completed=st.booleans())
    def end_task(self, task: tuple[str, Wallet, str], completed: bool) -> None:
        task_id, wallet, name = task
        if task_id not in self.open:
            return
        if completed:
            answer = self.ask(self.workers[name], "POST", "/agora/task/complete", {"task_id": task_id})
        else:
            answer = self.ask(wallet.caller, "POST", "/agora/task/cancel", {"task_id": task_id})
        assert answer.is_success, answer.text
        amount = wallet.reserved.pop(task_id)
        wallet.spent += amount if completed else 0
        self.open.remove(task_id)

    # -- prices and limits -----------------------------------------------------------------------

    @rule(agent=st.integers(0, 1), price=prices)
    def set_price(self, agent: int, price: Price) -> None:
        self.operator("PUT", f"/billing/prices/{self.agent(agent)}", price.body())
        self.prices[self.agent(agent)] = price

    @rule(limit=st.sampled_from([None, MICROS, 4 * MICROS, 20 * MICROS]))
    def set_limit(self, limit: int | None) -> None:
        wallet = self.wallets[0]
        body = {"account": wallet.name} | ({} if limit is None else {"hard_limit": limit / MICROS})
        self.operator("PUT", "/billing/budget", body)
        wallet.limit = limit

    @rule(amount=st.sampled_from([1, 2 * MICROS, 5 * MICROS]))
    def give_credit(self, amount: int) -> None:
        wallet = self.wallets[1]
        self.operator("POST", "/billing/credit", {"account": wallet.name, "amount": amount / MICROS})
        assert wallet.credit is not None
        wallet.credit += amount

    # -- kills -----------------------------------------------------------------------------------

    def commit(self, wallet: Wallet, method: str, path: str, body: Any, moment: float | None) -> httpx.Response:
        """Make a call with an idempotency key. moment: kill the server after that many seconds, and repeat the call
        after its restart."""
        key = f"key-{uuid4()}"
        if moment is None or self.kills <= 0:
            return self.ask(wallet.caller, method, path, body, key)
        self.kills -= 1

        def attempt() -> None:
            with suppress(httpx.TransportError):  # killed before it answered
                self.ask(wallet.caller, method, path, body, key)

        asking = threading.Thread(target=attempt)
        asking.start()
        asking.join(moment)
        self.server.kill()
        asking.join()
        self.server.start()
        return self.ask(wallet.caller, method, path, body, key)

    # -- invariants ------------------------------------------------------------------------------

    @invariant()
    def sums_are_the_models(self) -> None:
        for wallet in getattr(self, "wallets", ()):
            where = {"account": wallet.name}
            found = self.admin.get("/billing/cost", params=where)
            assert round(found["total_cost"] * MICROS) == wallet.spent, wallet.name
            if wallet.limit is not None or wallet.credit is not None:
                (budget,) = self.admin.get("/billing/budget", params=where)["budgets"]
                assert round(budget["spent"] * MICROS) == wallet.spent
                assert round(budget["reserved"] * MICROS) == sum(wallet.reserved.values())
            if wallet.credit is not None:
                assert wallet.committed <= wallet.credit, "more than the credit was committed"
                for balance in self.admin.get("/billing/balance", params=where)["balances"]:
                    assert round(balance["balance"] * MICROS) == wallet.credit - wallet.spent

    def teardown(self) -> None:
        for wallet in getattr(self, "wallets", ()):
            amounts, cursor = 0, dict[str, str]()
            while True:
                page = self.admin.get("/billing/usage", params={"account": wallet.name, "limit": 7} | cursor)
                charges = [entry for entry in page["usage"] if entry["kind"] not in ("credit", "payment")]
                amounts += sum(entry["amount_micros"] for entry in charges)
                if page["next_cursor"] is None:
                    break
                cursor = {"cursor": page["next_cursor"]}
            assert amounts == wallet.spent, "the entries add up to the model"
            draft = self.admin.get("/billing/invoices/open", params={"account": wallet.name})
            assert round(draft["charges"] * MICROS) == wallet.spent
        for instance in self.instances:
            self.ask(instance.wallet.caller, "DELETE", f"{INSTANCES}/{instance.instance_id}")


def check(server: ServerProcess, *, examples: int, steps: int, kills: int, derandomize: bool) -> None:
    machine = type("Machine", (BillingMachine,), {"server": server, "kills_left": kills})
    machine.TestCase.settings = settings()
    run_machine(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=derandomize,
            database=None,
            phases=(Phase.generate,),  # a step takes too long for shrinking
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_ledger_equals_the_model(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving_instances(tmp_path_factory.mktemp("model")) as server:
        check(server, examples=3, steps=14, kills=1, derandomize=True)


@pytest.mark.long
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_ledger_equals_the_model_in_random_examples(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, store: str
) -> None:
    with ExitStack() as stack:
        options = {}
        if store == "postgres":
            options["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        server = stack.enter_context(serving_instances(tmp_path_factory.mktemp(store), **options))
        check(server, examples=EXAMPLES, steps=40, kills=4, derandomize=False)
