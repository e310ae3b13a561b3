/** The lease on a claimed task: renewal, and calls under its fencing token. */

import { type Backoff, sleep } from "./backoff.ts";
import type { AgoraClient } from "./client.ts";
import { AgoraError } from "./error.ts";
import { Conflict, IllegalTransition, InternalError, NotFound, StaleLease } from "./generated/errors.ts";
import type { TaskService } from "./generated/services.ts";
import { type ClaimedTask, TaskStatus } from "./generated/types.ts";
import type { JsonObject } from "./json.ts";
import { isTransient } from "./problem.ts";

/** Limit of server errors of one call. */
const MAX_SERVER_ERRORS = 5;
/** Checkpoint numbers increase over all attempts: those of a claim follow those of earlier claims. */
const CHECKPOINTS_PER_CLAIM = 1_000_000;
const TERMINAL: ReadonlySet<TaskStatus> = new Set([
  TaskStatus.COMPLETED,
  TaskStatus.FAILED,
  TaskStatus.CANCELLED,
  TaskStatus.REJECTED,
  TaskStatus.EXPIRED,
  TaskStatus.DEAD_LETTERED,
]);

/**
 * The lease on one claimed task.
 *
 * Every call carries the claim's fencing token, and waits for an unreachable server. Once the server has reported that
 * the lease is lost, `signal` is aborted with the reason, and no further call is made.
 */
export class Lease {
  readonly taskId: string;
  readonly fencingToken: number;
  readonly #client: AgoraClient;
  readonly #seconds: number;
  readonly #backoff: Backoff;
  readonly #lost = new AbortController();
  #due = new AbortController();
  #checkpoints = 0;

  constructor(client: AgoraClient, task: ClaimedTask, backoff: Backoff) {
    this.taskId = task.taskId;
    this.fencingToken = task.fencingToken;
    this.#client = client;
    this.#seconds = task.leaseSeconds;
    this.#backoff = backoff;
  }

  /** Aborted when the lease is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Renew until the lease is lost or the signal is aborted. */
  async keep(until: AbortSignal): Promise<void> {
    while (!until.aborted && !this.signal.aborted) {
      // A third of the lease leaves time for two failed renewals before it expires.
      const wake = AbortSignal.any([until, this.#due.signal]);
      await sleep(this.#seconds / 3, wake).catch(() => undefined);
      // An abort cannot be taken back.
      this.#due = new AbortController();
      if (until.aborted) return;
      // A failed renewal is not the end: the next one may be in time, and a lost lease ends the loop.
      await this.renew().catch((error: unknown) => {
        if (!(error instanceof AgoraError)) console.error(`agora: the lease on task ${this.taskId} was not renewed:`, error);
      });
    }
  }

  /** Renew now, since the task may have changed. */
  check(): void {
    this.#due.abort();
  }

  /** Extend the lease. Throws StaleLease once it is lost. */
  async renew(options: { checkpoint?: JsonObject; checkpointNumber?: number } = {}): Promise<void> {
    let status: TaskStatus;
    try {
      ({ status } = await this.call((tasks, held) => tasks.renew({ ...held, ...options })));
    } catch (error) {
      // The task has ended, or was deleted, without this claim.
      if (error instanceof IllegalTransition || error instanceof NotFound) throw this.#loseTo(error);
      throw error;
    }
    if (TERMINAL.has(status)) throw this.#loseTo(new StaleLease(`${this.taskId} is ${status}.`));
  }

  /** Extend the lease and store a checkpoint. */
  async checkpoint(checkpoint: JsonObject): Promise<void> {
    this.#checkpoints += 1;
    // The fencing token grows with every claim, so that a late write is recognised.
    const checkpointNumber = this.fencingToken * CHECKPOINTS_PER_CLAIM + this.#checkpoints;
    await this.renew({ checkpoint, checkpointNumber });
  }

  /**
   * Call an operation on the task until it is answered or refused. The server recognises repetitions.
   *
   * @param operation - called with the task operations, and the arguments that each of them needs
   */
  async call<R>(operation: (tasks: TaskService, held: { taskId: string; fencingToken: number }) => Promise<R>): Promise<R> {
    // One key for all attempts: an answer that was lost does not complete or append twice.
    const client = this.#client.withOptions({ idempotencyKey: crypto.randomUUID() });
    for (let attempt = 0; ; attempt += 1) {
      this.signal.throwIfAborted();
      try {
        return await operation(client.task, { taskId: this.taskId, fencingToken: this.fencingToken });
      } catch (error) {
        if (error instanceof StaleLease) throw this.#loseTo(error);
        if (!isTransient(error) || (error instanceof InternalError && attempt >= MAX_SERVER_ERRORS)) {
          if (error instanceof Conflict) this.check(); // the next renewal shows whether the lease is lost
          throw error;
        }
      }
      await sleep(this.#backoff.pause(attempt), this.signal).catch(() => undefined);
    }
  }

  /** Make no further call: what waits for the server ends with the error. */
  abandon(error: AgoraError): void {
    this.#loseTo(error);
  }

  #loseTo(error: AgoraError): AgoraError {
    this.#lost.abort(error);
    // Wakes keep(), which would otherwise sleep for a third of the lease.
    this.check();
    return error;
  }
}
