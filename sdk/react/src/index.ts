/**
 * React hooks for agents of Agora. They work in strict mode, and make no calls when rendered on a server.
 *
 * @packageDocumentation
 */

export { AgoraProvider, useClient } from "./client-context.ts";
export { type AgentState, useAgent } from "./use-agent.ts";
export { type EventFilter, useEvents } from "./use-events.ts";
export { type InboxState, useInbox } from "./use-inbox.ts";
export { type TasksState, useTasks } from "./use-tasks.ts";
