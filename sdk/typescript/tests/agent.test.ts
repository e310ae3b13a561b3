import { beforeAll, expect, inject, test } from "vitest";
import { Agent, AgoraClient, type Event, type IncomingMessage, InputRequired, MemoryTokens, type Message, PermanentFailure, type TaskRun } from "../src/index.ts";
import { freePort, ServerProcess } from "./server.ts";

const options = () => ({ url: inject("url"), tokens: new MemoryTokens() });

let requester: AgoraClient;

beforeAll(async () => {
  requester = new AgoraClient(options());
  await requester.register({ agentName: "Requester" });
});

async function until<T>(look: () => Promise<T | undefined> | T | undefined, seconds = 120): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error("it did not happen");
    await new Promise((later) => setTimeout(later, 20));
  }
}

const ended = (taskId: string) =>
  until(async () => {
    const task = await requester.task.get({ taskId });
    return ["pending", "in_progress"].includes(task.status) ? undefined : task;
  });

const assign = async (assignee: string, payload = {}) =>
  (await requester.task.assign({ taskType: "work", assignee, payload, maxAttempts: 1 })).taskId;

class Worker extends Agent {
  override capabilities = ["work"];
  override events = ["ping.*"];
  override maxConcurrentTasks = 2;
  readonly seen: string[] = [];
  readonly heard: Event[] = [];

  override async onMessage(message: Message) {
    this.seen.push(message.content);
    if (message.content === "fail") throw new Error("no");
    if (message.replyTo === null) await this.reply(message, `Re: ${message.content}`);
  }

  override async onEvent(event: Event) {
    this.heard.push(event);
  }

  override async onTask(task: TaskRun) {
    switch (task.payload["how"]) {
      case "permanently":
        throw new PermanentFailure("never");
      case "with half a character":
        throw new Error(`\ud83d ${"x".repeat(3990)}😀`);
      case "with much output":
        await task.write(`${"x".repeat(262_143)}😀!`);
        return {};
      case "ask":
        throw new InputRequired("Which one?", { data: [{ colour: "red" }, { colour: "blue" }] });
      case "for ever":
        await new Promise((_, reject) => task.signal.addEventListener("abort", () => reject(task.signal.reason as Error)));
    }
    await Promise.all([task.write("a"), task.write("b")]);
    await task.save({ some_rows: 1 });
    await task.report({ progress: 50, notes: "half" });
    return { kept_name: task.payload };
  }
}

test("an agent answers messages, does tasks, hears events, and leaves", async () => {
  const worker = await new Worker({ ...options(), name: "Worker" }).start();
  await requester.messaging.send({ toAgent: "Worker", content: "hello" });
  const reply = await until(async () => (await requester.messaging.receive({ unread: true, wait: 1 })).messages[0]);
  expect([reply.content, reply.fromName]).toEqual(["Re: hello", "Worker"]);
  await requester.event.publish({ eventType: "ping.one", data: 1 });
  expect((await until(() => worker.heard[0])).type).toBe("ping.one");

  const task = await ended(await assign("capability:work", { in_put: 1 }));
  expect([task.status, task.result, task.progress]).toEqual(["completed", { kept_name: { in_put: 1 } }, 100]);
  expect([task.checkpoint, task.notes]).toEqual([{ some_rows: 1 }, "half"]);
  expect((await requester.task.output({ taskId: task.taskId })).content).toBe("ab");
  expect((await ended(await assign("Worker", { how: "permanently" }))).error).toBe("never");
  expect((await ended(await assign("Worker", { how: "with half a character" }))).error).toBe(`Error: \ufffd ${"x".repeat(3990)}\ufffd`);
  const writing = await ended(await assign("Worker", { how: "with much output" }));
  expect([writing.status, writing.outputSize]).toEqual(["completed", 262_145]);
  const asking = await assign("Worker", { how: "ask" });
  expect((await ended(asking)).status).toBe("input_required");
  const { entries } = await requester.task.history({ taskId: asking });
  const question = entries.find(({ status }) => status === "input_required")?.data as { parts: unknown[] };
  expect(question.parts).toEqual([{ text: "Which one?" }, { data: { colour: "red" } }, { data: { colour: "blue" } }]);

  const failing = await requester.messaging.send({ toAgent: "Worker", content: "fail" });
  await until(() => (worker.seen.filter((content) => content === "fail").length === 3 ? true : undefined));
  const failures = await until(async () => {
    const { events } = await worker.client.event.list({ types: ["error"], subject: failing.messageId });
    return events.length === 3 ? events : undefined;
  });
  expect(failures[0]?.data).toMatchObject({ attempt: 1, error: "Error: no" });
  await worker.stop();
  expect((await requester.agent.get({ agentId: "Worker" })).status).toBe("offline");
});

