import type { ClaimedTask, Message, Part } from "./generated/types.ts";
import { isObject, type JsonObject, type JsonValue } from "./json.ts";
import type { TaskRun } from "./task-run.ts";

/** Where messages and tasks of the marketplace carry a message in parts. */
const CARRIED = "a2a";

/** What was said about a task. */
export interface TaskMessage {
  /** `user` is who wants it done, `agent` who does it. */
  readonly role: "user" | "agent";
  /** Its texts, separated by line feeds. */
  readonly text: string;
  /** Its parts as A2A 1.0 writes them. */
  readonly parts: readonly Part[];
  readonly metadata: JsonObject;
}

/** What somebody says to an agent, whether by a message or by a task. */
export interface IncomingMessage {
  /** Its texts, separated by line feeds. */
  readonly text: string;
  /** Its parts as A2A 1.0 writes them; of a message without any, its text. */
  readonly parts: readonly Part[];
  readonly metadata: JsonObject;
  /** What was said before about the task that it is, oldest first: after a question, the question and what led to it. */
  readonly history: readonly TaskMessage[];
  /** Id of the agent that says it. */
  readonly sender: string;
  /** What groups messages of one conversation, if anything. */
  readonly contextId: string | undefined;
  /** The message of the inbox that it is, if it is one. */
  readonly message?: Message;
  /** The task that it is, if it is one. */
  readonly task?: TaskRun;
}

/** A message of the inbox. */
export function readInboxMessage(message: Message): IncomingMessage {
  const carried = objectAt(objectAt(message.metadata, CARRIED), "message");
  const parts = partsOf(carried) ?? [{ text: message.content }];
  const contextId = textAt(carried, "contextId") ?? message.correlationId ?? undefined;
  const metadata = objectAt(carried, "metadata");
  return { text: textOf(parts) || message.content, parts, metadata, history: [], sender: message.fromAgent, contextId, message };
}

/** The newest message of who wants a task done: the answer to a question, at first what the task was made of. */
export function readTaskMessage(task: TaskRun): IncomingMessage {
  const newest = task.messages.filter((message) => message.role === "user").at(-1);
  const history = task.messages.filter((message) => message !== newest);
  const { text, parts, metadata } = newest ?? readOpeningMessage(task);
  return { text, parts, metadata, history, sender: task.createdBy, contextId: task.contextId ?? undefined, task };
}

/** What a task was made of: a message of A2A, or a payload with a text, or else the payload as data. */
export function readOpeningMessage(task: ClaimedTask): TaskMessage {
  const text = textAt(task.payload, "text");
  const carried = objectAt(task.payload, "message");
  const parts = partsOf(carried) ?? [text === undefined ? { data: task.payload } : { text }];
  return { role: "user", text: textOf(parts) || (text ?? ""), parts, metadata: objectAt(carried, "metadata") };
}

/** A message about a task, as its log has it. */
export function readLoggedMessage(message: JsonObject): TaskMessage {
  const parts = partsOf(message) ?? [];
  const role = message["role"] === "ROLE_AGENT" ? "agent" : "user";
  return { role, text: textOf(parts), parts, metadata: objectAt(message, "metadata") };
}

/** The metadata of a reply that asks back. */
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
