// Written by scripts/sdks.py from sdk/contract.json: change the contract, then run `make reference sdks`.

import type { EventStream } from "../event-stream.ts";
import type { JsonValue } from "../json.ts";
import type { CallOptions } from "../options.ts";
import type { A2AAuthentication, A2ACard, A2ACatalogue, A2AMessage, A2APushConfig, A2APushConfigs, A2APushDeletion, A2ASendResult, A2AState, A2ATask, A2ATaskList, A2AUpdate, Acceptance, Accepted, Agent, AgentHeartbeat, AgentMessage, AgentPage, AgentSpecification, AgentStatus, AgentStatusReport, AgentTools, AppAgent, AppChange, AppDetails, AppPage, AppPrice, AppRemoval, AppWorkflow, AppliedAgent, AttemptGroup, AttemptGroupPage, AuditPage, AuthConfiguration, AvailableModelPage, Backup, BackupPage, Balances, BillingModel, BillingProfile, Budget, BudgetCheck, BudgetPage, BusAck, BusBatch, BusHealth, BusMembership, BusPending, BusPriority, BusReceipt, BusStats, BusType, CardChange, ChatAnswer, Claim, Closing, CoLocation, Codebase, CodebaseCredential, CodebasePage, CodebaseStatus, ConversationDetail, ConversationPage, Cost, Coupon, CouponPage, CreatedTenant, CreatedToken, Dashboard, DeadLetter, DeadLetterDetail, DeadLetterPage, DeadLetterState, DeclaredAgent, DeclaredAgentPage, DeclaredAgentRemoval, DeclaredAgentVersionPage, DeletedTenant, DeliveryState, DeployableAgent, DeployablePage, Deregistration, Discount, DiskUse, EndedJobs, Entry, EntryKind, EntryPage, Event, EventPage, EventReceipt, ExecutionPage, ExecutionResult, FollowUp, FollowUpPage, FollowUpTaken, FollowUpsWoken, Forgotten, ForgottenSession, FoundAgentPage, FoundMemories, FreeQuota, Health, Host, HostPage, HostRemoval, HostRequirements, ImportRun, ImportRunPage, ImportStep, Ingestion, Instance, InstanceChange, InstanceConfig, InstanceDashboard, InstanceLog, InstancePage, InstanceStatus, Intervention, Invoice, InvoiceDocument, InvoicePage, ItemKind, ItemState, JobParticipants, JobSecrets, Lifecycle, LoggedMessage, LoggedOut, Login, LogoutTaken, Managed, ManifestReport, Marked, Marketplace, MarketplaceCount, MarketplacePage, MatchPage, MediaRoom, MediaRoomDetail, MediaRoomPage, MediaToken, Memory, MemoryPage, MessageCount, MessageLog, MessagePage, MessageReceipt, MessageType, MigrationReport, ModelCall, ModelCallPage, ModelPrice, ModelPricePage, ModelProvider, ModelProviderPage, ModelProviderRemoval, ModelReservation, ModelReservationRelease, ModelTokens, Modification, MonitorStats, MonitoredAgentPage, OverrideAction, OverrideReceipt, Part, PendingPage, Price, PricePage, PricingType, Priority, PromptResult, PublicKey, PushDeadLetters, PushRetry, Rating, RecordedModelCall, Reductions, RegisteredDeployable, Registration, RegistryCredentials, RegistryEntry, RegistryPage, RemoteAgent, RemoteAgentPage, RemoteRemoval, RemovedCodebase, RemovedComment, RemovedFollowUp, RemovedPrice, Renewal, Reply, ReportedUsePage, ResourceResult, RevenuePage, Review, ReviewComment, ReviewCommentPage, ReviewFilePage, ReviewPage, RevokedToken, RollbackStep, RuntimeMessagePartPage, RuntimeProjectPage, RuntimeSession, RuntimeSessionPage, RuntimeStatus, Scaling, SearchResults, ServicePage, ServiceSchema, ServiceTier, Session, SessionMessagePage, SessionPage, SignedOut, SpendingLimit, Step, SubscriptionReceipt, Synchronisation, Task, TaskEntry, TaskEntryPage, TaskOutput, TaskPage, TaskReceipt, TaskStatistics, TaskStatus, TaskToken, TaskUpdate, Tenant, TenantDetails, TenantKey, TenantPage, Termination, Timeline, TokenCredits, TokenPage, TokenSummary, TokenUsage, TokenUsagePage, ToolOutcome, ToolResult, TranscriptExport, TranscriptMatchPage, Turn, TurnPage, TurnPreview, Unregistration, Upstream, UpstreamAuthorization, UpstreamCompletion, UpstreamDeauthorization, UpstreamDetail, UpstreamPage, UpstreamRemoval, UsageRecord, User, UserInfo, UserPage, V4Answer, V4Rows, VirtualServer, VirtualServerKey, VirtualServerPage, VirtualServerRemoval, Visibility, Watch, Withdrawal, Worker, WorkerPage, Workflow, WorkflowDiagram, WorkflowPage, WorkflowReceipt, WorkflowStatus } from "./types.ts";

/** Arguments of ``agora.messaging.send``. */
export interface MessagingSendArguments {
  /** Agent id or name, a list of them, 'broadcast' for everyone, or 'capability:NAME' for every agent that has it. */
  toAgent: string | string[];
  /** The message, as text. */
  content: string;
  messageType?: MessageType | undefined;
  priority?: Priority | undefined;
  /** Agent id, name or dotted alias. */
  fromAgent?: string | null | undefined;
  /** Groups messages of one exchange. */
  correlationId?: string | null | undefined;
  replyTo?: string | null | undefined;
  /** Seconds after which an unread message expires; the server's default if left out. */
  expiresIn?: number | null | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.messaging.send_legacy``. */
export interface MessagingSendLegacyArguments {
  /** Agent id, name or dotted alias. */
  toAgent: string;
  /** The message, as text. */
  content: string;
}

/** Arguments of ``agora.messaging.receive``. */
export interface MessagingReceiveArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  since?: string | null | undefined;
  messageType?: string | null | undefined;
  priority?: Priority | null | undefined;
  unread?: boolean | null | undefined;
  status?: DeliveryState | null | undefined;
  /** Agent id, name or dotted alias. */
  fromAgent?: string | null | undefined;
  /** Groups messages of one exchange. */
  correlationId?: string | null | undefined;
  replyTo?: string | null | undefined;
  /** Seconds to wait for a first message when there is none. */
  wait?: number | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** How many items to skip; a cursor can continue from any position, and is cheaper. */
  offset?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.messaging.mark``. */
export interface MessagingMarkArguments {
  messageIds: string[];
  status?: DeliveryState | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.messaging.subscribe``. */
export interface MessagingSubscribeArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  eventTypes?: string[] | undefined;
}

/** Arguments of ``agora.event.publish``. */
export interface EventPublishArguments {
  eventType: string;
  data?: JsonValue | undefined;
  subject?: string | null | undefined;
  /** Only these agents see it; everyone if empty. */
  to?: string[] | undefined;
}

/** Arguments of ``agora.event.list``. */
export interface EventListArguments {
  /** Event types or patterns; all if empty. */
  types?: string[] | undefined;
  /** Agent id, name or dotted alias. */
  agent?: string | null | undefined;
  subject?: string | null | undefined;
  /** Only events after this sequence number. */
  after?: number | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.event.subscribe``. */
export interface EventSubscribeArguments {
  /** Event types or patterns; all if empty. */
  types?: string[] | undefined;
  /** Agent id, name or dotted alias. */
  agent?: string | null | undefined;
  subject?: string | null | undefined;
}

/** Arguments of ``agora.event.stream``. */
export interface EventStreamArguments {
  /** Event types or patterns; all if empty. */
  types?: string[] | undefined;
  /** Agent id, name or dotted alias. */
  agent?: string | null | undefined;
  subject?: string | null | undefined;
  subscriptionId?: string | null | undefined;
  /** Resume after this event: its id (evt_...) or its sequence number. */
  lastEventId?: string | null | undefined;
}

/** Arguments of ``agora.task.assign``. */
export interface TaskAssignArguments {
  taskType: string;
  payload?: { [key: string]: JsonValue } | undefined;
  /** Agent id or name, 'capability:NAME' for any agent that has it, 'worker:ID' for one worker (unless an agent has that very name); left out, the task waits for anyone that fits. A name not registered yet keeps it waiting for that name. */
  assignee?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  deadline?: string | null | undefined;
  priority?: Priority | undefined;
  requiredCapabilities?: string[] | undefined;
  requiredModel?: string | null | undefined;
  dependsOn?: string[] | undefined;
  parentId?: string | null | undefined;
  maxAttempts?: number | undefined;
  /** Seconds before the second attempt; doubled for each further one. */
  retryBackoff?: number | undefined;
  /** Seconds an attempt may take; no bound if left out. */
  timeout?: number | null | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
  /** Groups the tasks of one conversation; without it, each task is a separate conversation. */
  contextId?: string | null | undefined;
}

/** Arguments of ``agora.task.update``. */
export interface TaskUpdateArguments {
  taskId: string;
  status?: TaskStatus | null | undefined;
  /** Per cent done. */
  progress?: number | null | undefined;
  /** Notes for people. */
  notes?: string | null | undefined;
  milestone?: string | null | undefined;
  result?: JsonValue | undefined;
  /** The claim's fencing token. With it, a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
}

/** Arguments of ``agora.task.list``. */
export interface TaskListArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  status?: TaskStatus | TaskStatus[] | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** How many items to skip; a cursor can continue from any position, and is cheaper. */
  offset?: number | undefined;
  taskType?: string | null | undefined;
  priority?: Priority | null | undefined;
  workflowId?: string | null | undefined;
  parentId?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  createdBy?: string | null | undefined;
  /** Worker id or name. */
  workerId?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  since?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  until?: string | null | undefined;
  sort?: "created" | "priority" | "deadline" | undefined;
  descending?: boolean | undefined;
  /** Groups the tasks of one conversation; without it, each task is a separate conversation. */
  contextId?: string | null | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.task.stuck``. */
export interface TaskStuckArguments {
  /** Seconds in which nothing has happened to the task. */
  idleSeconds?: number | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.task.get``. */
export interface TaskGetArguments {
  taskId: string;
}

/** Arguments of ``agora.task.history``. */
export interface TaskHistoryArguments {
  taskId: string;
  /** Only entries of these types; any of them. */
  types?: ("status" | "progress" | "milestone" | "note" | "comment" | "checkpoint" | "output" | "message" | "artifact" | "done")[] | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.task.claim``. */
export interface TaskClaimArguments {
  /** Most tasks to take at once. */
  limit?: number | undefined;
  /** Seconds to wait for a task when there is none. */
  wait?: number | undefined;
  /** Only these types; any if empty. */
  taskTypes?: string[] | undefined;
  /** Only tasks for these of your own capabilities. */
  capabilities?: string[] | null | undefined;
  /** Models that can be run. */
  models?: string[] | undefined;
  /** Worker id or name. */
  worker?: string | null | undefined;
  /** Seconds until the lease expires unless renewed. */
  leaseSeconds?: number | undefined;
  /** Whether to take tasks for anyone too, which name nobody and require nothing. */
  unassigned?: boolean | undefined;
  /** Only this task; refused (409) if it cannot be claimed any more. */
  taskId?: string | null | undefined;
}

/** Arguments of ``agora.task.renew``. */
export interface TaskRenewArguments {
  taskId: string;
  fencingToken: number;
  /** Seconds until the lease expires unless renewed. */
  leaseSeconds?: number | null | undefined;
  /** Per cent done. */
  progress?: number | null | undefined;
  /** Checkpoint, for the agent that continues the work. */
  checkpoint?: { [key: string]: JsonValue } | null | undefined;
  /** Grows with each checkpoint; a smaller one is refused. */
  checkpointNumber?: number | null | undefined;
}

/** Arguments of ``agora.task.release``. */
export interface TaskReleaseArguments {
  taskId: string;
  fencingToken: number;
  /** Notes for people. */
  reason?: string | null | undefined;
  /** Checkpoint, for the agent that continues the work. */
  checkpoint?: { [key: string]: JsonValue } | null | undefined;
  /** Seconds before it can be claimed again. */
  delay?: number | undefined;
}

/** Arguments of ``agora.task.issue_token``. */
export interface TaskIssueTokenArguments {
  taskId: string;
  fencingToken: number;
}

/** Arguments of ``agora.task.report_usage``. */
export interface TaskReportUsageArguments {
  taskId: string;
  fencingToken: number;
  /** Tokens, in all attempts so far. */
  inputTokens: number;
  /** Tokens, in all attempts so far. */
  outputTokens: number;
  /** Model that took them; empty if it is not known. */
  model?: string | undefined;
  /** What the model's provider charges, if that is known. */
  providerCost?: number | null | undefined;
  /** Currency of provider_cost, such as USD. */
  currency?: string | null | undefined;
  /** Whether the numbers may be too low. */
  isEstimate?: boolean | undefined;
}

/** Arguments of ``agora.task.complete``. */
export interface TaskCompleteArguments {
  taskId: string;
  result?: JsonValue | undefined;
  /** Notes for people. */
  notes?: string | null | undefined;
  /** The claim's fencing token. With it, a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
}

/** Arguments of ``agora.task.fail``. */
export interface TaskFailArguments {
  taskId: string;
  error: string;
  /** Whether another attempt may help. */
  retry?: boolean | undefined;
  /** The claim's fencing token. With it, a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
}

/** Arguments of ``agora.task.cancel``. */
export interface TaskCancelArguments {
  taskId: string;
  /** Notes for people. */
  reason?: string | null | undefined;
}

/** Arguments of ``agora.task.requeue``. */
export interface TaskRequeueArguments {
  taskId: string;
  /** Notes for people. */
  reason?: string | null | undefined;
}

/** Arguments of ``agora.task.retry``. */
export interface TaskRetryArguments {
  taskId: string;
  /** Agent id or name, 'capability:NAME' for any agent that has it, 'worker:ID' for one worker (unless an agent has that very name); left out, the task waits for anyone that fits. A name not registered yet keeps it waiting for that name. */
  assignee?: string | null | undefined;
}

/** Arguments of ``agora.task.reassign``. */
export interface TaskReassignArguments {
  taskId: string;
  /** Agent id or name, 'capability:NAME' for any agent that has it, 'worker:ID' for one worker (unless an agent has that very name); left out, the task waits for anyone that fits. A name not registered yet keeps it waiting for that name. */
  assignee: string | null;
  /** Notes for people. */
  reason?: string | null | undefined;
}

/** Arguments of ``agora.task.prioritize``. */
export interface TaskPrioritizeArguments {
  taskId: string;
  priority: Priority;
}

/** Arguments of ``agora.task.comment``. */
export interface TaskCommentArguments {
  taskId: string;
  text: string;
}

/** Arguments of ``agora.task.message``. */
export interface TaskMessageArguments {
  taskId: string;
  text?: string | null | undefined;
  /** The message in parts, if it is not a single text. */
  parts?: Part[] | undefined;
  /** Set by the assignee: the task waits until the message is answered. With 'completed' the message is the task's answer and its end: it becomes the result, and an A2A client that waits gets a Message. */
  status?: "input_required" | "auth_required" | "completed" | null | undefined;
  messageId?: string | null | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
  /** URIs of extensions. */
  extensions?: string[] | undefined;
  /** Id of the assignee's message that this answers. If that question is not open any more, because somebody else has answered it, the message is refused (409) and not sent. */
  answers?: string | null | undefined;
  /** The claim's fencing token. With it, a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
  /** With a question: the lease goes on while it is open, and the answer returns the task to its holder, who waits for it. If the lease runs out, the question is withdrawn. */
  keepLease?: boolean | undefined;
}

/** Arguments of ``agora.task.artifact``. */
export interface TaskArtifactArguments {
  taskId: string;
  text?: string | null | undefined;
  /** The message in parts, if it is not a single text. */
  parts?: Part[] | undefined;
  /** Made if left out; needed to append to it. */
  artifactId?: string | null | undefined;
  name?: string | null | undefined;
  description?: string | null | undefined;
  /** Append to the artifact with this id; otherwise replace it. */
  append?: boolean | undefined;
  /** Whether it is complete. */
  last?: boolean | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
  /** URIs of extensions. */
  extensions?: string[] | undefined;
  /** The claim's fencing token. With it, a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
}

/** Arguments of ``agora.task.append``. */
export interface TaskAppendArguments {
  taskId: string;
  content: string;
  /** Offset of the chunk; refused if the output does not end there. */
  offset?: number | null | undefined;
  /** The claim's fencing token. With it, a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
}

/** Arguments of ``agora.task.output``. */
export interface TaskOutputArguments {
  taskId: string;
  /** Start position, in characters. */
  offset?: number | undefined;
  /** Most characters. */
  limit?: number | undefined;
}

/** Arguments of ``agora.task.stream``. */
export interface TaskStreamArguments {
  taskId: string;
  /** Resume after this event: its id (evt_...) or its sequence number. */
  lastEventId?: string | null | undefined;
}

/** Arguments of ``agora.task.statistics``. */
export interface TaskStatisticsArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  taskType?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  since?: string | null | undefined;
}

/** Arguments of ``agora.billing.prices``. */
export interface BillingPricesArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** Every version, the newest first, instead of the one in force. */
  history?: boolean | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.set_price``. */
export interface BillingSetPriceArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  type: PricingType;
  price?: number | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
  basePrice?: number | undefined;
  taskPrice?: number | undefined;
  /** Of hybrid: the time unit of the price; an hour if left out. */
  usageUnit?: "minute" | "hour" | null | undefined;
  /** Of token_based: for a million tokens in. */
  inputPrice?: number | undefined;
  /** Of token_based: for a million tokens out. */
  outputPrice?: number | undefined;
  /** Start of validity, up to a year ahead; now if left out. */
  effectiveFrom?: string | null | undefined;
}

/** Arguments of ``agora.billing.record``. */
export interface BillingRecordArguments {
  /** Unique key of this usage: repeating the call with it has no further effect. */
  usageKey: string;
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account: string;
  /** Agent id, name or dotted alias. */
  agentId: string;
  /** Executions. */
  requests?: number | undefined;
  /** Measured running time. */
  seconds?: number | undefined;
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  instanceId?: string | null | undefined;
  /** Time of the usage; now if left out. The price in force at that time applies. */
  at?: string | null | undefined;
  description?: string | null | undefined;
}

/** Arguments of ``agora.billing.reverse``. */
export interface BillingReverseArguments {
  /** Id of a ledger entry. */
  entryId: string;
  reason: string;
}

/** Arguments of ``agora.billing.usage``. */
export interface BillingUsageArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  instanceId?: string | null | undefined;
  /** What a task was charged for, and its reversal. */
  taskId?: string | null | undefined;
  /** What the tasks of a workflow were charged for, and reversals. */
  workflowId?: string | null | undefined;
  kind?: EntryKind | null | undefined;
  /** Entries made at or after this. */
  since?: string | null | undefined;
  /** Entries made before this. */
  until?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.tokens``. */
export interface BillingTokensArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** Only of this task. */
  taskId?: string | null | undefined;
  /** Reported at or after this. */
  since?: string | null | undefined;
  /** Reported before this. */
  until?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.cost``. */
export interface BillingCostArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  instanceId?: string | null | undefined;
  /** First day; everything if left out. */
  since?: string | null | undefined;
  /** Last day. */
  until?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.billing.revenue``. */
export interface BillingRevenueArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** First day; everything if left out. */
  since?: string | null | undefined;
  /** Last day. */
  until?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.dashboard``. */
export interface BillingDashboardArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.billing.credit``. */
export interface BillingCreditArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account: string;
  amount: number;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
  /** Prepaid or granted credit, or the payment of an invoice. */
  kind?: "credit" | "payment" | undefined;
  reason?: string | null | undefined;
  /** Unique key of this credit: repeating the call with it has no further effect. */
  creditKey?: string | null | undefined;
}

/** Arguments of ``agora.billing.balance``. */
export interface BillingBalanceArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.budget``. */
export interface BillingBudgetArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
  /** Monthly; at this amount there is a warning. 80 % of the hard limit if left out. */
  softLimit?: number | null | undefined;
  /** Monthly; charges beyond it are refused, and instances pause when it is reached. */
  hardLimit?: number | null | undefined;
  /** Refuse calls that the account's credit does not cover. */
  prepaid?: boolean | undefined;
  /** Count only what calls of this model (PROVIDER:MODEL) cost. */
  model?: string | null | undefined;
  /** Count only what calls of models for tasks of this project cost. */
  project?: string | null | undefined;
}

/** Arguments of ``agora.billing.budgets``. */
export interface BillingBudgetsArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.set_discount``. */
export interface BillingSetDiscountArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account: string;
  /** With two decimal places; 0 ends the discount. */
  percent: number;
  /** RFC 3339 time, with its offset. */
  until?: string | null | undefined;
}

/** Arguments of ``agora.billing.set_free_quota``. */
export interface BillingSetFreeQuotaArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  /** Of each account in each month; time in seconds; 0 ends it. */
  quantity: number;
  kind?: "request" | "task" | "time" | "input_tokens" | "output_tokens" | undefined;
}

/** Arguments of ``agora.billing.reductions``. */
export interface BillingReductionsArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.billing.create_coupon``. */
export interface BillingCreateCouponArguments {
  code: string;
  amount: number;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  expiresAt?: string | null | undefined;
  maxRedemptions?: number | null | undefined;
}

/** Arguments of ``agora.billing.coupons``. */
export interface BillingCouponsArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.redeem_coupon``. */
export interface BillingRedeemCouponArguments {
  code: string;
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.billing.invoices``. */
export interface BillingInvoicesArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** A month in UTC, such as 2026-11. */
  period?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.invoice``. */
export interface BillingInvoiceArguments {
  /** Id or number; the open, not yet issued invoice if left out. */
  invoice?: string | null | undefined;
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.billing.document``. */
export interface BillingDocumentArguments {
  /** Id or number. */
  invoice: string;
  /** A table, a page to print, all of it for programs, or an e-mail to the customer. */
  format?: "csv" | "html" | "json" | "eml" | undefined;
  /** Whether the page and the e-mail show every decimal place that amounts have. */
  exact?: boolean | undefined;
}

/** Arguments of ``agora.billing.profile``. */
export interface BillingProfileArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.billing.set_profile``. */
export interface BillingSetProfileArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  name?: string | null | undefined;
  address?: string | null | undefined;
  taxId?: string | null | undefined;
  email?: string | null | undefined;
}

/** Arguments of ``agora.billing.close``. */
export interface BillingCloseArguments {
  /** A month in UTC, such as 2026-11. */
  period: string;
}

/** Arguments of ``agora.a2a.send``. */
export interface A2aSendArguments {
  message: A2AMessage | string;
  /** Agent id, name or dotted alias; without one the marketplace finds the agent by its skills. */
  agent?: string | null | undefined;
  /** Id of the requested skill. */
  skill?: string | null | undefined;
  /** Task to continue, if the message names none. */
  taskId?: string | null | undefined;
  /** Groups the tasks of one conversation. */
  contextId?: string | null | undefined;
  /** Return without waiting for the task to end or to need input. */
  returnImmediately?: boolean | undefined;
  /** Seconds to wait for the task; then its current state is returned. */
  wait?: number | undefined;
  /** Most messages of the history; 0 for none, the newest 100 if left out. */
  historyLength?: number | null | undefined;
  acceptedOutputModes?: string[] | undefined;
  /** Push notification configuration of the task. */
  push?: A2APushConfig | null | undefined;
  /** Metadata of the request; stored with a new task. */
  metadata?: { [key: string]: JsonValue } | undefined;
  /** URIs of extensions that you support, beside the message's. */
  extensions?: string[] | undefined;
}

/** Arguments of ``agora.a2a.get``. */
export interface A2aGetArguments {
  taskId: string;
  /** Only a task of this agent. */
  agent?: string | null | undefined;
  /** Most messages of the history; 0 for none, the newest 100 if left out. */
  historyLength?: number | null | undefined;
  includeArtifacts?: boolean | undefined;
  /** Seconds to wait for the task; then its current state is returned. */
  wait?: number | undefined;
}

/** Arguments of ``agora.a2a.list``. */
export interface A2aListArguments {
  /** Only a task of this agent. */
  agent?: string | null | undefined;
  /** Groups the tasks of one conversation. */
  contextId?: string | null | undefined;
  status?: A2AState | null | undefined;
  /** RFC 3339 time, with its offset. */
  statusTimestampAfter?: string | null | undefined;
  pageSize?: number | undefined;
  /** 'nextPageToken' of the page before. */
  pageToken?: string | null | undefined;
  /** Most messages of the history; 0 for none, the newest 100 if left out. */
  historyLength?: number | null | undefined;
  includeArtifacts?: boolean | undefined;
}

/** Arguments of ``agora.a2a.cancel``. */
export interface A2aCancelArguments {
  taskId: string;
  /** Only a task of this agent. */
  agent?: string | null | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.a2a.subscribe``. */
export interface A2aSubscribeArguments {
  taskId: string;
  /** Only a task of this agent. */
  agent?: string | null | undefined;
  /** Resume after this item, without the task itself. */
  lastEventId?: string | null | undefined;
  /** Most messages of the history; 0 for none, the newest 100 if left out. */
  historyLength?: number | null | undefined;
  /** Whether the stream continues while the task needs input. */
  until?: "ended" | "interrupted" | undefined;
}

/** Arguments of ``agora.a2a.create_push_config``. */
export interface A2aCreatePushConfigArguments {
  taskId: string;
  url: string;
  /** Only a task of this agent. */
  agent?: string | null | undefined;
  /** One is made if left out; an existing one is replaced. */
  configId?: string | null | undefined;
  token?: string | null | undefined;
  authentication?: A2AAuthentication | null | undefined;
  /** Of A2A, in which updates are posted: 1.0 posts each one, 0.3 the task as it is. */
  version?: "1.0" | "0.3" | undefined;
}

/** Arguments of ``agora.a2a.get_push_config``. */
export interface A2aGetPushConfigArguments {
  taskId: string;
  configId: string;
  /** Only a task of this agent. */
  agent?: string | null | undefined;
}

/** Arguments of ``agora.a2a.list_push_configs``. */
export interface A2aListPushConfigsArguments {
  taskId: string;
  /** Only a task of this agent. */
  agent?: string | null | undefined;
  pageSize?: number | undefined;
  /** 'nextPageToken' of the page before. */
  pageToken?: string | null | undefined;
}

/** Arguments of ``agora.a2a.delete_push_config``. */
export interface A2aDeletePushConfigArguments {
  taskId: string;
  configId: string;
  /** Only a task of this agent. */
  agent?: string | null | undefined;
}

/** Arguments of ``agora.a2a.push_dead_letters``. */
export interface A2aPushDeadLettersArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.a2a.retry_push``. */
export interface A2aRetryPushArguments {
  taskId: string;
  configId: string;
}

/** Arguments of ``agora.a2a.card``. */
export interface A2aCardArguments {
  /** Agent id, name or dotted alias; without one the marketplace finds the agent by its skills. */
  agent?: string | null | undefined;
  /** Base URL under which the caller reaches this server; its public_url if left out. */
  baseUrl?: string | null | undefined;
}

/** Arguments of ``agora.a2a.extended_card``. */
export interface A2aExtendedCardArguments {
  /** Agent id, name or dotted alias; without one the marketplace finds the agent by its skills. */
  agent?: string | null | undefined;
  /** Base URL under which the caller reaches this server; its public_url if left out. */
  baseUrl?: string | null | undefined;
}

/** Arguments of ``agora.a2a.set_card``. */
export interface A2aSetCardArguments {
  /** Yourself, if left out. */
  agent?: string | null | undefined;
  /** Fields of an agent card, which override the generated ones; null removes the stored card. */
  card?: { [key: string]: JsonValue } | null | undefined;
  /** Fields that only authenticated callers see. */
  extended?: { [key: string]: JsonValue } | null | undefined;
}

/** Arguments of ``agora.a2a.catalogue``. */
export interface A2aCatalogueArguments {
  /** Base URL under which the caller reaches this server; its public_url if left out. */
  baseUrl?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.a2a.add_remote``. */
export interface A2aAddRemoteArguments {
  /** Of the agent, or of its card. */
  url: string;
  /** Its name here; its own if left out. */
  name?: string | null | undefined;
  /** Sent with every request, such as Authorization; stored encrypted, never shown. */
  headers?: { [key: string]: string } | undefined;
  /** Seconds to wait without any data from it before the request fails. */
  timeout?: number | undefined;
  /** Fetch its card first; false stores it even if the card cannot be fetched. */
  verify?: boolean | undefined;
}

/** Arguments of ``agora.a2a.list_remotes``. */
export interface A2aListRemotesArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.a2a.get_remote``. */
export interface A2aGetRemoteArguments {
  /** Agent id, name or dotted alias. */
  agent: string;
}

/** Arguments of ``agora.a2a.refresh_remote``. */
export interface A2aRefreshRemoteArguments {
  /** Agent id, name or dotted alias. */
  agent: string;
}

/** Arguments of ``agora.a2a.remove_remote``. */
export interface A2aRemoveRemoteArguments {
  /** Agent id, name or dotted alias. */
  agent: string;
}

/** Arguments of ``agora.admin.override``. */
export interface AdminOverrideArguments {
  /** Agent, workflow, or 'system_wide'. */
  targetId: string;
  action: OverrideAction;
  reason?: string | undefined;
  /** Authority, 255 = supreme; the caller's own if left out. */
  priority?: number | null | undefined;
  /** Seconds until the override expires. */
  expiresIn?: number | null | undefined;
}

/** Arguments of ``agora.admin.health``. */
export interface AdminHealthArguments {
  /** Only this component: database, mcp_server, agents ... */
  component?: string | null | undefined;
}

/** Arguments of ``agora.admin.manage``. */
export interface AdminManageArguments {
  /** What kind of thing to manage. */
  resource: "agent" | "configuration" | "service";
  /** Agent id or name, setting, or operation name; for list, all or how the names begin. */
  target: string;
  /** agent: suspend, activate, retire, set_tier, and hand_over (target: the id of a retired agent; value: who gets its unfinished tasks and unread mail); configuration: list, get, set, reset; service: activate, beta, deprecate, sunset, reset. */
  action: string;
  /** set: the setting's value; set_tier: the tier; hand_over: an agent; deprecate and sunset: what to call instead (NAME or NAME@VERSION), or an object with replacement, sunset_date (YYYY-MM-DD, for deprecate) and migration_guide. */
  value?: JsonValue | undefined;
  reason?: string | undefined;
}

/** Arguments of ``agora.admin.audit``. */
export interface AdminAuditArguments {
  actor?: string | null | undefined;
  operation?: string | null | undefined;
  target?: string | null | undefined;
  outcome?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  since?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  until?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.agent.register``. */
export interface AgentRegisterArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  agentName: string;
  /** Capabilities of the agent. */
  capabilities?: string[] | undefined;
  serviceTier?: ServiceTier | undefined;
  description?: string | undefined;
  category?: string | undefined;
  tags?: string[] | undefined;
  visibility?: Visibility | undefined;
  /** Protocol name to URL. */
  endpoints?: { [key: string]: string } | undefined;
  /** Free-form data kept with the agent. */
  metadata?: { [key: string]: JsonValue } | undefined;
  /** Maximum number of concurrent tasks. */
  maxConcurrentTasks?: number | undefined;
  /** What becomes of a task in a context where the same requester's earlier task with the agent is under way: it waits for that one's end or question (enqueue), is rejected, replaces that one, which is cancelled and stays in the conversation (interrupt) or is left out of it (rollback), or is done beside it (concurrent). */
  busy?: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent" | undefined;
  /** The agent's own rating of its skill, in percent. */
  proficiencyLevel?: number | null | undefined;
  /** Address in the agent protocol, agent.COMPANY.NAME, unique in the marketplace. */
  alias?: string | null | undefined;
  /** Keys for messages that only the agent can read, the one to use first. */
  publicKeys?: PublicKey[] | null | undefined;
  /** More of it: version, pricing, build_config, host_requirements ... */
  manifest?: { [key: string]: JsonValue } | null | undefined;
}

/** Arguments of ``agora.agent.get``. */
export interface AgentGetArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
}

/** Arguments of ``agora.agent.list``. */
export interface AgentListArguments {
  status?: AgentStatus | null | undefined;
  serviceTier?: ServiceTier | null | undefined;
  category?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** How many items to skip; a cursor can continue from any position, and is cheaper. */
  offset?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.agent.update``. */
export interface AgentUpdateArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  /** Capabilities of the agent. */
  capabilities?: string[] | null | undefined;
  status?: AgentStatus | null | undefined;
  description?: string | null | undefined;
  category?: string | null | undefined;
  tags?: string[] | null | undefined;
  visibility?: Visibility | null | undefined;
  /** Protocol name to URL. */
  endpoints?: { [key: string]: string } | null | undefined;
  /** Free-form data kept with the agent. */
  metadata?: { [key: string]: JsonValue } | null | undefined;
  /** Maximum number of concurrent tasks. */
  maxConcurrentTasks?: number | null | undefined;
  /** What becomes of a task in a context where the same requester's earlier task with the agent is under way: it waits for that one's end or question (enqueue), is rejected, replaces that one, which is cancelled and stays in the conversation (interrupt) or is left out of it (rollback), or is done beside it (concurrent). */
  busy?: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent" | null | undefined;
  /** The agent's own rating of its skill, in percent. */
  proficiencyLevel?: number | null | undefined;
  /** Address in the agent protocol, agent.COMPANY.NAME, unique in the marketplace. */
  alias?: string | null | undefined;
  /** Keys for messages that only the agent can read, the one to use first. */
  publicKeys?: PublicKey[] | null | undefined;
}

/** Arguments of ``agora.agent.heartbeat``. */
export interface AgentHeartbeatArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  status?: AgentStatus | null | undefined;
  /** Share of the agent's capacity in use, 0 to 1. */
  load?: number | null | undefined;
}

/** Arguments of ``agora.agent.status``. */
export interface AgentStatusArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
}

/** Arguments of ``agora.agent.rate``. */
export interface AgentRateArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  /** 0 (useless) to 10 (excellent). */
  rating: number;
  comment?: string | undefined;
}

/** Arguments of ``agora.agent.deregister``. */
export interface AgentDeregisterArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
}

/** Arguments of ``agora.declared_agent.apply``. */
export interface DeclaredAgentApplyArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
  specification: AgentSpecification;
  /** Only say what would change. */
  dryRun?: boolean | undefined;
}