test("an agent that processes messages answers messages and tasks", async () => {
  class Calculator extends Agent {
    override async processMessage({ text, sender, task }: IncomingMessage) {
      if (text === "") throw new InputRequired("Which numbers?");
      const sum = text.split("+").map(Number).reduce((one, other) => one + other);
      return task === undefined ? `${sum} for ${sender}` : { sum };
    }
  }
  await using calculator = await new Calculator(options()).start();
  const client = new AgoraClient(options());
  const { agentId } = await client.register({ agentName: "Pupil" });
  const { messageId } = await client.messaging.send({ toAgent: "Calculator", content: "3 + 4" });
  const reply = await until(async () => (await client.messaging.receive({ unread: true, wait: 1 })).messages[0]);
  expect([reply.content, reply.replyTo]).toEqual([`7 for ${agentId}`, messageId]);
  expect((await ended(await assign("Calculator", { text: "1+2" }))).result).toEqual({ sum: 3 });
  const { text } = { text: "5+6" };
  const asked = await client.a2a.send({ agent: "Calculator", message: { messageId: "m1", role: "ROLE_USER", parts: [{ text }] } });
  expect(JSON.stringify(asked)).toContain('"sum":11');
  const asking = await assign("Calculator", { text: "" });
  expect((await ended(asking)).status).toBe("input_required");
  await requester.task.message({ taskId: asking, text: "8+9" });
  expect((await until(async () => (await requester.task.get({ taskId: asking })).result ?? undefined))).toEqual({ sum: 17 });
  expect(calculator.agentId).toMatch(/^agent_/);
});

test("a question brings data and forms, and the answers come back by their names", async () => {
  const FORM = { type: "object", properties: { size: { type: "integer" } } };
  class Baker extends Agent {
    readonly seen: unknown[] = [];
    override async onTask(task: TaskRun) {
      const { size, gift } = task.answers;
      if (size === undefined) {
        const questions = { size: { text: "Size?", schema: FORM }, gift: { text: "A gift?" } };
        throw new InputRequired("Two things.", { data: { oven: 3 }, questions });
      }
      this.seen.push(task.messages.map((message) => [message.role, message.text]));
      return { size: size.parts[0]?.data ?? null, gift: gift?.text ?? null };
    }
  }
  await using baker = await new Baker(options()).start();
  const taskId = await assign("Baker", { text: "bread" });
  expect((await ended(taskId)).status).toBe("input_required");
  const { entries } = await requester.task.history({ taskId, types: ["message"] });
  expect(entries[0]?.data).toMatchObject({
    parts: [{ text: "Two things." }, { data: { oven: 3 } }],
    metadata: { questions: { size: { text: "Size?", requestedSchema: FORM }, gift: { text: "A gift?" } } },
  });
  await requester.task.message({ taskId, parts: [{ data: { size: 2 } }], metadata: { answers: "size" } });
  await requester.task.message({ taskId, text: "no", metadata: { answers: "gift" } });
  const result = await until(async () => (await requester.task.get({ taskId })).result ?? undefined);
  expect(result).toEqual({ size: { size: 2 }, gift: "no" });
  expect(baker.seen).toEqual([[["user", "bread"], ["agent", "Two things."], ["user", ""], ["user", "no"]]]);
});

