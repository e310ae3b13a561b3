/** HTTP requests with retries: which failures are retried, the delays, and when to give up. */

import { Backoff, sleep, timerDelay } from "./backoff.ts";
import { AgoraError } from "./error.ts";
import { DeadlineExceeded, ServerUnreachable, StorageUnavailable } from "./generated/errors.ts";
import { errorFromAnswer } from "./problem.ts";

/** An HTTP request to the server; `target` is its path and query. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** Time and number of attempts of a request. */
export interface Tries {
  readonly timeout: number;
  readonly retries: number;
  readonly signal?: AbortSignal | undefined;
}

const TRANSIENT = new Set([429, 502, 503, 504]);
/** Members of a definite refusal by another system, which must not be retried. */
const REFUSED = ["http_status", "upstream_code", "upstream_status"];

/** Whether a status may be temporary. */
export function isTransientStatus(status: number): boolean {
  return TRANSIENT.has(status);
}

/** Create the error of an unreachable server. */
export function serverUnreachable(url: string, cause: unknown): ServerUnreachable {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const fix = "Start one with `make up` or `agora serve`, or set AGORA_URL to where it runs.";
  return new ServerUnreachable(`No Agora server answers at ${url} (${reason}).`, { fix, url }, { cause });
}

/**
 * Send a request until it succeeds or fails permanently. Returns the text of the successful response.
 *
 * An outage of the server's storage may last as long as a restart of the database: it is retried until the time is up,
 * regardless of the number of retries, unless that is 0.
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

/** Try a request once: returns a successful response, or the error of a temporary failure. Throws permanent errors. */
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
  const timer = setTimeout(() => ending.abort(), timerDelay(Math.max(1, deadline - performance.now()) / 1000));
  try {
    const { method, headers, body = null } = request;
    const answer = await fetcher(url + request.target, { method, headers, body, redirect: "manual", signal: ending.signal });
    const text = await answer.text();
    if (answer.ok) return { text, headers: answer.headers };
    const error = errorFromAnswer(answer.status, answer.headers, text, url);
    // 502 to 504 may come from an intermediary, without our problem document.
    if (!TRANSIENT.has(answer.status) || isFinal(error)) throw error;
    return error;
  } catch (cause) {
    tries.signal?.throwIfAborted();
    if (ending.signal.aborted) {
      const path = request.target.split("?", 1)[0]; // a query may contain private data
      throw new DeadlineExceeded(`${url}${path} did not answer within ${tries.timeout} seconds.`, {}, { cause });
    }
    if (cause instanceof AgoraError) throw cause;
    // Node and browsers reject with TypeError, Bun and replacements of `fetch` with other classes.
    return serverUnreachable(url, cause instanceof Error ? (cause.cause ?? cause) : cause);
  } finally {
    clearTimeout(timer);
    tries.signal?.removeEventListener("abort", abort);
  }
}

/**
 * Whether a retry is not allowed: the outcome elsewhere is unknown, or the other system has refused. If the server's
 * own storage failed, a retry is safe: the request has an idempotency key, or is idempotent.
 */
function isFinal(error: AgoraError): boolean {
  if (error instanceof StorageUnavailable) return false;
  return error.extra["outcome"] === "unknown" || REFUSED.some((name) => name in error.extra);
}
