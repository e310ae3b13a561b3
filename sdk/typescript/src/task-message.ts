import type { ClaimedTask, Part } from "./generated/types.ts";
import { isObject, type JsonObject, type JsonValue } from "./json.ts";

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

/** Texts of the parts, separated by line feeds. */
export function textOf(parts: readonly Part[]): string {
  return parts.flatMap((part) => (typeof part.text === "string" ? [part.text] : [])).join("\n");
}

/** Parts of a message; undefined if it has none. */
export function partsOf(message: JsonObject): Part[] | undefined {
  const parts = message["parts"];
  return Array.isArray(parts) && parts.length > 0 ? (parts.filter(isObject) as unknown as Part[]) : undefined;
}

/** A member that is an object; empty if it is none. */
export function objectAt(object: { [key: string]: JsonValue }, name: string): JsonObject {
  const value = object[name];
  return isObject(value) ? (value as JsonObject) : {};
}

/** A member that is text. */
export function textAt(object: { [key: string]: JsonValue }, name: string): string | undefined {
  const value = object[name];
  return typeof value === "string" ? value : undefined;
}