/** Arguments of ``agora.declared_agent.list``. */
export interface DeclaredAgentListArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.declared_agent.get``. */
export interface DeclaredAgentGetArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
}

/** Arguments of ``agora.declared_agent.versions``. */
export interface DeclaredAgentVersionsArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.declared_agent.rollback``. */
export interface DeclaredAgentRollbackArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
  /** Version whose specification holds again. */
  version: number;
}

/** Arguments of ``agora.declared_agent.delete``. */
export interface DeclaredAgentDeleteArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
}

/** Arguments of ``agora.declared_agent.tools``. */
export interface DeclaredAgentToolsArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
}

/** Arguments of ``agora.declared_agent.call_tool``. */
export interface DeclaredAgentCallToolArguments {
  /** The task at which the agent works. */
  taskId: string;
  fencingToken: number;
  /** Names the call in its task, such as STEP.CALL: the same id is carried out once. */
  callId: string;
  /** Name of the tool, as agora.declared_agent.tools gives it. */
  tool: string;
  /** Arguments of the tool. */
  arguments?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.declared_agent.reserve_model_call``. */
export interface DeclaredAgentReserveModelCallArguments {
  /** The task at which the agent works. */
  taskId: string;
  fencingToken: number;
  /** Number of the call in its task. */
  step: number;
  /** Models that may be called, in order. */
  models: string[];
  /** Most tokens that the request has. */
  inputTokens: number;
  /** Where the work is now: stored if and only if the call is reserved. */
  checkpoint?: { [key: string]: JsonValue } | null | undefined;
  /** Grows with each checkpoint of the task. */
  checkpointNumber?: number | null | undefined;
}

/** Arguments of ``agora.declared_agent.record_model_call``. */
export interface DeclaredAgentRecordModelCallArguments {
  /** The task at which the agent works. */
  taskId: string;
  fencingToken: number;
  /** Number of the call in its task. */
  step: number;
  /** PROVIDER:MODEL, of a provider of agora.model_provider; 'default' for the one of the server's settings. */
  model: string;
  tokens: ModelTokens;
  /** Whether the tokens were estimated, not counted. */
  isEstimate?: boolean | undefined;
  /** Whether the answer was cut off before its end: the step is made again. */
  isCut?: boolean | undefined;
  /** Seconds until the answer began. */
  timeToFirstToken?: number | null | undefined;
  /** Seconds that it took. */
  seconds?: number | null | undefined;
  /** Where the work is now: stored if and only if the call is charged. */
  checkpoint?: { [key: string]: JsonValue } | null | undefined;
  /** Grows with each checkpoint of the task. */
  checkpointNumber?: number | null | undefined;
  /** Text to append to the task's output. */
  output?: string | null | undefined;
  /** Where it begins: one that is repeated is appended once. */
  outputOffset?: number | null | undefined;
}

/** Arguments of ``agora.declared_agent.release_model_call``. */
export interface DeclaredAgentReleaseModelCallArguments {
  /** The task at which the agent works. */
  taskId: string;
  fencingToken: number;
  /** Number of the call in its task. */
  step: number;
}

/** Arguments of ``agora.workflow.create``. */
export interface WorkflowCreateArguments {
  workflowName: string;
  /** In order, or with depends_on as a graph. */
  steps: Step[];
  assignedAgents?: string[] | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
  input?: { [key: string]: JsonValue } | undefined;
  priority?: Priority | undefined;
}

/** Arguments of ``agora.workflow.status``. */
export interface WorkflowStatusArguments {
  workflowId: string;
}

/** Arguments of ``agora.workflow.list``. */
export interface WorkflowListArguments {
  status?: WorkflowStatus | WorkflowStatus[] | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  since?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** How many items to skip; a cursor can continue from any position, and is cheaper. */
  offset?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.workflow.modify``. */
export interface WorkflowModifyArguments {
  workflowId: string;
  action: "reassign" | "add" | "reorder" | "skip" | "pause" | "resume" | "terminate";
  step?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agent?: string | null | undefined;
  capability?: string[] | undefined;
  definition?: Step | null | undefined;
  before?: string[] | undefined;
  order?: string[] | undefined;
  reason?: string | undefined;
}

/** Arguments of ``agora.workflow.approve``. */
export interface WorkflowApproveArguments {
  workflowId: string;
  step?: string | null | undefined;
  approved?: boolean | undefined;
  comment?: string | undefined;
}

/** Arguments of ``agora.workflow.cancel``. */
export interface WorkflowCancelArguments {
  workflowId: string;
  reason?: string | undefined;
}

/** Arguments of ``agora.workflow.timeline``. */
export interface WorkflowTimelineArguments {
  workflowId: string;
}

/** Arguments of ``agora.workflow.diagram``. */
export interface WorkflowDiagramArguments {
  workflowId: string;
}

/** Arguments of ``agora.app.create``. */
export interface AppCreateArguments {
  /** Name of the app, unique in the marketplace; no slash, no control character. */
  name: string;
  /** Dotted name of the app, app.COMPANY.NAME. */
  alias?: string | null | undefined;
  /** Text for people: what the app does. */
  description?: string | undefined;
  /** Industry that it is for. */
  industry?: string | undefined;
  /** Version of its maker. */
  version?: string | undefined;
  /** Agent id, name or dotted alias. */
  orchestratorAgent?: string | null | undefined;
  /** Capabilities of the agents that it uses, whoever has them. */
  uses?: string[] | undefined;
  pricing?: AppPrice | null | undefined;
  visibility?: Visibility | undefined;
  workflow?: AppWorkflow | null | undefined;
}

/** Arguments of ``agora.app.list``. */
export interface AppListArguments {
  /** Words of name, alias, description, industry and capabilities; apps with all of them. */
  query?: string | null | undefined;
  /** Only apps of this industry. */
  industry?: string | null | undefined;
  /** Only apps that use this capability. */
  capability?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.app.get``. */
export interface AppGetArguments {
  /** Id, alias or name of the app. */
  ref: string;
}

/** Arguments of ``agora.app.update``. */
export interface AppUpdateArguments {
  /** Id, alias or name of the app. */
  ref: string;
  /** Dotted name of the app, app.COMPANY.NAME. */
  alias?: string | null | undefined;
  /** Text for people: what the app does. */
  description?: string | null | undefined;
  /** Industry that it is for. */
  industry?: string | null | undefined;
  /** Version of its maker. */
  version?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  orchestratorAgent?: string | null | undefined;
  /** Capabilities of the agents that it uses, whoever has them. */
  uses?: string[] | null | undefined;
  pricing?: AppPrice | null | undefined;
  visibility?: Visibility | null | undefined;
  workflow?: AppWorkflow | null | undefined;
}

/** Arguments of ``agora.app.delete``. */
export interface AppDeleteArguments {
  /** Id, alias or name of the app. */
  ref: string;
}

/** Arguments of ``agora.app.install``. */
export interface AppInstallArguments {
  /** Name of the app, unique in the marketplace; no slash, no control character. */
  name: string;
  /** Dotted name of the app, app.COMPANY.NAME. */
  alias?: string | null | undefined;
  /** Text for people: what the app does. */
  description?: string | undefined;
  /** Industry that it is for. */
  industry?: string | undefined;
  /** Version of its maker. */
  version?: string | undefined;
  /** Agent id, name or dotted alias. */
  orchestratorAgent?: string | null | undefined;
  /** Capabilities of the agents that it uses, whoever has them. */
  uses?: string[] | undefined;
  pricing?: AppPrice | null | undefined;
  visibility?: Visibility | undefined;
  workflow?: AppWorkflow | null | undefined;
  /** Agents that it brings along, declared with it. */
  agents?: AppAgent[] | undefined;
  /** Only say what would change. */
  dryRun?: boolean | undefined;
}

/** Arguments of ``agora.app.run``. */
export interface AppRunArguments {
  /** Id, alias or name of the app. */
  ref: string;
  /** Input of the workflow, put over the app's own. */
  input?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.codebase.list``. */
export interface CodebaseListArguments {
  /** Part of a name, path or repository. */
  search?: string | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.codebase.register``. */
export interface CodebaseRegisterArguments {
  /** Name of the codebase, for people. */
  name: string;
  /** Directory on the worker's machine. */
  path?: string | null | undefined;
  /** Your worker that has it: its id or name. Left out, workers are asked who has it. */
  workerId?: string | null | undefined;
  /** Git remote, such as github.com/owner/name. */
  repository?: string | null | undefined;
  /** What it is, for people. */
  description?: string | undefined;
  /** A worker clones it, instead of having it at a path. */
  gitUrl?: string | null | undefined;
  /** Branch to clone. */
  branch?: string | null | undefined;
  /** Token for the clone, encrypted, for the worker that is named. */
  gitToken?: string | null | undefined;
  /** What jobs there use unless they say otherwise: model, agent_type, profile. */
  agentConfig?: { [key: string]: string } | undefined;
}

/** Arguments of ``agora.codebase.confirm``. */
export interface CodebaseConfirmArguments {
  /** Id of a codebase. */
  codebaseId: string;
  taskId: string;
  fencingToken: number;
  /** Your worker that has it. */
  workerId: string;
  /** Directory on the worker's machine. */
  path: string;
  /** Git remote, such as github.com/owner/name. */
  repository?: string | null | undefined;
}

/** Arguments of ``agora.codebase.decline``. */
export interface CodebaseDeclineArguments {
  /** Id of a codebase. */
  codebaseId: string;
  taskId: string;
  fencingToken: number;
  /** Why, for whoever registers it. */
  reason: string;
}

/** Arguments of ``agora.codebase.read_credential``. */
export interface CodebaseReadCredentialArguments {
  /** Id of a codebase. */
  codebaseId: string;
  taskId: string;
  fencingToken: number;
}

/** Arguments of ``agora.codebase.get``. */
export interface CodebaseGetArguments {
  /** Id of a codebase. */
  codebaseId: string;
}

/** Arguments of ``agora.codebase.remove``. */
export interface CodebaseRemoveArguments {
  /** Id of a codebase. */
  codebaseId: string;
}

/** Arguments of ``agora.codebase.trigger``. */
export interface CodebaseTriggerArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** What the agent is to do. */
  prompt: string;
  /** Title, for people. */
  title?: string | undefined;
  /** Mode of the agent, such as build. */
  agentType?: string | null | undefined;
  /** Model that the agent is told to use. */
  model?: string | null | undefined;
  /** Paths in the codebase that the agent is pointed to, or files that are put there first: objects with path and content (encoding base64 for bytes), or artifact with task_id and artifact_id. */
  files?: (string | { [key: string]: JsonValue })[] | undefined;
  priority?: Priority | undefined;
  /** Jobs of one context share a session. */
  contextId?: string | null | undefined;
  /** Profile of a worker that the job needs. */
  profile?: string | null | undefined;
  /** Variables for the environment of the job's agent alone: stored encrypted, masked in the output, deleted when the job has ended. */
  secrets?: { [key: string]: string } | undefined;
}

/** Arguments of ``agora.codebase.read_job_secrets``. */
export interface CodebaseReadJobSecretsArguments {
  taskId: string;
  fencingToken: number;
}

/** Arguments of ``agora.codebase.message``. */
export interface CodebaseMessageArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** What the agent is to do. */
  message: string;
  /** The job; the newest of yours that has not ended if left out. */
  taskId?: string | null | undefined;
}

/** Arguments of ``agora.codebase.interrupt``. */
export interface CodebaseInterruptArguments {
  /** Id of a codebase. */
  codebaseId: string;
}

/** Arguments of ``agora.codebase.stop``. */
export interface CodebaseStopArguments {
  /** Id of a codebase. */
  codebaseId: string;
}

/** Arguments of ``agora.codebase.status``. */
export interface CodebaseStatusArguments {
  /** Id of a codebase. */
  codebaseId: string;
}

/** Arguments of ``agora.codebase.events``. */
export interface CodebaseEventsArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Resume after this event: its id (evt_...) or its sequence number. */
  lastEventId?: string | null | undefined;
}

/** Arguments of ``agora.codebase.start_watch``. */
export interface CodebaseStartWatchArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Seconds: the longest between two looks. */
  interval?: number | undefined;
  /** Hold queued jobs while as many reviews are open; 0: no limit; left out: as it was. */
  reviewLimit?: number | null | undefined;
}

/** Arguments of ``agora.codebase.stop_watch``. */
export interface CodebaseStopWatchArguments {
  /** Id of a codebase. */
  codebaseId: string;
}

/** Arguments of ``agora.codebase.watch_status``. */
export interface CodebaseWatchStatusArguments {
  /** Id of a codebase. */
  codebaseId: string;
}

/** Arguments of ``agora.session.list``. */
export interface SessionListArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Only sessions with this in title or id. */
  q?: string | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.session.get``. */
export interface SessionGetArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Id of the session, as its agent names it. */
  sessionId: string;
}

/** Arguments of ``agora.session.sync``. */
export interface SessionSyncArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Objects with session_id, and title, agent, created_at, updated_at. */
  sessions: ({ [key: string]: JsonValue })[];
}

/** Arguments of ``agora.session.ingest``. */
export interface SessionIngestArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Id of the session, as its agent names it. */
  sessionId: string;
  /** Objects with message_id, role, parts (or content) and created_at. */
  messages?: ({ [key: string]: JsonValue })[] | undefined;
  /** Title, for people. */
  title?: string | undefined;
  /** Coding agent, such as opencode. */
  agent?: string | undefined;
  /** The task that works in it; its requester may read it. */
  taskId?: string | null | undefined;
}

/** Arguments of ``agora.session.messages``. */
export interface SessionMessagesArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Id of the session, as its agent names it. */
  sessionId: string;
  /** Newest first. */
  descending?: boolean | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.session.resume``. */
export interface SessionResumeArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Id of the session, as its agent names it. */
  sessionId: string;
  /** What the agent is to do next. */
  prompt: string;
  /** Title, for people. */
  title?: string | undefined;
  /** Model that the agent is told to use. */
  model?: string | null | undefined;
  /** Mode of the agent, such as build or plan. */
  agentType?: string | null | undefined;
  priority?: Priority | undefined;
}

/** Arguments of ``agora.follow_up.add``. */
export interface FollowUpAddArguments {
  taskId: string;
  /** What the agent is to be told. */
  text: string;
  /** queued: said when the agent's turn ends. steering: the turn is interrupted, and it is said at once. */
  mode?: "queued" | "steering" | undefined;
}

/** Arguments of ``agora.follow_up.list``. */
export interface FollowUpListArguments {
  taskId: string;
  /** Only those that have not been taken. */
  waiting?: boolean | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.follow_up.edit``. */
export interface FollowUpEditArguments {
  taskId: string;
  /** Id of a follow-up. */
  followUpId: string;
  /** What the agent is to be told. */
  text?: string | null | undefined;
  /** queued: said when the agent's turn ends. steering: the turn is interrupted, and it is said at once. */
  mode?: "queued" | "steering" | null | undefined;
}

/** Arguments of ``agora.follow_up.remove``. */
export interface FollowUpRemoveArguments {
  taskId: string;
  /** Id of a follow-up. */
  followUpId: string;
}

/** Arguments of ``agora.follow_up.wake``. */
export interface FollowUpWakeArguments {
  taskId: string;
}

/** Arguments of ``agora.follow_up.take``. */
export interface FollowUpTakeArguments {
  taskId: string;
  /** The claim's fencing token. */
  fencingToken: number;
  /** ``taken`` of the last one in the job's checkpoint, 0 at first. */
  after?: number | undefined;
  /** Take a waiting one only if it is steering. */
  steering?: boolean | undefined;
  /** The job is about to end: close it if nothing waits. */
  closing?: boolean | undefined;
}

/** Arguments of ``agora.review.list``. */
export interface ReviewListArguments {
  /** Id of a codebase. */
  codebaseId?: string | null | undefined;
  /** Only those in this state. */
  state?: "open" | "changes_requested" | "delivering" | "conflicted" | "merged" | "pushed" | "proposed" | "patched" | "dismissed" | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.review.get``. */
export interface ReviewGetArguments {
  /** The job that the branch is named after. */
  jobId: string;
}

/** Arguments of ``agora.review.files``. */
export interface ReviewFilesArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.review.comments``. */
export interface ReviewCommentsArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Only those that the agent has not been told. */
  waiting?: boolean | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.review.comment``. */
export interface ReviewCommentArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Path of the file. */
  path: string;
  /** Number of the line, from 1. */
  line: number;
  /** What is to be said about the line. */
  text: string;
  /** new: the line as it is now. old: as it was. */
  side?: "new" | "old" | undefined;
}

/** Arguments of ``agora.review.remove_comment``. */
export interface ReviewRemoveCommentArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Id of a comment. */
  commentId: string;
}

/** Arguments of ``agora.review.request_changes``. */
export interface ReviewRequestChangesArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** What is to be said besides. */
  text?: string | undefined;
}

/** Arguments of ``agora.review.approve``. */
export interface ReviewApproveArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** merge: into the target, in the worker's codebase. push: the branch, to its remote. pull_request: push, and open or update the pull request. patch: an artifact of the task that does it. */
  action?: "merge" | "push" | "pull_request" | "patch" | undefined;
  /** The commit that was looked at; another one is refused. */
  head?: string | null | undefined;
  /** Branch to merge into, instead of the review's. */
  target?: string | null | undefined;
  /** Title of the pull request or merge. */
  title?: string | undefined;
  /** Description of the pull request. */
  body?: string | undefined;
}

/** Arguments of ``agora.review.dismiss``. */
export interface ReviewDismissArguments {
  /** The job that the branch is named after. */
  jobId: string;
}

/** Arguments of ``agora.review.submit``. */
export interface ReviewSubmitArguments {
  /** The job that the branch is named after. */
  jobId: string;
  taskId: string;
  /** The claim's fencing token. */
  fencingToken: number;
  /** Name of a branch. */
  branch: string;
  /** Id of a commit. */
  base: string;
  /** Id of a commit. */
  head: string;
  /** Objects with path, status, additions, deletions, patch, truncated. */
  files: ({ [key: string]: JsonValue })[];
  /** Id of a codebase. */
  codebaseId: string;
  /** Branch that the codebase is at. */
  target?: string | undefined;
  /** Title, for people. */
  title?: string | undefined;
}

/** Arguments of ``agora.review.conclude``. */
export interface ReviewConcludeArguments {
  /** The job that the branch is named after. */
  jobId: string;
  taskId: string;
  /** The claim's fencing token. */
  fencingToken: number;
  outcome: "merged" | "pushed" | "proposed" | "patched" | "conflicted" | "failed";
  /** Paths that conflict. */
  conflicts?: string[] | undefined;
  /** Address of the pull request. */
  pullRequest?: string | null | undefined;
  /** Why it could not be done. */
  error?: string | null | undefined;
}

