"""Pages of coding work: permissions, actions, and hostile or huge content."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agora.core.call import Caller
from agora.protocols.web.pages.task_exchange import CheckResult, list_readable_parts
from tests.market import Market
from tests.unit.protocols.web.http_browser import Browser
from tests.unit.protocols.web.test_page_access import Forms, signed_in

EVIL = "<img src=x onerror=alert(1)></article></li></pre><script>alert(1)</script>"
PERMISSION = {
    "title": f"rm -rf {EVIL}",
    "kind": "execute",
    "paths": [f"/etc/{EVIL}"],
    "options": [
        {"option_id": "once", "name": f"Allow {EVIL}", "kind": "allow_once"},
        {"option_id": "reject", "name": "Reject", "kind": "reject_once"},
    ],
    "input": {EVIL: EVIL},
}
SCHEMA = {
    "type": "object",
    "properties": {"option_id": {"oneOf": [{"const": "once", "title": "Allow once"}, {"const": "reject"}]}},
}


class Coding:
    """A worker with one codebase, and a person's job that it holds."""

    def __init__(self, market: Market, coder: Caller, person: Caller) -> None:
        self.market, self.coder, self.person = market, coder, person
        self.codebase, self.worker = "", ""
        self.fence: dict[str, Any] = {}

    async def begin(self, **job: Any) -> None:
        """Queue and claim a job."""
        prompt = {"prompt": "Mend it", "title": EVIL[:90], "codebase_id": self.codebase, **job}
        await self.market.call(self.person, "task.assign", **prompt)
        (task,) = (await self.market.call(self.coder, "task.claim", worker=self.worker)).tasks
        self.fence = {"task_id": task.task_id, "fencing_token": task.fencing_token}

    async def say(self, *messages: Any, session: str = "ses_1") -> str:
        """Store messages of a session. Returns the address of its page."""
        documents = [
            {"message_id": f"{self.fence['task_id']}:{number}", "role": "assistant", "parts": parts}
            for number, parts in enumerate(messages)
        ]
        place = {"codebase_id": self.codebase, "session_id": session}
        options = {"title": EVIL, "agent": EVIL[:60], "task_id": self.fence["task_id"]}
        await self.market.call(self.coder, "session.ingest", **place, messages=documents, **options)
        return f"codebases/{self.codebase}/sessions/{session}"

    async def ask(self) -> None:
        """Request a permission."""
        question = {"parts": [{"text": "May I?"}, {"data": {"permission": PERMISSION}}], "status": "input_required"}
        await self.market.call(
            self.coder, "task.message", **self.fence, **question, metadata={"requestedSchema": SCHEMA}
        )


@pytest.fixture
async def coding(market: Market) -> Coding:
    made = Coding(market, await market.agent("Coder"), await market.agent("Person"))
    worker = await market.call(
        made.coder,
        "worker.register",
        worker_name=EVIL[:64],
        capabilities=["coding", "coding:opencode"],
        metadata={"hostname": EVIL, "agents": [{"name": EVIL, "version": 1}, EVIL]},
    )
    codebase = await market.call(
        made.coder, "codebase.register", name=EVIL[:60], path=f"/src/{EVIL}", worker_id=worker.worker_id
    )
    made.worker, made.codebase = worker.worker_id, codebase.codebase_id
    return made


async def read_page(browser: Browser, path: str) -> str:
    """Return an existing page without content that its policy forbids."""
    page = await browser.get(path)
    assert page.status_code == 200, (path, page.text[-600:])
    forms = Forms(page.text)
    assert forms.forbidden == [], path
    assert len(set(forms.ids)) == len(forms.ids), (path, [id for id in forms.ids if forms.ids.count(id) > 1])
    assert set(forms.commands) <= set(forms.ids), path
    assert "<img" not in page.text, path
    assert "<script>alert" not in page.text, path
    return page.text


