/** The executor of a running agent: it claims tasks and runs their handlers. */

import { type Backoff, sleep, waitUntilAborted } from "./backoff.ts";
import type { AgoraClient } from "./client.ts";
import { AgoraError } from "./error.ts";
import { InvalidRequest } from "./generated/errors.ts";
import type { TaskClaimArguments, TaskMessageArguments } from "./generated/services.ts";
import type { ClaimedTask } from "./generated/types.ts";
import { isPutOff } from "./inbox.ts";
import { isObject, type JsonObject, type JsonValue } from "./json.ts";
import { Lease } from "./lease.ts";
import { isTransient } from "./problem.ts";
import { readLoggedMessage } from "./task-message.ts";
import { InputRequired, PermanentFailure, TaskRun } from "./task-run.ts";

/** Seconds that a claim waits for a task: intermediaries may cut off longer calls. */
const CLAIM_WAIT_SECONDS = 25;
/** An empty answer that comes sooner (milliseconds) means that the server does not wait, as during its shutdown. */
const EARLY_MILLISECONDS = 1000;
/** Seconds for releasing tasks when the agent stops. */
const RELEASE_SECONDS = 5;
const STOPPED = "The agent stopped.";
const MAX_ERROR_CHARACTERS = 4000;
const HISTORY_PAGE = 500;

/** A handler of tasks; returns the task's result. */
export type TaskHandler = (task: TaskRun) => Promise<JsonValue | void>;

/**
 * Passes each claimed task to a handler, up to a limit of concurrent ones, and reports the outcomes.
 *
 * A task is claimed only for a free slot, by a call that waits on the server for a task. While its handler runs, its
 * lease is renewed; the task's signal is aborted when the lease is lost.
 */
export class Executor {
  readonly #client: AgoraClient;
  readonly #places: number;
  readonly #handle: TaskHandler;
  readonly #claim: TaskClaimArguments;
  readonly #backoff: Backoff;
  readonly #leases = new Map<string, Lease>();
  readonly #working = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #freed: (() => void) | undefined;
  /** Key and limit of a claim without an answer. */
  #openClaim: { key: string; limit: number } | undefined;

  constructor(client: AgoraClient, places: number, handle: TaskHandler, claim: TaskClaimArguments, backoff: Backoff) {
    this.#client = client;
    this.#places = places;
    this.#handle = handle;
    this.#claim = claim;
    this.#backoff = backoff;
  }

  /** Share of the slots in use, 0 to 1. */
  get load(): number {
    return this.#working.size / this.#places;
  }

  /** Check the lease of a task after an event, if the task is held here. */
  check(taskId: string | null): void {
    this.#leases.get(taskId ?? "")?.check();
  }