/** Arguments of ``agora.attempt.start``. */
export interface AttemptStartArguments {
  /** What the agents are to do. */
  prompt: string;
  /** Id of a codebase. */
  codebaseId: string;
  /** One for each attempt; the same twice is two attempts. */
  variants: string[];
  /** Title; the prompt's first line if left out. */
  title?: string | undefined;
  /** Mode of the agents, such as build. */
  agentType?: string | null | undefined;
  priority?: Priority | undefined;
  /** Files of each job, as of a job. */
  files?: ({ [key: string]: JsonValue })[] | undefined;
}

/** Arguments of ``agora.attempt.list``. */
export interface AttemptListArguments {
  /** Id of a codebase. */
  codebaseId?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.attempt.get``. */
export interface AttemptGetArguments {
  /** Id of a group. */
  groupId: string;
}

/** Arguments of ``agora.attempt.choose``. */
export interface AttemptChooseArguments {
  /** Id of a group. */
  groupId: string;
  taskId: string;
}

/** Arguments of ``agora.auth.login``. */
export interface AuthLoginArguments {
  username: string;
  password: string;
}

/** Arguments of ``agora.auth.refresh``. */
export interface AuthRefreshArguments {
  refreshToken: string;
  /** Client that the refresh token was issued to; the server's own if left out. */
  clientId?: string | null | undefined;
}

/** Arguments of ``agora.auth.logout``. */
export interface AuthLogoutArguments {
  refreshToken?: string | null | undefined;
  /** Client that the refresh token was issued to; the server's own if left out. */
  clientId?: string | null | undefined;
}

/** Arguments of ``agora.auth.sign_out``. */
export interface AuthSignOutArguments {
  /** Id of the session, as the monitor derives it. */
  sessionId: string;
}

/** Arguments of ``agora.auth.backchannel_logout``. */
export interface AuthBackchannelLogoutArguments {
  /** Signed by the provider, of the type logout+jwt. */
  logoutToken: string;
}

/** Arguments of ``agora.bus.publish``. */
export interface BusPublishArguments {
  type: BusType;
  /** Content of the entry; each type has its own keys. */
  content?: { [key: string]: JsonValue } | undefined;
  /** Agent id, name or dotted alias, 'capability:NAME', or 'broadcast' for everyone; a task_assignment to 'broadcast' can be claimed by any agent. */
  target?: string | undefined;
  priority?: BusPriority | undefined;
  /** Links a response to its request. */
  correlationId?: string | null | undefined;
  /** Id set by the publisher, such as a UUID; repeating it has no further effect. */
  messageId?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  sender?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  timestamp?: string | null | undefined;
  /** Fields of the message that the entry has no field for: message_type, priority, metadata, reply_to ... */
  extensions?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.bus.read``. */
export interface BusReadArguments {
  /** Most entries in the answer. */
  count?: number | undefined;
  /** Seconds to wait for a first entry when there is none. */
  wait?: number | undefined;
  /** Name of the consumer in the group; each entry goes to one consumer. */
  consumer?: string | undefined;
  /** Whether to claim tasks too. */
  tasks?: boolean | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.bus.ack``. */
export interface BusAckArguments {
  /** Ids of entries as read: message_id or entry_id. */
  messageIds: string[];
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.bus.recover``. */
export interface BusRecoverArguments {
  /** Most entries in the answer. */
  count?: number | undefined;
  /** Seconds without an acknowledgement; the setting bus_stale if left out. */
  idle?: number | null | undefined;
  /** Name of the consumer in the group; each entry goes to one consumer. */
  consumer?: string | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.bus.pending``. */
export interface BusPendingArguments {
  /** Most entries in the answer. */
  count?: number | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.bus.join``. */
export interface BusJoinArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.bus.leave``. */
export interface BusLeaveArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.conversation.send``. */
export interface ConversationSendArguments {
  message: AgentMessage;
}

/** Arguments of ``agora.conversation.reply``. */
export interface ConversationReplyArguments {
  /** Id of a message: the marketplace's (msg_...), or the one you gave it. */
  messageId: string;
  /** Seconds to wait for it. */
  wait?: number | undefined;
}

/** Arguments of ``agora.conversation.get``. */
export interface ConversationGetArguments {
  /** As its messages have it in correlation.conversation_id, or conv_... as it is listed. */
  conversationId: string;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.conversation.list``. */
export interface ConversationListArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  state?: "open" | "proposed" | "agreed" | "informed" | "confirmed" | "refused" | "failed" | "timed_out" | "done" | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.conversation.pending``. */
export interface ConversationPendingArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** Seconds to wait for it. */
  wait?: number | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.conversation.usage``. */
export interface ConversationUsageArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  customerId?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  since?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.dead_letter.list``. */
export interface DeadLetterListArguments {
  /** Only those of one source, such as bus or push. */
  source?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  state?: DeadLetterState | undefined;
  /** Only those about a message or task. */
  ref?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.dead_letter.get``. */
export interface DeadLetterGetArguments {
  /** Id of a dead letter. */
  deadLetterId: string;
}

/** Arguments of ``agora.dead_letter.replay``. */
export interface DeadLetterReplayArguments {
  /** Id of a dead letter. */
  deadLetterId: string;
}

/** Arguments of ``agora.dead_letter.discard``. */
export interface DeadLetterDiscardArguments {
  /** Id of a dead letter. */
  deadLetterId: string;
}

/** Arguments of ``agora.deployment.register``. */
export interface DeploymentRegisterArguments {
  /** An agent's manifest: name, capabilities, build_config, repository or directory or docker_image, host_requirements, pricing, endpoints, health ... */
  manifest: { [key: string]: JsonValue };
}

/** Arguments of ``agora.deployment.register_docker``. */
export interface DeploymentRegisterDockerArguments {
  /** Reference of a container image. */
  dockerImage: string;
  /** An agent's manifest: name, capabilities, build_config, repository or directory or docker_image, host_requirements, pricing, endpoints, health ... */
  metadata: { [key: string]: JsonValue };
  registryCredentials?: RegistryCredentials | null | undefined;
}

/** Arguments of ``agora.deployment.validate``. */
export interface DeploymentValidateArguments {
  /** An agent's manifest: name, capabilities, build_config, repository or directory or docker_image, host_requirements, pricing, endpoints, health ... */
  manifest: { [key: string]: JsonValue };
}

/** Arguments of ``agora.deployment.list``. */
export interface DeploymentListArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.deployment.get``. */
export interface DeploymentGetArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
}

/** Arguments of ``agora.deployment.withdraw``. */
export interface DeploymentWithdrawArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
}

/** Arguments of ``agora.query.agents``. */
export interface QueryAgentsArguments {
  capabilities?: string[] | undefined;
  status?: AgentStatus | null | undefined;
  serviceTier?: ServiceTier | null | undefined;
  /** All of the capabilities, or any. */
  match?: "all" | "any" | undefined;
  /** Words of the name, description, capabilities or tags; prefixes and small typing errors match. */
  search?: string | null | undefined;
  minRating?: number | null | undefined;
  category?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** How many items to skip; a cursor can continue from any position, and is cheaper. */
  offset?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.query.services``. */
export interface QueryServicesArguments {
  category?: string | null | undefined;
  /** Semantic version or range: 1.0.0, ^1.2, ~1.2.3, >=1,<2. */
  version?: string | null | undefined;
  status?: Lifecycle | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** How many items to skip; a cursor can continue from any position, and is cheaper. */
  offset?: number | undefined;
}

/** Arguments of ``agora.discovery.list``. */
export interface DiscoveryListArguments {
  category?: string | null | undefined;
  /** Semantic version or range: 1.0.0, ^1.2, ~1.2.3, >=1,<2. */
  version?: string | null | undefined;
  status?: Lifecycle | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** How many items to skip; a cursor can continue from any position, and is cheaper. */
  offset?: number | undefined;
}

/** Arguments of ``agora.discovery.schema``. */
export interface DiscoverySchemaArguments {
  service: string;
  /** Semantic version or range: 1.0.0, ^1.2, ~1.2.3, >=1,<2. */
  version?: string | null | undefined;
}

/** Arguments of ``agora.host.list``. */
export interface HostListArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.host.get``. */
export interface HostGetArguments {
  /** Id or name. */
  host: string;
}

/** Arguments of ``agora.host.register``. */
export interface HostRegisterArguments {
  name: string;
  /** Agent id, name or dotted alias. */
  agentId: string;
  region?: string | null | undefined;
  /** In units of 1,048,576 bytes. */
  memoryMb?: number | null | undefined;
  cpuCores?: number | null | undefined;
  gpus?: number | undefined;
  /** Whether its containers may have private or loopback addresses. */
  privateAddresses?: boolean | undefined;
}

/** Arguments of ``agora.host.update``. */
export interface HostUpdateArguments {
  /** Id or name. */
  host: string;
  /** Whether it gets no new instances. */
  closed?: boolean | null | undefined;
  region?: string | null | undefined;
  name?: string | null | undefined;
}

/** Arguments of ``agora.host.remove``. */
export interface HostRemoveArguments {
  /** Id or name. */
  host: string;
  /** Remove the host although instances are on it: it is lost for good, and they count as failed. */
  lost?: boolean | undefined;
}

/** Arguments of ``agora.instance.discover``. */
export interface InstanceDiscoverArguments {
  /** Words of name, description, tags. */
  search?: string | null | undefined;
  category?: string | null | undefined;
  /** Part of the name. */
  name?: string | null | undefined;
  capabilities?: string[] | undefined;
  /** Only agents of which instances can be created. */
  available?: boolean | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.instance.create``. */
export interface InstanceCreateArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  instanceConfig?: InstanceConfig | null | undefined;
  name?: string | null | undefined;
  /** In addition to those of the agent's manifest. */
  hostRequirements?: HostRequirements | null | undefined;
  coLocation?: CoLocation | null | undefined;
  /** Id or name. */
  preferredHost?: string | null | undefined;
  /** Start with the state of this backup. */
  restore?: string | null | undefined;
  /** Owner account; for operators only. */
  account?: string | null | undefined;
  /** Maximum accepted for each amount of the agent's price; 409 if one is above it. */
  maxPrice?: number | null | undefined;
  /** Seconds to wait for the change to complete; the answer holds the state reached by then. */
  wait?: number | undefined;
}

/** Arguments of ``agora.instance.list``. */
export interface InstanceListArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  status?: InstanceStatus | InstanceStatus[] | null | undefined;
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Include terminated instances. */
  ended?: boolean | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.instance.get``. */
export interface InstanceGetArguments {
  /** Id of the instance. */
  instanceId: string;
}

/** Arguments of ``agora.instance.execute``. */
export interface InstanceExecuteArguments {
  /** Id of an instance; or an agent's id or name, for the least busy of the caller's instances of it. */
  instanceId: string;
  endpoint?: string | undefined;
  parameters?: JsonValue | undefined;
  method?: "POST" | "GET" | "PUT" | "PATCH" | "DELETE" | undefined;
  /** Seconds. */
  timeout?: number | undefined;
}

/** Arguments of ``agora.instance.pause``. */
export interface InstancePauseArguments {
  /** Id of the instance. */
  instanceId: string;
  /** Seconds to wait for the change to complete; the answer holds the state reached by then. */
  wait?: number | undefined;
}

/** Arguments of ``agora.instance.resume``. */
export interface InstanceResumeArguments {
  /** Id of the instance. */
  instanceId: string;
  /** Seconds to wait for the change to complete; the answer holds the state reached by then. */
  wait?: number | undefined;
}

/** Arguments of ``agora.instance.terminate``. */
export interface InstanceTerminateArguments {
  /** Id of the instance. */
  instanceId: string;
  /** Seconds to wait for the change to complete; the answer holds the state reached by then. */
  wait?: number | undefined;
}

/** Arguments of ``agora.instance.logs``. */
export interface InstanceLogsArguments {
  /** Id of the instance. */
  instanceId: string;
  /** First byte; negative ones count from the end. */
  offset?: number | undefined;
  /** Most bytes. */
  limit?: number | undefined;
}

/** Arguments of ``agora.instance.events``. */
export interface InstanceEventsArguments {
  /** Id of the instance. */
  instanceId: string;
  /** Resume after this event: its id (evt_...) or its sequence number. */
  lastEventId?: string | null | undefined;
}

/** Arguments of ``agora.instance.executions``. */
export interface InstanceExecutionsArguments {
  /** Id of the instance. */
  instanceId: string;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.instance.scale``. */
export interface InstanceScaleArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  minInstances?: number | undefined;
  maxInstances?: number | null | undefined;
  /** Target number of concurrent executions per instance. */
  targetConcurrency?: number | undefined;
  instanceConfig?: InstanceConfig | null | undefined;
  /** Owner account; for operators only. */
  account?: string | null | undefined;
  /** Maximum accepted for each amount of the agent's price; 409 if one is above it. */
  maxPrice?: number | null | undefined;
}

/** Arguments of ``agora.instance.scaling``. */
export interface InstanceScalingArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.instance.backup``. */
export interface InstanceBackupArguments {
  /** Id of the instance. */
  instanceId: string;
}

/** Arguments of ``agora.instance.backups``. */
export interface InstanceBackupsArguments {
  /** Id of the instance. */
  instanceId?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.instance.drop_backup``. */
export interface InstanceDropBackupArguments {
  backupId: string;
}

/** Arguments of ``agora.instance.dashboard``. */
export interface InstanceDashboardArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.media.issue_token``. */
export interface MediaIssueTokenArguments {
  /** Name of a room, unique in the marketplace. */
  roomName: string;
  /** Who joins; unique in the room. */
  identity: string;
  /** admin and moderator remove and mute others, and an admin changes its own metadata; a publisher only sends, a participant sends and receives, a viewer only receives. */
  role?: "admin" | "moderator" | "publisher" | "participant" | "viewer" | undefined;
  /** Text about them that everybody in the room can read. */
  metadata?: string | null | undefined;
  /** Minutes in which the room can be joined. */
  ttlMinutes?: number | undefined;
}

/** Arguments of ``agora.media.create_room``. */
export interface MediaCreateRoomArguments {
  /** Name of a room, unique in the marketplace. */
  roomName: string;
  /** Seconds after which an empty room is closed. */
  emptyTimeout?: number | undefined;
  /** 0: no limit. */
  maxParticipants?: number | undefined;
  /** Text that everybody in the room can read. */
  metadata?: string | undefined;
}

/** Arguments of ``agora.media.list_rooms``. */
export interface MediaListRoomsArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.media.get_room``. */
export interface MediaGetRoomArguments {
  /** Name of a room, unique in the marketplace. */
  roomName: string;
}

/** Arguments of ``agora.memory.store``. */
export interface MemoryStoreArguments {
  /** Unique in its namespace; case counts. */
  key: string;
  value: JsonValue;
  /** Groups keys. Namespaces are shared by the whole marketplace, except 'own', which is private to the caller. */
  namespace?: string | undefined;
  tags?: string[] | undefined;
  /** Store only if the current version is this one; 0: only if the key is new. */
  ifVersion?: number | null | undefined;
}

/** Arguments of ``agora.memory.recall``. */
export interface MemoryRecallArguments {
  /** Unique in its namespace; case counts. */
  key: string;
  /** Groups keys. Namespaces are shared by the whole marketplace, except 'own', which is private to the caller. */
  namespace?: string | undefined;
}

/** Arguments of ``agora.memory.list``. */
export interface MemoryListArguments {
  /** Groups keys. Namespaces are shared by the whole marketplace, except 'own', which is private to the caller. */
  namespace?: string | undefined;
  /** Only keys with this prefix. */
  prefix?: string | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.memory.search``. */
export interface MemorySearchArguments {
  /** Words to search for. */
  query: string;
  /** All that is shared, and 'own', if left out. */
  namespace?: string | null | undefined;
  limit?: number | undefined;
}

/** Arguments of ``agora.memory.forget``. */
export interface MemoryForgetArguments {
  /** Unique in its namespace; case counts. */
  key: string;
  /** Groups keys. Namespaces are shared by the whole marketplace, except 'own', which is private to the caller. */
  namespace?: string | undefined;
}

/** Arguments of ``agora.migration.call``. */
export interface MigrationCallArguments {
  /** Name of the v4 database. */
  database: string;
  /** Name of the v4 reducer. */
  reducer: string;
  /** As after `spacetime call DATABASE REDUCER`: positional, as numbers or text, or as --flag value. */
  args?: JsonValue[] | undefined;
}

/** Arguments of ``agora.migration.sql``. */
export interface MigrationSqlArguments {
  /** Name of the v4 database. */
  database: string;
  query: string;
}

/** Arguments of ``agora.migration.switch``. */
export interface MigrationSwitchArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  agentName: string;
  capabilities?: string[] | undefined;
  to?: "v5" | "v4" | undefined;
}

/** Arguments of ``agora.migration.report``. */
export interface MigrationReportArguments {
  /** Days of v4 calls that are shown and count. */
  days?: number | undefined;
}

/** Arguments of ``agora.migration.begin_import``. */
export interface MigrationBeginImportArguments {
  /** Name of the v4 database. */
  database: string;
  /** SHA-256 of the file. */
  digest: string;
}

/** Arguments of ``agora.migration.import_rows``. */
export interface MigrationImportRowsArguments {
  /** The import; none for a dry run. */
  runId: string | null;
  table: "agent_capability" | "agent_message" | "task_assignment" | "workflow_coordination" | "workflow_step" | "coordination_metrics" | "coordination_error";
  /** Number of the first row in its table, from 0. */
  position: number;
  rows: ({ [key: string]: JsonValue })[];
}

/** Arguments of ``agora.migration.finish_import``. */
export interface MigrationFinishImportArguments {
  runId: string;
}

/** Arguments of ``agora.migration.rollback_import``. */
export interface MigrationRollbackImportArguments {
  runId: string;
  limit?: number | undefined;
}

/** Arguments of ``agora.migration.list_imports``. */
export interface MigrationListImportsArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.model_provider.set``. */
export interface ModelProviderSetArguments {
  /** Name of the provider: the part of a model's name before the colon. */
  name: string;
  /** Its API key, stored encrypted; the one of before if left out, none if empty. */
  apiKey?: string | null | undefined;
  /** Base URL; that of OpenAI or Anthropic if left out. Only operators of the server choose one. */
  baseUrl?: string | null | undefined;
  /** The protocol that it speaks; by its name if left out, else openai. */
  wire?: "openai" | "anthropic" | null | undefined;
}

/** Arguments of ``agora.model_provider.list``. */
export interface ModelProviderListArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.model_provider.delete``. */
export interface ModelProviderDeleteArguments {
  /** Name of the provider: the part of a model's name before the colon. */
  name: string;
}

/** Arguments of ``agora.worker.register``. */
export interface WorkerRegisterArguments {
  /** Worker id or name. */
  workerName: string;
  capabilities?: string[] | null | undefined;
  /** Models that can be run. */
  models?: string[] | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
  /** Account that the worker's model provider bills, as an opaque name; never a credential. A usage limit that one worker reports holds for all workers of yours with that account. */
  providerAccount?: string | null | undefined;
}

/** Arguments of ``agora.worker.unregister``. */
export interface WorkerUnregisterArguments {
  /** Worker id or name. */
  workerId: string;
}

/** Arguments of ``agora.worker.list``. */
export interface WorkerListArguments {
  /** Agent id, name or dotted alias. */
  owner?: string | null | undefined;
  /** Part of a name or a capability. */
  search?: string | undefined;
  /** Only workers seen within 90 seconds. */
  onlineOnly?: boolean | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.worker.get``. */
export interface WorkerGetArguments {
  /** Worker id or name. */
  workerId: string;
}

/** Arguments of ``agora.worker.heartbeat``. */
export interface WorkerHeartbeatArguments {
  /** Worker id or name. */
  workerId: string;
}

/** Arguments of ``agora.worker.drain``. */
export interface WorkerDrainArguments {
  /** Worker id or name. */
  workerId: string;
}

/** Arguments of ``agora.worker.report_limit``. */
export interface WorkerReportLimitArguments {
  /** Worker id or name. */
  workerId: string;
  /** When the limit is lifted, by the server's clock; at most a week from now. */
  until?: string | null | undefined;
  /** Seconds until the limit is lifted, instead of until: needs no clock. */
  seconds?: number | null | undefined;
}

/** Arguments of ``agora.worker.stream``. */
export interface WorkerStreamArguments {
  /** Worker id or name. */
  workerId?: string | null | undefined;
  /** The caller's own name, if it is to be checked. */
  agentName?: string | null | undefined;
  /** Offer tasks for these, if no worker_id is given. */
  capabilities?: string[] | undefined;
  /** Of tasks for codebases only those for these, 'global' and '__pending__'. */
  codebases?: string[] | undefined;
  /** Resume after this event: its id (evt_...) or its sequence number. */
  lastEventId?: string | null | undefined;
}

/** Arguments of ``agora.worker.finish_task``. */
export interface WorkerFinishTaskArguments {
  taskId: string;
  fencingToken: number;
  /** completed, failed (tried again while attempts are left), or pending: given back. */
  status?: "completed" | "failed" | "pending" | undefined;
  result?: JsonValue | undefined;
  /** Why it failed, or is given back. */
  error?: string | undefined;
}

/** Arguments of ``agora.monitor.agents``. */
export interface MonitorAgentsArguments {
  status?: AgentStatus | null | undefined;
  /** Words of the name, description or capabilities. */
  search?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.monitor.workers``. */
export interface MonitorWorkersArguments {
  /** Part of the name. */
  search?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
}

/** Arguments of ``agora.monitor.messages``. */
export interface MonitorMessagesArguments {
  /** Message type. */
  type?: string | null | undefined;
  /** Sender or recipient. */
  agent?: string | null | undefined;
  /** Words that must all be in the text, in any order; A to Z are compared without case. */
  q?: string | null | undefined;
  /** Who sent it. */
  fromAgent?: string | null | undefined;
  /** Recipient; 'broadcast' for everyone. */
  toAgent?: string | null | undefined;
  priority?: Priority | null | undefined;
  /** Groups messages of one exchange. */
  correlationId?: string | null | undefined;
  /** Id of a message. */
  messageId?: string | null | undefined;
  /** Sent at this time or later. */
  since?: string | null | undefined;
  /** Sent before this time. */
  until?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.monitor.search``. */
export interface MonitorSearchArguments {
  /** Words that must all be in the text. */
  q: string;
  /** Message type. */
  type?: string | null | undefined;
  /** Sender or recipient. */
  agent?: string | null | undefined;
  /** Sent at this time or later. */
  since?: string | null | undefined;
  /** Sent before this time. */
  until?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.monitor.count``. */
export interface MonitorCountArguments {
  /** Message type. */
  type?: string | null | undefined;
  /** Sender or recipient. */
  agent?: string | null | undefined;
  /** Words that must all be in the text, in any order; A to Z are compared without case. */
  q?: string | null | undefined;
  /** Who sent it. */
  fromAgent?: string | null | undefined;
  /** Recipient; 'broadcast' for everyone. */
  toAgent?: string | null | undefined;
  priority?: Priority | null | undefined;
  /** Groups messages of one exchange. */
  correlationId?: string | null | undefined;
  /** Id of a message. */
  messageId?: string | null | undefined;
  /** Sent at this time or later. */
  since?: string | null | undefined;
  /** Sent before this time. */
  until?: string | null | undefined;
}

/** Arguments of ``agora.monitor.export``. */
export interface MonitorExportArguments {
  /** Message type. */
  type?: string | null | undefined;
  /** Sender or recipient. */
  agent?: string | null | undefined;
  /** Words that must all be in the text, in any order; A to Z are compared without case. */
  q?: string | null | undefined;
  /** Who sent it. */
  fromAgent?: string | null | undefined;
  /** Recipient; 'broadcast' for everyone. */
  toAgent?: string | null | undefined;
  priority?: Priority | null | undefined;
  /** Groups messages of one exchange. */
  correlationId?: string | null | undefined;
  /** Id of a message. */
  messageId?: string | null | undefined;
  /** Sent at this time or later. */
  since?: string | null | undefined;
  /** Sent before this time. */
  until?: string | null | undefined;
  /** Number of the last message received. */
  lastEventId?: string | null | undefined;
}

/** Arguments of ``agora.monitor.stream``. */
export interface MonitorStreamArguments {
  /** Event types or patterns; all if empty. */
  types?: string[] | undefined;
  /** Agent id, name or dotted alias. */
  agent?: string | null | undefined;
  /** Resume after this event: its id (evt_...) or its sequence number. */
  lastEventId?: string | null | undefined;
}

/** Arguments of ``agora.monitor.intervene``. */
export interface MonitorInterveneArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  /** Message to the agent; with an override, also its reason. */
  message?: string | undefined;
  /** Send a message or place an override, which needs the scope admin. */
  action?: "message" | "pause" | "resume" | "terminate" | "emergency_halt" | undefined;
  /** Why, for the audit trail. */
  reason?: string | undefined;
  /** Authority of the override; the caller's own if left out. */
  priority?: number | null | undefined;
  /** Seconds until the override expires. */
  expiresIn?: number | null | undefined;
}

/** Arguments of ``agora.orchestrator.chat``. */
export interface OrchestratorChatArguments {
  /** What you want, in plain words. */
  message: string;
}

/** Arguments of ``agora.orchestrator.search_agents``. */
export interface OrchestratorSearchAgentsArguments {
  /** Words of name, description, tags and capabilities; best matches first. */
  query?: string | null | undefined;
  /** A capability that it must have. */
  capability?: string | null | undefined;
  /** Part of the name. */
  name?: string | null | undefined;
  /** Only those of this industry: a category or a tag. */
  industry?: string | null | undefined;
  /** Only those that cost nothing. */
  free?: boolean | undefined;
  /** The highest price, in its currency. */
  maxPrice?: number | null | undefined;
  /** The lowest mean rating, 0 to 10. */
  minRating?: number | null | undefined;
  /** Only in this state; online is active or busy. */
  status?: "online" | "active" | "busy" | "offline" | "inactive" | "paused" | "suspended" | "error" | null | undefined;
  /** Price: lowest first. Rating: highest first. */
  sort?: "relevance" | "price" | "rating" | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
}

/** Arguments of ``agora.orchestrator.get_agent``. */
export interface OrchestratorGetAgentArguments {
  /** Agent id, name or dotted alias. */
  ref: string;
}

/** Arguments of ``agora.orchestrator.search_apps``. */
export interface OrchestratorSearchAppsArguments {
  /** Words of name, description, tags and capabilities; best matches first. */
  query?: string | null | undefined;
  /** Only those of this industry: a category or a tag. */
  industry?: string | null | undefined;
  /** Only those that cost nothing. */
  free?: boolean | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
}

/** Arguments of ``agora.orchestrator.register_agent``. */
export interface OrchestratorRegisterAgentArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
  /** Its alias, such as agent.myorg.mybot. */
  agentId?: string | null | undefined;
  /** Capabilities of the agent. */
  capabilities?: string[] | undefined;
  description?: string | undefined;
  /** Its kind; app for applications. */
  category?: string | undefined;
}

/** Arguments of ``agora.orchestrator.get_marketplace_stats``. */
export interface OrchestratorGetMarketplaceStatsArguments {
  /** What is counted. */
  of?: "agents" | "apps" | "capabilities" | undefined;
  /** Only agents that can do this. */
  capability?: string | null | undefined;
  /** Only agents in this state; online is active or busy. */
  status?: "online" | "active" | "busy" | "offline" | "inactive" | "paused" | "suspended" | "error" | null | undefined;
  /** Only those that cost nothing. */
  free?: boolean | undefined;
}

/** Arguments of ``agora.upstream.add``. */
export interface UpstreamAddArguments {
  /** Name of the upstream, the prefix of its tools: small letters, digits, hyphens. */
  name: string;
  /** Where it serves streamable HTTP. */
  url: string;
  description?: string | undefined;
  /** Sent with every request, such as Authorization; stored encrypted, never shown. */
  headers?: { [key: string]: string } | undefined;
  /** Seconds a call may take. */
  timeout?: number | null | undefined;
  /** Timeout of individual tools, in seconds. */
  toolTimeouts?: { [key: string]: number } | undefined;
  /** Maximum number of concurrent calls at the upstream; one caller can use three quarters of them. */
  concurrency?: number | undefined;
  /** Whose access token is sent: none; shared, one that an operator authorizes for all callers; user, each caller's own; machine, one by client credentials. */
  oauth?: "none" | "shared" | "user" | "machine" | undefined;
  /** This server's client at the authorization server; registered dynamically if absent. */
  oauthClientId?: string | null | undefined;
  /** Its secret; stored encrypted, never shown. */
  oauthClientSecret?: string | null | undefined;
  /** Scopes to ask for, separated by spaces; those that the upstream names if absent. */
  oauthScope?: string | null | undefined;
  /** Connect first; false stores it even if it cannot be reached now. */
  verify?: boolean | undefined;
}

/** Arguments of ``agora.upstream.list``. */
export interface UpstreamListArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.upstream.get``. */
export interface UpstreamGetArguments {
  /** Name or id of the upstream. */
  upstream: string;
  /** Only items of this kind. */
  kind?: ItemKind | null | undefined;
  /** Only items in this state. */
  state?: ItemState | null | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.upstream.refresh``. */
export interface UpstreamRefreshArguments {
  /** Name or id of the upstream. */
  upstream: string;
}

/** Arguments of ``agora.upstream.accept``. */
export interface UpstreamAcceptArguments {
  /** Name or id of the upstream. */
  upstream: string;
  /** Tools, resources or prompts; all that are quarantined if empty. */
  names?: string[] | undefined;
  /** Only definitions with these hashes: those that were reviewed. */
  hashes?: string[] | undefined;
}

/** Arguments of ``agora.upstream.remove``. */
export interface UpstreamRemoveArguments {
  /** Name or id of the upstream. */
  upstream: string;
}

/** Arguments of ``agora.upstream.authorize``. */
export interface UpstreamAuthorizeArguments {
  /** Name or id of the upstream. */
  upstream: string;
  /** Authorize for all callers, and for the listing; takes the scope admin. */
  shared?: boolean | undefined;
  /** Scopes to ask for, separated by spaces; those that the upstream names if absent. */
  scope?: string | null | undefined;
}

/** Arguments of ``agora.upstream.finish_authorization``. */
export interface UpstreamFinishAuthorizationArguments {
  /** As the callback has it. */
  state: string;
  /** As the callback has it. */
  code?: string | null | undefined;
  /** As the callback has it. */
  iss?: string | null | undefined;
  /** As the callback has it: why there is no code. */
  error?: string | null | undefined;
}

/** Arguments of ``agora.upstream.deauthorize``. */
export interface UpstreamDeauthorizeArguments {
  /** Name or id of the upstream. */
  upstream: string;
  /** The one that callers share; takes the scope admin. */
  shared?: boolean | undefined;
}

/** Arguments of ``agora.upstream.call``. */
export interface UpstreamCallArguments {
  /** Name or id of the upstream. */
  upstream: string;
  /** Name of the tool, as the upstream has it. */
  tool: string;
  arguments?: { [key: string]: JsonValue } | undefined;
  /** Seconds a call may take. */
  timeout?: number | null | undefined;
  /** A task of yours that it is for: what the upstream asks becomes a question of the task. */
  taskId?: string | null | undefined;
  /** Of the task's claim. */
  fencingToken?: number | null | undefined;
}

/** Arguments of ``agora.upstream.read``. */
export interface UpstreamReadArguments {
  /** Name or id of the upstream. */
  upstream: string;
  uri: string;
}

/** Arguments of ``agora.upstream.prompt``. */
export interface UpstreamPromptArguments {
  /** Name or id of the upstream. */
  upstream: string;
  prompt: string;
  arguments?: { [key: string]: string } | undefined;
}

/** Arguments of ``agora.upstream.complete``. */
export interface UpstreamCompleteArguments {
  /** Name or id of the upstream. */
  upstream: string;
  /** What has the argument. */
  kind: "prompt" | "template";
  /** Name of a prompt, or URI template. */
  name: string;
  /** Its argument. */
  argument: string;
  /** The letters that were typed. */
  value?: string | undefined;
  /** Arguments that are filled in already. */
  context?: { [key: string]: string } | undefined;
}

/** Arguments of ``agora.registry.list``. */
export interface RegistryListArguments {
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
  /** Largest number of servers in the answer. */
  limit?: number | undefined;
  /** Part of the name. */
  search?: string | null | undefined;
  /** RFC 3339 time, with its offset. */
  updatedSince?: string | null | undefined;
  /** A version, or 'latest'. */
  version?: string | null | undefined;
  /** Deleted servers are not kept: it changes nothing. */
  includeDeleted?: boolean | undefined;
}

/** Arguments of ``agora.registry.versions``. */
export interface RegistryVersionsArguments {
  /** Name of a server in the registry; in a path its slash may be written %2F. */
  serverName: string;
  /** Deleted servers are not kept: it changes nothing. */
  includeDeleted?: boolean | undefined;
}

/** Arguments of ``agora.registry.get``. */
export interface RegistryGetArguments {
  /** Name of a server in the registry; in a path its slash may be written %2F. */
  serverName: string;
  /** A version, or 'latest'. */
  version?: string | undefined;
  /** Deleted servers are not kept: it changes nothing. */
  includeDeleted?: boolean | undefined;
}

/** Arguments of ``agora.registry.import``. */
export interface RegistryImportArguments {
  /** A server.json, or an entry of a registry that holds one. */
  server: { [key: string]: JsonValue };
  /** Name of the upstream, the prefix of its tools: small letters, digits, hyphens. */
  name?: string | null | undefined;
  /** Values of the variables in its URL and headers. */
  variables?: { [key: string]: string } | undefined;
  /** Sent with every request, such as Authorization; stored encrypted, never shown. */
  headers?: { [key: string]: string } | undefined;
  /** Seconds a call may take. */
  timeout?: number | null | undefined;
  /** Maximum number of concurrent calls at the upstream; one caller can use three quarters of them. */
  concurrency?: number | undefined;
  /** Connect first; false stores it even if it cannot be reached now. */
  verify?: boolean | undefined;
}

/** Arguments of ``agora.runtime.projects``. */
export interface RuntimeProjectsArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.runtime.sessions``. */
export interface RuntimeSessionsArguments {
  /** Only sessions with this in title, id or directory. */
  q?: string | undefined;
  /** Only of this project: the id of a codebase. */
  projectId?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.runtime.session``. */
export interface RuntimeSessionArguments {
  /** Id of the session, as its agent names it. */
  sessionId: string;
  /** Only of this project: the id of a codebase. */
  projectId?: string | null | undefined;
}

/** Arguments of ``agora.runtime.messages``. */
export interface RuntimeMessagesArguments {
  /** Id of the session, as its agent names it. */
  sessionId: string;
  /** Only of this project: the id of a codebase. */
  projectId?: string | null | undefined;
  /** Newest first. */
  descending?: boolean | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.runtime.parts``. */
export interface RuntimePartsArguments {
  /** Id of the session, as its agent names it. */
  sessionId: string;
  /** Only of this project: the id of a codebase. */
  projectId?: string | null | undefined;
  /** Only parts of this type. */
  type?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.runtime.models``. */
export interface RuntimeModelsArguments {
  /** Only models of this provider. */
  provider?: string | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.tenant.create``. */
export interface TenantCreateArguments {
  /** Id of a tenant: small letters, digits, hyphens between. */
  tenantId: string;
  /** Display name. */
  name?: string | null | undefined;
  /** Metadata for the operator, such as a subscription or a namespace. */
  metadata?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.tenant.list``. */
export interface TenantListArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.tenant.get``. */
export interface TenantGetArguments {
  /** Id of a tenant: small letters, digits, hyphens between. */
  tenantId: string;
}

/** Arguments of ``agora.tenant.update``. */
export interface TenantUpdateArguments {
  /** Id of a tenant: small letters, digits, hyphens between. */
  tenantId: string;
  /** Display name. */
  name?: string | null | undefined;
  /** Replaces the metadata; unchanged if left out. */
  metadata?: { [key: string]: JsonValue } | null | undefined;
}

/** Arguments of ``agora.tenant.suspend``. */
export interface TenantSuspendArguments {
  /** Id of a tenant: small letters, digits, hyphens between. */
  tenantId: string;
  /** Reason, shown to callers that are refused. */
  reason?: string | undefined;
}

/** Arguments of ``agora.tenant.resume``. */
export interface TenantResumeArguments {
  /** Id of a tenant: small letters, digits, hyphens between. */
  tenantId: string;
}

/** Arguments of ``agora.tenant.create_key``. */
export interface TenantCreateKeyArguments {
  /** Id of a tenant: small letters, digits, hyphens between. */
  tenantId: string;
  label?: string | undefined;
}

/** Arguments of ``agora.tenant.delete``. */
export interface TenantDeleteArguments {
  /** Id of a tenant: small letters, digits, hyphens between. */
  tenantId: string;
  /** The tenant's id, as confirmation: all its data is erased permanently. */
  confirm: string;
}

/** Arguments of ``agora.token_billing.summary``. */
export interface TokenBillingSummaryArguments {
  /** The present one (UTC) if left out. */
  month?: string | null | undefined;
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.recent``. */
export interface TokenBillingRecentArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** Only for this task. */
  taskId?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.report``. */
export interface TokenBillingReportArguments {
  /** Names the call: reported again, it is charged once. */
  callKey: string;
  /** The provider: the part of a model's name before the colon. */
  provider: string;
  /** The model as its provider names it; '*' for every one of the provider. */
  model: string;
  tokens: ModelTokens;
  /** The task that the caller holds and made the call for. */
  taskId?: string | null | undefined;
  /** Whether the tokens were estimated, not counted. */
  isEstimate?: boolean | undefined;
  /** Seconds until the answer began. */
  timeToFirstToken?: number | null | undefined;
}

/** Arguments of ``agora.token_billing.budget``. */
export interface TokenBillingBudgetArguments {
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.credits``. */
export interface TokenBillingCreditsArguments {
  /** Hundredths of a dollar. */
  amountCents: number;
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.billing_model``. */
export interface TokenBillingBillingModelArguments {
  /** prepaid: what the credit does not cover is refused. metered: it is owed, and invoiced. */
  billingModel: "prepaid" | "metered";
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
  /** The hard limit; none if left out. */
  monthlyLimitCents?: number | null | undefined;
  /** The soft limit; 80 % if left out. */
  monthlyAlertCents?: number | null | undefined;
  /** Of all models without one of their own: for operators. */
  markupPercent?: number | null | undefined;
}

/** Arguments of ``agora.token_billing.spending_limit``. */
export interface TokenBillingSpendingLimitArguments {
  /** The hard limit; none if null. */
  monthlyLimitCents?: number | null | undefined;
  /** The soft limit; 80 % if left out. */
  monthlyAlertCents?: number | null | undefined;
  /** The account; by default that of the caller's credential, or the caller's id if the credential has none. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.pricing``. */
export interface TokenBillingPricingArguments {
  /** The provider: the part of a model's name before the colon. */
  provider?: string | null | undefined;
  /** What this model of the provider costs. */
  model?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.set_price``. */
export interface TokenBillingSetPriceArguments {
  /** The provider: the part of a model's name before the colon. */
  provider: string;
  /** The model as its provider names it; '*' for every one of the provider. */
  model: string;
  /** For a million tokens of input. */
  inputCostPerM: number;
  /** For a million tokens of output. */
  outputCostPerM: number;
  /** That of input if left out. */
  cacheReadCostPerM?: number | null | undefined;
  /** That of input if left out. */
  cacheWriteCostPerM?: number | null | undefined;
  /** That of output if left out. */
  reasoningCostPerM?: number | null | undefined;
  /** That of all models if left out. */
  markupPercent?: number | null | undefined;
  /** USD if left out. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.delete_price``. */
export interface TokenBillingDeletePriceArguments {
  /** The provider: the part of a model's name before the colon. */
  provider: string;
  /** The model as its provider names it; '*' for every one of the provider. */
  model: string;
}

/** Arguments of ``agora.token.create``. */
export interface TokenCreateArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  label: string;
  /** An API key, or a token that allows registration. */
  kind?: "api_key" | "enrolment" | undefined;
  /** Such as read:agents, write:messages; the default scopes of an agent if empty. */
  scopes?: string[] | undefined;
  serviceTier?: ServiceTier | undefined;
  authority?: number | undefined;
  /** Owner account, of a customer or developer; the creator's if left out. */
  account?: string | null | undefined;
  /** Lifetime in seconds; unlimited if left out. */
  expiresIn?: number | null | undefined;
}

/** Arguments of ``agora.token.list``. */
export interface TokenListArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.token.revoke``. */
export interface TokenRevokeArguments {
  tokenId: string;
}

/** Arguments of ``agora.transcript.search``. */
export interface TranscriptSearchArguments {
  /** Words that a message has to hold, all of them. */
  q: string;
  /** Id of a codebase. */
  codebaseId?: string | null | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.transcript.export``. */
export interface TranscriptExportArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Id of the session, as its agent names it. */
  sessionId: string;
  /** markdown for people, json for programs. */
  format?: "json" | "markdown" | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.transcript.forget``. */
export interface TranscriptForgetArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Id of the session, as its agent names it. */
  sessionId: string;
}

/** Arguments of ``agora.transcript.participants``. */
export interface TranscriptParticipantsArguments {
  taskId: string;
}

/** Arguments of ``agora.turn.list``. */
export interface TurnListArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.turn.preview``. */
export interface TurnPreviewArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Number of the turn, from 1. */
  number: number;
  /** What is taken back to the turn's end. */
  what?: "conversation" | "files" | "both" | undefined;
}

/** Arguments of ``agora.turn.rewind``. */
export interface TurnRewindArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Number of the turn, from 1. */
  number: number;
  /** What the agent is to be told then. */
  prompt?: string | undefined;
  /** What is taken back to the turn's end. */
  what?: "conversation" | "files" | "both" | undefined;
}

/** Arguments of ``agora.turn.fork``. */
export interface TurnForkArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Number of the turn, from 1. */
  number: number;
  /** What the agent is to do there. */
  prompt: string;
  /** Title, for people. */
  title?: string | undefined;
  /** Model that the agent is told to use. */
  model?: string | null | undefined;
}

/** Arguments of ``agora.turn.record``. */
export interface TurnRecordArguments {
  /** The job that the branch is named after. */
  jobId: string;
  taskId: string;
  /** The claim's fencing token. */
  fencingToken: number;
  /** Number of the turn, from 1. */
  number: number;
  /** Id of a codebase. */
  codebaseId: string;
  /** Id of the session, as its agent names it. */
  sessionId: string;
  /** Beginning of what the agent was told. */
  prompt?: string | undefined;
  /** Commit that holds the files. */
  commit?: string | undefined;
  /** Objects with path, status and blob, against the start. */
  files?: ({ [key: string]: JsonValue })[] | undefined;
}

/** Arguments of ``agora.user.list``. */
export interface UserListArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.user.get``. */
export interface UserGetArguments {
  /** Id of the user. */
  userId: string;
}

/** Arguments of ``agora.user.update``. */
export interface UserUpdateArguments {
  /** Id of the user. */
  userId: string;
  /** Role that overrides the provider's; 'provider' removes the override. Unchanged if left out. */
  role?: "admin" | "operator" | "viewer" | "user" | "provider" | null | undefined;
  /** 0: no limit; -1: as the setting says. Unchanged if left out. */
  concurrencyLimit?: number | null | undefined;
  /** Coding jobs in a day. 0: no limit; -1: as the setting says. Unchanged if left out. */
  dailyJobLimit?: number | null | undefined;
  /** Whether the user is blocked. Unchanged if left out. */
  disabled?: boolean | null | undefined;
}

/** Arguments of ``agora.virtual_server.create``. */
export interface VirtualServerCreateArguments {
  /** Name of the server, the end of its URL: small letters, digits, hyphens, underscores. */
  name: string;
  /** Names of its tools, with dots or underscores: operations, tools of upstreams (far.echo) and of agents (Dolly.shout). */
  tools: string[];
  /** Text for people: what the server is for. */
  description?: string | undefined;
  /** Text for models: when and how to use the tools; sent when a client connects. */
  instructions?: string | undefined;
}

/** Arguments of ``agora.virtual_server.list``. */
export interface VirtualServerListArguments {
  /** Largest number of items in the answer. */
  limit?: number | undefined;
  /** 'next_cursor' of the page before, to continue after it. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.virtual_server.get``. */
export interface VirtualServerGetArguments {
  /** Name of the server, the end of its URL: small letters, digits, hyphens, underscores. */
  name: string;
}

/** Arguments of ``agora.virtual_server.update``. */
export interface VirtualServerUpdateArguments {
  /** Name of the server, the end of its URL: small letters, digits, hyphens, underscores. */
  name: string;
  /** Names of its tools, with dots or underscores: operations, tools of upstreams (far.echo) and of agents (Dolly.shout). */
  tools?: string[] | null | undefined;
  /** Text for people: what the server is for. */
  description?: string | null | undefined;
  /** Text for models: when and how to use the tools; sent when a client connects. */
  instructions?: string | null | undefined;
}

/** Arguments of ``agora.virtual_server.delete``. */
export interface VirtualServerDeleteArguments {
  /** Name of the server, the end of its URL: small letters, digits, hyphens, underscores. */
  name: string;
}

/** Arguments of ``agora.virtual_server.create_key``. */
export interface VirtualServerCreateKeyArguments {
  /** Name of the server, the end of its URL: small letters, digits, hyphens, underscores. */
  name: string;
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  label: string;
  /** Lifetime in seconds; unlimited if left out. */
  expiresIn?: number | null | undefined;
}

/** Arguments of ``agora.worktree.list``. */
export interface WorktreeListArguments {
  /** Id of a codebase, or its name, if only one of yours has it. */
  codebaseId: string;
}

/** Arguments of ``agora.worktree.report``. */
export interface WorktreeReportArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Objects with job_id, bytes, last_used_at and verdict. */
  worktrees: ({ [key: string]: JsonValue })[];
}

/** Arguments of ``agora.worktree.clean``. */
export interface WorktreeCleanArguments {
  /** Id of a codebase, or its name, if only one of yours has it. */
  codebaseId: string;
  /** Worktrees to remove. */
  jobIds: string[];
}

/** Operations of the category ``messaging``. */
export interface MessagingService {
  /**
   * Send a message to one agent, to several, to a capability, or to everyone.
   *
   * The receipt is sent after the commit. A message to a name not registered yet is held until it registers.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  send(args: MessagingSendArguments, options?: CallOptions): Promise<MessageReceipt>;
  /**
   * Send a message the way of version 0.9; sunset, use agora.messaging.send.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  sendLegacy(args: MessagingSendLegacyArguments, options?: CallOptions): Promise<MessageReceipt>;
  /**
   * Read an agent's inbox, oldest first; it never changes state, ``mark`` does.
   *
   * The inbox is the caller's own. An operator, who acts for every agent, has to say whose (``agent_id``); ``operator``
   * is the operator's own.
   * ``unread`` true gives what was not yet read, false what was. With ``wait`` an empty inbox is
   * watched until a message comes or the time is over.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  receive(args?: MessagingReceiveArguments, options?: CallOptions): Promise<MessagePage>;
  /**
   * Mark messages of an inbox as delivered, read or acknowledged; a state never goes back.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  mark(args: MessagingMarkArguments, options?: CallOptions): Promise<Marked>;
  /**
   * Create a durable subscription to an agent's events; read it at ``/ws`` or ``/events``.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  subscribe(args?: MessagingSubscribeArguments, options?: CallOptions): Promise<SubscriptionReceipt>;
}

/** Operations of the category ``event``. */
export interface EventService {
  /**
   * Publish an event; types that begin with ``agora.`` are the server's.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  publish(args: EventPublishArguments, options?: CallOptions): Promise<EventReceipt>;
  /**
   * Read the event log, oldest first, from a sequence number on.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``cursor_too_old``.
   */
  list(args?: EventListArguments, options?: CallOptions): Promise<EventPage>;
  /**
   * Create a durable subscription: a filter and a position that survive reconnects.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  subscribe(args?: EventSubscribeArguments, options?: CallOptions): Promise<SubscriptionReceipt>;
  /**
   * Stream events live, after the events since ``last_event_id``: nothing lost, nothing repeated.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``cursor_too_old``.
   */
  stream(args?: EventStreamArguments, options?: CallOptions): EventStream<Event>;
}

/** Operations of the category ``task``. */
export interface TaskService {
  /**
   * Assign a task to an agent, to any agent with a capability, to a worker, or to any agent.
   *
   * The answer comes after the commit. A deadline that passes before anyone has begun ends the task as
   * expired; one that passes later makes an event. A dependency that fails cancels what depends on it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  assign(args: TaskAssignArguments, options?: CallOptions): Promise<TaskReceipt>;
  /**
   * Update a task as its assignee: status, progress, notes.
   *
   * It needs no claim: setting a pending task to in_progress starts it, setting it to completed starts
   * and completes it. Refused while another caller's lease is valid, and if it reports about an ended task
   * something else than what was recorded.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  update(args: TaskUpdateArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * List tasks: those given to an agent, or all that concern you; operators see all.
   *
   * ``since`` and ``until`` bound the time of creation.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: TaskListArguments, options?: CallOptions): Promise<TaskPage>;
  /**
   * List unfinished tasks that do not move: nobody claims them, or nothing is heard of their work. Yours; operators see all.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  stuck(args?: TaskStuckArguments, options?: CallOptions): Promise<TaskPage>;
  /**
   * Read a task.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: TaskGetArguments, options?: CallOptions): Promise<Task>;
  /**
   * Read the history of a task: actor, change and time, oldest first; without ``types``, no output and no artifacts.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  history(args: TaskHistoryArguments, options?: CallOptions): Promise<TaskEntryPage>;
  /**
   * Claim the best tasks for the caller: by priority, then deadline, then age; or one that is named.
   *
   * Each comes with a lease, which ``renew`` extends, and a fencing token, which every further write
   * carries. A lease that runs out gives the task back, with its checkpoint, to the next one.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  claim(args?: TaskClaimArguments, options?: CallOptions): Promise<Claim>;
  /**
   * Extend a lease: the heartbeat of a task in progress.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  renew(args: TaskRenewArguments, options?: CallOptions): Promise<Renewal>;
  /**
   * Release a claimed task to the queue; the attempt is not counted.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  release(args: TaskReleaseArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Get a credential for the program that works on a task you hold, such as a coding agent that is given tools.
   *
   * It may do what the task's creator allowed in the payload (``scopes``; reading agents and operations if left out) and holds
   * itself, as a principal of its own. It ends with the lease and with the task.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``illegal_transition``, ``stale_lease``.
   */
  issueToken(args: TaskIssueTokenArguments, options?: CallOptions): Promise<TaskToken>;
  /**
   * Report the tokens that a task you hold has taken so far, of one model: totals, which never fall.
   *
   * ``agora.billing.tokens`` shows them. What is new becomes an entry of the ledger, which the worker's own account pays
   * unless it is that of the task, or the worker has the scope meter:billing.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``stale_lease``.
   */
  reportUsage(args: TaskReportUsageArguments, options?: CallOptions): Promise<TokenUsage>;
  /**
   * Complete a task with its result.
   *
   * Repeating the same call returns the same result; a different result or different notes are refused (409).
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  complete(args: TaskCompleteArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Report a failed attempt; it is retried after the backoff while attempts are left.
   *
   * A task that has failed for good keeps its error: another one is refused (409).
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  fail(args: TaskFailArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Cancel a task; its worker learns it from the next response.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  cancel(args: TaskCancelArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Take a task of yours from whoever works on it, back to the queue it came from. Its lease ends, the attempt counts.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``illegal_transition``.
   */
  requeue(args: TaskRequeueArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Retry an ended task as a new task, linked to the old one.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  retry(args: TaskRetryArguments, options?: CallOptions): Promise<TaskReceipt>;
  /**
   * Reassign a task; null returns it to the queue for any suitable agent. Its lease ends.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  reassign(args: TaskReassignArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Change the priority of a task that has not ended: among those that wait, a higher one is claimed first.
   *
   * Its requester and operators may. Within a priority, the earlier deadline goes first, then the older task.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  prioritize(args: TaskPrioritizeArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Add a comment to a task's trail.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  comment(args: TaskCommentArguments, options?: CallOptions): Promise<TaskEntry>;
  /**
   * Send a message in a task: from its assignee to its requester, or the other way round.
   *
   * Where the assignee waits for an answer, the requester's message is it: the task goes back to its agent, which
   * takes it up again. A task that has ended takes no message.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  message(args: TaskMessageArguments, options?: CallOptions): Promise<TaskEntry>;
  /**
   * Add a part of a task's result as an artifact while it is in progress, as its assignee.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  artifact(args: TaskArtifactArguments, options?: CallOptions): Promise<TaskEntry>;
  /**
   * Append to a task's output. With ``offset`` a repeated chunk is recognised.
   *
   * An assignee's output starts a pending task; an operator's is refused, because the task has no worker.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  append(args: TaskAppendArguments, options?: CallOptions): Promise<TaskOutput>;
  /**
   * Read a task's output from any offset.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  output(args: TaskOutputArguments, options?: CallOptions): Promise<TaskOutput>;
  /**
   * Stream a task's log from its beginning, live; the stream ends with the task.
   *
   * ``last_event_id`` is the number of the last entry seen.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  stream(args: TaskStreamArguments, options?: CallOptions): EventStream<TaskEntry>;
  /**
   * Task statistics: by status, throughput, waiting and running times; of the last day by default.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  statistics(args?: TaskStatisticsArguments, options?: CallOptions): Promise<TaskStatistics>;
}

/** Operations of the category ``billing``. */
export interface BillingService {
  /**
   * List the prices of agents. An agent without a price is free.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  prices(args?: BillingPricesArguments, options?: CallOptions): Promise<PricePage>;
  /**
   * Set an agent's price from now on or from a future time; earlier usage keeps its price.
   *
   * For the agent itself, its account and operators. A new version replaces those that are not yet effective.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  setPrice(args: BillingSetPriceArguments, options?: CallOptions): Promise<Price>;
  /**
   * Record usage measured by an external meter, at the price in force. Needs the scope meter:billing.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``.
   */
  record(args: BillingRecordArguments, options?: CallOptions): Promise<UsageRecord>;
  /**
   * Reverse an entry by adding one with the opposite amount.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``.
   */
  reverse(args: BillingReverseArguments, options?: CallOptions): Promise<Entry>;
  /**
   * List the entries of the ledger, newest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  usage(args?: BillingUsageArguments, options?: CallOptions): Promise<EntryPage>;
  /**
   * List the tokens that tasks have taken, as their workers reported in totals; the newest tasks first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  tokens(args?: BillingTokensArguments, options?: CallOptions): Promise<TokenUsagePage>;
  /**
   * Show usage and cost so far, including the accrued cost of running instances.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  cost(args?: BillingCostArguments, options?: CallOptions): Promise<Cost>;
  /**
   * Show the revenue of the caller's agents; for operators, of every agent.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  revenue(args?: BillingRevenueArguments, options?: CallOptions): Promise<RevenuePage>;
  /**
   * Show a cost summary: total, this month, by day, by agent, and the state of the budgets.
   *
   * Errors beside those of any operation: ``halted``.
   */
  dashboard(args?: BillingDashboardArguments, options?: CallOptions): Promise<Dashboard>;
  /**
   * Add credit to an account, or record its payment.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``.
   */
  credit(args: BillingCreditArguments, options?: CallOptions): Promise<Entry>;
  /**
   * Show an account's balance in each currency: remaining credit or amount owed.
   *
   * Errors beside those of any operation: ``halted``.
   */
  balance(args?: BillingBalanceArguments, options?: CallOptions): Promise<Balances>;
  /**
   * Set the limits of an account, of an agent, or of an account's use of an agent; without any, lift them.
   *
   * An account sets its own, an agent's developer the agent's, an operator any. What an operator has set only an
   * operator changes. From the soft limit on, an agent with several models uses the cheapest of them.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  budget(args?: BillingBudgetArguments, options?: CallOptions): Promise<Budget>;
  /**
   * List budgets with their spent amounts.
   *
   * Errors beside those of any operation: ``halted``.
   */
  budgets(args?: BillingBudgetsArguments, options?: CallOptions): Promise<BudgetPage>;
  /**
   * Take a percentage off everything that an account is charged from now on, as entries beside the charges.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  setDiscount(args: BillingSetDiscountArguments, options?: CallOptions): Promise<Discount>;
  /**
   * Set what each account gets of an agent without charge in each month (UTC), as entries beside the charges.
   *
   * An agent's developer sets it, or an operator.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  setFreeQuota(args: BillingSetFreeQuotaArguments, options?: CallOptions): Promise<FreeQuota>;
  /**
   * Show the discounts of an account, and free quotas.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  reductions(args?: BillingReductionsArguments, options?: CallOptions): Promise<Reductions>;
  /**
   * Create a code that gives credit, once to each account.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``.
   */
  createCoupon(args: BillingCreateCouponArguments, options?: CallOptions): Promise<Coupon>;
  /**
   * List coupons by their codes.
   *
   * Errors beside those of any operation: ``halted``.
   */
  coupons(args?: BillingCouponsArguments, options?: CallOptions): Promise<CouponPage>;
  /**
   * Get the credit of a coupon. Repeated for the same account it answers the same entry.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``.
   */
  redeemCoupon(args: BillingRedeemCouponArguments, options?: CallOptions): Promise<Entry>;
  /**
   * List invoices, newest first.
   *
   * Errors beside those of any operation: ``halted``.
   */
  invoices(args?: BillingInvoicesArguments, options?: CallOptions): Promise<InvoicePage>;
  /**
   * Show an invoice, or, without naming one, what the next invoice of an account would be now.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  invoice(args?: BillingInvoiceArguments, options?: CallOptions): Promise<Invoice>;
  /**
   * Create a file of an invoice. It is also at /billing/invoices/NUMBER.html, .csv, .json and .eml.
   *
   * The e-mail goes to the customer's address (``agora.billing.set_profile``), with the page and the table attached.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  document(args: BillingDocumentArguments, options?: CallOptions): Promise<InvoiceDocument>;
  /**
   * Show who an account is, as its invoices show it: name, postal address, tax id, e-mail address.
   *
   * Errors beside those of any operation: ``halted``.
   */
  profile(args?: BillingProfileArguments, options?: CallOptions): Promise<BillingProfile>;
  /**
   * Change who an account is on the invoices that are issued from now on; what is left out stays.
   *
   * An account changes its own, an operator any.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  setProfile(args?: BillingSetProfileArguments, options?: CallOptions): Promise<BillingProfile>;
  /**
   * Issue the invoices of a past month now; the server does so automatically an hour after the month's end.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  close(args: BillingCloseArguments, options?: CallOptions): Promise<Closing>;
}

/** Operations of the category ``a2a``. */
export interface A2aService {
  /**
   * Send a message to an agent: it creates a task, or continues one (section 3.1.1).
   *
   * A text is a message with one part. The message is stored when the call has an answer; the call waits until
   * the task has ended or needs an answer, unless told otherwise. A repeated ``messageId`` answers the task it made.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  send(args: A2aSendArguments, options?: CallOptions): Promise<A2ASendResult>;
  /**
   * Show a task with its history and artifacts (section 3.1.3).
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: A2aGetArguments, options?: CallOptions): Promise<A2ATask>;
  /**
   * List the tasks you gave, the last changed first (section 3.1.4).
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: A2aListArguments, options?: CallOptions): Promise<A2ATaskList>;
  /**
   * Cancel a task (section 3.1.5). One that has ended cannot be cancelled.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  cancel(args: A2aCancelArguments, options?: CallOptions): Promise<A2ATask>;
  /**
   * Stream a task and its updates until it ends (section 3.1.6).
   *
   * Refused for a task that has ended, unless it is resumed.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``illegal_transition``.
   */
  subscribe(args: A2aSubscribeArguments, options?: CallOptions): EventStream<A2AUpdate>;
  /**
   * Configure push notifications of a task (section 3.1.7): updates from now on, in order, at least once.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  createPushConfig(args: A2aCreatePushConfigArguments, options?: CallOptions): Promise<A2APushConfig>;
  /**
   * Show a push notification configuration of a task (section 3.1.8).
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  getPushConfig(args: A2aGetPushConfigArguments, options?: CallOptions): Promise<A2APushConfig>;
  /**
   * List the push notification configurations of a task (section 3.1.9).
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  listPushConfigs(args: A2aListPushConfigsArguments, options?: CallOptions): Promise<A2APushConfigs>;
  /**
   * Delete a push notification configuration (section 3.1.10).
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  deletePushConfig(args: A2aDeletePushConfigArguments, options?: CallOptions): Promise<A2APushDeletion>;
  /**
   * List failed push deliveries with their reason: your own; operators see all.
   *
   * Errors beside those of any operation: ``halted``.
   */
  pushDeadLetters(args?: A2aPushDeadLettersArguments, options?: CallOptions): Promise<PushDeadLetters>;
  /**
   * Retry a failed push delivery from the update at which it stopped.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  retryPush(args: A2aRetryPushArguments, options?: CallOptions): Promise<PushRetry>;
  /**
   * Show an agent's card, made from its registration unless one is stored; without an agent, the front agent's.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  card(args?: A2aCardArguments, options?: CallOptions): Promise<A2ACard>;
  /**
   * Show the card for authenticated callers (section 3.1.11).
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  extendedCard(args?: A2aExtendedCardArguments, options?: CallOptions): Promise<A2ACard>;
  /**
   * Store a card for an agent. The addresses in it are replaced by this marketplace's.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  setCard(args?: A2aSetCardArguments, options?: CallOptions): Promise<CardChange>;
  /**
   * List the agents with their cards' addresses.
   *
   * Errors beside those of any operation: ``halted``.
   */
  catalogue(args?: A2aCatalogueArguments, options?: CallOptions): Promise<A2ACatalogue>;
  /**
   * Register a remote A2A agent in this marketplace; messages and tasks for it are relayed.
   *
   * A URL that leads to a private or loopback address is refused unless the server's settings allow it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``name_taken``, ``illegal_transition``, ``upstream_failed``, ``upstream_unavailable``.
   */
  addRemote(args: A2aAddRemoteArguments, options?: CallOptions): Promise<RemoteAgent>;
  /**
   * List the remote agents, each with its state.
   *
   * Errors beside those of any operation: ``halted``.
   */
  listRemotes(args?: A2aListRemotesArguments, options?: CallOptions): Promise<RemoteAgentPage>;
  /**
   * Show a remote agent, with its card.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  getRemote(args: A2aGetRemoteArguments, options?: CallOptions): Promise<RemoteAgent>;
  /**
   * Fetch the card of a remote agent again.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``name_taken``, ``illegal_transition``, ``upstream_failed``, ``upstream_unavailable``.
   */
  refreshRemote(args: A2aRefreshRemoteArguments, options?: CallOptions): Promise<RemoteAgent>;
  /**
   * Remove a remote agent from the marketplace; its unfinished tasks end as failed.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  removeRemote(args: A2aRemoveRemoteArguments, options?: CallOptions): Promise<RemoteRemoval>;
}

/** Operations of the category ``admin``. */
export interface AdminService {
  /**
   * Pause, resume, terminate or halt an agent or the whole marketplace, at once, for every protocol.
   *
   * ``resume`` lifts the overrides of the target that have the same authority or less.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``halted``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  override(args: AdminOverrideArguments, options?: CallOptions): Promise<OverrideReceipt>;
  /**
   * Check the health of the system now, with warnings derived from trends.
   *
   * Lists the overrides in force: target, actor, start and reason.
   *
   * Errors beside those of any operation: ``not_found``.
   */
  health(args?: AdminHealthArguments, options?: CallOptions): Promise<Health>;
  /**
   * Manage an agent's life, a setting that may change at run time, or a service's status.
   *
   * The actions ``get`` and ``list`` only read, so they are answered during a halt too. ``after`` of a list has each
   * setting's value, whether it was changed, and whether it can be while the server runs; secrets are masked.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``illegal_transition``.
   */
  manage(args: AdminManageArguments, options?: CallOptions): Promise<Managed>;
  /**
   * Read the audit trail, newest first: actor, operation, target and outcome.
   *
   * Errors beside those of any operation: none.
   */
  audit(args?: AdminAuditArguments, options?: CallOptions): Promise<AuditPage>;
}

/** Operations of the category ``agent``. */
export interface AgentService {
  /**
   * Register an agent, or update it when the call carries that agent's own token.
   *
   * A name or alias taken by another identity is a conflict. Messages held for them are delivered. Alias and keys
   * that are left out stay as they are. The tier is granted as far as the credential may give it: an operator's any, an
   * enrolment token's or a key's its own, an agent's its own, a stranger's basic; requested_tier keeps what was asked
   * for. A manifest by itself (name instead of agent_name) is understood, too; where
   * it can be run and the caller has deploy:agents, instances of it can be made, as by agora.deployment.register.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``name_taken``, ``illegal_transition``.
   */
  register(args: AgentRegisterArguments, options?: CallOptions): Promise<Registration>;
  /**
   * Read one agent's profile by id, name or dotted alias.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: AgentGetArguments, options?: CallOptions): Promise<Agent>;
  /**
   * List the agents of the marketplace in the order of registration.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: AgentListArguments, options?: CallOptions): Promise<AgentPage>;
  /**
   * Change an agent's profile; omitted fields are unchanged. An agent can change only its own.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``name_taken``, ``illegal_transition``.
   */
  update(args: AgentUpdateArguments, options?: CallOptions): Promise<Agent>;
  /**
   * Send a heartbeat, with the agent's state and load if they changed.
   *
   * Every other authenticated call counts as a heartbeat too.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``illegal_transition``.
   */
  heartbeat(args?: AgentHeartbeatArguments, options?: CallOptions): Promise<AgentHeartbeat>;
  /**
   * Read an agent's status: state, load, availability, reputation, unread messages.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  status(args: AgentStatusArguments, options?: CallOptions): Promise<AgentStatusReport>;
  /**
   * Rate another agent; a second rating by the same agent replaces its first.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  rate(args: AgentRateArguments, options?: CallOptions): Promise<Rating>;
  /**
   * Deregister an agent: its token is revoked, its name becomes free, its history stays.
   *
   * Whoever registers the name next gets nothing that waited for this agent: who gave a task reassigns it, and an
   * operator hands over what is left (agora.admin.manage, action 'hand_over').
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  deregister(args: AgentDeregisterArguments, options?: CallOptions): Promise<Deregistration>;
}

/** Operations of the category ``declared_agent``. */
export interface DeclaredAgentService {
  /**
   * Declare an agent, or change its declaration: each change is a new version. The same again changes nothing.
   *
   * The agent is registered under its name, and is asked, found and paid like any other.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  apply(args: DeclaredAgentApplyArguments, options?: CallOptions): Promise<AppliedAgent>;
  /**
   * List the declared agents by name.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: DeclaredAgentListArguments, options?: CallOptions): Promise<DeclaredAgentPage>;
  /**
   * Show a declared agent. Raises NotFound.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: DeclaredAgentGetArguments, options?: CallOptions): Promise<DeclaredAgent>;
  /**
   * List the versions of a declaration, newest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  versions(args: DeclaredAgentVersionsArguments, options?: CallOptions): Promise<DeclaredAgentVersionPage>;
  /**
   * Make the specification of an earlier version the newest one.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  rollback(args: DeclaredAgentRollbackArguments, options?: CallOptions): Promise<AppliedAgent>;
  /**
   * Delete a declaration with its versions, and deregister its agent.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  delete(args: DeclaredAgentDeleteArguments, options?: CallOptions): Promise<DeclaredAgentRemoval>;
  /**
   * List the tools of a declared agent: for itself and for operators.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  tools(args: DeclaredAgentToolsArguments, options?: CallOptions): Promise<AgentTools>;
  /**
   * Call a tool for a task, as its agent, with the rights that both the agent and whoever asked have.
   *
   * Carried out once for each call_id. An outside tool whose outcome was lost is ``unknown``, and is not repeated.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``illegal_transition``, ``stale_lease``, ``cursor_too_old``.
   */
  callTool(args: DeclaredAgentCallToolArguments, options?: CallOptions): Promise<ToolOutcome>;
  /**
   * Reserve what the next call of a model may cost at most, against every limit over it: by its agent alone.
   *
   * Whoever asked first pays. A new reservation takes the place of the task's earlier one. Raises BudgetExceeded.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  reserveModelCall(args: DeclaredAgentReserveModelCallArguments, options?: CallOptions): Promise<ModelReservation>;
  /**
   * Charge for a call of a model that was made, once for each step of an attempt, and store where the work is.
   *
   * A call that was cut off is charged beside the one that is made in its place. Text that the output does not take,
   * such as over its limit, is left out: the call is charged nevertheless.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  recordModelCall(args: DeclaredAgentRecordModelCallArguments, options?: CallOptions): Promise<RecordedModelCall>;
  /**
   * Give back what is reserved for a call of a model that failed before its first token.
   *
   * A reservation that is neither charged nor given back was of a call whose process died: the next call of the task
   * charges its input, as an estimate.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  releaseModelCall(args: DeclaredAgentReleaseModelCallArguments, options?: CallOptions): Promise<ModelReservationRelease>;
}

/** Operations of the category ``workflow``. */
export interface WorkflowService {
  /**
   * Create a workflow and start it.
   *
   * All errors in the steps are reported at once: cycles, unknown steps, unknown agent ids, bad expressions.
   * A step without an agent goes to any of ``assigned_agents``, or to any agent if there are none.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  create(args: WorkflowCreateArguments, options?: CallOptions): Promise<WorkflowReceipt>;
  /**
   * Show a workflow's status: steps, progress, agents.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  status(args: WorkflowStatusArguments, options?: CallOptions): Promise<Workflow>;
  /**
   * List workflows that concern you, newest first; operators see all. ``agent_id``: created by it; ``status``: one or several.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: WorkflowListArguments, options?: CallOptions): Promise<WorkflowPage>;
  /**
   * Change a running workflow; a change that is not possible is refused as a whole.
   *
   * reassign: ``step`` to ``agent`` or ``capability``. add: ``definition``, to run before the steps in ``before``.
   * reorder: the steps not started yet, in ``order``, of a workflow without depends_on.
   * skip: ``step``. pause, resume, terminate: the workflow.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  modify(args: WorkflowModifyArguments, options?: CallOptions): Promise<Modification>;
  /**
   * Approve or refuse a step that waits for approval; a refused step fails.
   *
   * Repeating the same decision changes nothing; a different second one is a conflict.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  approve(args: WorkflowApproveArguments, options?: CallOptions): Promise<Modification>;
  /**
   * Cancel a workflow: running steps are cancelled, the others are never started.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  cancel(args: WorkflowCancelArguments, options?: CallOptions): Promise<Modification>;
  /**
   * Show when each step became ready, started and ended; at most 1,000 items of each for_each.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  timeline(args: WorkflowTimelineArguments, options?: CallOptions): Promise<Timeline>;
  /**
   * Show the graph of a workflow with the state of each step, as Mermaid text.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  diagram(args: WorkflowDiagramArguments, options?: CallOptions): Promise<WorkflowDiagram>;
}

/** Operations of the category ``app``. */
export interface AppService {
  /**
   * Publish an app. A name or alias that another app has is a conflict.
   *
   * pricing sets the price of the orchestrator agent, for which the caller must have the right. The workflow is checked
   * as agora.workflow.create checks it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``.
   */
  create(args: AppCreateArguments, options?: CallOptions): Promise<AppDetails>;
  /**
   * List the apps that you may see, the oldest first.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: AppListArguments, options?: CallOptions): Promise<AppPage>;
  /**
   * Show an app with its workflow. Raises NotFound.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: AppGetArguments, options?: CallOptions): Promise<AppDetails>;
  /**
   * Change an app; omitted fields are unchanged. For its owner, keys of its account and operators.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``.
   */
  update(args: AppUpdateArguments, options?: CallOptions): Promise<AppDetails>;
  /**
   * Remove an app, with the agents that it brought along. Workflows that it has started go on.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  delete(args: AppDeleteArguments, options?: CallOptions): Promise<AppRemoval>;
  /**
   * Install an app with its agents and its workflow, or bring an installed one to this state: all of it or nothing.
   *
   * The same again changes nothing. Agents that the app no longer brings are removed. Agents need the right to
   * declare them (agora.declared_agent.apply); an agent of the same name that the app did not bring is a conflict.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  install(args: AppInstallArguments, options?: CallOptions): Promise<AppChange>;
  /**
   * Start the workflow of an app, as yours: its tasks have the prices of the agents that do them.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  run(args: AppRunArguments, options?: CallOptions): Promise<WorkflowReceipt>;
}

/** Operations of the category ``codebase``. */
export interface CodebaseService {
  /**
   * List codebases; with ``search``, those whose name, path or repository contains it.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: CodebaseListArguments, options?: CallOptions): Promise<CodebasePage>;
  /**
   * Register a codebase of a worker of yours, or update the one of that path.
   *
   * Jobs for it require the capability ``codebase:ID``, which the worker has from now on. Without ``worker_id``, or with ``git_url``,
   * it is pending: the task ``register_codebase`` asks one worker after another, and the first that has the path, or clones the
   * repository, confirms it. Jobs that are queued meanwhile wait.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  register(args: CodebaseRegisterArguments, options?: CallOptions): Promise<Codebase>;
  /**
   * Take a pending codebase, as the worker that holds the task which asks for it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``stale_lease``.
   */
  confirm(args: CodebaseConfirmArguments, options?: CallOptions): Promise<Codebase>;
  /**
   * Refuse a pending codebase, as the worker that was asked: the next one is asked; after the last it is refused.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  decline(args: CodebaseDeclineArguments, options?: CallOptions): Promise<Codebase>;
  /**
   * Read with which token to clone a pending codebase, as the worker that was asked.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``stale_lease``.
   */
  readCredential(args: CodebaseReadCredentialArguments, options?: CallOptions): Promise<CodebaseCredential>;
  /**
   * Read a codebase.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: CodebaseGetArguments, options?: CallOptions): Promise<Codebase>;
  /**
   * Unregister a codebase with its sessions; nothing on the worker's machine is touched.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  remove(args: CodebaseRemoveArguments, options?: CallOptions): Promise<RemovedCodebase>;
  /**
   * Have the agent of a codebase do something; it runs also while the codebase is not watched.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  trigger(args: CodebaseTriggerArguments, options?: CallOptions): Promise<TaskReceipt>;
  /**
   * Read the secrets of a job, as the worker that holds it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``stale_lease``.
   */
  readJobSecrets(args: CodebaseReadJobSecretsArguments, options?: CallOptions): Promise<JobSecrets>;
  /**
   * Say something to the agent that works in a codebase, or answer what it asks.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  message(args: CodebaseMessageArguments, options?: CallOptions): Promise<TaskEntry>;
  /**
   * Interrupt what runs in a codebase: your jobs under way are cancelled, queued ones stay; operators reach all.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  interrupt(args: CodebaseInterruptArguments, options?: CallOptions): Promise<EndedJobs>;
  /**
   * Stop all work in a codebase: your jobs there are cancelled, queued ones too; operators reach all.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  stop(args: CodebaseStopArguments, options?: CallOptions): Promise<EndedJobs>;
  /**
   * Read what goes on in a codebase.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  status(args: CodebaseStatusArguments, options?: CallOptions): Promise<CodebaseStatus>;
  /**
   * Stream the events of a codebase's jobs that concern the caller, from now on or after an event.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``cursor_too_old``.
   */
  events(args: CodebaseEventsArguments, options?: CallOptions): EventStream<Event>;
  /**
   * Have the codebase's worker take queued jobs by itself, as it does from its registration on.
   *
   * With ``review_limit`` it takes none while as many reviews of the codebase are open: what nobody looks at is not added to. Jobs
   * under way go on, and so do sessions that are resumed and changes that a review asks for.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  startWatch(args: CodebaseStartWatchArguments, options?: CallOptions): Promise<Watch>;
  /**
   * Hold the jobs that are queued for a codebase until it is watched again; jobs under way go on.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  stopWatch(args: CodebaseStopWatchArguments, options?: CallOptions): Promise<Watch>;
  /**
   * Read whether a codebase is watched.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  watchStatus(args: CodebaseWatchStatusArguments, options?: CallOptions): Promise<Watch>;
}

/** Operations of the category ``session``. */
export interface SessionService {
  /**
   * List the sessions of a codebase, the latest first: of your worker or your jobs; operators see all.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args: SessionListArguments, options?: CallOptions): Promise<SessionPage>;
  /**
   * Read what a session is: its agent, its last task, how many messages it has.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: SessionGetArguments, options?: CallOptions): Promise<Session>;
  /**
   * Report which sessions a worker's agent has, as the worker; what is known of them is kept.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  sync(args: SessionSyncArguments, options?: CallOptions): Promise<Synchronisation>;
  /**
   * Store messages of a session, as its worker; a message whose id is known replaces that one.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  ingest(args: SessionIngestArguments, options?: CallOptions): Promise<Ingestion>;
  /**
   * Read the messages of a session, oldest first unless ``descending``.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  messages(args: SessionMessagesArguments, options?: CallOptions): Promise<SessionMessagePage>;
  /**
   * Go on with a session: a new job for the worker that holds it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  resume(args: SessionResumeArguments, options?: CallOptions): Promise<TaskReceipt>;
}

/** Operations of the category ``follow_up``. */
export interface FollowUpService {
  /**
   * Say something to the agent of a coding job, in its session.
   *
   * A job that is paused goes on; after one that has ended another one begins, for the worker that has the session.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  add(args: FollowUpAddArguments, options?: CallOptions): Promise<FollowUp>;
  /**
   * List the follow-ups of a job, in their order.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args: FollowUpListArguments, options?: CallOptions): Promise<FollowUpPage>;
  /**
   * Change a follow-up that has not been taken; one that has is refused (409).
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  edit(args: FollowUpEditArguments, options?: CallOptions): Promise<FollowUp>;
  /**
   * Remove a follow-up that has not been taken; one that has is refused (409).
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  remove(args: FollowUpRemoveArguments, options?: CallOptions): Promise<RemovedFollowUp>;
  /**
   * Begin another job for what still waits for an ended one, such as a job that has failed or was cancelled.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  wake(args: FollowUpWakeArguments, options?: CallOptions): Promise<FollowUpsWoken>;
  /**
   * Take the next follow-up of a job you hold, steering ones first.
   *
   * One that was taken before and is not in the checkpoint is given again: none is lost, and none is said twice.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``stale_lease``.
   */
  take(args: FollowUpTakeArguments, options?: CallOptions): Promise<FollowUpTaken>;
}

/** Operations of the category ``review``. */
export interface ReviewService {
  /**
   * List the reviews of your jobs and of your workers, the latest change first; operators see all.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: ReviewListArguments, options?: CallOptions): Promise<ReviewPage>;
  /**
   * Read a review.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: ReviewGetArguments, options?: CallOptions): Promise<Review>;
  /**
   * Read the changed files with their diffs, in the order of their paths.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  files(args: ReviewFilesArguments, options?: CallOptions): Promise<ReviewFilePage>;
  /**
   * Read the comments on lines, in the order in which they were written.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  comments(args: ReviewCommentsArguments, options?: CallOptions): Promise<ReviewCommentPage>;
  /**
   * Comment on a line of the diff. The agent is told with ``request_changes``.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  comment(args: ReviewCommentArguments, options?: CallOptions): Promise<ReviewComment>;
  /**
   * Remove a comment that the agent has not been told.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  removeComment(args: ReviewRemoveCommentArguments, options?: CallOptions): Promise<RemovedComment>;
  /**
   * Send the comments that wait back to the agent, as one follow-up with path, line and code of each.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  requestChanges(args: ReviewRequestChangesArguments, options?: CallOptions): Promise<FollowUp>;
  /**
   * Approve the changes, and have the worker carry it out. Conflicts go back to the agent; nothing is forced.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  approve(args: ReviewApproveArguments, options?: CallOptions): Promise<Review>;
  /**
   * Decide that the changes are not wanted. Their branch stays where it is.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  dismiss(args: ReviewDismissArguments, options?: CallOptions): Promise<Review>;
  /**
   * Hand over what a job you hold has changed, as its worker. A repeated call replaces what was handed over.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``stale_lease``.
   */
  submit(args: ReviewSubmitArguments, options?: CallOptions): Promise<Review>;
  /**
   * Report what became of an approval, as the worker that carries it out.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  conclude(args: ReviewConcludeArguments, options?: CallOptions): Promise<Review>;
}

/** Operations of the category ``attempt``. */
export interface AttemptService {
  /**
   * Queue a job for each variant. They run side by side, as far as workers have room.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  start(args: AttemptStartArguments, options?: CallOptions): Promise<AttemptGroup>;
  /**
   * List your groups, the newest first; operators see all.
   *
   * Errors beside those of any operation: ``halted``, ``payload_too_large``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  list(args?: AttemptListArguments, options?: CallOptions): Promise<AttemptGroupPage>;
  /**
   * Compare the attempts of a group.
   *
   * Errors beside those of any operation: ``halted``, ``payload_too_large``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  get(args: AttemptGetArguments, options?: CallOptions): Promise<AttemptGroup>;
  /**
   * Choose an attempt that has completed: the others are cancelled if they work, and their reviews are dismissed.
   *
   * Its review stays open: approve it to have it delivered. Nothing of the others is deleted.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  choose(args: AttemptChooseArguments, options?: CallOptions): Promise<AttemptGroup>;
}

/** Operations of the category ``auth``. */
export interface AuthService {
  /**
   * Show how users can log in.
   *
   * Errors beside those of any operation: none.
   */
  configuration(options?: CallOptions): Promise<AuthConfiguration>;
  /**
   * Log in with name and password, which are passed to the identity provider, where the operator allows it.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  login(args: AuthLoginArguments, options?: CallOptions): Promise<Login>;
  /**
   * Get new tokens for a refresh token, before the access token expires or after.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  refresh(args: AuthRefreshArguments, options?: CallOptions): Promise<Login>;
  /**
   * Show the caller's identity, role and scopes.
   *
   * Errors beside those of any operation: none.
   */
  userinfo(options?: CallOptions): Promise<UserInfo>;
  /**
   * Log out: end the session and its streams here, and at the identity provider if the refresh token is sent.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  logout(args?: AuthLogoutArguments, options?: CallOptions): Promise<LoggedOut>;
  /**
   * End a session of the monitor, however it was started. Used by the monitor's pages.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  signOut(args: AuthSignOutArguments, options?: CallOptions): Promise<SignedOut>;
  /**
   * Accept a logout token of an identity provider (OpenID Connect Back-Channel Logout 1.0).
   *
   * Providers send a form. No credential is needed, because the token is signed. One that is not valid, or was
   * taken before, is answered with 400.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  backchannelLogout(args: AuthBackchannelLogoutArguments, options?: CallOptions): Promise<LogoutTaken>;
}

/** Operations of the category ``bus``. */
export interface BusService {
  /**
   * Publish an entry to an agent, a capability or everyone.
   *
   * It is stored as a message. A task_assignment is stored as a task; ``task_id`` in a task_completion,
   * error_report or state_update completes, fails or advances that task. Repeated under the same
   * ``message_id`` by the same sender it answers the first receipt.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``stale_lease``.
   */
  publish(args: BusPublishArguments, options?: CallOptions): Promise<BusReceipt>;
  /**
   * Read the next entries for an agent: reclaimed ones first, then new ones.
   *
   * Each goes to one consumer of the group and stays with it until it is acknowledged. Tasks meant for
   * the agent, or for a capability it has, come as task_assignment, and are claimed by that.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  read(args?: BusReadArguments, options?: CallOptions): Promise<BusBatch>;
  /**
   * Acknowledge entries: they are not delivered again.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  ack(args: BusAckArguments, options?: CallOptions): Promise<BusAck>;
  /**
   * Take over entries that other consumers of the group were given and have not acknowledged for too long.
   *
   * Each further delivery of an entry doubles that time. After the last one it is dead-lettered instead.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  recover(args?: BusRecoverArguments, options?: CallOptions): Promise<BusBatch>;
  /**
   * List the group's pending entries (delivered, not acknowledged), oldest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  pending(args?: BusPendingArguments, options?: CallOptions): Promise<BusPending>;
  /**
   * Show the health of the bus, and how many entries wait for the caller.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  health(options?: CallOptions): Promise<BusHealth>;
  /**
   * Show the groups with their consumers, lag and pending entries: one's own; for operators all.
   *
   * Errors beside those of any operation: ``halted``.
   */
  stats(options?: CallOptions): Promise<BusStats>;
  /**
   * Deliver an agent's messages and tasks on its Redis stream, starting with the waiting ones.
   *
   * The stream and its group exist when this returns, unless Redis is unavailable; then they are created later. An
   * agent that publishes an entry through Redis joins automatically.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``.
   */
  join(args?: BusJoinArguments, options?: CallOptions): Promise<BusMembership>;
  /**
   * Stop delivering an agent's messages on its Redis stream; delivered entries stay there.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  leave(args?: BusLeaveArguments, options?: CallOptions): Promise<BusMembership>;
}

/** Operations of the category ``conversation``. */
export interface ConversationService {
  /**
   * Send a message of the agent protocol.
   *
   * Recipients are named by id, name or dotted alias; they need not be online. An answer to another message has to be
   * a legal reply to it. What is sent to agent.marketplace.orchestrator is answered at once. The message
   * sent again under its id is sent once.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``stale_lease``.
   */
  send(args: ConversationSendArguments, options?: CallOptions): Promise<Accepted>;
  /**
   * Return the answer to a message you sent, waiting for it if there is none yet. The answer is then acknowledged.
   *
   * Past ``expected.timeout`` the answer is a failure with the intent 'timeout', which names the recipients that no
   * agent is registered as; a late answer waits in the inbox.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  reply(args: ConversationReplyArguments, options?: CallOptions): Promise<Reply>;
  /**
   * Read a conversation you take part in, with its messages.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: ConversationGetArguments, options?: CallOptions): Promise<ConversationDetail>;
  /**
   * List an agent's conversations, the newest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: ConversationListArguments, options?: CallOptions): Promise<ConversationPage>;
  /**
   * List an agent's pending messages in the form of the agent protocol, oldest first.
   *
   * Reading changes nothing. ``agora.messaging.mark`` with the status ``acknowledged`` takes a message off the list. It
   * names a message by its ``id``, or by ``agora.message_id`` where the message has that: its sender chose the ``id``.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  pending(args?: ConversationPendingArguments, options?: CallOptions): Promise<PendingPage>;
  /**
   * List the uses of an agent that were reported with inform/track_usage, oldest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  usage(args?: ConversationUsageArguments, options?: CallOptions): Promise<ReportedUsePage>;
}

/** Operations of the category ``dead_letter``. */
export interface DeadLetterService {
  /**
   * List dead letters, newest first: one's own; for operators all.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: DeadLetterListArguments, options?: CallOptions): Promise<DeadLetterPage>;
  /**
   * Show a dead letter with its content, and whether it can be replayed. Raises NotFound.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: DeadLetterGetArguments, options?: CallOptions): Promise<DeadLetterDetail>;
  /**
   * Deliver it again, as if for the first time. One that was replayed already is not delivered once more.
   *
   * Raises Conflict if it was discarded, or if what it is about is gone.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``stale_lease``.
   */
  replay(args: DeadLetterReplayArguments, options?: CallOptions): Promise<DeadLetter>;
  /**
   * Give it up for good. Raises Conflict if it was replayed.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  discard(args: DeadLetterDiscardArguments, options?: CallOptions): Promise<DeadLetter>;
}

/** Operations of the category ``deployment``. */
export interface DeploymentService {
  /**
   * Register an agent with its deployment manifest, or a new revision of it. All errors are reported at once.
   *
   * For operators, and callers with the scope deploy:agents. Running instances keep their revision.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  register(args: DeploymentRegisterArguments, options?: CallOptions): Promise<RegisteredDeployable>;
  /**
   * Register an agent that is a container image; ``metadata`` is its manifest.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  registerDocker(args: DeploymentRegisterDockerArguments, options?: CallOptions): Promise<RegisteredDeployable>;
  /**
   * Validate a manifest without registering it; reports all errors.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  validate(args: DeploymentValidateArguments, options?: CallOptions): Promise<ManifestReport>;
  /**
   * List the agents with a deployment.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: DeploymentListArguments, options?: CallOptions): Promise<DeployablePage>;
  /**
   * Show an agent's deployment.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: DeploymentGetArguments, options?: CallOptions): Promise<DeployableAgent>;
  /**
   * Withdraw an agent's deployment: no new instances can be created; running ones continue.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  withdraw(args: DeploymentWithdrawArguments, options?: CallOptions): Promise<Withdrawal>;
}

/** Operations of the category ``query``. */
export interface QueryService {
  /**
   * Find agents by capabilities, status, tier, rating and words.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  agents(args?: QueryAgentsArguments, options?: CallOptions): Promise<FoundAgentPage>;
  /**
   * Find operations with their usage statistics.
   *
   * Errors beside those of any operation: ``halted``.
   */
  services(args?: QueryServicesArguments, options?: CallOptions): Promise<ServicePage>;
  /**
   * Show statistics of the marketplace: agents, messages, events, service usage.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  marketplace(options?: CallOptions): Promise<Marketplace>;
}

/** Operations of the category ``discovery``. */
export interface DiscoveryService {
  /**
   * List the operations of the marketplace with their schemas.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: DiscoveryListArguments, options?: CallOptions): Promise<ServicePage>;
  /**
   * Read how to call one operation; without a version, its newest active one.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  schema(args: DiscoverySchemaArguments, options?: CallOptions): Promise<ServiceSchema>;
}

/** Operations of the category ``host``. */
export interface HostService {
  /**
   * List the hosts with what they have, and what of it is free.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: HostListArguments, options?: CallOptions): Promise<HostPage>;
  /**
   * Show a host.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: HostGetArguments, options?: CallOptions): Promise<Host>;
  /**
   * Take a hosting agent as a host: it is asked in messages (``create_container``) to run instances.
   *
   * Without memory_mb or cpu_cores, what it says it has run counts as unlimited.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``name_taken``.
   */
  register(args: HostRegisterArguments, options?: CallOptions): Promise<Host>;
  /**
   * Change a host: close it for maintenance, reopen it, set its region.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``name_taken``.
   */
  update(args: HostUpdateArguments, options?: CallOptions): Promise<Host>;
  /**
   * Remove a host. A server that still runs registers itself again.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``.
   */
  remove(args: HostRemoveArguments, options?: CallOptions): Promise<HostRemoval>;
}

/** Operations of the category ``instance``. */
export interface InstanceService {
  /**
   * List agents for customers, with availability, price, instances and measured performance.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  discover(args?: InstanceDiscoverArguments, options?: CallOptions): Promise<MarketplacePage>;
  /**
   * Create an instance of an agent and start it.
   *
   * It is made at once, and started by its host; ``status`` says how far that is. Requirements that no host can
   * meet are refused with what is missing. It keeps the price of now; another price of its agent holds for it only
   * once its notice is over.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``.
   */
  create(args: InstanceCreateArguments, options?: CallOptions): Promise<Instance>;
  /**
   * List instances, newest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: InstanceListArguments, options?: CallOptions): Promise<InstancePage>;
  /**
   * Show an instance: state, health, resources, bill.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: InstanceGetArguments, options?: CallOptions): Promise<Instance>;
  /**
   * Execute a request on an instance: parameters are sent as a JSON body (with GET and DELETE, in the query).
   *
   * It is charged when it starts; the charge is reversed if it fails. If there was no answer in time, or the connection
   * broke, the error says ``outcome: unknown``.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``illegal_transition``, ``upstream_failed``, ``upstream_unavailable``.
   */
  execute(args: InstanceExecuteArguments, options?: CallOptions): Promise<ExecutionResult>;
  /**
   * Pause an instance: no running time is charged until it is resumed.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``illegal_transition``.
   */
  pause(args: InstancePauseArguments, options?: CallOptions): Promise<InstanceChange>;
  /**
   * Resume a paused instance; restart a failed one at once.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``illegal_transition``.
   */
  resume(args: InstanceResumeArguments, options?: CallOptions): Promise<InstanceChange>;
  /**
   * Terminate an instance permanently, and show its final bill.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  terminate(args: InstanceTerminateArguments, options?: CallOptions): Promise<Termination>;
  /**
   * Read an instance's output.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_unavailable``.
   */
  logs(args: InstanceLogsArguments, options?: CallOptions): Promise<InstanceLog>;
  /**
   * Stream the events of an instance, from its creation or after ``last_event_id``.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``cursor_too_old``.
   */
  events(args: InstanceEventsArguments, options?: CallOptions): EventStream<Event>;
  /**
   * List the executions on an instance, newest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  executions(args: InstanceExecutionsArguments, options?: CallOptions): Promise<ExecutionPage>;
  /**
   * Keep between a least and a most number of instances of an agent, as many as the work needs.
   *
   * 0 ends all of the account's instances of the agent, also those that scaling has not created; otherwise scaling
   * ends only its own.
   *
   * Without max_instances it is exactly min_instances. All of them have the price of now; another price of the agent
   * holds for them, and for those that scaling makes later, only once its notice is over.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``.
   */
  scale(args: InstanceScaleArguments, options?: CallOptions): Promise<Scaling>;
  /**
   * Show how an agent's instances are scaled.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  scaling(args: InstanceScalingArguments, options?: CallOptions): Promise<Scaling>;
  /**
   * Back up an instance's state, for ``restore`` when another instance is created.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_unavailable``.
   */
  backup(args: InstanceBackupArguments, options?: CallOptions): Promise<Backup>;
  /**
   * List backups, newest first.
   *
   * Errors beside those of any operation: ``halted``.
   */
  backups(args?: InstanceBackupsArguments, options?: CallOptions): Promise<BackupPage>;
  /**
   * Delete a backup.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  dropBackup(args: InstanceDropBackupArguments, options?: CallOptions): Promise<Backup>;
  /**
   * Show a summary of a customer's instances and costs.
   *
   * Errors beside those of any operation: ``halted``.
   */
  dashboard(args?: InstanceDashboardArguments, options?: CallOptions): Promise<InstanceDashboard>;
}

/** Operations of the category ``media``. */
export interface MediaService {
  /**
   * Issue a token for a room, which exists from when somebody joins it. Nothing is asked of the LiveKit server.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``.
   */
  issueToken(args: MediaIssueTokenArguments, options?: CallOptions): Promise<MediaToken>;
  /**
   * Create a room; one that is there stays as it is, and is answered.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``upstream_failed``, ``upstream_unavailable``.
   */
  createRoom(args: MediaCreateRoomArguments, options?: CallOptions): Promise<MediaRoom>;
  /**
   * List the rooms there are, by name.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``upstream_failed``, ``upstream_unavailable``.
   */
  listRooms(args?: MediaListRoomsArguments, options?: CallOptions): Promise<MediaRoomPage>;
  /**
   * Show a room and who is in it. Raises NotFound.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  getRoom(args: MediaGetRoomArguments, options?: CallOptions): Promise<MediaRoomDetail>;
}

/** Operations of the category ``memory``. */
export interface MemoryService {
  /**
   * Store a value under a key, replacing any earlier one; at most 65,536 characters of JSON.
   *
   * Raises Conflict if ``if_version`` is set and the memory has another version.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``.
   */
  store(args: MemoryStoreArguments, options?: CallOptions): Promise<Memory>;
  /**
   * Read the value of a key. Raises NotFound.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  recall(args: MemoryRecallArguments, options?: CallOptions): Promise<Memory>;
  /**
   * List the values of a namespace, in the order of the keys.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: MemoryListArguments, options?: CallOptions): Promise<MemoryPage>;
  /**
   * Search keys, tags and values by words: best match first, then newest first.
   *
   * Errors beside those of any operation: ``halted``.
   */
  search(args: MemorySearchArguments, options?: CallOptions): Promise<FoundMemories>;
  /**
   * Delete the value of a key.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  forget(args: MemoryForgetArguments, options?: CallOptions): Promise<Forgotten>;
}

/** Operations of the category ``migration``. */
export interface MigrationService {
  /**
   * Run a v4 reducer call, translated to what this marketplace does.
   *
   * The caller acts for the v4 agent that the arguments name: with an agent's own token for itself, with the scope
   * act:any for every agent. The setting compatibility_mode decides whether such calls are accepted.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  call(args: MigrationCallArguments, options?: CallOptions): Promise<V4Answer>;
  /**
   * Answer `SELECT COUNT(*) FROM table` of a v4 table, or `SELECT * FROM agent_message WHERE to_agent = 'NAME'`.
   *
   * The second takes `LIMIT n OFFSET m`, is in the order of the inbox, and marks nothing as read.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  sql(args: MigrationSqlArguments, options?: CallOptions): Promise<V4Rows>;
  /**
   * Switch an agent from v4 to v5, or back: its registration, with the token that it calls v5 with.
   *
   * An agent that v4 calls or an import have registered keeps its id, messages and tasks; another one is registered.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``name_taken``, ``illegal_transition``.
   */
  switch(args: MigrationSwitchArguments, options?: CallOptions): Promise<Registration>;
  /**
   * Report how far the migration is, with what to do next and the v4 calls of the last days.
   *
   * Errors beside those of any operation: ``halted``.
   */
  report(args?: MigrationReportArguments, options?: CallOptions): Promise<MigrationReport>;
  /**
   * Begin to import a v4 export, or go on with an unfinished import of the same file.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  beginImport(args: MigrationBeginImportArguments, options?: CallOptions): Promise<ImportRun>;
  /**
   * Import rows of one v4 table, all or none: the first that cannot be taken is named in the error.
   *
   * The steps of a workflow come with it, as the field `steps` of its row. A row that came before, by an earlier
   * import or by a call with the same id and content, is left as it is.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``stale_lease``.
   */
  importRows(args: MigrationImportRowsArguments, options?: CallOptions): Promise<ImportStep>;
  /**
   * End an import; a repetition of it with the same file begins anew, and changes nothing.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  finishImport(args: MigrationFinishImportArguments, options?: CallOptions): Promise<ImportRun>;
  /**
   * Take back a part of what an import has made; repeat until nothing remains.
   *
   * Messages are deleted, open tasks cancelled, workflows terminated, capabilities withdrawn and agents
   * deregistered, unless they have lived here since: switched to v5, called, or with mail that is not of the import.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  rollbackImport(args: MigrationRollbackImportArguments, options?: CallOptions): Promise<RollbackStep>;
  /**
   * List imports, newest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  listImports(args?: MigrationListImportsArguments, options?: CallOptions): Promise<ImportRunPage>;
}

/** Operations of the category ``model_provider``. */
export interface ModelProviderService {
  /**
   * Set a provider: any that speaks the protocol of OpenAI (chat completions) or of Anthropic (messages).
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  set(args: ModelProviderSetArguments, options?: CallOptions): Promise<ModelProvider>;
  /**
   * List the providers by name, without their keys.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: ModelProviderListArguments, options?: CallOptions): Promise<ModelProviderPage>;
  /**
   * Delete a provider and its key. Agents whose models it has do not work any more.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  delete(args: ModelProviderDeleteArguments, options?: CallOptions): Promise<ModelProviderRemoval>;
}

/** Operations of the category ``worker``. */
export interface WorkerService {
  /**
   * Register or update a worker; its capabilities are the caller's unless given. It drains no more.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  register(args: WorkerRegisterArguments, options?: CallOptions): Promise<Worker>;
  /**
   * Unregister a worker: its claimed tasks are requeued at once.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``illegal_transition``.
   */
  unregister(args: WorkerUnregisterArguments, options?: CallOptions): Promise<Unregistration>;
  /**
   * List workers: your own; operators see all.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: WorkerListArguments, options?: CallOptions): Promise<WorkerPage>;
  /**
   * Read a worker of yours; operators read any.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: WorkerGetArguments, options?: CallOptions): Promise<Worker>;
  /**
   * Report that a worker of yours is alive; claims do so too.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  heartbeat(args: WorkerHeartbeatArguments, options?: CallOptions): Promise<Worker>;
  /**
   * Have a worker of yours take no more tasks; what it works on goes on. Registering it again ends that.
   *
   * ``agora worker run`` ends with the last task, so that a supervisor starts it anew; what is queued waits.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  drain(args: WorkerDrainArguments, options?: CallOptions): Promise<Worker>;
  /**
   * Report that a worker's account has reached its usage limit: every worker of that account learns of it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  reportLimit(args: WorkerReportLimitArguments, options?: CallOptions): Promise<Worker>;
  /**
   * Stream the tasks that a worker may claim, as they become available, and changes of the worker itself.
   *
   * As server-sent events these are ``connected``, then ``task_available`` and ``worker_updated``, and ``heartbeat`` every 30
   * seconds (twice heartbeat_interval). The arguments may be headers: X-Worker-ID, X-Agent-Name, X-Capabilities,
   * X-Codebases, Last-Event-ID.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``cursor_too_old``.
   */
  stream(args?: WorkerStreamArguments, options?: CallOptions): EventStream<Event>;
  /**
   * Finish a claimed task, or give it back, in one call: ``complete``, ``fail`` or ``release`` of tasks.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  finishTask(args: WorkerFinishTaskArguments, options?: CallOptions): Promise<TaskUpdate>;
}

/** Operations of the category ``monitor``. */
export interface MonitorService {
  /**
   * Show statistics: agents, tasks, calls per minute, errors, cost today.
   *
   * Errors beside those of any operation: none.
   */
  stats(options?: CallOptions): Promise<MonitorStats>;
  /**
   * List agents with their current tasks and pending messages.
   *
   * Errors beside those of any operation: ``not_found``.
   */
  agents(args?: MonitorAgentsArguments, options?: CallOptions): Promise<MonitoredAgentPage>;
  /**
   * List workers: your own; operators see all.
   *
   * Errors beside those of any operation: ``not_found``.
   */
  workers(args?: MonitorWorkersArguments, options?: CallOptions): Promise<WorkerPage>;
  /**
   * Read the log of messages, newest first.
   *
   * Errors beside those of any operation: none.
   */
  messages(args?: MonitorMessagesArguments, options?: CallOptions): Promise<MessageLog>;
  /**
   * Search the text of messages, newest first.
   *
   * Errors beside those of any operation: none.
   */
  search(args: MonitorSearchArguments, options?: CallOptions): Promise<SearchResults>;
  /**
   * Count messages; above 10,000, or where too many rows would have to be scanned, the count is a lower bound.
   *
   * Errors beside those of any operation: none.
   */
  count(args?: MonitorCountArguments, options?: CallOptions): Promise<MessageCount>;
  /**
   * Export all matching messages, oldest first: as a JSON or CSV file, or a stream that ends.
   *
   * Errors beside those of any operation: none.
   */
  export(args?: MonitorExportArguments, options?: CallOptions): EventStream<LoggedMessage>;
  /**
   * Stream events live: messages, agents, tasks; all events unless types are given.
   *
   * Errors beside those of any operation: ``not_found``, ``cursor_too_old``.
   */
  stream(args?: MonitorStreamArguments, options?: CallOptions): EventStream<Event>;
  /**
   * Intervene: send an agent a message as a person, pause, resume or terminate it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  intervene(args: MonitorInterveneArguments, options?: CallOptions): Promise<Intervention>;
}

/** Operations of the category ``orchestrator``. */
export interface OrchestratorService {
  /**
   * Send a request in natural language. It is matched by fixed rules; where the setting chat_agent names one, by a model.
   *
   * Finding, describing and counting need the scope read:agents, registering needs write:agents, and neither needs the
   * other. Registering an agent this way answers the agent's token.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``upstream_unavailable``.
   */
  chat(args: OrchestratorChatArguments, options?: CallOptions): Promise<ChatAnswer>;
  /**
   * Search agents as the chat does: by words, capability, name, industry, price, rating and state.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  searchAgents(args?: OrchestratorSearchAgentsArguments, options?: CallOptions): Promise<MatchPage>;
  /**
   * Read one agent by id, alias or name, or else the best match of a search for it.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  getAgent(args: OrchestratorGetAgentArguments, options?: CallOptions): Promise<Agent>;
  /**
   * Search the apps of the marketplace, the best matches first.
   *
   * Errors beside those of any operation: ``halted``.
   */
  searchApps(args?: OrchestratorSearchAppsArguments, options?: CallOptions): Promise<AppPage>;
  /**
   * Register an agent, as agora.agent.register does, by the names that the chat uses.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``name_taken``, ``illegal_transition``.
   */
  registerAgent(args: OrchestratorRegisterAgentArguments, options?: CallOptions): Promise<Registration>;
  /**
   * Count agents, applications or distinct capabilities.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  getMarketplaceStats(args?: OrchestratorGetMarketplaceStatsArguments, options?: CallOptions): Promise<MarketplaceCount>;
}

/** Operations of the category ``upstream``. */
export interface UpstreamService {
  /**
   * Add an upstream MCP server by its URL, and offer its tools as ``name.tool``.
   *
   * A URL that leads to a private or loopback address is refused unless the server's settings allow it.
   * Upstreams that are commands are configured on the server alone (setting ``mcp_config``).
   * With ``oauth``, its authorization server is looked up now, and the upstream is to be authorized next.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``name_taken``, ``upstream_failed``, ``upstream_unavailable``.
   */
  add(args: UpstreamAddArguments, options?: CallOptions): Promise<Upstream>;
  /**
   * List the upstreams by name, each with the state of its connection.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: UpstreamListArguments, options?: CallOptions): Promise<UpstreamPage>;
  /**
   * Show an upstream with its items, with the reason for each unusable one.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: UpstreamGetArguments, options?: CallOptions): Promise<UpstreamDetail>;
  /**
   * Refresh an upstream's items; changed definitions are quarantined.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_unavailable``.
   */
  refresh(args: UpstreamRefreshArguments, options?: CallOptions): Promise<UpstreamDetail>;
  /**
   * Accept changed definitions: from now on they are the pinned ones, and can be used again.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  accept(args: UpstreamAcceptArguments, options?: CallOptions): Promise<Acceptance>;
  /**
   * Remove an upstream with all its items, and close its connection.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  remove(args: UpstreamRemoveArguments, options?: CallOptions): Promise<UpstreamRemoval>;
  /**
   * Begin an OAuth authorization at an upstream; the answer's URL is for a person's browser.
   *
   * The browser comes back to this server, where the person has to be signed in as the one who has begun. With client
   * credentials (``machine``) there is no URL: the token is requested at once.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  authorize(args: UpstreamAuthorizeArguments, options?: CallOptions): Promise<UpstreamAuthorization>;
  /**
   * Finish an authorization with what the authorization server sent the browser back with; once, by who has begun.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  finishAuthorization(args: UpstreamFinishAuthorizationArguments, options?: CallOptions): Promise<UpstreamAuthorization>;
  /**
   * Forget an authorization, and revoke it where the authorization server allows.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  deauthorize(args: UpstreamDeauthorizeArguments, options?: CallOptions): Promise<UpstreamDeauthorization>;
  /**
   * Call a tool of an upstream; its result is returned unchanged.
   *
   * A tool that failed answers with ``is_error``. If there was no answer in time, or the connection broke, the
   * error says ``outcome: unknown``: the tool may have done its work.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``illegal_transition``, ``stale_lease``, ``upstream_failed``, ``upstream_unavailable``, ``upstream_authorization_required``.
   */
  call(args: UpstreamCallArguments, options?: CallOptions): Promise<ToolResult>;
  /**
   * Read a resource of an upstream, by a listed URI or one that fits a listed template.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``, ``upstream_authorization_required``.
   */
  read(args: UpstreamReadArguments, options?: CallOptions): Promise<ResourceResult>;
  /**
   * Get a prompt of an upstream, filled in with arguments.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``, ``upstream_authorization_required``.
   */
  prompt(args: UpstreamPromptArguments, options?: CallOptions): Promise<PromptResult>;
  /**
   * Complete an argument of an upstream's prompt or resource template, as the upstream does.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``, ``upstream_authorization_required``.
   */
  complete(args: UpstreamCompleteArguments, options?: CallOptions): Promise<UpstreamCompletion>;
}

/** Operations of the category ``registry``. */
export interface RegistryService {
  /**
   * List the MCP servers that can be reached through this one, as the registry's API has them.
   *
   * Each leads to this server's own endpoint, with the tools of that server alone.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: RegistryListArguments, options?: CallOptions): Promise<RegistryPage>;
  /**
   * List the versions of a server: the one that runs.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  versions(args: RegistryVersionsArguments, options?: CallOptions): Promise<RegistryPage>;
  /**
   * Show a version of a server.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: RegistryGetArguments, options?: CallOptions): Promise<RegistryEntry>;
  /**
   * Add the MCP server that a server.json describes as an upstream, by its remote of type streamable-http.
   *
   * Packages are never imported, because they would run code here: an operator who wants one names its command
   * in the file of the setting ``mcp_config``.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``name_taken``, ``upstream_failed``, ``upstream_unavailable``.
   */
  import(args: RegistryImportArguments, options?: CallOptions): Promise<Upstream>;
}

/** Operations of the category ``runtime``. */
export interface RuntimeService {
  /**
   * Read whether an agent can be reached, and how many projects and sessions the caller may read.
   *
   * Errors beside those of any operation: ``halted``.
   */
  status(options?: CallOptions): Promise<RuntimeStatus>;
  /**
   * List the directories that workers have.
   *
   * Errors beside those of any operation: ``halted``.
   */
  projects(args?: RuntimeProjectsArguments, options?: CallOptions): Promise<RuntimeProjectPage>;
  /**
   * List sessions of all projects, the latest first: of your workers and your jobs; operators see all.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  sessions(args?: RuntimeSessionsArguments, options?: CallOptions): Promise<RuntimeSessionPage>;
  /**
   * Read a session by its id alone; the latest, if agents of several workers use one id.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  session(args: RuntimeSessionArguments, options?: CallOptions): Promise<RuntimeSession>;
  /**
   * Read the messages of a session, oldest first unless ``descending``.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  messages(args: RuntimeMessagesArguments, options?: CallOptions): Promise<SessionMessagePage>;
  /**
   * Read the parts of a session's messages one by one; ``limit`` counts messages.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  parts(args: RuntimePartsArguments, options?: CallOptions): Promise<RuntimeMessagePartPage>;
  /**
   * List the models of the workers that are online: only what their agents are logged in to.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  models(args?: RuntimeModelsArguments, options?: CallOptions): Promise<AvailableModelPage>;
}

/** Operations of the category ``tenant``. */
export interface TenantService {
  /**
   * Create a tenant and its first admin key.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``name_taken``.
   */
  create(args: TenantCreateArguments, options?: CallOptions): Promise<CreatedTenant>;
  /**
   * List the tenants, by id.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: TenantListArguments, options?: CallOptions): Promise<TenantPage>;
  /**
   * Show a tenant; administrators of a tenant see their own.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: TenantGetArguments, options?: CallOptions): Promise<TenantDetails>;
  /**
   * Change a tenant's name or metadata.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  update(args: TenantUpdateArguments, options?: CallOptions): Promise<Tenant>;
  /**
   * Suspend a tenant: its callers are refused until it is resumed, its streams are closed, no data is lost.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  suspend(args: TenantSuspendArguments, options?: CallOptions): Promise<Tenant>;
  /**
   * Resume a suspended tenant.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  resume(args: TenantResumeArguments, options?: CallOptions): Promise<Tenant>;
  /**
   * Create another admin key of a tenant, for example if the first was lost.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``illegal_transition``.
   */
  createKey(args: TenantCreateKeyArguments, options?: CallOptions): Promise<TenantKey>;
  /**
   * Erase a suspended tenant with all its rows; its id is not reused.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  delete(args: TenantDeleteArguments, options?: CallOptions): Promise<DeletedTenant>;
}

/** Operations of the category ``token_billing``. */
export interface TokenBillingService {
  /**
   * Sum up a month's calls of models by model: of the caller's account; for operators, of all if none is named.
   *
   * Errors beside those of any operation: ``halted``.
   */
  summary(args?: TokenBillingSummaryArguments, options?: CallOptions): Promise<TokenSummary>;
  /**
   * List calls of models, newest first: those that the caller's account pays for, or that the caller made.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  recent(args?: TokenBillingRecentArguments, options?: CallOptions): Promise<ModelCallPage>;
  /**
   * Report a call of a model by an agent. A model without a price is refused, and nothing is recorded.
   *
   * The account of the task pays if it is the reporter's own, or the reporter has the scope meter:billing; otherwise the
   * reporter's account does: nobody spends the money of others by what it says itself.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``.
   */
  report(args: TokenBillingReportArguments, options?: CallOptions): Promise<ModelCall>;
  /**
   * Say whether an account may call models now, by its budget and its credit.
   *
   * Errors beside those of any operation: ``halted``.
   */
  budget(args?: TokenBillingBudgetArguments, options?: CallOptions): Promise<BudgetCheck>;
  /**
   * Give an account credit in USD, as agora.billing.credit does.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``.
   */
  credits(args: TokenBillingCreditsArguments, options?: CallOptions): Promise<TokenCredits>;
  /**
   * Set how an account pays: its budget in USD.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  billingModel(args: TokenBillingBillingModelArguments, options?: CallOptions): Promise<BillingModel>;
  /**
   * Set an account's monthly limit in USD, or lift it; whether it is prepaid stays.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  spendingLimit(args?: TokenBillingSpendingLimitArguments, options?: CallOptions): Promise<SpendingLimit>;
  /**
   * List what models cost: what operators set first, then what came with the server; or the price of one model.
   *
   * Errors beside those of any operation: ``halted``.
   */
  pricing(args?: TokenBillingPricingArguments, options?: CallOptions): Promise<ModelPricePage>;
  /**
   * Set what a model costs from now on, in place of what came with the server. Zero makes it free, explicitly.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  setPrice(args: TokenBillingSetPriceArguments, options?: CallOptions): Promise<ModelPrice>;
  /**
   * Delete a price that was set, so that what came with the server holds again.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  deletePrice(args: TokenBillingDeletePriceArguments, options?: CallOptions): Promise<RemovedPrice>;
}

/** Operations of the category ``token``. */
export interface TokenService {
  /**
   * Create an API key or an enrolment token.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  create(args: TokenCreateArguments, options?: CallOptions): Promise<CreatedToken>;
  /**
   * List the keys, newest first, without their secrets.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: TokenListArguments, options?: CallOptions): Promise<TokenPage>;
  /**
   * Revoke a key at once; open streams that use it are closed.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  revoke(args: TokenRevokeArguments, options?: CallOptions): Promise<RevokedToken>;
}

/** Operations of the category ``transcript``. */
export interface TranscriptService {
  /**
   * Search what was said in the sessions that the caller may read, the latest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  search(args: TranscriptSearchArguments, options?: CallOptions): Promise<TranscriptMatchPage>;
  /**
   * Read a session as Markdown or JSON; ``limit`` counts messages.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  export(args: TranscriptExportArguments, options?: CallOptions): Promise<TranscriptExport>;
  /**
   * Delete a session with its messages, as its codebase's worker, its requester or an operator.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  forget(args: TranscriptForgetArguments, options?: CallOptions): Promise<ForgottenSession>;
  /**
   * Read who asked for a job, who allowed what its agent asked, and who commented on it and reviewed it.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  participants(args: TranscriptParticipantsArguments, options?: CallOptions): Promise<JobParticipants>;
}

/** Operations of the category ``turn``. */
export interface TurnService {
  /**
   * List the turns of a job and of those that went on in its worktree, in their order.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args: TurnListArguments, options?: CallOptions): Promise<TurnPage>;
  /**
   * Show what rewinding to the end of a turn would change.
   *
   * Errors beside those of any operation: ``halted``, ``payload_too_large``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  preview(args: TurnPreviewArguments, options?: CallOptions): Promise<TurnPreview>;
  /**
   * Take back the conversation, the files or both, by a job of the worker that has them.
   *
   * Without a prompt only files can be taken back. What is taken back stays a checkpoint of its own.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  rewind(args: TurnRewindArguments, options?: CallOptions): Promise<TaskReceipt>;
  /**
   * Begin another job on a branch of its own, from the files and with the conversation as they were.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  fork(args: TurnForkArguments, options?: CallOptions): Promise<TaskReceipt>;
  /**
   * Record a turn that has ended, as the worker of the job. A repeated call replaces it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  record(args: TurnRecordArguments, options?: CallOptions): Promise<Turn>;
}

/** Operations of the category ``user``. */
export interface UserService {
  /**
   * List SSO users by name.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: UserListArguments, options?: CallOptions): Promise<UserPage>;
  /**
   * Show a user.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: UserGetArguments, options?: CallOptions): Promise<User>;
  /**
   * Change a user's role or limit, block the user, or unblock the user; takes effect at once.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  update(args: UserUpdateArguments, options?: CallOptions): Promise<User>;
}

/** Operations of the category ``virtual_server``. */
export interface VirtualServerService {
  /**
   * Create a virtual MCP server: a named set of tools, served at ``/mcp/servers/NAME``.
   *
   * Tools of upstreams and agents may be named before they are there. What a caller may call of the set depends on
   * its credential; a key of the server may call all of it, and nothing else.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``.
   */
  create(args: VirtualServerCreateArguments, options?: CallOptions): Promise<VirtualServer>;
  /**
   * List the virtual servers by name.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: VirtualServerListArguments, options?: CallOptions): Promise<VirtualServerPage>;
  /**
   * Show a virtual server with the names of its tools.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: VirtualServerGetArguments, options?: CallOptions): Promise<VirtualServer>;
  /**
   * Change a virtual server; what is left out stays. Its clients are told that their list of tools has changed.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  update(args: VirtualServerUpdateArguments, options?: CallOptions): Promise<VirtualServer>;
  /**
   * Delete a virtual server and revoke its keys.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  delete(args: VirtualServerDeleteArguments, options?: CallOptions): Promise<VirtualServerRemoval>;
  /**
   * Create a key that may call the tools of one virtual server, at its URL, and nothing else.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  createKey(args: VirtualServerCreateKeyArguments, options?: CallOptions): Promise<VirtualServerKey>;
}

/** Operations of the category ``worktree``. */
export interface WorktreeService {
  /**
   * Show what the worktrees of a codebase use, and what a clean-up would remove or leave, and why.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  list(args: WorktreeListArguments, options?: CallOptions): Promise<DiskUse>;
  /**
   * Report the worktrees of a codebase, as its worker.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  report(args: WorktreeReportArguments, options?: CallOptions): Promise<DiskUse>;
  /**
   * Have the worker remove worktrees; it looks again at each, and leaves what has work that is nowhere else.
   *
   * The task's result has ``removed`` (ids), ``left`` (ids with the reason) and ``bytes``.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  clean(args: WorktreeCleanArguments, options?: CallOptions): Promise<TaskReceipt>;
}

/** Every operation, by category. */
export interface Services {
  readonly messaging: MessagingService;
  readonly event: EventService;
  readonly task: TaskService;
  readonly billing: BillingService;
  readonly a2a: A2aService;
  readonly admin: AdminService;
  readonly agent: AgentService;
  readonly declaredAgent: DeclaredAgentService;
  readonly workflow: WorkflowService;
  readonly app: AppService;
  readonly codebase: CodebaseService;
  readonly session: SessionService;
  readonly followUp: FollowUpService;
  readonly review: ReviewService;
  readonly attempt: AttemptService;
  readonly auth: AuthService;
  readonly bus: BusService;
  readonly conversation: ConversationService;
  readonly deadLetter: DeadLetterService;
  readonly deployment: DeploymentService;
  readonly query: QueryService;
  readonly discovery: DiscoveryService;
  readonly host: HostService;
  readonly instance: InstanceService;
  readonly media: MediaService;
  readonly memory: MemoryService;
  readonly migration: MigrationService;
  readonly modelProvider: ModelProviderService;
  readonly worker: WorkerService;
  readonly monitor: MonitorService;
  readonly orchestrator: OrchestratorService;
  readonly upstream: UpstreamService;
  readonly registry: RegistryService;
  readonly runtime: RuntimeService;
  readonly tenant: TenantService;
  readonly tokenBilling: TokenBillingService;
  readonly token: TokenService;
  readonly transcript: TranscriptService;
  readonly turn: TurnService;
  readonly user: UserService;
  readonly virtualServer: VirtualServerService;
  readonly worktree: WorktreeService;
}

/** Codes of the errors that any operation may throw. */
export type CommonErrorCode = "invalid_request" | "unauthenticated" | "permission_denied" | "operation_sunset" | "rate_limited" | "overloaded" | "storage_unavailable" | "deadline_exceeded" | "internal_error";

/** Every operation by its name without ``agora.``: its arguments, its answer, and the codes of its errors. */
export interface Operations {
  "messaging.send": {
    args: MessagingSendArguments;
    answer: Promise<MessageReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "messaging.send_legacy": {
    args: MessagingSendLegacyArguments;
    answer: Promise<MessageReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "messaging.receive": {
    args: MessagingReceiveArguments;
    answer: Promise<MessagePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "messaging.mark": {
    args: MessagingMarkArguments;
    answer: Promise<Marked>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "messaging.subscribe": {
    args: MessagingSubscribeArguments;
    answer: Promise<SubscriptionReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "event.publish": {
    args: EventPublishArguments;
    answer: Promise<EventReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "event.list": {
    args: EventListArguments;
    answer: Promise<EventPage>;
    errors: CommonErrorCode | "halted" | "not_found" | "cursor_too_old";
  };
  "event.subscribe": {
    args: EventSubscribeArguments;
    answer: Promise<SubscriptionReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "event.stream": {
    args: EventStreamArguments;
    answer: EventStream<Event>;
    errors: CommonErrorCode | "halted" | "not_found" | "cursor_too_old";
  };
  "task.assign": {
    args: TaskAssignArguments;
    answer: Promise<TaskReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "task.update": {
    args: TaskUpdateArguments;
    answer: Promise<TaskUpdate>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "task.list": {
    args: TaskListArguments;
    answer: Promise<TaskPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "task.stuck": {
    args: TaskStuckArguments;
    answer: Promise<TaskPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "task.get": {
    args: TaskGetArguments;
    answer: Promise<Task>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "task.history": {
    args: TaskHistoryArguments;
    answer: Promise<TaskEntryPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "task.claim": {
    args: TaskClaimArguments;
    answer: Promise<Claim>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "task.renew": {
    args: TaskRenewArguments;
    answer: Promise<Renewal>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "task.release": {
    args: TaskReleaseArguments;
    answer: Promise<TaskUpdate>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "task.issue_token": {
    args: TaskIssueTokenArguments;
    answer: Promise<TaskToken>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "illegal_transition" | "stale_lease";
  };
  "task.report_usage": {
    args: TaskReportUsageArguments;
    answer: Promise<TokenUsage>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "stale_lease";
  };
  "task.complete": {
    args: TaskCompleteArguments;
    answer: Promise<TaskUpdate>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "task.fail": {
    args: TaskFailArguments;
    answer: Promise<TaskUpdate>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "task.cancel": {
    args: TaskCancelArguments;
    answer: Promise<TaskUpdate>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "task.requeue": {
    args: TaskRequeueArguments;
    answer: Promise<TaskUpdate>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "illegal_transition";
  };
  "task.retry": {
    args: TaskRetryArguments;
    answer: Promise<TaskReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "task.reassign": {
    args: TaskReassignArguments;
    answer: Promise<TaskUpdate>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "task.prioritize": {
    args: TaskPrioritizeArguments;
    answer: Promise<TaskUpdate>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "task.comment": {
    args: TaskCommentArguments;
    answer: Promise<TaskEntry>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "task.message": {
    args: TaskMessageArguments;
    answer: Promise<TaskEntry>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "task.artifact": {
    args: TaskArtifactArguments;
    answer: Promise<TaskEntry>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "task.append": {
    args: TaskAppendArguments;
    answer: Promise<TaskOutput>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "task.output": {
    args: TaskOutputArguments;
    answer: Promise<TaskOutput>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "task.stream": {
    args: TaskStreamArguments;
    answer: EventStream<TaskEntry>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "task.statistics": {
    args: TaskStatisticsArguments;
    answer: Promise<TaskStatistics>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "billing.prices": {
    args: BillingPricesArguments;
    answer: Promise<PricePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "billing.set_price": {
    args: BillingSetPriceArguments;
    answer: Promise<Price>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "billing.record": {
    args: BillingRecordArguments;
    answer: Promise<UsageRecord>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found";
  };
  "billing.reverse": {
    args: BillingReverseArguments;
    answer: Promise<Entry>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found";
  };
  "billing.usage": {
    args: BillingUsageArguments;
    answer: Promise<EntryPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "billing.tokens": {
    args: BillingTokensArguments;
    answer: Promise<TokenUsagePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "billing.cost": {
    args: BillingCostArguments;
    answer: Promise<Cost>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "billing.revenue": {
    args: BillingRevenueArguments;
    answer: Promise<RevenuePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "billing.dashboard": {
    args: BillingDashboardArguments;
    answer: Promise<Dashboard>;
    errors: CommonErrorCode | "halted";
  };
  "billing.credit": {
    args: BillingCreditArguments;
    answer: Promise<Entry>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found";
  };
  "billing.balance": {
    args: BillingBalanceArguments;
    answer: Promise<Balances>;
    errors: CommonErrorCode | "halted";
  };
  "billing.budget": {
    args: BillingBudgetArguments;
    answer: Promise<Budget>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "billing.budgets": {
    args: BillingBudgetsArguments;
    answer: Promise<BudgetPage>;
    errors: CommonErrorCode | "halted";
  };
  "billing.set_discount": {
    args: BillingSetDiscountArguments;
    answer: Promise<Discount>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "billing.set_free_quota": {
    args: BillingSetFreeQuotaArguments;
    answer: Promise<FreeQuota>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "billing.reductions": {
    args: BillingReductionsArguments;
    answer: Promise<Reductions>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "billing.create_coupon": {
    args: BillingCreateCouponArguments;
    answer: Promise<Coupon>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict";
  };
  "billing.coupons": {
    args: BillingCouponsArguments;
    answer: Promise<CouponPage>;
    errors: CommonErrorCode | "halted";
  };
  "billing.redeem_coupon": {
    args: BillingRedeemCouponArguments;
    answer: Promise<Entry>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict";
  };
  "billing.invoices": {
    args: BillingInvoicesArguments;
    answer: Promise<InvoicePage>;
    errors: CommonErrorCode | "halted";
  };
  "billing.invoice": {
    args: BillingInvoiceArguments;
    answer: Promise<Invoice>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "billing.document": {
    args: BillingDocumentArguments;
    answer: Promise<InvoiceDocument>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "billing.profile": {
    args: BillingProfileArguments;
    answer: Promise<BillingProfile>;
    errors: CommonErrorCode | "halted";
  };
  "billing.set_profile": {
    args: BillingSetProfileArguments;
    answer: Promise<BillingProfile>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "billing.close": {
    args: BillingCloseArguments;
    answer: Promise<Closing>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
  };
  "a2a.send": {
    args: A2aSendArguments;
    answer: Promise<A2ASendResult>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "a2a.get": {
    args: A2aGetArguments;
    answer: Promise<A2ATask>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "a2a.list": {
    args: A2aListArguments;
    answer: Promise<A2ATaskList>;
    errors: CommonErrorCode | "halted";
  };
  "a2a.cancel": {
    args: A2aCancelArguments;
    answer: Promise<A2ATask>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "a2a.subscribe": {
    args: A2aSubscribeArguments;
    answer: EventStream<A2AUpdate>;
    errors: CommonErrorCode | "halted" | "not_found" | "illegal_transition";
  };
  "a2a.create_push_config": {
    args: A2aCreatePushConfigArguments;
    answer: Promise<A2APushConfig>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "a2a.get_push_config": {
    args: A2aGetPushConfigArguments;
    answer: Promise<A2APushConfig>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "a2a.list_push_configs": {
    args: A2aListPushConfigsArguments;
    answer: Promise<A2APushConfigs>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "a2a.delete_push_config": {
    args: A2aDeletePushConfigArguments;
    answer: Promise<A2APushDeletion>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "a2a.push_dead_letters": {
    args: A2aPushDeadLettersArguments;
    answer: Promise<PushDeadLetters>;
    errors: CommonErrorCode | "halted";
  };
  "a2a.retry_push": {
    args: A2aRetryPushArguments;
    answer: Promise<PushRetry>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "a2a.card": {
    args: A2aCardArguments;
    answer: Promise<A2ACard>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "a2a.extended_card": {
    args: A2aExtendedCardArguments;
    answer: Promise<A2ACard>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "a2a.set_card": {
    args: A2aSetCardArguments;
    answer: Promise<CardChange>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "a2a.catalogue": {
    args: A2aCatalogueArguments;
    answer: Promise<A2ACatalogue>;
    errors: CommonErrorCode | "halted";
  };
  "a2a.add_remote": {
    args: A2aAddRemoteArguments;
    answer: Promise<RemoteAgent>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "name_taken" | "illegal_transition" | "upstream_failed" | "upstream_unavailable";
  };
  "a2a.list_remotes": {
    args: A2aListRemotesArguments;
    answer: Promise<RemoteAgentPage>;
    errors: CommonErrorCode | "halted";
  };
  "a2a.get_remote": {
    args: A2aGetRemoteArguments;
    answer: Promise<RemoteAgent>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "a2a.refresh_remote": {
    args: A2aRefreshRemoteArguments;
    answer: Promise<RemoteAgent>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "name_taken" | "illegal_transition" | "upstream_failed" | "upstream_unavailable";
  };
  "a2a.remove_remote": {
    args: A2aRemoveRemoteArguments;
    answer: Promise<RemoteRemoval>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "admin.override": {
    args: AdminOverrideArguments;
    answer: Promise<OverrideReceipt>;
    errors: CommonErrorCode | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "halted" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "admin.health": {
    args: AdminHealthArguments;
    answer: Promise<Health>;
    errors: CommonErrorCode | "not_found";
  };
  "admin.manage": {
    args: AdminManageArguments;
    answer: Promise<Managed>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "illegal_transition";
  };
  "admin.audit": {
    args: AdminAuditArguments;
    answer: Promise<AuditPage>;
    errors: CommonErrorCode;
  };
  "agent.register": {
    args: AgentRegisterArguments;
    answer: Promise<Registration>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "name_taken" | "illegal_transition";
  };
  "agent.get": {
    args: AgentGetArguments;
    answer: Promise<Agent>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "agent.list": {
    args: AgentListArguments;
    answer: Promise<AgentPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "agent.update": {
    args: AgentUpdateArguments;
    answer: Promise<Agent>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "name_taken" | "illegal_transition";
  };
  "agent.heartbeat": {
    args: AgentHeartbeatArguments;
    answer: Promise<AgentHeartbeat>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "illegal_transition";
  };
  "agent.status": {
    args: AgentStatusArguments;
    answer: Promise<AgentStatusReport>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "agent.rate": {
    args: AgentRateArguments;
    answer: Promise<Rating>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "agent.deregister": {
    args: AgentDeregisterArguments;
    answer: Promise<Deregistration>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition";
  };
  "declared_agent.apply": {
    args: DeclaredAgentApplyArguments;
    answer: Promise<AppliedAgent>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "name_taken" | "illegal_transition";
  };
  "declared_agent.list": {
    args: DeclaredAgentListArguments;
    answer: Promise<DeclaredAgentPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "declared_agent.get": {
    args: DeclaredAgentGetArguments;
    answer: Promise<DeclaredAgent>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "declared_agent.versions": {
    args: DeclaredAgentVersionsArguments;
    answer: Promise<DeclaredAgentVersionPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "declared_agent.rollback": {
    args: DeclaredAgentRollbackArguments;
    answer: Promise<AppliedAgent>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "name_taken" | "illegal_transition";
  };
  "declared_agent.delete": {
    args: DeclaredAgentDeleteArguments;
    answer: Promise<DeclaredAgentRemoval>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition";
  };
  "declared_agent.tools": {
    args: DeclaredAgentToolsArguments;
    answer: Promise<AgentTools>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "declared_agent.call_tool": {
    args: DeclaredAgentCallToolArguments;
    answer: Promise<ToolOutcome>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "illegal_transition" | "stale_lease" | "cursor_too_old";
  };
  "declared_agent.reserve_model_call": {
    args: DeclaredAgentReserveModelCallArguments;
    answer: Promise<ModelReservation>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "declared_agent.record_model_call": {
    args: DeclaredAgentRecordModelCallArguments;
    answer: Promise<RecordedModelCall>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "declared_agent.release_model_call": {
    args: DeclaredAgentReleaseModelCallArguments;
    answer: Promise<ModelReservationRelease>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
  };
  "workflow.create": {
    args: WorkflowCreateArguments;
    answer: Promise<WorkflowReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "workflow.status": {
    args: WorkflowStatusArguments;
    answer: Promise<Workflow>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "workflow.list": {
    args: WorkflowListArguments;
    answer: Promise<WorkflowPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "workflow.modify": {
    args: WorkflowModifyArguments;
    answer: Promise<Modification>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "workflow.approve": {
    args: WorkflowApproveArguments;
    answer: Promise<Modification>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "workflow.cancel": {
    args: WorkflowCancelArguments;
    answer: Promise<Modification>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "workflow.timeline": {
    args: WorkflowTimelineArguments;
    answer: Promise<Timeline>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "workflow.diagram": {
    args: WorkflowDiagramArguments;
    answer: Promise<WorkflowDiagram>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "app.create": {
    args: AppCreateArguments;
    answer: Promise<AppDetails>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "name_taken";
  };
  "app.list": {
    args: AppListArguments;
    answer: Promise<AppPage>;
    errors: CommonErrorCode | "halted";
  };
  "app.get": {
    args: AppGetArguments;
    answer: Promise<AppDetails>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "app.update": {
    args: AppUpdateArguments;
    answer: Promise<AppDetails>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "name_taken";
  };
  "app.delete": {
    args: AppDeleteArguments;
    answer: Promise<AppRemoval>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "app.install": {
    args: AppInstallArguments;
    answer: Promise<AppChange>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "name_taken" | "illegal_transition";
  };
  "app.run": {
    args: AppRunArguments;
    answer: Promise<WorkflowReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "codebase.list": {
    args: CodebaseListArguments;
    answer: Promise<CodebasePage>;
    errors: CommonErrorCode | "halted";
  };
  "codebase.register": {
    args: CodebaseRegisterArguments;
    answer: Promise<Codebase>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "codebase.confirm": {
    args: CodebaseConfirmArguments;
    answer: Promise<Codebase>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "stale_lease";
  };
  "codebase.decline": {
    args: CodebaseDeclineArguments;
    answer: Promise<Codebase>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "codebase.read_credential": {
    args: CodebaseReadCredentialArguments;
    answer: Promise<CodebaseCredential>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "stale_lease";
  };
  "codebase.get": {
    args: CodebaseGetArguments;
    answer: Promise<Codebase>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "codebase.remove": {
    args: CodebaseRemoveArguments;
    answer: Promise<RemovedCodebase>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "codebase.trigger": {
    args: CodebaseTriggerArguments;
    answer: Promise<TaskReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "codebase.read_job_secrets": {
    args: CodebaseReadJobSecretsArguments;
    answer: Promise<JobSecrets>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "stale_lease";
  };
  "codebase.message": {
    args: CodebaseMessageArguments;
    answer: Promise<TaskEntry>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "codebase.interrupt": {
    args: CodebaseInterruptArguments;
    answer: Promise<EndedJobs>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "codebase.stop": {
    args: CodebaseStopArguments;
    answer: Promise<EndedJobs>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "codebase.status": {
    args: CodebaseStatusArguments;
    answer: Promise<CodebaseStatus>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "codebase.events": {
    args: CodebaseEventsArguments;
    answer: EventStream<Event>;
    errors: CommonErrorCode | "halted" | "not_found" | "cursor_too_old";
  };
  "codebase.start_watch": {
    args: CodebaseStartWatchArguments;
    answer: Promise<Watch>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "codebase.stop_watch": {
    args: CodebaseStopWatchArguments;
    answer: Promise<Watch>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "codebase.watch_status": {
    args: CodebaseWatchStatusArguments;
    answer: Promise<Watch>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "session.list": {
    args: SessionListArguments;
    answer: Promise<SessionPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "session.get": {
    args: SessionGetArguments;
    answer: Promise<Session>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "session.sync": {
    args: SessionSyncArguments;
    answer: Promise<Synchronisation>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "session.ingest": {
    args: SessionIngestArguments;
    answer: Promise<Ingestion>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "session.messages": {
    args: SessionMessagesArguments;
    answer: Promise<SessionMessagePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "session.resume": {
    args: SessionResumeArguments;
    answer: Promise<TaskReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "follow_up.add": {
    args: FollowUpAddArguments;
    answer: Promise<FollowUp>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "follow_up.list": {
    args: FollowUpListArguments;
    answer: Promise<FollowUpPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "follow_up.edit": {
    args: FollowUpEditArguments;
    answer: Promise<FollowUp>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition";
  };
  "follow_up.remove": {
    args: FollowUpRemoveArguments;
    answer: Promise<RemovedFollowUp>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "follow_up.wake": {
    args: FollowUpWakeArguments;
    answer: Promise<FollowUpsWoken>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "follow_up.take": {
    args: FollowUpTakeArguments;
    answer: Promise<FollowUpTaken>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "stale_lease";
  };
  "review.list": {
    args: ReviewListArguments;
    answer: Promise<ReviewPage>;
    errors: CommonErrorCode | "halted";
  };
  "review.get": {
    args: ReviewGetArguments;
    answer: Promise<Review>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "review.files": {
    args: ReviewFilesArguments;
    answer: Promise<ReviewFilePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "review.comments": {
    args: ReviewCommentsArguments;
    answer: Promise<ReviewCommentPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "review.comment": {
    args: ReviewCommentArguments;
    answer: Promise<ReviewComment>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "review.remove_comment": {
    args: ReviewRemoveCommentArguments;
    answer: Promise<RemovedComment>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "review.request_changes": {
    args: ReviewRequestChangesArguments;
    answer: Promise<FollowUp>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "review.approve": {
    args: ReviewApproveArguments;
    answer: Promise<Review>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "review.dismiss": {
    args: ReviewDismissArguments;
    answer: Promise<Review>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "review.submit": {
    args: ReviewSubmitArguments;
    answer: Promise<Review>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "stale_lease";
  };
  "review.conclude": {
    args: ReviewConcludeArguments;
    answer: Promise<Review>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "attempt.start": {
    args: AttemptStartArguments;
    answer: Promise<AttemptGroup>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "attempt.list": {
    args: AttemptListArguments;
    answer: Promise<AttemptGroupPage>;
    errors: CommonErrorCode | "halted" | "payload_too_large" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "attempt.get": {
    args: AttemptGetArguments;
    answer: Promise<AttemptGroup>;
    errors: CommonErrorCode | "halted" | "payload_too_large" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "attempt.choose": {
    args: AttemptChooseArguments;
    answer: Promise<AttemptGroup>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "auth.configuration": {
    args: Record<string, never>;
    answer: Promise<AuthConfiguration>;
    errors: CommonErrorCode;
  };
  "auth.login": {
    args: AuthLoginArguments;
    answer: Promise<Login>;
    errors: CommonErrorCode | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable";
  };
  "auth.refresh": {
    args: AuthRefreshArguments;
    answer: Promise<Login>;
    errors: CommonErrorCode | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable";
  };
  "auth.userinfo": {
    args: Record<string, never>;
    answer: Promise<UserInfo>;
    errors: CommonErrorCode;
  };
  "auth.logout": {
    args: AuthLogoutArguments;
    answer: Promise<LoggedOut>;
    errors: CommonErrorCode | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable";
  };
  "auth.sign_out": {
    args: AuthSignOutArguments;
    answer: Promise<SignedOut>;
    errors: CommonErrorCode | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
  };
  "auth.backchannel_logout": {
    args: AuthBackchannelLogoutArguments;
    answer: Promise<LogoutTaken>;
    errors: CommonErrorCode | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable";
  };
  "bus.publish": {
    args: BusPublishArguments;
    answer: Promise<BusReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "name_taken" | "illegal_transition" | "stale_lease";
  };
  "bus.read": {
    args: BusReadArguments;
    answer: Promise<BusBatch>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "bus.ack": {
    args: BusAckArguments;
    answer: Promise<BusAck>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "bus.recover": {
    args: BusRecoverArguments;
    answer: Promise<BusBatch>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "bus.pending": {
    args: BusPendingArguments;
    answer: Promise<BusPending>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "bus.health": {
    args: Record<string, never>;
    answer: Promise<BusHealth>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "bus.stats": {
    args: Record<string, never>;
    answer: Promise<BusStats>;
    errors: CommonErrorCode | "halted";
  };
  "bus.join": {
    args: BusJoinArguments;
    answer: Promise<BusMembership>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found";
  };
  "bus.leave": {
    args: BusLeaveArguments;
    answer: Promise<BusMembership>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "conversation.send": {
    args: ConversationSendArguments;
    answer: Promise<Accepted>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "name_taken" | "illegal_transition" | "stale_lease";
  };
  "conversation.reply": {
    args: ConversationReplyArguments;
    answer: Promise<Reply>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "conversation.get": {
    args: ConversationGetArguments;
    answer: Promise<ConversationDetail>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "conversation.list": {
    args: ConversationListArguments;
    answer: Promise<ConversationPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "conversation.pending": {
    args: ConversationPendingArguments;
    answer: Promise<PendingPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "conversation.usage": {
    args: ConversationUsageArguments;
    answer: Promise<ReportedUsePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "dead_letter.list": {
    args: DeadLetterListArguments;
    answer: Promise<DeadLetterPage>;
    errors: CommonErrorCode | "halted";
  };
  "dead_letter.get": {
    args: DeadLetterGetArguments;
    answer: Promise<DeadLetterDetail>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "dead_letter.replay": {
    args: DeadLetterReplayArguments;
    answer: Promise<DeadLetter>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "name_taken" | "illegal_transition" | "stale_lease";
  };
  "dead_letter.discard": {
    args: DeadLetterDiscardArguments;
    answer: Promise<DeadLetter>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "deployment.register": {
    args: DeploymentRegisterArguments;
    answer: Promise<RegisteredDeployable>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "name_taken" | "illegal_transition";
  };
  "deployment.register_docker": {
    args: DeploymentRegisterDockerArguments;
    answer: Promise<RegisteredDeployable>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "name_taken" | "illegal_transition";
  };
  "deployment.validate": {
    args: DeploymentValidateArguments;
    answer: Promise<ManifestReport>;
    errors: CommonErrorCode | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "deployment.list": {
    args: DeploymentListArguments;
    answer: Promise<DeployablePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "deployment.get": {
    args: DeploymentGetArguments;
    answer: Promise<DeployableAgent>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "deployment.withdraw": {
    args: DeploymentWithdrawArguments;
    answer: Promise<Withdrawal>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "query.agents": {
    args: QueryAgentsArguments;
    answer: Promise<FoundAgentPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "query.services": {
    args: QueryServicesArguments;
    answer: Promise<ServicePage>;
    errors: CommonErrorCode | "halted";
  };
  "query.marketplace": {
    args: Record<string, never>;
    answer: Promise<Marketplace>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "discovery.list": {
    args: DiscoveryListArguments;
    answer: Promise<ServicePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "discovery.schema": {
    args: DiscoverySchemaArguments;
    answer: Promise<ServiceSchema>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "host.list": {
    args: HostListArguments;
    answer: Promise<HostPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "host.get": {
    args: HostGetArguments;
    answer: Promise<Host>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "host.register": {
    args: HostRegisterArguments;
    answer: Promise<Host>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "name_taken";
  };
  "host.update": {
    args: HostUpdateArguments;
    answer: Promise<Host>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "name_taken";
  };
  "host.remove": {
    args: HostRemoveArguments;
    answer: Promise<HostRemoval>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict";
  };
  "instance.discover": {
    args: InstanceDiscoverArguments;
    answer: Promise<MarketplacePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "instance.create": {
    args: InstanceCreateArguments;
    answer: Promise<Instance>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict";
  };
  "instance.list": {
    args: InstanceListArguments;
    answer: Promise<InstancePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "instance.get": {
    args: InstanceGetArguments;
    answer: Promise<Instance>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "instance.execute": {
    args: InstanceExecuteArguments;
    answer: Promise<ExecutionResult>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "illegal_transition" | "upstream_failed" | "upstream_unavailable";
  };
  "instance.pause": {
    args: InstancePauseArguments;
    answer: Promise<InstanceChange>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "illegal_transition";
  };
  "instance.resume": {
    args: InstanceResumeArguments;
    answer: Promise<InstanceChange>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "illegal_transition";
  };
  "instance.terminate": {
    args: InstanceTerminateArguments;
    answer: Promise<Termination>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "instance.logs": {
    args: InstanceLogsArguments;
    answer: Promise<InstanceLog>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_unavailable";
  };
  "instance.events": {
    args: InstanceEventsArguments;
    answer: EventStream<Event>;
    errors: CommonErrorCode | "halted" | "not_found" | "cursor_too_old";
  };
  "instance.executions": {
    args: InstanceExecutionsArguments;
    answer: Promise<ExecutionPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "instance.scale": {
    args: InstanceScaleArguments;
    answer: Promise<Scaling>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict";
  };
  "instance.scaling": {
    args: InstanceScalingArguments;
    answer: Promise<Scaling>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "instance.backup": {
    args: InstanceBackupArguments;
    answer: Promise<Backup>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_unavailable";
  };
  "instance.backups": {
    args: InstanceBackupsArguments;
    answer: Promise<BackupPage>;
    errors: CommonErrorCode | "halted";
  };
  "instance.drop_backup": {
    args: InstanceDropBackupArguments;
    answer: Promise<Backup>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "instance.dashboard": {
    args: InstanceDashboardArguments;
    answer: Promise<InstanceDashboard>;
    errors: CommonErrorCode | "halted";
  };
  "media.issue_token": {
    args: MediaIssueTokenArguments;
    answer: Promise<MediaToken>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict";
  };
  "media.create_room": {
    args: MediaCreateRoomArguments;
    answer: Promise<MediaRoom>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "upstream_failed" | "upstream_unavailable";
  };
  "media.list_rooms": {
    args: MediaListRoomsArguments;
    answer: Promise<MediaRoomPage>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "upstream_failed" | "upstream_unavailable";
  };
  "media.get_room": {
    args: MediaGetRoomArguments;
    answer: Promise<MediaRoomDetail>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable";
  };
  "memory.store": {
    args: MemoryStoreArguments;
    answer: Promise<Memory>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict";
  };
  "memory.recall": {
    args: MemoryRecallArguments;
    answer: Promise<Memory>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "memory.list": {
    args: MemoryListArguments;
    answer: Promise<MemoryPage>;
    errors: CommonErrorCode | "halted";
  };
  "memory.search": {
    args: MemorySearchArguments;
    answer: Promise<FoundMemories>;
    errors: CommonErrorCode | "halted";
  };
  "memory.forget": {
    args: MemoryForgetArguments;
    answer: Promise<Forgotten>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
  };
  "migration.call": {
    args: MigrationCallArguments;
    answer: Promise<V4Answer>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "migration.sql": {
    args: MigrationSqlArguments;
    answer: Promise<V4Rows>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "migration.switch": {
    args: MigrationSwitchArguments;
    answer: Promise<Registration>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "name_taken" | "illegal_transition";
  };
  "migration.report": {
    args: MigrationReportArguments;
    answer: Promise<MigrationReport>;
    errors: CommonErrorCode | "halted";
  };
  "migration.begin_import": {
    args: MigrationBeginImportArguments;
    answer: Promise<ImportRun>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "migration.import_rows": {
    args: MigrationImportRowsArguments;
    answer: Promise<ImportStep>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "name_taken" | "illegal_transition" | "stale_lease";
  };
  "migration.finish_import": {
    args: MigrationFinishImportArguments;
    answer: Promise<ImportRun>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "migration.rollback_import": {
    args: MigrationRollbackImportArguments;
    answer: Promise<RollbackStep>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "name_taken" | "illegal_transition";
  };
  "migration.list_imports": {
    args: MigrationListImportsArguments;
    answer: Promise<ImportRunPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "model_provider.set": {
    args: ModelProviderSetArguments;
    answer: Promise<ModelProvider>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
  };
  "model_provider.list": {
    args: ModelProviderListArguments;
    answer: Promise<ModelProviderPage>;
    errors: CommonErrorCode | "halted";
  };
  "model_provider.delete": {
    args: ModelProviderDeleteArguments;
    answer: Promise<ModelProviderRemoval>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "worker.register": {
    args: WorkerRegisterArguments;
    answer: Promise<Worker>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "worker.unregister": {
    args: WorkerUnregisterArguments;
    answer: Promise<Unregistration>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "illegal_transition";
  };
  "worker.list": {
    args: WorkerListArguments;
    answer: Promise<WorkerPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "worker.get": {
    args: WorkerGetArguments;
    answer: Promise<Worker>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "worker.heartbeat": {
    args: WorkerHeartbeatArguments;
    answer: Promise<Worker>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "worker.drain": {
    args: WorkerDrainArguments;
    answer: Promise<Worker>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "worker.report_limit": {
    args: WorkerReportLimitArguments;
    answer: Promise<Worker>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "worker.stream": {
    args: WorkerStreamArguments;
    answer: EventStream<Event>;
    errors: CommonErrorCode | "halted" | "not_found" | "cursor_too_old";
  };
  "worker.finish_task": {
    args: WorkerFinishTaskArguments;
    answer: Promise<TaskUpdate>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "monitor.stats": {
    args: Record<string, never>;
    answer: Promise<MonitorStats>;
    errors: CommonErrorCode;
  };
  "monitor.agents": {
    args: MonitorAgentsArguments;
    answer: Promise<MonitoredAgentPage>;
    errors: CommonErrorCode | "not_found";
  };
  "monitor.workers": {
    args: MonitorWorkersArguments;
    answer: Promise<WorkerPage>;
    errors: CommonErrorCode | "not_found";
  };
  "monitor.messages": {
    args: MonitorMessagesArguments;
    answer: Promise<MessageLog>;
    errors: CommonErrorCode;
  };
  "monitor.search": {
    args: MonitorSearchArguments;
    answer: Promise<SearchResults>;
    errors: CommonErrorCode;
  };
  "monitor.count": {
    args: MonitorCountArguments;
    answer: Promise<MessageCount>;
    errors: CommonErrorCode;
  };
  "monitor.export": {
    args: MonitorExportArguments;
    answer: EventStream<LoggedMessage>;
    errors: CommonErrorCode;
  };
  "monitor.stream": {
    args: MonitorStreamArguments;
    answer: EventStream<Event>;
    errors: CommonErrorCode | "not_found" | "cursor_too_old";
  };
  "monitor.intervene": {
    args: MonitorInterveneArguments;
    answer: Promise<Intervention>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "orchestrator.chat": {
    args: OrchestratorChatArguments;
    answer: Promise<ChatAnswer>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "name_taken" | "illegal_transition" | "upstream_unavailable";
  };
  "orchestrator.search_agents": {
    args: OrchestratorSearchAgentsArguments;
    answer: Promise<MatchPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "orchestrator.get_agent": {
    args: OrchestratorGetAgentArguments;
    answer: Promise<Agent>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "orchestrator.search_apps": {
    args: OrchestratorSearchAppsArguments;
    answer: Promise<AppPage>;
    errors: CommonErrorCode | "halted";
  };
  "orchestrator.register_agent": {
    args: OrchestratorRegisterAgentArguments;
    answer: Promise<Registration>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "name_taken" | "illegal_transition";
  };
  "orchestrator.get_marketplace_stats": {
    args: OrchestratorGetMarketplaceStatsArguments;
    answer: Promise<MarketplaceCount>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "upstream.add": {
    args: UpstreamAddArguments;
    answer: Promise<Upstream>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "name_taken" | "upstream_failed" | "upstream_unavailable";
  };
  "upstream.list": {
    args: UpstreamListArguments;
    answer: Promise<UpstreamPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "upstream.get": {
    args: UpstreamGetArguments;
    answer: Promise<UpstreamDetail>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "upstream.refresh": {
    args: UpstreamRefreshArguments;
    answer: Promise<UpstreamDetail>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_unavailable";
  };
  "upstream.accept": {
    args: UpstreamAcceptArguments;
    answer: Promise<Acceptance>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "upstream.remove": {
    args: UpstreamRemoveArguments;
    answer: Promise<UpstreamRemoval>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "upstream.authorize": {
    args: UpstreamAuthorizeArguments;
    answer: Promise<UpstreamAuthorization>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable";
  };
  "upstream.finish_authorization": {
    args: UpstreamFinishAuthorizationArguments;
    answer: Promise<UpstreamAuthorization>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable";
  };
  "upstream.deauthorize": {
    args: UpstreamDeauthorizeArguments;
    answer: Promise<UpstreamDeauthorization>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable";
  };
  "upstream.call": {
    args: UpstreamCallArguments;
    answer: Promise<ToolResult>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "illegal_transition" | "stale_lease" | "upstream_failed" | "upstream_unavailable" | "upstream_authorization_required";
  };
  "upstream.read": {
    args: UpstreamReadArguments;
    answer: Promise<ResourceResult>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable" | "upstream_authorization_required";
  };
  "upstream.prompt": {
    args: UpstreamPromptArguments;
    answer: Promise<PromptResult>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable" | "upstream_authorization_required";
  };
  "upstream.complete": {
    args: UpstreamCompleteArguments;
    answer: Promise<UpstreamCompletion>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "upstream_failed" | "upstream_unavailable" | "upstream_authorization_required";
  };
  "registry.list": {
    args: RegistryListArguments;
    answer: Promise<RegistryPage>;
    errors: CommonErrorCode | "halted";
  };
  "registry.versions": {
    args: RegistryVersionsArguments;
    answer: Promise<RegistryPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "registry.get": {
    args: RegistryGetArguments;
    answer: Promise<RegistryEntry>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "registry.import": {
    args: RegistryImportArguments;
    answer: Promise<Upstream>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict" | "not_found" | "name_taken" | "upstream_failed" | "upstream_unavailable";
  };
  "runtime.status": {
    args: Record<string, never>;
    answer: Promise<RuntimeStatus>;
    errors: CommonErrorCode | "halted";
  };
  "runtime.projects": {
    args: RuntimeProjectsArguments;
    answer: Promise<RuntimeProjectPage>;
    errors: CommonErrorCode | "halted";
  };
  "runtime.sessions": {
    args: RuntimeSessionsArguments;
    answer: Promise<RuntimeSessionPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "runtime.session": {
    args: RuntimeSessionArguments;
    answer: Promise<RuntimeSession>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "runtime.messages": {
    args: RuntimeMessagesArguments;
    answer: Promise<SessionMessagePage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "runtime.parts": {
    args: RuntimePartsArguments;
    answer: Promise<RuntimeMessagePartPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "runtime.models": {
    args: RuntimeModelsArguments;
    answer: Promise<AvailableModelPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "tenant.create": {
    args: TenantCreateArguments;
    answer: Promise<CreatedTenant>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "name_taken";
  };
  "tenant.list": {
    args: TenantListArguments;
    answer: Promise<TenantPage>;
    errors: CommonErrorCode | "halted";
  };
  "tenant.get": {
    args: TenantGetArguments;
    answer: Promise<TenantDetails>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "tenant.update": {
    args: TenantUpdateArguments;
    answer: Promise<Tenant>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition";
  };
  "tenant.suspend": {
    args: TenantSuspendArguments;
    answer: Promise<Tenant>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition";
  };
  "tenant.resume": {
    args: TenantResumeArguments;
    answer: Promise<Tenant>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition";
  };
  "tenant.create_key": {
    args: TenantCreateKeyArguments;
    answer: Promise<TenantKey>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "illegal_transition";
  };
  "tenant.delete": {
    args: TenantDeleteArguments;
    answer: Promise<DeletedTenant>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition";
  };
  "token_billing.summary": {
    args: TokenBillingSummaryArguments;
    answer: Promise<TokenSummary>;
    errors: CommonErrorCode | "halted";
  };
  "token_billing.recent": {
    args: TokenBillingRecentArguments;
    answer: Promise<ModelCallPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "token_billing.report": {
    args: TokenBillingReportArguments;
    answer: Promise<ModelCall>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found";
  };
  "token_billing.budget": {
    args: TokenBillingBudgetArguments;
    answer: Promise<BudgetCheck>;
    errors: CommonErrorCode | "halted";
  };
  "token_billing.credits": {
    args: TokenBillingCreditsArguments;
    answer: Promise<TokenCredits>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found";
  };
  "token_billing.billing_model": {
    args: TokenBillingBillingModelArguments;
    answer: Promise<BillingModel>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
  };
  "token_billing.spending_limit": {
    args: TokenBillingSpendingLimitArguments;
    answer: Promise<SpendingLimit>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
  };
  "token_billing.pricing": {
    args: TokenBillingPricingArguments;
    answer: Promise<ModelPricePage>;
    errors: CommonErrorCode | "halted";
  };
  "token_billing.set_price": {
    args: TokenBillingSetPriceArguments;
    answer: Promise<ModelPrice>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
  };
  "token_billing.delete_price": {
    args: TokenBillingDeletePriceArguments;
    answer: Promise<RemovedPrice>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "token.create": {
    args: TokenCreateArguments;
    answer: Promise<CreatedToken>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
  };
  "token.list": {
    args: TokenListArguments;
    answer: Promise<TokenPage>;
    errors: CommonErrorCode | "halted";
  };
  "token.revoke": {
    args: TokenRevokeArguments;
    answer: Promise<RevokedToken>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "transcript.search": {
    args: TranscriptSearchArguments;
    answer: Promise<TranscriptMatchPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "transcript.export": {
    args: TranscriptExportArguments;
    answer: Promise<TranscriptExport>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "transcript.forget": {
    args: TranscriptForgetArguments;
    answer: Promise<ForgottenSession>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "transcript.participants": {
    args: TranscriptParticipantsArguments;
    answer: Promise<JobParticipants>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "turn.list": {
    args: TurnListArguments;
    answer: Promise<TurnPage>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "turn.preview": {
    args: TurnPreviewArguments;
    answer: Promise<TurnPreview>;
    errors: CommonErrorCode | "halted" | "payload_too_large" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "turn.rewind": {
    args: TurnRewindArguments;
    answer: Promise<TaskReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "turn.fork": {
    args: TurnForkArguments;
    answer: Promise<TaskReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
  "turn.record": {
    args: TurnRecordArguments;
    answer: Promise<Turn>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition" | "stale_lease";
  };
  "user.list": {
    args: UserListArguments;
    answer: Promise<UserPage>;
    errors: CommonErrorCode | "halted";
  };
  "user.get": {
    args: UserGetArguments;
    answer: Promise<User>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "user.update": {
    args: UserUpdateArguments;
    answer: Promise<User>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "virtual_server.create": {
    args: VirtualServerCreateArguments;
    answer: Promise<VirtualServer>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "conflict";
  };
  "virtual_server.list": {
    args: VirtualServerListArguments;
    answer: Promise<VirtualServerPage>;
    errors: CommonErrorCode | "halted";
  };
  "virtual_server.get": {
    args: VirtualServerGetArguments;
    answer: Promise<VirtualServer>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "virtual_server.update": {
    args: VirtualServerUpdateArguments;
    answer: Promise<VirtualServer>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "virtual_server.delete": {
    args: VirtualServerDeleteArguments;
    answer: Promise<VirtualServerRemoval>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "virtual_server.create_key": {
    args: VirtualServerCreateKeyArguments;
    answer: Promise<VirtualServerKey>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "worktree.list": {
    args: WorktreeListArguments;
    answer: Promise<DiskUse>;
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
  };
  "worktree.report": {
    args: WorktreeReportArguments;
    answer: Promise<DiskUse>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found";
  };
  "worktree.clean": {
    args: WorktreeCleanArguments;
    answer: Promise<TaskReceipt>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "budget_exceeded" | "credit_exhausted" | "not_found" | "conflict" | "illegal_transition";
  };
}