async def test_hostile_content_is_escaped_on_every_page(market: Market, coding: Coding) -> None:
    await coding.begin()
    tool = {"type": "tool", "title": EVIL, "kind": EVIL, "status": EVIL, "locations": [EVIL, {}], "input": {EVIL: 1}}
    diff = f"--- {EVIL}\n+++ {EVIL}\n@@ -1 +1 @@\n-{EVIL}\n+{EVIL}"
    odd: list[Any] = [EVIL, 7, ["x"], {"type": EVIL}, {"type": "plan", "entries": EVIL}, {"type": "text", "text": {}}]
    session = await coding.say(
        [{"type": "text", "text": EVIL}, {"type": "thought", "text": EVIL}, tool | {"result": diff}, *odd],
        [{"type": "note", "text": EVIL}, {"type": "plan", "entries": [{"text": EVIL, "status": EVIL}, 1]}],
        EVIL,
    )
    artifacts = (
        {"parts": [{"text": diff, "mediaType": "text/x-diff"}]},
        {"parts": [{"data": {"files": [EVIL, 1], "commits": EVIL}}]},
    )
    for artifact in (*artifacts, {"parts": [{"data": {"command": EVIL, "exit_code": EVIL, "output": EVIL}}]}):
        await market.call(coding.coder, "task.artifact", **coding.fence, **artifact, name=EVIL)
    await coding.ask()
    browser = await signed_in(market)
    paths = [
        "",
        "inbox",
        "agents/workers",
        f"agents/workers/{coding.worker}",
        "codebases",
        f"codebases/{coding.codebase}",
        f"codebases/{coding.codebase}/sessions",
        session,
        f"tasks/{coding.fence['task_id']}",
    ]
    for path in paths:
        text = await read_page(browser, path)
        assert "&lt;img src=x" in text, path
    await market.call(coding.person, "task.cancel", task_id=coding.fence["task_id"])
    await read_page(browser, session)


async def test_huge_content_is_bounded(market: Market, coding: Coding) -> None:
    await coding.begin()
    chunk = "0123456789abcdef" * 15_000
    for _ in range(41):  # 9.8 MB, just below the limit of a task's output
        await market.call(coding.coder, "task.append", **coding.fence, content=chunk)
    browser = await signed_in(market)
    shown = "499,800 earlier parts not shown", "1,980,000 more characters"
    messages: list[list[Any]] = [[{} for _ in range(500_000)], [{"type": "text", "text": "x" * 2_000_000}]]
    for number, (message, words) in enumerate(zip(messages, shown, strict=True)):
        page = await browser.get(await coding.say(message, session=f"ses_{number}"))
        assert page.status_code == 200
        assert len(page.content) < 100_000
        assert words in page.text
    job = await browser.get(f"tasks/{coding.fence['task_id']}")
    assert len(job.content) < 100_000
    assert "9,820,000 characters before" in job.text


async def test_absurd_numbers_of_an_agent_are_left_out(market: Market, coding: Coding) -> None:
    await coding.begin()
    usage = {"input_tokens": 10**400, "output_tokens": 7, "cost": 10**400, "currency": "USD"}
    await market.call(coding.coder, "task.complete", **coding.fence, result={"usage": usage})
    await read_page(await signed_in(market), f"tasks/{coding.fence['task_id']}")


def test_result_of_a_check_is_read_by_name() -> None:
    (part,) = list_readable_parts([{"data": {"output": "2 failed", "exit_code": 1, "command": "make test"}}])
    assert part.check == CheckResult("make test", "1", "2 failed")


async def test_permission_is_answered_once_and_a_second_answer_is_refused(market: Market, coding: Coding) -> None:
    await coding.begin()
    await coding.ask()
    first, second = await signed_in(market), await signed_in(market)
    page = await read_page(first, "inbox")
    assert ">Allow once</button>" in page
    form = page[page.index('action="/v1/monitor/act/agora.task.message"') :]
    fields = dict(re.findall(r'name="(task_id|answers)" value="([^"]+)"', form[: form.index("</form>")]))
    answer = {**fields, "parts": '[{"data": {"option_id": "once"}}]', "next": "/v1/monitor/inbox"}
    told = [await browser.act("agora.task.message", **answer) for browser in (first, second)]
    assert [answer.status_code for answer in told] == [303, 303]
    assert "Answer sent" in (await first.get("inbox")).text
    assert "it has been answered" in (await second.get("inbox")).text
    history = (await market.call(coding.person, "task.history", task_id=coding.fence["task_id"])).entries
    answers = [
        entry.data["parts"] for entry in history if entry.type == "message" and entry.data["role"] == "ROLE_USER"
    ]
    assert answers == [[{"data": {"option_id": "once"}}]]


