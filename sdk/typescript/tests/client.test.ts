import { expect, inject, test, vi } from "vitest";
import {
  AgoraClient,
  AgoraError,
  DeadlineExceeded,
  IdempotencyConflict,
  InvalidRequest,
  MemoryTokens,
  MessageType,
  NotFound,
  type Operations,
  ServerUnreachable,
  type Task,
  TaskStatus,
  Unauthenticated,
} from "../src/index.ts";

const url = inject("url");
let number = 0;
const unique = (name: string) => `${name}${(number += 1)}`;
const makeClient = () => new AgoraClient({ url, tokens: new MemoryTokens() });

async function registered(name: string, capabilities: string[] = []) {
  const client = makeClient();
  const registration = await client.register({ agentName: unique(name), capabilities });
  return { client, registration };
}

test("register answers a registration, and the client acts as that agent", async () => {
  const { client, registration } = await registered("Ada", ["writing"]);
  expect(registration.capabilities).toEqual(["writing"]);
  expect(registration.agentId).toMatch(/^agent_/);
  expect([client.agentName, client.agentId]).toEqual([registration.agentName, registration.agentId]);
  const receipt = await client.messaging.send({ toAgent: registration.agentName, content: "to myself" });
  const inbox = await client.messaging.receive();
  expect(inbox.messages.map((message) => [message.messageId, message.fromAgent])).toEqual([[receipt.messageId, registration.agentId]]);
});

test("contents of payload, metadata and result keep their names, at any depth", async () => {
  const { client, registration } = await registered("Verbatim", ["typing"]);
  const contents = { snake_case: { inner_name: [{ deep_er: 1, camelCase: true }] }, camelCase: null };
  const { taskId } = await client.task.assign({
    taskType: "letter",
    assignee: registration.agentName,
    payload: contents,
    metadata: contents,
  });
  const claim = await client.task.claim({ taskTypes: ["letter"], wait: 5 });
  const claimed = claim.tasks[0];
  expect(claimed?.payload).toEqual(contents);
  await client.task.complete({ taskId, result: contents, fencingToken: claimed?.fencingToken ?? 0 });
  const task: Task = await client.task.get({ taskId });
  expect([task.payload, task.metadata, task.result]).toEqual([contents, contents, contents]);
  expect(task.status).toBe(TaskStatus.COMPLETED);
});

test("a workflow's steps are written in camel case", async () => {
  const { client, registration } = await registered("Steps");
  const agent = registration.agentName;
  const { workflowId } = await client.workflow.create({
    workflowName: "graph",
    steps: [
      { name: "first", agent, taskType: "one", payload: { keep_me: "${input.some_name}" } },
      { name: "second", agent, dependsOn: ["first"] },
    ],
    input: { some_name: "x" },
  });
  const workflow = await client.workflow.status({ workflowId });
  expect(workflow.input).toEqual({ some_name: "x" });
  const { tasks } = await client.task.list({ workflowId });
  expect(tasks.map((task) => [task.taskType, task.payload])).toEqual([["one", { keep_me: "x" }]]);
});

test("a page is array-like, has its list by name, and goes on to the next pages", async () => {
  const { client, registration } = await registered("Pages");
  for (let at = 0; at < 5; at += 1) await client.task.assign({ taskType: `t${at}`, assignee: registration.agentName });
  const page = await client.task.list({ agentId: registration.agentId, status: "pending", limit: 2 });
  expect([page.length, page.count, page.tasks.length, page.total, page.hasMore]).toEqual([2, 2, 2, 5, true]);
  expect(page[1]?.taskId).toBe(page.tasks[1]?.taskId);
  expect([...page].length).toBe(2);
  const seen = new Set<string>();
  for await (const task of page) seen.add(task.taskId);
  expect(seen.size).toBe(5);
  const next = await page.nextPage();
  expect(next?.tasks.length).toBe(2);
  const log = await client.task.history({ taskId: page.tasks[0]?.taskId ?? "" });
  expect(log.entries.map((entry) => entry.type)).toEqual([...log].map((entry) => entry.type));
  const services = await client.discovery.list({ category: "task", status: "active" });
  expect(services.length).toBeGreaterThan(10);
  expect(services.services[0]?.name).toMatch(/^agora\.task\./);
});

