/**
 * Agents of the TypeScript SDK for the interop matrix, all of them in one process: requests and what their streams show are
 * JSON lines, on the standard input and output.
 *
 *     {"id", "open": {"url", "token"}, "party"}          {"id", "result": null} once the server listens
 *     {"id", "party", "operation", "arguments"}          {"id", "result" | "error"}
 *                                                        {"party", "event"}
 */

import { createInterface } from "node:readline";
import { AgoraClient, Page } from "../../sdk/typescript/src/index.ts";
import { camelCase, snakeCase } from "../../sdk/typescript/src/case.ts";

interface Request {
  id: number;
  party: string;
  open?: { url: string; token: string };
  operation?: string;
  arguments?: Record<string, unknown>;
}

type Method = (args: object) => Promise<unknown>;

const parties = new Map<string, AgoraClient>();
const write = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Names of the contract, one level deep: below stands what is the caller's own, and lists of results. */
function rename(value: unknown, name: (key: string) => string): unknown {
  if (value instanceof Page) return rename(value.toJSON(), name);
  if (Array.isArray(value)) return value.map((item) => rename(item, name));
  if (typeof value !== "object" || value === null) return value;
  const OWN = new Set(["payload", "metadata", "result", "data", "checkpoint"]);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [name(key), OWN.has(key) ? item : rename(item, name)]));
}

async function open(party: string, { url, token }: { url: string; token: string }): Promise<null> {
  const client = new AgoraClient({ url, token });
  parties.set(party, client);
  const stream = client.event.stream();
  await stream.opened;
  void (async () => {
    for await (const event of stream) write({ party, event });
  })();
  return null;
}

async function call(party: string, operation: string, args: Record<string, unknown>): Promise<unknown> {
  const [, category = "", action = ""] = operation.split(".");
  const services = parties.get(party) as unknown as Record<string, Record<string, Method>>;
  const method = services[category]?.[camelCase(action)];
  return rename(await method?.(rename(args, camelCase) as object), snakeCase);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  const { id, party } = request;
  const answer = request.open ? open(party, request.open) : call(party, request.operation ?? "", request.arguments ?? {});
  answer.then(
    (result) => write({ id, result }),
    (error: unknown) => write({ id, error: String(error) }),
  );
}
process.exit(0); // the input has ended, and with it who reads
