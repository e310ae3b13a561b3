import { Backoff, sleep } from "./backoff.ts";
import { type Channel, Disconnected, type Frame, Refused } from "./channel.ts";
import { AgoraError } from "./error.ts";
import { CursorTooOld } from "./generated/errors.ts";
import { renewLogin } from "./login-renewal.ts";
import type { CallOptions } from "./options.ts";
import { isTransient } from "./problem.ts";
import { queryString, type Session, type WireArguments } from "./session.ts";
import { openEventSource } from "./sse.ts";
import { isTransientStatus, serverUnreachable } from "./transport.ts";
import { openWebSocket } from "./web-socket.ts";

/** Code of the last frame of an ended log. */
const ENDED = 1000;
const SOCKET_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * A live stream, to be iterated once. It is open until it is closed, or its `signal` is aborted.
 *
 * ```ts
 * const events = client.event.stream({ types: ["work.*"] });
 * await events.opened; // no event after this is missed
 * for await (const event of events) console.log(event.sequence, event.type, event.data);
 * ```
 *
 * Events come over WebSocket if available, else as Server-Sent Events. A broken connection is reopened and the stream
 * resumes after the last item seen, without losses or duplicates. Iterating throws permanent errors: CursorTooOld when
 * events were missed for longer than the server keeps them, ServerUnreachable if the server never answered.
 */
export class EventStream<T> implements AsyncIterable<T> {
  readonly #session: Session;
  readonly #name: string;
  readonly #args: WireArguments;
  readonly #decode: (item: unknown) => unknown;
  readonly #backoff: Backoff;
  readonly #signal: AbortSignal | undefined;
  readonly #closing = new AbortController();
  readonly #skipsGaps: boolean;
  readonly #onListening: (() => void) | undefined;
  #channel: Channel | undefined;
  #first: Frame | undefined;
  #failures = 0;
  #hasListened = false;
  #isSocketRefused = false;
  #position: number | undefined;
  #opened: Promise<void> | undefined;

  /** @internal */
  constructor(
    session: Session,
    name: string,
    args: WireArguments,
    options: CallOptions,
    decode: (item: unknown) => unknown,
    live: { skipsGaps?: boolean; onListening?: () => void } = {},
  ) {
    this.#session = session;
    this.#name = name;
    this.#args = args;
    this.#decode = decode;
    this.#backoff = new Backoff(options.retries ?? session.defaults.retries);
    this.#skipsGaps = live.skipsGaps ?? false;
    this.#onListening = live.onListening;
    this.#signal = options.signal;
    if (options.signal?.aborted) this.close();
    else options.signal?.addEventListener("abort", () => this.close(), { once: true });
  }

  /** Number of the last item seen, or the position at connection; to be passed as `lastEventId` later. */
  get position(): number | undefined {
    return this.#position;
  }

  /** Resolves when the server has opened the stream: no later event is missed. Accessing it connects. */
  get opened(): Promise<void> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /** Close the stream; a loop over it ends. */
  close(): void {
    this.#closing.abort();
    this.#hangUp();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const isDurable = this.#args["subscription_id"] !== undefined;
    try {
      for (let frame = await this.#receive(); frame !== undefined; frame = await this.#receive()) {
        yield this.#decode(frame) as T;
        // The server stores the position of a durable subscription: an item is acknowledged when the next one is
        // requested.
        if (isDurable && this.#position !== undefined) this.#channel?.acknowledge(this.#position);
      }
      this.#signal?.throwIfAborted();
    } finally {
      this.close();
    }
  }

  /** The next item; undefined when the stream is closed, or its log has ended. */
  async #receive(): Promise<Frame | undefined> {
    while (!this.#isClosed) {
      if (this.#channel === undefined) {
        await (this.#hasListened ? this.#open() : this.opened);
        continue;
      }
      let frame: Frame;
      try {
        frame = this.#first ?? (await this.#channel.receive());
        this.#first = undefined;
      } catch (error) {
        await this.#recover(error);
        continue;
      }
      if (this.#isNews(frame)) return frame;
      if (frame.control === "closing" && frame.code === ENDED) this.close();
    }
    return undefined;
  }

  /** Connect, and wait until the server has opened the stream. */
  async #open(): Promise<void> {
    while (this.#channel === undefined && !this.#isClosed) {
      try {
        const channel = await this.#connect();
        if (this.#isClosed) return channel.close();
        this.#channel = channel;
        this.#first = await channel.receive();
        this.#hasListened = true;
        this.#onListening?.();
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  async #connect(): Promise<Channel> {
    const { server, identity } = this.#session;
    if (identity.isLoginDue) await renewLogin(this.#session);
    const token = identity.token();
    const args = this.#position === undefined ? this.#args : { ...this.#args, last_event_id: String(this.#position) };
    const query = queryString(args);
    // A WebSocket handshake in a browser has no custom headers, so it cannot select a marketplace.
    const canSocket = this.#name === "event/stream" && identity.tenant === "default" && SOCKET_TOKEN.test(token ?? "x");
    if (canSocket && server.webSocket !== undefined && !this.#isSocketRefused) {
      try {
        return await openWebSocket(server.webSocket, server.url, `/ws${query}`, token, this.#closing.signal);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        // After a success, a refusal is an outage; in both cases HTTP returns the reason.
        this.#isSocketRefused = !this.#hasListened;
      }
    }
    try {
      const target = `/agora/${this.#name}${query}`;
      return await openEventSource(server.fetch, server.url, target, identity.headers(token), this.#closing.signal);
    } catch (error) {
      // The outage may have been the reason why there was no WebSocket.
      if (error instanceof Disconnected || isTransient(error)) this.#isSocketRefused = false;
      throw error;
    }
  }

  /** Whether a frame is a new item; advances the position. */
  #isNews(frame: Frame): boolean {
    const { sequence, control } = frame;
    if (control === undefined || control === "heartbeat") this.#failures = 0;
    if (typeof sequence !== "number") return control === undefined;
    // A resumed stream may repeat items around the position; each is delivered once.
    if (this.#position !== undefined && sequence <= this.#position) return false;
    this.#position = sequence;
    return control === undefined;
  }

  /** Close the connection and wait before the next attempt, or throw the error if it is permanent. */
  async #recover(error: unknown): Promise<void> {
    this.#hangUp();
    if (this.#isClosed) return;
    if (this.#skipsGaps && error instanceof CursorTooOld) {
      const position = Math.max(Number(error.extra["oldest"] ?? 1) - 1, 0);
      if (this.#position === undefined || position > this.#position) {
        this.#position = position;
        return;
      }
    } else if (error instanceof AgoraError) {
      if (error.status < 500 && !isTransientStatus(error.status)) throw error;
    } else if (!(error instanceof Disconnected || error instanceof Refused)) {
      throw error;
    }
    if (!this.#hasListened && this.#failures >= this.#backoff.retries) {
      throw error instanceof AgoraError ? error : serverUnreachable(this.#session.server.url, error);
    }
    const retryAfter = error instanceof AgoraError ? (error.retryAfter ?? 0) : 0;
    const seconds = Math.max(this.#backoff.pause(this.#failures), retryAfter);
    this.#failures += 1;
    await sleep(seconds, this.#closing.signal).catch(() => undefined);
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #hangUp(): void {
    this.#channel?.close();
    this.#channel = undefined;
    this.#first = undefined;
  }
}
