// Written by scripts/sdks.py from sdk/contract.json: change the contract, then run `make reference sdks`.

import type { JsonValue } from "../json.ts";
import type { Page } from "../page.ts";

/** The well-known message types; the vocabulary is open, any other label is accepted too. */
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
/** The well-known message types; the vocabulary is open, any other label is accepted too. */
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

/** A piece of a task's result (section 4.2.2). ``append``: to the parts that were sent before. */
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

/** The agents whose cards the caller may see, the front agent first. */
export interface A2ACatalogue extends Page<A2ACatalogueEntry> {
  agents: A2ACatalogueEntry[];
}

/** An agent in the catalogue. */
export interface A2ACatalogueEntry {
  /** Null for the marketplace's own front agent. */
  agentId: string | null;
  name: string;
  description: string;
  /** URL of its A2A endpoint. */
  url: string;
  cardUrl: string;
  tags: string[];
  /** Null for what costs nothing. */
  pricing: PricingInfo | null;
  /** RFC 3339 time, with its offset. */
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
  /** Of A2A, in which updates are posted: 1.0 posts each one, 0.3 the task as it is. */
  version?: "1.0" | "0.3";
}

/** Push configurations of a task, in the order they were made (section 3.1.9). */
export interface A2APushConfigs {
  configs: A2APushConfig[];
  nextPageToken: string | null;
}

/** The configuration does not exist any more, whether or not it existed before. */
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

/** Something an agent can do (section 4.4.5). */
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
 * ``metadata`` is the requester's, and under ``agora`` what the marketplace adds: ``agent`` (id), ``progress``
 * (per cent) and ``position``, after which ``agora.a2a.subscribe`` goes on.
 */
export interface A2ATask {
  id: string;
  contextId: string;
  status: A2AStatus;
  artifacts: A2AArtifact[] | null;
  history: A2AMessage[] | null;
  metadata: { [key: string]: JsonValue } | null;
}

/** A page of tasks, the last changed first (section 3.1.4). */
export interface A2ATaskList {
  tasks: A2ATask[];
  /** Empty on the last page. */
  nextPageToken: string;
  pageSize: number;
  /** How many match; counted up to 10,000. */
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
  /** RFC 3339 time, with its offset. */
  timestamp: string;
  /** Number of recipients; null for a broadcast. */
  recipients: number | null;
  /** Why it may take longer, such as a name not registered yet; or why an answer without reply_to counts as an answer to nothing. */
  warning: string | null;
  /** Recipients that no agent is registered as; the message is held for them. */
  unregistered: string[] | null;
  /** Time after which it counts as unanswered, by expected.timeout. */
  dueAt: string | null;
  /** Whether it was a repetition under the same id. */
  replayed: boolean;
  /** Immediate answer of the marketplace itself. */
  answer: AgentMessage | null;
}

export interface ActiveOverride {
  overrideId: string;
  /** An agent or workflow, or 'system_wide'. */
  targetId: string;
  action: OverrideAction;
  /** Who made it. */
  by: string;
  /** Its authority; lifting it needs the same or more. */
  priority: number;
  reason: string;
  /** RFC 3339 time, with its offset. */
  since: string;
  expiresAt: string | null;
}

/** Public profile of an agent. */
export interface Agent {
  agentId: string;
  agentName: string;
  /** Its address in the agent protocol, agent.COMPANY.NAME. */
  alias: string | null;
  description: string;
  capabilities: string[];
  /** Granted service tier, which decides the rate limit. */
  serviceTier: ServiceTier;
  /** Requested at its last registration; an operator may grant it. */
  requestedTier: ServiceTier;
  status: AgentStatus;
  category: string;
  tags: string[];
  visibility: Visibility;
  endpoints: { [key: string]: string };
  metadata: { [key: string]: JsonValue };
  maxConcurrentTasks: number;
  /** What becomes of a task in a context where the same requester's earlier task with the agent is under way: it waits for that one's end or question (enqueue), is rejected, replaces that one, which is cancelled and stays in the conversation (interrupt) or is left out of it (rollback), or is done beside it (concurrent). */
  busy: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  proficiencyLevel: number | null;
  /** RFC 3339 time, with its offset. */
  registeredAt: string;
  /** RFC 3339 time, with its offset. */
  lastActivity: string;
  /** Share of capacity in use, 0 to 1: as last reported, else derived from its tasks. */
  load: number;
  /** Share of the time since registration it was reachable, 0 to 1. */
  availability: number;
  /** Mean of its ratings, 0 to 10; null without any. */
  reputation: number | null;
  ratingCount: number;
  /** Keys for encrypting messages to it; use the first. */
  publicKeys: PublicKey[];
}

/** What everybody's use of an agent may cost in a month, as agora.billing.budget. */
export interface AgentBudget {
  /** Nothing beyond it is begun. */
  hardLimit?: number | null;
  /** From here on the cheapest of its models is used; 80 % of the hard limit if left out. */
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
  /** RFC 3339 time, with its offset. */
  lastActivity: string;
  /** Time after which the agent counts as offline without another heartbeat. */
  nextBefore: string;
}

/** Bounds of one task; the agent says which one it met. */
export interface AgentLimits {
  /** Calls of the model. */
  steps?: number;
  /** Tokens of input and output together. */
  tokens?: number;
  /** Time at work, over all attempts. */
  seconds?: number;
  /** Tokens of one answer: what a call may cost at most is reserved. */
  outputTokens?: number;
  /** What its calls of models may cost, in the currency of their prices. */
  cost?: number | null;
  /** Declared agents that may ask each other in a row. */
  depth?: number;
}

/** What an agent remembers. */
export interface AgentMemory {
  /** Whether it remembers the earlier tasks of a context. */
  conversation?: boolean;
  /** Name of its values of agora.memory, apart for each that asks; its own name if left out. */
  namespace?: string | null;
}