test("a task's signal is aborted when the task is cancelled; a stop gives tasks back", async () => {
  class Holder extends Agent {
    override stopSeconds = 0.2;
    readonly reasons: unknown[] = [];
    readonly begun: string[] = [];
    override async onTask(task: TaskRun) {
      this.begun.push(task.taskId);
      await new Promise<void>((resolve) => task.signal.addEventListener("abort", () => resolve()));
      this.reasons.push(task.signal.reason);
    }
  }
  const holder = await new Holder(options()).start();
  const taskId = await assign("Holder");
  const begun = (id: string) => until(() => (holder.begun.includes(id) ? true : undefined));
  await begun(taskId);
  await requester.task.cancel({ taskId });
  expect(await until(() => holder.reasons[0])).toBeInstanceOf(Error);
  const given = await requester.task.assign({ taskType: "work", assignee: "Holder" });
  await begun(given.taskId);
  await holder.stop();
  expect((await requester.task.get({ taskId: given.taskId })).status).toBe("pending");
});

test("a task that is claimed during the stop is given back", async () => {
  let hasLeased = () => {};
  const leased = new Promise<void>((resolve) => (hasLeased = resolve));
  let isLost = false;
  // The answer of the first claim with a task is lost: the agent stops while it is on its way.
  const losing: typeof fetch = async (input, init) => {
    if (isLost || !String(input).endsWith("/task/claim")) return fetch(input, init);
    const answer = await fetch(input, { ...init, signal: null });
    if (((await answer.clone().json()) as { count: number }).count === 0) return answer;
    isLost = true;
    hasLeased();
    return new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error)));
  };
  class Leaving extends Agent {
    attempts = 0;
    override async onTask() {
      this.attempts += 1;
    }
  }
  const leaving = await new Leaving({ ...options(), fetch: losing }).start();
  const { taskId } = await requester.task.assign({ taskType: "work", assignee: "Leaving" });
  await leased;
  await leaving.stop();
  expect([(await requester.task.get({ taskId })).status, leaving.attempts]).toEqual(["pending", 0]);
});

test("an agent ends although its server is gone, and it has a task and a claim there", { timeout: 60_000 }, async () => {
  let isGone = false;
  const leaving: typeof fetch = (input, init) => (isGone ? Promise.reject(new TypeError("gone")) : fetch(input, init));
  class Stranded extends Agent {
    override maxConcurrentTasks = 2;
    override stopSeconds = 0.1;
    readonly begun: TaskRun[] = [];
    override async onTask(task: TaskRun) {
      this.begun.push(task);
      await new Promise<void>((resolve) => task.signal.addEventListener("abort", () => resolve()));
    }
  }
  const stranded = await new Stranded({ ...options(), webSocket: false, fetch: leaving }).start();
  await assign("Stranded");
  await until(() => stranded.begun[0]);
  isGone = true;
  await stranded.stop();
  expect(stranded.begun[0]?.signal.aborted).toBe(true);
});

test("a renewal that fails with any error is repeated, and the work is reported", async () => {
  let failures = 0;
  const failing: typeof fetch = (input, init) => {
    if (!String(input).endsWith("/task/renew") || failures > 0) return fetch(input, init);
    failures += 1;
    return Promise.reject(new Error("ConnectionRefused")); // as Bun does, instead of a TypeError
  };
  let finish = () => {};
  class Renewing extends Agent {
    override leaseSeconds = 12;
    override async onTask(task: TaskRun) {
      await new Promise<void>((resolve) => (finish = resolve));
      return task.taskId;
    }
  }
  const renewing = await new Renewing({ ...options(), fetch: failing }).start();
  try {
    const taskId = await assign("Renewing");
    const expiry = async () => (await requester.task.get({ taskId })).leaseExpiresAt ?? undefined;
    const first = await until(expiry);
    await until(async () => ((await expiry()) !== first ? true : undefined));
    finish();
    expect((await ended(taskId)).result).toBe(taskId);
    expect(failures).toBe(1);
  } finally {
    finish();
    await renewing.stop();
  }
});

