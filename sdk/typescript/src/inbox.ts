/** The inbox of a running agent: passes messages to handlers. */

import { type Backoff, sleep, waitUntilAborted } from "./backoff.ts";
import type { AgoraClient } from "./client.ts";
import { Halted, Overloaded, RateLimited, ServerUnreachable } from "./generated/errors.ts";
import { DeliveryState, type Message } from "./generated/types.ts";
import { isTransient } from "./problem.ts";

const MAX_ATTEMPTS = 3;
const PAGE_SIZE = 100;
const MAX_REMEMBERED = 10_000;

/** Whether an error is not the handler's fault: the message or task is processed again from the start. */
export function isPutOff(error: unknown): boolean {
  return [ServerUnreachable, Overloaded, RateLimited, Halted].some((kind) => error instanceof kind);
}

/** Handlers of an inbox. */
export interface MessageHandlers {
  handle(message: Message): Promise<void>;
  /** Called for each failed attempt, the first being 1. */
  failed(message: Message, error: unknown, attempt: number): Promise<void>;
}

/**
 * Passes each unread message to a handler, up to a limit of concurrent ones, and marks its outcome.
 *
 * The durable inbox is authoritative; live events only trigger reading it. A message is marked as delivered before and
 * as acknowledged after its handler; after a crash in between it is handled again. A message whose handler fails every
 * time is left as read.
 */
export class Inbox {
  readonly #client: AgoraClient;
  readonly #places: number;
  readonly #handlers: MessageHandlers;
  readonly #backoff: Backoff;
  readonly #working = new Set<Promise<void>>();
  /** Messages by id: undefined while they are handled. */
  readonly #states = new Map<string, DeliveryState | undefined>();
  #wake: (() => void) | undefined;
  #isDue = false;

  constructor(client: AgoraClient, places: number, handlers: MessageHandlers, backoff: Backoff) {
    this.#client = client;
    this.#places = places;
    this.#handlers = handlers;
    this.#backoff = backoff;
  }

  /** Share of the slots in use, 0 to 1. */
  get load(): number {
    return this.#working.size / this.#places;
  }

  /** Signal that there may be new messages. */
  wake(): void {
    this.#isDue = true;
    this.#wake?.();
  }

  /** Work until the signal is aborted. */
  async run(until: AbortSignal): Promise<void> {
    until.addEventListener("abort", () => this.#wake?.(), { once: true });
    for (let attempt = 0; !until.aborted; ) {
      if (!this.#isDue) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      // Cleared before reading: a message that arrives meanwhile causes another round.
      this.#isDue = false;
      try {
        await this.#readUnread(until);
        attempt = 0;
      } catch (error) {
        if (until.aborted) return;
        if (!isTransient(error)) throw error;
        this.#isDue = true;
        await sleep(this.#backoff.pause(attempt), until).catch(() => undefined);
        attempt += 1;
      }
    }
  }

  /** Let running handlers finish, for that many seconds. */
  async finish(seconds: number): Promise<void> {
    const done = new AbortController();
    await Promise.race([Promise.all([...this.#working]), sleep(seconds, done.signal).catch(() => undefined)]);
    done.abort();
  }

  async #readUnread(until: AbortSignal): Promise<void> {
    let page = await this.#client.messaging.receive({ unread: true, limit: PAGE_SIZE }, { signal: until });
    for (;;) {
      // A message in progress is still unread on the server and is read again; the states identify it.
      const fresh = page.messages.filter((message) => !this.#states.has(message.messageId));
      const queued = fresh.filter((message) => message.status === DeliveryState.QUEUED);
      await this.#mark(queued.map((message) => message.messageId), DeliveryState.DELIVERED, until);
      await this.#markAgain(page.messages.map((message) => message.messageId), until);
      for (const message of fresh) {
        // Only fetched, not yet started, messages wait here; the server keeps the rest of the inbox.
        while (this.#working.size >= this.#places && !until.aborted) await waitUntilAborted(Promise.race(this.#working), until);
        if (until.aborted) return;
        this.#start(message);
      }
      const next = await page.nextPage();
      if (next === undefined) return;
      page = next;
    }
  }

  async #mark(messageIds: string[], status: DeliveryState, signal?: AbortSignal): Promise<void> {
    if (messageIds.length > 0) await this.#client.messaging.mark({ messageIds, status }, { signal });
  }

  /** Mark again messages that are processed but still unread, because their mark was lost. */
  async #markAgain(messageIds: string[], until: AbortSignal): Promise<void> {
    for (const state of [DeliveryState.ACKNOWLEDGED, DeliveryState.READ]) {
      await this.#mark(messageIds.filter((id) => this.#states.get(id) === state), state, until);
    }
  }

  #start(message: Message): void {
    this.#states.set(message.messageId, undefined);
    const working = this.#handleAndMark(message).finally(() => this.#working.delete(working));
    this.#working.add(working);
  }

  async #handleAndMark(message: Message): Promise<void> {
    const state = await this.#handle(message);
    if (state === undefined) {
      // The slot stays taken during the pause, which slows down an agent whose dependency is down.
      await sleep(this.#backoff.pause(1));
      this.#states.delete(message.messageId);
      this.wake();
      return;
    }
    this.#remember(message.messageId, state);
    await this.#mark([message.messageId], state).catch(() => undefined); // marked again when it is read again
  }

  /** Handle a message. Returns its state; undefined if it is postponed. */
  async #handle(message: Message): Promise<DeliveryState | undefined> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      try {
        await this.#handlers.handle(message);
        return DeliveryState.ACKNOWLEDGED;
      } catch (error) {
        if (isPutOff(error)) return undefined;
        await this.#reportFailure(message, error, attempt);
        if (attempt < MAX_ATTEMPTS) await sleep(this.#backoff.pause(attempt - 1));
      }
    }
    return DeliveryState.READ;
  }

  async #reportFailure(message: Message, error: unknown, attempt: number): Promise<void> {
    try {
      await this.#handlers.failed(message, error, attempt);
    } catch (failure) {
      // An error handler that fails, even before it returns a promise, must not end the inbox.
      console.error(`agora: what became of message ${message.messageId} could not be told:`, failure);
    }
  }

  #remember(messageId: string, state: DeliveryState): void {
    this.#states.set(messageId, state);
    if (this.#states.size <= MAX_REMEMBERED) return;
    // Messages in progress stay, or they would be handled twice at once.
    const oldest = [...this.#states].find(([, known]) => known !== undefined);
    if (oldest !== undefined) this.#states.delete(oldest[0]);
  }
}
