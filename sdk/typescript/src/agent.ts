import { Backoff, sleep, waitUntilAborted } from "./backoff.ts";
import { AgoraClient } from "./client.ts";
import { AgoraError } from "./error.ts";
import { EventStream } from "./event-stream.ts";
import { Executor } from "./executor.ts";
import type { AgentRegisterArguments, MessagingSendArguments, TaskClaimArguments } from "./generated/services.ts";
import { AgentStatus, type Event, type Message, type MessageReceipt, type Registration, ServiceTier } from "./generated/types.ts";
import { Inbox } from "./inbox.ts";
import { ASKS_BACK, type IncomingMessage, readInboxMessage, readTaskMessage } from "./incoming-message.ts";
import { isObject, type JsonObject, type JsonValue } from "./json.ts";
import type { ClientOptions } from "./options.ts";
import { isTransient } from "./problem.ts";
import { InputRequired, type TaskRun } from "./task-run.ts";

const MESSAGE_EVENTS = ["agora.message.received", "agora.broadcast.sent"];
/** Events after which another worker may have the task. */
const TASK_LOST_EVENTS = ["cancelled", "reassigned", "requeued", "failed", "expired", "dead_lettered"].map((name) => `agora.task.${name}`);
const HEARTBEAT_SECONDS = 30;

/** Options of an agent. */
export interface AgentOptions extends ClientOptions {
  /** The agent's name; default: that of its class. */
  name?: string;
  /** A client whose connections and tokens are shared. */
  client?: AgoraClient;
}

/**
 * An agent: subclass it, declare its capabilities, handle messages, execute tasks.
 *
 * ```ts
 * class Echo extends Agent {
 *   override capabilities = ["echo"];
 *
 *   override async onMessage(message: Message) {
 *     await this.reply(message, message.content);
 *   }
 *
 *   override async onTask(task: TaskRun) {
 *     return { echo: task.payload };
 *   }
 * }
 *
 * await new Echo().run(); // until SIGTERM
 * ```
 *
 * Up to `maxConcurrentTasks` messages are handled concurrently, and as many tasks in addition; each message at least
 * once: after a crash a handler may see a message again. A failed message handler is tried three times; then its
 * message stays in the inbox as read, and events of the type `error` give the reason. A class that defines `onTask`
 * claims tasks: those assigned to it, for one of its capabilities, or for any agent, and only of `taskTypes`, if given.
 */
export class AgentProgram {
  /** Its name; default: that of its class, which minifiers change. */
  name: string;
  description = "";
  capabilities: string[] = [];
  serviceTier: ServiceTier = ServiceTier.BASIC;
  category = "";
  tags: string[] = [];
  metadata: JsonObject = {};
  maxConcurrentTasks = 1;
  /** Types of tasks to claim; empty: all. */
  taskTypes: string[] = [];
  /** Seconds after which a task returns to the queue if its lease is not renewed. */
  leaseSeconds = 60;
  /** Types of events passed to `onEvent`. */
  events: string[] = [];
  /** Seconds for handlers to finish when the agent stops. */
  stopSeconds = 10;

  /** A client that acts as the agent, once it is registered. */
  client: AgoraClient;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(Infinity, 0.5);
  #registration: Registration | undefined;
  #serving: Promise<void> | undefined;
  #listening: (() => void) | undefined;

  constructor(options: AgentOptions = {}) {
    const { name, client, ...connection } = options;
    this.name = name ?? new.target.name;
    this.client = client ?? new AgoraClient(connection);
  }

  // -- to be overridden

  /**
   * Answer a message or a task; the returned value is the reply, or the task's result.
   *
   * A class that defines it needs neither `onMessage` nor `onTask`. Not called for broadcasts and replies to the
   * agent's own messages. Throw InputRequired to ask the requester.
   */
  async processMessage(_message: IncomingMessage): Promise<JsonValue | void> {}

