// Written by scripts/sdks.py from sdk/contract.json: change the contract, then run `make reference sdks`.

import type { JsonValue } from "../json.ts";
import type { Page } from "../page.ts";

/** Well-known message types. Any other label is also accepted. */
export const MessageType = {
  INFO: "info",
  TASK: "task",
  ALERT: "alert",
  SYSTEM: "system",
  INTRODUCTION: "introduction",
  TASK_COMPLETION: "task_completion",
  SYSTEM_ANNOUNCEMENT: "system_announcement",
  DEPRECATION_NOTICE: "deprecation_notice",
} as const;
/** Well-known message types. Any other label is also accepted. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType] | (string & {});

/** A result of a task, or a piece of one (section 4.1.7). */
export interface A2AArtifact {
  artifactId: string;
  name: string | null;
  description: string | null;
  parts: Part[];
  metadata: { [key: string]: JsonValue } | null;
  extensions: string[] | null;
}

/** A part of a task's result (section 4.2.2). ``append``: append it to the parts sent before. */
export interface A2AArtifactUpdate {
  taskId: string;
  contextId: string;
  artifact: A2AArtifact;
  append: boolean | null;
  lastChunk: boolean | null;
  metadata: { [key: string]: JsonValue } | null;
}

/** Authentication of push notifications (section 4.3.2). ``credentials`` are kept encrypted and never shown. */
export interface A2AAuthentication {
  scheme: string;
  credentials?: string | null;
}

/** An agent card (section 4.4.1). */
export interface A2ACard {
  name: string;
  description: string;
  version: string;
  supportedInterfaces: A2AInterface[];
  provider?: { [key: string]: JsonValue } | null;
  documentationUrl?: string | null;
  iconUrl?: string | null;
  capabilities?: { [key: string]: JsonValue };
  securitySchemes?: { [key: string]: JsonValue } | null;
  securityRequirements?: ({ [key: string]: JsonValue })[] | null;
  defaultInputModes: string[];
  defaultOutputModes: string[];
  skills: A2ASkill[];
  signatures?: ({ [key: string]: JsonValue })[] | null;
}

/** The agents whose cards the caller may read, the front agent first. */
export interface A2ACatalogue extends Page<A2ACatalogueEntry> {
  agents: A2ACatalogueEntry[];
}