test("a stop does not wait for handlers of messages and events longer than it says", { timeout: 60_000 }, async () => {
  class Stuck extends Agent {
    override events = ["stuck.*"];
    override stopSeconds = 0.1;
    messages = 0;
    heard = 0;
    override async onMessage() {
      this.messages += 1;
      await new Promise(() => undefined);
    }
    override async onEvent() {
      this.heard += 1;
      await new Promise(() => undefined);
    }
  }
  const stuck = await new Stuck(options()).start();
  // The second message waits for the place that the first one takes.
  for (const content of ["one", "two"]) await requester.messaging.send({ toAgent: "Stuck", content });
  await requester.event.publish({ eventType: "stuck.here" });
  await until(() => (stuck.messages === 1 && stuck.heard === 1 ? true : undefined));
  await stuck.stop();
  expect((await requester.agent.get({ agentId: "Stuck" })).status).toBe("offline");
});

test("handlers may throw before they return a promise", async () => {
  class Abrupt extends Agent {
    override events = ["abrupt.*"];
    readonly heard: unknown[] = [];
    failures = 0;
    override onMessage(): Promise<void> {
      throw new Error("no");
    }
    override onError(): Promise<void> {
      this.failures += 1;
      throw new Error("no");
    }
    override onEvent({ data }: Event): Promise<void> {
      this.heard.push(data);
      throw new Error("no");
    }
  }
  await using abrupt = await new Abrupt(options()).start();
  for (const data of [1, 2]) await requester.event.publish({ eventType: "abrupt.here", data });
  await requester.messaging.send({ toAgent: "Abrupt", content: "hello" });
  await until(() => (abrupt.failures === 3 && abrupt.heard.length === 2 ? true : undefined));
  expect(abrupt.heard).toEqual([1, 2]);
});

test("a lease is renewed while a handler works", async () => {
  let finish = () => {};
  class Slow extends Agent {
    // Renewed after 4 s; a machine that is suspended for the other 8 s loses it, and the second attempt is observed.
    override leaseSeconds = 12;
    attempts = 0;
    override async onTask() {
      this.attempts += 1;
      await new Promise<void>((resolve) => (finish = resolve));
      return "done";
    }
  }
  const slow = await new Slow(options()).start();
  try {
    const taskId = await assign("Slow");
    const expiry = async () => (await requester.task.get({ taskId })).leaseExpiresAt ?? undefined;
    const first = await until(expiry);
    await until(async () => ((await expiry()) !== first ? true : undefined));
    finish();
    expect((await ended(taskId)).status).toBe("completed");
    expect(slow.attempts).toBe(1);
  } finally {
    finish();
    await slow.stop();
  }
});

test("work goes on after the server was killed", { timeout: 300_000 }, async () => {
  const server = await new ServerProcess(await freePort()).start();
  const client = new AgoraClient({ url: server.url, tokens: new MemoryTokens() });
  let finish = () => {};
  class Patient extends Agent {
    override leaseSeconds = 300; // longer than the restart of the server
    attempts = 0;
    override async onTask() {
      this.attempts += 1;
      await new Promise<void>((resolve) => (finish = resolve));
      return "done";
    }
  }
  const patient = await new Patient({ url: server.url, tokens: new MemoryTokens() }).start();
  try {
    await client.register({ agentName: "Boss" });
    const { taskId } = await client.task.assign({ taskType: "slow", assignee: "Patient" });
    await until(() => (patient.attempts > 0 ? true : undefined));
    await server.stop("SIGKILL");
    await server.start();
    finish();
    await until(async () => ((await client.task.get({ taskId })).status === "completed" ? true : undefined), 60);
    await client.messaging.send({ toAgent: "Patient", content: "still there?" });
    await until(async () => ((await patient.client.messaging.receive({ unread: true })).length === 0 ? true : undefined));
    expect(patient.attempts).toBe(1);
  } finally {
    finish();
    await patient.stop();
    await server.remove();
  }
});