async def test_viewers_get_no_forms_and_strangers_see_no_sessions(market: Market, coding: Coding) -> None:
    await coding.begin()
    await coding.ask()
    session = await coding.say([{"type": "text", "text": "a secret"}])
    pages = ("inbox", f"codebases/{coding.codebase}", session, f"tasks/{coding.fence['task_id']}")
    reads = ["read:agents", "read:tasks", "read:messages", "read:events"]
    viewer = await market.call(market.operator, "token.create", label="Viewer", scopes=[*reads, "read:all"])
    browser = await signed_in(market, viewer.token)
    for path in pages:
        assert [operation for operation, _ in Forms(await read_page(browser, path)).found if operation] == [], path
    stranger = await market.call(market.operator, "token.create", label="Stranger", scopes=reads)
    browser = await signed_in(market, stranger.token)
    assert (await browser.get(session)).status_code == 404
    assert "ses_1" not in await read_page(browser, f"codebases/{coding.codebase}/sessions")
    assert "May I?" not in await read_page(browser, "inbox")
    operator = await signed_in(market)
    operations = {operation for operation, _ in Forms(await read_page(operator, session)).found}
    assert {"agora.task.message", "agora.task.cancel", "agora.session.resume"} <= operations


async def test_follow_ups_are_editable_on_the_page_until_delivered(market: Market, coding: Coding) -> None:
    await coding.begin()
    session = await coding.say([{"type": "text", "text": "hello"}])
    task = {"task_id": coding.fence["task_id"]}
    browser = await signed_in(market)
    for mode in ("queued", "steering"):
        await browser.act("agora.follow_up.add", **task, text=f"{mode} {EVIL}", mode=mode)
    page = await read_page(browser, session)
    assert page.count('<li id="follow-up-') == 2
    assert page.index("queued &lt;img") < page.index("steering &lt;img")
    listed = await market.call(market.operator, "follow_up.list", **task)
    first, second = (follow_up.follow_up_id for follow_up in listed.follow_ups)
    await browser.act("agora.follow_up.edit", **task, follow_up_id=first, text="changed")
    await browser.act("agora.follow_up.remove", **task, follow_up_id=second)
    page = await read_page(browser, session)
    assert page.count('<li id="follow-up-') == 1
    assert "changed" in page
    await market.call(coding.coder, "task.fail", **coding.fence, error="broken", retry=False)
    assert "Resume with them" in await read_page(browser, session)
    await browser.act("agora.follow_up.wake", **task)
    (successor,) = (await market.call(coding.coder, "task.claim", worker=coding.worker)).tasks
    events = await market.call(
        coding.coder, "follow_up.take", task_id=successor.task_id, fencing_token=successor.fencing_token
    )
    assert events.follow_up.text == "changed"
    assert '<li id="follow-up-' not in await read_page(browser, session)


async def test_turn_is_previewed_and_reverted_on_the_session_page(market: Market, coding: Coding) -> None:
    await coding.begin()
    session = await coding.say([{"type": "text", "text": "hello"}])
    job_id = coding.fence["task_id"]
    place = {"codebase_id": coding.codebase, "session_id": "ses_1", "job_id": job_id}
    for number in (1, 2):
        files = [{"path": EVIL, "status": "A", "blob": str(number)}]
        turn = {"number": number, "prompt": EVIL, "commit": str(number) * 40, "files": files}
        await market.call(coding.coder, "turn.record", **coding.fence, **place, **turn)
    checkpoint = {"workplace": {"job": job_id}, "session_id": "ses_1"}
    await market.call(coding.coder, "task.renew", **coding.fence, checkpoint=checkpoint)
    browser = await signed_in(market)
    page = await read_page(browser, f"{session}?turn=1")
    assert "takes back 1 turn and" in page
    assert "Rewind both" not in page, "the agent works"
    for wrong in ("9", "x", "9999999999999999999999", "0", "000001" + "0" * 5000):
        assert "takes back" not in await read_page(browser, f"{session}?turn={wrong}")
    await market.call(coding.coder, "task.complete", **coding.fence, result={"session_id": "ses_1"})
    assert "Rewind both" in await read_page(browser, f"{session}?turn=1")
    await browser.act("agora.turn.rewind", job_id=job_id, number="1", what="both", prompt="again")
    (task,) = (await market.call(coding.coder, "task.claim", worker=coding.worker)).tasks
    assert (task.payload["rewind"]["what"], task.payload["prompt"]) == ("both", "again")