/** A message of the agent protocol. Fields it does not know are kept. */
export interface AgentMessage {
  /** Unique among the sender's; a repetition under it is sent once. */
  id?: string | null;
  ts?: string | null;
  type: Performative;
  /** Sender; the caller if left out. */
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

/** What whoever asks pays for each completed task, besides its calls of models. */
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

/** What an agent is, which model it thinks with, what it may use, and within which bounds. */
export interface AgentSpecification {
  /** PROVIDER:MODEL, of a provider of agora.model_provider; 'default' for the one of the server's settings. */
  model: string;
  /** Text for the model: who it is, what it does. */
  instructions?: string;
  /** Text for people and other agents. */
  description?: string;
  /** What it can do, as it is found by. */
  capabilities?: string[];
  /** Models that are tried, in order, when the model before fails; near the limit of a budget, the cheapest of all comes first. */
  fallbacks?: string[];
  /** What it may use; nothing else. */
  tools?: string[];
  /** Tools, by the names of the field tools, whose calls wait for a person; '*' for all. */
  approval?: string[];
  /** Who may ask it: names or ids; '*' for everybody. */
  askers?: string[];
  /** JSON schema of an object; the result of each task is one. A text if left out. */
  outputSchema?: { [key: string]: JsonValue } | null;
  /** Bounds of one task. */
  limits?: AgentLimits;
  /** What it remembers. */
  memory?: AgentMemory;
  /** What a task costs; nothing if left out. */
  price?: AgentPrice | null;
  /** What its work may cost in a month. */
  budget?: AgentBudget | null;
  /** What becomes of a task in a context where the same requester's earlier task with the agent is under way: it waits for that one's end or question (enqueue), is rejected, replaces that one, which is cancelled and stays in the conversation (interrupt) or is left out of it (rollback), or is done beside it (concurrent). */
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
  /** RFC 3339 time, with its offset. */
  registeredAt: string;
  /** RFC 3339 time, with its offset. */
  lastActivity: string;
  load: number;
  availability: number;
  reputation: number | null;
  ratingCount: number;
  unreadMessages: number;
}

/** A tool as its model sees it. */
export interface AgentTool {
  /** Letters, digits, underscores and hyphens; at most 64. */
  name: string;
  /** The operation that it calls. */
  operation: string;
  description: string;
  inputSchema: { [key: string]: JsonValue };
  needsApproval: boolean;
  /** Whether its result is what another agent answers. */
  asksAgent: boolean;
  /** Whether its result is the result of the task. */
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
  /** Counts the changes of the app, from 1. */
  revision: number;
  /** Name of the agent that one talks to. */
  orchestratorAgent: string | null;
  orchestratorAgentId: string | null;
  /** Capabilities of the agents that it uses. */
  uses: string[];
  /** Price of its orchestrator agent. Agents that it uses have prices of their own. */
  pricing: PricingInfo | null;
  visibility: Visibility;
  /** Account that it belongs to; shown to its owner and operators. */
  account: string | null;
  /** Agents that it brought along, and that are removed with it. */
  agents: string[];
  /** Whether it has a workflow, which agora.app.run starts. */
  runnable: boolean;
  /** Why it cannot be used at present. */
  problem: string | null;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** An agent that the app brings along, as agora.declared_agent.apply takes it. */
export interface AppAgent {
  /** PROVIDER:MODEL, of a provider of agora.model_provider; 'default' for the one of the server's settings. */
  model: string;
  /** Text for the model: who it is, what it does. */
  instructions?: string;
  /** Text for people and other agents. */
  description?: string;
  /** What it can do, as it is found by. */
  capabilities?: string[];
  /** Models that are tried, in order, when the model before fails; near the limit of a budget, the cheapest of all comes first. */
  fallbacks?: string[];
  /** What it may use; nothing else. */
  tools?: string[];
  /** Tools, by the names of the field tools, whose calls wait for a person; '*' for all. */
  approval?: string[];
  /** Who may ask it: names or ids; '*' for everybody. */
  askers?: string[];
  /** JSON schema of an object; the result of each task is one. A text if left out. */
  outputSchema?: { [key: string]: JsonValue } | null;
  /** Bounds of one task. */
  limits?: AgentLimits;
  /** What it remembers. */
  memory?: AgentMemory;
  /** What a task costs; nothing if left out. */
  price?: AgentPrice | null;
  /** What its work may cost in a month. */
  budget?: AgentBudget | null;
  /** What becomes of a task in a context where the same requester's earlier task with the agent is under way: it waits for that one's end or question (enqueue), is rejected, replaces that one, which is cancelled and stays in the conversation (interrupt) or is left out of it (rollback), or is done beside it (concurrent). */
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
  /** Counts the changes of the app, from 1. */
  revision: number;
  /** Name of the agent that one talks to. */
  orchestratorAgent: string | null;
  orchestratorAgentId: string | null;
  /** Capabilities of the agents that it uses. */
  uses: string[];
  /** Price of its orchestrator agent. Agents that it uses have prices of their own. */
  pricing: PricingInfo | null;
  visibility: Visibility;
  /** Account that it belongs to; shown to its owner and operators. */
  account: string | null;
  /** Agents that it brought along, and that are removed with it. */
  agents: string[];
  /** Whether it has a workflow, which agora.app.run starts. */
  runnable: boolean;
  /** Why it cannot be used at present. */
  problem: string | null;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  /** The workflow that agora.app.run starts, as it was given. */
  workflow: { [key: string]: JsonValue } | null;
  change: "created" | "updated" | "unchanged";
  /** Fields that differ from before, agents as agents.NAME. */
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
  /** Counts the changes of the app, from 1. */
  revision: number;
  /** Name of the agent that one talks to. */
  orchestratorAgent: string | null;
  orchestratorAgentId: string | null;
  /** Capabilities of the agents that it uses. */
  uses: string[];
  /** Price of its orchestrator agent. Agents that it uses have prices of their own. */
  pricing: PricingInfo | null;
  visibility: Visibility;
  /** Account that it belongs to; shown to its owner and operators. */
  account: string | null;
  /** Agents that it brought along, and that are removed with it. */
  agents: string[];
  /** Whether it has a workflow, which agora.app.run starts. */
  runnable: boolean;
  /** Why it cannot be used at present. */
  problem: string | null;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  /** The workflow that agora.app.run starts, as it was given. */
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
  /** Agents that steps without an agent of their own may go to. */
  assignedAgents?: string[];
  /** Input of each run; what the caller gives is put over it. */
  input?: { [key: string]: JsonValue };
  /** Priority of the tasks of its steps. */
  priority?: Priority;
}

/** A declared agent after it was applied. */
export interface AppliedAgent {
  name: string;
  agentId: string;
  version: number;
  specification: AgentSpecification;
  declaredBy: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  /** Why it does not work, such as a model without a provider. */
  problem: string | null;
  change: "created" | "updated" | "unchanged";
  /** Fields of the specification that differ from the version before. */
  changed: string[];
}

/** A job of a group, as it compares with the others. Tokens and cost are what its agent reported, which are estimates. */
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

/** Several jobs with the same prompt in one codebase, each on a branch of its own. */
export interface AttemptGroup {
  groupId: string;
  title: string;
  codebaseId: string;
  requester: string;
  /** The job that was chosen. */
  chosen: string | null;
  chosenBy: string | null;
  attempts: Attempt[];
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** One page of a list; ``groups`` are its items. */
export interface AttemptGroupPage extends Page<AttemptGroup> {
  groups: AttemptGroup[];
}

export interface AuditEntry {
  auditId: string;
  /** RFC 3339 time, with its offset. */
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
  /** Whether there is an identity provider. */
  enabled: boolean;
  /** Issuer URL where users log in; its metadata is below it. */
  issuer: string | null;
  /** All issuers whose access tokens are accepted. */
  issuers: string[];
  /** Public client for programs on people's machines. */
  clientId: string | null;
  /** Scopes to ask for. */
  scope: string | null;
  /** Whether /v1/auth/login takes a name and a password. */
  password: boolean;
}

/** Whether an instance can be created now. */
export interface Availability {
  available: boolean;
  maxInstances: number | null;
  currentInstances: number;
  reason: string | null;
}

/** A model that a worker's agent is logged in to. model: as a job names it. */
export interface AvailableModel {
  model: string;
  provider: string;
  /** Coding agents that have it. */
  agents: string[];
  /** Ids of the workers online that have it. */
  workers: string[];
}

/** One page of a list; ``models`` are its items. */
export interface AvailableModelPage extends Page<AvailableModel> {
  models: AvailableModel[];
}

/** The state of an instance (what it keeps in $AGORA_STATE_DIR), kept by the server. */
export interface Backup {
  backupId: string;
  instanceId: string;
  agentId: string;
  size: number;
  /** RFC 3339 time, with its offset. */
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
  /** Part of the balance reserved for tasks that were assigned and have not ended. */
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
  /** Of all models without a markup of their own. */
  markupPercent: number | null;
}

/** Who an account is, as its invoices show it. */
export interface BillingProfile {
  accountId: string;
  name: string;
  /** Lines of the postal address. */
  address: string;
  /** The customer's number for the tax, such as a VAT id. */
  taxId: string;
  /** Where invoices are sent. */
  email: string;
  updatedAt: string | null;
}

/**
 * A limit for a month: of an account, of an agent, or of an account's use of an agent.
 *
 * With a model or a project it counts what calls of that model, or for that project, cost.
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
  /** Reserved for tasks that were assigned and have not ended. */
  reserved: number;
  period: string;
  state: "ok" | "warned" | "exhausted";
  setBy: "account" | "operator";
  /** RFC 3339 time, with its offset. */
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

/** Acknowledged entries. ``unknown``: ids that were not pending; they may have been acknowledged before. */
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
  /** Id that the publisher gave, else the marketplace's. */
  messageId: string;
  /** RFC 3339 time, with its offset. */
  timestamp: string;
  /** Name of the agent that published it. */
  sender: string;
  /** As the publisher addressed it. */
  target: string;
  type: BusType;
  priority: BusPriority;
  content: { [key: string]: JsonValue };
  correlationId: string | null;
  extensions: { [key: string]: JsonValue };
  /** Its position on the stream. */
  entryId: string;
  /** Number of deliveries, including this one. */
  deliveries: number;
  /** Of a task_assignment: the task, which is claimed by reading it. */
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

/** Health of the bus, for the caller. ``redis_connection`` is false where no Redis is configured. */
export interface BusHealth {
  status: "healthy" | "degraded" | "unhealthy";
  redisConnection: boolean;
  /** With Redis, the group that takes in what programs publish there; without, the caller's own. */
  consumerGroup: string;
  /** Entries that wait for the caller: not delivered to any of its consumers yet, here or on Redis. */
  messageLag: number;
  /** RFC 3339 time, with its offset. */
  timestamp: string;
}

/** An agent whose messages are delivered on a Redis stream. */
export interface BusMembership {
  agentId: string;
  /** Stream on which its messages leave. */
  stream: string;
  /** Group that was made for it there. */
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

/** An entry that was handed out and not acknowledged. */
export interface BusPendingEntry {
  entryId: string;
  messageId: string;
  /** Consumer that holds it; null if it was reclaimed and waits for any consumer. */
  consumer: string | null;
  idleSeconds: number;
  deliveries: number;
}

/** How soon a response is due: by default within 5, 30 and 120 minutes. Medium is the marketplace's normal. */
export const BusPriority = {
  HIGH: "high",
  MEDIUM: "medium",
  LOW: "low",
} as const;
/** How soon a response is due: by default within 5, 30 and 120 minutes. Medium is the marketplace's normal. */
export type BusPriority = (typeof BusPriority)[keyof typeof BusPriority];

/** Receipt of an entry. The entry is committed to the store. */
export interface BusReceipt {
  /** Id of the stored message; of a task_assignment the task's. */
  messageId: string;
  type: BusType;
  priority: BusPriority;
  /** RFC 3339 time, with its offset. */
  timestamp: string;
  taskId: string | null;
  /** How many it was addressed to; null for everyone. */
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
  /** Entries whose response is not due yet. */
  awaitingResponse: number;
  /** Entries on the inbound stream of Redis that were not taken in yet. */
  inboundLag: number;
  /** Agents whose messages leave on a stream of Redis. */
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
  /** Whether there is one for authenticated callers. */
  extended: boolean;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** The recognized request and its result. ``token`` is there only where an agent was registered. */
export interface ChatAnswer {
  /** The answer in a sentence or two. */
  response: string;
  /** The answer as data. */
  data: ({ [key: string]: JsonValue })[];
  /** search_agents, get_agent, search_apps, register_agent or get_marketplace_stats; empty if nothing was understood. */
  toolsUsed: string[];
  /** Of an agent that was registered. Shown once: keep it. */
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
  /** As it was assigned. */
  assignee: string | null;
  /** Id of the assignee. */
  assignedAgent: string | null;
  worker: string | null;
  createdBy: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
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
  /** Number of unfinished tasks in 'depends_on', and before it in its context. */
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
  /** Invoices still to be issued for the month: call again. */
  remaining: number;
}

/** Instances to co-locate with: on the same host, and in the same network. */
export interface CoLocation {
  required?: boolean;
  withAgent?: string | null;
  withInstance?: string | null;
  reason?: string | null;
}

/** A directory of a worker's machine, in which jobs can be done. */
export interface Codebase {
  codebaseId: string;
  name: string;
  /** Of the worker's machine. */
  path: string;
  workerId: string;
  /** Id of the agent that the worker belongs to. */
  owner: string;
  /** Git remote as host and path, such as github.com/owner/name. */
  repository: string | null;
  description: string;
  /** RFC 3339 time, with its offset. */
  registeredAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  /** Whether its worker has been seen within 90 seconds. */
  online: boolean;
  /** pending: no worker has it yet; refused: none could take it, problem says why. */
  state: "ready" | "pending" | "refused";
  problem: string | null;
  /** What it was cloned from. */
  gitUrl: string | null;
  branch: string | null;
  /** What jobs there use unless they say otherwise. */
  agentConfig: { [key: string]: JsonValue };
  /** The task that asks workers to take it, while it is pending. */
  taskId: string | null;
}

/** What a worker needs to clone a codebase. */
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

/** What goes on in a codebase, as far as the caller may see its jobs. */
export interface CodebaseStatus {
  codebaseId: string;
  /** asking: a job waits for an answer; busy: an agent works; queued: jobs wait; offline: its worker is not there. */
  status: "idle" | "queued" | "busy" | "asking" | "offline";
  online: boolean;
  workerId: string;
  watching: boolean;
  queued: number;
  running: number;
  asking: number;
  /** The newest job that has not ended. */
  taskId: string | null;
  /** The session that was last worked in. */
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
  /** Its id in the marketplace, conv_...: conversation ids are chosen by agents. */
  key: string;
  state: "open" | "proposed" | "agreed" | "informed" | "confirmed" | "refused" | "failed" | "timed_out" | "done";
  /** Of the message that began it. */
  type: Performative;
  intent: string | null;
  initiator: string;
  participants: string[];
  messageCount: number;
  lastType: Performative;
  /** RFC 3339 time, with its offset. */
  startedAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** A conversation with its messages, oldest first. */
export interface ConversationDetail {
  conversationId: string;
  /** Its id in the marketplace, conv_...: conversation ids are chosen by agents. */
  key: string;
  state: "open" | "proposed" | "agreed" | "informed" | "confirmed" | "refused" | "failed" | "timed_out" | "done";
  /** Of the message that began it. */
  type: Performative;
  intent: string | null;
  initiator: string;
  participants: string[];
  messageCount: number;
  lastType: Performative;
  /** RFC 3339 time, with its offset. */
  startedAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  messages: AgentMessage[];
  nextCursor: string | null;
}

/** One page of a list; ``conversations`` are its items. */
export interface ConversationPage extends Page<Conversation> {
  conversations: Conversation[];
}

/** Which exchange it belongs to, and which message it answers. */
export interface Correlation {
  conversationId?: string | null;
  /** Id of the message that this one answers. */
  replyTo?: string | null;
}

/** What was used, and what it cost. */
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

/** The parts of a cost, which add up to it. */
export interface CostBreakdown {
  baseCost: number;
  /** For time and tokens. */
  usageCost: number;
  /** For executions and tasks. */
  taskCost: number;
  /** Discounts and free quotas: negative, or 0. */
  reductions: number;
}

export interface CostSummary {
  totalCost: number;
  totalUptimeHours: number;
}

/** A code that gives credit, once to each account. */
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
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  createdBy: string;
  /** RFC 3339 time, with its offset. */
  statusSince: string;
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  /** The key. Shown once: keep it. */
  token: string | null;
}

/** The same in another currency, with what it comes to altogether. */
export interface CurrencyBilling {
  currentMonthCost: number;
  lastMonthCost: number;
  currency: string;
  balance: number;
  totalCost: number;
}

/** This month so far, and the whole previous month. */
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
  /** The last 30 days, including days without cost. */
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

/** A delivery that was given up. */
export interface DeadLetter {
  deadLetterId: string;
  /** What gave it up: bus (an agent's stream), bus_inbound (entries from Redis), push (webhooks). */
  source: string;
  state: DeadLetterState;
  /** Who was to get it; null if only operators are concerned. */
  agentId: string | null;
  /** Id of the message or task that it is about. */
  ref: string | null;
  /** Where it was to go: a stream, or a URL without its query. */
  destination: string;
  reason: string;
  /** How often it was delivered, or tried. */
  attempts: number;
  /** RFC 3339 time, with its offset. */
  diedAt: string;
  /** When it was replayed or discarded. */
  settledAt: string | null;
  settledBy: string | null;
}

/** A dead letter with what it says. */
export interface DeadLetterDetail {
  deadLetterId: string;
  /** What gave it up: bus (an agent's stream), bus_inbound (entries from Redis), push (webhooks). */
  source: string;
  state: DeadLetterState;
  /** Who was to get it; null if only operators are concerned. */
  agentId: string | null;
  /** Id of the message or task that it is about. */
  ref: string | null;
  /** Where it was to go: a stream, or a URL without its query. */
  destination: string;
  reason: string;
  /** How often it was delivered, or tried. */
  attempts: number;
  /** RFC 3339 time, with its offset. */
  diedAt: string;
  /** When it was replayed or discarded. */
  settledAt: string | null;
  settledBy: string | null;
  /** What was to be delivered; null if it is gone. */
  content: { [key: string]: JsonValue } | null;
  /** Why it cannot be replayed; null if it can. */
  obstacle: string | null;
}

/** One page of a list; ``deadLetters`` are its items. */
export interface DeadLetterPage extends Page<DeadLetter> {
  deadLetters: DeadLetter[];
}

/** What became of a dead letter. */
export const DeadLetterState = {
  DEAD: "dead",
  REPLAYED: "replayed",
  DISCARDED: "discarded",
} as const;
/** What became of a dead letter. */
export type DeadLetterState = (typeof DeadLetterState)[keyof typeof DeadLetterState];

/** A declared agent. specification: of its current version. */
export interface DeclaredAgent {
  name: string;
  agentId: string;
  version: number;
  specification: AgentSpecification;
  declaredBy: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  /** Why it does not work, such as a model without a provider. */
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
  /** RFC 3339 time, with its offset. */
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

/** An agent of which instances can be run. */
export interface DeployableAgent {
  agentId: string;
  agentName: string;
  version: string | null;
  /** Counts the registrations of its manifest. */
  revision: number;
  /** As it was registered, without secrets. */
  manifest: { [key: string]: JsonValue };
  /** Engines that could run it. */
  engines: string[];
  maxInstances: number | null;
  hasCredentials: boolean;
  /** Of every account, those that have ended left out. */
  instances: number;
  /** Whether it was withdrawn: no new instances can be created. */
  withdrawn: boolean;
  registeredBy: string;
  /** RFC 3339 time, with its offset. */
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

/** A percentage off everything that an account is charged. */
export interface Discount {
  accountId: string;
  percent: number;
  until: string | null;
}

/** What the worktrees of a codebase use, as its worker has reported. */
export interface DiskUse {
  codebaseId: string;
  /** null: not yet. */
  reportedAt: string | null;
  bytes: number;
  /** Of those that are removable or recent. */
  removableBytes: number;
  /** The largest first. */
  worktrees: Worktree[];
}

/** Durations in seconds, of the tasks that ended in the requested period. */
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
  /** Keys it can be read with. */
  kids?: string[];
}

/** Jobs that were cancelled. Their sessions stay, and can be resumed. */
export interface EndedJobs {
  codebaseId: string;
  taskIds: string[];
}

/** An entry of the ledger: never changed, never deleted. A reversal is a separate entry with the opposite amount. */
export interface Entry {
  entryId: string;
  accountId: string;
  agentId: string | null;
  instanceId: string | null;
  /** The task that was charged for, or whose charge is reversed. */
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
  /** RFC 3339 time, with its offset. */
  began: string;
  /** RFC 3339 time, with its offset. */
  ended: string;
  description: string;
  reverses: string | null;
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  result: JsonValue;
  contentType: string | null;
  encoding: "json" | "text" | "base64";
  /** Whether it came piece by piece; the result is all of it. */
  streamed: boolean;
  cost: number;
  currency: string;
}

/** The answer that is expected. */
export interface Expected {
  type?: Performative | null;
  timeout?: number | null;
}

/** A validation error of a manifest. */
export interface Fault {
  field: string;
  message: string;
}

/** What rewinding does to a file: remove it, bring it back, or change it. */
export interface FileChange {
  path: string;
  change: "remove" | "restore" | "change";
}

/** What the agent of a job is to be told next. It can be changed and removed until the worker has taken it. */
export interface FollowUp {
  followUpId: string;
  /** The job that takes it: one that goes on with the session, if the first had ended. */
  taskId: string;
  /** Orders the follow-ups of a job. */
  number: number;
  mode: "queued" | "steering";
  text: string;
  author: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  /** Orders those that the worker has taken; null until then. */
  taken: number | null;
}

/** One page of a list; ``followUps`` are its items. */
export interface FollowUpPage extends Page<FollowUp> {
  followUps: FollowUp[];
}

/** The next follow-up of a job, for its worker. */
export interface FollowUpTaken {
  taskId: string;
  /** Null if there is none. */
  followUp: FollowUp | null;
  /** Whether the job takes no more: what is said from now on begins another one. */
  closed: boolean;
}

/** What waits for an ended job is taken by another one, in the same session. */
export interface FollowUpsWoken {
  /** The job that goes on. */
  taskId: string;
  /** Number of follow-ups that wait for it. */
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
  /** Number of messages that were deleted. */
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
  /** Grows by one with each change. */
  version: number;
  storedBy: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  /** Share of the words asked for that it has, 0 to 1. */
  score: number;
}

/** What each account gets of an agent without charge in each month (UTC). */
export interface FreeQuota {
  agentId: string;
  agentName: string | null;
  kind: EntryKind;
  /** 0 if there is none any more. */
  quantity: number;
  unit: string;
}

export interface Health {
  /** Of the worst component; paused or halted where the whole marketplace is and no component is critical. */
  status: "healthy" | "degraded" | "paused" | "halted" | "critical";
  /** Override that stops the whole marketplace, if there is one. */
  stopped: Stop | null;
  /** Overrides in force: all for operators; for others, those that concern them. */
  overrides: ActiveOverride[];
  /** Tenants that are halted or paused. Visible to operators of the installation only. */
  stoppedTenants: StoppedTenant[];
  components: { [key: string]: ComponentHealth };
  version: string;
  /** RFC 3339 time, with its offset. */
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

/** A host: a server of this marketplace with its engines, or a hosting agent elsewhere. */
export interface Host {
  hostId: string;
  name: string;
  kind: "server" | "agent";
  /** Closed hosts get no new instances; silent ones have not been heard of. */
  status: "ready" | "silent" | "closed";
  /** Of the hosting agent. */
  agentId: string | null;
  region: string | null;
  engines: string[];
  /** Engines that cannot be used now, and why. */
  unavailable: { [key: string]: string };
  /** By engine, what holds each limit: cgroup, guard (checked several times a second), affinity (whole cores), rlimit (of each file), none. */
  limits: { [key: string]: { [key: string]: string } };
  resources: Resources;
  instances: number;
  /** RFC 3339 time, with its offset. */
  lastSeen: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
}

/** One page of a list; ``hosts`` are its items. */
export interface HostPage extends Page<Host> {
  hosts: Host[];
}

export interface HostRemoval {
  hostId: string;
  name: string;
  /** Instances that were running there, and are failed now. */
  instancesLost: number;
}

/** What an instance needs of its host: an agent manifest's ``host_requirements``. */
export interface HostRequirements {
  /** Memory reserved for each instance. */
  minMemoryMb?: number | null;
  /** Cores reserved for each instance. */
  minCpuCores?: number | null;
  /** One GPU, reserved for each instance. */
  gpuRequired?: boolean;
  /** Preferred region; see required_region. */
  preferredRegion?: string | null;
  /** Only hosts of this region. */
  requiredRegion?: string | null;
  /** Only this engine. */
  engine?: "process" | "docker" | "kubernetes" | null;
  /** Only the host on which instances of co_location_with run. */
  coLocationRequired?: boolean;
  coLocationWith?: string[];
}

/** One import of a v4 export. */
export interface ImportRun {
  runId: string;
  database: string;
  /** SHA-256 of the file: an import of the same file goes on where it stopped. */
  digest: string;
  status: "running" | "finished" | "rolled_back";
  /** RFC 3339 time, with its offset. */
  startedAt: string;
  finishedAt: string | null;
  /** Rows done of each table. */
  positions: { [key: string]: number };
  /** Of each table: rows created, known from before, skipped. */
  counts: { [key: string]: { [key: string]: number } };
}

/** One page of a list; ``runs`` are its items. */
export interface ImportRunPage extends Page<ImportRun> {
  runs: ImportRun[];
}

/** What became of a batch of rows. */
export interface ImportStep {
  table: string;
  /** Rows of the table that are done. */
  position: number;
  created: number;
  /** Rows that an earlier import, or a call, has brought already. */
  known: number;
  /** Rows with nothing to bring: ended tasks and workflows, metrics. */
  skipped: number;
}

export interface Ingestion {
  sessionId: string;
  /** Number of messages that were new or replaced. */
  stored: number;
  /** Number of messages that the session has. */
  messages: number;
}

/** An instance with its bill. */
export interface Instance {
  instanceId: string;
  agentId: string;
  agentName: string;
  /** The account it belongs to. */
  customerId: string;
  name: string | null;
  status: InstanceStatus;
  desiredStatus: "running" | "paused" | "stopped";
  /** Reason for the status, if it differs from the requested one. */
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
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** Of the present start. */
  startedAt: string | null;
  stoppedAt: string | null;
  healthStatus: HealthStatus;
  resourceUsage: ResourceUsage;
  instanceConfig: { [key: string]: JsonValue };
  /** Address at which its host reaches it. */
  address: string | null;
  healthUrl: string | null;
  coLocatedWith: string | null;
  /** Limits that its engine does not enforce on its host. */
  warnings: string[];
  /** Of the agent's manifest. */
  revision: number;
  /** Version of the agent's price at its creation; 0 for none. */
  priceVersion: number;
  /** Current price: the price at its creation, or a later one whose notice period is over. */
  pricingInfo: PricingInfo | null;
  billingInfo: Bill;
}

/** An instance after a change. ``message`` describes the result or the progress. */
export interface InstanceChange {
  instanceId: string;
  agentId: string;
  agentName: string;
  /** The account it belongs to. */
  customerId: string;
  name: string | null;
  status: InstanceStatus;
  desiredStatus: "running" | "paused" | "stopped";
  /** Reason for the status, if it differs from the requested one. */
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
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** Of the present start. */
  startedAt: string | null;
  stoppedAt: string | null;
  healthStatus: HealthStatus;
  resourceUsage: ResourceUsage;
  instanceConfig: { [key: string]: JsonValue };
  /** Address at which its host reaches it. */
  address: string | null;
  healthUrl: string | null;
  coLocatedWith: string | null;
  /** Limits that its engine does not enforce on its host. */
  warnings: string[];
  /** Of the agent's manifest. */
  revision: number;
  /** Version of the agent's price at its creation; 0 for none. */
  priceVersion: number;
  /** Current price: the price at its creation, or a later one whose notice period is over. */
  pricingInfo: PricingInfo | null;
  billingInfo: Bill;
  message: string;
}

/** Configuration of one instance. */
export interface InstanceConfig {
  /** Maximum memory of all its processes, such as 512M. */
  memoryLimit?: string | null;
  /** Maximum CPU cores, such as 0.5. */
  cpuLimit?: string | null;
  diskLimit?: string | null;
  pidsLimit?: number | null;
  /** Variables of its environment: those that the agent's manifest lists as 'configurable'; any for operators. Stored encrypted, never shown. */
  environment?: { [key: string]: string };
  /** A customer of yours that the instance is for: shown with it, and sent to hosting agents. The account that it belongs to pays. */
  customerId?: string | null;
  restart?: "always" | "on_failure" | "never";
  /** Maximum seconds until it is healthy. */
  startTimeout?: number;
  /** Seconds from SIGTERM to SIGKILL. */
  stopGrace?: number;
  /** How much its own token may commit its account to by assigning tasks that have a price; nothing if left out. In all its life, within the budgets of the account. */
  spendLimit?: number | null;
  /** Currency of spend_limit; the setting billing_currency if left out. */
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

/** Output of an instance. Offsets count bytes from its first start on, across restarts and rotation. */
export interface InstanceLog {
  instanceId: string;
  content: string;
  /** Position of the first returned byte; later than requested if that part is no longer kept. */
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
  /** The account it belongs to. */
  customerId: string;
  name: string | null;
  status: InstanceStatus;
  desiredStatus: "running" | "paused" | "stopped";
  /** Reason for the status, if it differs from the requested one. */
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
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** Of the present start. */
  startedAt: string | null;
  stoppedAt: string | null;
  healthStatus: HealthStatus;
  resourceUsage: ResourceUsage;
}

/** An intervention of a person on an agent. */
export interface Intervention {
  success: true;
  agentId: string;
  action: string;
  /** RFC 3339 time, with its offset. */
  timestamp: string;
  /** Of the message that was sent. */
  messageId: string | null;
  /** Of the override that was placed. */
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
  /** Invoice number, without gaps in the marketplace; null while the invoice is open. */
  number: string | null;
  status: "open" | "closed";
  accountId: string;
  currency: string;
  period: string;
  issuedAt: string | null;
  /** Balance before the invoice; negative if the account owed. */
  openingBalance: number;
  charges: number;
  /** Credit and payments received. */
  credits: number;
  closingBalance: number;
  amountDue: number;
  /** Name and address of who issues it, in lines. */
  issuer: string;
  issuerEmail: string;
  customer: InvoiceCustomer;
  /** When it is to be paid; null while it is open. */
  dueAt: string | null;
  taxName: string;
  /** Percent that the charges include. */
  taxRate: number;
  tax: number;
  /** The charges without the tax. */
  netCharges: number;
  lines: InvoiceLine[];
  /** Of the open invoice: those that the account would get in other currencies. */
  otherCurrencies: InvoiceSummary[];
}

/** Who an invoice is for, as it was when it was issued. */
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

/** One kind of usage of one agent in one month; an earlier month if the entry was too late for its invoice. */
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
  /** Invoice number, without gaps in the marketplace; null while the invoice is open. */
  number: string | null;
  status: "open" | "closed";
  accountId: string;
  currency: string;
  period: string;
  issuedAt: string | null;
  /** Balance before the invoice; negative if the account owed. */
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

/** Whether an upstream item can be used here. */
export const ItemState = {
  ACTIVE: "active",
  QUARANTINED: "quarantined",
  DROPPED: "dropped",
} as const;
/** Whether an upstream item can be used here. */
export type ItemState = (typeof ItemState)[keyof typeof ItemState];

/** Progress of a for_each. */
export interface Items {
  total: number;
  completed: number;
  failed: number;
  running: number;
}

/** Who had a part in a job: who asked for it, allowed what its agent asked, commented on it and reviewed it. */
export interface JobParticipants {
  taskId: string;
  askedBy: string;
  /** RFC 3339 time, with its offset. */
  askedAt: string;
  /** The agent whose worker has, or had, the job. */
  workedBy: string | null;
  /** Answers to what the agent asked, oldest first. */
  allowed: PermissionAnswer[];
  commentedBy: string[];
  /** Decisions about its changes, oldest first. */
  reviewed: ReviewDecision[];
}

/** Secrets of a job, for the environment of its agent. */
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

/** A message as the log shows it. status: where it is, of one sent to a single agent. */
export interface LoggedMessage {
  messageId: string;
  /** RFC 3339 time, with its offset. */
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

/** The session has ended: none of its tokens is accepted any more. */
export interface LoggedOut {
  loggedOut: boolean;
  /** Whether the identity provider ended its session too. */
  providerLoggedOut: boolean;
  /** URL at which a browser ends its session at the provider. */
  logoutUrl: string | null;
}

/** Tokens of the provider: send the access token as a bearer token. */
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
  /** Role names given by the identity provider. */
  roles: string[];
  /** Role in this marketplace: admin, operator, viewer or user. */
  role: string | null;
}

/** The logout was accepted: tokens issued to that session or user until then are rejected. */
export interface LogoutTaken {
  /** User that logged out, if the token names one. */
  userId: string | null;
  /** Whether all sessions of the user have ended, not just one. */
  wholePerson: boolean;
}

export interface Managed {
  resource: string;
  target: string;
  action: string;
  before: JsonValue;
  after: JsonValue;
  /** RFC 3339 time, with its offset. */
  executedAt: string;
}

/** All validation errors of a manifest. */
export interface ManifestReport {
  valid: boolean;
  faults: Fault[];
  agentName: string | null;
  /** Engines that could run it. */
  engines: string[];
}

/** How many messages changed state, and which were not in the inbox. */
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
  /** Number of different capabilities that agents offer. */
  capabilitiesTotal: number;
  messages: MessageStatistics;
  eventsTotal: number;
  servicesTotal: number;
  calls: number;
  errors: number;
  busiestServices: { [key: string]: number };
  /** RFC 3339 time, with its offset. */
  startedAt: string;
  /** RFC 3339 time, with its offset. */
  timestamp: string;
}

/** An agent as a customer sees it. */
export interface MarketplaceAgent {
  agentId: string;
  agentName: string;
  /** Its address in the agent protocol, agent.COMPANY.NAME. */
  alias: string | null;
  description: string;
  capabilities: string[];
  /** Granted service tier, which decides the rate limit. */
  serviceTier: ServiceTier;
  /** Requested at its last registration; an operator may grant it. */
  requestedTier: ServiceTier;
  status: AgentStatus;
  category: string;
  tags: string[];
  visibility: Visibility;
  endpoints: { [key: string]: string };
  metadata: { [key: string]: JsonValue };
  maxConcurrentTasks: number;
  /** What becomes of a task in a context where the same requester's earlier task with the agent is under way: it waits for that one's end or question (enqueue), is rejected, replaces that one, which is cancelled and stays in the conversation (interrupt) or is left out of it (rollback), or is done beside it (concurrent). */
  busy: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  proficiencyLevel: number | null;
  /** RFC 3339 time, with its offset. */
  registeredAt: string;
  /** RFC 3339 time, with its offset. */
  lastActivity: string;
  /** Share of capacity in use, 0 to 1: as last reported, else derived from its tasks. */
  load: number;
  /** Share of the time since registration it was reachable, 0 to 1. */
  availability: number;
  /** Mean of its ratings, 0 to 10; null without any. */
  reputation: number | null;
  ratingCount: number;
  /** Keys for encrypting messages to it; use the first. */
  publicKeys: PublicKey[];
  id: string;
  name: string;
  version: string | null;
  marketplaceInfo: MarketplaceInfo;
}

/** How many there are. ``by_status`` and ``top_capabilities`` describe the whole marketplace. */
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

/** Agents that match, the best first. ``total`` counts the matches among the first 1,000 candidates. */
export interface MatchPage extends Page<MarketplaceAgent> {
  agents: MarketplaceAgent[];
}

/** Somebody in a room. */
export interface MediaParticipant {
  identity: string;
  name: string;
  state: string;
  isPublisher: boolean;
  /** RFC 3339 time, with its offset. */
  joinedAt: string;
}

/** A room. */
export interface MediaRoom {
  roomName: string;
  roomId: string;
  /** How many are in it. */
  participants: number;
  /** How many may be in it; 0: no limit. */
  maxParticipants: number;
  /** Seconds after which it is closed while nobody is in it. */
  emptyTimeout: number;
  metadata: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
}

/** A room with those in it, the first 500. */
export interface MediaRoomDetail {
  roomName: string;
  roomId: string;
  /** How many are in it. */
  participants: number;
  /** How many may be in it; 0: no limit. */
  maxParticipants: number;
  /** Seconds after which it is closed while nobody is in it. */
  emptyTimeout: number;
  metadata: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  members: MediaParticipant[];
}

/** One page of a list; ``rooms`` are its items. */
export interface MediaRoomPage extends Page<MediaRoom> {
  rooms: MediaRoom[];
}

/** A token with which its bearer joins a room. Whoever has it is taken for ``identity``. */
export interface MediaToken {
  accessToken: string;
  /** Address at which LiveKit's clients join, with the token in it. */
  joinUrl: string;
  /** RFC 3339 time, with its offset. */
  expiresAt: string;
  /** Address of the LiveKit server, for clients that take the token apart from it. */
  serverUrl: string;
  /** Name of the room as LiveKit knows it. */
  room: string;
  identity: string;
}

/** A stored value. */
export interface Memory {
  namespace: string;
  key: string;
  value: JsonValue;
  tags: string[];
  /** Grows by one with each change. */
  version: number;
  storedBy: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
  timestamp: string;
  /** Null where the marketplace's message lifetime applies. */
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

/** Messages, newest first. A page may be empty although more pages follow, if few of many messages match. */
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
  /** RFC 3339 time, with its offset. */
  timestamp: string;
  /** Number of recipients; null for a broadcast. */
  recipients: number | null;
  /** Reason for a delay, such as a name not registered yet. */
  warning: string | null;
}

export interface MessageStatistics {
  total: number;
  lastHour: number;
  /** Queued or held, not yet delivered. */
  waiting: number;
}

/** How far the migration is. Offline agents count, retired ones do not. */
export interface MigrationReport {
  migrationSummary: MigrationSummary;
  compatibilityMode: "enabled" | "warn" | "disabled";
  /** When v4 calls end, as announced. */
  sunsetAt: string | null;
  /** No agent is left on v4, and no v4 call came in these days. */
  ready: boolean;
  recommendations: string[];
  /** v4 calls of the last days, the most frequent first. */
  calls: V4CallCount[];
  /** RFC 3339 time, with its offset. */
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

/** Statistics of one minute. Durations are in milliseconds, of the calls; null without any. */
export interface Minute {
  /** RFC 3339 time, with its offset. */
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

/** A call of a model, as an entry of the ledger has it; of a reversal all numbers are negative. */
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
  /** What was charged, reductions deducted. */
  cost: number;
  /** What it comes to without the markup. */
  baseCost: number;
  currency: string;
  /** Whether the tokens were estimated, not counted. */
  isEstimate: boolean;
  /** Seconds until the answer began. */
  timeToFirstToken: number | null;
  /** Seconds until the answer was complete. */
  seconds: number | null;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
}

/** One page of a list; ``calls`` are its items. */
export interface ModelCallPage extends Page<ModelCall> {
  calls: ModelCall[];
}

/** What a model costs: dollars, or the currency that is named, for a million tokens, without the markup. */
export interface ModelPrice {
  /** PROVIDER:MODEL. */
  id: string;
  provider: string;
  model: string;
  currency: string;
  inputCostPerM: number;
  outputCostPerM: number;
  /** That of input where the provider names no other. */
  cacheReadCostPerM: number;
  /** That of input where the provider names no other. */
  cacheWriteCostPerM: number;
  /** That of output where it is null. */
  reasoningCostPerM: number | null;
  /** What is added to them when a call is charged. */
  markupPercent: number;
  /** Numbers of input tokens above which the provider charges other prices. */
  aboveTokens: number[];
  /** Whether it came with the server or was set here. */
  setBy: "package" | "operator";
  /** When the price held (package), or was set (operator). */
  asOf: string;
}

/** One page of a list; ``pricing`` are its items. */
export interface ModelPricePage extends Page<ModelPrice> {
  pricing: ModelPrice[];
  /** Where the prices that came with the server are from, and their day. */
  source: string;
}

/** A provider of language models; its key is never shown. */
export interface ModelProvider {
  name: string;
  /** The protocol that it speaks: openai or anthropic. */
  wire: string;
  baseUrl: string;
  hasKey: boolean;
  updatedBy: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** One page of a list; ``providers`` are its items. */
export interface ModelProviderPage extends Page<ModelProvider> {
  providers: ModelProvider[];
}

export interface ModelProviderRemoval {
  name: string;
}

/** The model to call next, and what is reserved for the call. */
export interface ModelReservation {
  /** PROVIDER:MODEL, one of those that were offered. */
  model: string;
  /** What it may cost at most. */
  reserved: number;
  currency: string;
  /** Whether a limit made it another than the first. */
  isCheaper: boolean;
}

/** What was reserved for a call that failed. */
export interface ModelReservationRelease {
  /** False where nothing was reserved for it any more. */
  isReleased: boolean;
}

/** Tokens that one call of a model took. */
export interface ModelTokens {
  /** All tokens of input, those of a cache included. */
  inputTokens?: number;
  /** All tokens of output, those of reasoning included. */
  outputTokens?: number;
  /** Of the input, read from a cache. */
  cacheReadTokens?: number;
  /** Of the input, written to a cache. */
  cacheWriteTokens?: number;
  /** Of the output, for reasoning. */
  reasoningTokens?: number;
}

/** What calls of one model came to. */
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
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  /** Number of modifications so far. */
  modifications: number;
}

export interface Money {
  currency: string;
  amount: number;
}

/** The marketplace now, and in the last hour. */
export interface MonitorStats {
  agents: number;
  agentsByStatus: { [key: string]: number };
  tasksOpen: number;
  /** Open tasks, and those that ended in the last hour. */
  tasksByStatus: { [key: string]: number };
  /** Tasks that can be claimed. */
  queueDepth: number;
  /** At most 10,000 are counted. */
  messagesLastHour: number;
  /** Held or queued, not delivered yet; at most 10,000 are counted. */
  messagesWaiting: number;
  callsLastHour: number;
  errorsLastHour: number;
  /** Share of calls and reads of the last hour that failed, 0 to 1. */
  errorRate: number;
  /** Median duration of the calls of the last hour, in milliseconds. */
  p50Ms: number | null;
  p95Ms: number | null;
  /** Since midnight UTC; null if the caller may not see it. */
  costToday: Money[] | null;
  /** The last sixty, oldest first; the last one is incomplete. */
  minutes: Minute[];
  /** Live streams that are open. */
  streams: number;
  /** Sequence of the newest event in the log. */
  lastSequence: number;
  /** RFC 3339 time, with its offset. */
  startedAt: string;
  /** RFC 3339 time, with its offset. */
  timestamp: string;
}

/** An agent, and what waits for it. */
export interface MonitoredAgent {
  agentId: string;
  agentName: string;
  /** Its address in the agent protocol, agent.COMPANY.NAME. */
  alias: string | null;
  description: string;
  capabilities: string[];
  /** Granted service tier, which decides the rate limit. */
  serviceTier: ServiceTier;
  /** Requested at its last registration; an operator may grant it. */
  requestedTier: ServiceTier;
  status: AgentStatus;
  category: string;
  tags: string[];
  visibility: Visibility;
  endpoints: { [key: string]: string };
  metadata: { [key: string]: JsonValue };
  maxConcurrentTasks: number;
  /** What becomes of a task in a context where the same requester's earlier task with the agent is under way: it waits for that one's end or question (enqueue), is rejected, replaces that one, which is cancelled and stays in the conversation (interrupt) or is left out of it (rollback), or is done beside it (concurrent). */
  busy: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  proficiencyLevel: number | null;
  /** RFC 3339 time, with its offset. */
  registeredAt: string;
  /** RFC 3339 time, with its offset. */
  lastActivity: string;
  /** Share of capacity in use, 0 to 1: as last reported, else derived from its tasks. */
  load: number;
  /** Share of the time since registration it was reachable, 0 to 1. */
  availability: number;
  /** Mean of its ratings, 0 to 10; null without any. */
  reputation: number | null;
  ratingCount: number;
  /** Keys for encrypting messages to it; use the first. */
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
  /** RFC 3339 time, with its offset. */
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

/** As measured by the server; null before the first execution. */
export interface PerformanceMetrics {
  /** Seconds. */
  averageResponseTime: number | null;
  successRate: number | null;
  /** Of an agent with instances: the share of those that are to run which run and are healthy now. Of any other: the share of the time since registration that it was reachable. 0 to 1. */
  availability: number;
}

/** What a message does. */
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
/** What a message does. */
export type Performative = (typeof Performative)[keyof typeof Performative];

/** What somebody has answered to what the agent asked. */
export interface PermissionAnswer {
  by: string;
  /** RFC 3339 time, with its offset. */
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
  /** Counts from 1; of the versions that have begun the highest is in force. */
  version: number;
  /** RFC 3339 time, with its offset. */
  effectiveFrom: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  createdBy: string;
}

/** One page of a list; ``prices`` are its items. */
export interface PricePage extends Page<Price> {
  prices: Price[];
}

/**
 * What an agent costs. ``price`` is for a request, a minute or an hour, as ``type`` says.
 *
 * Of type hybrid, ``price`` is for running a ``usage_unit``, ``base_price`` is paid once by each instance when it is
 * made, ``task_price`` by each execution. Of type token_based, the prices are for a million tokens.
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

/** How urgent a message or task is. */
export const Priority = {
  LOW: "low",
  NORMAL: "normal",
  HIGH: "high",
  URGENT: "urgent",
} as const;
/** How urgent a message or task is. */
export type Priority = (typeof Priority)[keyof typeof Priority];

/** Progress of the sender. */
export interface Progress {
  state?: string | null;
  progress?: number | null;
  message?: string | null;
}

/** A prompt, filled in. */
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

/** Updates of a task that could not be posted. Later updates wait until delivery is resumed. */
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
  /** RFC 3339 time, with its offset. */
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

/** A call of a model that was charged. */
export interface RecordedModelCall {
  entryId: string;
  cost: number;
  currency: string;
  /** Of the checkpoint that was stored with it. */
  checkpointNumber: number | null;
  /** Where the appended text ends in the task's output; absent if it was not appended. */
  outputSize: number | null;
}

/** Discounts and free quotas in force. */
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
  /** Its address in the agent protocol, agent.COMPANY.NAME. */
  alias: string | null;
  description: string;
  capabilities: string[];
  /** Granted service tier, which decides the rate limit. */
  serviceTier: ServiceTier;
  /** Requested at its last registration; an operator may grant it. */
  requestedTier: ServiceTier;
  status: AgentStatus;
  category: string;
  tags: string[];
  visibility: Visibility;
  endpoints: { [key: string]: string };
  metadata: { [key: string]: JsonValue };
  maxConcurrentTasks: number;
  /** What becomes of a task in a context where the same requester's earlier task with the agent is under way: it waits for that one's end or question (enqueue), is rejected, replaces that one, which is cancelled and stays in the conversation (interrupt) or is left out of it (rollback), or is done beside it (concurrent). */
  busy: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent";
  proficiencyLevel: number | null;
  /** RFC 3339 time, with its offset. */
  registeredAt: string;
  /** RFC 3339 time, with its offset. */
  lastActivity: string;
  /** Share of capacity in use, 0 to 1: as last reported, else derived from its tasks. */
  load: number;
  /** Share of the time since registration it was reachable, 0 to 1. */
  availability: number;
  /** Mean of its ratings, 0 to 10; null without any. */
  reputation: number | null;
  ratingCount: number;
  /** Keys for encrypting messages to it; use the first. */
  publicKeys: PublicKey[];
  /** Names of the operations it may call. */
  availableServices: string[];
  /** The agent's own token. Shown once: keep it. */
  token: string | null;
  /** False where an existing registration was updated. */
  created: boolean;
  /** Number of tasks that waited for this name. */
  pendingTasks: number;
  /** Messages held for this name that now wait in the inbox. */
  pendingMessages: number;
  /** Why no instances of it can be run, though its manifest says how. */
  warning: string | null;
}

/** Credentials of an image registry; stored encrypted, never shown. */
export interface RegistryCredentials {
  username: string;
  password: string;
  registry?: string | null;
}

/** A server. ``server``: its server.json. ``_meta``: what the registry knows of it. */
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
  /** URL as given: of the card or of the agent. */
  url: string;
  /** Protocol binding and version in use. */
  interface: A2AInterface | null;
  /** Its own card, as last fetched. */
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
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
  leaseExpiresAt: string;
  progress: number;
  checkpointNumber: number | null;
}

/** Reply to a message, if there is one. */
export interface Reply {
  /** The answer; the failure 'timeout' if there was none in time; null if none yet. */
  message: AgentMessage | null;
  /** Whether an answer may still come. */
  waiting: boolean;
}

/** One use of an agent, as it reported it. */
export interface ReportedUse {
  usageId: string;
  agentId: string;
  customerId: string | null;
  action: string;
  /** Milliseconds. */
  duration: number;
  /** RFC 3339 time, with its offset. */
  timestamp: string;
  reportedBy: string;
  /** RFC 3339 time, with its offset. */
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

/** Resource usage, as last measured. */
export interface ResourceUsage {
  /** Per cent of one core, since the previous measurement. */
  cpuUsage: number;
  cpuSeconds: number;
  /** Per cent of its limit; 0 without one. */
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
  /** How many accounts have paid for it. */
  customers: number;
}

/** One page of a list; ``revenue`` are its items. */
export interface RevenuePage extends Page<Revenue> {
  revenue: Revenue[];
}

/** What a job has changed on its branch, and what is decided about it. */
export interface Review {
  /** The job that the branch is named after; later jobs of its session change it, too. */
  jobId: string;
  /** The job that has changed it last. */
  taskId: string;
  codebaseId: string;
  contextId: string | null;
  title: string;
  requester: string;
  state: "open" | "changes_requested" | "delivering" | "conflicted" | "merged" | "pushed" | "proposed" | "patched" | "dismissed";
  branch: string;
  /** Branch that it would be merged into. */
  target: string;
  base: string;
  head: string;
  /** Number of times that an agent has handed it over. */
  revision: number;
  files: number;
  additions: number;
  deletions: number;
  /** Paths that conflict with the target. */
  conflicts: string[];
  /** Address of the pull or merge request. */
  pullRequest: string | null;
  /** The task that carries out the approval. */
  deliveryTaskId: string | null;
  /** Why the last approval could not be carried out. */
  error: string | null;
  /** Who decided last. */
  reviewer: string | null;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** A comment on a line. It goes to the agent with the others, once changes are requested. */
export interface ReviewComment {
  commentId: string;
  jobId: string;
  author: string;
  path: string;
  line: number;
  side: "new" | "old";
  code: string;
  text: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** The follow-up that has told the agent; null until then. */
  followUpId: string | null;
}

/** One page of a list; ``comments`` are its items. */
export interface ReviewCommentPage extends Page<ReviewComment> {
  comments: ReviewComment[];
}

/** What somebody has decided about the changes of a job. */
export interface ReviewDecision {
  by: string;
  /** RFC 3339 time, with its offset. */
  at: string;
  /** changes_requested, dismissed, or what was approved: merge, push, pull_request or patch. */
  decision: string;
  /** Commit that was looked at. */
  head: string;
}

/** A changed file, with its unified diff. */
export interface ReviewFile {
  number: number;
  path: string;
  /** A added, M modified, D deleted, T type changed. */
  status: string;
  additions: number;
  deletions: number;
  patch: string;
  /** Whether the diff is too large to be shown whole. */
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
  /** RFC 3339 time, with its offset. */
  revokedAt: string;
}

export interface RollbackStep {
  runId: string;
  /** Things that this step took back. */
  removed: number;
  /** Things left to take back; repeat until 0. */
  remaining: number;
  /** Agents that stay, because they have lived here since. */
  kept: number;
}

/** A part of a message: of kinds such as text, thought, tool, plan and note. */
export interface RuntimeMessagePart {
  partId: string;
  messageId: string;
  role: string;
  type: string;
  content: JsonValue;
  /** RFC 3339 time, with its offset. */
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
  /** Of the worker's machine. */
  path: string;
  workerId: string;
  online: boolean;
  repository: string | null;
}

/** One page of a list; ``projects`` are its items. */
export interface RuntimeProjectPage extends Page<RuntimeProject> {
  projects: RuntimeProject[];
}

/** A session, and the directory it works in. */
export interface RuntimeSession {
  sessionId: string;
  codebaseId: string;
  workerId: string;
  agent: string;
  title: string;
  /** Context of its tasks; null for a session from elsewhere. */
  contextId: string | null;
  /** The last task that worked in it. */
  taskId: string | null;
  messages: number;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  /** Of the worker's machine; it may be outside of every codebase. */
  directory: string;
}

/** One page of a list; ``sessions`` are its items. */
export interface RuntimeSessionPage extends Page<RuntimeSession> {
  sessions: RuntimeSession[];
}

/** Whether a coding agent can be reached, and what is known of its sessions. */
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
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
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

/** Service tier of an agent; it decides its rate limit. */
export const ServiceTier = {
  BASIC: "basic",
  PREMIUM: "premium",
  ENTERPRISE: "enterprise",
} as const;
/** Service tier of an agent; it decides its rate limit. */
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
  /** Context of its tasks; null for a session from elsewhere. */
  contextId: string | null;
  /** The last task that worked in it. */
  taskId: string | null;
  messages: number;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** A message of a session. parts: of kinds such as text, thought, tool, plan and note, as the agent reported them. */
export interface SessionMessage {
  messageId: string;
  /** Orders the messages of a session. */
  number: number;
  role: "user" | "assistant" | "system";
  parts: JsonValue;
  /** RFC 3339 time, with its offset. */
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

/** The session of the monitor has ended on every server: copies of its cookie are refused. */
export interface SignedOut {
  signedOut: boolean;
}

/** A bar of a Gantt chart. */
export interface Span {
  step: string;
  status: StepStatus;
  /** Time at which it became ready. */
  start: string | null;
  /** Time at which it started; null if it waits for approval. */
  begun: string | null;
  end: string | null;
  /** Reason for waiting. */
  awaiting: "approval" | null;
  durationSeconds: number | null;
  agent: string | null;
  taskId: string | null;
  attempts: number;
  /** Of a for_each: index of the item. */
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
 * One step, as its author writes it.
 *
 * A string is a name alone; a pair is a name and an agent. Text in ``payload`` (and the expression of
 * ``for_each``) may refer to what is known by then: ``${steps.extract.result.rows}``, ``${input.date}``, and in
 * each part of a ``for_each`` ``${item}`` and ``${index}``.
 */
export interface Step {
  name: string;
  /** Id or name of the agent that executes it. */
  agent?: string | null;
  /** Capability that the agent must have; the least loaded such agent gets the step. */
  capability?: string[];
  /** Type of its task; the step's name if left out. */
  taskType?: string | null;
  payload?: { [key: string]: JsonValue };
  /** Steps that must complete first; if no step has any, the steps run in order. */
  dependsOn?: string[] | null;
  /** CEL condition; if false, the step is skipped. */
  when?: string | null;
  /** Maximum retries after a failed attempt. */
  retries?: number;
  retryBackoff?: number;
  /** Seconds an attempt may take. */
  timeout?: number | null;
  onFailure?: "fail" | "continue" | "compensate";
  /** With on_failure 'compensate': the compensating step; it only runs then. */
  compensate?: string | null;
  /** Run once for each item of a list, or of the list that an expression returns. */
  forEach?: JsonValue[] | string | null;
  /** Of a for_each: maximum number of concurrent items. */
  maxParallel?: number | null;
  /** The step waits for a person's approval; it has no task. */
  approval?: boolean;
  /** Text shown to the approver. */
  message?: string | null;
  /** Steps of a nested workflow, which this step runs; its input is the payload. */
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
  /** Of a step that runs a workflow: that workflow. */
  workflowId: string | null;
  /** Whether it only compensates for a failed step. */
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
  /** RFC 3339 time, with its offset. */
  since: string;
  expiresAt: string | null;
}

/** A halt or pause of a tenant's whole marketplace. */
export interface StoppedTenant {
  action: OverrideAction;
  /** Who made it. */
  by: string;
  /** RFC 3339 time, with its offset. */
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
  /** URL to read it, over WebSocket or SSE. */
  streamUrl: string;
}

export interface Synchronisation {
  codebaseId: string;
  /** Number of sessions that were stored. */
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
  /** As it was assigned. */
  assignee: string | null;
  /** Id of the assignee. */
  assignedAgent: string | null;
  worker: string | null;
  createdBy: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
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
  /** Number of unfinished tasks in 'depends_on', and before it in its context. */
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
  /** RFC 3339 time, with its offset. */
  time: string;
  actor: string;
  status: TaskStatus | null;
  progress: number | null;
  /** Output, note, comment or reason. */
  content: string | null;
  /** Of output: its start, in characters. */
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
  /** Estimate from earlier tasks of the type; null without any. */
  estimatedCompletion: string | null;
  assignedAgent: string | null;
  /** Reason for a delay, such as a name not registered yet. */
  warning: string | null;
}

/** Task statistics. */
export interface TaskStatistics {
  total: number;
  byStatus: { [key: string]: number };
  /** Of the tasks that wait. */
  byPriority: { [key: string]: number };
  /** Tasks that can be claimed now. */
  waiting: number;
  /** RFC 3339 time, with its offset. */
  since: string;
  created: number;
  completed: number;
  failed: number;
  throughputPerMinute: number;
  waitSeconds: DurationSummary;
  runSeconds: DurationSummary;
  /** Whether the durations are of the newest 10,000 only. */
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
  /** What it may do: what the task's creator allowed, and holds. */
  scopes: string[];
  /** It ends with the lease, which ``renew`` extends, and with the task. */
  leaseExpiresAt: string;
  /** The credential. */
  token: string | null;
}

/** The change is stored. */
export interface TaskUpdate {
  success: boolean;
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  createdBy: string;
  /** RFC 3339 time, with its offset. */
  statusSince: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** agents: registered agents without the built-in ones. instances: those that have not ended. Both are visible to the operator only. */
export interface TenantDetails {
  tenantId: string;
  name: string;
  status: "active" | "suspended" | "deleting";
  reason: string;
  metadata: { [key: string]: JsonValue };
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  createdBy: string;
  /** RFC 3339 time, with its offset. */
  statusSince: string;
  /** RFC 3339 time, with its offset. */
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
  /** The account it belongs to. */
  customerId: string;
  name: string | null;
  status: InstanceStatus;
  desiredStatus: "running" | "paused" | "stopped";
  /** Reason for the status, if it differs from the requested one. */
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
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** Of the present start. */
  startedAt: string | null;
  stoppedAt: string | null;
  healthStatus: HealthStatus;
  resourceUsage: ResourceUsage;
  instanceConfig: { [key: string]: JsonValue };
  /** Address at which its host reaches it. */
  address: string | null;
  healthUrl: string | null;
  coLocatedWith: string | null;
  /** Limits that its engine does not enforce on its host. */
  warnings: string[];
  /** Of the agent's manifest. */
  revision: number;
  /** Version of the agent's price at its creation; 0 for none. */
  priceVersion: number;
  /** Current price: the price at its creation, or a later one whose notice period is over. */
  pricingInfo: PricingInfo | null;
  billingInfo: Bill;
  message: string;
}

export interface Timeline {
  workflowId: string;
  status: WorkflowStatus;
  /** RFC 3339 time, with its offset. */
  start: string;
  end: string | null;
  durationSeconds: number;
  spans: Span[];
  /** Whether items of a for_each were left out. */
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
  /** RFC 3339 time, with its offset. */
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

/** Calls of models in a month, of one account or of all, in one currency. */
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

/** Tokens that the work on a task has taken of one model, as its worker reported in totals. */
export interface TokenUsage {
  taskId: string;
  /** As its worker names it; empty if it does not say. */
  model: string;
  /** The agent that worked on it. */
  agentId: string;
  /** The account that pays for the task. */
  accountId: string;
  inputTokens: number;
  outputTokens: number;
  /** What the model's provider charges, if the worker knows. */
  providerCost: number | null;
  currency: string | null;
  /** Whether the numbers may be too low, as with most coding agents. */
  isEstimate: boolean;
  /** Whether all of it is in the ledger; not while the model has no price. */
  isCharged: boolean;
  /** RFC 3339 time, with its offset. */
  reportedAt: string;
}

/** One page of a list; ``tokens`` are its items. */
export interface TokenUsagePage extends Page<TokenUsage> {
  tokens: TokenUsage[];
}

/**
 * What came of a call of a tool.
 *
 * ``refused`` and ``failed`` had no effect. ``unknown`` may have had one. ``pending`` is still under way: repeat the call.
 * ``approval_required`` waits for the answer of a person.
 */
export interface ToolOutcome {
  status: "done" | "refused" | "failed" | "unknown" | "pending" | "approval_required";
  content: JsonValue;
  error: string | null;
  /** The task that was made for another agent; its result follows. */
  taskId: string | null;
}

/** Result of a tool, unchanged. ``is_error``: the tool itself says that it failed. */
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

/** A part of a session as a document, from the beginning on; next_cursor leads to the next one. */
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

/** A message in which the words stand. */
export interface TranscriptMatch {
  codebaseId: string;
  sessionId: string;
  title: string;
  messageId: string;
  /** Of the message in its session. */
  number: number;
  role: string;
  /** Text around the first of the words. */
  excerpt: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
}

/** One page of a list; ``matches`` are its items. */
export interface TranscriptMatchPage extends Page<TranscriptMatch> {
  matches: TranscriptMatch[];
}

/** A turn that has ended: a checkpoint of its session and of its worktree. */
export interface Turn {
  jobId: string;
  number: number;
  taskId: string;
  codebaseId: string;
  sessionId: string;
  /** Beginning of what the agent was told. */
  prompt: string;
  /** Commit that holds the files; empty without git. */
  commit: string;
  /** Number of messages that the session had. */
  messages: number;
  /** Number of files that differed from where the job began. */
  files: number;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
}

/** One page of a list; ``turns`` are its items. */
export interface TurnPage extends Page<Turn> {
  turns: Turn[];
}

/** What rewinding to a turn would do. Nothing is lost: the files as they are become a checkpoint first. */
export interface TurnPreview {
  jobId: string;
  number: number;
  /** Number of turns that would be taken back. */
  turns: number;
  /** Number of messages that the agent would not know of. */
  messages: number;
  /** Files that would change, at most 1,000. */
  files: FileChange[];
}

export interface Unregistration {
  workerId: string;
  /** Number of requeued tasks. */
  released: number;
}

/** An MCP server whose tools are offered here. Credentials are never shown. */
export interface Upstream {
  upstreamId: string;
  name: string;
  description: string;
  transport: "http" | "stdio";
  url: string | null;
  command: string[];
  hasCredentials: boolean;
  /** Whose access token is sent. */
  oauth: "none" | "shared" | "user" | "machine";
  /** Whether there is one: the caller's own with user, the shared one otherwise. */
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
  /** Changed items that wait for acceptance. */
  quarantined: number;
  /** Items that cannot be offered; each has its reason. */
  dropped: number;
  listedAt: string | null;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** An authorization at an upstream. authorized: it is in force; otherwise a person visits the URL. */
export interface UpstreamAuthorization {
  upstream: string;
  /** Whether it is the one that callers share. */
  shared: boolean;
  authorized: boolean;
  /** Where a person grants it, in a browser that is signed in here. */
  url: string | null;
  /** What was asked for, or granted. */
  scope: string;
  /** When the URL, or the granted token, ends. */
  expiresAt: string | null;
}

/** What a person may mean by the first letters of an argument. */
export interface UpstreamCompletion {
  upstream: string;
  values: string[];
  /** How many there are, if the upstream says so. */
  total: number | null;
  hasMore: boolean;
}

/** The end of an authorization. revoked: whether the authorization server has ended it, too. */
export interface UpstreamDeauthorization {
  upstream: string;
  shared: boolean;
  revoked: boolean;
}

/** An upstream with its items, in pages if there are many. */
export interface UpstreamDetail {
  upstreamId: string;
  name: string;
  description: string;
  transport: "http" | "stdio";
  url: string | null;
  command: string[];
  hasCredentials: boolean;
  /** Whose access token is sent. */
  oauth: "none" | "shared" | "user" | "machine";
  /** Whether there is one: the caller's own with user, the shared one otherwise. */
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
  /** Changed items that wait for acceptance. */
  quarantined: number;
  /** Items that cannot be offered; each has its reason. */
  dropped: number;
  listedAt: string | null;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
  items: UpstreamItem[];
  hasMore: boolean;
  /** Cursor of the items after these. */
  nextCursor: string | null;
}

/** A tool, resource, resource template or prompt of an upstream. */
export interface UpstreamItem {
  kind: ItemKind;
  /** Name of a tool or prompt, URI of a resource. */
  name: string;
  /** Name of a tool in the catalogue. */
  service: string | null;
  description: string;
  state: ItemState;
  /** Reason why it is quarantined or dropped. */
  reason: string | null;
  /** SHA-256 of the definition. */
  hash: string;
  /** As offered by the upstream. */
  definition: { [key: string]: JsonValue };
  /** The definition accepted before it changed. */
  accepted: { [key: string]: JsonValue } | null;
  /** RFC 3339 time, with its offset. */
  firstSeen: string;
  /** RFC 3339 time, with its offset. */
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

/** What calls of models came to. The amounts are in the currency of the summary. */
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
  /** Name at the identity provider at the last login. */
  roles: string[];
  /** Role here: admin, operator, viewer or user. */
  role: string | null;
  /** Whether the role was set here, not by the identity provider. */
  roleGivenHere: boolean;
  /** Maximum number of open tasks; null: the setting user_concurrency. */
  concurrencyLimit: number | null;
  /** Maximum number of coding jobs in a day (UTC); null: the setting user_daily_jobs. */
  dailyJobLimit: number | null;
  /** Number of open tasks; not in lists. */
  openTasks: number | null;
  /** Number of coding jobs asked for since 00:00 UTC; not in lists. */
  jobsToday: number | null;
  disabled: boolean;
  /** RFC 3339 time, with its offset. */
  firstSeen: string;
  /** RFC 3339 time, with its offset. */
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

/** Answer to a reducer call, in the form of v4: only the fields that apply are sent. */
export interface V4Answer {
  success: boolean;
  message: string | null;
  /** The agent's id in this marketplace. */
  agentId: string | null;
  messageId: string | null;
  taskId: string | null;
  /** Names the task in update_task_progress. */
  assignmentId: string | null;
  workflowId: string | null;
  status: string | null;
  /** Percent. */
  progress: number | null;
  timestamp: string | null;
  recipients: number | null;
  warning: string | null;
  /** That v4 calls are about to end, while warnings are enabled. */
  notice: string | null;
}

/** v4 calls of one agent by one reducer. */
export interface V4CallCount {
  /** As the call named it; empty for a call without a sender. */
  agent: string;
  reducer: string;
  calls: number;
  /** RFC 3339 time, with its offset. */
  lastCall: string;
}

/** Rows of a v4 table, made of what is stored here. */
export interface V4Rows {
  columns: string[];
  rows: JsonValue[][];
}

/** A set of tools with a URL of its own. */
export interface VirtualServer {
  name: string;
  /** Path of its MCP endpoint on this server. */
  url: string;
  description: string;
  instructions: string;
  tools: string[];
  createdBy: string;
  /** RFC 3339 time, with its offset. */
  createdAt: string;
  /** RFC 3339 time, with its offset. */
  updatedAt: string;
}

/** A key that is good for one virtual server. Revoke it with agora.token.revoke. */
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
  /** Keys of the server, which are revoked with it. */
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

/** Whether a codebase's worker takes queued work by itself. */
export interface Watch {
  codebaseId: string;
  /** off: queued jobs are held; what is triggered or resumed runs. */
  watching: boolean;
  /** Seconds: the longest until queued work is looked for; workers are told at once. */
  interval: number;
  /** Number of jobs that wait for it. */
  queued: number;
  /** Queued jobs are held while as many reviews are open; 0: no limit. */
  reviewLimit: number;
  /** Number of its reviews that wait for somebody to decide. */
  openReviews: number;
  /** Whether queued jobs are held: it is not watched, or the limit of open reviews is reached. */
  held: boolean;
}

export interface Withdrawal {
  agentId: string;
  /** Instances that still run; they continue. */
  instances: number;
}

/** A worker; it belongs to the agent (or the operator) that registered it. */
export interface Worker {
  workerId: string;
  workerName: string;
  owner: string;
  capabilities: string[];
  models: string[];
  metadata: { [key: string]: JsonValue };
  /** RFC 3339 time, with its offset. */
  registeredAt: string;
  /** RFC 3339 time, with its offset. */
  lastSeen: string;
  activeTasks: number;
  /** online: seen within 90 seconds; draining: so, and taking no more tasks; stale: seen within 10 minutes. A worker is seen by its claims and heartbeats. */
  status: "online" | "draining" | "stale" | "offline";
  /** Account that its model provider bills: an opaque name. */
  providerAccount: string | null;
  /** Seconds to limited_until when this was answered: of use where clocks differ. */
  limitSeconds: number | null;
  /** When the usage limit of that account is lifted, as one of its workers has reported. */
  limitedUntil: string | null;
  /** Of the worker's program, as it has reported. */
  version: string | null;
  /** Version of the server, if ``agora worker`` runs there in another one: upgrade it, and drain the worker. */
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
  /** Number of the first step not done yet, from 1; of the last when all are. */
  currentStep: number;
  /** Names of the current steps. */
  currentSteps: string[];
  totalSteps: number;
  progress: number;
  steps: StepState[];
  agents: AgentShare[];
  assignedAgents: string[];
  createdBy: string;
  /** RFC 3339 time, with its offset. */
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
  /** RFC 3339 time, with its offset. */
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

/** A directory of a job. bytes: what its files have in all, those of .git excepted. */
export interface Worktree {
  jobId: string;
  bytes: number;
  /** RFC 3339 time, with its offset. */
  lastUsedAt: string;
  /** removable: nothing is lost with it. recent: so, but younger and smaller than the worker's limits. in_use: a job works there. uncommitted: it has changes or new files. unmerged: its branch has commits that no other branch has. stashed: changes of its branch are stashed. unknown: git could not say. */
  verdict: "removable" | "recent" | "in_use" | "uncommitted" | "unmerged" | "stashed" | "unknown";
}
