import type { ClaimedTask, Message, Part } from "./generated/types.ts";
import { isObject, type JsonObject, type JsonValue } from "./json.ts";
import type { TaskRun } from "./task-run.ts";

/** Metadata key of a multipart message in the marketplace's messages and tasks. */
const CARRIED = "a2a";

/** A message about a task. */
export interface TaskMessage {
  /** `user` is the requester, `agent` the assignee. */
  readonly role: "user" | "agent";
  /** Its texts, separated by line feeds. */
  readonly text: string;
  /** Its parts in the form of A2A 1.0. */
  readonly parts: readonly Part[];
  readonly metadata: JsonObject;
}

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

/** Return the message that created a task: a message of A2A, the payload's text, or else the payload as data. */
export function readOpeningMessage(task: ClaimedTask): TaskMessage {
  const text = textAt(task.payload, "text");
  const carried = objectAt(task.payload, "message");
  const parts = partsOf(carried) ?? [text === undefined ? { data: task.payload } : { text }];
  return { role: "user", text: textOf(parts) || (text ?? ""), parts, metadata: objectAt(carried, "metadata") };
}

/** Convert a message of a task's log. */
export function readLoggedMessage(message: JsonObject): TaskMessage {
  const parts = partsOf(message) ?? [];
  const role = message["role"] === "ROLE_AGENT" ? "agent" : "user";
  return { role, text: textOf(parts), parts, metadata: objectAt(message, "metadata") };
}

/** Metadata of a reply that asks a question. */
export const ASKS_BACK: JsonObject = { [CARRIED]: { status: "input_required" } };

function textOf(parts: readonly Part[]): string {
  return parts.flatMap((part) => (typeof part.text === "string" ? [part.text] : [])).join("\n");
}

function partsOf(message: JsonObject): Part[] | undefined {
  const parts = message["parts"];
  return Array.isArray(parts) && parts.length > 0 ? (parts.filter(isObject) as unknown as Part[]) : undefined;
}

function objectAt(object: { [key: string]: JsonValue }, name: string): JsonObject {
  const value = object[name];
  return isObject(value) ? (value as JsonObject) : {};
}

function textAt(object: { [key: string]: JsonValue }, name: string): string | undefined {
  const value = object[name];
  return typeof value === "string" ? value : undefined;
}
