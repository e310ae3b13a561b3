/** One HTTP request with its retries: which failures are worth another try, how long to wait, and when to give up. */

import { Backoff, sleep } from "./backoff.ts";
import type { AgoraError } from "./error.ts";
import { DeadlineExceeded, ServerUnreachable, StorageUnavailable } from "./generated/errors.ts";
import { errorFromAnswer } from "./problem.ts";

/** An HTTP request to the server; `target` is its path and query. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** How long and how often a request is tried. */
export interface Tries {
  readonly timeout: number;
  readonly retries: number;
  readonly signal?: AbortSignal | undefined;
}

const TRANSIENT = new Set([429, 502, 503, 504]);
/** What tells that somebody answered who is there and says no: to try again is not for us. */
const REFUSED = ["http_status", "upstream_code", "upstream_status"];

/** Whether an answer of that status may be another one the next time. */
export function isTransientStatus(status: number): boolean {
  return TRANSIENT.has(status);
}

/** The error of a server that does not answer. */
export function serverUnreachable(url: string, cause: unknown): ServerUnreachable {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const fix = "Start one with `make up` or `agora serve`, or set AGORA_URL to where it runs.";
  return new ServerUnreachable(`No Agora server answers at ${url} (${reason}).`, { fix, url }, { cause });
}

/**
 * Send a request until it is answered for good; the text of an answer of success.
 *
 * An outage of the server's storage lasts as long as a restart of the database does: it is waited out by the time alone,
 * unless there are to be no retries at all.
 */
export async function sendWithRetries(
  fetcher: typeof fetch,
  url: string,
  request: HttpRequest,
  tries: Tries,
): Promise<{ text: string; headers: Headers }> {
  const deadline = performance.now() + tries.timeout * 1000;
  const backoff = new Backoff(tries.retries);
  for (let attempt = 0; ; attempt += 1) {
    const error = await sendOnce(fetcher, url, request, deadline, tries);
    if (!("code" in error)) return error;
    const seconds = Math.max(backoff.pause(attempt), error.retryAfter ?? 0);
    const retries = tries.retries > 0 && error instanceof StorageUnavailable ? Infinity : tries.retries;
    if (attempt >= retries || performance.now() + seconds * 1000 >= deadline) throw error;
    await sleep(seconds, tries.signal);
  }
}

/** One try: an answer of success, or the error of a failure that may go away. Throws what another try would not mend. */
async function sendOnce(
  fetcher: typeof fetch,
  url: string,
  request: HttpRequest,
  deadline: number,
  tries: Tries,
): Promise<{ text: string; headers: Headers } | AgoraError> {
  tries.signal?.throwIfAborted();
  const ending = new AbortController();
  const abort = () => ending.abort(tries.signal?.reason);
  tries.signal?.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => ending.abort(), Math.max(1, deadline - performance.now()));
  try {
    const { method, headers, body = null } = request;
    const answer = await fetcher(url + request.target, { method, headers, body, redirect: "manual", signal: ending.signal });
    const text = await answer.text();
    if (answer.ok) return { text, headers: answer.headers };
    const error = errorFromAnswer(answer.status, answer.headers, text, url);
    // 502 to 504 may come from a proxy in between, hence without our problem document.
    if (!TRANSIENT.has(answer.status) || isFinal(error)) throw error;
    return error;
  } catch (cause) {
    tries.signal?.throwIfAborted();
    if (ending.signal.aborted) {
      const path = request.target.split("?", 1)[0]; // a query may hold what belongs in no log
      throw new DeadlineExceeded(`${url}${path} did not answer within ${tries.timeout} seconds.`, {}, { cause });
    }
    if (cause instanceof TypeError) return serverUnreachable(url, cause.cause ?? cause);
    throw cause;
  } finally {
    clearTimeout(timer);
    tries.signal?.removeEventListener("abort", abort);
  }
}

/**
 * Whether to try again is not for us: what it did elsewhere is unknown, or somebody there has said no. Where the server's
 * own storage failed, a repetition is safe: the request carries an idempotency key, or repeating it changes nothing.
 */
function isFinal(error: AgoraError): boolean {
  if (error instanceof StorageUnavailable) return false;
  return error.extra["outcome"] === "unknown" || REFUSED.some((name) => name in error.extra);
}
