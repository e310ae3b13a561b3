import { InvalidRequest } from "./generated/errors.ts";
import type { TokenStore } from "./token-store.ts";

/** How a client reaches a server, and who it is there. */
export interface ClientOptions {
  /** The server; else the environment variable `AGORA_URL`, else http://127.0.0.1:8080. */
  url?: string | undefined;
  /** A credential; else what registration stored for the agent, else the environment variable `AGORA_TOKEN`. */
  token?: string | undefined;
  /** Name of an agent registered before, to act as it. */
  agent?: string | undefined;
  /** The marketplace, for whoever runs the server and enters it with their own credential. */
  tenant?: string | undefined;
  /** Seconds for a call with its retries. Default: 30. */
  timeout?: number | undefined;
  /** How many tries after the first, of a call that could not be delivered or was turned away for the moment. Default: 3. */
  retries?: number | undefined;
  /** Used in place of the platform's `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Used in place of the platform's `WebSocket`; false for events over HTTP alone. */
  webSocket?: typeof WebSocket | false | undefined;
  /** Where tokens of agents are kept: a file in Node, Deno and Bun, this page's memory in browsers, unless said otherwise. */
  tokens?: TokenStore | undefined;
}

/** How one call is made. */
export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Seconds for the call with its retries. */
  timeout?: number | undefined;
  /** How many tries after the first. */
  retries?: number | undefined;
  /** For a command: a repetition with the same key and arguments is answered with the first result. */
  idempotencyKey?: string | undefined;
}

const DEFAULT_URL = "http://127.0.0.1:8080";

let defaults: ClientOptions = {};

/** Options of every client made from now on, where it is given none of its own: for programs that make clients in many places. */
export function setDefaultOptions(options: ClientOptions): void {
  defaults = { ...options };
}

/** The options of a client: its own, the program's, those of the environment. */
export function resolveOptions(options: ClientOptions): ClientOptions & { url: string; timeout: number; retries: number } {
  const defined = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const merged: ClientOptions = { ...defaults, ...defined };
  const { timeout = 30, retries = 3 } = merged;
  if (!(timeout > 0) || !(retries >= 0)) throw new InvalidRequest("timeout is to be above 0, and retries at least 0.");
  return { ...merged, url: checkUrl(merged.url ?? environment("AGORA_URL") ?? DEFAULT_URL), timeout, retries };
}

function checkUrl(text: string): string {
  const url = text.includes("://") ? text : `http://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash) {
    throw new InvalidRequest(`"${text}" is not the address of a server.`, { fix: "Use one like http://127.0.0.1:8080." });
  }
  return url.replace(/\/+$/, "");
}

/** A variable of the process's environment, where there is one. */
export function environment(name: string): string | undefined {
  const process = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process;
  return process?.env?.[name]?.trim() || undefined;
}
