import type { ClaimedTask, Part } from "./generated/types.ts";
import type { JsonObject } from "./json.ts";
import type { Lease } from "./lease.ts";
import { readOpeningMessage, type TaskMessage } from "./task-message.ts";

/** Maximum characters of one output call. */
const MAX_CHUNK_CHARACTERS = 262_144;

/** Thrown in `onTask`: the task has failed, and another attempt would fail, too. */
export class PermanentFailure extends Error {
  override readonly name = "PermanentFailure";
}

/** One of several questions, by its name in `InputRequired.questions`. */
export interface NamedQuestion {
  text: string;
  /** JSON schema of the answer. */
  schema?: JsonObject;
}

/** Optional properties of a question. */
export interface QuestionOptions {
  /** Whether a credential is missing: the task waits as `auth_required`. */
  auth?: boolean;
  /** Data that a program needs to answer, added to the message as a data part, or one part per object of a list. */
  data?: JsonObject | JsonObject[];
  /** JSON schema of the answer, from which clients build a form; the answer is then a data part. */
  schema?: JsonObject;
  /** Several questions by name; the task is claimed again when all are answered, and `task.answers` has the answers. */
  questions?: Record<string, NamedQuestion>;
}

/**
 * Thrown in `onTask` or `processMessage`: the task needs an answer of its requester. When answered, the task is claimed
 * again: the answer is the newest of `task.messages`, and is passed to `processMessage`.
 */
export class InputRequired extends Error {
  override readonly name = "InputRequired";
  readonly options: QuestionOptions;

  constructor(question: string, options: QuestionOptions = {}) {
    super(question);
    this.options = options;
  }
}

/** Data of a claimed task. */
export interface TaskRun extends ClaimedTask {}

/**
 * A claimed task, passed to `Agent.onTask`.
 *
 * ```ts
 * async onTask(task: TaskRun) {
 *   const rows = task.payload["rows"] as string[];
 *   for (let at = Number(task.checkpoint?.["done"] ?? 0); at < rows.length; at += 1) { // progress of an earlier
 * attempt
 *     await work(rows[at], { signal: task.signal });
 *     await task.save({ done: at + 1 });
 *     await task.report({ progress: (100 * (at + 1)) / rows.length });
 *   }
 *   return { rows: rows.length };
 * }
 * ```
 *
 * Each method waits for an unreachable server, and throws once the lease is lost.
 */
export class TaskRun {
  /** Aborted when the task was cancelled or reassigned, or the agent stops and no longer waits: end the work. */
  readonly signal: AbortSignal;
  /** Messages about the task, oldest first; the first is the one that created it. */
  readonly messages: TaskMessage[];
  readonly #lease: Lease;
  #writing: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(task: ClaimedTask, lease: Lease, stopping: AbortSignal) {
    Object.assign(this, task);
    this.#lease = lease;
    this.messages = [readOpeningMessage(task)];
    this.signal = AbortSignal.any([lease.signal, stopping]);
  }

  /** The requester's latest answers to the questions of `InputRequired`, by name. */
  get answers(): Record<string, TaskMessage> {
    const answers: Record<string, TaskMessage> = {};
    for (const message of this.messages) {
      const name = message.metadata["answers"];
      if (message.role === "user" && typeof name === "string") answers[name] = message;
    }
    return answers;
  }

  /** Report progress. `progress`: percentage, never decreasing; `notes` and `milestone` are for people. */
  async report(update: { progress?: number; notes?: string; milestone?: string }): Promise<void> {
    const { progress } = await this.#lease.call((tasks, held) => tasks.update({ ...held, ...update }));
    this.progress = progress;
  }

  /** Store a checkpoint, which a later attempt reads from `task.checkpoint`. It also extends the lease. */
  save(checkpoint: JsonObject): Promise<void> {
    return this.#inOrder(async () => {
      await this.#lease.checkpoint(checkpoint);
      this.checkpoint = checkpoint;
    });
  }

  /**
   * Append to the task's output, which can be followed while the task runs. It continues the output of an earlier
   * attempt.
   */
  write(text: string): Promise<void> {
    return this.#inOrder(async () => {
      for (let start = 0, end; start < text.length; start = end) {
        end = start + MAX_CHUNK_CHARACTERS;
        // Half of a surrogate pair is no valid text. A code point above U+FFFF is one that the cut would split.
        if ((text.codePointAt(end - 1) ?? 0) > 0xffff) end -= 1;
        // With its offset, a repeated chunk is recognised.
        const chunk = { content: text.slice(start, end), offset: this.outputSize };
        const { nextOffset } = await this.#lease.call((tasks, held) => tasks.append({ ...held, ...chunk }));
        this.outputSize = nextOffset;
      }
    });
  }

  /** Send a message to the requester while the task runs. */
  async say(text: string): Promise<void> {
    await this.#lease.call((tasks, held) => tasks.message({ ...held, text }));
  }

  /** Add an artifact to the result: parts in the form of A2A 1.0, such as `{ text: "..." }`, `{ data: ... }`. */
  async artifact(parts: Part[], options: { name?: string; artifactId?: string; append?: boolean; last?: boolean } = {}): Promise<void> {
    await this.#lease.call((tasks, held) => tasks.artifact({ ...held, ...options, parts }));
  }

  #inOrder<R>(write: () => Promise<R>): Promise<R> {
    const writing = this.#writing.then(write);
    // A failed write is reported to its caller, and does not block the later ones.
    this.#writing = writing.catch(() => undefined);
    return writing;
  }
}
