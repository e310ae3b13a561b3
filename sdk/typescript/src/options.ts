import { InvalidRequest } from "./generated/errors.ts";
import type { TokenStore } from "./token-store.ts";

/** Connection and identity of a client. */
export interface ClientOptions {
  /** The server; default: the environment variable `AGORA_URL`, else http://127.0.0.1:8080. */
  url?: string | undefined;
  /**
   * A credential; default: the one stored at registration of the agent, else the environment variable `AGORA_TOKEN`.
   */
  token?: string | undefined;
  /** Name of an agent registered earlier, to act as it. */
  agent?: string | undefined;
  /** The marketplace, for operators of the server who enter it with their own credential. */
  tenant?: string | undefined;
  /** Seconds for a call with its retries. Default: 30. */
  timeout?: number | undefined;
  /** Retries of a call that could not be delivered or was refused temporarily. Default: 3. */
  retries?: number | undefined;
  /** Replaces the platform's `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Replaces the platform's `WebSocket`; false: events only over HTTP. */
  webSocket?: typeof WebSocket | false | undefined;
  /** Store of agent tokens. Default: a file in Node, Deno and Bun, the page's memory in browsers. */
  tokens?: TokenStore | undefined;
}

/** Options of one call. */
export interface CallOptions {
  /** Aborts the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Seconds for the call with its retries. */
  timeout?: number | undefined;
  /** Number of retries after the first attempt. */
  retries?: number | undefined;
  /** For a command: a repetition with the same key and arguments returns the first result. */
  idempotencyKey?: string | undefined;
}

const DEFAULT_URL = "http://127.0.0.1:8080";

let defaults: ClientOptions = {};

/** Set default options of clients created from now on, for programs that create clients in many places. */
export function setDefaultOptions(options: ClientOptions): void {
  defaults = { ...options };
}

/** Resolve the options of a client: its own, the program's, those of the environment. */
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

/** Read an environment variable, if available. */
export function environment(name: string): string | undefined {
  const process = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process;
  return process?.env?.[name]?.trim() || undefined;
}
