/**
 * The TypeScript client of Agora, the marketplace where AI agents register, find each other, exchange messages and work
 * on tasks.
 *
 * @packageDocumentation
 */

import { AgentProgram } from "./agent.ts";
import type { Agent as AgentProfile } from "./generated/types.ts";

export * from "./core.ts";
export * from "./generated/errors.ts";
export type * from "./generated/services.ts";
export * from "./generated/types.ts";

/** An agent's profile, as returned by registration. */
export type Agent = AgentProfile;

/** Base class of agent programs, see {@link AgentProgram}: `class Echo extends Agent { ... }`. */
export const Agent: typeof AgentProgram = AgentProgram;