async def test_review_is_commented_on_and_decided_on_its_page(market: Market, coding: Coding) -> None:
    await coding.begin()
    job_id = coding.fence["task_id"]
    patch = f"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n first\n-old {EVIL}\n+new {EVIL}\n"
    files = [{"path": EVIL, "patch": patch, "additions": 1, "deletions": 1}, {"path": "b", "truncated": True}]
    place = {"job_id": job_id, "codebase_id": coding.codebase, "branch": f"agora/{job_id}", "title": EVIL}
    commits = {"base": "0" * 40, "head": "1" * 40, "target": EVIL}
    await market.call(coding.coder, "review.submit", **coding.fence, **place, **commits, files=files)
    await market.call(coding.coder, "task.complete", **coding.fence, result={})
    browser = await signed_in(market)
    page = await read_page(browser, f"reviews/{job_id}")
    assert page.count('class="code add"') == page.count('class="code del"') == 1
    assert "too large to be shown" in page
    split = await read_page(browser, f"reviews/{job_id}?view=split&file=1&side=new&line=2")
    assert 'class="lines split"' in split
    assert split.count("Comment on line 2</label>") == 1
    for wrong in ("file=9&side=x&line=2", "file=1&line=99999999999999999999", "file=x&line=-1", "cursor=nonsense"):
        assert "Comment on line 2</label>" not in await read_page(browser, f"reviews/{job_id}?{wrong}")
    await browser.act("agora.review.comment", job_id=job_id, path=EVIL, line="2", side="new", text=f"no {EVIL}")
    page = await read_page(browser, f"reviews/{job_id}")
    assert "no &lt;img" in page
    assert "<small>operator, " in page, "of several reviewers each comment names its author"
    await browser.act("agora.review.request_changes", job_id=job_id)
    assert ", sent to the agent" in await read_page(browser, f"reviews/{job_id}")
    (told,) = (await market.call(coding.coder, "task.claim", worker=coding.worker)).tasks
    await market.call(coding.coder, "task.complete", task_id=told.task_id, fencing_token=told.fencing_token, result={})
    await browser.act("agora.review.approve", job_id=job_id, action="push", head="1" * 40)
    page = await read_page(browser, f"reviews/{job_id}")
    assert 'name="action"' not in page, "it is being carried out"
    assert "Delivering<" in await read_page(browser, "reviews?state=delivering")
    assert "This filter is not valid" in await read_page(browser, "reviews?state=odd")
    stranger = await market.call(market.operator, "token.create", label="Stranger", scopes=["read:tasks"])
    assert (await (await signed_in(market, stranger.token)).get(f"reviews/{job_id}")).status_code == 404


async def test_review_of_20_000_lines_is_read_file_by_file(market: Market, coding: Coding) -> None:
    await coding.begin()
    job_id = coding.fence["task_id"]
    patch = "diff\n--- a/x\n+++ b/x\n@@ -0,0 +1,2000 @@\n" + "+    a line of code, as long as lines are\n" * 2000
    files = [{"path": f"{number}.py", "status": "A", "additions": 2000, "patch": patch} for number in range(10)]
    place = {"job_id": job_id, "codebase_id": coding.codebase, "branch": "agora/x", "target": "main"}
    commits = {"base": "0" * 40, "head": "1" * 40}
    await market.call(coding.coder, "review.submit", **coding.fence, **place, **commits, files=files)
    browser = await signed_in(market)
    page = await read_page(browser, f"reviews/{job_id}")
    assert page.count("Comment on line ") == 2998, "3,000 rows, of which two are heads of hunks"
    assert page.count("Show 501 more lines") == 2
    assert page.count("Show 2,001 lines") == 8
    assert len(page) < 1_500_000
    chosen = await read_page(browser, f"reviews/{job_id}?file=7&side=new&line=1999")
    assert "Comment on line 2000 of 6.py" in chosen
    assert chosen.count("Comment on line 1999</label>") == 1
    await browser.act("agora.review.comment", job_id=job_id, path="6.py", line="1999", side="new", text="Here")
    assert ">Here</p>" in await read_page(browser, f"reviews/{job_id}?file=7")


