import type { ClaimedTask, Part } from "./generated/types.ts";
import { readOpeningMessage, type TaskMessage } from "./incoming-message.ts";
import type { JsonObject } from "./json.ts";
import type { Lease } from "./lease.ts";

/** Most characters of output in one call. */
const MAX_CHUNK_CHARACTERS = 262_144;

/** Thrown in `onTask`: the task has failed, and another attempt would fail too. */
export class PermanentFailure extends Error {
  override readonly name = "PermanentFailure";
}

/** One of several questions, by its name in `InputRequired.questions`. */
export interface NamedQuestion {
  text: string;
  /** JSON schema of the answer. */
  schema?: JsonObject;
}

/** What a question carries beside its text. */
export interface QuestionOptions {
  /** Whether what is missing is a credential: the task waits as `auth_required`. */
  auth?: boolean;
  /** What a program needs to answer: a part of the message beside the text, each object of a list one of its own. */
  data?: JsonObject | JsonObject[];
  /** JSON schema of the answer, from which clients make a form; the answer then is a data part. */
  schema?: JsonObject;
  /** Several questions at once, by name; the task is claimed again once all are answered, and `task.answers` has the answers. */
  questions?: Record<string, NamedQuestion>;
}

/**
 * Thrown in `onTask` or `processMessage`: the work cannot go on before its requester has answered. With the answer the task is
 * claimed again: then the answer is the newest of `task.messages`, and what `processMessage` is called with.
 */
export class InputRequired extends Error {
  override readonly name = "InputRequired";
  readonly options: QuestionOptions;

  constructor(question: string, options: QuestionOptions = {}) {
    super(question);
    this.options = options;
  }
}

/** What a claimed task is. */
export interface TaskRun extends ClaimedTask {}

/**
 * A claimed task in the hands of `Agent.onTask`.
 *
 * ```ts
 * async onTask(task: TaskRun) {
 *   const rows = task.payload["rows"] as string[];
 *   for (let at = Number(task.checkpoint?.["done"] ?? 0); at < rows.length; at += 1) { // where an attempt before this one stood
 *     await work(rows[at], { signal: task.signal });
 *     await task.save({ done: at + 1 });
 *     await task.report({ progress: (100 * (at + 1)) / rows.length });
 *   }
 *   return { rows: rows.length };
 * }
 * ```
 *
 * Each method waits for a server that is away, and throws once the task is not ours any more.
 */
export class TaskRun {
  /** Aborted when the task was cancelled or given to another, or the agent stops and waits no longer: end the work. */
  readonly signal: AbortSignal;
  /** What was said about it, oldest first; the first is what it was made of. */
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

  /** The requester's answers to questions that `InputRequired` named, by name; the newest of each. */
  get answers(): Record<string, TaskMessage> {
    const answers: Record<string, TaskMessage> = {};
    for (const message of this.messages) {
      const name = message.metadata["answers"];
      if (message.role === "user" && typeof name === "string") answers[name] = message;
    }
    return answers;
  }

  /** Say how it goes. `progress`: per cent done, never less than before; `notes` and `milestone` are for people. */
  async report(update: { progress?: number; notes?: string; milestone?: string }): Promise<void> {
    const { progress } = await this.#lease.call((tasks, held) => tasks.update({ ...held, ...update }));
    this.progress = progress;
  }

  /** Store how far the work is: another attempt finds it in `task.checkpoint`. It extends the lease too. */
  save(checkpoint: JsonObject): Promise<void> {
    return this.#inOrder(async () => {
      await this.#lease.checkpoint(checkpoint);
      this.checkpoint = checkpoint;
    });
  }

  /** Append to the task's output, which can be followed while the task runs. It goes on where an earlier attempt ended. */
  write(text: string): Promise<void> {
    return this.#inOrder(async () => {
      for (let start = 0; start < text.length; start += MAX_CHUNK_CHARACTERS) {
        const chunk = { content: text.slice(start, start + MAX_CHUNK_CHARACTERS), offset: this.outputSize };
        const { nextOffset } = await this.#lease.call((tasks, held) => tasks.append({ ...held, ...chunk }));
        this.outputSize = nextOffset;
      }
    });
  }

  /** Tell the requester something while the work goes on. */
  async say(text: string): Promise<void> {
    await this.#lease.call((tasks, held) => tasks.message({ ...held, text }));
  }

  /** Hand over a piece of the result: parts as A2A 1.0 writes them, such as `{ text: "..." }`, `{ data: ... }`. */
  async artifact(parts: Part[], options: { name?: string; artifactId?: string; append?: boolean; last?: boolean } = {}): Promise<void> {
    await this.#lease.call((tasks, held) => tasks.artifact({ ...held, ...options, parts }));
  }

  #inOrder<R>(write: () => Promise<R>): Promise<R> {
    const writing = this.#writing.then(write);
    this.#writing = writing.catch(() => undefined);
    return writing;
  }
}