/** An agent in the catalogue. */
export interface A2ACatalogueEntry {
  /** Null for the marketplace's front agent. */
  agentId: string | null;
  name: string;
  description: string;
  /** URL of its A2A endpoint. */
  url: string;
  cardUrl: string;
  tags: string[];
  /** Null if it is free. */
  pricing: PricingInfo | null;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** An interface of an agent: URL, binding and version (section 4.4.6). */
export interface A2AInterface {
  url: string;
  protocolBinding: string;
  protocolVersion: string;
  tenant?: string | null;
}

/** A message of the requester or of the agent (section 4.1.4). */
export interface A2AMessage {
  messageId?: string | null;
  contextId?: string | null;
  taskId?: string | null;
  role?: A2ARole;
  parts: Part[];
  metadata?: { [key: string]: JsonValue } | null;
  extensions?: string[] | null;
  referenceTaskIds?: string[] | null;
}

/** Where a task's updates are posted (section 4.3.1). */
export interface A2APushConfig {
  id?: string | null;
  taskId?: string | null;
  url: string;
  token?: string | null;
  authentication?: A2AAuthentication | null;
  /** A2A version of the notifications: 1.0 posts each update, 0.3 posts the whole task. */
  version?: "1.0" | "0.3";
}

/** Push configurations of a task, in the order they were made (section 3.1.9). */
export interface A2APushConfigs {
  configs: A2APushConfig[];
  nextPageToken: string | null;
}

/** The configuration is deleted, whether or not it existed. */
export interface A2APushDeletion {
  taskId: string;
  configId: string;
}

/** Role of a message's sender (section 4.1.5). */
export const A2ARole = {
  ROLE_USER: "ROLE_USER",
  ROLE_AGENT: "ROLE_AGENT",
} as const;
/** Role of a message's sender (section 4.1.5). */
export type A2ARole = (typeof A2ARole)[keyof typeof A2ARole];

/** The task that a message created or continued, or a direct answer (section 3.1.1). */
export interface A2ASendResult {
  task: A2ATask | null;
  message: A2AMessage | null;
}

/** A skill of an agent (section 4.4.5). */
export interface A2ASkill {
  id: string;
  name: string;
  description: string;
  tags?: string[];
  examples?: string[] | null;
  inputModes?: string[] | null;
  outputModes?: string[] | null;
}

/** State of a task (section 4.1.3). */
export const A2AState = {
  TASK_STATE_SUBMITTED: "TASK_STATE_SUBMITTED",
  TASK_STATE_WORKING: "TASK_STATE_WORKING",
  TASK_STATE_COMPLETED: "TASK_STATE_COMPLETED",
  TASK_STATE_FAILED: "TASK_STATE_FAILED",
  TASK_STATE_CANCELED: "TASK_STATE_CANCELED",
  TASK_STATE_INPUT_REQUIRED: "TASK_STATE_INPUT_REQUIRED",
  TASK_STATE_REJECTED: "TASK_STATE_REJECTED",
  TASK_STATE_AUTH_REQUIRED: "TASK_STATE_AUTH_REQUIRED",
} as const;
/** State of a task (section 4.1.3). */
export type A2AState = (typeof A2AState)[keyof typeof A2AState];

/** Status of a task, with an optional message (section 4.1.2). */
export interface A2AStatus {
  state: A2AState;
  message: A2AMessage | null;
  timestamp: string | null;
}

/** A task's state changed, or there is a new message about it (section 4.2.1). */
export interface A2AStatusUpdate {
  taskId: string;
  contextId: string;
  status: A2AStatus;
  metadata: { [key: string]: JsonValue } | null;
}

/**
 * A task as an A2A client sees it (section 4.1.1).
 *
 * ``metadata`` is the requester's. The marketplace adds the key ``agora`` with ``agent`` (id), ``progress`` (percent)
 * and ``position``, from which ``agora.a2a.subscribe`` can resume.
 */
export interface A2ATask {
  id: string;
  contextId: string;
  status: A2AStatus;
  artifacts: A2AArtifact[] | null;
  history: A2AMessage[] | null;
  metadata: { [key: string]: JsonValue } | null;
}

/** A page of tasks, most recently changed first (section 3.1.4). */
export interface A2ATaskList {
  tasks: A2ATask[];
  /** Empty on the last page. */
  nextPageToken: string;
  pageSize: number;
  /** Number of matches, counted up to 10,000. */
  totalSize: number;
}

/** One item of a stream: the task, then its updates (section 3.2.3). */
export interface A2AUpdate {
  task: A2ATask | null;
  message: A2AMessage | null;
  statusUpdate: A2AStatusUpdate | null;
  artifactUpdate: A2AArtifactUpdate | null;
}

/** The accepted items. */
export interface Acceptance {
  upstreamId: string;
  name: string;
  accepted: string[];
}

/** Receipt of a message. The message is committed to the store. */
export interface Accepted {
  messageId: string;
  /** Id set by the sender; otherwise the message_id. */
  id: string;
  conversationId: string;
  status: DeliveryState;
  /** RFC 3339 time with an offset. */
  timestamp: string;
  /** Number of recipients; null for a broadcast. */
  recipients: number | null;
  /** Reason for a delay, such as an unregistered name, or why an answer without reply_to could not be correlated. */
  warning: string | null;
  /** Recipients that are not registered; the message is held for them. */
  unregistered: string[] | null;
  /** Time after which it counts as unanswered (expected.timeout). */
  dueAt: string | null;
  /** Whether a message with the same id was sent before. */
  replayed: boolean;
  /** Immediate answer from the marketplace itself. */
  answer: AgentMessage | null;
}

export interface ActiveOverride {
  overrideId: string;
  /** An agent or workflow, or 'system_wide'. */
  targetId: string;
  action: OverrideAction;
  /** Who made it. */
  by: string;
  /** Its authority; lifting it needs at least the same authority. */
  priority: number;
  reason: string;
  /** RFC 3339 time with an offset. */
  since: string;
  expiresAt: string | null;
}

/** Public profile of an agent. */
export interface Agent {
  agentId: string;
  agentName: string;
  /** Address in the agent protocol, agent.COMPANY.NAME. */
  alias: string | null;
  description: string;
  capabilities: string[];
  /** Granted service tier, which decides the rate limit. */
  serviceTier: ServiceTier;
  /** Tier requested at the last registration; an operator may grant it. */
  requestedTier: ServiceTier;
  status: AgentStatus;
  category: string;
  tags: string[];
  visibility: Visibility;
  endpoints: { [key: string]: string };
  metadata: { [key: string]: JsonValue };
  maxConcurrentTasks: number;
  /** What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent). */
  busy: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  proficiencyLevel: number | null;
  /** RFC 3339 time with an offset. */
  registeredAt: string;
  /** RFC 3339 time with an offset. */
  lastActivity: string;
  /** Fraction of capacity in use, 0 to 1: as last reported, else derived from its tasks. */
  load: number;
  /** Fraction of the time since registration in which it was reachable, 0 to 1. */
  availability: number;
  /** Mean rating, 0 to 10; null without ratings. */
  reputation: number | null;
  ratingCount: number;
  /** Public keys for encrypting messages to it; use the first. */
  publicKeys: PublicKey[];
}

/** Monthly budget of all use of an agent, as in agora.billing.budget. */
export interface AgentBudget {
  /** No work is started beyond it. */
  hardLimit?: number | null;
  /** Above it, the cheapest of its models is used; default: 80 % of the hard limit. */
  softLimit?: number | null;
  currency?: string | null;
}

/** Cost of one agent. */
export interface AgentCost {
  totalCost: number;
  currency: string;
  /** Seconds of measured running time. */
  usageTime: number;
  taskExecutions: number;
  costBreakdown: CostBreakdown;
  inputTokens: number;
  outputTokens: number;
  /** Accrued cost: running time that is not in the ledger yet. */
  accruedCost: number;
  agentId: string;
  agentName: string;
}

export interface AgentHeartbeat {
  agentId: string;
  status: AgentStatus;
  /** RFC 3339 time with an offset. */
  lastActivity: string;
  /** Time at which the agent is marked offline unless another heartbeat arrives. */
  nextBefore: string;
}

/** Limits of one task. When one is reached, the agent reports which. */
export interface AgentLimits {
  /** Number of model calls. */
  steps?: number;
  /** Total of input and output tokens. */
  tokens?: number;
  /** Working time of all attempts, in seconds. */
  seconds?: number;
  /** Maximum tokens of one response; determines the amount reserved for a call. */
  outputTokens?: number;
  /** Maximum cost of model calls, in the currency of their prices. */
  cost?: number | null;
  /** Maximum depth of declared agents asking each other. */
  depth?: number;
}

/** Memory of an agent. */
export interface AgentMemory {
  /** Whether it remembers earlier tasks of the same context. */
  conversation?: boolean;
  /** Namespace prefix of its values in agora.memory, separate for each requester; default: the agent's name. */
  namespace?: string | null;
}

/** A message of the agent protocol. Unknown fields are kept. */
export interface AgentMessage {
  /** Unique per sender. A message with the same id is sent once. */
  id?: string | null;
  ts?: string | null;
  type: Performative;
  /** Sender; default: the caller. */
  sender?: string | null;
  to?: string[];
  intent?: string | null;
  task?: string | null;
  payload?: { [key: string]: JsonValue };
  context?: { [key: string]: JsonValue } | null;
  correlation?: Correlation | null;
  expected?: Expected | null;
  status?: Progress | null;
  security?: Security | null;
}

/** One page of a list; ``agents`` are its items. */
export interface AgentPage extends Page<Agent> {
  agents: Agent[];
}

/** Price of each completed task, paid by the requester in addition to model calls. */
export interface AgentPrice {
  task: number;
  currency?: string | null;
}

/** An agent's share in a workflow. */
export interface AgentShare {
  agentId: string;
  agentName: string | null;
  completed: number;
  failed: number;
  running: number;
  meanSeconds: number | null;
}

/** Specification of a declared agent: instructions, model, tools and limits. */
export interface AgentSpecification {
  /** PROVIDER:MODEL, with a provider of agora.model_provider, or 'default' for the model in the server's settings. */
  model: string;
  /** System prompt: the agent's role and task. */
  instructions?: string;
  /** Description for people and other agents. */
  description?: string;
  /** Capabilities of the agent. */
  capabilities?: string[];
  /** Fallback models, tried in order if the previous one fails. Near a budget limit, the cheapest model is tried first. */
  fallbacks?: string[];
  /** Allowed tools. Nothing else can be called. */
  tools?: string[];
  /** Tools (entries of 'tools') whose calls need a person's approval; '*' for all. */
  approval?: string[];
  /** Agents or users (names or ids) that may use it; '*' for everyone. */
  askers?: string[];
  /** JSON schema (an object) of the task result; default: plain text. */
  outputSchema?: { [key: string]: JsonValue } | null;
  /** Bounds of one task. */
  limits?: AgentLimits;
  /** What it remembers. */
  memory?: AgentMemory;
  /** Price of a task; default: free. */
  price?: AgentPrice | null;
  /** Monthly budget of the agent. */
  budget?: AgentBudget | null;
  /** What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent). */
  busy?: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  /** Tasks at once. */
  maxConcurrentTasks?: number;
}

/** Lifecycle state of an agent. */
export const AgentStatus = {
  ACTIVE: "active",
  BUSY: "busy",
  ERROR: "error",
  PAUSED: "paused",
  SUSPENDED: "suspended",
  INACTIVE: "inactive",
  OFFLINE: "offline",
  RETIRED: "retired",
} as const;
/** Lifecycle state of an agent. */
export type AgentStatus = (typeof AgentStatus)[keyof typeof AgentStatus];

export interface AgentStatusReport {
  agentId: string;
  agentName: string;
  status: AgentStatus;
  /** RFC 3339 time with an offset. */
  registeredAt: string;
  /** RFC 3339 time with an offset. */
  lastActivity: string;
  load: number;
  availability: number;
  reputation: number | null;
  ratingCount: number;
  unreadMessages: number;
}

/** A tool as presented to the model. */
export interface AgentTool {
  /** Letters, digits, underscores and hyphens; at most 64. */
  name: string;
  /** The operation that it calls. */
  operation: string;
  description: string;
  inputSchema: { [key: string]: JsonValue };
  needsApproval: boolean;
  /** Whether its result is another agent's answer. */
  asksAgent: boolean;
  /** Whether its result becomes the task's result. */
  handsOver: boolean;
}

/** The tools of one declared agent. */
export interface AgentTools {
  tools: AgentTool[];
}

/** An app of the marketplace. */
export interface App {
  appId: string;
  name: string;
  alias: string | null;
  description: string;
  industry: string;
  version: string;
  /** Revision number, from 1. */
  revision: number;
  /** Name of the agent that users talk to. */
  orchestratorAgent: string | null;
  orchestratorAgentId: string | null;
  /** Capabilities of the agents that it uses. */
  uses: string[];
  /** Price of the orchestrator agent. Other agents that the app uses have their own prices. */
  pricing: PricingInfo | null;
  visibility: Visibility;
  /** Owner account; visible to the owner and operators. */
  account: string | null;
  /** Bundled agents, which are removed with the app. */
  agents: string[];
  /** Whether it has a workflow that agora.app.run can start. */
  runnable: boolean;
  /** Why it cannot be used now. */
  problem: string | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** A declared agent bundled with the app, in the form of agora.declared_agent.apply. */
export interface AppAgent {
  /** PROVIDER:MODEL, with a provider of agora.model_provider, or 'default' for the model in the server's settings. */
  model: string;
  /** System prompt: the agent's role and task. */
  instructions?: string;
  /** Description for people and other agents. */
  description?: string;
  /** Capabilities of the agent. */
  capabilities?: string[];
  /** Fallback models, tried in order if the previous one fails. Near a budget limit, the cheapest model is tried first. */
  fallbacks?: string[];
  /** Allowed tools. Nothing else can be called. */
  tools?: string[];
  /** Tools (entries of 'tools') whose calls need a person's approval; '*' for all. */
  approval?: string[];
  /** Agents or users (names or ids) that may use it; '*' for everyone. */
  askers?: string[];
  /** JSON schema (an object) of the task result; default: plain text. */
  outputSchema?: { [key: string]: JsonValue } | null;
  /** Bounds of one task. */
  limits?: AgentLimits;
  /** What it remembers. */
  memory?: AgentMemory;
  /** Price of a task; default: free. */
  price?: AgentPrice | null;
  /** Monthly budget of the agent. */
  budget?: AgentBudget | null;
  /** What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent). */
  busy?: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  /** Tasks at once. */
  maxConcurrentTasks?: number;
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
}

/** An app after it was installed. */
export interface AppChange {
  appId: string;
  name: string;
  alias: string | null;
  description: string;
  industry: string;
  version: string;
  /** Revision number, from 1. */
  revision: number;
  /** Name of the agent that users talk to. */
  orchestratorAgent: string | null;
  orchestratorAgentId: string | null;
  /** Capabilities of the agents that it uses. */
  uses: string[];
  /** Price of the orchestrator agent. Other agents that the app uses have their own prices. */
  pricing: PricingInfo | null;
  visibility: Visibility;
  /** Owner account; visible to the owner and operators. */
  account: string | null;
  /** Bundled agents, which are removed with the app. */
  agents: string[];
  /** Whether it has a workflow that agora.app.run can start. */
  runnable: boolean;
  /** Why it cannot be used now. */
  problem: string | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** The workflow that agora.app.run starts, as submitted. */
  workflow: { [key: string]: JsonValue } | null;
  change: "created" | "updated" | "unchanged";
  /** Changed fields; agents as agents.NAME. */
  changed: string[];
}

/** An app with its workflow. */
export interface AppDetails {
  appId: string;
  name: string;
  alias: string | null;
  description: string;
  industry: string;
  version: string;
  /** Revision number, from 1. */
  revision: number;
  /** Name of the agent that users talk to. */
  orchestratorAgent: string | null;
  orchestratorAgentId: string | null;
  /** Capabilities of the agents that it uses. */
  uses: string[];
  /** Price of the orchestrator agent. Other agents that the app uses have their own prices. */
  pricing: PricingInfo | null;
  visibility: Visibility;
  /** Owner account; visible to the owner and operators. */
  account: string | null;
  /** Bundled agents, which are removed with the app. */
  agents: string[];
  /** Whether it has a workflow that agora.app.run can start. */
  runnable: boolean;
  /** Why it cannot be used now. */
  problem: string | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** The workflow that agora.app.run starts, as submitted. */
  workflow: { [key: string]: JsonValue } | null;
}

/** Apps, without their workflows. */
export interface AppPage extends Page<App> {
  apps: App[];
}

/** The price of the app's orchestrator agent, as agora.billing.set_price takes it. */
export interface AppPrice {
  type: PricingType;
  price?: number;
  currency?: string | null;
  basePrice?: number;
  taskPrice?: number;
  usageUnit?: "minute" | "hour" | null;
  inputPrice?: number;
  outputPrice?: number;
}

export interface AppRemoval {
  appId: string;
  name: string;
  /** Declared agents that were removed with it. */
  agents: string[];
}

/** The workflow that agora.app.run starts. */
export interface AppWorkflow {
  /** Steps, as agora.workflow.create takes them. */
  steps: Step[];
  /** Agents for steps that name no agent. */
  assignedAgents?: string[];
  /** Default input of each run; the caller's input overrides it. */
  input?: { [key: string]: JsonValue };
  /** Priority of the step tasks. */
  priority?: Priority;
}

/** A declared agent after apply. */
export interface AppliedAgent {
  name: string;
  agentId: string;
  version: number;
  specification: AgentSpecification;
  declaredBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Why it cannot run, such as a model without a provider. */
  problem: string | null;
  change: "created" | "updated" | "unchanged";
  /** Fields that differ from the previous version. */
  changed: string[];
}

/** A job of a group, in comparison. Tokens and cost are estimates reported by its agent. */
export interface Attempt {
  number: number;
  /** The job. Its branch and its review are named after it. */
  taskId: string;
  /** What was required of its worker. */
  variant: string;
  /** The job that goes on in its session; task_id if there is none. */
  latestTaskId: string;
  /** Of latest_task_id; null once retention deleted it. */
  status: TaskStatus | null;
  worker: string | null;
  error: string | null;
  /** Beginning of what the agent said at the end. */
  text: string;
  /** null: it has handed over no changes. */
  review: "open" | "changes_requested" | "delivering" | "conflicted" | "merged" | "pushed" | "proposed" | "patched" | "dismissed" | null;
  files: number;
  additions: number;
  deletions: number;
  /** Exit code of the repository's check; null if none has run. */
  check: number | null;
  inputTokens: number;
  outputTokens: number;
  cost: number | null;
  currency: string | null;
  startedAt: string | null;
  completedAt: string | null;
}

/** Several jobs with the same prompt in one codebase, each on its own branch. */
export interface AttemptGroup {
  groupId: string;
  title: string;
  codebaseId: string;
  requester: string;
  /** The job that was chosen. */
  chosen: string | null;
  chosenBy: string | null;
  attempts: Attempt[];
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** One page of a list; ``groups`` are its items. */
export interface AttemptGroupPage extends Page<AttemptGroup> {
  groups: AttemptGroup[];
}

export interface AuditEntry {
  auditId: string;
  /** RFC 3339 time with an offset. */
  time: string;
  actor: string;
  operation: string;
  target: string | null;
  outcome: string;
  detail: string | null;
  requestId: string | null;
}

/** One page of a list; ``entries`` are its items. */
export interface AuditPage extends Page<AuditEntry> {
  entries: AuditEntry[];
}

/** How users log in. */
export interface AuthConfiguration {
  /** Whether an identity provider is configured. */
  enabled: boolean;
  /** Issuer URL where users log in; provider metadata is found below it. */
  issuer: string | null;
  /** All issuers whose access tokens are accepted. */
  issuers: string[];
  /** Public client id for programs on users' machines. */
  clientId: string | null;
  /** Scopes to ask for. */
  scope: string | null;
  /** Whether /v1/auth/login accepts a name and a password. */
  password: boolean;
}

/** Whether an instance can be created now. */
export interface Availability {
  available: boolean;
  maxInstances: number | null;
  currentInstances: number;
  reason: string | null;
}

/** A model available to a worker's agent. model: the name to use in a job. */
export interface AvailableModel {
  model: string;
  provider: string;
  /** Coding agents that offer it. */
  agents: string[];
  /** Ids of the online workers that offer it. */
  workers: string[];
}

/** One page of a list; ``models`` are its items. */
export interface AvailableModelPage extends Page<AvailableModel> {
  models: AvailableModel[];
}

/** A backup of an instance's state ($AGORA_STATE_DIR), stored by the server. */
export interface Backup {
  backupId: string;
  instanceId: string;
  agentId: string;
  size: number;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** One page of a list; ``backups`` are its items. */
export interface BackupPage extends Page<Backup> {
  backups: Backup[];
}

/** An account's credit in one currency. */
export interface Balance {
  accountId: string;
  currency: string;
  /** Credit and payments received. */
  credited: number;
  /** Charges, including accrued cost. */
  charged: number;
  /** Remaining credit; negative if the account owes. */
  balance: number;
  /** Amount reserved for assigned tasks that have not ended. */
  reserved: number;
  /** Whether charges beyond the credit are refused. */
  prepaid: boolean;
}

/** One page of a list; ``balances`` are its items. */
export interface Balances extends Page<Balance> {
  balances: Balance[];
}

/** Costs in one currency; ``other_currencies`` holds those in every other currency. */
export interface Bill {
  totalCost: number;
  currency: string;
  /** Seconds of measured running time. */
  usageTime: number;
  taskExecutions: number;
  costBreakdown: CostBreakdown;
  inputTokens: number;
  outputTokens: number;
  /** Accrued cost: running time that is not in the ledger yet. */
  accruedCost: number;
  otherCurrencies: BillingInfo[];
}

/** Cost totals. ``total_cost`` is the sum of the breakdown. */
export interface BillingInfo {
  totalCost: number;
  currency: string;
  /** Seconds of measured running time. */
  usageTime: number;
  taskExecutions: number;
  costBreakdown: CostBreakdown;
  inputTokens: number;
  outputTokens: number;
  /** Accrued cost: running time that is not in the ledger yet. */
  accruedCost: number;
}

/** How an account pays. */
export interface BillingModel {
  status: "ok";
  accountId: string;
  billingModel: "prepaid" | "metered";
  monthlyLimitDollars: number | null;
  /** Markup of all models without a specific markup. */
  markupPercent: number | null;
}

/** Billing details of an account, as shown on its invoices. */
export interface BillingProfile {
  accountId: string;
  name: string;
  /** Lines of the postal address. */
  address: string;
  /** Tax number of the customer, such as a VAT id. */
  taxId: string;
  /** Where invoices are sent. */
  email: string;
  updatedAt: string | null;
}

/**
 * A monthly limit of an account, of an agent, or of an account's use of an agent.
 *
 * With a model or a project, it counts only the cost of calls to that model or for that project.
 */
export interface Budget {
  accountId: string | null;
  agentId: string | null;
  model: string | null;
  project: string | null;
  currency: string;
  softLimit: number | null;
  hardLimit: number | null;
  prepaid: boolean;
  /** In the month. */
  spent: number;
  /** Amount reserved for assigned tasks that have not ended. */
  reserved: number;
  period: string;
  state: "ok" | "warned" | "exhausted";
  setBy: "account" | "operator";
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** Whether an account may call models now. */
export interface BudgetCheck {
  allowed: boolean;
  reason: string;
  accountId: string;
  currency: string;
  balanceDollars: number;
  monthlySpendDollars: number;
  monthlyLimitDollars: number | null;
  billingModel: "prepaid" | "metered";
}

/** One page of a list; ``budgets`` are its items. */
export interface BudgetPage extends Page<Budget> {
  budgets: Budget[];
}

/** Acknowledged entries. ``unknown``: ids that were not pending, for example acknowledged earlier. */
export interface BusAck {
  acknowledged: number;
  unknown: string[];
}

/** Entries delivered to a consumer. Unacknowledged entries are delivered again. */
export interface BusBatch {
  group: string;
  consumer: string;
  entries: BusDelivery[];
  count: number;
}

export interface BusConsumer {
  name: string;
  pending: number;
  idleSeconds: number;
}

/** An entry delivered to a consumer and not acknowledged yet. */
export interface BusDelivery {
  /** Id set by the publisher, else by the marketplace. */
  messageId: string;
  /** RFC 3339 time with an offset. */
  timestamp: string;
  /** Name of the agent that published it. */
  sender: string;
  /** Recipient as given by the publisher. */
  target: string;
  type: BusType;
  priority: BusPriority;
  content: { [key: string]: JsonValue };
  correlationId: string | null;
  extensions: { [key: string]: JsonValue };
  /** Position on the stream. */
  entryId: string;
  /** Number of deliveries, including this one. */
  deliveries: number;
  /** For a task_assignment: the task. Reading the entry claims it. */
  taskId: string | null;
  fencingToken: number | null;
}

/** A consumer group: its consumers and position. */
export interface BusGroup {
  stream: string;
  group: string;
  pending: number;
  lag: number;
  length: number;
  consumers: BusConsumer[];
}

/** Health of the bus, for the caller. ``redis_connection`` is false if no Redis is configured. */
export interface BusHealth {
  status: "healthy" | "degraded" | "unhealthy";
  redisConnection: boolean;
  /** With Redis, the group that takes in what programs publish there; without, the caller's own. */
  consumerGroup: string;
  /** Entries for the caller that no consumer has received yet, here or on Redis. */
  messageLag: number;
  /** RFC 3339 time with an offset. */
  timestamp: string;
}

/** An agent whose messages are delivered on a Redis stream. */
export interface BusMembership {
  agentId: string;
  /** Redis stream on which its messages are delivered. */
  stream: string;
  /** Consumer group created for it on that stream. */
  group: string;
  /** Stream on which it publishes. */
  inbound: string;
  active: boolean;
}

export interface BusPending {
  group: string;
  entries: BusPendingEntry[];
  count: number;
  total: number;
}

/** An entry that was delivered and not acknowledged. */
export interface BusPendingEntry {
  entryId: string;
  messageId: string;
  /** Consumer that holds it; null if it was reclaimed and waits for any consumer. */
  consumer: string | null;
  idleSeconds: number;
  deliveries: number;
}

/**
 * Urgency of a response: due within 5, 30 or 120 minutes by default. Medium corresponds to normal priority in the
 * marketplace.
 */
export const BusPriority = {
  HIGH: "high",
  MEDIUM: "medium",
  LOW: "low",
} as const;
/**
 * Urgency of a response: due within 5, 30 or 120 minutes by default. Medium corresponds to normal priority in the
 * marketplace.
 */
export type BusPriority = (typeof BusPriority)[keyof typeof BusPriority];

/** Receipt of an entry. The entry is committed to the store. */
export interface BusReceipt {
  /** Id of the stored message; for a task_assignment, of the task. */
  messageId: string;
  type: BusType;
  priority: BusPriority;
  /** RFC 3339 time with an offset. */
  timestamp: string;
  taskId: string | null;
  /** Number of recipients; null for a broadcast. */
  recipients: number | null;
  warning: string | null;
}

/** Statistics of the bus. */
export interface BusStats {
  engine: "embedded" | "redis";
  /** Durability of a published entry. */
  durability: string;
  groups: BusGroup[];
  deadLetters: number;
  /** Entries with a response that is not overdue. */
  awaitingResponse: number;
  /** Entries on the inbound Redis stream that were not imported yet. */
  inboundLag: number;
  /** Agents whose messages are delivered on a Redis stream. */
  bridged: number;
  warnings: string[];
}

/** Type of an entry. */
export const BusType = {
  TASK_ASSIGNMENT: "task_assignment",
  TASK_COMPLETION: "task_completion",
  STATE_UPDATE: "state_update",
  ERROR_REPORT: "error_report",
  ASSISTANCE_REQUEST: "assistance_request",
} as const;
/** Type of an entry. */
export type BusType = (typeof BusType)[keyof typeof BusType];

/** Card stored for an agent. */
export interface CardChange {
  agentId: string;
  /** Whether there is a stored card; if not, it is generated from the registration. */
  stored: boolean;
  /** Whether an extended card for authenticated callers is stored. */
  extended: boolean;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** The recognized request and its result. ``token`` is set only if an agent was registered. */
export interface ChatAnswer {
  /** The answer in a sentence or two. */
  response: string;
  /** The answer as data. */
  data: ({ [key: string]: JsonValue })[];
  /** search_agents, get_agent, search_apps, register_agent or get_marketplace_stats; empty if the request was not understood. */
  toolsUsed: string[];
  /** Token of the registered agent. Shown once: keep it. */
  token: string | null;
}

/** The claimed tasks; empty if none were available. */
export interface Claim {
  tasks: ClaimedTask[];
  count: number;
}

/** A claimed task, with its lease. */
export interface ClaimedTask {
  taskId: string;
  taskType: string;
  payload: { [key: string]: JsonValue };
  status: TaskStatus;
  priority: Priority;
  progress: number;
  /** Assignee as given in the assignment. */
  assignee: string | null;
  /** Id of the assignee. */
  assignedAgent: string | null;
  worker: string | null;
  createdBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Time of the next attempt after a failure. */
  availableAt: string | null;
  startedAt: string | null;
  /** Time at which it ended. */
  completedAt: string | null;
  deadline: string | null;
  estimatedCompletion: string | null;
  timeout: number | null;
  attempts: number;
  maxAttempts: number;
  retryBackoff: number;
  requiredCapabilities: string[];
  requiredModel: string | null;
  dependsOn: string[];
  /** Number of unfinished tasks in 'depends_on' and ahead of it in its context. */
  blockedBy: number;
  parentId: string | null;
  retryOf: string | null;
  workflowId: string | null;
  step: string | null;
  milestone: string | null;
  notes: string | null;
  checkpoint: { [key: string]: JsonValue } | null;
  result: JsonValue;
  error: string | null;
  /** Characters of output so far. */
  outputSize: number;
  leaseExpiresAt: string | null;
  contextId: string | null;
  metadata: { [key: string]: JsonValue };
  fencingToken: number;
  leaseSeconds: number;
}

/** Invoices that were issued. */
export interface Closing {
  period: string;
  issued: string[];
  /** Invoices still to be issued for the month; if not 0, call again. */
  remaining: number;
}

/** Instances to co-locate with, on the same host and in the same network. */
export interface CoLocation {
  required?: boolean;
  withAgent?: string | null;
  withInstance?: string | null;
  reason?: string | null;
}

/** A directory on a worker's machine in which coding jobs can run. */
export interface Codebase {
  codebaseId: string;
  name: string;
  /** Host name of the worker's machine. */
  path: string;
  workerId: string;
  /** Id of the worker's agent. */
  owner: string;
  /** Git remote as host and path, such as github.com/owner/name. */
  repository: string | null;
  description: string;
  /** RFC 3339 time with an offset. */
  registeredAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Whether its worker was seen within the last 90 seconds. */
  online: boolean;
  /** pending: no worker has confirmed it yet; refused: no worker could take it, see problem. */
  state: "ready" | "pending" | "refused";
  problem: string | null;
  /** URL it was cloned from. */
  gitUrl: string | null;
  branch: string | null;
  /** Defaults for jobs in this codebase. */
  agentConfig: { [key: string]: JsonValue };
  /** While pending: the task that asks workers to confirm it. */
  taskId: string | null;
}

/** Credential a worker needs to clone a codebase. */
export interface CodebaseCredential {
  codebaseId: string;
  gitUrl: string;
  branch: string | null;
  token: string | null;
}

/** One page of a list; ``codebases`` are its items. */
export interface CodebasePage extends Page<Codebase> {
  codebases: Codebase[];
}

/** Current activity in a codebase, limited to jobs that the caller may read. */
export interface CodebaseStatus {
  codebaseId: string;
  /** asking: a job waits for an answer; busy: an agent is working; queued: jobs are waiting; offline: its worker is offline. */
  status: "idle" | "queued" | "busy" | "asking" | "offline";
  online: boolean;
  workerId: string;
  watching: boolean;
  queued: number;
  running: number;
  asking: number;
  /** The newest unfinished job. */
  taskId: string | null;
  /** The most recently used session. */
  sessionId: string | null;
}

export interface ComponentHealth {
  status: "healthy" | "degraded" | "critical";
  detail: string;
  metrics: { [key: string]: number };
  /** Problem predicted from the trend. */
  warning: string | null;
  /** Duration of the check, in milliseconds. */
  latencyMs: number | null;
  /** For `event_loop`: where the loop was last blocked. Visible to operators only. */
  stack: string | null;
}

/** Connection state of an upstream. */
export const ConnectionState = {
  IDLE: "idle",
  CONNECTING: "connecting",
  CONNECTED: "connected",
  UNAVAILABLE: "unavailable",
} as const;
/** Connection state of an upstream. */
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

/** An exchange of messages. */
export interface Conversation {
  conversationId: string;
  /** Id in the marketplace, conv_...; the conversation_id itself is chosen by agents. */
  key: string;
  state: "open" | "proposed" | "agreed" | "informed" | "confirmed" | "refused" | "failed" | "timed_out" | "done";
  /** Intent of the first message. */
  type: Performative;
  intent: string | null;
  initiator: string;
  participants: string[];
  messageCount: number;
  lastType: Performative;
  /** RFC 3339 time with an offset. */
  startedAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** A conversation with its messages, oldest first. */
export interface ConversationDetail {
  conversationId: string;
  /** Id in the marketplace, conv_...; the conversation_id itself is chosen by agents. */
  key: string;
  state: "open" | "proposed" | "agreed" | "informed" | "confirmed" | "refused" | "failed" | "timed_out" | "done";
  /** Intent of the first message. */
  type: Performative;
  intent: string | null;
  initiator: string;
  participants: string[];
  messageCount: number;
  lastType: Performative;
  /** RFC 3339 time with an offset. */
  startedAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  messages: AgentMessage[];
  nextCursor: string | null;
}

/** One page of a list; ``conversations`` are its items. */
export interface ConversationPage extends Page<Conversation> {
  conversations: Conversation[];
}

/** The conversation of a message, and the message that it answers. */
export interface Correlation {
  conversationId?: string | null;
  /** Id of the message being answered. */
  replyTo?: string | null;
}

/** Usage and its cost. */
export interface Cost {
  totalCost: number;
  currency: string;
  /** Seconds of measured running time. */
  usageTime: number;
  taskExecutions: number;
  costBreakdown: CostBreakdown;
  inputTokens: number;
  outputTokens: number;
  /** Accrued cost: running time that is not in the ledger yet. */
  accruedCost: number;
  otherCurrencies: BillingInfo[];
  accountId: string | null;
  agentId: string | null;
  instanceId: string | null;
  since: string | null;
  until: string | null;
  byAgent: AgentCost[];
}

/** Components of a cost; their sum is the cost. */
export interface CostBreakdown {
  baseCost: number;
  /** For time and tokens. */
  usageCost: number;
  /** For executions and tasks. */
  taskCost: number;
  /** Discounts and free quotas; zero or negative. */
  reductions: number;
}

export interface CostSummary {
  totalCost: number;
  totalUptimeHours: number;
}

/** A code that gives credit once per account. */
export interface Coupon {
  code: string;
  amount: number;
  currency: string;
  expiresAt: string | null;
  maxRedemptions: number | null;
  redemptions: number;
}

/** One page of a list; ``coupons`` are its items. */
export interface CouponPage extends Page<Coupon> {
  coupons: Coupon[];
}

export interface CreatedTenant {
  tenantId: string;
  name: string;
  status: "active" | "suspended" | "deleting";
  reason: string;
  metadata: { [key: string]: JsonValue };
  /** RFC 3339 time with an offset. */
  createdAt: string;
  createdBy: string;
  /** RFC 3339 time with an offset. */
  statusSince: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Id of its first admin key, in the new tenant. */
  tokenId: string;
  /** The key. Shown once: keep it. */
  token: string | null;
}

export interface CreatedToken {
  tokenId: string;
  kind: "api_key" | "enrolment";
  label: string;
  scopes: string[];
  serviceTier: ServiceTier;
  authority: number;
  account: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  /** The key. Shown once: keep it. */
  token: string | null;
}

/** The same in another currency, with the total. */
export interface CurrencyBilling {
  currentMonthCost: number;
  lastMonthCost: number;
  currency: string;
  balance: number;
  totalCost: number;
}

/** The current month to date, and the previous month. */
export interface CurrentBilling {
  currentMonthCost: number;
  lastMonthCost: number;
  currency: string;
  balance: number;
}

/** A summary of an account's costs. */
export interface Dashboard {
  customerId: string | null;
  summary: CostSummary;
  billing: CurrentBilling;
  /** The last 30 days, including days without costs. */
  days: DayCost[];
  /** This month, most expensive first. */
  byAgent: AgentCost[];
  budgets: Budget[];
  otherCurrencies: CurrencyBilling[];
}

export interface DashboardSummary {
  totalInstances: number;
  runningInstances: number;
  pausedInstances: number;
  failedInstances: number;
  totalCost: number;
  totalUptimeHours: number;
}

export interface DayCost {
  day: string;
  cost: number;
}

/** A delivery that failed permanently. */
export interface DeadLetter {
  deadLetterId: string;
  /** Source: bus (an agent's stream), bus_inbound (entries from Redis), push (webhooks). */
  source: string;
  state: DeadLetterState;
  /** The recipient; null if it concerns only operators. */
  agentId: string | null;
  /** Id of the message or task. */
  ref: string | null;
  /** Destination: a stream, or a URL without its query. */
  destination: string;
  reason: string;
  /** Number of delivery attempts. */
  attempts: number;
  /** RFC 3339 time with an offset. */
  diedAt: string;
  /** Time at which it was replayed or discarded. */
  settledAt: string | null;
  settledBy: string | null;
}

/** A dead letter with its content. */
export interface DeadLetterDetail {
  deadLetterId: string;
  /** Source: bus (an agent's stream), bus_inbound (entries from Redis), push (webhooks). */
  source: string;
  state: DeadLetterState;
  /** The recipient; null if it concerns only operators. */
  agentId: string | null;
  /** Id of the message or task. */
  ref: string | null;
  /** Destination: a stream, or a URL without its query. */
  destination: string;
  reason: string;
  /** Number of delivery attempts. */
  attempts: number;
  /** RFC 3339 time with an offset. */
  diedAt: string;
  /** Time at which it was replayed or discarded. */
  settledAt: string | null;
  settledBy: string | null;
  /** The undelivered content; null if it no longer exists. */
  content: { [key: string]: JsonValue } | null;
  /** Why it cannot be replayed; null if it can be. */
  obstacle: string | null;
}

/** One page of a list; ``deadLetters`` are its items. */
export interface DeadLetterPage extends Page<DeadLetter> {
  deadLetters: DeadLetter[];
}

/** State of a dead letter. */
export const DeadLetterState = {
  DEAD: "dead",
  REPLAYED: "replayed",
  DISCARDED: "discarded",
} as const;
/** State of a dead letter. */
export type DeadLetterState = (typeof DeadLetterState)[keyof typeof DeadLetterState];

/** A declared agent. specification: of its current version. */
export interface DeclaredAgent {
  name: string;
  agentId: string;
  version: number;
  specification: AgentSpecification;
  declaredBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Why it cannot run, such as a model without a provider. */
  problem: string | null;
}

/** One page of a list; ``agents`` are its items. */
export interface DeclaredAgentPage extends Page<DeclaredAgent> {
  agents: DeclaredAgent[];
}

export interface DeclaredAgentRemoval {
  name: string;
  agentId: string;
}

/** One version of a specification. */
export interface DeclaredAgentVersion {
  version: number;
  specification: AgentSpecification;
  declaredBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** One page of a list; ``versions`` are its items. */
export interface DeclaredAgentVersionPage extends Page<DeclaredAgentVersion> {
  versions: DeclaredAgentVersion[];
}

export interface DeletedTenant {
  tenantId: string;
  status: "deleting";
}

/** State of a message for one recipient. */
export const DeliveryState = {
  HELD: "held",
  QUEUED: "queued",
  DELIVERED: "delivered",
  READ: "read",
  ACKNOWLEDGED: "acknowledged",
  EXPIRED: "expired",
  DEAD_LETTERED: "dead_lettered",
} as const;
/** State of a message for one recipient. */
export type DeliveryState = (typeof DeliveryState)[keyof typeof DeliveryState];

/** An agent with a deployment, from which instances can be created. */
export interface DeployableAgent {
  agentId: string;
  agentName: string;
  version: string | null;
  /** Revision of its manifest, from 1. */
  revision: number;
  /** The manifest as registered, without secrets. */
  manifest: { [key: string]: JsonValue };
  /** Engines that can run it. */
  engines: string[];
  maxInstances: number | null;
  hasCredentials: boolean;
  /** Number of instances of all accounts that have not ended. */
  instances: number;
  /** Whether it was withdrawn: no new instances can be created. */
  withdrawn: boolean;
  registeredBy: string;
  /** RFC 3339 time with an offset. */
  registeredAt: string;
}

/** One page of a list; ``deployments`` are its items. */
export interface DeployablePage extends Page<DeployableAgent> {
  deployments: DeployableAgent[];
}

export interface Deregistration {
  agentId: string;
  status: AgentStatus;
}

/** A percentage discount on all charges of an account. */
export interface Discount {
  accountId: string;
  percent: number;
  until: string | null;
}

/** Disk usage of a codebase's worktrees, as reported by its worker. */
export interface DiskUse {
  codebaseId: string;
  /** null: not yet. */
  reportedAt: string | null;
  bytes: number;
  /** Total size of removable and recent worktrees. */
  removableBytes: number;
  /** The largest first. */
  worktrees: Worktree[];
}

/** Durations in seconds of tasks that ended in the requested period. */
export interface DurationSummary {
  count: number;
  mean: number | null;
  p50: number | null;
  p90: number | null;
  p99: number | null;
}

/** How a payload is encrypted end to end. */
export interface Encryption {
  alg: string;
  enc: string;
  /** Ids of the keys that can decrypt it. */
  kids?: string[];
}

/** Cancelled jobs. Their sessions are kept and can be resumed. */
export interface EndedJobs {
  codebaseId: string;
  taskIds: string[];
}

/** An immutable ledger entry. A reversal is a separate entry with the opposite amount. */
export interface Entry {
  entryId: string;
  accountId: string;
  agentId: string | null;
  instanceId: string | null;
  /** The task that was charged, or whose charge is reversed. */
  taskId: string | null;
  kind: EntryKind;
  /** In the unit. */
  quantity: number;
  unit: string;
  priceVersion: number | null;
  /** Amount charged to the account; negative for a credit. */
  amount: number;
  /** The same in millionths, exact. */
  amountMicros: number;
  currency: string;
  /** RFC 3339 time with an offset. */
  began: string;
  /** RFC 3339 time with an offset. */
  ended: string;
  description: string;
  reverses: string | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  createdBy: string;
}

/** Kind of a ledger entry. */
export const EntryKind = {
  BASE: "base",
  TIME: "time",
  REQUEST: "request",
  TASK: "task",
  INPUT_TOKENS: "input_tokens",
  OUTPUT_TOKENS: "output_tokens",
  MODEL: "model",
  CREDIT: "credit",
  PAYMENT: "payment",
  DISCOUNT: "discount",
  FREE_QUOTA: "free_quota",
} as const;
/** Kind of a ledger entry. */
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** One page of a list; ``usage`` are its items. */
export interface EntryPage extends Page<Entry> {
  usage: Entry[];
}

/** A CloudEvents 1.0 record; ``sequence`` orders the events of a marketplace without gaps. */
export interface Event {
  specversion: "1.0";
  id: string;
  type: string;
  source: string;
  subject: string | null;
  /** RFC 3339 time with an offset. */
  time: string;
  datacontenttype: "application/json";
  sequence: number;
  data: JsonValue;
}

/** One page of a list; ``events`` are its items. */
export interface EventPage extends Page<Event> {
  events: Event[];
  /** Sequence of the newest event in the log. */
  lastSequence: number;
}

export interface EventReceipt {
  eventId: string;
  eventType: string;
  /** RFC 3339 time with an offset. */
  timestamp: string;
}

/** An execution on an instance. */
export interface Execution {
  executionId: string;
  instanceId: string;
  agentId: string;
  endpoint: string;
  status: "running" | "completed" | "failed" | "unknown";
  /** Seconds, measured by the server. */
  executionTime: number | null;
  httpStatus: number | null;
  error: string | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** One page of a list; ``executions`` are its items. */
export interface ExecutionPage extends Page<Execution> {
  executions: Execution[];
}

/** The response of an instance. ``result``: JSON, text, or base64 of anything else. */
export interface ExecutionResult {
  executionId: string;
  instanceId: string;
  agentId: string;
  endpoint: string;
  status: "running" | "completed" | "failed" | "unknown";
  /** Seconds, measured by the server. */
  executionTime: number | null;
  httpStatus: number | null;
  error: string | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  result: JsonValue;
  contentType: string | null;
  encoding: "json" | "text" | "base64";
  /** Whether the response was streamed; the result holds all of it. */
  streamed: boolean;
  cost: number;
  currency: string;
}

/** The expected reply. */
export interface Expected {
  type?: Performative | null;
  timeout?: number | null;
}

/** A validation error of a manifest. */
export interface Fault {
  field: string;
  message: string;
}

/** Effect of rewinding on a file: removed, restored or changed. */
export interface FileChange {
  path: string;
  change: "remove" | "restore" | "change";
}

/** A follow-up message for a coding agent. It can be edited and removed until the worker takes it. */
export interface FollowUp {
  followUpId: string;
  /** The job that receives it; a new job of the same session if the original one had ended. */
  taskId: string;
  /** Position among the follow-ups of the job. */
  number: number;
  mode: "queued" | "steering";
  text: string;
  author: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Order in which the worker took it; null until then. */
  taken: number | null;
}

/** One page of a list; ``followUps`` are its items. */
export interface FollowUpPage extends Page<FollowUp> {
  followUps: FollowUp[];
}

/** The next follow-up of a job, for its worker. */
export interface FollowUpTaken {
  taskId: string;
  /** Null if no follow-up is waiting. */
  followUp: FollowUp | null;
  /** Whether the job accepts no more follow-ups. Later ones start a new job. */
  closed: boolean;
}

/** A new job in the same session receives the follow-ups that were waiting for an ended job. */
export interface FollowUpsWoken {
  /** The new job. */
  taskId: string;
  /** Number of follow-ups waiting for it. */
  followUps: number;
}

/** The value is deleted, whether or not it existed. */
export interface Forgotten {
  namespace: string;
  key: string;
  /** Whether the value existed. */
  forgotten: boolean;
}

export interface ForgottenSession {
  codebaseId: string;
  sessionId: string;
  /** Number of deleted messages. */
  messages: number;
}

/** One page of a list; ``agents`` are its items. */
export interface FoundAgentPage extends Page<Agent> {
  agents: Agent[];
}

/** Search results, best match first. */
export interface FoundMemories {
  memories: FoundMemory[];
  count: number;
}

/** A stored value with its search score. */
export interface FoundMemory {
  namespace: string;
  key: string;
  value: JsonValue;
  tags: string[];
  /** Incremented with each change. */
  version: number;
  storedBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Fraction of the search words found in it, 0 to 1. */
  score: number;
}

/** Free monthly usage (UTC) of an agent per account. */
export interface FreeQuota {
  agentId: string;
  agentName: string | null;
  kind: EntryKind;
  /** 0 if the quota was removed. */
  quantity: number;
  unit: string;
}

export interface Health {
  /** Status of the worst component; paused or halted if the whole marketplace is and no component is critical. */
  status: "healthy" | "degraded" | "paused" | "halted" | "critical";
  /** Override that stops the whole marketplace, if any. */
  stopped: Stop | null;
  /** Active overrides: all for operators; for others, those that affect them. */
  overrides: ActiveOverride[];
  /** Tenants that are halted or paused. Visible to operators of the installation only. */
  stoppedTenants: StoppedTenant[];
  components: { [key: string]: ComponentHealth };
  version: string;
  /** RFC 3339 time with an offset. */
  timestamp: string;
}

export interface HealthStatus {
  healthy: boolean;
  /** Time of the last successful health check. */
  lastHeartbeat: string | null;
  errorCount: number;
  lastError: string | null;
  detail: string | null;
}

/** A host: a server of this marketplace with its engines, or a remote hosting agent. */
export interface Host {
  hostId: string;
  name: string;
  kind: "server" | "agent";
  /** closed: gets no new instances; silent: sends no heartbeats. */
  status: "ready" | "silent" | "closed";
  /** Id of the hosting agent. */
  agentId: string | null;
  region: string | null;
  engines: string[];
  /** Unavailable engines, with the reason. */
  unavailable: { [key: string]: string };
  /** Enforcement of each limit, by engine: cgroup, guard (checked several times a second), affinity (whole cores), rlimit (per file), none. */
  limits: { [key: string]: { [key: string]: string } };
  resources: Resources;
  instances: number;
  /** RFC 3339 time with an offset. */
  lastSeen: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** One page of a list; ``hosts`` are its items. */
export interface HostPage extends Page<Host> {
  hosts: Host[];
}

export interface HostRemoval {
  hostId: string;
  name: string;
  /** Instances that ran there and have now failed. */
  instancesLost: number;
}

/** Requirements of an instance on its host: ``host_requirements`` in an agent manifest. */
export interface HostRequirements {
  /** Memory reserved for each instance. */
  minMemoryMb?: number | null;
  /** Cores reserved for each instance. */
  minCpuCores?: number | null;
  /** Reserve one GPU for each instance. */
  gpuRequired?: boolean;
  /** Preferred region; see required_region. */
  preferredRegion?: string | null;
  /** Only hosts in this region. */
  requiredRegion?: string | null;
  /** Only this engine. */
  engine?: "process" | "docker" | "kubernetes" | null;
  /** Only hosts that run instances of co_location_with. */
  coLocationRequired?: boolean;
  coLocationWith?: string[];
}

/** One import of a v4 export. */
export interface ImportRun {
  runId: string;
  database: string;
  /** SHA-256 of the file. An import of the same file resumes where it stopped. */
  digest: string;
  status: "running" | "finished" | "rolled_back";
  /** RFC 3339 time with an offset. */
  startedAt: string;
  finishedAt: string | null;
  /** Processed rows by table. */
  positions: { [key: string]: number };
  /** By table: rows created, already known, skipped. */
  counts: { [key: string]: { [key: string]: number } };
}

/** One page of a list; ``runs`` are its items. */
export interface ImportRunPage extends Page<ImportRun> {
  runs: ImportRun[];
}

/** Result of importing a batch of rows. */
export interface ImportStep {
  table: string;
  /** Processed rows of the table. */
  position: number;
  created: number;
  /** Rows that an earlier import or call has already created. */
  known: number;
  /** Rows that are not imported: ended tasks and workflows, metrics. */
  skipped: number;
}

export interface Ingestion {
  sessionId: string;
  /** Number of new or replaced messages. */
  stored: number;
  /** Total number of messages in the session. */
  messages: number;
}

/** An instance with its bill. */
export interface Instance {
  instanceId: string;
  agentId: string;
  agentName: string;
  /** Owner account. */
  customerId: string;
  name: string | null;
  status: InstanceStatus;
  desiredStatus: "running" | "paused" | "stopped";
  /** Reason why the status differs from the requested one. */
  reason: string | null;
  host: string | null;
  engine: string | null;
  /** Number of starts. */
  generation: number;
  restarts: number;
  /** Whether it is in a crash loop. */
  crashLoop: boolean;
  /** Time of the next restart. */
  retryAt: string | null;
  taskExecutions: number;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** Start time of the current process. */
  startedAt: string | null;
  stoppedAt: string | null;
  healthStatus: HealthStatus;
  resourceUsage: ResourceUsage;
  instanceConfig: { [key: string]: JsonValue };
  /** Address at which its host can reach it. */
  address: string | null;
  healthUrl: string | null;
  coLocatedWith: string | null;
  /** Limits that are not enforced on its host. */
  warnings: string[];
  /** Revision of the agent's manifest. */
  revision: number;
  /** Version of the agent's price at creation; 0 without a price. */
  priceVersion: number;
  /** Current price: the price at creation, or a later one whose notice period has ended. */
  pricingInfo: PricingInfo | null;
  billingInfo: Bill;
}

/** An instance after a change. ``message`` describes the result or progress. */
export interface InstanceChange {
  instanceId: string;
  agentId: string;
  agentName: string;
  /** Owner account. */
  customerId: string;
  name: string | null;
  status: InstanceStatus;
  desiredStatus: "running" | "paused" | "stopped";
  /** Reason why the status differs from the requested one. */
  reason: string | null;
  host: string | null;
  engine: string | null;
  /** Number of starts. */
  generation: number;
  restarts: number;
  /** Whether it is in a crash loop. */
  crashLoop: boolean;
  /** Time of the next restart. */
  retryAt: string | null;
  taskExecutions: number;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** Start time of the current process. */
  startedAt: string | null;
  stoppedAt: string | null;
  healthStatus: HealthStatus;
  resourceUsage: ResourceUsage;
  instanceConfig: { [key: string]: JsonValue };
  /** Address at which its host can reach it. */
  address: string | null;
  healthUrl: string | null;
  coLocatedWith: string | null;
  /** Limits that are not enforced on its host. */
  warnings: string[];
  /** Revision of the agent's manifest. */
  revision: number;
  /** Version of the agent's price at creation; 0 without a price. */
  priceVersion: number;
  /** Current price: the price at creation, or a later one whose notice period has ended. */
  pricingInfo: PricingInfo | null;
  billingInfo: Bill;
  message: string;
}

/** Configuration of one instance. */
export interface InstanceConfig {
  /** Memory limit of all its processes, such as 512M. */
  memoryLimit?: string | null;
  /** CPU limit in cores, such as 0.5. */
  cpuLimit?: string | null;
  diskLimit?: string | null;
  pidsLimit?: number | null;
  /** Environment variables: those that the agent's manifest lists as 'configurable'; operators may set any. Stored encrypted, never shown. */
  environment?: { [key: string]: string };
  /** Your own customer for whom the instance runs: a label, also sent to hosting agents. The owner account pays. */
  customerId?: string | null;
  restart?: "always" | "on_failure" | "never";
  /** Seconds in which it must become healthy. */
  startTimeout?: number;
  /** Seconds from SIGTERM to SIGKILL. */
  stopGrace?: number;
  /** Total amount that the instance's own token may spend on priced tasks over its lifetime, within the account's budgets; default: 0. */
  spendLimit?: number | null;
  /** Currency of spend_limit; default: the setting billing_currency. */
  spendCurrency?: string | null;
}

/** A summary of a customer's instances and costs. */
export interface InstanceDashboard {
  summary: DashboardSummary;
  billing: CurrentBilling;
  recentInstances: InstanceSummary[];
  byAgent: AgentCost[];
  otherCurrencies: CurrencyBilling[];
  customerId: string;
}

/** Output of an instance. Offsets count bytes since its first start, across restarts and log rotation. */
export interface InstanceLog {
  instanceId: string;
  content: string;
  /** Offset of the first returned byte; higher than requested if older output was deleted. */
  begin: number;
  /** Offset at which to continue reading. */
  end: number;
  size: number;
  hasMore: boolean;
  /** Whether no more output will follow. */
  ended: boolean;
}

/** One page of a list; ``instances`` are its items. */
export interface InstancePage extends Page<InstanceSummary> {
  instances: InstanceSummary[];
}

/** Lifecycle state of an instance. */
export const InstanceStatus = {
  REQUESTED: "requested",
  PROVISIONING: "provisioning",
  STARTING: "starting",
  RUNNING: "running",
  PAUSED: "paused",
  STOPPING: "stopping",
  STOPPED: "stopped",
  FAILED: "failed",
} as const;
/** Lifecycle state of an instance. */
export type InstanceStatus = (typeof InstanceStatus)[keyof typeof InstanceStatus];

/** An instance in a list. */
export interface InstanceSummary {
  instanceId: string;
  agentId: string;
  agentName: string;
  /** Owner account. */
  customerId: string;
  name: string | null;
  status: InstanceStatus;
  desiredStatus: "running" | "paused" | "stopped";
  /** Reason why the status differs from the requested one. */
  reason: string | null;
  host: string | null;
  engine: string | null;
  /** Number of starts. */
  generation: number;
  restarts: number;
  /** Whether it is in a crash loop. */
  crashLoop: boolean;
  /** Time of the next restart. */
  retryAt: string | null;
  taskExecutions: number;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** Start time of the current process. */
  startedAt: string | null;
  stoppedAt: string | null;
  healthStatus: HealthStatus;
  resourceUsage: ResourceUsage;
}

/** An intervention by a person. */
export interface Intervention {
  success: true;
  agentId: string;
  action: string;
  /** RFC 3339 time with an offset. */
  timestamp: string;
  /** Id of the sent message. */
  messageId: string | null;
  /** Id of the override. */
  overrideId: string | null;
  status: string | null;
}

/**
 * An account's usage of one month. ``opening_balance + credits - charges = closing_balance``.
 *
 * Prices include the tax: ``net_charges + tax = charges``.
 */
export interface Invoice {
  invoiceId: string | null;
  /** Invoice number, consecutive within the marketplace; null while the invoice is open. */
  number: string | null;
  status: "open" | "closed";
  accountId: string;
  currency: string;
  period: string;
  issuedAt: string | null;
  /** Balance before the invoice; negative if the account owed money. */
  openingBalance: number;
  charges: number;
  /** Credit and payments received. */
  credits: number;
  closingBalance: number;
  amountDue: number;
  /** Name and address of the issuer, in lines. */
  issuer: string;
  issuerEmail: string;
  customer: InvoiceCustomer;
  /** Due date; null while the invoice is open. */
  dueAt: string | null;
  taxName: string;
  /** Tax rate in percent, included in the charges. */
  taxRate: number;
  tax: number;
  /** The charges excluding tax. */
  netCharges: number;
  lines: InvoiceLine[];
  /** Open invoice only: previews in other currencies. */
  otherCurrencies: InvoiceSummary[];
}

/** Billing details of the customer at the time of issue. */
export interface InvoiceCustomer {
  name: string;
  address: string;
  taxId: string;
  email: string;
}

/** An invoice as a file: ``csv`` and ``json`` have exact figures, ``html`` and ``eml`` those of the currency. */
export interface InvoiceDocument {
  filename: string;
  mediaType: string;
  content: string;
}

/** One kind of usage of one agent in one month. The month is an earlier one if the entry missed its invoice. */
export interface InvoiceLine {
  period: string;
  agentId: string | null;
  agentName: string | null;
  kind: EntryKind;
  description: string;
  quantity: number;
  unit: string;
  amount: number;
}

/** One page of a list; ``invoices`` are its items. */
export interface InvoicePage extends Page<InvoiceSummary> {
  invoices: InvoiceSummary[];
}

/** An invoice without its lines. */
export interface InvoiceSummary {
  invoiceId: string | null;
  /** Invoice number, consecutive within the marketplace; null while the invoice is open. */
  number: string | null;
  status: "open" | "closed";
  accountId: string;
  currency: string;
  period: string;
  issuedAt: string | null;
  /** Balance before the invoice; negative if the account owed money. */
  openingBalance: number;
  charges: number;
  /** Credit and payments received. */
  credits: number;
  closingBalance: number;
  amountDue: number;
}

/** Kind of an upstream item. */
export const ItemKind = {
  TOOL: "tool",
  RESOURCE: "resource",
  TEMPLATE: "template",
  PROMPT: "prompt",
} as const;
/** Kind of an upstream item. */
export type ItemKind = (typeof ItemKind)[keyof typeof ItemKind];

/** Whether an upstream item can be used. */
export const ItemState = {
  ACTIVE: "active",
  QUARANTINED: "quarantined",
  DROPPED: "dropped",
} as const;
/** Whether an upstream item can be used. */
export type ItemState = (typeof ItemState)[keyof typeof ItemState];

/** Progress of a for_each. */
export interface Items {
  total: number;
  completed: number;
  failed: number;
  running: number;
}

/** Participants of a job: its requester, and who answered permission requests, commented and reviewed. */
export interface JobParticipants {
  taskId: string;
  askedBy: string;
  /** RFC 3339 time with an offset. */
  askedAt: string;
  /** The agent of the worker that has or had the job. */
  workedBy: string | null;
  /** Answers to permission requests, oldest first. */
  allowed: PermissionAnswer[];
  commentedBy: string[];
  /** Decisions about its changes, oldest first. */
  reviewed: ReviewDecision[];
}

/** Secrets of a job, set as environment variables of its agent. */
export interface JobSecrets {
  taskId: string;
  secrets: { [key: string]: string };
}

/** Lifecycle status of an operation. */
export const Lifecycle = {
  ACTIVE: "active",
  BETA: "beta",
  DEPRECATED: "deprecated",
  SUNSET: "sunset",
} as const;
/** Lifecycle status of an operation. */
export type Lifecycle = (typeof Lifecycle)[keyof typeof Lifecycle];

/** A message in the log. status: delivery state, if it was sent to a single agent. */
export interface LoggedMessage {
  messageId: string;
  /** RFC 3339 time with an offset. */
  timestamp: string;
  type: string;
  fromAgent: string;
  fromName: string;
  toAgent: string;
  content: string;
  priority: Priority;
  status: DeliveryState | null;
  correlationId: string | null;
  replyTo: string | null;
  metadata: { [key: string]: JsonValue };
  broadcast: boolean;
}

/** The session has ended; its tokens are no longer accepted. */
export interface LoggedOut {
  loggedOut: boolean;
  /** Whether the session at the identity provider has ended, too. */
  providerLoggedOut: boolean;
  /** URL where a browser ends its session at the provider. */
  logoutUrl: string | null;
}

/** Tokens from the provider. Send the access token as a bearer token. */
export interface Login {
  accessToken: string;
  refreshToken: string | null;
  tokenType: string;
  /** Lifetime of the access token, in seconds. */
  expiresIn: number | null;
  /** Lifetime of the refresh token, in seconds. */
  refreshExpiresIn: number | null;
  user: LoginUser;
}

/** The user that logged in. */
export interface LoginUser {
  /** Id in this marketplace; stable for an SSO user. */
  id: string;
  /** User name at the identity provider. */
  subject: string;
  username: string;
  email: string | null;
  name: string | null;
  /** Role names from the identity provider. */
  roles: string[];
  /** Role in this marketplace: admin, operator, viewer or user. */
  role: string | null;
}

/** The logout was accepted. Tokens issued earlier to that session or user are rejected. */
export interface LogoutTaken {
  /** User that logged out, if the token names one. */
  userId: string | null;
  /** Whether all sessions of the user have ended, or only one. */
  wholePerson: boolean;
}

export interface Managed {
  resource: string;
  target: string;
  action: string;
  before: JsonValue;
  after: JsonValue;
  /** RFC 3339 time with an offset. */
  executedAt: string;
}

/** All validation errors of a manifest. */
export interface ManifestReport {
  valid: boolean;
  faults: Fault[];
  agentName: string | null;
  /** Engines that can run it. */
  engines: string[];
}

/** Number of messages that changed state, and ids that were not in the inbox. */
export interface Marked {
  updated: number;
  status: DeliveryState;
  unknown: string[];
}

/** Statistics of the marketplace. */
export interface Marketplace {
  agentsTotal: number;
  agentsByStatus: { [key: string]: number };
  agentsByTier: { [key: string]: number };
  topCapabilities: { [key: string]: number };
  /** Number of distinct capabilities of agents. */
  capabilitiesTotal: number;
  messages: MessageStatistics;
  eventsTotal: number;
  servicesTotal: number;
  calls: number;
  errors: number;
  busiestServices: { [key: string]: number };
  /** RFC 3339 time with an offset. */
  startedAt: string;
  /** RFC 3339 time with an offset. */
  timestamp: string;
}

/** An agent as a customer sees it. */
export interface MarketplaceAgent {
  agentId: string;
  agentName: string;
  /** Address in the agent protocol, agent.COMPANY.NAME. */
  alias: string | null;
  description: string;
  capabilities: string[];
  /** Granted service tier, which decides the rate limit. */
  serviceTier: ServiceTier;
  /** Tier requested at the last registration; an operator may grant it. */
  requestedTier: ServiceTier;
  status: AgentStatus;
  category: string;
  tags: string[];
  visibility: Visibility;
  endpoints: { [key: string]: string };
  metadata: { [key: string]: JsonValue };
  maxConcurrentTasks: number;
  /** What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent). */
  busy: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  proficiencyLevel: number | null;
  /** RFC 3339 time with an offset. */
  registeredAt: string;
  /** RFC 3339 time with an offset. */
  lastActivity: string;
  /** Fraction of capacity in use, 0 to 1: as last reported, else derived from its tasks. */
  load: number;
  /** Fraction of the time since registration in which it was reachable, 0 to 1. */
  availability: number;
  /** Mean rating, 0 to 10; null without ratings. */
  reputation: number | null;
  ratingCount: number;
  /** Public keys for encrypting messages to it; use the first. */
  publicKeys: PublicKey[];
  id: string;
  name: string;
  version: string | null;
  marketplaceInfo: MarketplaceInfo;
}

/** Number of matches. ``by_status`` and ``top_capabilities`` refer to the whole marketplace. */
export interface MarketplaceCount {
  of: "agents" | "apps" | "capabilities";
  total: number;
  totalIsEstimate: boolean;
  byStatus: { [key: string]: number };
  topCapabilities: { [key: string]: number };
}

export interface MarketplaceInfo {
  availability: Availability;
  pricingInfo: PricingInfo;
  customerInstances: number;
  totalInstances: number;
  performanceMetrics: PerformanceMetrics;
}

/** One page of a list; ``agents`` are its items. */
export interface MarketplacePage extends Page<MarketplaceAgent> {
  agents: MarketplaceAgent[];
}

/** Matching agents, best first. ``total`` counts matches among the first 1,000 candidates. */
export interface MatchPage extends Page<MarketplaceAgent> {
  agents: MarketplaceAgent[];
}

/** A participant of a room. */
export interface MediaParticipant {
  identity: string;
  name: string;
  state: string;
  isPublisher: boolean;
  /** RFC 3339 time with an offset. */
  joinedAt: string;
}

/** A room. */
export interface MediaRoom {
  roomName: string;
  roomId: string;
  /** Number of participants. */
  participants: number;
  /** Maximum number of participants; 0: no limit. */
  maxParticipants: number;
  /** Seconds after which an empty room is closed. */
  emptyTimeout: number;
  metadata: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** A room with its first 500 participants. */
export interface MediaRoomDetail {
  roomName: string;
  roomId: string;
  /** Number of participants. */
  participants: number;
  /** Maximum number of participants; 0: no limit. */
  maxParticipants: number;
  /** Seconds after which an empty room is closed. */
  emptyTimeout: number;
  metadata: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  members: MediaParticipant[];
}

/** One page of a list; ``rooms`` are its items. */
export interface MediaRoomPage extends Page<MediaRoom> {
  rooms: MediaRoom[];
}

/** A token for joining a room. Its bearer joins as ``identity``. */
export interface MediaToken {
  accessToken: string;
  /** URL for LiveKit clients, including the token. */
  joinUrl: string;
  /** RFC 3339 time with an offset. */
  expiresAt: string;
  /** URL of the LiveKit server, for clients that take the token separately. */
  serverUrl: string;
  /** Name of the room in LiveKit. */
  room: string;
  identity: string;
}

/** A stored value. */
export interface Memory {
  namespace: string;
  key: string;
  value: JsonValue;
  tags: string[];
  /** Incremented with each change. */
  version: number;
  storedBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** One page of a list; ``memories`` are its items. */
export interface MemoryPage extends Page<Memory> {
  memories: Memory[];
}

/** A message as its recipient sees it. */
export interface Message {
  messageId: string;
  fromAgent: string;
  fromName: string;
  toAgent: string;
  content: string;
  messageType: MessageType;
  priority: Priority;
  status: DeliveryState;
  /** RFC 3339 time with an offset. */
  timestamp: string;
  /** Null: the marketplace's default lifetime applies. */
  expiresAt: string | null;
  correlationId: string | null;
  replyTo: string | null;
  metadata: { [key: string]: JsonValue };
  broadcast: boolean;
}

export interface MessageCount {
  total: number;
  /** True if the count is a lower bound. */
  totalIsEstimate: boolean;
  typeFilter: string | null;
}

/** Messages, newest first. A page may be empty although more pages follow. */
export interface MessageLog extends Page<LoggedMessage> {
  messages: LoggedMessage[];
}

/** One page of a list; ``messages`` are its items. */
export interface MessagePage extends Page<Message> {
  messages: Message[];
}

/** Receipt of a message. The message is committed to the store. */
export interface MessageReceipt {
  messageId: string;
  status: DeliveryState;
  /** RFC 3339 time with an offset. */
  timestamp: string;
  /** Number of recipients; null for a broadcast. */
  recipients: number | null;
  /** Reason for a delay, such as an unregistered name. */
  warning: string | null;
}

export interface MessageStatistics {
  total: number;
  lastHour: number;
  /** Queued or held, not yet delivered. */
  waiting: number;
}

/** Progress of the migration. Includes offline agents, excludes retired ones. */
export interface MigrationReport {
  migrationSummary: MigrationSummary;
  compatibilityMode: "enabled" | "warn" | "disabled";
  /** Announced end of v4 calls. */
  sunsetAt: string | null;
  /** True if no agent uses v4 any more and no v4 call was made in these days. */
  ready: boolean;
  recommendations: string[];
  /** Recent v4 calls, most frequent first. */
  calls: V4CallCount[];
  /** RFC 3339 time with an offset. */
  generatedAt: string;
}

export interface MigrationSummary {
  totalAgents: number;
  v5NativeAgents: number;
  v4MigratedAgents: number;
  v4CompatibilityAgents: number;
  /** Percent of the agents that came from v4. */
  migrationCompletionRate: number;
}

/** Statistics of one minute. Call durations are in milliseconds; null without calls. */
export interface Minute {
  /** RFC 3339 time with an offset. */
  minute: string;
  /** Calls that change data or call another server. */
  calls: number;
  /** Calls that only read. */
  reads: number;
  /** Calls that failed or were refused. */
  errors: number;
  p50Ms: number | null;
  p95Ms: number | null;
}

/** A model call, as recorded in the ledger. All numbers of a reversal are negative. */
export interface ModelCall {
  entryId: string;
  accountId: string;
  agentId: string | null;
  taskId: string | null;
  project: string | null;
  provider: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  /** Amount charged, after discounts. */
  cost: number;
  /** Cost excluding markup. */
  baseCost: number;
  currency: string;
  /** Whether the tokens were estimated, not counted. */
  isEstimate: boolean;
  /** Seconds to the first token. */
  timeToFirstToken: number | null;
  /** Seconds to the complete response. */
  seconds: number | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** One page of a list; ``calls`` are its items. */
export interface ModelCallPage extends Page<ModelCall> {
  calls: ModelCall[];
}

/** Price of a model per million tokens, in USD or the given currency, excluding markup. */
export interface ModelPrice {
  /** PROVIDER:MODEL. */
  id: string;
  provider: string;
  model: string;
  currency: string;
  inputCostPerM: number;
  outputCostPerM: number;
  /** Defaults to the input price. */
  cacheReadCostPerM: number;
  /** Defaults to the input price. */
  cacheWriteCostPerM: number;
  /** Null: the output price. */
  reasoningCostPerM: number | null;
  /** Markup added when a call is charged. */
  markupPercent: number;
  /** Input token thresholds above which the provider charges different prices. */
  aboveTokens: number[];
  /** package: shipped with the server; operator: set here. */
  setBy: "package" | "operator";
  /** Date of the price data (package), or when the price was set (operator). */
  asOf: string;
}

/** One page of a list; ``pricing`` are its items. */
export interface ModelPricePage extends Page<ModelPrice> {
  pricing: ModelPrice[];
  /** Source and date of the prices shipped with the server. */
  source: string;
}

/** A provider of language models; its key is never shown. */
export interface ModelProvider {
  name: string;
  /** API protocol: openai or anthropic. */
  wire: string;
  baseUrl: string;
  hasKey: boolean;
  updatedBy: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** One page of a list; ``providers`` are its items. */
export interface ModelProviderPage extends Page<ModelProvider> {
  providers: ModelProvider[];
}

export interface ModelProviderRemoval {
  name: string;
}

/** The model to call next, and the amount reserved for the call. */
export interface ModelReservation {
  /** PROVIDER:MODEL, one of the given candidates. */
  model: string;
  /** Maximum cost of the call. */
  reserved: number;
  currency: string;
  /** Whether a limit caused a model other than the first to be chosen. */
  isCheaper: boolean;
}

/** Released reservation of a failed call. */
export interface ModelReservationRelease {
  /** False if nothing was reserved. */
  isReleased: boolean;
}

/** Tokens used by one model call. */
export interface ModelTokens {
  /** All input tokens, including cached ones. */
  inputTokens?: number;
  /** All output tokens, including reasoning. */
  outputTokens?: number;
  /** Input tokens read from a cache. */
  cacheReadTokens?: number;
  /** Input tokens written to a cache. */
  cacheWriteTokens?: number;
  /** Output tokens used for reasoning. */
  reasoningTokens?: number;
}

/** Totals of the calls to one model. */
export interface ModelUsage {
  provider: string;
  model: string;
  requestCount: number;
  totalTokens: number;
  costDollars: number;
}

export interface Modification {
  workflowId: string;
  status: WorkflowStatus;
  action: string;
  step: string | null;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Number of modifications so far. */
  modifications: number;
}

export interface Money {
  currency: string;
  amount: number;
}

/** Statistics of the marketplace: current values and the last hour. */
export interface MonitorStats {
  agents: number;
  agentsByStatus: { [key: string]: number };
  tasksOpen: number;
  /** Open tasks, and tasks that ended in the last hour. */
  tasksByStatus: { [key: string]: number };
  /** Tasks that can be claimed. */
  queueDepth: number;
  /** Counted up to 10,000. */
  messagesLastHour: number;
  /** Held or queued, not delivered yet; counted up to 10,000. */
  messagesWaiting: number;
  callsLastHour: number;
  errorsLastHour: number;
  /** Fraction of calls and reads in the last hour that failed, 0 to 1. */
  errorRate: number;
  /** Median duration of the calls of the last hour, in milliseconds. */
  p50Ms: number | null;
  p95Ms: number | null;
  /** Since midnight UTC; null if not visible to the caller. */
  costToday: Money[] | null;
  /** The last 60 minutes, oldest first; the last one is incomplete. */
  minutes: Minute[];
  /** Number of open live streams. */
  streams: number;
  /** Sequence of the newest event in the log. */
  lastSequence: number;
  /** RFC 3339 time with an offset. */
  startedAt: string;
  /** RFC 3339 time with an offset. */
  timestamp: string;
}

/** An agent with its open tasks and pending messages. */
export interface MonitoredAgent {
  agentId: string;
  agentName: string;
  /** Address in the agent protocol, agent.COMPANY.NAME. */
  alias: string | null;
  description: string;
  capabilities: string[];
  /** Granted service tier, which decides the rate limit. */
  serviceTier: ServiceTier;
  /** Tier requested at the last registration; an operator may grant it. */
  requestedTier: ServiceTier;
  status: AgentStatus;
  category: string;
  tags: string[];
  visibility: Visibility;
  endpoints: { [key: string]: string };
  metadata: { [key: string]: JsonValue };
  maxConcurrentTasks: number;
  /** What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent). */
  busy: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  proficiencyLevel: number | null;
  /** RFC 3339 time with an offset. */
  registeredAt: string;
  /** RFC 3339 time with an offset. */
  lastActivity: string;
  /** Fraction of capacity in use, 0 to 1: as last reported, else derived from its tasks. */
  load: number;
  /** Fraction of the time since registration in which it was reachable, 0 to 1. */
  availability: number;
  /** Mean rating, 0 to 10; null without ratings. */
  reputation: number | null;
  ratingCount: number;
  /** Public keys for encrypting messages to it; use the first. */
  publicKeys: PublicKey[];
  activeTasks: number;
  /** Messages not delivered yet. */
  waitingMessages: number;
}

/** One page of a list; ``agents`` are its items. */
export interface MonitoredAgentPage extends Page<MonitoredAgent> {
  agents: MonitoredAgent[];
}

/** What an administrative override does to its target. */
export const OverrideAction = {
  PAUSE: "pause",
  RESUME: "resume",
  TERMINATE: "terminate",
  EMERGENCY_HALT: "emergency_halt",
} as const;
/** What an administrative override does to its target. */
export type OverrideAction = (typeof OverrideAction)[keyof typeof OverrideAction];

export interface OverrideReceipt {
  overrideId: string;
  status: string;
  targetId: string;
  action: OverrideAction;
  priority: number;
  /** RFC 3339 time with an offset. */
  executedAt: string;
  expiresAt: string | null;
  /** Ids of the overrides that this one replaced. */
  lifted: string[];
}

/** A part of a message or result: exactly one of text, raw, url and data (A2A 1.0, section 4.1.6). */
export interface Part {
  text?: string | null;
  raw?: string | null;
  url?: string | null;
  data?: JsonValue;
  metadata?: { [key: string]: JsonValue } | null;
  filename?: string | null;
  mediaType?: string | null;
}

/** One page of a list; ``messages`` are its items. */
export interface PendingPage extends Page<AgentMessage> {
  messages: AgentMessage[];
}

/** Measured by the server; null before the first execution. */
export interface PerformanceMetrics {
  /** Seconds. */
  averageResponseTime: number | null;
  successRate: number | null;
  /** For an agent with instances: the fraction of desired instances that are running and healthy. Otherwise: the fraction of time since registration in which it was reachable. 0 to 1. */
  availability: number;
}

/** Type of a message (speech act). */
export const Performative = {
  REQUEST: "request",
  INFORM: "inform",
  PROPOSE: "propose",
  AGREE: "agree",
  REFUSE: "refuse",
  CONFIRM: "confirm",
  FAILURE: "failure",
  DONE: "done",
  DISCOVER: "discover",
  OFFER: "offer",
  ASSIGN: "assign",
  DEPLOY: "deploy",
  DEPLOY_CONFIRM: "deploy_confirm",
  DEPLOY_FAILURE: "deploy_failure",
  CO_LOCATE: "co_locate",
  SCALE: "scale",
} as const;
/** Type of a message (speech act). */
export type Performative = (typeof Performative)[keyof typeof Performative];

/** A person's answer to a permission request of the agent. */
export interface PermissionAnswer {
  by: string;
  /** RFC 3339 time with an offset. */
  at: string;
  question: string;
  answer: JsonValue;
}

/** One version of an agent's price. */
export interface Price {
  type: PricingType;
  price: number;
  currency: string;
  basePrice: number;
  taskPrice: number;
  usageUnit: "minute" | "hour" | null;
  inputPrice: number;
  outputPrice: number;
  agentId: string;
  agentName: string;
  /** Counts from 1; the highest effective version applies. */
  version: number;
  /** RFC 3339 time with an offset. */
  effectiveFrom: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  createdBy: string;
}

/** One page of a list; ``prices`` are its items. */
export interface PricePage extends Page<Price> {
  prices: Price[];
}

/**
 * Price of an agent. ``price`` is per request, minute or hour, depending on ``type``.
 *
 * With type hybrid, ``price`` is per ``usage_unit`` of running time, ``base_price`` is charged once when an instance
 * is created, and ``task_price`` per execution. With type token_based, prices are per million tokens.
 */
export interface PricingInfo {
  type: PricingType;
  price: number;
  currency: string;
  basePrice: number;
  taskPrice: number;
  usageUnit: "minute" | "hour" | null;
  inputPrice: number;
  outputPrice: number;
}

/** Pricing model of an agent. */
export const PricingType = {
  FREE: "free",
  PER_REQUEST: "per_request",
  PER_MINUTE: "per_minute",
  PER_HOUR: "per_hour",
  HYBRID: "hybrid",
  TOKEN_BASED: "token_based",
} as const;
/** Pricing model of an agent. */
export type PricingType = (typeof PricingType)[keyof typeof PricingType];

/** Priority of a message or task. */
export const Priority = {
  LOW: "low",
  NORMAL: "normal",
  HIGH: "high",
  URGENT: "urgent",
} as const;
/** Priority of a message or task. */
export type Priority = (typeof Priority)[keyof typeof Priority];

/** Progress of the sender. */
export interface Progress {
  state?: string | null;
  progress?: number | null;
  message?: string | null;
}

/** A prompt with its arguments filled in. */
export interface PromptResult {
  upstream: string;
  prompt: string;
  description: string | null;
  messages: JsonValue[];
}

/** A public key (JWK, RFC 7517) with which messages to the agent can be encrypted. */
export interface PublicKey {
  kty: "EC" | "OKP";
  crv: "P-256" | "P-384" | "P-521" | "X25519" | "X448";
  kid: string;
  x: string;
  y?: string | null;
  use?: "enc" | null;
  alg?: "ECDH-ES" | "ECDH-ES+A256KW" | null;
}

/** Updates of a task that could not be posted. Later updates wait until delivery resumes. */
export interface PushDeadLetter {
  taskId: string;
  configId: string;
  /** Without its query. */
  url: string;
  owner: string;
  error: string | null;
  attempts: number;
  /** Number of the last item of the task's stream that was posted. */
  position: number;
  /** RFC 3339 time with an offset. */
  givenUpAt: string;
}

/** One page of a list; ``deadLetters`` are its items. */
export interface PushDeadLetters extends Page<PushDeadLetter> {
  deadLetters: PushDeadLetter[];
}

/** Delivery resumes after this item of the task's stream. */
export interface PushRetry {
  taskId: string;
  configId: string;
  position: number;
}

export interface Rating {
  agentId: string;
  reputation: number;
  ratingCount: number;
}

/** A charged model call. */
export interface RecordedModelCall {
  entryId: string;
  cost: number;
  currency: string;
  /** Number of the stored checkpoint. */
  checkpointNumber: number | null;
  /** End offset of the appended text in the task's output; absent if nothing was appended. */
  outputSize: number | null;
}

/** Current discounts and free quotas. */
export interface Reductions {
  discounts: Discount[];
  freeQuotas: FreeQuota[];
}

/** A registration of a deployment: the agent and its manifest. */
export interface RegisteredDeployable {
  agentId: string;
  name: string;
  status: "registered";
  message: string;
  created: boolean;
  revision: number;
  engines: string[];
  pricing: PricingInfo | null;
  /** The new agent's own token. Shown once: keep it. */
  token: string | null;
}

/** A registered agent, with its token and the data it needs to start. */
export interface Registration {
  agentId: string;
  agentName: string;
  /** Address in the agent protocol, agent.COMPANY.NAME. */
  alias: string | null;
  description: string;
  capabilities: string[];
  /** Granted service tier, which decides the rate limit. */
  serviceTier: ServiceTier;
  /** Tier requested at the last registration; an operator may grant it. */
  requestedTier: ServiceTier;
  status: AgentStatus;
  category: string;
  tags: string[];
  visibility: Visibility;
  endpoints: { [key: string]: string };
  metadata: { [key: string]: JsonValue };
  maxConcurrentTasks: number;
  /** What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent). */
  busy: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  proficiencyLevel: number | null;
  /** RFC 3339 time with an offset. */
  registeredAt: string;
  /** RFC 3339 time with an offset. */
  lastActivity: string;
  /** Fraction of capacity in use, 0 to 1: as last reported, else derived from its tasks. */
  load: number;
  /** Fraction of the time since registration in which it was reachable, 0 to 1. */
  availability: number;
  /** Mean rating, 0 to 10; null without ratings. */
  reputation: number | null;
  ratingCount: number;
  /** Public keys for encrypting messages to it; use the first. */
  publicKeys: PublicKey[];
  /** Names of the operations it may call. */
  availableServices: string[];
  /** The agent's own token. Shown once: keep it. */
  token: string | null;
  /** False where an existing registration was updated. */
  created: boolean;
  /** Number of tasks that were waiting for this name. */
  pendingTasks: number;
  /** Messages held for this name that now wait in the inbox. */
  pendingMessages: number;
  /** Why no instances of it can be run, although its manifest describes how. */
  warning: string | null;
}

/** Credentials of an image registry; stored encrypted, never shown. */
export interface RegistryCredentials {
  username: string;
  password: string;
  registry?: string | null;
}

/** A server. ``server``: its server.json. ``_meta``: registry metadata. */
export interface RegistryEntry {
  server: { [key: string]: JsonValue };
  _meta: { [key: string]: JsonValue };
}

export interface RegistryMetadata {
  count: number;
  nextCursor: string | null;
}

/** A page of servers. */
export interface RegistryPage {
  servers: RegistryEntry[];
  metadata: RegistryMetadata;
}

/** A remote A2A agent that is registered in this marketplace. Credentials are never shown. */
export interface RemoteAgent {
  agentId: string;
  agentName: string;
  /** URL as registered: of the card or of the agent. */
  url: string;
  /** Protocol binding and version in use. */
  interface: A2AInterface | null;
  /** The agent's own card, as last fetched. */
  card: { [key: string]: JsonValue } | null;
  hasCredentials: boolean;
  timeout: number;
  state: RemoteState;
  /** Reason why it cannot be reached. */
  error: string | null;
  checkedAt: string | null;
  /** Time of the last fetch of its card. */
  refreshedAt: string | null;
  createdBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** One page of a list; ``agents`` are its items. */
export interface RemoteAgentPage extends Page<RemoteAgent> {
  agents: RemoteAgent[];
}

export interface RemoteRemoval {
  agentId: string;
  agentName: string;
}

/** Whether a remote agent can be reached. */
export const RemoteState = {
  UNKNOWN: "unknown",
  AVAILABLE: "available",
  UNAVAILABLE: "unavailable",
} as const;
/** Whether a remote agent can be reached. */
export type RemoteState = (typeof RemoteState)[keyof typeof RemoteState];

export interface RemovedCodebase {
  codebaseId: string;
}

export interface RemovedComment {
  commentId: string;
}

export interface RemovedFollowUp {
  followUpId: string;
}

export interface RemovedPrice {
  provider: string;
  model: string;
}

/** The current lease. */
export interface Renewal {
  taskId: string;
  status: TaskStatus;
  fencingToken: number;
  leaseSeconds: number;
  /** RFC 3339 time with an offset. */
  leaseExpiresAt: string;
  progress: number;
  checkpointNumber: number | null;
}

/** Reply to a message, if any. */
export interface Reply {
  /** The reply; the failure 'timeout' if none arrived in time; null if none has arrived yet. */
  message: AgentMessage | null;
  /** Whether a reply may still arrive. */
  waiting: boolean;
}

/** One use of an agent, as reported by the agent. */
export interface ReportedUse {
  usageId: string;
  agentId: string;
  customerId: string | null;
  action: string;
  /** Milliseconds. */
  duration: number;
  /** RFC 3339 time with an offset. */
  timestamp: string;
  reportedBy: string;
  /** RFC 3339 time with an offset. */
  reportedAt: string;
  details: { [key: string]: JsonValue };
}

/** One page of a list; ``records`` are its items. */
export interface ReportedUsePage extends Page<ReportedUse> {
  records: ReportedUse[];
}

/** Contents of a resource. */
export interface ResourceResult {
  upstream: string;
  uri: string;
  contents: JsonValue[];
}

/** Last measured resource usage. */
export interface ResourceUsage {
  /** Percent of one core since the previous measurement. */
  cpuUsage: number;
  cpuSeconds: number;
  /** Percent of its limit; 0 without a limit. */
  memoryUsage: number;
  memoryBytes: number;
  networkReceived: number | null;
  networkSent: number | null;
  taskCount: number;
  /** Running time in seconds, without pauses. */
  uptime: number;
}

/** Resources of a host. ``free``: not reserved for instances. */
export interface Resources {
  memoryMb: number;
  memoryFreeMb: number;
  cpuCores: number;
  cpuCoresFree: number;
  gpus: number;
  gpusFree: number;
  diskFreeMb: number | null;
  portsFree: number | null;
}

/** Revenue of an agent. */
export interface Revenue {
  agentId: string;
  agentName: string;
  currency: string;
  revenue: number;
  usageTime: number;
  taskExecutions: number;
  inputTokens: number;
  outputTokens: number;
  /** Number of paying accounts. */
  customers: number;
}

/** One page of a list; ``revenue`` are its items. */
export interface RevenuePage extends Page<Revenue> {
  revenue: Revenue[];
}

/** A review of the changes on a job's branch. */
export interface Review {
  /** The job that the branch is named after. Later jobs of its session also change the branch. */
  jobId: string;
  /** The job that last changed it. */
  taskId: string;
  codebaseId: string;
  contextId: string | null;
  title: string;
  requester: string;
  state: "open" | "changes_requested" | "delivering" | "conflicted" | "merged" | "pushed" | "proposed" | "patched" | "dismissed";
  branch: string;
  /** Target branch of the merge. */
  target: string;
  base: string;
  head: string;
  /** Number of submissions. */
  revision: number;
  files: number;
  additions: number;
  deletions: number;
  /** Paths that conflict with the target. */
  conflicts: string[];
  /** URL of the pull or merge request. */
  pullRequest: string | null;
  /** The task that carries out the approval. */
  deliveryTaskId: string | null;
  /** Why the last approval failed. */
  error: string | null;
  /** Who decided last. */
  reviewer: string | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** A comment on a line. All comments are sent to the agent when changes are requested. */
export interface ReviewComment {
  commentId: string;
  jobId: string;
  author: string;
  path: string;
  line: number;
  side: "new" | "old";
  code: string;
  text: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** The follow-up that sent it to the agent; null until then. */
  followUpId: string | null;
}

/** One page of a list; ``comments`` are its items. */
export interface ReviewCommentPage extends Page<ReviewComment> {
  comments: ReviewComment[];
}

/** A person's decision about the changes of a job. */
export interface ReviewDecision {
  by: string;
  /** RFC 3339 time with an offset. */
  at: string;
  /** changes_requested, dismissed, or the approved action: merge, push, pull_request or patch. */
  decision: string;
  /** The reviewed commit. */
  head: string;
}

/** A changed file, with its unified diff. */
export interface ReviewFile {
  number: number;
  path: string;
  /** A added, M modified, D deleted, R renamed, T type changed. */
  status: string;
  additions: number;
  deletions: number;
  patch: string;
  /** Whether the diff was truncated. */
  truncated: boolean;
}

/** One page of a list; ``files`` are its items. */
export interface ReviewFilePage extends Page<ReviewFile> {
  files: ReviewFile[];
}

/** One page of a list; ``reviews`` are its items. */
export interface ReviewPage extends Page<Review> {
  reviews: Review[];
}

export interface RevokedToken {
  tokenId: string;
  /** RFC 3339 time with an offset. */
  revokedAt: string;
}

export interface RollbackStep {
  runId: string;
  /** Number of objects rolled back in this step. */
  removed: number;
  /** Number of objects left to roll back; repeat the call until 0. */
  remaining: number;
  /** Agents that are kept because they were active after the import. */
  kept: number;
}

/** A message part, of kinds such as text, thought, tool, plan and note. */
export interface RuntimeMessagePart {
  partId: string;
  messageId: string;
  role: string;
  type: string;
  content: JsonValue;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** The parts of a page of messages. */
export interface RuntimeMessagePartPage extends Page<RuntimeMessagePart> {
  parts: RuntimeMessagePart[];
}

/** A directory in which agents have sessions: a codebase of a worker. */
export interface RuntimeProject {
  projectId: string;
  name: string;
  /** Host name of the worker's machine. */
  path: string;
  workerId: string;
  online: boolean;
  repository: string | null;
}

/** One page of a list; ``projects`` are its items. */
export interface RuntimeProjectPage extends Page<RuntimeProject> {
  projects: RuntimeProject[];
}

/** A session and its directory. */
export interface RuntimeSession {
  sessionId: string;
  codebaseId: string;
  workerId: string;
  agent: string;
  title: string;
  /** Context id of its tasks; null for a session not started by a job. */
  contextId: string | null;
  /** The last task of this session. */
  taskId: string | null;
  messages: number;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Directory on the worker's machine; it may be outside any codebase. */
  directory: string;
}

/** One page of a list; ``sessions`` are its items. */
export interface RuntimeSessionPage extends Page<RuntimeSession> {
  sessions: RuntimeSession[];
}

/** Availability of coding agents, and the number of known sessions. */
export interface RuntimeStatus {
  /** Whether a worker with a codebase is online. */
  available: boolean;
  projects: number;
  sessions: number;
  /** Number of workers online that have a codebase. */
  workers: number;
}

/** Actual and desired number of instances of an agent. */
export interface Scaling {
  agentId: string;
  agentName: string;
  customerId: string;
  minInstances: number;
  maxInstances: number;
  targetConcurrency: number;
  desiredInstances: number;
  runningInstances: number;
  /** Running executions, averaged over the last half minute. */
  concurrency: number;
  /** Reason why fewer instances run than requested. */
  problem: string | null;
  instances: string[];
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** One page of a list; ``results`` are its items. */
export interface SearchResults extends Page<LoggedMessage> {
  query: string;
  results: LoggedMessage[];
}

/** Credentials and claims of the sender. Token and key are used to authenticate, never stored or forwarded. */
export interface Security {
  token?: string | null;
  apiKey?: string | null;
  provider?: string | null;
  permissions?: string[] | null;
  encryption?: Encryption | null;
}

/** One version of one operation of the marketplace. */
export interface ServiceInfo {
  name: string;
  version: string;
  category: string;
  status: Lifecycle;
  description: string;
  kind: string;
  scope: string;
  routes: string[];
  deprecationDate: string | null;
  sunsetDate: string | null;
  replacement: string | null;
  migrationGuide: string | null;
  /** RFC 3339 time with an offset. */
  lastUpdated: string;
  schema: { [key: string]: JsonValue } | null;
  usage: ServiceUsage | null;
}

/** One page of a list; ``services`` are its items. */
export interface ServicePage extends Page<ServiceInfo> {
  services: ServiceInfo[];
}

/** Everything needed to call one operation. */
export interface ServiceSchema {
  name: string;
  version: string;
  category: string;
  status: Lifecycle;
  description: string;
  inputSchema: { [key: string]: JsonValue };
  outputSchema: { [key: string]: JsonValue };
  routes: string[];
  scope: string;
  kind: string;
  idempotent: boolean;
  destructive: boolean;
  deprecationDate: string | null;
  sunsetDate: string | null;
  replacement: string | null;
  migrationGuide: string | null;
}

/** Service tier of an agent; determines its rate limit. */
export const ServiceTier = {
  BASIC: "basic",
  PREMIUM: "premium",
  ENTERPRISE: "enterprise",
} as const;
/** Service tier of an agent; determines its rate limit. */
export type ServiceTier = (typeof ServiceTier)[keyof typeof ServiceTier];

/** Call statistics since the counters started. */
export interface ServiceUsage {
  calls: number;
  errors: number;
  p50Ms: number | null;
  p99Ms: number | null;
}

/** A session of a coding agent: a conversation that can be resumed. */
export interface Session {
  sessionId: string;
  codebaseId: string;
  workerId: string;
  agent: string;
  title: string;
  /** Context id of its tasks; null for a session not started by a job. */
  contextId: string | null;
  /** The last task of this session. */
  taskId: string | null;
  messages: number;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** A message of a session. parts: as reported by the agent, of kinds such as text, thought, tool, plan and note. */
export interface SessionMessage {
  messageId: string;
  /** Orders the messages of a session. */
  number: number;
  role: "user" | "assistant" | "system";
  parts: JsonValue;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** One page of a list; ``messages`` are its items. */
export interface SessionMessagePage extends Page<SessionMessage> {
  messages: SessionMessage[];
}

/** One page of a list; ``sessions`` are its items. */
export interface SessionPage extends Page<Session> {
  sessions: Session[];
}

/** The monitor session has ended on every server; copies of its cookie are rejected. */
export interface SignedOut {
  signedOut: boolean;
}

/** A bar of a Gantt chart. */
export interface Span {
  step: string;
  status: StepStatus;
  /** Time at which it became ready. */
  start: string | null;
  /** Start time; null while it waits for approval. */
  begun: string | null;
  end: string | null;
  /** Reason for waiting. */
  awaiting: "approval" | null;
  durationSeconds: number | null;
  agent: string | null;
  taskId: string | null;
  attempts: number;
  /** With for_each: index of the item. */
  index: number | null;
  dependsOn: string[];
}

/** An account's monthly limit. */
export interface SpendingLimit {
  status: "ok";
  accountId: string;
  monthlyLimitDollars: number | null;
}

/**
 * Definition of a step.
 *
 * A string is only a name; a pair is a name and an agent. Texts in ``payload`` and the expression of ``for_each`` may
 * refer to earlier results and the input: ``${steps.extract.result.rows}``, ``${input.date}``, and within a
 * ``for_each`` ``${item}`` and ``${index}``.
 */
export interface Step {
  name: string;
  /** Id or name of the agent that executes it. */
  agent?: string | null;
  /** Required capability; the least loaded agent that has it gets the step. */
  capability?: string[];
  /** Type of its task; default: the step's name. */
  taskType?: string | null;
  payload?: { [key: string]: JsonValue };
  /** Steps that must complete first; if no step has any, the steps run in order. */
  dependsOn?: string[] | null;
  /** CEL condition; if false, the step is skipped. */
  when?: string | null;
  /** Maximum retries after a failed attempt. */
  retries?: number;
  retryBackoff?: number;
  /** Maximum seconds per attempt. */
  timeout?: number | null;
  onFailure?: "fail" | "continue" | "compensate";
  /** With on_failure 'compensate': the compensating step; it only runs then. */
  compensate?: string | null;
  /** Run once per item of a list, or of the list that an expression returns. */
  forEach?: JsonValue[] | string | null;
  /** With for_each: maximum number of concurrent items. */
  maxParallel?: number | null;
  /** The step waits for a person's approval; it has no task. */
  approval?: boolean;
  /** Text shown to the approver. */
  message?: string | null;
  /** Steps of a nested workflow, which this step runs with the payload as input. */
  workflow?: Step[] | null;
  priority?: Priority | null;
  requiredModel?: string | null;
  metadata?: { [key: string]: JsonValue };
}

/** Current state of a step. */
export interface StepState {
  name: string;
  position: number;
  status: StepStatus;
  agent: string | null;
  capability: string[];
  taskType: string | null;
  taskId: string | null;
  assignedAgent: string | null;
  dependsOn: string[];
  attempts: number;
  progress: number;
  startedAt: string | null;
  completedAt: string | null;
  durationSeconds: number | null;
  result: JsonValue;
  error: string | null;
  awaiting: "approval" | null;
  message: string | null;
  items: Items | null;
  /** Id of the nested workflow. */
  workflowId: string | null;
  /** Whether it is only the compensation of a failed step. */
  compensation: boolean;
}

/** States of a step. */
export const StepStatus = {
  PENDING: "pending",
  READY: "ready",
  RUNNING: "running",
  COMPLETED: "completed",
  FAILED: "failed",
  SKIPPED: "skipped",
  CANCELLED: "cancelled",
} as const;
/** States of a step. */
export type StepStatus = (typeof StepStatus)[keyof typeof StepStatus];

/** A halt or pause of the whole marketplace. */
export interface Stop {
  action: OverrideAction;
  /** Who made it. */
  by: string;
  /** RFC 3339 time with an offset. */
  since: string;
  expiresAt: string | null;
}

/** A halt or pause of a tenant's whole marketplace. */
export interface StoppedTenant {
  action: OverrideAction;
  /** Who made it. */
  by: string;
  /** RFC 3339 time with an offset. */
  since: string;
  expiresAt: string | null;
  tenantId: string;
}

export interface SubscriptionReceipt {
  subscriptionId: string;
  status: string;
  eventTypes: string[];
  /** Sequence of the last event before the subscription. */
  position: number;
  /** URL for reading it over WebSocket or SSE. */
  streamUrl: string;
}

export interface Synchronisation {
  codebaseId: string;
  /** Number of stored sessions. */
  sessions: number;
}

/** A task. */
export interface Task {
  taskId: string;
  taskType: string;
  payload: { [key: string]: JsonValue };
  status: TaskStatus;
  priority: Priority;
  progress: number;
  /** Assignee as given in the assignment. */
  assignee: string | null;
  /** Id of the assignee. */
  assignedAgent: string | null;
  worker: string | null;
  createdBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  /** Time of the next attempt after a failure. */
  availableAt: string | null;
  startedAt: string | null;
  /** Time at which it ended. */
  completedAt: string | null;
  deadline: string | null;
  estimatedCompletion: string | null;
  timeout: number | null;
  attempts: number;
  maxAttempts: number;
  retryBackoff: number;
  requiredCapabilities: string[];
  requiredModel: string | null;
  dependsOn: string[];
  /** Number of unfinished tasks in 'depends_on' and ahead of it in its context. */
  blockedBy: number;
  parentId: string | null;
  retryOf: string | null;
  workflowId: string | null;
  step: string | null;
  milestone: string | null;
  notes: string | null;
  checkpoint: { [key: string]: JsonValue } | null;
  result: JsonValue;
  error: string | null;
  /** Characters of output so far. */
  outputSize: number;
  leaseExpiresAt: string | null;
  contextId: string | null;
  metadata: { [key: string]: JsonValue };
}

/** One entry of a task's log; ``number`` orders them without gaps. */
export interface TaskEntry {
  type: "status" | "progress" | "milestone" | "note" | "comment" | "checkpoint" | "output" | "message" | "artifact" | "done";
  taskId: string;
  number: number;
  /** RFC 3339 time with an offset. */
  time: string;
  actor: string;
  status: TaskStatus | null;
  progress: number | null;
  /** Output, note, comment or reason. */
  content: string | null;
  /** Start offset of output, in characters. */
  offset: number | null;
  data: JsonValue;
}

/** One page of a list; ``entries`` are its items. */
export interface TaskEntryPage extends Page<TaskEntry> {
  entries: TaskEntry[];
}

/** A page of a task's output. */
export interface TaskOutput {
  taskId: string;
  content: string;
  offset: number;
  /** Offset at which to continue reading. */
  nextOffset: number;
  /** Size of the output so far, in characters. */
  size: number;
  hasMore: boolean;
  /** Whether the task has ended and no more output follows. */
  done: boolean;
}

/** One page of a list; ``tasks`` are its items. */
export interface TaskPage extends Page<Task> {
  tasks: Task[];
}

/** Receipt of a task. The task is committed to the store. */
export interface TaskReceipt {
  taskId: string;
  status: TaskStatus;
  /** Estimate from earlier tasks of the same type; null without any. */
  estimatedCompletion: string | null;
  assignedAgent: string | null;
  /** Reason for a delay, such as an unregistered name. */
  warning: string | null;
}

/** Task statistics. */
export interface TaskStatistics {
  total: number;
  byStatus: { [key: string]: number };
  /** Waiting tasks by priority. */
  byPriority: { [key: string]: number };
  /** Tasks that can be claimed now. */
  waiting: number;
  /** RFC 3339 time with an offset. */
  since: string;
  created: number;
  completed: number;
  failed: number;
  throughputPerMinute: number;
  waitSeconds: DurationSummary;
  runSeconds: DurationSummary;
  /** Whether the durations cover only the newest 10,000 tasks. */
  sampled: boolean;
}

/** States of a task. */
export const TaskStatus = {
  PENDING: "pending",
  IN_PROGRESS: "in_progress",
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
  INPUT_REQUIRED: "input_required",
  AUTH_REQUIRED: "auth_required",
  REJECTED: "rejected",
  EXPIRED: "expired",
  DEAD_LETTERED: "dead_lettered",
} as const;
/** States of a task. */
export type TaskStatus = (typeof TaskStatus)[keyof typeof TaskStatus];

/** A credential for the program that works on a task. */
export interface TaskToken {
  taskId: string;
  /** Granted scopes: those that the task's creator allowed and holds. */
  scopes: string[];
  /** Expiry; extended when ``renew`` extends the lease. The credential also ends with the task. */
  leaseExpiresAt: string;
  /** The credential. */
  token: string | null;
}

/** The change is stored. */
export interface TaskUpdate {
  success: boolean;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  taskId: string;
  status: TaskStatus;
  progress: number;
}

/** A tenant and its status. */
export interface Tenant {
  tenantId: string;
  name: string;
  status: "active" | "suspended" | "deleting";
  reason: string;
  metadata: { [key: string]: JsonValue };
  /** RFC 3339 time with an offset. */
  createdAt: string;
  createdBy: string;
  /** RFC 3339 time with an offset. */
  statusSince: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/**
 * agents: registered agents, excluding built-in ones. instances: unfinished instances. Both are visible only to the
 * operator.
 */
export interface TenantDetails {
  tenantId: string;
  name: string;
  status: "active" | "suspended" | "deleting";
  reason: string;
  metadata: { [key: string]: JsonValue };
  /** RFC 3339 time with an offset. */
  createdAt: string;
  createdBy: string;
  /** RFC 3339 time with an offset. */
  statusSince: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  agents: number | null;
  instances: number | null;
}

export interface TenantKey {
  tenantId: string;
  tokenId: string;
  /** The key. Shown once: keep it. */
  token: string | null;
}

/** One page of a list; ``tenants`` are its items. */
export interface TenantPage extends Page<Tenant> {
  tenants: Tenant[];
}

/** A terminated instance with its final bill. */
export interface Termination {
  instanceId: string;
  agentId: string;
  agentName: string;
  /** Owner account. */
  customerId: string;
  name: string | null;
  status: InstanceStatus;
  desiredStatus: "running" | "paused" | "stopped";
  /** Reason why the status differs from the requested one. */
  reason: string | null;
  host: string | null;
  engine: string | null;
  /** Number of starts. */
  generation: number;
  restarts: number;
  /** Whether it is in a crash loop. */
  crashLoop: boolean;
  /** Time of the next restart. */
  retryAt: string | null;
  taskExecutions: number;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** Start time of the current process. */
  startedAt: string | null;
  stoppedAt: string | null;
  healthStatus: HealthStatus;
  resourceUsage: ResourceUsage;
  instanceConfig: { [key: string]: JsonValue };
  /** Address at which its host can reach it. */
  address: string | null;
  healthUrl: string | null;
  coLocatedWith: string | null;
  /** Limits that are not enforced on its host. */
  warnings: string[];
  /** Revision of the agent's manifest. */
  revision: number;
  /** Version of the agent's price at creation; 0 without a price. */
  priceVersion: number;
  /** Current price: the price at creation, or a later one whose notice period has ended. */
  pricingInfo: PricingInfo | null;
  billingInfo: Bill;
  message: string;
}

export interface Timeline {
  workflowId: string;
  status: WorkflowStatus;
  /** RFC 3339 time with an offset. */
  start: string;
  end: string | null;
  durationSeconds: number;
  spans: Span[];
  /** Whether items of a for_each were omitted. */
  hasMore: boolean;
}

/** Metadata of a key; never the key itself. */
export interface Token {
  tokenId: string;
  kind: "api_key" | "enrolment";
  label: string;
  scopes: string[];
  serviceTier: ServiceTier;
  authority: number;
  account: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
}

/** An account's credit after some was added. */
export interface TokenCredits {
  accountId: string;
  currency: string;
  newBalanceDollars: number;
}

/** One page of a list; ``tokens`` are its items. */
export interface TokenPage extends Page<Token> {
  tokens: Token[];
}

/** Model calls in a month, of one account or of all, in one currency. */
export interface TokenSummary {
  tenantId: string;
  accountId: string | null;
  month: string;
  currency: string;
  billingModel: "prepaid" | "metered";
  balanceDollars: number;
  monthlyLimitDollars: number | null;
  totals: UsageTotals;
  /** The dearest first. */
  byModel: ModelUsage[];
}

/** Tokens used for a task of one model, as totals reported by its worker. */
export interface TokenUsage {
  taskId: string;
  /** Model name as reported by the worker; may be empty. */
  model: string;
  /** The agent that worked on it. */
  agentId: string;
  /** The account that pays for the task. */
  accountId: string;
  inputTokens: number;
  outputTokens: number;
  /** Cost charged by the model's provider, if known to the worker. */
  providerCost: number | null;
  currency: string | null;
  /** Whether the numbers are a lower bound, as with most coding agents. */
  isEstimate: boolean;
  /** Whether all of it is recorded in the ledger; false while the model has no price. */
  isCharged: boolean;
  /** RFC 3339 time with an offset. */
  reportedAt: string;
}

/** One page of a list; ``tokens`` are its items. */
export interface TokenUsagePage extends Page<TokenUsage> {
  tokens: TokenUsage[];
}

/**
 * Outcome of a tool call.
 *
 * ``refused`` and ``failed`` calls had no effect; an ``unknown`` one may have had an effect. ``pending``: still
 * running, repeat the call. ``approval_required``: waits for a person's approval.
 */
export interface ToolOutcome {
  status: "done" | "refused" | "failed" | "unknown" | "pending" | "approval_required";
  content: JsonValue;
  error: string | null;
  /** The task created for another agent; its result follows. */
  taskId: string | null;
}

/** Unchanged result of a tool. ``is_error``: the tool reports a failure. */
export interface ToolResult {
  upstream: string;
  tool: string;
  /** Content blocks, as in the MCP specification. */
  content: JsonValue[];
  structuredContent: JsonValue;
  isError: boolean;
  /** The result's _meta. */
  meta: JsonValue;
}

/** A part of a session as a document, starting at the beginning; next_cursor continues. */
export interface TranscriptExport {
  codebaseId: string;
  sessionId: string;
  format: "json" | "markdown";
  filename: string;
  /** Markdown. */
  content: string | null;
  /** JSON. */
  messages: ({ [key: string]: JsonValue })[];
  hasMore: boolean;
  nextCursor: string | null;
}

/** A message that contains the words. */
export interface TranscriptMatch {
  codebaseId: string;
  sessionId: string;
  title: string;
  messageId: string;
  /** Number of the message in its session. */
  number: number;
  role: string;
  /** Text around the first match. */
  excerpt: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** One page of a list; ``matches`` are its items. */
export interface TranscriptMatchPage extends Page<TranscriptMatch> {
  matches: TranscriptMatch[];
}

/** A finished turn: a checkpoint of the session and the worktree. */
export interface Turn {
  jobId: string;
  number: number;
  taskId: string;
  codebaseId: string;
  sessionId: string;
  /** Beginning of the prompt. */
  prompt: string;
  /** Commit with the files; empty without git. */
  commit: string;
  /** Number of messages in the session. */
  messages: number;
  /** Number of files changed since the job started. */
  files: number;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** One page of a list; ``turns`` are its items. */
export interface TurnPage extends Page<Turn> {
  turns: Turn[];
}

/** Effects of rewinding to a turn. The current files are saved as a checkpoint first. */
export interface TurnPreview {
  jobId: string;
  number: number;
  /** Number of turns to be rewound. */
  turns: number;
  /** Number of messages to be removed from the conversation. */
  messages: number;
  /** Files that would change, at most 1,000. */
  files: FileChange[];
}

export interface Unregistration {
  workerId: string;
  /** Number of requeued tasks. */
  released: number;
}

/** An MCP server whose tools the marketplace offers. Credentials are never shown. */
export interface Upstream {
  upstreamId: string;
  name: string;
  description: string;
  transport: "http" | "stdio";
  url: string | null;
  command: string[];
  hasCredentials: boolean;
  /** Kind of access token sent: none, shared, user or machine. */
  oauth: "none" | "shared" | "user" | "machine";
  /** Whether a token exists: the caller's own with user, otherwise the shared one. */
  authorized: boolean | null;
  origin: "operator" | "settings" | "file" | "registry";
  timeout: number;
  toolTimeouts: { [key: string]: number };
  concurrency: number;
  serverName: string | null;
  serverVersion: string | null;
  protocolVersion: string | null;
  instructions: string | null;
  state: ConnectionState;
  /** Reason why it cannot be reached. */
  error: string | null;
  /** Time of the next connection attempt. */
  retryAt: string | null;
  /** Tools that can be called. */
  tools: number;
  /** Number of changed items awaiting acceptance. */
  quarantined: number;
  /** Number of unusable items; each has a reason. */
  dropped: number;
  listedAt: string | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** An OAuth authorization at an upstream. If not authorized, a person must visit the URL. */
export interface UpstreamAuthorization {
  upstream: string;
  /** Whether it is shared by all callers. */
  shared: boolean;
  authorized: boolean;
  /** URL where a person signed in to the monitor grants access. */
  url: string | null;
  /** Requested or granted scopes. */
  scope: string;
  /** Expiry of the URL or of the granted token. */
  expiresAt: string | null;
}

/** Completions of an argument value. */
export interface UpstreamCompletion {
  upstream: string;
  values: string[];
  /** Total number of completions, if the upstream reports it. */
  total: number | null;
  hasMore: boolean;
}

/** A removed authorization. revoked: whether the authorization server revoked the token, too. */
export interface UpstreamDeauthorization {
  upstream: string;
  shared: boolean;
  revoked: boolean;
}

/** An upstream with a page of its items. */
export interface UpstreamDetail {
  upstreamId: string;
  name: string;
  description: string;
  transport: "http" | "stdio";
  url: string | null;
  command: string[];
  hasCredentials: boolean;
  /** Kind of access token sent: none, shared, user or machine. */
  oauth: "none" | "shared" | "user" | "machine";
  /** Whether a token exists: the caller's own with user, otherwise the shared one. */
  authorized: boolean | null;
  origin: "operator" | "settings" | "file" | "registry";
  timeout: number;
  toolTimeouts: { [key: string]: number };
  concurrency: number;
  serverName: string | null;
  serverVersion: string | null;
  protocolVersion: string | null;
  instructions: string | null;
  state: ConnectionState;
  /** Reason why it cannot be reached. */
  error: string | null;
  /** Time of the next connection attempt. */
  retryAt: string | null;
  /** Tools that can be called. */
  tools: number;
  /** Number of changed items awaiting acceptance. */
  quarantined: number;
  /** Number of unusable items; each has a reason. */
  dropped: number;
  listedAt: string | null;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
  items: UpstreamItem[];
  hasMore: boolean;
  /** Cursor of the next page of items. */
  nextCursor: string | null;
}

/** A tool, resource, resource template or prompt of an upstream. */
export interface UpstreamItem {
  kind: ItemKind;
  /** Name of a tool or prompt, URI of a resource. */
  name: string;
  /** Name of the tool in the marketplace. */
  service: string | null;
  description: string;
  state: ItemState;
  /** Reason why it is quarantined or dropped. */
  reason: string | null;
  /** SHA-256 of the definition. */
  hash: string;
  /** As offered by the upstream. */
  definition: { [key: string]: JsonValue };
  /** The previously accepted definition. */
  accepted: { [key: string]: JsonValue } | null;
  /** RFC 3339 time with an offset. */
  firstSeen: string;
  /** RFC 3339 time with an offset. */
  changedAt: string;
}

/** One page of a list; ``upstreams`` are its items. */
export interface UpstreamPage extends Page<Upstream> {
  upstreams: Upstream[];
}

export interface UpstreamRemoval {
  upstreamId: string;
  name: string;
}

/** Usage as it is in the ledger. */
export interface UsageRecord {
  entries: Entry[];
  totalCost: number;
  currency: string;
}

/** Totals of model calls. Amounts are in the currency of the summary. */
export interface UsageTotals {
  requestCount: number;
  inputTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  costDollars: number;
  /** Without the markup. */
  baseCostDollars: number;
}

/** An SSO user. The record is created at the first login. */
export interface User {
  userId: string;
  username: string;
  email: string | null;
  name: string | null;
  issuer: string;
  subject: string;
  /** Name at the identity provider, as of the last login. */
  roles: string[];
  /** Role in this marketplace: admin, operator, viewer or user. */
  role: string | null;
  /** Whether the role was set here and overrides the identity provider. */
  roleGivenHere: boolean;
  /** Maximum number of open tasks; null: the setting user_concurrency. */
  concurrencyLimit: number | null;
  /** Maximum number of coding jobs in a day (UTC); null: the setting user_daily_jobs. */
  dailyJobLimit: number | null;
  /** Number of open tasks; omitted in lists. */
  openTasks: number | null;
  /** Number of coding jobs requested since 00:00 UTC; omitted in lists. */
  jobsToday: number | null;
  disabled: boolean;
  /** RFC 3339 time with an offset. */
  firstSeen: string;
  /** RFC 3339 time with an offset. */
  lastSeen: string;
}

/** The caller's identity, for every kind of credential. */
export interface UserInfo {
  id: string;
  /** User name at the provider for an SSO user; else the id. */
  sub: string;
  name: string;
  /** user, agent, key, task, operator or anonymous. */
  kind: string;
  tenant: string;
  account: string;
  username: string | null;
  preferredUsername: string | null;
  email: string | null;
  issuer: string | null;
  roles: string[];
  role: string | null;
  scopes: string[];
  authority: number;
  /** Maximum number of open tasks; null: no limit. */
  concurrencyLimit: number | null;
  /** Maximum number of coding jobs in a day (UTC); null: no limit. */
  dailyJobLimit: number | null;
  expiresAt: string | null;
}

/** One page of a list; ``users`` are its items. */
export interface UserPage extends Page<User> {
  users: User[];
}

/** Response to a reducer call in v4 format; unset fields are omitted. */
export interface V4Answer {
  success: boolean;
  message: string | null;
  /** The agent's id in this marketplace. */
  agentId: string | null;
  messageId: string | null;
  taskId: string | null;
  /** Id of the task for update_task_progress. */
  assignmentId: string | null;
  workflowId: string | null;
  status: string | null;
  /** Percent. */
  progress: number | null;
  timestamp: string | null;
  recipients: number | null;
  warning: string | null;
  /** Warning that v4 calls will end, while warnings are enabled. */
  notice: string | null;
}

/** v4 calls of one agent by one reducer. */
export interface V4CallCount {
  /** Agent name as given in the call; empty for a call without a sender. */
  agent: string;
  reducer: string;
  calls: number;
  /** RFC 3339 time with an offset. */
  lastCall: string;
}

/** Rows of a v4 table, computed from stored data. */
export interface V4Rows {
  columns: string[];
  rows: JsonValue[][];
}

/** A named set of tools with its own MCP URL. */
export interface VirtualServer {
  name: string;
  /** Path of its MCP endpoint on this server. */
  url: string;
  description: string;
  instructions: string;
  tools: string[];
  createdBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  /** RFC 3339 time with an offset. */
  updatedAt: string;
}

/** A key for one virtual server. Revoke it with agora.token.revoke. */
export interface VirtualServerKey {
  name: string;
  tokenId: string;
  label: string;
  expiresAt: string | null;
  /** The key. Shown once: keep it. */
  token: string | null;
}

/** One page of a list; ``servers`` are its items. */
export interface VirtualServerPage extends Page<VirtualServer> {
  servers: VirtualServer[];
}

export interface VirtualServerRemoval {
  name: string;
  /** Number of the server's keys, which are revoked with it. */
  revokedKeys: number;
}

/** Visibility of an agent in searches. */
export const Visibility = {
  PUBLIC: "public",
  ORGANIZATION: "organization",
  TEAM: "team",
  PROJECT: "project",
  PRIVATE: "private",
} as const;
/** Visibility of an agent in searches. */
export type Visibility = (typeof Visibility)[keyof typeof Visibility];

/** Whether the worker of a codebase takes queued jobs automatically. */
export interface Watch {
  codebaseId: string;
  /** off: queued jobs are held; triggered and resumed jobs run. */
  watching: boolean;
  /** Maximum seconds between checks for queued jobs; workers are also notified at once. */
  interval: number;
  /** Number of queued jobs. */
  queued: number;
  /** Queued jobs are held while this many reviews are open; 0: no limit. */
  reviewLimit: number;
  /** Number of reviews that await a decision. */
  openReviews: number;
  /** Whether queued jobs are held: the codebase is not watched, or the review limit is reached. */
  held: boolean;
}

export interface Withdrawal {
  agentId: string;
  /** Running instances, which continue. */
  instances: number;
}

/** A worker, owned by the agent or operator that registered it. */
export interface Worker {
  workerId: string;
  workerName: string;
  owner: string;
  capabilities: string[];
  models: string[];
  metadata: { [key: string]: JsonValue };
  /** RFC 3339 time with an offset. */
  registeredAt: string;
  /** RFC 3339 time with an offset. */
  lastSeen: string;
  activeTasks: number;
  /** online: seen within 90 seconds; draining: online, but takes no more tasks; stale: seen within 10 minutes. Claims and heartbeats count as seen. */
  status: "online" | "draining" | "stale" | "offline";
  /** Opaque name of the account at the model provider. */
  providerAccount: string | null;
  /** Seconds until limited_until at the time of the response, for clients whose clock differs. */
  limitSeconds: number | null;
  /** Time at which the account's usage limit is lifted, as reported by one of its workers. */
  limitedUntil: string | null;
  /** Version of the worker program, as reported. */
  version: string | null;
  /** Version of the server, if it differs from that of ``agora worker``: upgrade the worker, then drain it. */
  upgrade: string | null;
}

/** One page of a list; ``workers`` are its items. */
export interface WorkerPage extends Page<Worker> {
  workers: Worker[];
}

/** Current state of a workflow. */
export interface Workflow {
  workflowId: string;
  workflowName: string;
  status: WorkflowStatus;
  /** Number of the first unfinished step, from 1; of the last step if all are finished. */
  currentStep: number;
  /** Names of the current steps. */
  currentSteps: string[];
  totalSteps: number;
  progress: number;
  steps: StepState[];
  agents: AgentShare[];
  assignedAgents: string[];
  createdBy: string;
  /** RFC 3339 time with an offset. */
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  durationSeconds: number | null;
  error: string | null;
  input: { [key: string]: JsonValue };
  metadata: { [key: string]: JsonValue };
  parentWorkflow: string | null;
  parentStep: string | null;
  modifications: number;
}

export interface WorkflowDiagram {
  workflowId: string;
  /** A flowchart as Mermaid text. */
  mermaid: string;
}

/** Workflows without their steps; ``agora.workflow.status`` shows those. */
export interface WorkflowPage extends Page<Workflow> {
  workflows: Workflow[];
}

export interface WorkflowReceipt {
  workflowId: string;
  status: WorkflowStatus;
  /** RFC 3339 time with an offset. */
  createdAt: string;
}

/** States of a workflow. */
export const WorkflowStatus = {
  PENDING: "pending",
  RUNNING: "running",
  PAUSED: "paused",
  WAITING_APPROVAL: "waiting_approval",
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
} as const;
/** States of a workflow. */
export type WorkflowStatus = (typeof WorkflowStatus)[keyof typeof WorkflowStatus];

/** A worktree of a job. bytes: total size of its files, excluding .git. */
export interface Worktree {
  jobId: string;
  bytes: number;
  /** RFC 3339 time with an offset. */
  lastUsedAt: string;
  /** removable: can be removed without loss. recent: removable, but below the worker's age and size limits. in_use: a job is running in it. uncommitted: it has uncommitted changes or new files. unmerged: its branch has commits that no other branch has. stashed: it has stashed changes. unknown: git could not tell. */
  verdict: "removable" | "recent" | "in_use" | "uncommitted" | "unmerged" | "stashed" | "unknown";
}
