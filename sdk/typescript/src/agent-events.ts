import { Backoff, sleep } from "./backoff.ts";
import { EventStream } from "./event-stream.ts";
import { NotFound } from "./generated/errors.ts";
import type { Services } from "./generated/services.ts";
import type { Event } from "./generated/types.ts";
import type { JsonValue } from "./json.ts";
import { isTransient } from "./problem.ts";
import type { Session } from "./session.ts";

const SOURCE = "/agora/agents/";
const MAX_REMEMBERED = 10_000;

/** Called for each event; the next event waits for the returned promise. */
export type AgentEventHandler = (eventType: string, data: JsonValue, event: Event) => unknown;

/**
 * Calls a handler for the events of one agent, until it is closed.
 *
 * The agent is identified by its name or id; it may register later, or again. An error of the handler is logged, and
 * the next event follows.
 */
export class AgentEventListener {
  /** Resolves at the end; rejects with the error that ended it, such as Unauthenticated. */
  readonly ended: Promise<void>;
  readonly #agents: Services["agent"];
  readonly #agentName: string;
  readonly #handler: AgentEventHandler;
  readonly #stream: EventStream<Event>;
  readonly #matches = new Map<string, boolean>();
  readonly #backoff = new Backoff();
  readonly #closing = new AbortController();

  /** @internal */
  constructor(agents: Services["agent"], session: Session, agentName: string, eventType: string, handler: AgentEventHandler, signal?: AbortSignal) {
    this.#agents = agents;
    this.#agentName = agentName;
    this.#handler = handler;
    signal?.addEventListener("abort", () => this.#closing.abort(), { once: true });
    this.#stream = new EventStream(session, "event/stream", { types: [eventType] }, { signal }, (item) => item, { skipsGaps: true });
    this.ended = this.#handleEvents();
    this.ended.catch(() => undefined); // available to callers; not an unhandled rejection
  }

  /** Resolves when the server has opened the stream: no later event is missed. */
  get opened(): Promise<void> {
    return this.#stream.opened;
  }

  /** Stop; a running handler may finish. */
  close(): void {
    this.#closing.abort();
    this.#stream.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #handleEvents(): Promise<void> {
    for await (const event of this.#stream) {
      if (!(await this.#isAboutAgent(event))) continue;
      try {
        await this.#handler(event.type, event.data, event);
      } catch (error) {
        console.error(`agora: the handler of ${event.type} of ${this.#agentName} failed:`, error);
      }
    }
  }

  /** Whether the agent published the event, or the event is about it. */
  async #isAboutAgent(event: Event): Promise<boolean> {
    const ids = [event.source.replace(SOURCE, ""), event.subject ?? ""].filter((id) => id !== "");
    for (const id of ids) if (await this.#isIdOfAgent(id)) return true;
    return false;
  }

  async #isIdOfAgent(id: string): Promise<boolean> {
    if (id === this.#agentName) return true;
    if (!id.startsWith("agent_")) return false;
    let isMatch = this.#matches.get(id);
    if (isMatch === undefined) {
      if (this.#matches.size >= MAX_REMEMBERED) this.#matches.clear();
      isMatch = await this.#hasName(id);
      this.#matches.set(id, isMatch);
    }
    return isMatch;
  }

  async #hasName(agentId: string): Promise<boolean> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await this.#agents.get({ agentId })).agentName === this.#agentName;
      } catch (error) {
        if (error instanceof NotFound || this.#closing.signal.aborted) return false;
        if (!isTransient(error)) throw error;
      }
      // Like the stream, the look-up outlasts an outage of the server.
      await sleep(this.#backoff.pause(attempt), this.#closing.signal).catch(() => undefined);
    }
  }
}