async def test_job_links_to_its_codebase_and_review(market: Market, coding: Coding) -> None:
    await coding.begin()
    job_id, browser = coding.fence["task_id"], await signed_in(market)
    page = await read_page(browser, f"tasks/{job_id}")
    assert f'href="/v1/monitor/codebases/{coding.codebase}"' in page
    assert ">Review</a>" not in page
    place = {"job_id": job_id, "codebase_id": coding.codebase, "branch": "agora/x", "files": []}
    await market.call(coding.coder, "review.submit", **coding.fence, **place, base="0" * 40, head="1" * 40)
    assert f'href="/v1/monitor/reviews/{job_id}">Review</a>' in await read_page(browser, f"tasks/{job_id}")
    for task_type in ("coding.job", "coding.delivery"):
        payload = {"codebase_id": f"cb_{EVIL}", "job_id": f"task_{EVIL}", "prompt": "x"}
        assign = {"task_type": task_type, "payload": payload, "assignee": f"worker:{coding.worker}"}
        odd = await market.call(coding.person, "task.assign", **assign)
        assert ">Review</a>" not in await read_page(browser, f"tasks/{odd.task_id}")


async def test_board_shows_jobs_from_the_queue_to_the_review(market: Market, coding: Coding) -> None:
    await coding.begin()
    job_id = coding.fence["task_id"]
    place = {"job_id": job_id, "codebase_id": coding.codebase, "branch": "agora/x", "title": EVIL, "files": []}
    await market.call(
        coding.coder, "review.submit", **coding.fence, **place, base="0" * 40, head="1" * 40, target="main"
    )
    await market.call(coding.coder, "task.complete", **coding.fence, result={})
    await coding.begin()
    await coding.ask()
    prompt = {"prompt": "Wait", "title": EVIL[:90], "codebase_id": coding.codebase, "required_capabilities": ["none"]}
    waiting = await market.call(coding.person, "task.assign", **prompt)
    browser = await signed_in(market)
    page = await read_page(browser, "board")
    lanes = [page.index(f'id="lane-{name}"') for name in ("queued", "working", "asks", "review", "done")]
    assert lanes == sorted(lanes)
    normal = page.index('data-priority="normal"')
    assert normal < page.index(f'id="card-{waiting.task_id}"') < page.index('data-priority="low"')
    assert lanes[2] < page.index(f'id="card-{coding.fence["task_id"]}"') < lanes[3]
    assert lanes[3] < page.index(f'id="card-review-{job_id}"') < lanes[4]
    assert f'id="card-{job_id}"' not in page, "it is not done before it is decided"
    await browser.act("agora.review.dismiss", job_id=job_id)
    page = await read_page(browser, "board")
    assert page.index('id="lane-done"') < page.index(f'id="card-{job_id}"')
    await browser.act("agora.task.prioritize", task_id=waiting.task_id, priority="urgent")
    page = await read_page(browser, "board")
    card = page.index(f'id="card-{waiting.task_id}"')
    assert page.index('data-priority="urgent"') < card < page.index('data-priority="high"')
    second = await market.call(coding.person, "task.assign", **prompt, priority="urgent")
    page = await read_page(browser, "board")
    assert f'name="after" value="{second.task_id}"' in page
    assert f'name="before" value="{waiting.task_id}"' in page
    assert f'name="before" value="{second.task_id}"' not in page, "nothing is after the last"
    await browser.act("agora.task.prioritize", task_id=second.task_id, before=waiting.task_id)
    page = await read_page(browser, "board")
    assert page.index(f'id="card-{second.task_id}"') < page.index(f'id="card-{waiting.task_id}"')
    reader = await market.call(market.operator, "token.create", label="Reader", scopes=["read:tasks", "read:all"])
    page = await read_page(await signed_in(market, reader.token), "board")
    assert waiting.task_id in page
    assert "draggable=" not in page.replace('draggable="false"', "")
    stranger = await market.call(market.operator, "token.create", label="Stranger", scopes=["read:tasks"])
    page = await read_page(await signed_in(market, stranger.token), "board")
    assert f"card-{coding.fence['task_id']}" not in page
    assert f"card-review-{job_id}" not in page


