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
  /** Correlation id of the exchange. */
  correlationId?: string | null | undefined;
  replyTo?: string | null | undefined;
  /** Seconds after which an unread message expires; default: the server's message lifetime. */
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
  /** RFC 3339 time with an offset. */
  since?: string | null | undefined;
  messageType?: string | null | undefined;
  priority?: Priority | null | undefined;
  unread?: boolean | null | undefined;
  status?: DeliveryState | null | undefined;
  /** Agent id, name or dotted alias. */
  fromAgent?: string | null | undefined;
  /** Correlation id of the exchange. */
  correlationId?: string | null | undefined;
  replyTo?: string | null | undefined;
  /** Seconds to wait for a message if there is none. */
  wait?: number | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** Number of items to skip. A cursor is cheaper. */
  offset?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Agents that can see it; everyone if empty. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Agent id or name, 'capability:NAME' for any agent that has it, 'worker:ID' for one worker (unless an agent has that very name); default: any suitable agent. With an unregistered name, the task waits for that name. */
  assignee?: string | null | undefined;
  /** RFC 3339 time with an offset. */
  deadline?: string | null | undefined;
  priority?: Priority | undefined;
  requiredCapabilities?: string[] | undefined;
  requiredModel?: string | null | undefined;
  dependsOn?: string[] | undefined;
  parentId?: string | null | undefined;
  maxAttempts?: number | undefined;
  /** Seconds before the second attempt, doubled for each further attempt. */
  retryBackoff?: number | undefined;
  /** Maximum seconds per attempt; default: no limit. */
  timeout?: number | null | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
  /** Conversation id of the task; if omitted, the task is a separate conversation. */
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
  /** The claim's fencing token: a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
}

/** Arguments of ``agora.task.list``. */
export interface TaskListArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  status?: TaskStatus | TaskStatus[] | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** Number of items to skip. A cursor is cheaper. */
  offset?: number | undefined;
  taskType?: string | null | undefined;
  priority?: Priority | null | undefined;
  workflowId?: string | null | undefined;
  parentId?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  createdBy?: string | null | undefined;
  /** Worker id or name. */
  workerId?: string | null | undefined;
  /** RFC 3339 time with an offset. */
  since?: string | null | undefined;
  /** RFC 3339 time with an offset. */
  until?: string | null | undefined;
  sort?: "created" | "priority" | "deadline" | undefined;
  descending?: boolean | undefined;
  /** Conversation id of the task; if omitted, the task is a separate conversation. */
  contextId?: string | null | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.task.stuck``. */
export interface TaskStuckArguments {
  /** Seconds without any activity of the task. */
  idleSeconds?: number | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.task.get``. */
export interface TaskGetArguments {
  taskId: string;
}

/** Arguments of ``agora.task.history``. */
export interface TaskHistoryArguments {
  taskId: string;
  /** Only entries of these types. */
  types?: ("status" | "progress" | "milestone" | "note" | "comment" | "checkpoint" | "output" | "message" | "artifact" | "done")[] | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.task.claim``. */
export interface TaskClaimArguments {
  /** Maximum number of tasks to claim. */
  limit?: number | undefined;
  /** Seconds to wait for a task when there is none. */
  wait?: number | undefined;
  /** Only these types; empty: any type. */
  taskTypes?: string[] | undefined;
  /** Only tasks for these of your capabilities. */
  capabilities?: string[] | null | undefined;
  /** Models that the worker can run. */
  models?: string[] | undefined;
  /** Worker id or name. */
  worker?: string | null | undefined;
  /** Seconds until the lease expires unless renewed. */
  leaseSeconds?: number | undefined;
  /** Also claim tasks for any agent, which name no assignee and require nothing. */
  unassigned?: boolean | undefined;
  /** Only this task; 409 if it can no longer be claimed. */
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
  /** Checkpoint from which another agent can continue the work. */
  checkpoint?: { [key: string]: JsonValue } | null | undefined;
  /** Increases with each checkpoint; a lower number is refused. */
  checkpointNumber?: number | null | undefined;
}

/** Arguments of ``agora.task.release``. */
export interface TaskReleaseArguments {
  taskId: string;
  fencingToken: number;
  /** Notes for people. */
  reason?: string | null | undefined;
  /** Checkpoint from which another agent can continue the work. */
  checkpoint?: { [key: string]: JsonValue } | null | undefined;
  /** Seconds until it can be claimed again. */
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
  /** Number of tokens in all attempts so far. */
  inputTokens: number;
  /** Number of tokens in all attempts so far. */
  outputTokens: number;
  /** Model that used the tokens; empty if unknown. */
  model?: string | undefined;
  /** Cost charged by the model's provider, if known. */
  providerCost?: number | null | undefined;
  /** Currency of provider_cost, such as USD. */
  currency?: string | null | undefined;
  /** Whether the numbers are a lower bound. */
  isEstimate?: boolean | undefined;
}

/** Arguments of ``agora.task.complete``. */
export interface TaskCompleteArguments {
  taskId: string;
  result?: JsonValue | undefined;
  /** Notes for people. */
  notes?: string | null | undefined;
  /** The claim's fencing token: a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
}

/** Arguments of ``agora.task.fail``. */
export interface TaskFailArguments {
  taskId: string;
  error: string;
  /** Whether the task may be retried. */
  retry?: boolean | undefined;
  /** The claim's fencing token: a write after the lease was lost is refused. */
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
  /** Agent id or name, 'capability:NAME' for any agent that has it, 'worker:ID' for one worker (unless an agent has that very name); default: any suitable agent. With an unregistered name, the task waits for that name. */
  assignee?: string | null | undefined;
}

/** Arguments of ``agora.task.reassign``. */
export interface TaskReassignArguments {
  taskId: string;
  /** Agent id or name, 'capability:NAME' for any agent that has it, 'worker:ID' for one worker (unless an agent has that very name); default: any suitable agent. With an unregistered name, the task waits for that name. */
  assignee: string | null;
  /** Notes for people. */
  reason?: string | null | undefined;
}

/** Arguments of ``agora.task.prioritize``. */
export interface TaskPrioritizeArguments {
  taskId: string;
  priority?: Priority | null | undefined;
  /** Waiting task of yours that this one is claimed right before. */
  before?: string | null | undefined;
  /** Waiting task of yours that this one is claimed right after. */
  after?: string | null | undefined;
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
  /** Only for the assignee. 'input_required': the task waits until the message is answered. 'completed': the message becomes the result and ends the task; a waiting A2A client receives a Message. */
  status?: "input_required" | "auth_required" | "completed" | null | undefined;
  messageId?: string | null | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
  /** URIs of extensions. */
  extensions?: string[] | undefined;
  /** Id of the assignee's question. If it was already answered, the message is refused (409) and not sent. */
  answers?: string | null | undefined;
  /** The claim's fencing token: a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
  /** With a question: keep the lease while it is open, so that the answer returns the task to its waiting holder. If the lease expires, the question is withdrawn. */
  keepLease?: boolean | undefined;
}

/** Arguments of ``agora.task.artifact``. */
export interface TaskArtifactArguments {
  taskId: string;
  text?: string | null | undefined;
  /** The message in parts, if it is not a single text. */
  parts?: Part[] | undefined;
  /** Generated if omitted; needed to append to it. */
  artifactId?: string | null | undefined;
  name?: string | null | undefined;
  description?: string | null | undefined;
  /** Append to the artifact with this id instead of replacing it. */
  append?: boolean | undefined;
  /** Whether the artifact is complete. */
  last?: boolean | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
  /** URIs of extensions. */
  extensions?: string[] | undefined;
  /** The claim's fencing token: a write after the lease was lost is refused. */
  fencingToken?: number | null | undefined;
}

/** Arguments of ``agora.task.append``. */
export interface TaskAppendArguments {
  taskId: string;
  content: string;
  /** Offset of the chunk; refused if it is not the current end of the output. */
  offset?: number | null | undefined;
  /** The claim's fencing token: a write after the lease was lost is refused. */
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
  /** RFC 3339 time with an offset. */
  since?: string | null | undefined;
}

/** Arguments of ``agora.billing.prices``. */
export interface BillingPricesArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** All versions, newest first, instead of the current one. */
  history?: boolean | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Type hybrid: time unit of the price; default: hour. */
  usageUnit?: "minute" | "hour" | null | undefined;
  /** Type token_based: price per million input tokens. */
  inputPrice?: number | undefined;
  /** Type token_based: price per million output tokens. */
  outputPrice?: number | undefined;
  /** Start of validity, at most a year ahead; default: now. */
  effectiveFrom?: string | null | undefined;
}

/** Arguments of ``agora.billing.record``. */
export interface BillingRecordArguments {
  /** Idempotency key of this usage: repeating the call with it has no further effect. */
  usageKey: string;
  /** The account; default: the credential's account, else the caller's id. */
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
  /** Time of the usage; default: now. The price at that time applies. */
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
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  instanceId?: string | null | undefined;
  /** Only charges and reversals of this task. */
  taskId?: string | null | undefined;
  /** Only charges and reversals of the tasks of this workflow. */
  workflowId?: string | null | undefined;
  kind?: EntryKind | null | undefined;
  /** Only entries recorded at this time or later. */
  since?: string | null | undefined;
  /** Only entries recorded before this time. */
  until?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.tokens``. */
export interface BillingTokensArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** Only this task. */
  taskId?: string | null | undefined;
  /** Only tokens reported at this time or later. */
  since?: string | null | undefined;
  /** Reported before this. */
  until?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.cost``. */
export interface BillingCostArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  instanceId?: string | null | undefined;
  /** First day; default: no limit. */
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
  /** First day; default: no limit. */
  since?: string | null | undefined;
  /** Last day. */
  until?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.dashboard``. */
export interface BillingDashboardArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.billing.credit``. */
export interface BillingCreditArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account: string;
  amount: number;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
  /** Kind of credit: prepaid, granted, or the payment of an invoice. */
  kind?: "credit" | "payment" | undefined;
  reason?: string | null | undefined;
  /** Idempotency key of this credit: repeating the call with it has no further effect. */
  creditKey?: string | null | undefined;
}

/** Arguments of ``agora.billing.balance``. */
export interface BillingBalanceArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.budget``. */
export interface BillingBudgetArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
  /** Monthly amount that triggers a warning; default: 80 % of the hard limit. */
  softLimit?: number | null | undefined;
  /** Monthly amount; charges beyond it are refused, and instances are paused when it is reached. */
  hardLimit?: number | null | undefined;
  /** Refuse charges that exceed the account's credit. */
  prepaid?: boolean | undefined;
  /** Count only the cost of calls to this model (PROVIDER:MODEL). */
  model?: string | null | undefined;
  /** Count only the cost of model calls for tasks of this project. */
  project?: string | null | undefined;
}

/** Arguments of ``agora.billing.budgets``. */
export interface BillingBudgetsArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.set_discount``. */
export interface BillingSetDiscountArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account: string;
  /** With two decimal places; 0 ends the discount. */
  percent: number;
  /** RFC 3339 time with an offset. */
  until?: string | null | undefined;
}

/** Arguments of ``agora.billing.set_free_quota``. */
export interface BillingSetFreeQuotaArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  /** Quota per account and month; time in seconds; 0 removes the quota. */
  quantity: number;
  kind?: "request" | "task" | "time" | "input_tokens" | "output_tokens" | undefined;
}

/** Arguments of ``agora.billing.reductions``. */
export interface BillingReductionsArguments {
  /** The account; default: the credential's account, else the caller's id. */
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
  /** RFC 3339 time with an offset. */
  expiresAt?: string | null | undefined;
  maxRedemptions?: number | null | undefined;
}