  /** Handle a message. */
  async onMessage(message: Message): Promise<void> {
    if (!this.#processesMessages || message.replyTo !== null || message.broadcast) return;
    try {
      const answer = await this.processMessage(readInboxMessage(message));
      if (answer !== undefined) await this.reply(message, typeof answer === "string" ? answer : JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof InputRequired)) throw error;
      await this.reply(message, error.message, { metadata: ASKS_BACK });
    }
  }

  /**
   * Execute a claimed task and return its result. An error fails the attempt, which is repeated while attempts are
   * left, unless it is a PermanentFailure.
   */
  async onTask(task: TaskRun): Promise<JsonValue | void> {
    return this.processMessage(readTaskMessage(task));
  }

  /** Handle an event of one of the types in `events`. */
  async onEvent(_event: Event): Promise<void> {}

  /** Called when the agent is registered and about to listen. */
  async onStart(): Promise<void> {}

  /** Called before the agent stops; it can still send. */
  async onStop(): Promise<void> {}

  /** Handle a failed message handler: publish an event of the type `error` for the operators. */
  async onError(message: Message, error: unknown, attempt: number): Promise<void> {
    const data = { message_id: message.messageId, attempt, error: String(error).slice(0, 500) };
    await this.client.event.publish({ eventType: "error", data, subject: message.messageId, to: [this.agentId] });
  }

  // -- for use in handlers