async def test_attempts_are_started_compared_and_chosen(market: Market, coding: Coding) -> None:
    browser, path = await signed_in(market), f"codebases/{coding.codebase}"
    page = await read_page(browser, path)
    assert 'name="variants" value="coding:opencode"' in page
    worker = f"worker:{coding.worker}"
    answer = await browser.act(
        "agora.attempt.start",
        codebase_id=coding.codebase,
        prompt=EVIL,
        variants=f"coding:opencode\n{worker}",
        visit="1",
    )
    group = (await market.call(market.operator, "attempt.list")).groups[0]
    assert answer.headers["location"].endswith(f"attempts/{group.group_id}")
    board = await read_page(browser, "board")
    assert ["attempt 1 of 2" in board, "attempt 2 of 2" in board] == [True, True]
    for _ in group.attempts:
        claim = await market.call(coding.coder, "task.claim", worker=coding.worker)
        fence = {"task_id": claim.tasks[0].task_id, "fencing_token": claim.tasks[0].fencing_token}
        place = {"job_id": fence["task_id"], "codebase_id": coding.codebase, "branch": "agora/x", "files": []}
        await market.call(coding.coder, "review.submit", **fence, **place, base="0" * 40, head="1" * 40)
        await market.call(coding.coder, "task.complete", **fence, result={"text": EVIL, "check": 3})
    page = await read_page(browser, f"attempts/{group.group_id}")
    assert page.count(">Choose</button>") == 2
    assert "exit code 3" in page
    await browser.act("agora.attempt.choose", group_id=group.group_id, task_id=group.attempts[1].task_id)
    page = await read_page(browser, f"attempts/{group.group_id}")
    assert ">Choose</button>" not in page
    assert "Dismissed" in page
    assert group.title[:40].replace("<", "&lt;").split(">")[0] in await read_page(browser, "attempts")
    forged = {"group_id": "att_" + "/../x" * 6, "number": 1, "of": 2}
    task = await market.call(
        coding.person, "task.assign", prompt="x", codebase_id=coding.codebase, metadata={"attempt": forged}
    )
    assert "attempt 1 of 2" not in await read_page(browser, f"tasks/{task.task_id}")


async def test_codebase_page_explains_why_its_queue_is_held(market: Market, coding: Coding) -> None:
    browser, path = await signed_in(market), f"codebases/{coding.codebase}"
    assert "queued jobs are held" not in await read_page(browser, path)
    await browser.act("agora.codebase.start_watch", codebase_id=coding.codebase, interval="7", review_limit="1")
    await coding.begin()
    place = {"job_id": coding.fence["task_id"], "codebase_id": coding.codebase, "branch": "agora/x", "files": []}
    await market.call(coding.coder, "review.submit", **coding.fence, **place, base="0" * 40, head="1" * 40)
    page = await read_page(browser, path)
    assert "1 review is open, of 1 allowed: queued jobs are held" in page
    assert 'name="review_limit" type="number" value="1"' in page
    await browser.act("agora.review.dismiss", job_id=coding.fence["task_id"])
    assert "queued jobs are held" not in await read_page(browser, path)
    await browser.act("agora.codebase.stop_watch", codebase_id=coding.codebase)
    assert "Its queue is stopped: queued jobs are held" in await read_page(browser, path)
    watch = await market.call(market.operator, "codebase.watch_status", codebase_id=coding.codebase)
    assert (watch.interval, watch.review_limit) == (7, 1)
    reader = await market.call(market.operator, "token.create", label="Reader", scopes=["read:tasks", "read:all"])
    assert 'name="review_limit"' not in await read_page(await signed_in(market, reader.token), path)


async def test_new_job_redirects_to_its_page(market: Market, coding: Coding) -> None:
    browser = await signed_in(market)
    page = await read_page(browser, f"codebases/{coding.codebase}")
    assert '<option value="coding:opencode">' in page
    fields = {"prompt": "Mend it", "codebase_id": coding.codebase, "required_capabilities": "coding:opencode"}
    answer = await browser.act("agora.task.assign", **fields, priority="urgent", visit="1")
    assert answer.status_code == 303
    path = answer.headers["location"].removeprefix("/v1/monitor/")
    assert "Mend it" in await read_page(browser, path)
    task = await market.call(market.operator, "task.get", task_id=path.removeprefix("tasks/"))
    assert set(task.required_capabilities) == {f"codebase:{coding.codebase}", "coding:opencode"}
    assert (task.payload["prompt"], task.priority) == ("Mend it", "urgent")
    refused = await browser.act("agora.task.assign", codebase_id=coding.codebase, visit="1")
    assert refused.headers["location"] == "/v1/monitor/", "without a prompt there is no job to go to"


