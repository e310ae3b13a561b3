"""Any order of usage, crashes and clock changes: every view adds up to the ledger."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from agora.clock import new_id
from agora.domains.billing.ledger import Charge, Ledger
from agora.domains.billing.metering import Run, bill_run_growth
from agora_sdk.contract.billing import EntryKind
from agora_sdk.errors import BudgetExceeded, Conflict, InternalError, InvalidRequest
from tests.conformance.billing.billing_calls import HOUR, SECOND, Till
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.stopped_app import Place
from tests.dict_rows import DictQuery

RUNS_ON = RunsOn.BOTH

EXAMPLES = int(os.environ.get("AGORA_PROPERTY_EXAMPLES", "18"))
SHARE = {"sqlite": 1.0, "postgres": 0.15}
AGENTS = ("Ann", "Bob")
ACCOUNTS = ("acme", "beta")
CURRENCIES = ("USD", "EUR")
INSTANCES = ("inst_1", "inst_2", "inst_3")
PAID_IN = ("credit", "payment")

LEDGER = DictQuery("select * from billing_ledger where tenant_id = :tenant order by entry_id")
DAYS = DictQuery("select * from billing_days where tenant_id = :tenant")
BY_INSTANCE = DictQuery("select * from billing_instances where tenant_id = :tenant")
TOTALS = DictQuery("select * from billing_totals where tenant_id = :tenant")
RUNS = DictQuery("select * from billing_runs where tenant_id = :tenant")

prices = st.one_of(
    st.just({"type": "free"}),
    st.builds(lambda price: {"type": "per_request", "price": price}, st.sampled_from([0.01, 0.000001, 3.0])),
    st.builds(
        lambda kind, price: {"type": kind, "price": price},
        st.sampled_from(["per_minute", "per_hour"]),
        st.sampled_from([0.000007, 0.01, 1.0, 1.333333]),
    ),
    st.builds(
        lambda base, price, task, unit: {
            "type": "hybrid",
            "base_price": base,
            "price": price,
            "task_price": task,
            "usage_unit": unit,
        },
        st.sampled_from([0.0, 5.0]),
        st.sampled_from([0.01, 0.333333]),
        st.sampled_from([0.0, 0.25]),
        st.sampled_from(["minute", "hour"]),
    ),
    st.just({"type": "token_based", "input_price": 0.15, "output_price": 0.6}),
)
lives = st.sampled_from([None, None, None, 0, 1, 2])
afterwards = st.booleans()
agents, accounts = st.sampled_from(AGENTS), st.sampled_from(ACCOUNTS)
keys = st.integers(0, 4).map(str)
lengths = st.sampled_from([0, 1, 999_999, 7 * SECOND, 61 * SECOND + 13, HOUR - 1, 3 * HOUR + 5, 40 * 24 * HOUR])


class Died(Exception):
    """The server has died."""


@dataclass
class Interval:
    """A run as known to its meter."""

    instance: str
    number: int
    account: str
    agent: str
    began: int
    length: int = 0
    closed: bool = False


class Machine(RuleBasedStateMachine):
    place: Place

    def __init__(self) -> None:
        super().__init__()
        self.tenant = self.place.tenant()
        self.operator = replace(self.place.market.operator, tenant=self.tenant)
        self.place.clock.time = int(datetime(2030, 11, 28, 12, tzinfo=UTC).timestamp()) * SECOND
        self.till = Till(self.place.market, self.tenant)
        self.agents = {name: self.place.register(self.operator, name, []) for name in AGENTS}
        self.versions: dict[str, list[tuple[int, dict[str, Any], str]]] = {name: [] for name in AGENTS}
        self.runs: dict[tuple[str, int], Interval] = {}
        self.owed: dict[str, tuple[str, int]] = {}  # by key: currency, amount
        self.limit: dict[tuple[str, str], int] = {}
        self.invoices: dict[str, Any] = {}

    # -- actions, with a server that may die -------------------------------------------------------

    def do(self, work: Callable[[], Coroutine[Any, Any, Any]], commits: int | None, after: bool) -> Any:
        """Execute an action; if the server dies at a commit (after: when it is durable, before the caller knows),
        repeat it."""
        store = self.place.app.store
        if commits is not None:
            left, write = [commits], store.write

            def mortal(*args: Any, **options: Any) -> Any:
                async def dying() -> Any:
                    if left[0] <= 0 and not after:
                        raise Died
                    result = await write(*args, **options)
                    left[0] -= 1
                    if left[0] < 0:
                        raise Died
                    return result

                return dying()

            store.write = mortal  # type: ignore[method-assign]
            try:
                return self.place.run(work())
            except (Died, InternalError):
                pass
            finally:
                store.write = write  # type: ignore[method-assign]
        return self.place.run(work())

    def ask(self, name: str, **given: Any) -> Any:
        return self.place.call(self.operator, f"billing.{name}", **given)

    def rows(self, query: DictQuery) -> list[Any]:
        return self.place.rows(self.tenant, query)

    # -- the model's own arithmetic --------------------------------------------------------------

    def price(self, agent: str, at: int) -> tuple[dict[str, Any], str]:
        """Return the newest version that was effective."""
        begun = [(price, currency) for begins, price, currency in self.versions[agent] if begins <= at]
        return begun[-1] if begun else ({"type": "free"}, "USD")

    def cost(self, agent: str, kind: str, quantity: int) -> tuple[str, int]:
        price, currency = self.price(agent, self.place.clock.time)
        for_one = {
            "request": price.get("task_price", 0) if price["type"] == "hybrid" else 0,
            "input_tokens": Fraction(str(price.get("input_price", 0))) / 10**6,
            "output_tokens": Fraction(str(price.get("output_price", 0))) / 10**6,
        }[kind]
        if kind == "request" and price["type"] == "per_request":
            for_one = price["price"]
        exact = Fraction(str(for_one)) * 10**6 * quantity
        return currency, int(exact + Fraction(1, 2))

    def spent(self, account: str, currency: str) -> int:
        moment = datetime.fromtimestamp(self.place.clock.time / SECOND, UTC)
        return sum(
            row["amount"]
            for row in self.rows(LEDGER)
            if (row["account_id"], row["currency"]) == (account, currency)
            and row["day"] // 100 == moment.year * 100 + moment.month
            and row["kind"] not in PAID_IN
        )

    # -- rules -----------------------------------------------------------------------------------

    @initialize(first=prices, second=prices)
    def begin(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        self.set_price("Ann", first, "USD", None, False)
        self.set_price("Bob", second, "EUR", None, False)
        for account in ACCOUNTS:
            self.place.call(self.operator, "token.create", label=f"key of {account}", account=account)

    @rule(agent=agents, price=prices, currency=st.sampled_from(CURRENCIES), commits=lives, after=afterwards)
    def set_price(self, agent: str, price: dict[str, Any], currency: str, commits: int | None, after: bool) -> None:
        key = new_id("key")
        call = self.place.market.call
        fixed = [currency for _, price, currency in self.versions[agent] if price["type"] != "free"]
        if fixed and currency != fixed[-1]:
            with pytest.raises(Conflict, match=f"is paid in {fixed[-1]}"):
                self.ask("set_price", agent_id=agent, currency=currency, **price)
            return
        self.do(
            lambda: call(self.operator, "billing.set_price", key=key, agent_id=agent, currency=currency, **price),
            commits,
            after,
        )
        self.versions[agent].append((self.place.clock.time, price, currency))

    @rule(
        agent=agents,
        account=accounts,
        key=keys,
        instance=st.sampled_from(["", "inst_9"]),
        commits=lives,
        after=afterwards,
    )
    def execute(self, agent: str, account: str, key: str, instance: str, commits: int | None, after: bool) -> None:
        charge = Charge(f"execution:{key}", account, self.agents[agent].subject, EntryKind.REQUEST, 1, instance)
        currency, amount = self.cost(agent, "request", 1)
        limit = self.limit.get((account, currency))
        elsewhere = limit is None and any(limited == account for limited, _ in self.limit)
        refused = (
            charge.key not in self.owed
            and amount > 0
            and (elsewhere or (limit is not None and self.spent(account, currency) + amount > limit))
        )
        try:
            self.do(lambda: self.till.act(lambda call: Ledger(call).charge_unless_recorded(charge)), commits, after)
        except BudgetExceeded:
            assert refused
            return
        assert not refused
        self.owed.setdefault(charge.key, (currency, amount))

    @rule(key=keys, commits=lives, after=afterwards)
    def reverse(self, key: str, commits: int | None, after: bool) -> None:
        self.do(lambda: self.till.reverse(key), commits, after)
        if f"execution:{key}" in self.owed:
            currency, _ = self.owed[f"execution:{key}"]
            self.owed[f"execution:{key}"] = (currency, 0)

    @rule(agent=agents, account=accounts, key=keys, tokens=st.integers(1, 10_000), commits=lives, after=afterwards)
    def record(self, agent: str, account: str, key: str, tokens: int, commits: int | None, after: bool) -> None:
        key = f"{key}-{agent}-{account}-{tokens}"
        call = self.place.market.call
        given: dict[str, Any] = {"input_tokens": tokens, "output_tokens": 3}
        self.do(
            lambda: call(self.operator, "billing.record", usage_key=key, account=account, agent_id=agent, **given),
            commits,
            after,
        )
        if f"usage:{key}" not in self.owed:
            currency, first = self.cost(agent, "input_tokens", tokens)
            _, second = self.cost(agent, "output_tokens", 3)
            self.owed[f"usage:{key}"] = (currency, first + second)

    @rule(instance=st.sampled_from(INSTANCES), length=lengths, closes=st.booleans(), commits=lives, after=afterwards)
    def measure(self, instance: str, length: int, closes: bool, commits: int | None, after: bool) -> None:
        """Measure an instance that has continued or started; the measurement is reported and closed together, or
        later."""
        place = INSTANCES.index(instance)
        found = [run for run in self.runs.values() if run.instance == instance]
        run = found[-1] if found and not found[-1].closed else None
        if run is None:
            run = Interval(
                instance,
                len(found) + 1,
                ACCOUNTS[place % 2],
                self.agents[AGENTS[place % 2]].subject,
                self.place.clock.time,
            )
            self.runs[instance, run.number] = run
        run.length += length
        run.closed = closes
        self.tell([run], commits, after)

    @rule(instance=st.sampled_from(INSTANCES), length=lengths)
    def run_and_pause(self, instance: str, length: int) -> None:
        for _ in range(3):
            self.measure(instance, length, True, None, False)
            self.place.clock.time += length + SECOND

    @rule(commits=lives, after=afterwards, late=st.integers(0, 5))
    def tell_again(self, commits: int | None, after: bool, late: int) -> None:
        """Report everything again, including earlier states."""
        self.tell(list(self.runs.values()), commits, after, late * SECOND)

    def tell(self, runs: Iterable[Interval], commits: int | None, after: bool, late: int = 0) -> None:
        told = [
            Run(
                run.instance,
                run.number,
                run.account,
                run.agent,
                run.began,
                run.began + max(0, run.length - late),
                0,
                run.closed and not late,
            )
            for run in runs
        ]
        self.do(lambda: self.till.act(lambda call: bill_run_growth(call, told)), commits, after)

    @rule(account=accounts, currency=st.sampled_from(CURRENCIES), key=keys, commits=lives, after=afterwards)
    def credit(self, account: str, currency: str, key: str, commits: int | None, after: bool) -> None:
        key = f"{key}-{account}-{currency}"
        given: dict[str, Any] = {"account": account, "amount": 1.5, "currency": currency, "credit_key": key}
        self.do(lambda: self.place.market.call(self.operator, "billing.credit", **given), commits, after)
        self.owed[f"credit:{key}"] = (currency, -1_500_000)

    @rule(account=accounts, currency=st.sampled_from(CURRENCIES), limit=st.sampled_from([None, 0.02, 2.0, 9.0]))
    def budget(self, account: str, currency: str, limit: float | None) -> None:
        self.ask("budget", account=account, currency=currency, hard_limit=limit)
        if limit is None:
            self.limit.pop((account, currency), None)
        else:
            self.limit[account, currency] = round(limit * 10**6)

    @rule(hours=st.sampled_from([0.001, 0.5, 3.0, 24.0, 24.0 * 20]))
    def time_passes(self, hours: float) -> None:
        self.place.clock.time += int(hours * HOUR)

    @rule(hours=st.sampled_from([-1.0, -30.0, 26.0]))
    def the_clock_is_put(self, hours: float) -> None:
        self.place.clock.time += int(hours * HOUR)

    @rule(commits=lives, after=afterwards)
    def the_month_ends(self, commits: int | None, after: bool) -> None:
        self.place.clock.time += 31 * 24 * HOUR
        self.close(commits, after)

    @rule(commits=lives, after=afterwards)
    def close(self, commits: int | None, after: bool) -> None:
        self.till = Till(self.place.market, self.tenant)  # a new server checks immediately
        self.do(lambda: self.till.keeper.reconcile(self.tenant), commits, after)

    @rule()
    def close_what_is_not_over(self) -> None:
        moment = datetime.fromtimestamp(self.place.clock.time / SECOND, UTC)
        with pytest.raises(InvalidRequest):
            self.ask("close", period=f"{moment:%Y-%m}")

    # -- invariants --------------------------------------------------------------------------------

    @invariant()
    def each_thing_is_charged_once(self) -> None:
        found: dict[str, tuple[str, int]] = {}
        reversed_to = {row["entry_id"]: row for row in self.rows(LEDGER)}
        for row in self.rows(LEDGER):
            origin = row if row["reverses"] is None else reversed_to[row["reverses"]]
            key = origin["key"]
            if key.startswith(("time:", "base:")):
                continue
            key = key.rpartition(":")[0] if key.startswith("usage:") else key
            before = found.get(key, (row["currency"], 0))
            assert before[0] == row["currency"]
            found[key] = (row["currency"], before[1] + row["amount"])
        assert found == self.owed

    @invariant()
    def time_is_billed_as_measured(self) -> None:
        billed: dict[tuple[str, int], int] = defaultdict(int)
        by_version: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
        for row in self.rows(LEDGER):
            if row["kind"] != "time":
                continue
            _, instance, number, _ = row["key"].split(":")
            assert row["ended"] - row["began"] == row["quantity"] > 0
            billed[instance, int(number)] += row["quantity"]
            sums = by_version[instance, row["price_version"]]
            sums[0] += row["quantity"]
            sums[1] += row["amount"]
        for place, run in self.runs.items():
            assert billed[place] == run.length if run.closed else billed[place] <= run.length
        for row in self.rows(RUNS):
            run = self.runs[row["instance_id"], row["number"]]
            assert (row["measured"], row["billed"]) == (run.length, billed[run.instance, run.number])
            assert row["accrued"] >= 0
            if run.closed:
                assert row["accrued"] == 0
        for (instance, version), (quantity, amount) in by_version.items():
            agent = AGENTS[INSTANCES.index(instance) % 2]
            assert amount == self._timed(agent, version, quantity)

    def _timed(self, agent: str, version: int, quantity: int) -> int:
        price = self.versions[agent][version - 1][1] if version else {"type": "free"}
        hour = price["type"] == "per_hour" or price.get("usage_unit") == "hour"
        timed = price["type"] in ("per_hour", "per_minute", "hybrid")
        rate = Fraction(str(price.get("price", 0))) * 10**6 if timed else Fraction(0)
        return int(rate * quantity / (HOUR if hour else 60 * SECOND) + Fraction(1, 2))

    @invariant()
    def a_base_is_paid_at_most_once(self) -> None:
        bases = [row["key"] for row in self.rows(LEDGER) if row["kind"] == "base"]
        assert len(bases) == len(set(bases)) <= len(INSTANCES)

    @invariant()
    def the_sums_are_those_of_the_ledger(self) -> None:
        ledger = self.rows(LEDGER)
        for query, columns in (
            (DAYS, ("account_id", "currency", "day", "agent_id", "kind")),
            (BY_INSTANCE, ("instance_id", "account_id", "agent_id", "currency", "kind", "price_version")),
        ):
            wanted: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
            for row in ledger:
                if query is DAYS or row["instance_id"]:
                    sums = wanted[tuple(row[name] for name in columns)]
                    sums[0], sums[1], sums[2] = sums[0] + row["quantity"], sums[1] + row["amount"], sums[2] + 1
            found = {
                tuple(row[name] for name in columns): [row["quantity"], row["amount"], row["entries"]]
                for row in self.rows(query)
            }
            assert found == dict(wanted)
        totals: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in ledger:
            for scope, ref in (("account", row["account_id"]), ("agent", row["agent_id"])):
                if ref:
                    sums = totals[scope, ref, row["currency"], row["day"] // 100]
                    sums[1 if row["kind"] in PAID_IN else 0] += (
                        -row["amount"] if row["kind"] in PAID_IN else row["amount"]
                    )
                    sums[2] += 1
        assert dict(totals) == {
            (row["scope"], row["ref"], row["currency"], row["period"]): [
                row["charged"],
                row["credited"],
                row["entries"],
            ]
            for row in self.rows(TOTALS)
        }

    @invariant()
    def every_view_adds_up(self) -> None:
        ledger, runs = self.rows(LEDGER), self.rows(RUNS)
        for currency in CURRENCIES:
            entries = [row for row in ledger if row["currency"] == currency and row["kind"] not in PAID_IN]
            accruing = [row for row in runs if row["currency"] == currency and row["state"] == "open"]
            for asked, mine in self._scopes():
                amount = sum(row["amount"] for row in entries if mine(row))
                more = sum(row["accrued"] for row in accruing if mine(row))
                cost = self.ask("cost", currency=currency, **asked)
                assert micros(cost.total_cost) == amount + more, asked
                assert micros(cost.accrued_cost) == more
                parts = cost.cost_breakdown
                assert micros(parts.base_cost) + micros(parts.usage_cost) + micros(parts.task_cost) == amount + more
                assert sum(micros(agent.total_cost) for agent in cost.by_agent) == amount + more
            for earned in self.ask("revenue").revenue:
                if earned.currency == currency:
                    assert micros(earned.revenue) == sum(
                        row["amount"] for row in entries if row["agent_id"] == earned.agent_id
                    )
        page = self.ask("usage", limit=500)
        assert [entry.entry_id for entry in page.usage] == [row["entry_id"] for row in ledger][::-1][:500]

    def _scopes(self) -> Iterator[tuple[dict[str, str], Callable[[Any], bool]]]:
        yield {}, lambda row: True
        for account in ACCOUNTS:
            yield {"account": account}, partial(_is, "account_id", account)
        for name, agent in self.agents.items():
            yield {"agent_id": name}, partial(_is, "agent_id", agent.subject)
        yield {"instance_id": "inst_1"}, partial(_is, "instance_id", "inst_1")

    @invariant()
    def invoices_hold_every_entry_once_and_stay(self) -> None:
        ledger, runs = self.rows(LEDGER), self.rows(RUNS)
        page = self.ask("invoices", limit=500)
        numbers = [int(shown.number.removeprefix("INV-")) for shown in page.invoices]
        assert numbers == list(range(len(numbers), 0, -1))
        invoiced: dict[tuple[str, str], int] = defaultdict(int)
        for shown in page.invoices:
            full = self.ask("invoice", invoice=shown.number).model_dump(mode="json")
            assert self.invoices.setdefault(shown.number, full) == full
            assert micros(shown.charges) - micros(shown.credits) == sum(
                micros(line["amount"]) for line in full["lines"]
            )
            invoiced[shown.account_id, shown.currency] += micros(shown.charges) - micros(shown.credits)
        horizon = datetime.fromtimestamp(self.place.clock.time / SECOND, UTC)
        for account in ACCOUNTS:
            for currency in CURRENCIES:
                mine = [row for row in ledger if (row["account_id"], row["currency"]) == (account, currency)]
                if any(row["day"] // 100 > horizon.year * 100 + horizon.month for row in mine):
                    continue  # the clock was set back: months ahead of it are invoiced after their end
                still = self.ask("invoice", account=account, currency=currency)
                rest = micros(still.charges) - micros(still.credits)
                owed = sum(row["amount"] for row in mine) + sum(
                    row["accrued"]
                    for row in runs
                    if (row["account_id"], row["currency"], row["state"]) == (account, currency, "open")
                )
                assert invoiced[account, currency] + rest == owed
                assert micros(still.closing_balance) == -owed


def _is(column: str, value: str, row: Any) -> bool:
    return bool(row[column] == value)


def micros(amount: float) -> int:
    return round(amount * 1_000_000)


@pytest.fixture
def place(engine: Engine, tmp_path: Path) -> Iterator[Place]:
    place = Place(engine, tmp_path / "data")
    yield place
    place.close()


def test_every_view_adds_up_to_the_ledger(place: Place, engine: Engine) -> None:
    class Here(Machine):
        pass

    Here.place = place
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here,
        settings=settings(
            max_examples=round(EXAMPLES * SHARE[engine.dialect]),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
