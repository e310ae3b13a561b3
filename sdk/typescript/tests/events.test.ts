import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AgoraClient, type Event, type EventStream, MemoryTokens, ServerUnreachable, Unauthenticated } from "../src/index.ts";
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