test("errors are classes by their code", async () => {
  const { client } = await registered("Errors");
  const error = await client.agent.get({ agentId: "Nobody" }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NotFound);
  expect(error).toBeInstanceOf(AgoraError);
  expect((error as NotFound).code).toBe("not_found");
  expect((error as NotFound).status).toBe(404);
  const invalid = await client.task.list({ limit: 0 }).catch((thrown: unknown) => thrown);
  expect(invalid).toBeInstanceOf(InvalidRequest);
  expect((invalid as InvalidRequest).errors[0]?.field).toBe("limit");
  await expect(new AgoraClient({ url, token: "agt_forged.x" }).agent.list()).rejects.toBeInstanceOf(Unauthenticated);
  await expect(new AgoraClient({ url: "http://127.0.0.1:9", retries: 1 }).admin.health()).rejects.toBeInstanceOf(ServerUnreachable);
  expect(() => new AgoraClient({ url, tokens: new MemoryTokens() }).asAgent("Nobody")).toThrow(Unauthenticated);
  expect(() => new AgoraClient({ url: "ftp://x" })).toThrow(InvalidRequest);
});

test("a command whose answer is lost takes effect once", async () => {
  let calls = 0;
  const keys = new Set<string | null>();
  const losing: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (init?.method !== "POST") return answer;
    keys.add(new Headers(init.headers).get("idempotency-key"));
    calls += 1;
    if (calls <= 2) {
      await answer.text();
      throw new TypeError("the connection broke");
    }
    return answer;
  };
  const { client, registration } = await registered("Once");
  const lossy = new AgoraClient({ url, fetch: losing, token: tokenOf(registration) });
  await lossy.messaging.send({ toAgent: registration.agentName, content: "once" });
  expect([calls, keys.size]).toEqual([3, 1]);
  expect((await client.messaging.receive()).length).toBe(1);
});

function tokenOf(registration: { token?: string | null }): string {
  return registration.token ?? "";
}

test("an idempotency key of one's own is used, and refused for another request", async () => {
  const { client, registration } = await registered("Keyed");
  const toAgent = registration.agentName;
  const first = await client.messaging.send({ toAgent, content: "a" }, { idempotencyKey: "report" });
  const again = await client.messaging.send({ toAgent, content: "a" }, { idempotencyKey: "report" });
  expect(again.messageId).toBe(first.messageId);
  const other = client.messaging.send({ toAgent, content: "b" }, { idempotencyKey: "report" });
  await expect(other).rejects.toBeInstanceOf(IdempotencyConflict);
});

test("Retry-After and transient statuses are obeyed; what a signal or the timeout ends is not tried again", async () => {
  const { registration } = await registered("Retries");
  const statuses = [503, 429];
  const busy: typeof fetch = (input, init) => {
    const status = statuses.shift();
    if (status === undefined) return fetch(input, init);
    return Promise.resolve(new Response("{}", { status, headers: { "retry-after": "0" } }));
  };
  const options = { url, token: tokenOf(registration) };
  expect((await new AgoraClient({ ...options, fetch: busy }).agent.list({ limit: 1 })).length).toBe(1);
  const client = new AgoraClient(options);
  await expect(client.messaging.receive({ unread: true, wait: 30 }, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ name: "TimeoutError" });
  const hanging: typeof fetch = (_, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
  await expect(new AgoraClient({ ...options, fetch: hanging, timeout: 0.1 }).agent.list()).rejects.toBeInstanceOf(DeadlineExceeded);
});

test("a timeout longer than timers can be is no timeout at once", async () => {
  const { registration } = await registered("Patient");
  for (const timeout of [Infinity, 30 * 86_400]) {
    expect((await new AgoraClient({ url, token: tokenOf(registration), timeout }).agent.list({ limit: 1 })).length).toBe(1);
  }
});

test("a failure of any kind of fetch is an unreachable server, and tried again", async () => {
  let calls = 0;
  // Bun and replacements of fetch reject with errors that are no TypeError.
  const foreign: typeof fetch = (input, init) => {
    calls += 1;
    return calls === 1 ? Promise.reject(new Error("ConnectionRefused")) : fetch(input, init);
  };
  const { registration } = await registered("Foreign");
  const options = { url, fetch: foreign, token: tokenOf(registration) };
  expect((await new AgoraClient(options).agent.list({ limit: 1 })).length).toBe(1);
  calls = 0;
  const failure = await new AgoraClient({ ...options, retries: 0 }).agent.list().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ServerUnreachable);
  expect((failure as ServerUnreachable).message).toContain("ConnectionRefused");
});

test("an agent is deregistered although its token cannot be removed", async () => {
  class Stuck extends MemoryTokens {
    override forget(): void {
      throw new Error("read-only");
    }
  }
  const client = new AgoraClient({ url, tokens: new Stuck() });
  const { agentId } = await client.register({ agentName: unique("Stuck") });
  expect((await client.agent.deregister({ agentId })).agentId).toBe(agentId);
  expect(client.agentName).toBeUndefined();
});