  /** The agent's id, once it is registered. */
  get agentId(): string {
    if (this.#registration === undefined) throw new AgoraError(`${this.name} is not registered yet.`, { fix: "Wait until onStart." });
    return this.#registration.agentId;
  }

  /** Answer a message. */
  reply(message: Message, content: string, options: Partial<MessagingSendArguments> = {}): Promise<MessageReceipt> {
    const correlationId = message.correlationId ?? message.messageId;
    return this.client.messaging.send({ toAgent: message.fromAgent, content, replyTo: message.messageId, correlationId, ...options });
  }

  // -- lifecycle

  /** Run until SIGTERM or SIGINT, if available, or until {@link AgentProgram.stop}. */
  async run(): Promise<void> {
    const process = (globalThis as { process?: { on?: SignalListening; off?: SignalListening } }).process;
    const stop = () => this.stop();
    for (const signal of ["SIGTERM", "SIGINT"]) process?.on?.(signal, stop);
    try {
      await this.serve();
    } finally {
      for (const signal of ["SIGTERM", "SIGINT"]) process?.off?.(signal, stop);
    }
  }

  /** Run in the background. Resolves when the agent listens. */
  async start(): Promise<this> {
    const listening = new Promise<void>((resolve) => (this.#listening = resolve));
    this.#serving = this.serve();
    await Promise.race([listening, this.#serving]);
    return this;
  }

  /**
   * Stop: running handlers may finish. Resolves when the agent has disconnected, if it was started in the background.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#serving;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Register, work until {@link AgentProgram.stop}, then disconnect.
   *
   * Waits for an unreachable server. Throws errors that waiting does not resolve, such as Unauthenticated when the
   * agent was deregistered.
   */
  async serve(): Promise<void> {
    await this.#retryUntilStopped(() => this.#register());
    if (this.#registration === undefined) return;
    const handlers = {
      handle: (message: Message) => this.onMessage(message),
      failed: (message: Message, error: unknown, attempt: number) => this.onError(message, error, attempt),
    };
    const inbox = new Inbox(this.client, this.maxConcurrentTasks, handlers, this.#backoff);
    const executor = new Executor(this.client, this.maxConcurrentTasks, (task) => this.onTask(task), this.#claimArguments(), this.#backoff);
    const ending = new AbortController();
    const until = AbortSignal.any([ending.signal, this.#stopping.signal]);
    const loops: Promise<void>[] = [];
    try {
      await this.onStart();
      loops.push(inbox.run(until), this.#followInbox(inbox, executor, until), this.#sendHeartbeats(inbox, executor, until));
      if (this.#takesTasks) loops.push(executor.run(until));
      if (this.events.length > 0) loops.push(this.#followEvents(until));
      await Promise.all(loops);
      await Promise.all([inbox.finish(this.stopSeconds), executor.finish(this.stopSeconds)]);
      await this.onStop();
      await this.client.agent.heartbeat({ status: AgentStatus.OFFLINE }).catch(() => undefined);
    } finally {
      ending.abort();
      // One of them may have just claimed a task or started a handler.
      await Promise.allSettled(loops);
      await Promise.all([inbox.finish(0), executor.finish(0)]);
    }
  }

  async #register(): Promise<void> {
    const { name: agentName, description, capabilities, serviceTier, category, tags, metadata, maxConcurrentTasks } = this;
    const args: AgentRegisterArguments = { agentName, description, capabilities, serviceTier, category, tags, metadata, maxConcurrentTasks };
    const registration = await this.client.register(args);
    this.client = this.client.asAgent(registration); // a copy, so that other uses of the client are not affected
    this.#registration = registration;
  }

  get #processesMessages(): boolean {
    return this.processMessage !== AgentProgram.prototype.processMessage;
  }

  get #takesTasks(): boolean {
    return this.#processesMessages || this.onTask !== AgentProgram.prototype.onTask;
  }

  #claimArguments(): TaskClaimArguments {
    const { leaseSeconds, taskTypes } = this;
    return taskTypes.length > 0 ? { leaseSeconds, taskTypes } : { leaseSeconds };
  }

  /** Read the inbox at every connection, and whenever a message of another agent arrives. */
  async #followInbox(inbox: Inbox, executor: Executor, until: AbortSignal): Promise<void> {
    const types = this.#takesTasks ? [...MESSAGE_EVENTS, ...TASK_LOST_EVENTS] : MESSAGE_EVENTS;
    const onListening = () => {
      this.#listening?.();
      inbox.wake();
    };
    const isOwn = ({ data }: Event) => isObject(data) && data["from_agent"] === this.agentId;
    await this.#follow(types, until, onListening, async (event) => {
      if (TASK_LOST_EVENTS.includes(event.type)) executor.check(event.subject);
      else if (!isOwn(event)) inbox.wake();
    });
  }

  async #followEvents(until: AbortSignal): Promise<void> {
    // A stop does not wait for a handler: nothing tells it to end.
    await this.#follow(this.events, until, undefined, (event) => waitUntilAborted(this.#handleEvent(event), until));
  }

  async #handleEvent(event: Event): Promise<void> {
    try {
      await this.onEvent(event);
    } catch (error) {
      console.error(`agora: ${this.name}: onEvent failed:`, error);
    }
  }

  async #follow(
    types: string[],
    until: AbortSignal,
    onListening: (() => void) | undefined,
    handle: (event: Event) => Promise<void>,
  ): Promise<void> {
    const live = onListening === undefined ? { skipsGaps: true } : { skipsGaps: true, onListening };
    let stream: EventStream<Event> | undefined;
    until.addEventListener("abort", () => stream?.close(), { once: true });
    await this.#retryUntilStopped(async () => {
      if (until.aborted) return;
      const args = stream?.position === undefined ? { types } : { types, last_event_id: String(stream.position) };
      stream = new EventStream<Event>(AgoraClient.sessionOf(this.client), "event/stream", args, {}, (item) => item, live);
      for await (const event of stream) await handle(event);
    });
  }

  async #sendHeartbeats(inbox: Inbox, executor: Executor, until: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(HEARTBEAT_SECONDS, until).catch(() => undefined);
      if (until.aborted) return;
      try {
        await this.client.agent.heartbeat({ load: Math.max(inbox.load, executor.load) });
      } catch (error) {
        if (!isTransient(error)) throw error;
      }
    }
  }

  /** Repeat an action with pauses until it succeeds or the agent stops. */
  async #retryUntilStopped(work: () => Promise<void>): Promise<void> {
    const until = this.#stopping.signal;
    for (let attempt = 0; !until.aborted; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isTransient(error)) throw error;
      }
      await sleep(this.#backoff.pause(attempt), until).catch(() => undefined);
    }
  }
}

type SignalListening = (signal: string, listener: () => void) => unknown;
