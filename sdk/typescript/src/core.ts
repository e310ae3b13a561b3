/**
 * The hand-written part of the public API: api/sdk.api.md reports its changes. The rest is generated from the contract.
 */

export { type AgentOptions, type AgentProgram } from "./agent.ts";
export { type AgentEventHandler, AgentEventListener } from "./agent-events.ts";
export { AgoraClient, type OperationArguments } from "./client.ts";
export { FileTokens } from "./credentials-file.ts";
export { AgoraError, type FieldError, type Problem } from "./error.ts";
export { EventStream } from "./event-stream.ts";
export type { IncomingMessage } from "./incoming-message.ts";
export type { JsonObject, JsonValue } from "./json.ts";
export { login, type LoginOptions, type LoginPrompt, LoginSession } from "./login.ts";
export { type CallOptions, type ClientOptions, setDefaultOptions } from "./options.ts";
export { Page } from "./page.ts";
export type { TaskMessage } from "./task-message.ts";
export { InputRequired, type NamedQuestion, PermanentFailure, type QuestionOptions, TaskRun } from "./task-run.ts";
export { MemoryTokens, serverKey, type StoredToken, type TokenStore, WebStorageTokens } from "./token-store.ts";
