import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { AgoraClient, type Event, type EventStream, MemoryTokens, RateLimited, ServerUnreachable, Unauthenticated } from "../src/index.ts";
import { freePort, ServerProcess } from "./server.ts";

let server: ServerProcess;

beforeAll(async () => {
  server = await new ServerProcess(await freePort(), { builtin_agents: "false", heartbeat_interval: "0.2" }).start();
});
afterAll(() => server.remove());

async function take<T>(stream: EventStream<T>, count: number): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) {
    items.push(item);
    if (items.length === count) break;
  }
  return items;
}

const numbersOf = (events: Event[]) => events.map((event) => (event.data as { number: number }).number);

describe.each([
  ["WebSocket", undefined],
  ["Server-Sent Events", false as const],
])("events over %s", (_, webSocket) => {
  const connect = () => new AgoraClient({ url: server.url, webSocket, tokens: new MemoryTokens() });

  test("come live, and again from a position", async () => {
    const client = connect();
    await client.register({ agentName: `Live${webSocket ?? ""}` });
    const stream = client.event.stream({ types: ["work.*"] });
    await stream.opened;
    const taking = take(stream, 3);
    for (const number of [1, 2, 3]) await client.event.publish({ eventType: "work.done", data: { number, kept_name: 1 } });
    const events = await taking;
    expect(numbersOf(events)).toEqual([1, 2, 3]);
    expect(events[0]?.data).toEqual({ number: 1, kept_name: 1 });
    expect(stream.position).toBe(events[2]?.sequence);
    const again = client.event.stream({ types: ["work.*"], lastEventId: String(events[0]?.sequence) });
    expect(numbersOf(await take(again, 2))).toEqual([2, 3]);
  });

  test("resume after the server was killed: nothing lost, nothing repeated", async () => {
    const client = connect();
    const agentName = `Resuming${webSocket ?? ""}`;
    await client.register({ agentName });
    const stream = client.event.stream({ types: [`cut.${agentName}`] });
    await stream.opened;
    const taking = take(stream, 4);
    const publish = (number: number) => client.event.publish({ eventType: `cut.${agentName}`, data: { number } });
    await publish(1);
    await publish(2);
    await server.stop("SIGKILL");
    await server.start();
    await publish(3);
    await publish(4);
    expect(numbersOf(await taking)).toEqual([1, 2, 3, 4]);
  });

  test("end when they are closed or aborted, and say what waiting would not mend", async () => {
    const client = connect();
    await client.register({ agentName: `Closing${webSocket ?? ""}` });
    const stream = client.event.stream({ types: ["never.*"] });
    await stream.opened;
    const taking = take(stream, 1);
    stream.close();
    expect(await taking).toEqual([]);
    const aborted = client.event.stream({ types: ["never.*"] }, { signal: AbortSignal.timeout(50) });
    await expect(take(aborted, 1)).rejects.toMatchObject({ name: "TimeoutError" });
    const stranger = new AgoraClient({ url: server.url, token: "agt_forged.x", webSocket });
    await expect(stranger.event.stream().opened).rejects.toBeInstanceOf(Unauthenticated);
    const future = client.event.stream({ lastEventId: "99999999" });
    await expect(take(future, 1)).rejects.toBeInstanceOf(Error);
    const nobody = new AgoraClient({ url: "http://127.0.0.1:9", retries: 1, webSocket, tokens: new MemoryTokens() });
    await expect(take(nobody.event.stream(), 1)).rejects.toBeInstanceOf(ServerUnreachable);
  });
});

/** A WebSocket that records its instances. */
function recordSockets(): { webSocket: typeof WebSocket; sockets: WebSocket[] } {
  const sockets: WebSocket[] = [];
  class Recorded extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  return { webSocket: Recorded, sockets };
}

const MINUTE = 60_000;

test("a WebSocket without a sign of life for a minute is replaced", async () => {
  const { webSocket, sockets } = recordSockets();
  const client = new AgoraClient({ url: server.url, webSocket, tokens: new MemoryTokens() });
  await client.register({ agentName: "Silent" });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let stream: EventStream<Event>;
  try {
    stream = client.event.stream({ types: ["silent.*"] });
    await stream.opened;
    // At once, so that no heartbeat of the server comes meanwhile.
    vi.advanceTimersByTime(MINUTE);
  } finally {
    vi.useRealTimers();
  }
  expect(sockets[0]?.readyState).toBeGreaterThanOrEqual(WebSocket.CLOSING);
  const taking = take(stream, 1);
  await vi.waitFor(() => expect(sockets[1]?.readyState).toBe(WebSocket.OPEN), { timeout: 200_000 });
  await client.event.publish({ eventType: "silent.no_more", data: { number: 1 } });
  expect(numbersOf(await taking)).toEqual([1]);
});

test("events that nobody reads do not fill the memory, and are not lost", async () => {
  const { webSocket, sockets } = recordSockets();
  const client = new AgoraClient({ url: server.url, webSocket, tokens: new MemoryTokens() });
  await client.register({ agentName: "Slow" });
  const stream = client.event.stream({ types: ["large.*"] });
  await stream.opened;
  const padding = "x".repeat(100_000);
  const numbers = Array.from({ length: 60 }, (_, number) => number);
  for (const number of numbers) await client.event.publish({ eventType: "large.one", data: { number, padding } });
  await vi.waitFor(() => expect(sockets[0]?.readyState).toBe(WebSocket.CLOSED), { timeout: 100_000 });
  expect(numbersOf(await take(stream, numbers.length))).toEqual(numbers);
});

test("closing a stream ends an attempt to connect", async () => {
  let attempt: AbortSignal | null | undefined;
  const hanging: typeof fetch = (_, init) => {
    attempt = init?.signal;
    return new Promise((_resolve, reject) => attempt?.addEventListener("abort", () => reject(new Error("aborted"))));
  };
  const client = new AgoraClient({ url: server.url, webSocket: false, fetch: hanging, tokens: new MemoryTokens() });
  const stream = client.event.stream();
  const taking = take(stream, 1);
  await vi.waitFor(() => expect(attempt).toBeDefined());
  stream.close();
  expect(attempt?.aborted).toBe(true);
  expect(await taking).toEqual([]);
});

test("a temporary refusal of a stream is the server's own error", async () => {
  const problem = { code: "rate_limited", detail: "Too many streams.", fix: "Close one.", status: 429 };
  let calls = 0;
  const refusing: typeof fetch = () => {
    calls += 1;
    return Promise.resolve(Response.json(problem, { status: 429, headers: { "retry-after": "0" } }));
  };
  const client = new AgoraClient({ url: server.url, webSocket: false, fetch: refusing, retries: 1, tokens: new MemoryTokens() });
  const refusal = await client.event.stream().opened.catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(RateLimited);
  expect((refusal as RateLimited).message).toBe("Too many streams. Close one.");
  expect(calls).toBe(2);
});

test("a task's log ends with the task", async () => {
  const client = new AgoraClient({ url: server.url, tokens: new MemoryTokens() });
  const { agentName } = await client.register({ agentName: "Logged" });
  const { taskId } = await client.task.assign({ taskType: "short", assignee: agentName });
  const entries: string[] = [];
  const reading = (async () => {
    for await (const entry of client.task.stream({ taskId, lastEventId: "0" })) entries.push(entry.type);
  })();
  await client.task.update({ taskId, status: "in_progress", progress: 50 });
  await client.task.update({ taskId, status: "completed", progress: 100 });
  await reading;
  expect(entries.length).toBeGreaterThan(1);
});