  /** Work until the signal is aborted. */
  async run(until: AbortSignal): Promise<void> {
    until.addEventListener("abort", () => this.#freed?.(), { once: true });
    while (!until.aborted) {
      if (this.#working.size >= this.#places) {
        // Nothing is claimed in advance: a task without a free slot is better done by another agent.
        await new Promise<void>((resolve) => (this.#freed = resolve));
        continue;
      }
      const begun = performance.now();
      const tasks = await this.#claimTasks(this.#places - this.#working.size, until);
      for (const task of tasks) this.#start(task);
      // Otherwise a server that answers at once would be called in a tight loop.
      if (tasks.length === 0 && performance.now() - begun < EARLY_MILLISECONDS) {
        await sleep(this.#backoff.pause(0), until).catch(() => undefined);
      }
    }
  }

  /** Let running handlers finish; those that take longer are aborted, and their tasks released. */
  async finish(seconds: number): Promise<void> {
    await this.#releaseOpenClaim();
    await this.#waitForWork(seconds);
    if (this.#working.size === 0) return;
    this.#stopping.abort(new Error(STOPPED));
    await this.#waitForWork(RELEASE_SECONDS);
    // An unreachable server must not keep the program: the leases expire there.
    for (const lease of this.#leases.values()) lease.abandon(new AgoraError(STOPPED));
  }

  /** Wait until no handler runs, for that many seconds. */
  async #waitForWork(seconds: number): Promise<void> {
    const done = new AbortController();
    await Promise.race([Promise.all(this.#working), sleep(seconds, done.signal).catch(() => undefined)]);
    done.abort();
  }

  /** Release the tasks of an aborted claim: the server may have answered during the stop. */
  async #releaseOpenClaim(): Promise<void> {
    if (this.#openClaim === undefined) return;
    const { key: idempotencyKey, limit } = this.#openClaim;
    this.#openClaim = undefined;
    const signal = AbortSignal.timeout(RELEASE_SECONDS * 1000);
    try {
      // The same key: the server returns the tasks that the unanswered claim leased.
      const { tasks } = await this.#client.task.claim({ ...this.#claim, limit, wait: 0 }, { idempotencyKey, signal });
      for (const { taskId, fencingToken } of tasks) await this.#client.task.release({ taskId, fencingToken, reason: STOPPED }, { signal });
    } catch (error) {
      console.warn("agora: whether the last claim leased a task is unknown; its lease would expire:", error);
    }
  }

  async #claimTasks(limit: number, until: AbortSignal): Promise<ClaimedTask[]> {
    // One key: tasks of a lost answer are returned again. Otherwise they would stay leased, unknown, until their leases
    // expire.
    const options = { idempotencyKey: crypto.randomUUID(), signal: until };
    this.#openClaim = { key: options.idempotencyKey, limit };
    for (let attempt = 0; !until.aborted; attempt += 1) {
      try {
        const { tasks } = await this.#client.task.claim({ ...this.#claim, limit, wait: CLAIM_WAIT_SECONDS }, options);
        this.#openClaim = undefined;
        return tasks;
      } catch (error) {
        if (until.aborted) break;
        if (!isTransient(error)) {
          // A refusal does not pass by repetition; it ends the agent. A refused claim has leased nothing.
          this.#openClaim = undefined;
          throw error;
        }
      }
      await sleep(this.#backoff.pause(attempt), until).catch(() => undefined);
    }
    return [];
  }

  #start(task: ClaimedTask): void {
    const lease = new Lease(this.#client, task, this.#backoff);
    this.#leases.set(task.taskId, lease);
    const working = this.#run(new TaskRun(task, lease, this.#stopping.signal), lease).finally(() => {
      this.#working.delete(working);
      this.#freed?.();
      // The same task may have been claimed again meanwhile, with a new lease.
      if (this.#leases.get(task.taskId) === lease) this.#leases.delete(task.taskId);
    });
    this.#working.add(working);
  }

  async #run(task: TaskRun, lease: Lease): Promise<void> {
    const ended = new AbortController();
    const keeping = lease.keep(ended.signal);
    try {
      await this.#report(lease, this.#handleUntilAborted(task));
    } catch (error) {
      if (!lease.signal.aborted) console.error(`agora: what became of task ${lease.taskId} could not be told:`, error);
    } finally {
      ended.abort();
      await keeping;
    }
  }

  /** Return the handler's result; rejects when the task's signal is aborted, whether or not the handler observes it. */
  #handleUntilAborted(task: TaskRun): Promise<JsonValue | void> {
    const handling = this.#loadConversation(task).then(() => this.#handle(task));
    const signal = task.signal;
    return waitUntilAborted(handling, signal).then(() => {
      signal.throwIfAborted();
      return handling;
    });
  }

  /** Load the messages of a task that was executed before. */
  async #loadConversation(task: TaskRun): Promise<void> {
    // The first execution has no earlier messages: the call is saved.
    if (task.fencingToken <= 1) return;
    const page = await this.#client.task.history({ taskId: task.taskId, types: ["message"], limit: HISTORY_PAGE });
    for await (const { data } of page) if (isObject(data)) task.messages.push(readLoggedMessage(data as JsonObject));
  }

  /** Report the outcome of the handler. */
  async #report(lease: Lease, handling: Promise<JsonValue | void>): Promise<void> {
    let result: JsonValue;
    try {
      result = (await handling) ?? null;
      this.#stopping.signal.throwIfAborted(); // the result of an aborted handler is ignored
    } catch (error) {
      // Without its lease the task is another agent's: an outcome would be refused.
      lease.signal.throwIfAborted();
      await lease.call((tasks, held): Promise<object> => {
        if (this.#stopping.signal.aborted) return tasks.release({ ...held, reason: STOPPED });
        if (isPutOff(error)) return tasks.release({ ...held, reason: errorText(error), delay: this.#backoff.most });
        if (error instanceof InputRequired) return tasks.message({ ...held, ...buildQuestion(error) });
        return tasks.fail({ ...held, error: errorText(error), retry: !(error instanceof PermanentFailure) });
      });
      return;
    }
    try {
      await lease.call((tasks, held) => tasks.complete({ ...held, result }));
    } catch (error) {
      // The result itself is refused, for instance as too large. Without a report the task would be executed again and again.
      if (!(error instanceof InvalidRequest)) throw error;
      await lease.call((tasks, held) => tasks.fail({ ...held, error: errorText(error), retry: false }));
    }
  }
}

/** Format an error for storage: its class and text, without characters that the wire format refuses. */
function errorText(error: unknown): string {
  const text = error instanceof PermanentFailure ? error.message : error instanceof AgoraError ? `${error.name}: ${error.message}` : String(error);
  // Half of a surrogate pair may be in the text, or be left where it is cut.
  return text.replaceAll("\0", "").slice(0, MAX_ERROR_CHARACTERS).replace(/\p{Surrogate}/gu, "\uFFFD") || "Error";
}

/** Build the message of a question. */
function buildQuestion({ message: text, options }: InputRequired): Omit<TaskMessageArguments, "taskId"> {
  const { auth = false, data, schema, questions } = options;
  const metadata: JsonObject = schema === undefined ? {} : { requestedSchema: schema };
  if (questions !== undefined) {
    const named = Object.entries(questions).map(([name, { schema, ...rest }]) => [name, schema ? { ...rest, requestedSchema: schema } : rest]);
    metadata["questions"] = Object.fromEntries(named) as JsonObject;
  }
  const objects = data === undefined ? [] : Array.isArray(data) ? data : [data];
  const parts = [{ text }, ...objects.map((each) => ({ data: each }))];
  return { parts, metadata, status: auth ? "auth_required" : "input_required" };
}
