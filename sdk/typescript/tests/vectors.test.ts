/** The test vectors shared by all SDKs: sdk/vectors. */

import { describe, expect, test } from "vitest";
import errors from "../../vectors/errors.json" with { type: "json" };
import requests from "../../vectors/requests.json" with { type: "json" };
import responses from "../../vectors/responses.json" with { type: "json" };
import streams from "../../vectors/streams.json" with { type: "json" };
import { camelCase, decodeResult } from "../src/case.ts";
import { AgoraClient, AgoraError, type Event, MemoryTokens, Page } from "../src/index.ts";

interface Sent {
  method: string;
  path: string;
  query: [string, string][];
  body: unknown;
}

interface Case {
  name: string;
  operation: string;
  arguments: Record<string, unknown>;
  idempotency_key: boolean;
  requests: Sent[];
  body: unknown;
  text?: string;
  checks: { at: (string | number)[]; within?: (string | number)[]; value: unknown }[];
  status: number;
  headers: Record<string, string>;
  expect: { code: string; kinds: string[]; detail?: string; fix: string | null; extra?: Record<string, unknown>; tries: number };
  connections: { resumes_from: string | null; chunks: string[] }[];
  items: number[];
}

const casesOf = (vectors: { cases: unknown[] }) => (vectors.cases as Case[]).map((each) => [each.name, each] as const);
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));

function clientOf(answer: (request: Request) => Response | Promise<Response>): AgoraClient {
  const fetcher: typeof fetch = async (input, init) => answer(new Request(input as string, init));
  return new AgoraClient({ url: "http://server", fetch: fetcher, webSocket: false, retries: 2, token: "agt_x", tokens: new MemoryTokens() });
}

/** Call an operation with arguments as in programs: names of the contract in camel case, contents unchanged. */
function call(client: AgoraClient, operation: string, args: Record<string, unknown>): Promise<unknown> {
  const [, category = "", action = ""] = operation.split(".");
  const services = client as unknown as Record<string, Record<string, (args: unknown) => Promise<unknown>>>;
  const method = services[category]?.[camelCase(action)];
  if (method === undefined) throw new Error(`there is no ${operation}`);
  return method(decodeResult(args, new Set()));
}

const sorted = (query: [string, string][]) => [...query].sort((a, b) => a.join("=").localeCompare(b.join("=")));

describe("requests", () => {
  test.each(casesOf(requests))("%s", async (_, each) => {
    let sent: Sent | undefined;
    let key: string | null = null;
    const client = clientOf(async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      const text = await request.text();
      key = request.headers.get("idempotency-key");
      sent = { method: request.method, path: pathname, query: sorted([...searchParams]), body: text ? JSON.parse(text) : null };
      return Response.json({});
    });
    await call(client, each.operation, each.arguments);
    expect(each.requests.map((request) => ({ ...request, query: sorted(request.query) }))).toContainEqual(sent);
    expect(key !== null).toBe(each.idempotency_key);
  });
});

describe("responses", () => {
  test.each(casesOf(responses))("%s", async (_, each) => {
    const result = await call(clientOf(() => Response.json(each.body)), each.operation, each.arguments);
    for (const { at, within = [], value } of each.checks) {
      const path = [...at.map((part) => (typeof part === "string" ? camelCase(part) : part)), ...within];
      const seen = path.reduce<unknown>((part, name) => (part as Record<string | number, unknown>)[name], result);
      expect(seen, path.join(".")).toEqual(value);
    }
    if (each.operation.endsWith(".list")) expect(result).toBeInstanceOf(Page);
  });
});

describe("errors", () => {
  const codesOf = (error: AgoraError) => {
    const codes: string[] = [];
    for (let kind = error.constructor as typeof AgoraError; kind !== AgoraError; kind = Object.getPrototypeOf(kind) as typeof AgoraError) {
      codes.push(kind.code);
    }
    return codes;
  };

  test.each(casesOf(errors))("%s", async (_, each) => {
    let tries = 0;
    const client = clientOf(() => {
      tries += 1;
      return new Response(each.text ?? JSON.stringify(each.body), { status: each.status, headers: each.headers });
    });
    const error = await client.agent.get({ agentId: "x" }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(AgoraError);
    const { code, detail, fix, extra } = error as AgoraError;
    expect([code, fix ?? null, codesOf(error as AgoraError), tries]).toEqual([
      each.expect.code,
      each.expect.fix,
      each.expect.kinds,
      each.expect.tries,
    ]);
    if (each.expect.detail !== undefined) expect(detail).toBe(each.expect.detail);
    expect(extra).toMatchObject(each.expect.extra ?? {});
  });
});

describe("streams", () => {
  test.each(casesOf(streams))("%s", async (_, each) => {
    const connections = [...each.connections];
    const positions: (string | null)[] = [];
    const client = clientOf((request) => {
      const connection = connections.shift();
      positions.push(new URL(request.url).searchParams.get("last_event_id"));
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const chunk of connection?.chunks ?? []) controller.enqueue(bytesOf(chunk));
          controller.close();
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
    });
    const items: Event[] = [];
    for await (const event of client.event.stream()) {
      items.push(event);
      if (items.length === each.items.length) break;
    }
    expect(items.map((event) => event.sequence)).toEqual(each.items);
    expect(items.every((event) => (event.data as { text: string }).text === "ä 🚀")).toBe(true);
    expect(positions).toEqual(each.connections.map((connection) => connection.resumes_from));
  });
});
