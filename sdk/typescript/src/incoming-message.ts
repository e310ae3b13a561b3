import type { Message, Part } from "./generated/types.ts";
import type { JsonObject } from "./json.ts";
import { objectAt, partsOf, readOpeningMessage, type TaskMessage, textAt, textOf } from "./task-message.ts";
import type { TaskRun } from "./task-run.ts";

/** Metadata key of a multipart message in the marketplace's messages and tasks. */
const CARRIED = "a2a";

/** A message to an agent, from its inbox or from a task. */
export interface IncomingMessage {
  /** Its texts, separated by line feeds. */
  readonly text: string;
  /** Its parts in the form of A2A 1.0; for a message without parts, its text. */
  readonly parts: readonly Part[];
  readonly metadata: JsonObject;
  /** Earlier messages of the task, oldest first; after a question, they include the question. */
  readonly history: readonly TaskMessage[];
  /** Id of the sending agent. */
  readonly sender: string;
  /** Id of the conversation, if any. */
  readonly contextId: string | undefined;
  /** The inbox message, if it is one. */
  readonly message?: Message;
  /** The task, if it is one. */
  readonly task?: TaskRun;
}

/** Convert an inbox message. */
export function readInboxMessage(message: Message): IncomingMessage {
  const carried = objectAt(objectAt(message.metadata, CARRIED), "message");
  const parts = partsOf(carried) ?? [{ text: message.content }];
  const contextId = textAt(carried, "contextId") ?? message.correlationId ?? undefined;
  const metadata = objectAt(carried, "metadata");
  return { text: textOf(parts) || message.content, parts, metadata, history: [], sender: message.fromAgent, contextId, message };
}

/** Return the requester's newest message: the answer to a question, or initially the message that created the task. */
export function readTaskMessage(task: TaskRun): IncomingMessage {
  const newest = task.messages.filter((message) => message.role === "user").at(-1);
  const history = task.messages.filter((message) => message !== newest);
  const { text, parts, metadata } = newest ?? readOpeningMessage(task);
  return { text, parts, metadata, history, sender: task.createdBy, contextId: task.contextId ?? undefined, task };
}

/** Metadata of a reply that asks a question. */
export const ASKS_BACK: JsonObject = { [CARRIED]: { status: "input_required" } };
