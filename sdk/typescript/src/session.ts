/** A session: the state that a client and its copies share, and the requests of calls. */

import { InternalError, InvalidRequest } from "./generated/errors.ts";
import type { Identity } from "./identity.ts";
import { isObject, parseJson } from "./json.ts";
import type { Operation } from "./operation.ts";
import type { CallOptions } from "./options.ts";
import { type HttpRequest, sendWithRetries } from "./transport.ts";

/** The connection to a server. */
export interface Server {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly webSocket: typeof WebSocket | undefined;
}

/** Default options of calls. */
export interface CallDefaults {
  readonly timeout: number;
  readonly retries: number;
  readonly idempotencyKey?: string | undefined;
}

/** Arguments with the names of the wire format. */
export type WireArguments = Record<string, unknown>;

/** Lone surrogates, as written by `JSON.stringify`. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/;

/** Makes calls to one server with one identity. */
export class Session {
  readonly server: Server;
  readonly identity: Identity;
  readonly defaults: CallDefaults;

  constructor(server: Server, identity: Identity, defaults: CallDefaults) {
    this.server = server;
    this.identity = identity;
    this.defaults = defaults;
  }

  /** Call an operation with a token. Returns the answer in wire format. */
  async send(
    name: string,
    operation: Operation,
    args: WireArguments,
    options: CallOptions,
    token: string | undefined,
  ): Promise<Record<string, unknown>> {
    const isChange = operation.kind === "command" || operation.kind === "relay";
    const headers = this.identity.headers(token);
    if (isChange) {
      // One key for all retries of this call, so that a command whose answer was lost takes effect once.
      const key = options.idempotencyKey ?? this.defaults.idempotencyKey ?? (operation.keyed ? crypto.randomUUID() : undefined);
      if (key !== undefined) headers["idempotency-key"] = key;
    }
    const { text } = await sendWithRetries(this.server.fetch, this.server.url, buildRequest(name, isChange, args, headers), {
      timeout: totalTimeout(options.timeout ?? this.defaults.timeout, operation, args),
      retries: options.retries ?? this.defaults.retries,
      signal: options.signal,
    });
    const answer = parseJson(text);
    if (isObject(answer)) return answer;
    const fix = "Is it an Agora server, of this SDK's version or newer?";
    throw new InternalError(`The answer to agora.${name.replace("/", ".")} cannot be read.`, { fix });
  }
}

/** Build the request of an operation; `name` is its category and action. */
export function buildRequest(
  name: string,
  isChange: boolean,
  args: WireArguments,
  headers: Record<string, string>,
): HttpRequest {
  if (isChange) {
    const body = JSON.stringify(args);
    if (LONE_SURROGATE.test(body)) {
      throw new InvalidRequest(`agora.${name.replace("/", ".")}: text that is not valid Unicode (a lone surrogate).`);
    }
    return { method: "POST", target: `/agora/${name}`, headers: { ...headers, "content-type": "application/json" }, body };
  }
  return { method: "GET", target: `/agora/${name}${queryString(args)}`, headers };
}

/** Build a query string: lists repeat their name, null is omitted. */
export function queryString(args: WireArguments): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && item !== undefined) query.append(name, queryText(item));
    }
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

function queryText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Total timeout of a call: its own wait, or that of an upstream, is added. */
function totalTimeout(seconds: number, operation: Operation, args: WireArguments): number {
  const remote = operation.kind === "relay" ? Number(args["timeout"] ?? 0) : 0;
  return seconds + Number(args["wait"] ?? 0) + remote;
}