test("concurrent registrations of one name are one", async () => {
  let calls = 0;
  const counting: typeof fetch = (input, init) => {
    calls += 1;
    return fetch(input, init);
  };
  const tokens = new MemoryTokens();
  const agentName = unique("Strict");
  const clients = [0, 1, 2].map(() => new AgoraClient({ url, fetch: counting, tokens }));
  const answers = await Promise.all(clients.map((client) => client.register({ agentName, capabilities: ["ui"] })));
  expect(new Set(answers.map((answer) => answer.agentId)).size).toBe(1);
  expect(calls).toBe(1);
  await Promise.all(clients.map((client) => client.messaging.send({ toAgent: agentName, content: "as itself" })));
  const changed = await Promise.all([
    clients[0]?.register({ agentName, capabilities: ["a"] }),
    clients[1]?.register({ agentName, capabilities: ["b"] }),
  ]);
  expect(changed.map((answer) => answer?.capabilities)).toEqual([["a"], ["b"]]);
});

test("one client acts for several agents", async () => {
  const client = makeClient();
  const [ada, bob] = [await client.register({ agentName: unique("A") }), await client.register({ agentName: unique("B") })];
  expect(client.agentName).toBe(ada.agentName);
  await client.asAgent(bob).messaging.send({ toAgent: ada.agentName, content: "hi", messageType: MessageType.INTRODUCTION });
  const inbox = await client.messaging.receive();
  expect(inbox[0]?.fromAgent).toBe(bob.agentId);
  expect(inbox[0]?.messageType).toBe("introduction");
});

test("operations are called by their names", async () => {
  const client = makeClient();
  const me = await client.request("agora.agent.register", { agentName: unique("ByName") });
  const { status } = await client.request("agent.status", { agentId: me.agentId });
  expect(status).toBe("active");
  const page = await client.request("task.list", { agentId: me.agentId });
  expect(page.tasks).toEqual([]);
  const health: Operations["admin.health"]["answer"] = client.request("admin.health");
  expect((await health).status).toBeTypeOf("string");
  const unknown = client as unknown as { request(name: string): unknown };
  for (const name of ["task.undo", "constructor.name", "task.constructor", "task"]) {
    expect(() => unknown.request(name), name).toThrow(NotFound);
  }
});

test("the errors of an operation are known to the compiler", () => {
  const code: Operations["task.update"]["errors"] = "stale_lease";
  // @ts-expect-error -- claiming a task takes no lease that could be stale
  const other: Operations["task.claim"]["errors"] = code;
  expect(other).toBe("stale_lease");
});

test("a listener outlasts a failed look-up of an agent", async () => {
  const { client, registration } = await registered("Reappearing");
  let failures = 3;
  const failing: typeof fetch = (input, init) =>
    String(input).includes(registration.agentId) && failures-- > 0 ? Promise.resolve(new Response("", { status: 503 })) : fetch(input, init);
  const listening = new AgoraClient({ url, tokens: new MemoryTokens(), fetch: failing, retries: 0 });
  await listening.register({ agentName: unique("Listening") });
  const seen: unknown[] = [];
  const listener = await listening.subscribeToAgentEvents(registration.agentName, "work.*", (_, data) => seen.push(data));
  await client.publishEvent("work.done", 1);
  await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 200_000 });
  expect(failures).toBeLessThan(0);
  listener.close();
  await listener.ended;
});

test("a handler is called for the events of one agent, until it is closed", async () => {
  const { client, registration } = await registered("Publisher");
  const { client: stranger } = await registered("Stranger");
  const seen: unknown[] = [];
  const listener = await stranger.subscribeToAgentEvents(registration.agentName, "work.*", (eventType, data) => {
    seen.push([eventType, data]);
    if (data === 1) throw new Error("a handler may fail");
  });
  await stranger.publishEvent("work.other", 0);
  for (const data of [1, 2]) await client.publishEvent("work.done", data);
  await vi.waitFor(() => expect(seen).toEqual([["work.done", 1], ["work.done", 2]]), { timeout: 200_000 });
  listener.close();
  await listener.ended;
  const aborting = new AbortController();
  const other = await stranger.subscribeToAgentEvents(registration.agentId, "work.done", () => undefined, { signal: aborting.signal });
  aborting.abort();
  await expect(other.ended).rejects.toThrow();
});