async def test_long_session_is_read_from_its_end(market: Market, coding: Coding) -> None:
    await coding.begin()
    session = await coding.say(*([{"type": "text", "text": f"saying {number:03}"}] for number in range(70)))
    browser = await signed_in(market)
    said: list[str] = []
    path = session
    while path:
        page = await read_page(browser, path)
        said = re.findall(r"saying \d{3}", page) + said
        earlier = re.search(r'href="([^"]+)">Earlier messages', page)
        path = earlier[1].replace("&amp;", "&") if earlier else ""
    assert said == [f"saying {number:03}" for number in range(70)]


async def test_job_is_returned_to_its_queue(market: Market, coding: Coding) -> None:
    await coding.begin()
    task_id = coding.fence["task_id"]
    browser = await signed_in(market)
    opener = 'id="open-requeue"'
    page = await read_page(browser, f"tasks/{task_id}")
    assert opener in page
    assert {"task_id", "reason"} <= dict(Forms(page).found)["agora.task.requeue"]
    answer = await browser.act("agora.task.requeue", task_id=task_id, reason="its worker hangs")
    assert answer.status_code == 303
    page = await read_page(browser, f"tasks/{task_id}")
    assert "Task is back in its queue" in page
    assert opener not in page, "what waits is in its queue already"
    assert (await market.call(market.operator, "task.get", task_id=task_id)).status == "pending"


async def test_other_tenant_has_no_access(market: Market, coding: Coding) -> None:
    await coding.begin()
    await coding.ask()
    session = await coding.say([{"type": "text", "text": "a secret"}])
    tenant = await market.call(market.operator, "tenant.create", tenant_id="other")
    browser = await signed_in(market, tenant.token)
    assert "May I?" not in await read_page(browser, "inbox")
    assert coding.codebase not in await read_page(browser, "codebases")
    assert coding.worker not in await read_page(browser, "agents/workers")
    hidden = (f"codebases/{coding.codebase}", session, f"agents/workers/{coding.worker}")
    for path in hidden:
        assert (await browser.get(path)).status_code == 404, path
    prompt = {"codebase_id": coding.codebase, "session_id": "ses_1", "prompt": "Go on"}
    assert (await browser.act("agora.session.resume", **prompt)).status_code == 303
    assert "There is no codebase" in (await browser.get("inbox")).text


async def test_forms_require_the_sessions_csrf_token(market: Market, coding: Coding) -> None:
    await coding.begin()
    await coding.ask()
    await coding.say([])
    browser = await signed_in(market)
    task = {"task_id": coding.fence["task_id"]}
    forms = {
        "agora.task.assign": {"prompt": "x", "codebase_id": coding.codebase},
        "agora.task.message": {**task, "text": "once"},
        "agora.task.cancel": task,
        "agora.follow_up.add": {**task, "text": "x"},
        "agora.session.resume": {"codebase_id": coding.codebase, "session_id": "ses_1", "prompt": "x"},
    }
    for operation, fields in forms.items():
        answer = await browser.post(f"act/{operation}", {**fields, "csrf": "another"}, **{"hx-request": "true"})
        assert answer.status_code == 403, operation
    tasks = await market.call(market.operator, "task.list", task_type="coding.job")
    assert [(job.task_id, job.status) for job in tasks.items] == [(task["task_id"], "input_required")]


OUTPUT = f"""[agora] Recorded 1.0 works in /src
I *look* first.
[plan] [x] look
[plan] [~] mend {EVIL}
[execute] pytest -q {EVIL}
  1 failed
  {EVIL}
[edit] a.py (failed)
[plan] [x] look
[plan] [x] mend
It is **mended**.
"""


async def test_current_activity_is_described_like_past_activity(market: Market, coding: Coding) -> None:
    await coding.begin()
    session = await coding.say([{"type": "text", "text": "Mend it"}])
    await market.call(coding.coder, "task.append", **coding.fence, content=OUTPUT)
    browser = await signed_in(market)
    page = await read_page(browser, session)
    live = page[page.index('id="output"') : page.index('id="live-session_question"')]
    assert "<em>look</em>" in live
    assert "<strong>mended</strong>" in live
    assert re.findall(r'class="state (\w+)"><span(?: class="ticked")?>(\w+)', live) == [
        ("good", "look"),
        ("live", "mend"),
        ("good", "look"),
        ("good", "mend"),
    ]
    assert live.count('<details class="tool"') == 2
    assert "1 failed" in live
    assert "works in /src" in live
    await market.call(coding.coder, "task.append", **coding.fence, content="x\n" * 100_000)
    page = await read_page(browser, session)
    assert "earlier characters in the" in page
    assert len(page) < 60_000