/** Arguments of ``agora.billing.coupons``. */
export interface BillingCouponsArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.redeem_coupon``. */
export interface BillingRedeemCouponArguments {
  code: string;
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.billing.invoices``. */
export interface BillingInvoicesArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** A month in UTC, such as 2026-11. */
  period?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.billing.invoice``. */
export interface BillingInvoiceArguments {
  /** Invoice id or number; default: the open invoice. */
  invoice?: string | null | undefined;
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.billing.document``. */
export interface BillingDocumentArguments {
  /** Id or number. */
  invoice: string;
  /** csv: a table; html: a page to print; json: all data; eml: an e-mail to the customer. */
  format?: "csv" | "html" | "json" | "eml" | undefined;
  /** Show all decimal places on the page and in the e-mail. */
  exact?: boolean | undefined;
}

/** Arguments of ``agora.billing.profile``. */
export interface BillingProfileArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.billing.set_profile``. */
export interface BillingSetProfileArguments {
  /** The account; default: the credential's account, else the caller's id. */
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
  /** Agent id, name or dotted alias; if omitted, the marketplace selects an agent by its skills. */
  agent?: string | null | undefined;
  /** Id of the requested skill. */
  skill?: string | null | undefined;
  /** Task to continue, if the message names none. */
  taskId?: string | null | undefined;
  /** Groups the tasks of one conversation. */
  contextId?: string | null | undefined;
  /** Return without waiting for the task to end or to need input. */
  returnImmediately?: boolean | undefined;
  /** Maximum seconds to wait for the task to end; then its current state is returned. */
  wait?: number | undefined;
  /** Maximum number of history messages; 0 for none; default: the newest 100. */
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
  /** Maximum number of history messages; 0 for none; default: the newest 100. */
  historyLength?: number | null | undefined;
  includeArtifacts?: boolean | undefined;
  /** Maximum seconds to wait for the task to end; then its current state is returned. */
  wait?: number | undefined;
}

/** Arguments of ``agora.a2a.list``. */
export interface A2aListArguments {
  /** Only a task of this agent. */
  agent?: string | null | undefined;
  /** Groups the tasks of one conversation. */
  contextId?: string | null | undefined;
  status?: A2AState | null | undefined;
  /** RFC 3339 time with an offset. */
  statusTimestampAfter?: string | null | undefined;
  pageSize?: number | undefined;
  /** 'nextPageToken' of the previous page. */
  pageToken?: string | null | undefined;
  /** Maximum number of history messages; 0 for none; default: the newest 100. */
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
  /** Maximum number of history messages; 0 for none; default: the newest 100. */
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
  /** Generated if omitted. An existing configuration with this id is replaced. */
  configId?: string | null | undefined;
  token?: string | null | undefined;
  authentication?: A2AAuthentication | null | undefined;
  /** A2A version of the notifications: 1.0 posts each update, 0.3 posts the whole task. */
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
  /** 'nextPageToken' of the previous page. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.a2a.retry_push``. */
export interface A2aRetryPushArguments {
  taskId: string;
  configId: string;
}

/** Arguments of ``agora.a2a.card``. */
export interface A2aCardArguments {
  /** Agent id, name or dotted alias; if omitted, the marketplace selects an agent by its skills. */
  agent?: string | null | undefined;
  /** Base URL under which the caller reaches this server; default: its public_url. */
  baseUrl?: string | null | undefined;
}

/** Arguments of ``agora.a2a.extended_card``. */
export interface A2aExtendedCardArguments {
  /** Agent id, name or dotted alias; if omitted, the marketplace selects an agent by its skills. */
  agent?: string | null | undefined;
  /** Base URL under which the caller reaches this server; default: its public_url. */
  baseUrl?: string | null | undefined;
}

/** Arguments of ``agora.a2a.set_card``. */
export interface A2aSetCardArguments {
  /** Default: the caller. */
  agent?: string | null | undefined;
  /** Fields of an agent card, which override the generated ones; null removes the stored card. */
  card?: { [key: string]: JsonValue } | null | undefined;
  /** Fields that are shown only to authenticated callers. */
  extended?: { [key: string]: JsonValue } | null | undefined;
}

/** Arguments of ``agora.a2a.catalogue``. */
export interface A2aCatalogueArguments {
  /** Base URL under which the caller reaches this server; default: its public_url. */
  baseUrl?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.a2a.add_remote``. */
export interface A2aAddRemoteArguments {
  /** URL of the agent or of its card. */
  url: string;
  /** Its name in this marketplace; default: the name on its card. */
  name?: string | null | undefined;
  /** Sent with every request, such as Authorization; stored encrypted, never shown. */
  headers?: { [key: string]: string } | undefined;
  /** Seconds without any data from the agent after which a request fails. */
  timeout?: number | undefined;
  /** Fetch the card first; false registers the agent even if its card cannot be fetched. */
  verify?: boolean | undefined;
}

/** Arguments of ``agora.a2a.list_remotes``. */
export interface A2aListRemotesArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Authority, 255 = supreme; default: the caller's own. */
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
  /** Kind of resource to manage. */
  resource: "agent" | "configuration" | "service";
  /** Agent id or name, setting name, or operation name; for list: 'all' or a name prefix. */
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
  /** RFC 3339 time with an offset. */
  since?: string | null | undefined;
  /** RFC 3339 time with an offset. */
  until?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent). */
  busy?: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent" | undefined;
  /** The agent's own rating of its skill, in percent. */
  proficiencyLevel?: number | null | undefined;
  /** Address in the agent protocol, agent.COMPANY.NAME, unique in the marketplace. */
  alias?: string | null | undefined;
  /** Public keys for end-to-end encryption, the preferred one first. */
  publicKeys?: PublicKey[] | null | undefined;
  /** Further manifest fields: version, pricing, build_config, host_requirements ... */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** Number of items to skip. A cursor is cheaper. */
  offset?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent). */
  busy?: "enqueue" | "reject" | "interrupt" | "rollback" | "concurrent" | null | undefined;
  /** The agent's own rating of its skill, in percent. */
  proficiencyLevel?: number | null | undefined;
  /** Address in the agent protocol, agent.COMPANY.NAME, unique in the marketplace. */
  alias?: string | null | undefined;
  /** Public keys for end-to-end encryption, the preferred one first. */
  publicKeys?: PublicKey[] | null | undefined;
}

/** Arguments of ``agora.agent.heartbeat``. */
export interface AgentHeartbeatArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  status?: AgentStatus | null | undefined;
  /** Fraction of the agent's capacity in use, 0 to 1. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.declared_agent.rollback``. */
export interface DeclaredAgentRollbackArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
  /** Version to restore. */
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
  /** The task that the agent is working on. */
  taskId: string;
  fencingToken: number;
  /** Id of the call within its task, such as STEP.CALL. Each id is executed once. */
  callId: string;
  /** Name of the tool, as listed by agora.declared_agent.tools. */
  tool: string;
  /** Arguments of the tool. */
  arguments?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.declared_agent.reserve_model_call``. */
export interface DeclaredAgentReserveModelCallArguments {
  /** The task that the agent is working on. */
  taskId: string;
  fencingToken: number;
  /** Number of the call in its task. */
  step: number;
  /** Candidate models, in order of preference. */
  models: string[];
  /** Upper bound of the request's input tokens. */
  inputTokens: number;
  /** Checkpoint, stored if and only if the call is reserved. */
  checkpoint?: { [key: string]: JsonValue } | null | undefined;
  /** Grows with each checkpoint of the task. */
  checkpointNumber?: number | null | undefined;
}

/** Arguments of ``agora.declared_agent.record_model_call``. */
export interface DeclaredAgentRecordModelCallArguments {
  /** The task that the agent is working on. */
  taskId: string;
  fencingToken: number;
  /** Number of the call in its task. */
  step: number;
  /** PROVIDER:MODEL, with a provider of agora.model_provider, or 'default' for the model in the server's settings. */
  model: string;
  tokens: ModelTokens;
  /** Whether the tokens were estimated, not counted. */
  isEstimate?: boolean | undefined;
  /** Whether the response was cut off; the step is then repeated. */
  isCut?: boolean | undefined;
  /** Seconds until the answer began. */
  timeToFirstToken?: number | null | undefined;
  /** Duration in seconds. */
  seconds?: number | null | undefined;
  /** Checkpoint, stored if and only if the call is charged. */
  checkpoint?: { [key: string]: JsonValue } | null | undefined;
  /** Grows with each checkpoint of the task. */
  checkpointNumber?: number | null | undefined;
  /** Text to append to the task's output. */
  output?: string | null | undefined;
  /** Start offset of the text; a repeated text is appended once. */
  outputOffset?: number | null | undefined;
}

/** Arguments of ``agora.declared_agent.release_model_call``. */
export interface DeclaredAgentReleaseModelCallArguments {
  /** The task that the agent is working on. */
  taskId: string;
  fencingToken: number;
  /** Number of the call in its task. */
  step: number;
}

/** Arguments of ``agora.workflow.create``. */
export interface WorkflowCreateArguments {
  workflowName: string;
  /** The steps, in order or as a graph with depends_on. */
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
  /** RFC 3339 time with an offset. */
  since?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** Number of items to skip. A cursor is cheaper. */
  offset?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Description of the app. */
  description?: string | undefined;
  /** Industry of the app. */
  industry?: string | undefined;
  /** Version set by the publisher. */
  version?: string | undefined;
  /** Agent id, name or dotted alias. */
  orchestratorAgent?: string | null | undefined;
  /** Capabilities that it uses, provided by any agent. */
  uses?: string[] | undefined;
  pricing?: AppPrice | null | undefined;
  visibility?: Visibility | undefined;
  workflow?: AppWorkflow | null | undefined;
}

/** Arguments of ``agora.app.list``. */
export interface AppListArguments {
  /** Words in the name, alias, description, industry or capabilities; an app must contain all of them. */
  query?: string | null | undefined;
  /** Only apps of this industry. */
  industry?: string | null | undefined;
  /** Only apps that use this capability. */
  capability?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Description of the app. */
  description?: string | null | undefined;
  /** Industry of the app. */
  industry?: string | null | undefined;
  /** Version set by the publisher. */
  version?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  orchestratorAgent?: string | null | undefined;
  /** Capabilities that it uses, provided by any agent. */
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
  /** Description of the app. */
  description?: string | undefined;
  /** Industry of the app. */
  industry?: string | undefined;
  /** Version set by the publisher. */
  version?: string | undefined;
  /** Agent id, name or dotted alias. */
  orchestratorAgent?: string | null | undefined;
  /** Capabilities that it uses, provided by any agent. */
  uses?: string[] | undefined;
  pricing?: AppPrice | null | undefined;
  visibility?: Visibility | undefined;
  workflow?: AppWorkflow | null | undefined;
  /** Declared agents bundled with the app. */
  agents?: AppAgent[] | undefined;
  /** Report the changes without applying them. */
  dryRun?: boolean | undefined;
}

/** Arguments of ``agora.app.run``. */
export interface AppRunArguments {
  /** Id, alias or name of the app. */
  ref: string;
  /** Input of the workflow; overrides the app's default input. */
  input?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.codebase.list``. */
export interface CodebaseListArguments {
  /** Part of a name, path or repository. */
  search?: string | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.codebase.register``. */
export interface CodebaseRegisterArguments {
  /** Name of the codebase, for people. */
  name: string;
  /** Directory on the worker's machine. */
  path?: string | null | undefined;
  /** Id or name of your worker that has it. If omitted, workers are asked whether they have it. */
  workerId?: string | null | undefined;
  /** Git remote, such as github.com/owner/name. */
  repository?: string | null | undefined;
  /** Description of the codebase. */
  description?: string | undefined;
  /** URL of a git repository that a worker is to clone, instead of an existing path. */
  gitUrl?: string | null | undefined;
  /** Branch to clone. */
  branch?: string | null | undefined;
  /** Token for cloning, stored encrypted; only the named worker can read it. */
  gitToken?: string | null | undefined;
  /** Defaults for jobs in this codebase: model, agent_type, profile. */
  agentConfig?: { [key: string]: string } | undefined;
}

/** Arguments of ``agora.codebase.confirm``. */
export interface CodebaseConfirmArguments {
  /** Id of a codebase. */
  codebaseId: string;
  taskId: string;
  fencingToken: number;
  /** Id or name of your worker that has it. */
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
  /** Reason, shown to the user who registers the codebase. */
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
  /** Prompt for the coding agent. */
  prompt: string;
  /** Title, for people. */
  title?: string | undefined;
  /** Mode of the agent, such as build. */
  agentType?: string | null | undefined;
  /** Model for the coding agent. */
  model?: string | null | undefined;
  /** Files for the agent: paths in the codebase, or files to create first, as objects with path and content (encoding base64 for bytes) or artifact with task_id and artifact_id. */
  files?: (string | { [key: string]: JsonValue })[] | undefined;
  priority?: Priority | undefined;
  /** Jobs with the same context id share a session. */
  contextId?: string | null | undefined;
  /** Worker profile that the job requires. */
  profile?: string | null | undefined;
  /** Environment variables for this job's agent only: stored encrypted, masked in the output, deleted when the job ends. */
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
  /** Prompt for the coding agent. */
  message: string;
  /** The job; default: your newest unfinished job. */
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
  /** Maximum seconds between two checks. */
  interval?: number | undefined;
  /** Hold queued jobs while this many reviews are open; 0: no limit; omitted: unchanged. */
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
  /** Text in the title or id. */
  q?: string | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.session.get``. */
export interface SessionGetArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Session id assigned by the coding agent. */
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
  /** Session id assigned by the coding agent. */
  sessionId: string;
  /** Objects with message_id, role, parts (or content) and created_at. */
  messages?: ({ [key: string]: JsonValue })[] | undefined;
  /** Title, for people. */
  title?: string | undefined;
  /** Coding agent, such as opencode. */
  agent?: string | undefined;
  /** The task of this session; its requester may read the session. */
  taskId?: string | null | undefined;
}

/** Arguments of ``agora.session.messages``. */
export interface SessionMessagesArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Session id assigned by the coding agent. */
  sessionId: string;
  /** Newest first. */
  descending?: boolean | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.session.resume``. */
export interface SessionResumeArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Session id assigned by the coding agent. */
  sessionId: string;
  /** Prompt for the next turn. */
  prompt: string;
  /** Title, for people. */
  title?: string | undefined;
  /** Model for the coding agent. */
  model?: string | null | undefined;
  /** Mode of the agent, such as build or plan. */
  agentType?: string | null | undefined;
  priority?: Priority | undefined;
}

/** Arguments of ``agora.follow_up.add``. */
export interface FollowUpAddArguments {
  taskId: string;
  /** Text for the agent. */
  text: string;
  /** queued: sent when the agent's turn ends. steering: interrupts the turn and is sent at once. */
  mode?: "queued" | "steering" | undefined;
}

/** Arguments of ``agora.follow_up.list``. */
export interface FollowUpListArguments {
  taskId: string;
  /** Only follow-ups that the worker has not taken. */
  waiting?: boolean | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.follow_up.edit``. */
export interface FollowUpEditArguments {
  taskId: string;
  /** Id of a follow-up. */
  followUpId: string;
  /** Text for the agent. */
  text?: string | null | undefined;
  /** queued: sent when the agent's turn ends. steering: interrupts the turn and is sent at once. */
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
  /** ``taken`` of the last follow-up in the job's checkpoint; 0 at first. */
  after?: number | undefined;
  /** Take only steering follow-ups. */
  steering?: boolean | undefined;
  /** The job is about to end: close it if no follow-up is waiting. */
  closing?: boolean | undefined;
}

/** Arguments of ``agora.review.list``. */
export interface ReviewListArguments {
  /** Id of a codebase. */
  codebaseId?: string | null | undefined;
  /** Only reviews in this state. */
  state?: "open" | "changes_requested" | "delivering" | "conflicted" | "merged" | "pushed" | "proposed" | "patched" | "dismissed" | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.review.comments``. */
export interface ReviewCommentsArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Only comments not sent to the agent yet. */
  waiting?: boolean | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Text of the comment. */
  text: string;
  /** new: the line after the change. old: the line before it. */
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
  /** Additional text for the agent. */
  text?: string | undefined;
}

/** Arguments of ``agora.review.approve``. */
export interface ReviewApproveArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** merge: merge into the target branch in the worker's codebase. push: push the branch to its remote. pull_request: push, and open or update the pull request. patch: store it as a task artifact. */
  action?: "merge" | "push" | "pull_request" | "patch" | undefined;
  /** The reviewed commit; any other commit is rejected. */
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
  /** Branch that is checked out in the codebase. */
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
  /** URL of the pull request. */
  pullRequest?: string | null | undefined;
  /** Reason for the failure. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Client that the refresh token was issued to; default: the server's own. */
  clientId?: string | null | undefined;
}

/** Arguments of ``agora.auth.logout``. */
export interface AuthLogoutArguments {
  refreshToken?: string | null | undefined;
  /** Client that the refresh token was issued to; default: the server's own. */
  clientId?: string | null | undefined;
}

/** Arguments of ``agora.auth.sign_out``. */
export interface AuthSignOutArguments {
  /** Session id derived by the monitor. */
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
  /** Content of the entry; the keys depend on the type. */
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
  /** RFC 3339 time with an offset. */
  timestamp?: string | null | undefined;
  /** Message fields without an entry field of their own: message_type, priority, metadata, reply_to ... */
  extensions?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.bus.read``. */
export interface BusReadArguments {
  /** Maximum number of entries returned. */
  count?: number | undefined;
  /** Seconds to wait for an entry if none is available. */
  wait?: number | undefined;
  /** Name of the consumer in the group; each entry goes to one consumer. */
  consumer?: string | undefined;
  /** Whether to claim tasks, too. */
  tasks?: boolean | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.bus.ack``. */
export interface BusAckArguments {
  /** Ids of entries, as returned by read: message_id or entry_id. */
  messageIds: string[];
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.bus.recover``. */
export interface BusRecoverArguments {
  /** Maximum number of entries returned. */
  count?: number | undefined;
  /** Seconds without an acknowledgement; default: the setting bus_stale. */
  idle?: number | null | undefined;
  /** Name of the consumer in the group; each entry goes to one consumer. */
  consumer?: string | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
}

/** Arguments of ``agora.bus.pending``. */
export interface BusPendingArguments {
  /** Maximum number of entries returned. */
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
  /** Id of a message: the marketplace's (msg_...), or the id you gave it. */
  messageId: string;
  /** Seconds to wait for the reply. */
  wait?: number | undefined;
}

/** Arguments of ``agora.conversation.get``. */
export interface ConversationGetArguments {
  /** correlation.conversation_id of its messages, or the conv_... id of the list. */
  conversationId: string;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.conversation.list``. */
export interface ConversationListArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  state?: "open" | "proposed" | "agreed" | "informed" | "confirmed" | "refused" | "failed" | "timed_out" | "done" | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.conversation.pending``. */
export interface ConversationPendingArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** Seconds to wait for the reply. */
  wait?: number | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.conversation.usage``. */
export interface ConversationUsageArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  customerId?: string | null | undefined;
  /** RFC 3339 time with an offset. */
  since?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.dead_letter.list``. */
export interface DeadLetterListArguments {
  /** Only this source, such as bus or push. */
  source?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  state?: DeadLetterState | undefined;
  /** Only this message or task. */
  ref?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Match all of the capabilities, or any. */
  match?: "all" | "any" | undefined;
  /** Words in the name, description, capabilities or tags; prefixes and small typos match. */
  search?: string | null | undefined;
  minRating?: number | null | undefined;
  category?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** Number of items to skip. A cursor is cheaper. */
  offset?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.query.services``. */
export interface QueryServicesArguments {
  category?: string | null | undefined;
  /** Semantic version or range: 1.0.0, ^1.2, ~1.2.3, >=1,<2. */
  version?: string | null | undefined;
  status?: Lifecycle | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** Number of items to skip. A cursor is cheaper. */
  offset?: number | undefined;
}

/** Arguments of ``agora.discovery.list``. */
export interface DiscoveryListArguments {
  category?: string | null | undefined;
  /** Semantic version or range: 1.0.0, ^1.2, ~1.2.3, >=1,<2. */
  version?: string | null | undefined;
  status?: Lifecycle | null | undefined;
  /** Include the schema of each operation's parameters. */
  schemas?: boolean | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** Number of items to skip. A cursor is cheaper. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** In MiB (1,048,576 bytes). */
  memoryMb?: number | null | undefined;
  cpuCores?: number | null | undefined;
  gpus?: number | undefined;
  /** Allow private and loopback addresses for its containers. */
  privateAddresses?: boolean | undefined;
}

/** Arguments of ``agora.host.update``. */
export interface HostUpdateArguments {
  /** Id or name. */
  host: string;
  /** Stop placing new instances on the host. */
  closed?: boolean | null | undefined;
  region?: string | null | undefined;
  name?: string | null | undefined;
}

/** Arguments of ``agora.host.remove``. */
export interface HostRemoveArguments {
  /** Id or name. */
  host: string;
  /** Remove the host although it has instances: it is permanently lost, and they are marked failed. */
  lost?: boolean | undefined;
}

/** Arguments of ``agora.instance.discover``. */
export interface InstanceDiscoverArguments {
  /** Words in the name, description or tags. */
  search?: string | null | undefined;
  category?: string | null | undefined;
  /** Part of the name. */
  name?: string | null | undefined;
  capabilities?: string[] | undefined;
  /** Only agents whose instances can be created. */
  available?: boolean | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.instance.create``. */
export interface InstanceCreateArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  instanceConfig?: InstanceConfig | null | undefined;
  name?: string | null | undefined;
  /** Requirements in addition to those of the agent's manifest. */
  hostRequirements?: HostRequirements | null | undefined;
  coLocation?: CoLocation | null | undefined;
  /** Id or name. */
  preferredHost?: string | null | undefined;
  /** Restore the state from this backup. */
  restore?: string | null | undefined;
  /** Owner account; only for operators. */
  account?: string | null | undefined;
  /** Highest accepted amount in the agent's price; 409 if any amount is higher. */
  maxPrice?: number | null | undefined;
  /** Seconds to wait for the change to complete; the response holds the state reached by then. */
  wait?: number | undefined;
}

/** Arguments of ``agora.instance.list``. */
export interface InstanceListArguments {
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  status?: InstanceStatus | InstanceStatus[] | null | undefined;
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Include terminated instances. */
  ended?: boolean | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.instance.get``. */
export interface InstanceGetArguments {
  /** Id of the instance. */
  instanceId: string;
}

/** Arguments of ``agora.instance.execute``. */
export interface InstanceExecuteArguments {
  /** Instance id, or an agent's id or name to use the least busy of the caller's instances of that agent. */
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
  /** Seconds to wait for the change to complete; the response holds the state reached by then. */
  wait?: number | undefined;
}

/** Arguments of ``agora.instance.resume``. */
export interface InstanceResumeArguments {
  /** Id of the instance. */
  instanceId: string;
  /** Seconds to wait for the change to complete; the response holds the state reached by then. */
  wait?: number | undefined;
}

/** Arguments of ``agora.instance.terminate``. */
export interface InstanceTerminateArguments {
  /** Id of the instance. */
  instanceId: string;
  /** Seconds to wait for the change to complete; the response holds the state reached by then. */
  wait?: number | undefined;
}

/** Arguments of ``agora.instance.logs``. */
export interface InstanceLogsArguments {
  /** Id of the instance. */
  instanceId: string;
  /** First byte; a negative offset counts from the end. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Owner account; only for operators. */
  account?: string | null | undefined;
  /** Highest accepted amount in the agent's price; 409 if any amount is higher. */
  maxPrice?: number | null | undefined;
}

/** Arguments of ``agora.instance.scaling``. */
export interface InstanceScalingArguments {
  /** Agent id, name or dotted alias. */
  agentId: string;
  /** The account; default: the credential's account, else the caller's id. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.instance.drop_backup``. */
export interface InstanceDropBackupArguments {
  backupId: string;
}

/** Arguments of ``agora.instance.dashboard``. */
export interface InstanceDashboardArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.media.issue_token``. */
export interface MediaIssueTokenArguments {
  /** Name of a room, unique in the marketplace. */
  roomName: string;
  /** Identity of the participant, unique in the room. */
  identity: string;
  /** admin and moderator can remove and mute others; an admin can also change its own metadata. A publisher only sends, a participant sends and receives, a viewer only receives. */
  role?: "admin" | "moderator" | "publisher" | "participant" | "viewer" | undefined;
  /** Metadata of the participant, visible to everyone in the room. */
  metadata?: string | null | undefined;
  /** Minutes for which the token is valid. */
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
  /** Metadata visible to everyone in the room. */
  metadata?: string | undefined;
}

/** Arguments of ``agora.media.list_rooms``. */
export interface MediaListRoomsArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.media.get_room``. */
export interface MediaGetRoomArguments {
  /** Name of a room, unique in the marketplace. */
  roomName: string;
}

/** Arguments of ``agora.memory.store``. */
export interface MemoryStoreArguments {
  /** Unique in its namespace; case-sensitive. */
  key: string;
  value: JsonValue;
  /** Namespace of the keys, shared by the whole marketplace; 'own' is private to the caller. */
  namespace?: string | undefined;
  tags?: string[] | undefined;
  /** Store only if the current version is this one; 0: only if the key is new. */
  ifVersion?: number | null | undefined;
}

/** Arguments of ``agora.memory.recall``. */
export interface MemoryRecallArguments {
  /** Unique in its namespace; case-sensitive. */
  key: string;
  /** Namespace of the keys, shared by the whole marketplace; 'own' is private to the caller. */
  namespace?: string | undefined;
}

/** Arguments of ``agora.memory.list``. */
export interface MemoryListArguments {
  /** Namespace of the keys, shared by the whole marketplace; 'own' is private to the caller. */
  namespace?: string | undefined;
  /** Only keys with this prefix. */
  prefix?: string | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.memory.search``. */
export interface MemorySearchArguments {
  /** Words to search for. */
  query: string;
  /** Default: all shared namespaces and 'own'. */
  namespace?: string | null | undefined;
  limit?: number | undefined;
}

/** Arguments of ``agora.memory.forget``. */
export interface MemoryForgetArguments {
  /** Unique in its namespace; case-sensitive. */
  key: string;
  /** Namespace of the keys, shared by the whole marketplace; 'own' is private to the caller. */
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
  /** Number of days of v4 calls to include. */
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
  /** Id of the import; omitted for a dry run. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.model_provider.set``. */
export interface ModelProviderSetArguments {
  /** Name of the provider: the part of a model's name before the colon. */
  name: string;
  /** API key, stored encrypted; unchanged if omitted, removed if empty. */
  apiKey?: string | null | undefined;
  /** Base URL; default: the public API of OpenAI or Anthropic. Only server operators may set it. */
  baseUrl?: string | null | undefined;
  /** API protocol; default: determined by the provider's name, else openai. */
  wire?: "openai" | "anthropic" | null | undefined;
}

/** Arguments of ``agora.model_provider.list``. */
export interface ModelProviderListArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Models that the worker can run. */
  models?: string[] | undefined;
  metadata?: { [key: string]: JsonValue } | undefined;
  /** Opaque name of the account at the model provider; never a credential. A usage limit reported by one worker applies to all your workers with that account. */
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
  /** Text in the name or a capability. */
  search?: string | undefined;
  /** Only workers seen within 90 seconds. */
  onlineOnly?: boolean | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Time at which the limit is lifted, by the server's clock; at most a week ahead. */
  until?: string | null | undefined;
  /** Seconds until the limit is lifted, instead of 'until'; independent of clocks. */
  seconds?: number | null | undefined;
}

/** Arguments of ``agora.worker.stream``. */
export interface WorkerStreamArguments {
  /** Worker id or name. */
  workerId?: string | null | undefined;
  /** The caller's name, for verification. */
  agentName?: string | null | undefined;
  /** Stream tasks for these capabilities, if no worker_id is given. */
  capabilities?: string[] | undefined;
  /** Of codebase tasks, only those for these codebases, 'global' and '__pending__'. */
  codebases?: string[] | undefined;
  /** Resume after this event: its id (evt_...) or its sequence number. */
  lastEventId?: string | null | undefined;
}

/** Arguments of ``agora.worker.finish_task``. */
export interface WorkerFinishTaskArguments {
  taskId: string;
  fencingToken: number;
  /** completed, failed (retried while attempts remain), or pending (released). */
  status?: "completed" | "failed" | "pending" | undefined;
  result?: JsonValue | undefined;
  /** Reason for the failure or release. */
  error?: string | undefined;
}

/** Arguments of ``agora.monitor.agents``. */
export interface MonitorAgentsArguments {
  status?: AgentStatus | null | undefined;
  /** Words in the name, description or capabilities. */
  search?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.monitor.workers``. */
export interface MonitorWorkersArguments {
  /** Part of the name. */
  search?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
}

/** Arguments of ``agora.monitor.messages``. */
export interface MonitorMessagesArguments {
  /** Message type. */
  type?: string | null | undefined;
  /** Sender or recipient. */
  agent?: string | null | undefined;
  /** Words that must all be in the text, in any order; A to Z are case-insensitive. */
  q?: string | null | undefined;
  /** Who sent it. */
  fromAgent?: string | null | undefined;
  /** Recipient; 'broadcast' for everyone. */
  toAgent?: string | null | undefined;
  priority?: Priority | null | undefined;
  /** Correlation id of the exchange. */
  correlationId?: string | null | undefined;
  /** Id of a message. */
  messageId?: string | null | undefined;
  /** Only messages sent at this time or later. */
  since?: string | null | undefined;
  /** Only messages sent before this time. */
  until?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Only messages sent at this time or later. */
  since?: string | null | undefined;
  /** Only messages sent before this time. */
  until?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.monitor.count``. */
export interface MonitorCountArguments {
  /** Message type. */
  type?: string | null | undefined;
  /** Sender or recipient. */
  agent?: string | null | undefined;
  /** Words that must all be in the text, in any order; A to Z are case-insensitive. */
  q?: string | null | undefined;
  /** Who sent it. */
  fromAgent?: string | null | undefined;
  /** Recipient; 'broadcast' for everyone. */
  toAgent?: string | null | undefined;
  priority?: Priority | null | undefined;
  /** Correlation id of the exchange. */
  correlationId?: string | null | undefined;
  /** Id of a message. */
  messageId?: string | null | undefined;
  /** Only messages sent at this time or later. */
  since?: string | null | undefined;
  /** Only messages sent before this time. */
  until?: string | null | undefined;
}

/** Arguments of ``agora.monitor.export``. */
export interface MonitorExportArguments {
  /** Message type. */
  type?: string | null | undefined;
  /** Sender or recipient. */
  agent?: string | null | undefined;
  /** Words that must all be in the text, in any order; A to Z are case-insensitive. */
  q?: string | null | undefined;
  /** Who sent it. */
  fromAgent?: string | null | undefined;
  /** Recipient; 'broadcast' for everyone. */
  toAgent?: string | null | undefined;
  priority?: Priority | null | undefined;
  /** Correlation id of the exchange. */
  correlationId?: string | null | undefined;
  /** Id of a message. */
  messageId?: string | null | undefined;
  /** Only messages sent at this time or later. */
  since?: string | null | undefined;
  /** Only messages sent before this time. */
  until?: string | null | undefined;
  /** Number of the last received message. */
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
  /** Message to the agent; also the reason of an override. */
  message?: string | undefined;
  /** Send a message, or create an override (needs the scope admin). */
  action?: "message" | "pause" | "resume" | "terminate" | "emergency_halt" | undefined;
  /** Why, for the audit trail. */
  reason?: string | undefined;
  /** Authority of the override; default: the caller's own. */
  priority?: number | null | undefined;
  /** Seconds until the override expires. */
  expiresIn?: number | null | undefined;
}

/** Arguments of ``agora.orchestrator.chat``. */
export interface OrchestratorChatArguments {
  /** Request in natural language. */
  message: string;
}

/** Arguments of ``agora.orchestrator.search_agents``. */
export interface OrchestratorSearchAgentsArguments {
  /** Words in the name, description, tags or capabilities; best matches first. */
  query?: string | null | undefined;
  /** Required capability. */
  capability?: string | null | undefined;
  /** Part of the name. */
  name?: string | null | undefined;
  /** Only this industry: a category or a tag. */
  industry?: string | null | undefined;
  /** Only free ones. */
  free?: boolean | undefined;
  /** Maximum price, in the agent's currency. */
  maxPrice?: number | null | undefined;
  /** Minimum mean rating, 0 to 10. */
  minRating?: number | null | undefined;
  /** Only this state; online means active or busy. */
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
  /** Words in the name, description, tags or capabilities; best matches first. */
  query?: string | null | undefined;
  /** Only this industry: a category or a tag. */
  industry?: string | null | undefined;
  /** Only free ones. */
  free?: boolean | undefined;
  /** Largest number of items in the answer. */
  limit?: number | undefined;
}

/** Arguments of ``agora.orchestrator.register_agent``. */
export interface OrchestratorRegisterAgentArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  name: string;
  /** Alias, such as agent.myorg.mybot. */
  agentId?: string | null | undefined;
  /** Capabilities of the agent. */
  capabilities?: string[] | undefined;
  description?: string | undefined;
  /** Kind of agent; app for applications. */
  category?: string | undefined;
}

/** Arguments of ``agora.orchestrator.get_marketplace_stats``. */
export interface OrchestratorGetMarketplaceStatsArguments {
  /** What is counted. */
  of?: "agents" | "apps" | "capabilities" | undefined;
  /** Only agents with this capability. */
  capability?: string | null | undefined;
  /** Only agents in this state; online means active or busy. */
  status?: "online" | "active" | "busy" | "offline" | "inactive" | "paused" | "suspended" | "error" | null | undefined;
  /** Only free ones. */
  free?: boolean | undefined;
}

/** Arguments of ``agora.upstream.add``. */
export interface UpstreamAddArguments {
  /** Name of the upstream and prefix of its tools: lower-case letters, digits, hyphens. */
  name: string;
  /** URL of its streamable HTTP endpoint. */
  url: string;
  description?: string | undefined;
  /** Sent with every request, such as Authorization; stored encrypted, never shown. */
  headers?: { [key: string]: string } | undefined;
  /** Timeout of a call, in seconds. */
  timeout?: number | null | undefined;
  /** Timeout of individual tools, in seconds. */
  toolTimeouts?: { [key: string]: number } | undefined;
  /** Maximum number of concurrent calls at the upstream; one caller can use three quarters of them. */
  concurrency?: number | undefined;
  /** Access token sent to the upstream: none; shared (authorized once by an operator for all callers); user (each caller's own); machine (client credentials). */
  oauth?: "none" | "shared" | "user" | "machine" | undefined;
  /** Client id at the authorization server; default: dynamic registration. */
  oauthClientId?: string | null | undefined;
  /** Client secret; stored encrypted, never shown. */
  oauthClientSecret?: string | null | undefined;
  /** Requested scopes, separated by spaces; default: those that the upstream names. */
  oauthScope?: string | null | undefined;
  /** Connect first; false stores it even if it cannot be reached now. */
  verify?: boolean | undefined;
}

/** Arguments of ``agora.upstream.list``. */
export interface UpstreamListArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** 'next_cursor' of the previous page. */
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
  /** Names of tools, resources or prompts; empty: all quarantined items. */
  names?: string[] | undefined;
  /** Only definitions with these hashes, as reviewed. */
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
  /** Authorize for all callers and for listing tools; needs the scope admin. */
  shared?: boolean | undefined;
  /** Requested scopes, separated by spaces; default: those that the upstream names. */
  scope?: string | null | undefined;
}

/** Arguments of ``agora.upstream.finish_authorization``. */
export interface UpstreamFinishAuthorizationArguments {
  /** From the callback. */
  state: string;
  /** From the callback. */
  code?: string | null | undefined;
  /** From the callback. */
  iss?: string | null | undefined;
  /** Error code of the callback. */
  error?: string | null | undefined;
}

/** Arguments of ``agora.upstream.deauthorize``. */
export interface UpstreamDeauthorizeArguments {
  /** Name or id of the upstream. */
  upstream: string;
  /** Remove the shared authorization; needs the scope admin. */
  shared?: boolean | undefined;
}

/** Arguments of ``agora.upstream.call``. */
export interface UpstreamCallArguments {
  /** Name or id of the upstream. */
  upstream: string;
  /** Name of the tool at the upstream. */
  tool: string;
  arguments?: { [key: string]: JsonValue } | undefined;
  /** Timeout of a call, in seconds. */
  timeout?: number | null | undefined;
  /** Your task that the call belongs to. Questions of the upstream become questions of the task. */
  taskId?: string | null | undefined;
  /** Fencing token of the task's claim. */
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
  /** Kind of item with the argument. */
  kind: "prompt" | "template";
  /** Name of a prompt, or URI template. */
  name: string;
  /** Its argument. */
  argument: string;
  /** The typed prefix. */
  value?: string | undefined;
  /** Arguments that are already filled in. */
  context?: { [key: string]: string } | undefined;
}

/** Arguments of ``agora.registry.list``. */
export interface RegistryListArguments {
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
  /** Maximum number of servers returned. */
  limit?: number | undefined;
  /** Part of the name. */
  search?: string | null | undefined;
  /** RFC 3339 time with an offset. */
  updatedSince?: string | null | undefined;
  /** A version, or 'latest'. */
  version?: string | null | undefined;
  /** No effect, because deleted servers are not kept. */
  includeDeleted?: boolean | undefined;
}

/** Arguments of ``agora.registry.versions``. */
export interface RegistryVersionsArguments {
  /** Name of a server in the registry; in a path, the slash may be encoded as %2F. */
  serverName: string;
  /** No effect, because deleted servers are not kept. */
  includeDeleted?: boolean | undefined;
}

/** Arguments of ``agora.registry.get``. */
export interface RegistryGetArguments {
  /** Name of a server in the registry; in a path, the slash may be encoded as %2F. */
  serverName: string;
  /** A version, or 'latest'. */
  version?: string | undefined;
  /** No effect, because deleted servers are not kept. */
  includeDeleted?: boolean | undefined;
}

/** Arguments of ``agora.registry.import``. */
export interface RegistryImportArguments {
  /** A server.json, or an entry of a registry that holds one. */
  server: { [key: string]: JsonValue };
  /** Name of the upstream and prefix of its tools: lower-case letters, digits, hyphens. */
  name?: string | null | undefined;
  /** Values of the variables in its URL and headers. */
  variables?: { [key: string]: string } | undefined;
  /** Sent with every request, such as Authorization; stored encrypted, never shown. */
  headers?: { [key: string]: string } | undefined;
  /** Timeout of a call, in seconds. */
  timeout?: number | null | undefined;
  /** Maximum number of concurrent calls at the upstream; one caller can use three quarters of them. */
  concurrency?: number | undefined;
  /** Connect first; false stores it even if it cannot be reached. */
  verify?: boolean | undefined;
}

/** Arguments of ``agora.runtime.projects``. */
export interface RuntimeProjectsArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.runtime.sessions``. */
export interface RuntimeSessionsArguments {
  /** Text in the title, id or directory. */
  q?: string | undefined;
  /** Only of this project: the id of a codebase. */
  projectId?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.runtime.session``. */
export interface RuntimeSessionArguments {
  /** Session id assigned by the coding agent. */
  sessionId: string;
  /** Only of this project: the id of a codebase. */
  projectId?: string | null | undefined;
}

/** Arguments of ``agora.runtime.messages``. */
export interface RuntimeMessagesArguments {
  /** Session id assigned by the coding agent. */
  sessionId: string;
  /** Only of this project: the id of a codebase. */
  projectId?: string | null | undefined;
  /** Newest first. */
  descending?: boolean | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.runtime.parts``. */
export interface RuntimePartsArguments {
  /** Session id assigned by the coding agent. */
  sessionId: string;
  /** Only of this project: the id of a codebase. */
  projectId?: string | null | undefined;
  /** Only parts of this type. */
  type?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.runtime.models``. */
export interface RuntimeModelsArguments {
  /** Only models of this provider. */
  provider?: string | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.tenant.create``. */
export interface TenantCreateArguments {
  /** Id of a tenant: lower-case letters, digits and inner hyphens. */
  tenantId: string;
  /** Display name. */
  name?: string | null | undefined;
  /** Metadata for the operator, such as a subscription or a namespace. */
  metadata?: { [key: string]: JsonValue } | undefined;
}

/** Arguments of ``agora.tenant.list``. */
export interface TenantListArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.tenant.get``. */
export interface TenantGetArguments {
  /** Id of a tenant: lower-case letters, digits and inner hyphens. */
  tenantId: string;
}

/** Arguments of ``agora.tenant.update``. */
export interface TenantUpdateArguments {
  /** Id of a tenant: lower-case letters, digits and inner hyphens. */
  tenantId: string;
  /** Display name. */
  name?: string | null | undefined;
  /** Replaces the metadata; unchanged if omitted. */
  metadata?: { [key: string]: JsonValue } | null | undefined;
}

/** Arguments of ``agora.tenant.suspend``. */
export interface TenantSuspendArguments {
  /** Id of a tenant: lower-case letters, digits and inner hyphens. */
  tenantId: string;
  /** Reason, shown to refused callers. */
  reason?: string | undefined;
}

/** Arguments of ``agora.tenant.resume``. */
export interface TenantResumeArguments {
  /** Id of a tenant: lower-case letters, digits and inner hyphens. */
  tenantId: string;
}

/** Arguments of ``agora.tenant.create_key``. */
export interface TenantCreateKeyArguments {
  /** Id of a tenant: lower-case letters, digits and inner hyphens. */
  tenantId: string;
  label?: string | undefined;
}

/** Arguments of ``agora.tenant.delete``. */
export interface TenantDeleteArguments {
  /** Id of a tenant: lower-case letters, digits and inner hyphens. */
  tenantId: string;
  /** The tenant's id, as confirmation: all its data is erased permanently. */
  confirm: string;
}

/** Arguments of ``agora.token_billing.summary``. */
export interface TokenBillingSummaryArguments {
  /** Default: the current month (UTC). */
  month?: string | null | undefined;
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.recent``. */
export interface TokenBillingRecentArguments {
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Agent id, name or dotted alias. */
  agentId?: string | null | undefined;
  /** Only calls for this task. */
  taskId?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.report``. */
export interface TokenBillingReportArguments {
  /** Unique id of the call. A repeated report is charged once. */
  callKey: string;
  /** The provider: the part of a model's name before the colon. */
  provider: string;
  /** Model name as used by the provider; '*' for all models of the provider. */
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
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Code of the currency in ISO 4217, such as USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.credits``. */
export interface TokenBillingCreditsArguments {
  /** Amount in US cents. */
  amountCents: number;
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.billing_model``. */
export interface TokenBillingBillingModelArguments {
  /** prepaid: calls beyond the credit are refused. metered: usage is invoiced. */
  billingModel: "prepaid" | "metered";
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
  /** Hard limit; default: none. */
  monthlyLimitCents?: number | null | undefined;
  /** Soft limit; default: 80 % of the hard limit. */
  monthlyAlertCents?: number | null | undefined;
  /** Markup of all models without a specific markup; only for operators. */
  markupPercent?: number | null | undefined;
}

/** Arguments of ``agora.token_billing.spending_limit``. */
export interface TokenBillingSpendingLimitArguments {
  /** Hard limit; null: none. */
  monthlyLimitCents?: number | null | undefined;
  /** Soft limit; default: 80 % of the hard limit. */
  monthlyAlertCents?: number | null | undefined;
  /** The account; default: the credential's account, else the caller's id. */
  account?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.pricing``. */
export interface TokenBillingPricingArguments {
  /** The provider: the part of a model's name before the colon. */
  provider?: string | null | undefined;
  /** Only the price of this model of the provider. */
  model?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.set_price``. */
export interface TokenBillingSetPriceArguments {
  /** The provider: the part of a model's name before the colon. */
  provider: string;
  /** Model name as used by the provider; '*' for all models of the provider. */
  model: string;
  /** Per million input tokens. */
  inputCostPerM: number;
  /** Per million output tokens. */
  outputCostPerM: number;
  /** Default: the input price. */
  cacheReadCostPerM?: number | null | undefined;
  /** Default: the input price. */
  cacheWriteCostPerM?: number | null | undefined;
  /** Default: the output price. */
  reasoningCostPerM?: number | null | undefined;
  /** Default: the general markup. */
  markupPercent?: number | null | undefined;
  /** Default: USD. */
  currency?: string | null | undefined;
}

/** Arguments of ``agora.token_billing.delete_price``. */
export interface TokenBillingDeletePriceArguments {
  /** The provider: the part of a model's name before the colon. */
  provider: string;
  /** Model name as used by the provider; '*' for all models of the provider. */
  model: string;
}

/** Arguments of ``agora.token.create``. */
export interface TokenCreateArguments {
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  label: string;
  /** An API key, or a token that allows registration. */
  kind?: "api_key" | "enrolment" | undefined;
  /** Scopes such as read:agents and write:messages; empty: the default scopes of an agent. */
  scopes?: string[] | undefined;
  serviceTier?: ServiceTier | undefined;
  authority?: number | undefined;
  /** Owner account of a customer or developer; default: the creator's. */
  account?: string | null | undefined;
  /** Lifetime in seconds; default: unlimited. */
  expiresIn?: number | null | undefined;
}

/** Arguments of ``agora.token.list``. */
export interface TokenListArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.token.revoke``. */
export interface TokenRevokeArguments {
  tokenId: string;
}

/** Arguments of ``agora.transcript.search``. */
export interface TranscriptSearchArguments {
  /** Words that must all be in the message. */
  q: string;
  /** Id of a codebase. */
  codebaseId?: string | null | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.transcript.export``. */
export interface TranscriptExportArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Session id assigned by the coding agent. */
  sessionId: string;
  /** markdown for people, json for programs. */
  format?: "json" | "markdown" | undefined;
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.transcript.forget``. */
export interface TranscriptForgetArguments {
  /** Id of a codebase. */
  codebaseId: string;
  /** Session id assigned by the coding agent. */
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
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.turn.preview``. */
export interface TurnPreviewArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Number of the turn, from 1. */
  number: number;
  /** What to rewind to the end of the turn. */
  what?: "conversation" | "files" | "both" | undefined;
}

/** Arguments of ``agora.turn.rewind``. */
export interface TurnRewindArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Number of the turn, from 1. */
  number: number;
  /** Prompt for the agent after rewinding. */
  prompt?: string | undefined;
  /** What to rewind to the end of the turn. */
  what?: "conversation" | "files" | "both" | undefined;
}

/** Arguments of ``agora.turn.fork``. */
export interface TurnForkArguments {
  /** The job that the branch is named after. */
  jobId: string;
  /** Number of the turn, from 1. */
  number: number;
  /** Prompt for the agent in the fork. */
  prompt: string;
  /** Title, for people. */
  title?: string | undefined;
  /** Model for the coding agent. */
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
  /** Session id assigned by the coding agent. */
  sessionId: string;
  /** Beginning of the prompt. */
  prompt?: string | undefined;
  /** Commit with the files. */
  commit?: string | undefined;
  /** Changes since the start of the job: objects with path, status and blob. */
  files?: ({ [key: string]: JsonValue })[] | undefined;
}

/** Arguments of ``agora.user.list``. */
export interface UserListArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
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
  /** Role that overrides the provider's; 'provider' removes the override. Unchanged if omitted. */
  role?: "admin" | "operator" | "viewer" | "user" | "provider" | null | undefined;
  /** Open tasks. 0: no limit; -1: use the setting. Unchanged if omitted. */
  concurrencyLimit?: number | null | undefined;
  /** Coding jobs per day. 0: no limit; -1: use the setting. Unchanged if omitted. */
  dailyJobLimit?: number | null | undefined;
  /** Block or unblock the user. Unchanged if omitted. */
  disabled?: boolean | null | undefined;
}

/** Arguments of ``agora.virtual_server.create``. */
export interface VirtualServerCreateArguments {
  /** Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores. */
  name: string;
  /** Tool names, with dots or underscores: operations, tools of upstreams (far.echo) and of agents (Dolly.shout). */
  tools: string[];
  /** Description for people. */
  description?: string | undefined;
  /** Instructions for models on when and how to use the tools; sent when a client connects. */
  instructions?: string | undefined;
}

/** Arguments of ``agora.virtual_server.list``. */
export interface VirtualServerListArguments {
  /** Maximum number of items returned. */
  limit?: number | undefined;
  /** 'next_cursor' of the previous page. */
  cursor?: string | null | undefined;
}

/** Arguments of ``agora.virtual_server.get``. */
export interface VirtualServerGetArguments {
  /** Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores. */
  name: string;
}

/** Arguments of ``agora.virtual_server.update``. */
export interface VirtualServerUpdateArguments {
  /** Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores. */
  name: string;
  /** Tool names, with dots or underscores: operations, tools of upstreams (far.echo) and of agents (Dolly.shout). */
  tools?: string[] | null | undefined;
  /** Description for people. */
  description?: string | null | undefined;
  /** Instructions for models on when and how to use the tools; sent when a client connects. */
  instructions?: string | null | undefined;
}

/** Arguments of ``agora.virtual_server.delete``. */
export interface VirtualServerDeleteArguments {
  /** Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores. */
  name: string;
}

/** Arguments of ``agora.virtual_server.create_key``. */
export interface VirtualServerCreateKeyArguments {
  /** Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores. */
  name: string;
  /** Name of the agent, unique in the marketplace; no slash, no control character. */
  label: string;
  /** Lifetime in seconds; default: unlimited. */
  expiresIn?: number | null | undefined;
}

/** Arguments of ``agora.worktree.list``. */
export interface WorktreeListArguments {
  /** Id of a codebase, or its name if it is unique among yours. */
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
  /** Id of a codebase, or its name if it is unique among yours. */
  codebaseId: string;
  /** Worktrees to remove. */
  jobIds: string[];
}

/** Operations of the category ``messaging``. */
export interface MessagingService {
  /**
   * Send a message to one agent, to several, to a capability, or to everyone.
   *
   * The receipt is returned after the commit. A message to an unregistered name is held until an agent registers it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  send(args: MessagingSendArguments, options?: CallOptions): Promise<MessageReceipt>;
  /**
   * Send a message in the form of version 0.9. Sunset: use agora.messaging.send.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  sendLegacy(args: MessagingSendLegacyArguments, options?: CallOptions): Promise<MessageReceipt>;
  /**
   * Read an agent's inbox, oldest first. Read-only: ``mark`` changes message states.
   *
   * Agents read their own inbox. An operator must name the agent (``agent_id``); ``operator`` is the operator's own
   * inbox. ``unread`` true returns unread messages, false returns read ones. With ``wait``, the call waits for a
   * message if the inbox is empty.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  receive(args?: MessagingReceiveArguments, options?: CallOptions): Promise<MessagePage>;
  /**
   * Mark messages of an inbox as delivered, read or acknowledged. A state never moves back.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  mark(args: MessagingMarkArguments, options?: CallOptions): Promise<Marked>;
  /**
   * Create a durable subscription to an agent's events, to be read at ``/ws`` or ``/events``.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  subscribe(args?: MessagingSubscribeArguments, options?: CallOptions): Promise<SubscriptionReceipt>;
}

/** Operations of the category ``event``. */
export interface EventService {
  /**
   * Publish an event. Types beginning with ``agora.`` are reserved for the server.
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
   * Stream events live, preceded by the events since ``last_event_id``, without gaps or duplicates.
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
   * The receipt is returned after the commit. If the deadline passes before work starts, the task expires; if it
   * passes later, an event is emitted. If a dependency fails, the task is cancelled.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  assign(args: TaskAssignArguments, options?: CallOptions): Promise<TaskReceipt>;
  /**
   * Update a task as its assignee: status, progress, notes.
   *
   * No claim is needed: setting a pending task to in_progress starts it, setting it to completed starts and
   * completes it. Refused while another caller's lease is valid, and if it contradicts the recorded result of an
   * ended task.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  update(args: TaskUpdateArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * List the tasks of an agent, or all tasks that concern you; operators see all.
   *
   * ``since`` and ``until`` refer to the creation time.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: TaskListArguments, options?: CallOptions): Promise<TaskPage>;
  /**
   * List your stuck tasks: unfinished, and not claimed or without progress. Operators see all.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  stuck(args?: TaskStuckArguments, options?: CallOptions): Promise<TaskPage>;
  /**
   * Show a task.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: TaskGetArguments, options?: CallOptions): Promise<Task>;
  /**
   * Show the history of a task: actor, change and time, oldest first. Output and artifacts only if requested by
   * ``types``.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  history(args: TaskHistoryArguments, options?: CallOptions): Promise<TaskEntryPage>;
  /**
   * Claim the next tasks by priority, deadline and age, or one given task.
   *
   * Each has a lease, which ``renew`` extends, and a fencing token, which every further write must carry. When the
   * lease expires, another agent can claim the task with its checkpoint.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  claim(args?: TaskClaimArguments, options?: CallOptions): Promise<Claim>;
  /**
   * Extend a lease (the heartbeat of a task in progress).
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
   * Issue a credential for the program working on a task you hold, such as a coding agent with tools.
   *
   * It is a separate principal with the scopes that the task's creator allowed in the payload (``scopes``; default:
   * reading agents and operations) and holds itself. It expires with the lease or when the task ends.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``illegal_transition``, ``stale_lease``.
   */
  issueToken(args: TaskIssueTokenArguments, options?: CallOptions): Promise<TaskToken>;
  /**
   * Report the tokens that a task you hold has used so far of one model, as totals that never decrease.
   *
   * ``agora.billing.tokens`` lists them. The difference since the last report is charged to the task's account if
   * the worker belongs to it or has the scope meter:billing, else to the worker's own account.
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
   * Report a failed attempt. The task is retried after a backoff while attempts remain.
   *
   * A task that has failed permanently keeps its error; a different one is refused (409).
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  fail(args: TaskFailArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Cancel a task. Its worker is informed with the next response.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  cancel(args: TaskCancelArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Return a task that you requested to its queue and end its lease. The attempt counts.
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
   * Reassign a task and end its lease; null returns it to the queue for any suitable agent.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  reassign(args: TaskReassignArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Change the priority of an unfinished task, or its place among the waiting tasks of a priority.
   *
   * Waiting tasks with a higher priority are claimed first. Within a priority, the earlier deadline comes first, then the
   * older task. With ``before`` or ``after`` the task takes the priority of another one and a place beside it, until its
   * priority is set again. Allowed for its requester and operators.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  prioritize(args: TaskPrioritizeArguments, options?: CallOptions): Promise<TaskUpdate>;
  /**
   * Add a comment to a task's history.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  comment(args: TaskCommentArguments, options?: CallOptions): Promise<TaskEntry>;
  /**
   * Send a message in a task, from the assignee to the requester or vice versa.
   *
   * If the assignee waits for an answer, the requester's message is the answer and the task returns to its agent. An
   * ended task accepts no messages.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  message(args: TaskMessageArguments, options?: CallOptions): Promise<TaskEntry>;
  /**
   * Add an artifact to a task in progress, as its assignee.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  artifact(args: TaskArtifactArguments, options?: CallOptions): Promise<TaskEntry>;
  /**
   * Append to a task's output. With ``offset``, a repeated chunk is detected.
   *
   * Output from the assignee starts a pending task. Output from an operator to a pending task is refused, because it
   * has no worker.
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
   * Stream a task's log from its beginning and live until the task ends.
   *
   * ``last_event_id`` is the number of the last received entry.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  stream(args: TaskStreamArguments, options?: CallOptions): EventStream<TaskEntry>;
  /**
   * Show task statistics: counts by status, throughput, waiting and running times; default period: the last
   * day.
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
   * Set an agent's price, effective now or at a future time. Earlier usage keeps its price.
   *
   * Allowed for the agent itself, its account and operators. A new version replaces versions that are not effective
   * yet.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  setPrice(args: BillingSetPriceArguments, options?: CallOptions): Promise<Price>;
  /**
   * Record usage measured by an external meter, at the current price. Needs the scope meter:billing.
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
   * List the tokens that tasks have used, as totals reported by their workers; newest tasks first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  tokens(args?: BillingTokensArguments, options?: CallOptions): Promise<TokenUsagePage>;
  /**
   * Show usage and cost to date, including the accrued cost of running instances.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  cost(args?: BillingCostArguments, options?: CallOptions): Promise<Cost>;
  /**
   * Show the revenue of the caller's agents; for operators, of all agents.
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
   * Add credit to an account, or record a payment.
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
   * Set the limits of an account, of an agent, or of an account's use of an agent; without limits, remove them.
   *
   * Accounts set their own budget, developers those of their agents, operators any. Only an operator can change a
   * budget set by an operator. Above the soft limit, an agent with several models uses the cheapest one.
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
   * Set a percentage discount on all future charges of an account. Each discount is a separate ledger entry.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  setDiscount(args: BillingSetDiscountArguments, options?: CallOptions): Promise<Discount>;
  /**
   * Set the free monthly quota (UTC) of an agent for each account. Free usage is a separate ledger entry.
   *
   * Allowed for the agent's developer and operators.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  setFreeQuota(args: BillingSetFreeQuotaArguments, options?: CallOptions): Promise<FreeQuota>;
  /**
   * Show an account's discounts and free quotas.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  reductions(args?: BillingReductionsArguments, options?: CallOptions): Promise<Reductions>;
  /**
   * Create a coupon code that gives credit once per account.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``.
   */
  createCoupon(args: BillingCreateCouponArguments, options?: CallOptions): Promise<Coupon>;
  /**
   * List coupons by code.
   *
   * Errors beside those of any operation: ``halted``.
   */
  coupons(args?: BillingCouponsArguments, options?: CallOptions): Promise<CouponPage>;
  /**
   * Redeem a coupon. Repeating the call for the same account returns the same entry.
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
   * Show an invoice; without an id, a preview of the account's next invoice.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  invoice(args?: BillingInvoiceArguments, options?: CallOptions): Promise<Invoice>;
  /**
   * Create an invoice file. It is also served at /billing/invoices/NUMBER.html, .csv, .json and .eml.
   *
   * The e-mail is addressed to the customer (``agora.billing.set_profile``), with the HTML and CSV files attached.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  document(args: BillingDocumentArguments, options?: CallOptions): Promise<InvoiceDocument>;
  /**
   * Show an account's billing details: name, postal address, tax id, e-mail address.
   *
   * Errors beside those of any operation: ``halted``.
   */
  profile(args?: BillingProfileArguments, options?: CallOptions): Promise<BillingProfile>;
  /**
   * Change an account's billing details on future invoices; omitted fields are unchanged.
   *
   * Accounts change their own, operators any.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  setProfile(args?: BillingSetProfileArguments, options?: CallOptions): Promise<BillingProfile>;
  /**
   * Issue the invoices of a past month now. The server does so automatically an hour after the month ends.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  close(args: BillingCloseArguments, options?: CallOptions): Promise<Closing>;
}

/** Operations of the category ``a2a``. */
export interface A2aService {
  /**
   * Send a message to an agent and wait for its answer (section 3.1.1).
   *
   * It creates a task, or continues the one with `task_id`; a plain text is a message with one part. The message is
   * stored before the call returns. By default the call waits until the task ends or needs input. A repeated ``messageId`` returns the task it created.
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
   * List the tasks you requested, most recently changed first (section 3.1.4).
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
   * Rejected for a task that has ended, unless you resume from an earlier item.
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
   * Show an agent's card (default: the front agent's): the stored one, else one generated from its
   * registration.
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
   * Store a card for an agent. Its URLs are replaced by URLs of this marketplace.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  setCard(args?: A2aSetCardArguments, options?: CallOptions): Promise<CardChange>;
  /**
   * List the agents with the URLs of their cards.
   *
   * Errors beside those of any operation: ``halted``.
   */
  catalogue(args?: A2aCatalogueArguments, options?: CallOptions): Promise<A2ACatalogue>;
  /**
   * Register a remote A2A agent; messages and tasks for it are relayed.
   *
   * A URL that resolves to a private or loopback address is rejected unless the server's settings allow it.
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
   * Pause, resume, terminate or halt an agent or the whole marketplace. Takes effect at once in every protocol.
   *
   * ``resume`` lifts those overrides of the target whose authority is not higher than the caller's.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``halted``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  override(args: AdminOverrideArguments, options?: CallOptions): Promise<OverrideReceipt>;
  /**
   * Check the health of the system, with warnings derived from trends.
   *
   * Includes the active overrides: target, actor, start and reason.
   *
   * Errors beside those of any operation: ``not_found``.
   */
  health(args?: AdminHealthArguments, options?: CallOptions): Promise<Health>;
  /**
   * Manage an agent's lifecycle, a runtime setting, or the lifecycle status of an operation.
   *
   * The actions ``get`` and ``list`` only read, so they also work during a halt. The ``after`` field of a list holds
   * each setting's value, whether it was changed, and whether it can be changed at run time. Secrets are masked.
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
   * A name or alias that belongs to another identity is a conflict. Messages held for the name are delivered. An
   * omitted alias or key is unchanged. The granted tier depends on the credential: an operator can grant any tier,
   * an enrolment token or key grants its own, an agent keeps its own, and a caller without a credential gets basic.
   * requested_tier records the requested one. A plain manifest (name instead of agent_name) is also accepted; if it
   * can be run and the caller has deploy:agents, instances can be created from it, as with
   * agora.deployment.register.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``name_taken``, ``illegal_transition``.
   */
  register(args: AgentRegisterArguments, options?: CallOptions): Promise<Registration>;
  /**
   * Show an agent's profile by id, name or dotted alias.
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
   * Send a heartbeat, optionally with the agent's status and load.
   *
   * Every other authenticated call also counts as a heartbeat.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``illegal_transition``.
   */
  heartbeat(args?: AgentHeartbeatArguments, options?: CallOptions): Promise<AgentHeartbeat>;
  /**
   * Show an agent's status: state, load, availability, reputation, unread messages.
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
   * Deregister an agent: its token is revoked, its name becomes available, its history is kept.
   *
   * The next agent registered under the name does not inherit messages or tasks of this one. Requesters reassign
   * their tasks; an operator hands over the rest (agora.admin.manage, action 'hand_over').
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  deregister(args: AgentDeregisterArguments, options?: CallOptions): Promise<Deregistration>;
}

/** Operations of the category ``declared_agent``. */
export interface DeclaredAgentService {
  /**
   * Declare an agent, or change its declaration. Each change creates a version. Idempotent.
   *
   * The agent is registered under its name and can be found, used and billed like any other agent.
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
   * Restore the specification of an earlier version as a new version.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  rollback(args: DeclaredAgentRollbackArguments, options?: CallOptions): Promise<AppliedAgent>;
  /**
   * Delete a declaration and its versions, and deregister the agent.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  delete(args: DeclaredAgentDeleteArguments, options?: CallOptions): Promise<DeclaredAgentRemoval>;
  /**
   * List the tools of a declared agent. Allowed for the agent itself and operators.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  tools(args: DeclaredAgentToolsArguments, options?: CallOptions): Promise<AgentTools>;
  /**
   * Call a tool for a task, as its agent, with the permissions that the agent and the requester have in common.
   *
   * Executed once per call_id. If the outcome of an external tool was lost, the state is ``unknown`` and the call is
   * not repeated.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``illegal_transition``, ``stale_lease``, ``cursor_too_old``.
   */
  callTool(args: DeclaredAgentCallToolArguments, options?: CallOptions): Promise<ToolOutcome>;
  /**
   * Reserve the maximum cost of the next model call against all applicable limits. Only for the agent itself.
   *
   * The original requester pays. A new reservation replaces the task's earlier one. Raises BudgetExceeded.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  reserveModelCall(args: DeclaredAgentReserveModelCallArguments, options?: CallOptions): Promise<ModelReservation>;
  /**
   * Charge a model call, once per step of an attempt, and store the checkpoint.
   *
   * A call that was cut off is charged in addition to the call that replaces it. Text that exceeds the output limit
   * is dropped; the call is charged nevertheless.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  recordModelCall(args: DeclaredAgentRecordModelCallArguments, options?: CallOptions): Promise<RecordedModelCall>;
  /**
   * Release the reservation of a model call that failed before its first token.
   *
   * A reservation that is neither charged nor released belongs to a call whose process died. The next call of the
   * task charges its input tokens as an estimate.
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
   * All errors in the steps are reported at once: cycles, unknown steps, unknown agent ids, invalid expressions. A
   * step without an agent goes to one of ``assigned_agents``, or to any agent if the list is empty.
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
   * List workflows that concern you, newest first; operators see all. ``agent_id``: creator; ``status``: one or
   * several.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: WorkflowListArguments, options?: CallOptions): Promise<WorkflowPage>;
  /**
   * Change a running workflow. An impossible change is refused as a whole.
   *
   * reassign: ``step`` to ``agent`` or ``capability``. add: ``definition``, to run before the steps in ``before``.
   * reorder: the steps not started yet, in ``order``, of a workflow without depends_on.
   * skip: ``step``. pause, resume, terminate: the workflow.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  modify(args: WorkflowModifyArguments, options?: CallOptions): Promise<Modification>;
  /**
   * Approve or reject a step that waits for approval. A rejected step fails.
   *
   * Repeating the same decision has no effect; a different decision is a conflict.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  approve(args: WorkflowApproveArguments, options?: CallOptions): Promise<Modification>;
  /**
   * Cancel a workflow: running steps are cancelled, other steps do not start.
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
   * Publish an app. A name or alias of another app is a conflict.
   *
   * pricing sets the price of the orchestrator agent, which the caller must be allowed to set. The workflow is
   * checked as agora.workflow.create checks it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``.
   */
  create(args: AppCreateArguments, options?: CallOptions): Promise<AppDetails>;
  /**
   * List the apps visible to you, oldest first.
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
   * Change an app; omitted fields are unchanged. Allowed for its owner, keys of its account and operators.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``.
   */
  update(args: AppUpdateArguments, options?: CallOptions): Promise<AppDetails>;
  /**
   * Delete an app and its bundled agents. Running workflows continue.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  delete(args: AppDeleteArguments, options?: CallOptions): Promise<AppRemoval>;
  /**
   * Install an app with its agents and its workflow, or update an installed one. Atomic.
   *
   * Idempotent. Agents that the app no longer bundles are removed. Bundled agents need the permission to declare
   * agents (agora.declared_agent.apply). An agent of the same name that is not bundled with the app is a conflict.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  install(args: AppInstallArguments, options?: CallOptions): Promise<AppChange>;
  /**
   * Start the workflow of an app on your account. Its tasks cost what their agents charge.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  run(args: AppRunArguments, options?: CallOptions): Promise<WorkflowReceipt>;
}

/** Operations of the category ``codebase``. */
export interface CodebaseService {
  /**
   * List codebases, optionally filtered by name, path or repository.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: CodebaseListArguments, options?: CallOptions): Promise<CodebasePage>;
  /**
   * Register a codebase of one of your workers, or update the one at that path.
   *
   * Its jobs require the capability ``codebase:ID``, which the worker gets. Without ``worker_id``, or with
   * ``git_url``, the codebase is pending: a ``register_codebase`` task asks one worker after another, and the first
   * that has the path, or clones the repository, confirms it. Jobs queued in the meantime wait.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  register(args: CodebaseRegisterArguments, options?: CallOptions): Promise<Codebase>;
  /**
   * Confirm a pending codebase, as the worker that holds its registration task.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``stale_lease``.
   */
  confirm(args: CodebaseConfirmArguments, options?: CallOptions): Promise<Codebase>;
  /**
   * Decline a pending codebase, as the worker that was asked. The next worker is asked then; if all decline, it
   * is refused.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  decline(args: CodebaseDeclineArguments, options?: CallOptions): Promise<Codebase>;
  /**
   * Get the token for cloning a pending codebase, as the worker that was asked.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``stale_lease``.
   */
  readCredential(args: CodebaseReadCredentialArguments, options?: CallOptions): Promise<CodebaseCredential>;
  /**
   * Show a codebase.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  get(args: CodebaseGetArguments, options?: CallOptions): Promise<Codebase>;
  /**
   * Unregister a codebase and its sessions. Files on the worker's machine are not changed.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  remove(args: CodebaseRemoveArguments, options?: CallOptions): Promise<RemovedCodebase>;
  /**
   * Create a job in a codebase. It runs even if the codebase is not watched.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  trigger(args: CodebaseTriggerArguments, options?: CallOptions): Promise<TaskReceipt>;
  /**
   * Get the secrets of a job, as the worker that holds it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``stale_lease``.
   */
  readJobSecrets(args: CodebaseReadJobSecretsArguments, options?: CallOptions): Promise<JobSecrets>;
  /**
   * Send a message to the agent working in a codebase, or answer its question.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  message(args: CodebaseMessageArguments, options?: CallOptions): Promise<TaskEntry>;
  /**
   * Cancel your running jobs in a codebase; queued jobs stay. For operators: all running jobs.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  interrupt(args: CodebaseInterruptArguments, options?: CallOptions): Promise<EndedJobs>;
  /**
   * Cancel all your jobs in a codebase, running and queued. For operators: all jobs.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  stop(args: CodebaseStopArguments, options?: CallOptions): Promise<EndedJobs>;
  /**
   * Show the current activity in a codebase.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  status(args: CodebaseStatusArguments, options?: CallOptions): Promise<CodebaseStatus>;
  /**
   * Stream events of a codebase's jobs that the caller may read, from now on or after a given event.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``cursor_too_old``.
   */
  events(args: CodebaseEventsArguments, options?: CallOptions): EventStream<Event>;
  /**
   * Let the worker of a codebase take queued jobs automatically. This is the default after registration.
   *
   * With ``review_limit``, queued jobs are held while that many reviews of the codebase are open. Running jobs,
   * resumed sessions and changes requested in a review continue.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  startWatch(args: CodebaseStartWatchArguments, options?: CallOptions): Promise<Watch>;
  /**
   * Hold the queued jobs of a codebase until it is watched again; running jobs continue.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  stopWatch(args: CodebaseStopWatchArguments, options?: CallOptions): Promise<Watch>;
  /**
   * Show whether a codebase is watched.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  watchStatus(args: CodebaseWatchStatusArguments, options?: CallOptions): Promise<Watch>;
}

/** Operations of the category ``session``. */
export interface SessionService {
  /**
   * List the sessions of a codebase, latest first: those of your workers or jobs; operators see all.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  list(args: SessionListArguments, options?: CallOptions): Promise<SessionPage>;
  /**
   * Show a session: its agent, its last task and the number of its messages.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  get(args: SessionGetArguments, options?: CallOptions): Promise<Session>;
  /**
   * Report the sessions of a worker's coding agent, as the worker. Known data of a session is kept.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  sync(args: SessionSyncArguments, options?: CallOptions): Promise<Synchronisation>;
  /**
   * Store messages of a session, as its worker. A message with a known id replaces the earlier one.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  ingest(args: SessionIngestArguments, options?: CallOptions): Promise<Ingestion>;
  /**
   * Read the messages of a session, oldest first unless ``descending``.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  messages(args: SessionMessagesArguments, options?: CallOptions): Promise<SessionMessagePage>;
  /**
   * Resume a session in a new job for the worker that has it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  resume(args: SessionResumeArguments, options?: CallOptions): Promise<TaskReceipt>;
}

/** Operations of the category ``follow_up``. */
export interface FollowUpService {
  /**
   * Send a follow-up message to the agent of a coding job.
   *
   * A paused job continues. If the job has ended, a new job is started on the worker that has the session.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  add(args: FollowUpAddArguments, options?: CallOptions): Promise<FollowUp>;
  /**
   * List the follow-ups of a job in order.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args: FollowUpListArguments, options?: CallOptions): Promise<FollowUpPage>;
  /**
   * Edit a follow-up that the worker has not taken (409 otherwise).
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  edit(args: FollowUpEditArguments, options?: CallOptions): Promise<FollowUp>;
  /**
   * Remove a follow-up that the worker has not taken (409 otherwise).
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  remove(args: FollowUpRemoveArguments, options?: CallOptions): Promise<RemovedFollowUp>;
  /**
   * Start a new job for follow-ups that wait for an ended job, such as a failed or cancelled one.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  wake(args: FollowUpWakeArguments, options?: CallOptions): Promise<FollowUpsWoken>;
  /**
   * Take the next follow-up of a job you hold; steering ones first.
   *
   * A follow-up that was taken but is not in the checkpoint is returned again, so that none is lost or sent twice.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``stale_lease``.
   */
  take(args: FollowUpTakeArguments, options?: CallOptions): Promise<FollowUpTaken>;
}

/** Operations of the category ``review``. */
export interface ReviewService {
  /**
   * List the reviews of your jobs and workers, most recently changed first; operators see all.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: ReviewListArguments, options?: CallOptions): Promise<ReviewPage>;
  /**
   * Show a review.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: ReviewGetArguments, options?: CallOptions): Promise<Review>;
  /**
   * List the changed files with their diffs, by path.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  files(args: ReviewFilesArguments, options?: CallOptions): Promise<ReviewFilePage>;
  /**
   * List the comments on lines, oldest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  comments(args: ReviewCommentsArguments, options?: CallOptions): Promise<ReviewCommentPage>;
  /**
   * Comment on a line of the diff. ``request_changes`` sends the comments to the agent.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  comment(args: ReviewCommentArguments, options?: CallOptions): Promise<ReviewComment>;
  /**
   * Remove a comment that was not sent to the agent yet.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  removeComment(args: ReviewRemoveCommentArguments, options?: CallOptions): Promise<RemovedComment>;
  /**
   * Send the pending comments to the agent in one follow-up, each with its path, line and code.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  requestChanges(args: ReviewRequestChangesArguments, options?: CallOptions): Promise<FollowUp>;
  /**
   * Approve the changes and let the worker merge or push them. Conflicts are returned to the agent.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  approve(args: ReviewApproveArguments, options?: CallOptions): Promise<Review>;
  /**
   * Reject the changes. The branch is kept.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  dismiss(args: ReviewDismissArguments, options?: CallOptions): Promise<Review>;
  /**
   * Submit the changes of a job you hold, as its worker. A repeated call replaces the submission.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``stale_lease``.
   */
  submit(args: ReviewSubmitArguments, options?: CallOptions): Promise<Review>;
  /**
   * Report the result of an approval, as the worker that carries it out.
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
   * Log in with name and password, which are passed to the identity provider. The operator must enable this.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  login(args: AuthLoginArguments, options?: CallOptions): Promise<Login>;
  /**
   * Exchange a refresh token for new tokens.
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
   * Log out: end the session and its streams here, and at the identity provider if a refresh token is sent.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  logout(args?: AuthLogoutArguments, options?: CallOptions): Promise<LoggedOut>;
  /**
   * End a monitor session of any kind. Used by the monitor's pages.
   *
   * Errors beside those of any operation: ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  signOut(args: AuthSignOutArguments, options?: CallOptions): Promise<SignedOut>;
  /**
   * Accept a logout token of an identity provider (OpenID Connect Back-Channel Logout 1.0).
   *
   * Providers send a form. No credential is needed, because the token is signed. An invalid or already used token
   * returns 400.
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
   * The entry is stored as a message; a task_assignment is stored as a task. With a ``task_id``, a task_completion
   * completes that task, an error_report fails it, and a state_update updates it. Idempotent for each sender and
   * ``message_id``: a repetition returns the first receipt.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``stale_lease``.
   */
  publish(args: BusPublishArguments, options?: CallOptions): Promise<BusReceipt>;
  /**
   * Read the next entries for an agent: reclaimed ones first, then new ones.
   *
   * Each entry goes to one consumer of the group, which holds it until it is acknowledged. Tasks for the agent, or
   * for one of its capabilities, are returned as task_assignment and are claimed by reading them.
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
   * Reclaim entries that other consumers of the group have not acknowledged in time.
   *
   * The time doubles with each delivery of an entry. After the last delivery, the entry becomes a dead letter.
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
   * Show consumer groups with their consumers, lag and pending entries: your own; operators see all.
   *
   * Errors beside those of any operation: ``halted``.
   */
  stats(options?: CallOptions): Promise<BusStats>;
  /**
   * Deliver an agent's messages and tasks on its Redis stream, starting with those already waiting.
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
   * Recipients are given by id, name or dotted alias and need not be online. A reply must be valid for the message
   * it answers. Messages to agent.marketplace.orchestrator are answered at once. A message with the same id is sent
   * once.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``stale_lease``.
   */
  send(args: ConversationSendArguments, options?: CallOptions): Promise<Accepted>;
  /**
   * Return and acknowledge the reply to a message you sent; waits for it if necessary.
   *
   * After ``expected.timeout`` the reply is a failure with the intent 'timeout', which lists unregistered
   * recipients. A late reply stays in the inbox.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  reply(args: ConversationReplyArguments, options?: CallOptions): Promise<Reply>;
  /**
   * Show a conversation that you take part in, with its messages.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: ConversationGetArguments, options?: CallOptions): Promise<ConversationDetail>;
  /**
   * List an agent's conversations, newest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: ConversationListArguments, options?: CallOptions): Promise<ConversationPage>;
  /**
   * List an agent's pending messages in the form of the agent protocol, oldest first.
   *
   * Read-only. To remove a message from the list, call ``agora.messaging.mark`` with the status ``acknowledged`` and
   * the message's ``agora.message_id``, if present, else its ``id`` (an ``id`` may be chosen by the sender).
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  pending(args?: ConversationPendingArguments, options?: CallOptions): Promise<PendingPage>;
  /**
   * List uses of an agent reported with inform/track_usage, oldest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  usage(args?: ConversationUsageArguments, options?: CallOptions): Promise<ReportedUsePage>;
}

/** Operations of the category ``dead_letter``. */
export interface DeadLetterService {
  /**
   * List dead letters, newest first: your own; operators see all.
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
   * Deliver a dead letter again. Idempotent: one that was already replayed is not delivered again.
   *
   * Raises Conflict if it was discarded, or if its message or task no longer exists.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``stale_lease``.
   */
  replay(args: DeadLetterReplayArguments, options?: CallOptions): Promise<DeadLetter>;
  /**
   * Discard a dead letter permanently. Raises Conflict if it was replayed.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  discard(args: DeadLetterDiscardArguments, options?: CallOptions): Promise<DeadLetter>;
}

/** Operations of the category ``deployment``. */
export interface DeploymentService {
  /**
   * Register an agent with its deployment manifest, or a new revision of it. Reports all errors at once.
   *
   * Allowed for operators and callers with the scope deploy:agents. Running instances keep their revision.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  register(args: DeploymentRegisterArguments, options?: CallOptions): Promise<RegisteredDeployable>;
  /**
   * Register an agent that runs from a container image; ``metadata`` is its manifest.
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
   * Find agents by capabilities, status, tier, rating and text.
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
   * List the operations of the marketplace, with their schemas unless `schemas` is false.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  list(args?: DiscoveryListArguments, options?: CallOptions): Promise<ServicePage>;
  /**
   * Show the schema of an operation; without a version, the newest active one.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  schema(args: DiscoverySchemaArguments, options?: CallOptions): Promise<ServiceSchema>;
}

/** Operations of the category ``host``. */
export interface HostService {
  /**
   * List hosts with their total and free resources.
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
   * Register a hosting agent as a host. It is asked by messages (``create_container``) to run instances.
   *
   * Without memory_mb or cpu_cores, that resource counts as unlimited.
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
   * The record is created at once and its host starts the instance; ``status`` shows the progress. If no host can
   * meet the requirements, the error lists what is missing. The current price applies until the notice period of a
   * later price has ended.
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
   * Show an instance: state, health, resources and bill.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: InstanceGetArguments, options?: CallOptions): Promise<Instance>;
  /**
   * Execute a request on an instance. Parameters are sent as a JSON body, with GET and DELETE as a query string.
   *
   * It is charged when it starts; the charge is reversed if it fails. After a timeout or a broken connection, the
   * error has ``outcome: unknown``.
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
   * Stream an instance's events from its creation, or after ``last_event_id``.
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
   * Scale an agent's instances automatically between a minimum and a maximum number.
   *
   * 0 terminates all of the account's instances of the agent, including those not created by scaling. Otherwise
   * scaling terminates only instances that it created.
   *
   * Without max_instances the number is exactly min_instances. The current price applies to all of them, including
   * later ones, until the notice period of a later price has ended.
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
   * Back up an instance's state; use it as ``restore`` when creating another instance.
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
   * Issue a token for a room, which is created when someone joins. Does not contact the LiveKit server.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``.
   */
  issueToken(args: MediaIssueTokenArguments, options?: CallOptions): Promise<MediaToken>;
  /**
   * Create a room. An existing room is returned unchanged.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``upstream_failed``, ``upstream_unavailable``.
   */
  createRoom(args: MediaCreateRoomArguments, options?: CallOptions): Promise<MediaRoom>;
  /**
   * List the rooms by name.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``upstream_failed``, ``upstream_unavailable``.
   */
  listRooms(args?: MediaListRoomsArguments, options?: CallOptions): Promise<MediaRoomPage>;
  /**
   * Show a room and its participants. Raises NotFound.
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
   * Search keys, tags and values for words; best match first, then newest first.
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
   * Run a v4 reducer call, translated to operations of this marketplace.
   *
   * The caller acts for the v4 agent named in the arguments: an agent's token only for itself, the scope act:any for
   * any agent. The setting compatibility_mode determines whether such calls are accepted.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  call(args: MigrationCallArguments, options?: CallOptions): Promise<V4Answer>;
  /**
   * Answer `SELECT COUNT(*) FROM table` of a v4 table, or `SELECT * FROM agent_message WHERE to_agent = 'NAME'`.
   *
   * The second form accepts `LIMIT n OFFSET m`, returns messages in inbox order, and marks nothing as read.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  sql(args: MigrationSqlArguments, options?: CallOptions): Promise<V4Rows>;
  /**
   * Switch an agent from v4 to v5 or back. Returns its registration with the token for v5 calls.
   *
   * An agent known from v4 calls or an import keeps its id, messages and tasks; an unknown agent is registered.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``name_taken``, ``illegal_transition``.
   */
  switch(args: MigrationSwitchArguments, options?: CallOptions): Promise<Registration>;
  /**
   * Show the progress of the migration, the next step, and recent v4 calls.
   *
   * Errors beside those of any operation: ``halted``.
   */
  report(args?: MigrationReportArguments, options?: CallOptions): Promise<MigrationReport>;
  /**
   * Start importing a v4 export, or resume an unfinished import of the same file.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  beginImport(args: MigrationBeginImportArguments, options?: CallOptions): Promise<ImportRun>;
  /**
   * Import rows of one v4 table atomically. The error names the first invalid row.
   *
   * A workflow row includes its steps in the field `steps`. A row that already exists, from an earlier import or
   * from a call with the same id and content, is left unchanged.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``stale_lease``.
   */
  importRows(args: MigrationImportRowsArguments, options?: CallOptions): Promise<ImportStep>;
  /**
   * End an import. Importing the same file again starts over and changes nothing.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  finishImport(args: MigrationFinishImportArguments, options?: CallOptions): Promise<ImportRun>;
  /**
   * Roll back a part of an import; repeat until nothing remains.
   *
   * Messages are deleted, open tasks cancelled, workflows terminated, capabilities withdrawn and agents
   * deregistered, unless they were active since: switched to v5, made a call, or received messages that were not
   * imported.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``.
   */
  rollbackImport(args: MigrationRollbackImportArguments, options?: CallOptions): Promise<RollbackStep>;
  /**
   * List imports, newest first.
   *
   * Errors beside those of any operation: ``halted``.
   */
  listImports(args?: MigrationListImportsArguments, options?: CallOptions): Promise<ImportRunPage>;
}

/** Operations of the category ``model_provider``. */
export interface ModelProviderService {
  /**
   * Add or change a provider with an OpenAI-compatible (chat completions) or Anthropic-compatible (messages)
   * API.
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
   * Delete a provider and its key. Agents that use its models stop working.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  delete(args: ModelProviderDeleteArguments, options?: CallOptions): Promise<ModelProviderRemoval>;
}

/** Operations of the category ``worker``. */
export interface WorkerService {
  /**
   * Register or update a worker; default capabilities: the caller's. Ends draining.
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
   * Show one of your workers; operators can read all.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  get(args: WorkerGetArguments, options?: CallOptions): Promise<Worker>;
  /**
   * Send a heartbeat for a worker. Claims count as heartbeats, too.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  heartbeat(args: WorkerHeartbeatArguments, options?: CallOptions): Promise<Worker>;
  /**
   * Drain a worker: it takes no more tasks and finishes its current ones. Registering it again ends draining.
   *
   * ``agora worker run`` exits after the last task, for a supervisor to restart it. Queued tasks wait.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  drain(args: WorkerDrainArguments, options?: CallOptions): Promise<Worker>;
  /**
   * Report that a worker's account has reached its usage limit. Applies to all workers of that account.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  reportLimit(args: WorkerReportLimitArguments, options?: CallOptions): Promise<Worker>;
  /**
   * Stream tasks that a worker can claim as they become available, and changes of the worker itself.
   *
   * Server-sent events: ``connected`` first, then ``task_available``, ``worker_updated``, and ``heartbeat`` every 30
   * seconds (twice heartbeat_interval). Arguments may be sent as headers: X-Worker-ID, X-Agent-Name, X-Capabilities,
   * X-Codebases, Last-Event-ID.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``cursor_too_old``.
   */
  stream(args?: WorkerStreamArguments, options?: CallOptions): EventStream<Event>;
  /**
   * Complete, fail or release a claimed task.
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
   * Read the message log, newest first.
   *
   * Errors beside those of any operation: none.
   */
  messages(args?: MonitorMessagesArguments, options?: CallOptions): Promise<MessageLog>;
  /**
   * Search message texts, newest first.
   *
   * Errors beside those of any operation: none.
   */
  search(args: MonitorSearchArguments, options?: CallOptions): Promise<SearchResults>;
  /**
   * Count messages. The count is a lower bound above 10,000, or if too many rows would have to be scanned.
   *
   * Errors beside those of any operation: none.
   */
  count(args?: MonitorCountArguments, options?: CallOptions): Promise<MessageCount>;
  /**
   * Export all matching messages, oldest first, as a JSON or CSV file or as a finite stream.
   *
   * Errors beside those of any operation: none.
   */
  export(args?: MonitorExportArguments, options?: CallOptions): EventStream<LoggedMessage>;
  /**
   * Stream live events of messages, agents and tasks; all events unless types are given.
   *
   * Errors beside those of any operation: ``not_found``, ``cursor_too_old``.
   */
  stream(args?: MonitorStreamArguments, options?: CallOptions): EventStream<Event>;
  /**
   * Intervene as a person: send an agent a message, or pause, resume or terminate it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  intervene(args: MonitorInterveneArguments, options?: CallOptions): Promise<Intervention>;
}

/** Operations of the category ``orchestrator``. */
export interface OrchestratorService {
  /**
   * Send a request in natural language. Fixed rules interpret it, or a model if the setting chat_agent names an
   * agent.
   *
   * Finding, describing and counting need the scope read:agents; registering needs write:agents and returns the
   * agent's token.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``name_taken``, ``illegal_transition``, ``upstream_unavailable``.
   */
  chat(args: OrchestratorChatArguments, options?: CallOptions): Promise<ChatAnswer>;
  /**
   * Search agents by words, capability, name, industry, price, rating and state, as the chat does.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  searchAgents(args?: OrchestratorSearchAgentsArguments, options?: CallOptions): Promise<MatchPage>;
  /**
   * Show an agent by id, alias or name, else the best search match.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  getAgent(args: OrchestratorGetAgentArguments, options?: CallOptions): Promise<Agent>;
  /**
   * Search the apps of the marketplace; best matches first.
   *
   * Errors beside those of any operation: ``halted``.
   */
  searchApps(args?: OrchestratorSearchAppsArguments, options?: CallOptions): Promise<AppPage>;
  /**
   * Register an agent like agora.agent.register, with the parameter names of the chat.
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
   * Add an upstream MCP server by URL, and offer its tools as ``name.tool``.
   *
   * A URL that resolves to a private or loopback address is rejected unless the server's settings allow it.
   * Upstreams started by a command are configured only on the server (setting ``mcp_config``). With ``oauth``, the
   * authorization server is discovered now; call ``authorize`` next.
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
   * Show an upstream with its items, and the reason why an item is unusable.
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
   * Accept changed definitions: they are pinned and can be used again.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``, ``stale_lease``.
   */
  accept(args: UpstreamAcceptArguments, options?: CallOptions): Promise<Acceptance>;
  /**
   * Remove an upstream with its items, and close its connection.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  remove(args: UpstreamRemoveArguments, options?: CallOptions): Promise<UpstreamRemoval>;
  /**
   * Start an OAuth authorization at an upstream. Open the returned URL in a browser.
   *
   * The browser is redirected back to this server, where the person must be signed in as the user who started the
   * authorization. With client credentials (``machine``) there is no URL: the token is requested at once.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  authorize(args: UpstreamAuthorizeArguments, options?: CallOptions): Promise<UpstreamAuthorization>;
  /**
   * Finish an authorization with the parameters of the OAuth callback; once, by the caller who started it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  finishAuthorization(args: UpstreamFinishAuthorizationArguments, options?: CallOptions): Promise<UpstreamAuthorization>;
  /**
   * Delete an authorization, and revoke its token if the authorization server supports it.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``.
   */
  deauthorize(args: UpstreamDeauthorizeArguments, options?: CallOptions): Promise<UpstreamDeauthorization>;
  /**
   * Call a tool of an upstream and return its unchanged result.
   *
   * A failed tool returns ``is_error``. After a timeout or a broken connection, the error has ``outcome: unknown``:
   * the tool may have done its work.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``illegal_transition``, ``stale_lease``, ``upstream_failed``, ``upstream_unavailable``, ``upstream_authorization_required``.
   */
  call(args: UpstreamCallArguments, options?: CallOptions): Promise<ToolResult>;
  /**
   * Read a resource of an upstream by a listed URI or one that matches a listed template.
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
   * Get the upstream's completions of an argument of a prompt or resource template.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``upstream_failed``, ``upstream_unavailable``, ``upstream_authorization_required``.
   */
  complete(args: UpstreamCompleteArguments, options?: CallOptions): Promise<UpstreamCompletion>;
}

/** Operations of the category ``registry``. */
export interface RegistryService {
  /**
   * List the MCP servers that can be reached through this server.
   *
   * Each entry points to an endpoint of this server that offers only the tools of that MCP server.
   *
   * Errors beside those of any operation: ``halted``.
   */
  list(args?: RegistryListArguments, options?: CallOptions): Promise<RegistryPage>;
  /**
   * List the versions of a server: only the running one.
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
   * Add an MCP server described by a server.json as an upstream, using its streamable-http remote.
   *
   * Packages are not imported, because they would run code on this server. To run one, an operator adds its command
   * to the file of the setting ``mcp_config``.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``conflict``, ``not_found``, ``name_taken``, ``upstream_failed``, ``upstream_unavailable``.
   */
  import(args: RegistryImportArguments, options?: CallOptions): Promise<Upstream>;
}

/** Operations of the category ``runtime``. */
export interface RuntimeService {
  /**
   * Show whether an agent is available, and the number of projects and sessions that the caller may read.
   *
   * Errors beside those of any operation: ``halted``.
   */
  status(options?: CallOptions): Promise<RuntimeStatus>;
  /**
   * List the directories of workers.
   *
   * Errors beside those of any operation: ``halted``.
   */
  projects(args?: RuntimeProjectsArguments, options?: CallOptions): Promise<RuntimeProjectPage>;
  /**
   * List the sessions of all projects, latest first: those of your workers and jobs; operators see all.
   *
   * Errors beside those of any operation: ``halted``.
   */
  sessions(args?: RuntimeSessionsArguments, options?: CallOptions): Promise<RuntimeSessionPage>;
  /**
   * Show a session by its id; the latest one, if several workers use the same id.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  session(args: RuntimeSessionArguments, options?: CallOptions): Promise<RuntimeSession>;
  /**
   * Read the messages of a session, oldest first unless ``descending``.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  messages(args: RuntimeMessagesArguments, options?: CallOptions): Promise<SessionMessagePage>;
  /**
   * List the parts of a session's messages; ``limit`` counts messages.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  parts(args: RuntimePartsArguments, options?: CallOptions): Promise<RuntimeMessagePartPage>;
  /**
   * List the models that agents of online workers are logged in to.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  models(args?: RuntimeModelsArguments, options?: CallOptions): Promise<AvailableModelPage>;
}

/** Operations of the category ``tenant``. */
export interface TenantService {
  /**
   * Create a tenant and its first admin key.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``name_taken``.
   */
  create(args: TenantCreateArguments, options?: CallOptions): Promise<CreatedTenant>;
  /**
   * List the tenants by id.
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
   * Suspend a tenant: its callers are refused until it is resumed, and its streams are closed. Data is kept.
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
   * Create another admin key for a tenant, for example if the first was lost.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  createKey(args: TenantCreateKeyArguments, options?: CallOptions): Promise<TenantKey>;
  /**
   * Permanently delete a suspended tenant with all its data. Its id is not reused.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  delete(args: TenantDeleteArguments, options?: CallOptions): Promise<DeletedTenant>;
}

/** Operations of the category ``token_billing``. */
export interface TokenBillingService {
  /**
   * Show a month's model calls by model, for the caller's account; for operators, by default for all accounts.
   *
   * Errors beside those of any operation: ``halted``.
   */
  summary(args?: TokenBillingSummaryArguments, options?: CallOptions): Promise<TokenSummary>;
  /**
   * List model calls, newest first: those paid by the caller's account or made by the caller.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``.
   */
  recent(args?: TokenBillingRecentArguments, options?: CallOptions): Promise<ModelCallPage>;
  /**
   * Report a model call made by an agent. A model without a price is refused and nothing is recorded.
   *
   * The task's account pays if it is the reporter's own account or the reporter has the scope meter:billing.
   * Otherwise the reporter's account pays, so that a report cannot charge others.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``.
   */
  report(args: TokenBillingReportArguments, options?: CallOptions): Promise<ModelCall>;
  /**
   * Check whether an account's budget and credit allow model calls now.
   *
   * Errors beside those of any operation: ``halted``.
   */
  budget(args?: TokenBillingBudgetArguments, options?: CallOptions): Promise<BudgetCheck>;
  /**
   * Add credit in USD to an account, like agora.billing.credit.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``.
   */
  credits(args: TokenBillingCreditsArguments, options?: CallOptions): Promise<TokenCredits>;
  /**
   * Set the billing model and the USD budget of an account.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  billingModel(args: TokenBillingBillingModelArguments, options?: CallOptions): Promise<BillingModel>;
  /**
   * Set or remove an account's monthly limit in USD. The billing model is unchanged.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  spendingLimit(args?: TokenBillingSpendingLimitArguments, options?: CallOptions): Promise<SpendingLimit>;
  /**
   * List model prices: prices set by operators first, then those shipped with the server; or the price of one
   * model.
   *
   * Errors beside those of any operation: ``halted``.
   */
  pricing(args?: TokenBillingPricingArguments, options?: CallOptions): Promise<ModelPricePage>;
  /**
   * Set a model's price, overriding the price shipped with the server. Zero makes it explicitly free.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``.
   */
  setPrice(args: TokenBillingSetPriceArguments, options?: CallOptions): Promise<ModelPrice>;
  /**
   * Delete a price set by an operator and return to the price shipped with the server.
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
   * Search the messages of sessions that the caller may read, latest first.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  search(args: TranscriptSearchArguments, options?: CallOptions): Promise<TranscriptMatchPage>;
  /**
   * Export a session as Markdown or JSON; ``limit`` counts messages.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  export(args: TranscriptExportArguments, options?: CallOptions): Promise<TranscriptExport>;
  /**
   * Delete a session and its messages. Allowed for the codebase's worker, the session's requester and
   * operators.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``, ``conflict``.
   */
  forget(args: TranscriptForgetArguments, options?: CallOptions): Promise<ForgottenSession>;
  /**
   * Show the participants of a job: requester, answers to permission requests, comments and reviews.
   *
   * Errors beside those of any operation: ``halted``, ``not_found``, ``conflict``.
   */
  participants(args: TranscriptParticipantsArguments, options?: CallOptions): Promise<JobParticipants>;
}

/** Operations of the category ``turn``. */
export interface TurnService {
  /**
   * List the turns of a job and of later jobs in its worktree, in order.
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
   * Rewind the conversation, the files or both, in a new job of the worker that has them.
   *
   * Without a prompt, only files can be rewound. The state before rewinding is kept as a checkpoint.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  rewind(args: TurnRewindArguments, options?: CallOptions): Promise<TaskReceipt>;
  /**
   * Start a new job on a new branch from the turn's files and conversation.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``budget_exceeded``, ``credit_exhausted``, ``not_found``, ``conflict``, ``illegal_transition``.
   */
  fork(args: TurnForkArguments, options?: CallOptions): Promise<TaskReceipt>;
  /**
   * Record a finished turn, as the worker of the job. A repeated call replaces it.
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
   * Change a user's role or limits, or block or unblock the user. Takes effect at once.
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
   * Tools of upstreams and agents may be named before they exist. A caller can use those tools that its credential
   * allows; a key of the server can call exactly the tools of the set.
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
   * Change a virtual server; omitted fields are unchanged. Its clients are notified that the tool list has
   * changed.
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
   * Create a key that can only call the tools of one virtual server at its URL.
   *
   * Errors beside those of any operation: ``halted``, ``malformed_request``, ``payload_too_large``, ``unsupported_media_type``, ``idempotency_conflict``, ``not_found``.
   */
  createKey(args: VirtualServerCreateKeyArguments, options?: CallOptions): Promise<VirtualServerKey>;
}

/** Operations of the category ``worktree``. */
export interface WorktreeService {
  /**
   * Show the disk usage of a codebase's worktrees, and what a clean-up would remove or keep, and why.
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
   * Let the worker remove worktrees. It checks each again and keeps those with unmerged work.
   *
   * The task's result has ``removed`` (ids), ``left`` (ids with reasons) and ``bytes``.
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
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
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
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
  };
  "session.get": {
    args: SessionGetArguments;
    answer: Promise<Session>;
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
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
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
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
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict";
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
    errors: CommonErrorCode | "halted";
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
    errors: CommonErrorCode | "halted";
  };
  "runtime.session": {
    args: RuntimeSessionArguments;
    answer: Promise<RuntimeSession>;
    errors: CommonErrorCode | "halted" | "not_found";
  };
  "runtime.messages": {
    args: RuntimeMessagesArguments;
    answer: Promise<SessionMessagePage>;
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
  };
  "runtime.parts": {
    args: RuntimePartsArguments;
    answer: Promise<RuntimeMessagePartPage>;
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
  };
  "runtime.models": {
    args: RuntimeModelsArguments;
    answer: Promise<AvailableModelPage>;
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
  };
  "tenant.create": {
    args: TenantCreateArguments;
    answer: Promise<CreatedTenant>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "name_taken";
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
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict" | "illegal_transition";
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
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
  };
  "transcript.export": {
    args: TranscriptExportArguments;
    answer: Promise<TranscriptExport>;
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
  };
  "transcript.forget": {
    args: TranscriptForgetArguments;
    answer: Promise<ForgottenSession>;
    errors: CommonErrorCode | "halted" | "malformed_request" | "payload_too_large" | "unsupported_media_type" | "idempotency_conflict" | "not_found" | "conflict";
  };
  "transcript.participants": {
    args: TranscriptParticipantsArguments;
    answer: Promise<JobParticipants>;
    errors: CommonErrorCode | "halted" | "not_found" | "conflict";
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
