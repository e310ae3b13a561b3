// Written by scripts/sdks.py from sdk/contract.json: change the contract, then run `make reference sdks`.

use super::operations::*;
use super::types::*;
use crate::client::AgoraClient;
use crate::request::{Request, StreamRequest};
use crate::vocabulary::OneOrMany;
use serde_json::Value;

/// Operations of the category `messaging`: see [`AgoraClient::messaging`].
#[derive(Debug, Clone, Copy)]
pub struct MessagingService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl MessagingService<'_> {
    /// Send a message to one agent, to several, to a capability, or to everyone.
    ///
    /// The receipt is returned after the commit. A message to an unregistered name is held until an agent registers it.
    ///
    /// - `to_agent`: Agent id or name, a list of them, 'broadcast' for everyone, or 'capability:NAME' for every agent that has it.
    /// - `content`: The message, as text.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn send_request(
        &self,
        to_agent: impl Into<OneOrMany<String>>,
        content: impl Into<String>,
    ) -> Request<MessagingSendOperation> {
        Request::new(self.client)
            .with::<OneOrMany<String>>("to_agent", to_agent.into())
            .with::<String>("content", content.into())
    }

    /// Send a message in the form of version 0.9. Sunset: use agora.messaging.send.
    ///
    /// - `to_agent`: Agent id, name or dotted alias.
    /// - `content`: The message, as text.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn send_legacy(
        &self,
        to_agent: impl Into<String>,
        content: impl Into<String>,
    ) -> Request<MessagingSendLegacyOperation> {
        Request::new(self.client)
            .with::<String>("to_agent", to_agent.into())
            .with::<String>("content", content.into())
    }

    /// Read an agent's inbox, oldest first. Read-only: `mark` changes message states.
    ///
    /// Agents read their own inbox. An operator must name the agent (`agent_id`); `operator` is the operator's own
    /// inbox. `unread` true returns unread messages, false returns read ones. With `wait`, the call waits for a
    /// message if the inbox is empty.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn receive(&self) -> Request<MessagingReceiveOperation> {
        Request::new(self.client)
    }

    /// Mark messages of an inbox as delivered, read or acknowledged. A state never moves back.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn mark(&self, message_ids: impl IntoIterator<Item = impl Into<String>>) -> Request<MessagingMarkOperation> {
        Request::new(self.client).with::<Vec<String>>("message_ids", message_ids.into_iter().map(Into::into).collect())
    }

    /// Create a durable subscription to an agent's events, to be read at `/ws` or `/events`.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn subscribe_request(&self) -> Request<MessagingSubscribeOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `event`: see [`AgoraClient::event`].
#[derive(Debug, Clone, Copy)]
pub struct EventService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl EventService<'_> {
    /// Publish an event. Types beginning with `agora.` are reserved for the server.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn publish(&self, event_type: impl Into<String>) -> Request<EventPublishOperation> {
        Request::new(self.client).with::<String>("event_type", event_type.into())
    }

    /// Read the event log, oldest first, from a sequence number on.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `cursor_too_old`.
    pub fn list(&self) -> Request<EventListOperation> {
        Request::new(self.client)
    }

    /// Create a durable subscription: a filter and a position that survive reconnects.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn subscribe(&self) -> Request<EventSubscribeOperation> {
        Request::new(self.client)
    }

    /// Stream events live, preceded by the events since `last_event_id`, without gaps or duplicates.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `cursor_too_old`.
    pub fn stream(&self) -> StreamRequest<EventStreamOperation> {
        StreamRequest::new(self.client)
    }
}

/// Operations of the category `task`: see [`AgoraClient::task`].
#[derive(Debug, Clone, Copy)]
pub struct TaskService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl TaskService<'_> {
    /// Assign a task to an agent, to any agent with a capability, to a worker, or to any agent.
    ///
    /// The receipt is returned after the commit. If the deadline passes before work starts, the task expires; if it
    /// passes later, an event is emitted. If a dependency fails, the task is cancelled.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn assign(&self, task_type: impl Into<String>) -> Request<TaskAssignOperation> {
        Request::new(self.client).with::<String>("task_type", task_type.into())
    }

    /// Update a task as its assignee: status, progress, notes.
    ///
    /// No claim is needed: setting a pending task to in_progress starts it, setting it to completed starts and
    /// completes it. Refused while another caller's lease is valid, and if it contradicts the recorded result of an
    /// ended task.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn update_request(&self, task_id: impl Into<String>) -> Request<TaskUpdateOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// List the tasks of an agent, or all tasks that concern you; operators see all.
    ///
    /// `since` and `until` refer to the creation time.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list_request(&self) -> Request<TaskListOperation> {
        Request::new(self.client)
    }

    /// List your stuck tasks: unfinished, and not claimed or without progress. Operators see all.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn stuck(&self) -> Request<TaskStuckOperation> {
        Request::new(self.client)
    }

    /// Show a task.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, task_id: impl Into<String>) -> Request<TaskGetOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Show the history of a task: actor, change and time, oldest first. Output and artifacts only if requested by
    /// `types`.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn history(&self, task_id: impl Into<String>) -> Request<TaskHistoryOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Claim the next tasks by priority, deadline and age, or one given task.
    ///
    /// Each has a lease, which `renew` extends, and a fencing token, which every further write must carry. When the
    /// lease expires, another agent can claim the task with its checkpoint.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn claim(&self) -> Request<TaskClaimOperation> {
        Request::new(self.client)
    }

    /// Extend a lease (the heartbeat of a task in progress).
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn renew(&self, task_id: impl Into<String>, fencing_token: i64) -> Request<TaskRenewOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
    }

    /// Release a claimed task to the queue; the attempt is not counted.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn release(&self, task_id: impl Into<String>, fencing_token: i64) -> Request<TaskReleaseOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
    }

    /// Issue a credential for the program working on a task you hold, such as a coding agent with tools.
    ///
    /// It is a separate principal with the scopes that the task's creator allowed in the payload (`scopes`; default:
    /// reading agents and operations) and holds itself. It expires with the lease or when the task ends.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `illegal_transition`, `stale_lease`.
    pub fn issue_token(&self, task_id: impl Into<String>, fencing_token: i64) -> Request<TaskIssueTokenOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
    }

    /// Report the tokens that a task you hold has used so far of one model, as totals that never decrease.
    ///
    /// `agora.billing.tokens` lists them. The difference since the last report is charged to the task's account if
    /// the worker belongs to it or has the scope meter:billing, else to the worker's own account.
    ///
    /// - `input_tokens`: Number of tokens in all attempts so far.
    /// - `output_tokens`: Number of tokens in all attempts so far.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `stale_lease`.
    pub fn report_usage(
        &self,
        task_id: impl Into<String>,
        fencing_token: i64,
        input_tokens: i64,
        output_tokens: i64,
    ) -> Request<TaskReportUsageOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with("input_tokens", input_tokens)
            .with("output_tokens", output_tokens)
    }

    /// Complete a task with its result.
    ///
    /// Repeating the same call returns the same result; a different result or different notes are refused (409).
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn complete(&self, task_id: impl Into<String>) -> Request<TaskCompleteOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Report a failed attempt. The task is retried after a backoff while attempts remain.
    ///
    /// A task that has failed permanently keeps its error; a different one is refused (409).
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn fail(&self, task_id: impl Into<String>, error: impl Into<String>) -> Request<TaskFailOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("error", error.into())
    }

    /// Cancel a task. Its worker is informed with the next response.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn cancel(&self, task_id: impl Into<String>) -> Request<TaskCancelOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Return a task that you requested to its queue and end its lease. The attempt counts.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `illegal_transition`.
    pub fn requeue(&self, task_id: impl Into<String>) -> Request<TaskRequeueOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Retry an ended task as a new task, linked to the old one.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn retry(&self, task_id: impl Into<String>) -> Request<TaskRetryOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Reassign a task and end its lease; null returns it to the queue for any suitable agent.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn reassign(&self, task_id: impl Into<String>, assignee: impl Into<String>) -> Request<TaskReassignOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("assignee", assignee.into())
    }

    /// Change the priority of an unfinished task, or its place among the waiting tasks of a priority.
    ///
    /// Waiting tasks with a higher priority are claimed first. Within a priority, the earlier deadline comes first, then the
    /// older task. With `before` or `after` the task takes the priority of another one and a place beside it, until its
    /// priority is set again. Allowed for its requester and operators.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn prioritize(&self, task_id: impl Into<String>) -> Request<TaskPrioritizeOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Add a comment to a task's history.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn comment(&self, task_id: impl Into<String>, text: impl Into<String>) -> Request<TaskCommentOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("text", text.into())
    }

    /// Send a message in a task, from the assignee to the requester or vice versa.
    ///
    /// If the assignee waits for an answer, the requester's message is the answer and the task returns to its agent. An
    /// ended task accepts no messages.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn message(&self, task_id: impl Into<String>) -> Request<TaskMessageOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Add an artifact to a task in progress, as its assignee.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn artifact(&self, task_id: impl Into<String>) -> Request<TaskArtifactOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Append to a task's output. With `offset`, a repeated chunk is detected.
    ///
    /// Output from the assignee starts a pending task. Output from an operator to a pending task is refused, because it
    /// has no worker.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn append(&self, task_id: impl Into<String>, content: impl Into<String>) -> Request<TaskAppendOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("content", content.into())
    }

    /// Read a task's output from any offset.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn output(&self, task_id: impl Into<String>) -> Request<TaskOutputOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Stream a task's log from its beginning and live until the task ends.
    ///
    /// `last_event_id` is the number of the last received entry.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn stream(&self, task_id: impl Into<String>) -> StreamRequest<TaskStreamOperation> {
        StreamRequest::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Show task statistics: counts by status, throughput, waiting and running times; default period: the last
    /// day.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn statistics(&self) -> Request<TaskStatisticsOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `billing`: see [`AgoraClient::billing`].
#[derive(Debug, Clone, Copy)]
pub struct BillingService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl BillingService<'_> {
    /// List the prices of agents. An agent without a price is free.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn prices(&self) -> Request<BillingPricesOperation> {
        Request::new(self.client)
    }

    /// Set an agent's price, effective now or at a future time. Earlier usage keeps its price.
    ///
    /// Allowed for the agent itself, its account and operators. A new version replaces versions that are not effective
    /// yet.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn set_price(
        &self,
        agent_id: impl Into<String>,
        r#type: impl Into<PricingType>,
    ) -> Request<BillingSetPriceOperation> {
        Request::new(self.client)
            .with::<String>("agent_id", agent_id.into())
            .with::<PricingType>("type", r#type.into())
    }

    /// Record usage measured by an external meter, at the current price. Needs the scope meter:billing.
    ///
    /// - `usage_key`: Idempotency key of this usage: repeating the call with it has no further effect.
    /// - `account`: The account; default: the credential's account, else the caller's id.
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`.
    pub fn record(
        &self,
        usage_key: impl Into<String>,
        account: impl Into<String>,
        agent_id: impl Into<String>,
    ) -> Request<BillingRecordOperation> {
        Request::new(self.client)
            .with::<String>("usage_key", usage_key.into())
            .with::<String>("account", account.into())
            .with::<String>("agent_id", agent_id.into())
    }

    /// Reverse an entry by adding one with the opposite amount.
    ///
    /// - `entry_id`: Id of a ledger entry.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`.
    pub fn reverse(&self, entry_id: impl Into<String>, reason: impl Into<String>) -> Request<BillingReverseOperation> {
        Request::new(self.client)
            .with::<String>("entry_id", entry_id.into())
            .with::<String>("reason", reason.into())
    }

    /// List the entries of the ledger, newest first.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn usage(&self) -> Request<BillingUsageOperation> {
        Request::new(self.client)
    }

    /// List the tokens that tasks have used, as totals reported by their workers; newest tasks first.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn tokens(&self) -> Request<BillingTokensOperation> {
        Request::new(self.client)
    }

    /// Show usage and cost to date, including the accrued cost of running instances.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn cost(&self) -> Request<BillingCostOperation> {
        Request::new(self.client)
    }

    /// Show the revenue of the caller's agents; for operators, of all agents.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn revenue(&self) -> Request<BillingRevenueOperation> {
        Request::new(self.client)
    }

    /// Show a cost summary: total, this month, by day, by agent, and the state of the budgets.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn dashboard(&self) -> Request<BillingDashboardOperation> {
        Request::new(self.client)
    }

    /// Add credit to an account, or record a payment.
    ///
    /// - `account`: The account; default: the credential's account, else the caller's id.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`.
    pub fn credit(&self, account: impl Into<String>, amount: f64) -> Request<BillingCreditOperation> {
        Request::new(self.client)
            .with::<String>("account", account.into())
            .with("amount", amount)
    }

    /// Show an account's balance in each currency: remaining credit or amount owed.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn balance(&self) -> Request<BillingBalanceOperation> {
        Request::new(self.client)
    }

    /// Set the limits of an account, of an agent, or of an account's use of an agent; without limits, remove them.
    ///
    /// Accounts set their own budget, developers those of their agents, operators any. Only an operator can change a
    /// budget set by an operator. Above the soft limit, an agent with several models uses the cheapest one.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn budget(&self) -> Request<BillingBudgetOperation> {
        Request::new(self.client)
    }

    /// List budgets with their spent amounts.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn budgets(&self) -> Request<BillingBudgetsOperation> {
        Request::new(self.client)
    }

    /// Set a percentage discount on all future charges of an account. Each discount is a separate ledger entry.
    ///
    /// - `account`: The account; default: the credential's account, else the caller's id.
    /// - `percent`: With two decimal places; 0 ends the discount.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn set_discount(&self, account: impl Into<String>, percent: f64) -> Request<BillingSetDiscountOperation> {
        Request::new(self.client)
            .with::<String>("account", account.into())
            .with("percent", percent)
    }

    /// Set the free monthly quota (UTC) of an agent for each account. Free usage is a separate ledger entry.
    ///
    /// Allowed for the agent's developer and operators.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    /// - `quantity`: Quota per account and month; time in seconds; 0 removes the quota.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn set_free_quota(&self, agent_id: impl Into<String>, quantity: f64) -> Request<BillingSetFreeQuotaOperation> {
        Request::new(self.client)
            .with::<String>("agent_id", agent_id.into())
            .with("quantity", quantity)
    }

    /// Show an account's discounts and free quotas.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn reductions(&self) -> Request<BillingReductionsOperation> {
        Request::new(self.client)
    }

    /// Create a coupon code that gives credit once per account.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`.
    pub fn create_coupon(&self, code: impl Into<String>, amount: f64) -> Request<BillingCreateCouponOperation> {
        Request::new(self.client)
            .with::<String>("code", code.into())
            .with("amount", amount)
    }

    /// List coupons by code.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn coupons(&self) -> Request<BillingCouponsOperation> {
        Request::new(self.client)
    }

    /// Redeem a coupon. Repeating the call for the same account returns the same entry.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`.
    pub fn redeem_coupon(&self, code: impl Into<String>) -> Request<BillingRedeemCouponOperation> {
        Request::new(self.client).with::<String>("code", code.into())
    }

    /// List invoices, newest first.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn invoices(&self) -> Request<BillingInvoicesOperation> {
        Request::new(self.client)
    }

    /// Show an invoice; without an id, a preview of the account's next invoice.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn invoice(&self) -> Request<BillingInvoiceOperation> {
        Request::new(self.client)
    }

    /// Create an invoice file. It is also served at /billing/invoices/NUMBER.html, .csv, .json and .eml.
    ///
    /// The e-mail is addressed to the customer (`agora.billing.set_profile`), with the HTML and CSV files attached.
    ///
    /// - `invoice`: Id or number.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn document(&self, invoice: impl Into<String>) -> Request<BillingDocumentOperation> {
        Request::new(self.client).with::<String>("invoice", invoice.into())
    }

    /// Show an account's billing details: name, postal address, tax id, e-mail address.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn profile(&self) -> Request<BillingProfileOperation> {
        Request::new(self.client)
    }

    /// Change an account's billing details on future invoices; omitted fields are unchanged.
    ///
    /// Accounts change their own, operators any.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn set_profile(&self) -> Request<BillingSetProfileOperation> {
        Request::new(self.client)
    }

    /// Issue the invoices of a past month now. The server does so automatically an hour after the month ends.
    ///
    /// - `period`: A month in UTC, such as 2026-11.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn close(&self, period: impl Into<String>) -> Request<BillingCloseOperation> {
        Request::new(self.client).with::<String>("period", period.into())
    }
}

/// Operations of the category `a2a`: see [`AgoraClient::a2a`].
#[derive(Debug, Clone, Copy)]
pub struct A2aService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl A2aService<'_> {
    /// Send a message to an agent and wait for its answer (section 3.1.1).
    ///
    /// It creates a task, or continues the one with `task_id`; a plain text is a message with one part. The message is
    /// stored before the call returns. By default the call waits until the task ends or needs input. A repeated `messageId` returns the task it created.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn send(&self, message: impl Into<Value>) -> Request<A2aSendOperation> {
        Request::new(self.client).with::<Value>("message", message.into())
    }

    /// Show a task with its history and artifacts (section 3.1.3).
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, task_id: impl Into<String>) -> Request<A2aGetOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// List the tasks you requested, most recently changed first (section 3.1.4).
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<A2aListOperation> {
        Request::new(self.client)
    }

    /// Cancel a task (section 3.1.5). One that has ended cannot be cancelled.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn cancel(&self, task_id: impl Into<String>) -> Request<A2aCancelOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Stream a task and its updates until it ends (section 3.1.6).
    ///
    /// Rejected for a task that has ended, unless you resume from an earlier item.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `illegal_transition`.
    pub fn subscribe(&self, task_id: impl Into<String>) -> StreamRequest<A2aSubscribeOperation> {
        StreamRequest::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Configure push notifications of a task (section 3.1.7): updates from now on, in order, at least once.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn create_push_config(
        &self,
        task_id: impl Into<String>,
        url: impl Into<String>,
    ) -> Request<A2aCreatePushConfigOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("url", url.into())
    }

    /// Show a push notification configuration of a task (section 3.1.8).
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get_push_config(
        &self,
        task_id: impl Into<String>,
        config_id: impl Into<String>,
    ) -> Request<A2aGetPushConfigOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("config_id", config_id.into())
    }

    /// List the push notification configurations of a task (section 3.1.9).
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list_push_configs(&self, task_id: impl Into<String>) -> Request<A2aListPushConfigsOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Delete a push notification configuration (section 3.1.10).
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn delete_push_config(
        &self,
        task_id: impl Into<String>,
        config_id: impl Into<String>,
    ) -> Request<A2aDeletePushConfigOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("config_id", config_id.into())
    }

    /// List failed push deliveries with their reason: your own; operators see all.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn push_dead_letters(&self) -> Request<A2aPushDeadLettersOperation> {
        Request::new(self.client)
    }

    /// Retry a failed push delivery from the update at which it stopped.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn retry_push(
        &self,
        task_id: impl Into<String>,
        config_id: impl Into<String>,
    ) -> Request<A2aRetryPushOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("config_id", config_id.into())
    }

    /// Show an agent's card (default: the front agent's): the stored one, else one generated from its
    /// registration.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn card(&self) -> Request<A2aCardOperation> {
        Request::new(self.client)
    }

    /// Show the card for authenticated callers (section 3.1.11).
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn extended_card(&self) -> Request<A2aExtendedCardOperation> {
        Request::new(self.client)
    }

    /// Store a card for an agent. Its URLs are replaced by URLs of this marketplace.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn set_card(&self) -> Request<A2aSetCardOperation> {
        Request::new(self.client)
    }

    /// List the agents with the URLs of their cards.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn catalogue(&self) -> Request<A2aCatalogueOperation> {
        Request::new(self.client)
    }

    /// Register a remote A2A agent; messages and tasks for it are relayed.
    ///
    /// A URL that resolves to a private or loopback address is rejected unless the server's settings allow it.
    ///
    /// - `url`: URL of the agent or of its card.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `name_taken`, `illegal_transition`, `upstream_failed`, `upstream_unavailable`.
    pub fn add_remote(&self, url: impl Into<String>) -> Request<A2aAddRemoteOperation> {
        Request::new(self.client).with::<String>("url", url.into())
    }

    /// List the remote agents, each with its state.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list_remotes(&self) -> Request<A2aListRemotesOperation> {
        Request::new(self.client)
    }

    /// Show a remote agent, with its card.
    ///
    /// - `agent`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get_remote(&self, agent: impl Into<String>) -> Request<A2aGetRemoteOperation> {
        Request::new(self.client).with::<String>("agent", agent.into())
    }

    /// Fetch the card of a remote agent again.
    ///
    /// - `agent`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `name_taken`, `illegal_transition`, `upstream_failed`, `upstream_unavailable`.
    pub fn refresh_remote(&self, agent: impl Into<String>) -> Request<A2aRefreshRemoteOperation> {
        Request::new(self.client).with::<String>("agent", agent.into())
    }

    /// Remove a remote agent from the marketplace; its unfinished tasks end as failed.
    ///
    /// - `agent`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn remove_remote(&self, agent: impl Into<String>) -> Request<A2aRemoveRemoteOperation> {
        Request::new(self.client).with::<String>("agent", agent.into())
    }
}

/// Operations of the category `admin`: see [`AgoraClient::admin`].
#[derive(Debug, Clone, Copy)]
pub struct AdminService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl AdminService<'_> {
    /// Pause, resume, terminate or halt an agent or the whole marketplace. Takes effect at once in every protocol.
    ///
    /// `resume` lifts those overrides of the target whose authority is not higher than the caller's.
    ///
    /// - `target_id`: Agent, workflow, or 'system_wide'.
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `halted`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn r#override(
        &self,
        target_id: impl Into<String>,
        action: impl Into<OverrideAction>,
    ) -> Request<AdminOverrideOperation> {
        Request::new(self.client)
            .with::<String>("target_id", target_id.into())
            .with::<OverrideAction>("action", action.into())
    }

    /// Check the health of the system, with warnings derived from trends.
    ///
    /// Includes the active overrides: target, actor, start and reason.
    ///
    /// Errors beside those of any operation: `not_found`.
    pub fn health(&self) -> Request<AdminHealthOperation> {
        Request::new(self.client)
    }

    /// Manage an agent's lifecycle, a runtime setting, or the lifecycle status of an operation.
    ///
    /// The actions `get` and `list` only read, so they also work during a halt. The `after` field of a list holds
    /// each setting's value, whether it was changed, and whether it can be changed at run time. Secrets are masked.
    ///
    /// - `resource`: Kind of resource to manage.
    /// - `target`: Agent id or name, setting name, or operation name; for list: 'all' or a name prefix.
    /// - `action`: agent: suspend, activate, retire, set_tier, and hand_over (target: the id of a retired agent; value: who gets its unfinished tasks and unread mail); configuration: list, get, set, reset; service: activate, beta, deprecate, sunset, reset.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `illegal_transition`.
    pub fn manage(
        &self,
        resource: impl Into<String>,
        target: impl Into<String>,
        action: impl Into<String>,
    ) -> Request<AdminManageOperation> {
        Request::new(self.client)
            .with::<String>("resource", resource.into())
            .with::<String>("target", target.into())
            .with::<String>("action", action.into())
    }

    /// Read the audit trail, newest first: actor, operation, target and outcome.
    ///
    /// Errors beside those of any operation: none.
    pub fn audit(&self) -> Request<AdminAuditOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `agent`: see [`AgoraClient::agent`].
#[derive(Debug, Clone, Copy)]
pub struct AgentService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl AgentService<'_> {
    /// Register an agent, or update it when the call carries that agent's own token.
    ///
    /// A name or alias that belongs to another identity is a conflict. Messages held for the name are delivered. An
    /// omitted alias or key is unchanged. The granted tier depends on the credential: an operator can grant any tier,
    /// an enrolment token or key grants its own, an agent keeps its own, and a caller without a credential gets basic.
    /// requested_tier records the requested one. A plain manifest (name instead of agent_name) is also accepted; if it
    /// can be run and the caller has deploy:agents, instances can be created from it, as with
    /// agora.deployment.register.
    ///
    /// - `agent_name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `name_taken`, `illegal_transition`.
    pub fn register(&self, agent_name: impl Into<String>) -> Request<AgentRegisterOperation> {
        Request::new(self.client).with::<String>("agent_name", agent_name.into())
    }

    /// Show an agent's profile by id, name or dotted alias.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, agent_id: impl Into<String>) -> Request<AgentGetOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }

    /// List the agents of the marketplace in the order of registration.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<AgentListOperation> {
        Request::new(self.client)
    }

    /// Change an agent's profile; omitted fields are unchanged. An agent can change only its own.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `name_taken`, `illegal_transition`.
    pub fn update(&self, agent_id: impl Into<String>) -> Request<AgentUpdateOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }

    /// Send a heartbeat, optionally with the agent's status and load.
    ///
    /// Every other authenticated call also counts as a heartbeat.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `illegal_transition`.
    pub fn heartbeat(&self) -> Request<AgentHeartbeatOperation> {
        Request::new(self.client)
    }

    /// Show an agent's status: state, load, availability, reputation, unread messages.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn status(&self, agent_id: impl Into<String>) -> Request<AgentStatusOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }

    /// Rate another agent; a second rating by the same agent replaces its first.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    /// - `rating`: 0 (useless) to 10 (excellent).
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn rate(&self, agent_id: impl Into<String>, rating: f64) -> Request<AgentRateOperation> {
        Request::new(self.client)
            .with::<String>("agent_id", agent_id.into())
            .with("rating", rating)
    }

    /// Deregister an agent: its token is revoked, its name becomes available, its history is kept.
    ///
    /// The next agent registered under the name does not inherit messages or tasks of this one. Requesters reassign
    /// their tasks; an operator hands over the rest (agora.admin.manage, action 'hand_over').
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn deregister(&self, agent_id: impl Into<String>) -> Request<AgentDeregisterOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }
}

/// Operations of the category `declared_agent`: see [`AgoraClient::declared_agent`].
#[derive(Debug, Clone, Copy)]
pub struct DeclaredAgentService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl DeclaredAgentService<'_> {
    /// Declare an agent, or change its declaration. Each change creates a version. Idempotent.
    ///
    /// The agent is registered under its name and can be found, used and billed like any other agent.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn apply(
        &self,
        name: impl Into<String>,
        specification: AgentSpecification,
    ) -> Request<DeclaredAgentApplyOperation> {
        Request::new(self.client)
            .with::<String>("name", name.into())
            .with("specification", specification)
    }

    /// List the declared agents by name.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<DeclaredAgentListOperation> {
        Request::new(self.client)
    }

    /// Show a declared agent. Raises NotFound.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, name: impl Into<String>) -> Request<DeclaredAgentGetOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// List the versions of a declaration, newest first.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn versions(&self, name: impl Into<String>) -> Request<DeclaredAgentVersionsOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Restore the specification of an earlier version as a new version.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    /// - `version`: Version to restore.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn rollback(&self, name: impl Into<String>, version: i64) -> Request<DeclaredAgentRollbackOperation> {
        Request::new(self.client)
            .with::<String>("name", name.into())
            .with("version", version)
    }

    /// Delete a declaration and its versions, and deregister the agent.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn delete(&self, name: impl Into<String>) -> Request<DeclaredAgentDeleteOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// List the tools of a declared agent. Allowed for the agent itself and operators.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn tools(&self, name: impl Into<String>) -> Request<DeclaredAgentToolsOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Call a tool for a task, as its agent, with the permissions that the agent and the requester have in common.
    ///
    /// Executed once per call_id. If the outcome of an external tool was lost, the state is `unknown` and the call is
    /// not repeated.
    ///
    /// - `task_id`: The task that the agent is working on.
    /// - `call_id`: Id of the call within its task, such as STEP.CALL. Each id is executed once.
    /// - `tool`: Name of the tool, as listed by agora.declared_agent.tools.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `illegal_transition`, `stale_lease`, `cursor_too_old`.
    pub fn call_tool(
        &self,
        task_id: impl Into<String>,
        fencing_token: i64,
        call_id: impl Into<String>,
        tool: impl Into<String>,
    ) -> Request<DeclaredAgentCallToolOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with::<String>("call_id", call_id.into())
            .with::<String>("tool", tool.into())
    }

    /// Reserve the maximum cost of the next model call against all applicable limits. Only for the agent itself.
    ///
    /// The original requester pays. A new reservation replaces the task's earlier one. Raises BudgetExceeded.
    ///
    /// - `task_id`: The task that the agent is working on.
    /// - `step`: Number of the call in its task.
    /// - `models`: Candidate models, in order of preference.
    /// - `input_tokens`: Upper bound of the request's input tokens.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn reserve_model_call(
        &self,
        task_id: impl Into<String>,
        fencing_token: i64,
        step: i64,
        models: impl IntoIterator<Item = impl Into<String>>,
        input_tokens: i64,
    ) -> Request<DeclaredAgentReserveModelCallOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with("step", step)
            .with::<Vec<String>>("models", models.into_iter().map(Into::into).collect())
            .with("input_tokens", input_tokens)
    }

    /// Charge a model call, once per step of an attempt, and store the checkpoint.
    ///
    /// A call that was cut off is charged in addition to the call that replaces it. Text that exceeds the output limit
    /// is dropped; the call is charged nevertheless.
    ///
    /// - `task_id`: The task that the agent is working on.
    /// - `step`: Number of the call in its task.
    /// - `model`: PROVIDER:MODEL, with a provider of agora.model_provider, or 'default' for the model in the server's settings.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn record_model_call(
        &self,
        task_id: impl Into<String>,
        fencing_token: i64,
        step: i64,
        model: impl Into<String>,
        tokens: ModelTokens,
    ) -> Request<DeclaredAgentRecordModelCallOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with("step", step)
            .with::<String>("model", model.into())
            .with("tokens", tokens)
    }

    /// Release the reservation of a model call that failed before its first token.
    ///
    /// A reservation that is neither charged nor released belongs to a call whose process died. The next call of the
    /// task charges its input tokens as an estimate.
    ///
    /// - `task_id`: The task that the agent is working on.
    /// - `step`: Number of the call in its task.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn release_model_call(
        &self,
        task_id: impl Into<String>,
        fencing_token: i64,
        step: i64,
    ) -> Request<DeclaredAgentReleaseModelCallOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with("step", step)
    }
}

/// Operations of the category `workflow`: see [`AgoraClient::workflow`].
#[derive(Debug, Clone, Copy)]
pub struct WorkflowService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl WorkflowService<'_> {
    /// Create a workflow and start it.
    ///
    /// All errors in the steps are reported at once: cycles, unknown steps, unknown agent ids, invalid expressions. A
    /// step without an agent goes to one of `assigned_agents`, or to any agent if the list is empty.
    ///
    /// - `steps`: The steps, in order or as a graph with depends_on.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn create_request(
        &self,
        workflow_name: impl Into<String>,
        steps: impl IntoIterator<Item = Step>,
    ) -> Request<WorkflowCreateOperation> {
        Request::new(self.client)
            .with::<String>("workflow_name", workflow_name.into())
            .with::<Vec<Step>>("steps", steps.into_iter().collect())
    }

    /// Show a workflow's status: steps, progress, agents.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn status(&self, workflow_id: impl Into<String>) -> Request<WorkflowStatusOperation> {
        Request::new(self.client).with::<String>("workflow_id", workflow_id.into())
    }

    /// List workflows that concern you, newest first; operators see all. `agent_id`: creator; `status`: one or
    /// several.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<WorkflowListOperation> {
        Request::new(self.client)
    }

    /// Change a running workflow. An impossible change is refused as a whole.
    ///
    /// reassign: `step` to `agent` or `capability`. add: `definition`, to run before the steps in `before`.
    /// reorder: the steps not started yet, in `order`, of a workflow without depends_on.
    /// skip: `step`. pause, resume, terminate: the workflow.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn modify(
        &self,
        workflow_id: impl Into<String>,
        action: impl Into<String>,
    ) -> Request<WorkflowModifyOperation> {
        Request::new(self.client)
            .with::<String>("workflow_id", workflow_id.into())
            .with::<String>("action", action.into())
    }

    /// Approve or reject a step that waits for approval. A rejected step fails.
    ///
    /// Repeating the same decision has no effect; a different decision is a conflict.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn approve(&self, workflow_id: impl Into<String>) -> Request<WorkflowApproveOperation> {
        Request::new(self.client).with::<String>("workflow_id", workflow_id.into())
    }

    /// Cancel a workflow: running steps are cancelled, other steps do not start.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn cancel(&self, workflow_id: impl Into<String>) -> Request<WorkflowCancelOperation> {
        Request::new(self.client).with::<String>("workflow_id", workflow_id.into())
    }

    /// Show when each step became ready, started and ended; at most 1,000 items of each for_each.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn timeline(&self, workflow_id: impl Into<String>) -> Request<WorkflowTimelineOperation> {
        Request::new(self.client).with::<String>("workflow_id", workflow_id.into())
    }

    /// Show the graph of a workflow with the state of each step, as Mermaid text.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn diagram(&self, workflow_id: impl Into<String>) -> Request<WorkflowDiagramOperation> {
        Request::new(self.client).with::<String>("workflow_id", workflow_id.into())
    }
}

/// Operations of the category `app`: see [`AgoraClient::app`].
#[derive(Debug, Clone, Copy)]
pub struct AppService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl AppService<'_> {
    /// Publish an app. A name or alias of another app is a conflict.
    ///
    /// pricing sets the price of the orchestrator agent, which the caller must be allowed to set. The workflow is
    /// checked as agora.workflow.create checks it.
    ///
    /// - `name`: Name of the app, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`.
    pub fn create(&self, name: impl Into<String>) -> Request<AppCreateOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// List the apps visible to you, oldest first.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<AppListOperation> {
        Request::new(self.client)
    }

    /// Show an app with its workflow. Raises NotFound.
    ///
    /// - `ref`: Id, alias or name of the app.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, r#ref: impl Into<String>) -> Request<AppGetOperation> {
        Request::new(self.client).with::<String>("ref", r#ref.into())
    }

    /// Change an app; omitted fields are unchanged. Allowed for its owner, keys of its account and operators.
    ///
    /// - `ref`: Id, alias or name of the app.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`.
    pub fn update(&self, r#ref: impl Into<String>) -> Request<AppUpdateOperation> {
        Request::new(self.client).with::<String>("ref", r#ref.into())
    }

    /// Delete an app and its bundled agents. Running workflows continue.
    ///
    /// - `ref`: Id, alias or name of the app.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn delete(&self, r#ref: impl Into<String>) -> Request<AppDeleteOperation> {
        Request::new(self.client).with::<String>("ref", r#ref.into())
    }

    /// Install an app with its agents and its workflow, or update an installed one. Atomic.
    ///
    /// Idempotent. Agents that the app no longer bundles are removed. Bundled agents need the permission to declare
    /// agents (agora.declared_agent.apply). An agent of the same name that is not bundled with the app is a conflict.
    ///
    /// - `name`: Name of the app, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn install(&self, name: impl Into<String>) -> Request<AppInstallOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Start the workflow of an app on your account. Its tasks cost what their agents charge.
    ///
    /// - `ref`: Id, alias or name of the app.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn run(&self, r#ref: impl Into<String>) -> Request<AppRunOperation> {
        Request::new(self.client).with::<String>("ref", r#ref.into())
    }
}

/// Operations of the category `codebase`: see [`AgoraClient::codebase`].
#[derive(Debug, Clone, Copy)]
pub struct CodebaseService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl CodebaseService<'_> {
    /// List codebases, optionally filtered by name, path or repository.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<CodebaseListOperation> {
        Request::new(self.client)
    }

    /// Register a codebase of one of your workers, or update the one at that path.
    ///
    /// Its jobs require the capability `codebase:ID`, which the worker gets. Without `worker_id`, or with
    /// `git_url`, the codebase is pending: a `register_codebase` task asks one worker after another, and the first
    /// that has the path, or clones the repository, confirms it. Jobs queued in the meantime wait.
    ///
    /// - `name`: Name of the codebase, for people.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn register(&self, name: impl Into<String>) -> Request<CodebaseRegisterOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Confirm a pending codebase, as the worker that holds its registration task.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `worker_id`: Id or name of your worker that has it.
    /// - `path`: Directory on the worker's machine.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `stale_lease`.
    pub fn confirm(
        &self,
        codebase_id: impl Into<String>,
        task_id: impl Into<String>,
        fencing_token: i64,
        worker_id: impl Into<String>,
        path: impl Into<String>,
    ) -> Request<CodebaseConfirmOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with::<String>("worker_id", worker_id.into())
            .with::<String>("path", path.into())
    }

    /// Decline a pending codebase, as the worker that was asked. The next worker is asked then; if all decline, it
    /// is refused.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `reason`: Reason, shown to the user who registers the codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn decline(
        &self,
        codebase_id: impl Into<String>,
        task_id: impl Into<String>,
        fencing_token: i64,
        reason: impl Into<String>,
    ) -> Request<CodebaseDeclineOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with::<String>("reason", reason.into())
    }

    /// Get the token for cloning a pending codebase, as the worker that was asked.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `stale_lease`.
    pub fn read_credential(
        &self,
        codebase_id: impl Into<String>,
        task_id: impl Into<String>,
        fencing_token: i64,
    ) -> Request<CodebaseReadCredentialOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
    }

    /// Show a codebase.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn get(&self, codebase_id: impl Into<String>) -> Request<CodebaseGetOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Unregister a codebase and its sessions. Files on the worker's machine are not changed.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn remove(&self, codebase_id: impl Into<String>) -> Request<CodebaseRemoveOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Create a job in a codebase. It runs even if the codebase is not watched.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `prompt`: Prompt for the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn trigger(
        &self,
        codebase_id: impl Into<String>,
        prompt: impl Into<String>,
    ) -> Request<CodebaseTriggerOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("prompt", prompt.into())
    }

    /// Get the secrets of a job, as the worker that holds it.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `stale_lease`.
    pub fn read_job_secrets(
        &self,
        task_id: impl Into<String>,
        fencing_token: i64,
    ) -> Request<CodebaseReadJobSecretsOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
    }

    /// Send a message to the agent working in a codebase, or answer its question.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `message`: Prompt for the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn message(
        &self,
        codebase_id: impl Into<String>,
        message: impl Into<String>,
    ) -> Request<CodebaseMessageOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("message", message.into())
    }

    /// Cancel your running jobs in a codebase; queued jobs stay. For operators: all running jobs.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn interrupt(&self, codebase_id: impl Into<String>) -> Request<CodebaseInterruptOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Cancel all your jobs in a codebase, running and queued. For operators: all jobs.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn stop(&self, codebase_id: impl Into<String>) -> Request<CodebaseStopOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Show the current activity in a codebase.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn status(&self, codebase_id: impl Into<String>) -> Request<CodebaseStatusOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Stream events of a codebase's jobs that the caller may read, from now on or after a given event.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `cursor_too_old`.
    pub fn events(&self, codebase_id: impl Into<String>) -> StreamRequest<CodebaseEventsOperation> {
        StreamRequest::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Let the worker of a codebase take queued jobs automatically. This is the default after registration.
    ///
    /// With `review_limit`, queued jobs are held while that many reviews of the codebase are open. Running jobs,
    /// resumed sessions and changes requested in a review continue.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn start_watch(&self, codebase_id: impl Into<String>) -> Request<CodebaseStartWatchOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Hold the queued jobs of a codebase until it is watched again; running jobs continue.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn stop_watch(&self, codebase_id: impl Into<String>) -> Request<CodebaseStopWatchOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Show whether a codebase is watched.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn watch_status(&self, codebase_id: impl Into<String>) -> Request<CodebaseWatchStatusOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }
}

/// Operations of the category `session`: see [`AgoraClient::session`].
#[derive(Debug, Clone, Copy)]
pub struct SessionService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl SessionService<'_> {
    /// List the sessions of a codebase, latest first: those of your workers or jobs; operators see all.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn list(&self, codebase_id: impl Into<String>) -> Request<SessionListOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Show a session: its agent, its last task and the number of its messages.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Session id assigned by the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn get(&self, codebase_id: impl Into<String>, session_id: impl Into<String>) -> Request<SessionGetOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }

    /// Report the sessions of a worker's coding agent, as the worker. Known data of a session is kept.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `sessions`: Objects with session_id, and title, agent, created_at, updated_at.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn sync(
        &self,
        codebase_id: impl Into<String>,
        sessions: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Request<SessionSyncOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<Vec<Value>>("sessions", sessions.into_iter().map(Into::into).collect())
    }

    /// Store messages of a session, as its worker. A message with a known id replaces the earlier one.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Session id assigned by the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn ingest(
        &self,
        codebase_id: impl Into<String>,
        session_id: impl Into<String>,
    ) -> Request<SessionIngestOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }

    /// Read the messages of a session, oldest first unless `descending`.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Session id assigned by the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn messages(
        &self,
        codebase_id: impl Into<String>,
        session_id: impl Into<String>,
    ) -> Request<SessionMessagesOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }

    /// Resume a session in a new job for the worker that has it.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Session id assigned by the coding agent.
    /// - `prompt`: Prompt for the next turn.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn resume(
        &self,
        codebase_id: impl Into<String>,
        session_id: impl Into<String>,
        prompt: impl Into<String>,
    ) -> Request<SessionResumeOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
            .with::<String>("prompt", prompt.into())
    }
}

/// Operations of the category `follow_up`: see [`AgoraClient::follow_up`].
#[derive(Debug, Clone, Copy)]
pub struct FollowUpService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl FollowUpService<'_> {
    /// Send a follow-up message to the agent of a coding job.
    ///
    /// A paused job continues. If the job has ended, a new job is started on the worker that has the session.
    ///
    /// - `text`: Text for the agent.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn add(&self, task_id: impl Into<String>, text: impl Into<String>) -> Request<FollowUpAddOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("text", text.into())
    }

    /// List the follow-ups of a job in order.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self, task_id: impl Into<String>) -> Request<FollowUpListOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Edit a follow-up that the worker has not taken (409 otherwise).
    ///
    /// - `follow_up_id`: Id of a follow-up.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn edit(&self, task_id: impl Into<String>, follow_up_id: impl Into<String>) -> Request<FollowUpEditOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("follow_up_id", follow_up_id.into())
    }

    /// Remove a follow-up that the worker has not taken (409 otherwise).
    ///
    /// - `follow_up_id`: Id of a follow-up.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn remove(
        &self,
        task_id: impl Into<String>,
        follow_up_id: impl Into<String>,
    ) -> Request<FollowUpRemoveOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("follow_up_id", follow_up_id.into())
    }

    /// Start a new job for follow-ups that wait for an ended job, such as a failed or cancelled one.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn wake(&self, task_id: impl Into<String>) -> Request<FollowUpWakeOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Take the next follow-up of a job you hold; steering ones first.
    ///
    /// A follow-up that was taken but is not in the checkpoint is returned again, so that none is lost or sent twice.
    ///
    /// - `fencing_token`: The claim's fencing token.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `stale_lease`.
    pub fn take(&self, task_id: impl Into<String>, fencing_token: i64) -> Request<FollowUpTakeOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
    }
}

/// Operations of the category `review`: see [`AgoraClient::review`].
#[derive(Debug, Clone, Copy)]
pub struct ReviewService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl ReviewService<'_> {
    /// List the reviews of your jobs and workers, most recently changed first; operators see all.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<ReviewListOperation> {
        Request::new(self.client)
    }

    /// Show a review.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, job_id: impl Into<String>) -> Request<ReviewGetOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// List the changed files with their diffs, by path.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn files(&self, job_id: impl Into<String>) -> Request<ReviewFilesOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// List the comments on lines, oldest first.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn comments(&self, job_id: impl Into<String>) -> Request<ReviewCommentsOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Comment on a line of the diff. `request_changes` sends the comments to the agent.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `path`: Path of the file.
    /// - `line`: Number of the line, from 1.
    /// - `text`: Text of the comment.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn comment(
        &self,
        job_id: impl Into<String>,
        path: impl Into<String>,
        line: i64,
        text: impl Into<String>,
    ) -> Request<ReviewCommentOperation> {
        Request::new(self.client)
            .with::<String>("job_id", job_id.into())
            .with::<String>("path", path.into())
            .with("line", line)
            .with::<String>("text", text.into())
    }

    /// Remove a comment that was not sent to the agent yet.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `comment_id`: Id of a comment.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn remove_comment(
        &self,
        job_id: impl Into<String>,
        comment_id: impl Into<String>,
    ) -> Request<ReviewRemoveCommentOperation> {
        Request::new(self.client)
            .with::<String>("job_id", job_id.into())
            .with::<String>("comment_id", comment_id.into())
    }

    /// Send the pending comments to the agent in one follow-up, each with its path, line and code.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn request_changes(&self, job_id: impl Into<String>) -> Request<ReviewRequestChangesOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Approve the changes and let the worker merge or push them. Conflicts are returned to the agent.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn approve(&self, job_id: impl Into<String>) -> Request<ReviewApproveOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Reject the changes. The branch is kept.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn dismiss(&self, job_id: impl Into<String>) -> Request<ReviewDismissOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Submit the changes of a job you hold, as its worker. A repeated call replaces the submission.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `fencing_token`: The claim's fencing token.
    /// - `branch`: Name of a branch.
    /// - `base`: Id of a commit.
    /// - `head`: Id of a commit.
    /// - `files`: Objects with path, status, additions, deletions, patch, truncated.
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `stale_lease`.
    #[allow(clippy::too_many_arguments)]
    pub fn submit(
        &self,
        job_id: impl Into<String>,
        task_id: impl Into<String>,
        fencing_token: i64,
        branch: impl Into<String>,
        base: impl Into<String>,
        head: impl Into<String>,
        files: impl IntoIterator<Item = impl Into<Value>>,
        codebase_id: impl Into<String>,
    ) -> Request<ReviewSubmitOperation> {
        Request::new(self.client)
            .with::<String>("job_id", job_id.into())
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with::<String>("branch", branch.into())
            .with::<String>("base", base.into())
            .with::<String>("head", head.into())
            .with::<Vec<Value>>("files", files.into_iter().map(Into::into).collect())
            .with::<String>("codebase_id", codebase_id.into())
    }

    /// Report the result of an approval, as the worker that carries it out.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `fencing_token`: The claim's fencing token.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn conclude(
        &self,
        job_id: impl Into<String>,
        task_id: impl Into<String>,
        fencing_token: i64,
        outcome: impl Into<String>,
    ) -> Request<ReviewConcludeOperation> {
        Request::new(self.client)
            .with::<String>("job_id", job_id.into())
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with::<String>("outcome", outcome.into())
    }
}

/// Operations of the category `attempt`: see [`AgoraClient::attempt`].
#[derive(Debug, Clone, Copy)]
pub struct AttemptService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl AttemptService<'_> {
    /// Queue a job for each variant. They run side by side, as far as workers have room.
    ///
    /// - `prompt`: What the agents are to do.
    /// - `codebase_id`: Id of a codebase.
    /// - `variants`: One for each attempt; the same twice is two attempts.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn start(
        &self,
        prompt: impl Into<String>,
        codebase_id: impl Into<String>,
        variants: impl IntoIterator<Item = impl Into<String>>,
    ) -> Request<AttemptStartOperation> {
        Request::new(self.client)
            .with::<String>("prompt", prompt.into())
            .with::<String>("codebase_id", codebase_id.into())
            .with::<Vec<String>>("variants", variants.into_iter().map(Into::into).collect())
    }

    /// List your groups, the newest first; operators see all.
    ///
    /// Errors beside those of any operation: `halted`, `payload_too_large`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn list(&self) -> Request<AttemptListOperation> {
        Request::new(self.client)
    }

    /// Compare the attempts of a group.
    ///
    /// - `group_id`: Id of a group.
    ///
    /// Errors beside those of any operation: `halted`, `payload_too_large`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn get(&self, group_id: impl Into<String>) -> Request<AttemptGetOperation> {
        Request::new(self.client).with::<String>("group_id", group_id.into())
    }

    /// Choose an attempt that has completed: the others are cancelled if they work, and their reviews are dismissed.
    ///
    /// Its review stays open: approve it to have it delivered. Nothing of the others is deleted.
    ///
    /// - `group_id`: Id of a group.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn choose(&self, group_id: impl Into<String>, task_id: impl Into<String>) -> Request<AttemptChooseOperation> {
        Request::new(self.client)
            .with::<String>("group_id", group_id.into())
            .with::<String>("task_id", task_id.into())
    }
}

/// Operations of the category `auth`: see [`AgoraClient::auth`].
#[derive(Debug, Clone, Copy)]
pub struct AuthService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl AuthService<'_> {
    /// Show how users can log in.
    ///
    /// Errors beside those of any operation: none.
    pub fn configuration(&self) -> Request<AuthConfigurationOperation> {
        Request::new(self.client)
    }

    /// Log in with name and password, which are passed to the identity provider. The operator must enable this.
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn login(&self, username: impl Into<String>, password: impl Into<String>) -> Request<AuthLoginOperation> {
        Request::new(self.client)
            .with::<String>("username", username.into())
            .with::<String>("password", password.into())
    }

    /// Exchange a refresh token for new tokens.
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn refresh(&self, refresh_token: impl Into<String>) -> Request<AuthRefreshOperation> {
        Request::new(self.client).with::<String>("refresh_token", refresh_token.into())
    }

    /// Show the caller's identity, role and scopes.
    ///
    /// Errors beside those of any operation: none.
    pub fn userinfo(&self) -> Request<AuthUserinfoOperation> {
        Request::new(self.client)
    }

    /// Log out: end the session and its streams here, and at the identity provider if a refresh token is sent.
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn logout(&self) -> Request<AuthLogoutOperation> {
        Request::new(self.client)
    }

    /// End a monitor session of any kind. Used by the monitor's pages.
    ///
    /// - `session_id`: Session id derived by the monitor.
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn sign_out(&self, session_id: impl Into<String>) -> Request<AuthSignOutOperation> {
        Request::new(self.client).with::<String>("session_id", session_id.into())
    }

    /// Accept a logout token of an identity provider (OpenID Connect Back-Channel Logout 1.0).
    ///
    /// Providers send a form. No credential is needed, because the token is signed. An invalid or already used token
    /// returns 400.
    ///
    /// - `logout_token`: Signed by the provider, of the type logout+jwt.
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn backchannel_logout(&self, logout_token: impl Into<String>) -> Request<AuthBackchannelLogoutOperation> {
        Request::new(self.client).with::<String>("logout_token", logout_token.into())
    }
}

/// Operations of the category `bus`: see [`AgoraClient::bus`].
#[derive(Debug, Clone, Copy)]
pub struct BusService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl BusService<'_> {
    /// Publish an entry to an agent, a capability or everyone.
    ///
    /// The entry is stored as a message; a task_assignment is stored as a task. With a `task_id`, a task_completion
    /// completes that task, an error_report fails it, and a state_update updates it. Idempotent for each sender and
    /// `message_id`: a repetition returns the first receipt.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`, `stale_lease`.
    pub fn publish(&self, r#type: impl Into<BusType>) -> Request<BusPublishOperation> {
        Request::new(self.client).with::<BusType>("type", r#type.into())
    }

    /// Read the next entries for an agent: reclaimed ones first, then new ones.
    ///
    /// Each entry goes to one consumer of the group, which holds it until it is acknowledged. Tasks for the agent, or
    /// for one of its capabilities, are returned as task_assignment and are claimed by reading them.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn read(&self) -> Request<BusReadOperation> {
        Request::new(self.client)
    }

    /// Acknowledge entries: they are not delivered again.
    ///
    /// - `message_ids`: Ids of entries, as returned by read: message_id or entry_id.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn ack(&self, message_ids: impl IntoIterator<Item = impl Into<String>>) -> Request<BusAckOperation> {
        Request::new(self.client).with::<Vec<String>>("message_ids", message_ids.into_iter().map(Into::into).collect())
    }

    /// Reclaim entries that other consumers of the group have not acknowledged in time.
    ///
    /// The time doubles with each delivery of an entry. After the last delivery, the entry becomes a dead letter.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn recover(&self) -> Request<BusRecoverOperation> {
        Request::new(self.client)
    }

    /// List the group's pending entries (delivered, not acknowledged), oldest first.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn pending(&self) -> Request<BusPendingOperation> {
        Request::new(self.client)
    }

    /// Show the health of the bus, and how many entries wait for the caller.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn health(&self) -> Request<BusHealthOperation> {
        Request::new(self.client)
    }

    /// Show consumer groups with their consumers, lag and pending entries: your own; operators see all.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn stats(&self) -> Request<BusStatsOperation> {
        Request::new(self.client)
    }

    /// Deliver an agent's messages and tasks on its Redis stream, starting with those already waiting.
    ///
    /// The stream and its group exist when this returns, unless Redis is unavailable; then they are created later. An
    /// agent that publishes an entry through Redis joins automatically.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`.
    pub fn join(&self) -> Request<BusJoinOperation> {
        Request::new(self.client)
    }

    /// Stop delivering an agent's messages on its Redis stream; delivered entries stay there.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn leave(&self) -> Request<BusLeaveOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `conversation`: see [`AgoraClient::conversation`].
#[derive(Debug, Clone, Copy)]
pub struct ConversationService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl ConversationService<'_> {
    /// Send a message of the agent protocol.
    ///
    /// Recipients are given by id, name or dotted alias and need not be online. A reply must be valid for the message
    /// it answers. Messages to agent.marketplace.orchestrator are answered at once. A message with the same id is sent
    /// once.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`, `stale_lease`.
    pub fn send(&self, message: AgentMessage) -> Request<ConversationSendOperation> {
        Request::new(self.client).with("message", message)
    }

    /// Return and acknowledge the reply to a message you sent; waits for it if necessary.
    ///
    /// After `expected.timeout` the reply is a failure with the intent 'timeout', which lists unregistered
    /// recipients. A late reply stays in the inbox.
    ///
    /// - `message_id`: Id of a message: the marketplace's (msg_...), or the id you gave it.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn reply(&self, message_id: impl Into<String>) -> Request<ConversationReplyOperation> {
        Request::new(self.client).with::<String>("message_id", message_id.into())
    }

    /// Show a conversation that you take part in, with its messages.
    ///
    /// - `conversation_id`: correlation.conversation_id of its messages, or the conv_... id of the list.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, conversation_id: impl Into<String>) -> Request<ConversationGetOperation> {
        Request::new(self.client).with::<String>("conversation_id", conversation_id.into())
    }

    /// List an agent's conversations, newest first.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<ConversationListOperation> {
        Request::new(self.client)
    }

    /// List an agent's pending messages in the form of the agent protocol, oldest first.
    ///
    /// Read-only. To remove a message from the list, call `agora.messaging.mark` with the status `acknowledged` and
    /// the message's `agora.message_id`, if present, else its `id` (an `id` may be chosen by the sender).
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn pending(&self) -> Request<ConversationPendingOperation> {
        Request::new(self.client)
    }

    /// List uses of an agent reported with inform/track_usage, oldest first.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn usage(&self) -> Request<ConversationUsageOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `dead_letter`: see [`AgoraClient::dead_letter`].
#[derive(Debug, Clone, Copy)]
pub struct DeadLetterService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl DeadLetterService<'_> {
    /// List dead letters, newest first: your own; operators see all.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<DeadLetterListOperation> {
        Request::new(self.client)
    }

    /// Show a dead letter with its content, and whether it can be replayed. Raises NotFound.
    ///
    /// - `dead_letter_id`: Id of a dead letter.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, dead_letter_id: impl Into<String>) -> Request<DeadLetterGetOperation> {
        Request::new(self.client).with::<String>("dead_letter_id", dead_letter_id.into())
    }

    /// Deliver a dead letter again. Idempotent: one that was already replayed is not delivered again.
    ///
    /// Raises Conflict if it was discarded, or if its message or task no longer exists.
    ///
    /// - `dead_letter_id`: Id of a dead letter.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`, `stale_lease`.
    pub fn replay(&self, dead_letter_id: impl Into<String>) -> Request<DeadLetterReplayOperation> {
        Request::new(self.client).with::<String>("dead_letter_id", dead_letter_id.into())
    }

    /// Discard a dead letter permanently. Raises Conflict if it was replayed.
    ///
    /// - `dead_letter_id`: Id of a dead letter.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn discard(&self, dead_letter_id: impl Into<String>) -> Request<DeadLetterDiscardOperation> {
        Request::new(self.client).with::<String>("dead_letter_id", dead_letter_id.into())
    }
}

/// Operations of the category `deployment`: see [`AgoraClient::deployment`].
#[derive(Debug, Clone, Copy)]
pub struct DeploymentService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl DeploymentService<'_> {
    /// Register an agent with its deployment manifest, or a new revision of it. Reports all errors at once.
    ///
    /// Allowed for operators and callers with the scope deploy:agents. Running instances keep their revision.
    ///
    /// - `manifest`: An agent's manifest: name, capabilities, build_config, repository or directory or docker_image, host_requirements, pricing, endpoints, health ...
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn register(&self, manifest: impl Into<Value>) -> Request<DeploymentRegisterOperation> {
        Request::new(self.client).with::<Value>("manifest", manifest.into())
    }

    /// Register an agent that runs from a container image; `metadata` is its manifest.
    ///
    /// - `docker_image`: Reference of a container image.
    /// - `metadata`: An agent's manifest: name, capabilities, build_config, repository or directory or docker_image, host_requirements, pricing, endpoints, health ...
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn register_docker(
        &self,
        docker_image: impl Into<String>,
        metadata: impl Into<Value>,
    ) -> Request<DeploymentRegisterDockerOperation> {
        Request::new(self.client)
            .with::<String>("docker_image", docker_image.into())
            .with::<Value>("metadata", metadata.into())
    }

    /// Validate a manifest without registering it; reports all errors.
    ///
    /// - `manifest`: An agent's manifest: name, capabilities, build_config, repository or directory or docker_image, host_requirements, pricing, endpoints, health ...
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn validate(&self, manifest: impl Into<Value>) -> Request<DeploymentValidateOperation> {
        Request::new(self.client).with::<Value>("manifest", manifest.into())
    }

    /// List the agents with a deployment.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<DeploymentListOperation> {
        Request::new(self.client)
    }

    /// Show an agent's deployment.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, agent_id: impl Into<String>) -> Request<DeploymentGetOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }

    /// Withdraw an agent's deployment: no new instances can be created; running ones continue.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn withdraw(&self, agent_id: impl Into<String>) -> Request<DeploymentWithdrawOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }
}

/// Operations of the category `query`: see [`AgoraClient::query`].
#[derive(Debug, Clone, Copy)]
pub struct QueryService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl QueryService<'_> {
    /// Find agents by capabilities, status, tier, rating and text.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn agents_request(&self) -> Request<QueryAgentsOperation> {
        Request::new(self.client)
    }

    /// Find operations with their usage statistics.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn services(&self) -> Request<QueryServicesOperation> {
        Request::new(self.client)
    }

    /// Show statistics of the marketplace: agents, messages, events, service usage.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn marketplace(&self) -> Request<QueryMarketplaceOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `discovery`: see [`AgoraClient::discovery`].
#[derive(Debug, Clone, Copy)]
pub struct DiscoveryService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl DiscoveryService<'_> {
    /// List the operations of the marketplace, with their schemas unless `schemas` is false.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<DiscoveryListOperation> {
        Request::new(self.client)
    }

    /// Show the schema of an operation; without a version, the newest active one.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn schema(&self, service: impl Into<String>) -> Request<DiscoverySchemaOperation> {
        Request::new(self.client).with::<String>("service", service.into())
    }
}

/// Operations of the category `host`: see [`AgoraClient::host`].
#[derive(Debug, Clone, Copy)]
pub struct HostService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl HostService<'_> {
    /// List hosts with their total and free resources.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<HostListOperation> {
        Request::new(self.client)
    }

    /// Show a host.
    ///
    /// - `host`: Id or name.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, host: impl Into<String>) -> Request<HostGetOperation> {
        Request::new(self.client).with::<String>("host", host.into())
    }

    /// Register a hosting agent as a host. It is asked by messages (`create_container`) to run instances.
    ///
    /// Without memory_mb or cpu_cores, that resource counts as unlimited.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `name_taken`.
    pub fn register(&self, name: impl Into<String>, agent_id: impl Into<String>) -> Request<HostRegisterOperation> {
        Request::new(self.client)
            .with::<String>("name", name.into())
            .with::<String>("agent_id", agent_id.into())
    }

    /// Change a host: close it for maintenance, reopen it, set its region.
    ///
    /// - `host`: Id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `name_taken`.
    pub fn update(&self, host: impl Into<String>) -> Request<HostUpdateOperation> {
        Request::new(self.client).with::<String>("host", host.into())
    }

    /// Remove a host. A server that still runs registers itself again.
    ///
    /// - `host`: Id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`.
    pub fn remove(&self, host: impl Into<String>) -> Request<HostRemoveOperation> {
        Request::new(self.client).with::<String>("host", host.into())
    }
}

/// Operations of the category `instance`: see [`AgoraClient::instance`].
#[derive(Debug, Clone, Copy)]
pub struct InstanceService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl InstanceService<'_> {
    /// List agents for customers, with availability, price, instances and measured performance.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn discover(&self) -> Request<InstanceDiscoverOperation> {
        Request::new(self.client)
    }

    /// Create an instance of an agent and start it.
    ///
    /// The record is created at once and its host starts the instance; `status` shows the progress. If no host can
    /// meet the requirements, the error lists what is missing. The current price applies until the notice period of a
    /// later price has ended.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`.
    pub fn create(&self, agent_id: impl Into<String>) -> Request<InstanceCreateOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }

    /// List instances, newest first.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<InstanceListOperation> {
        Request::new(self.client)
    }

    /// Show an instance: state, health, resources and bill.
    ///
    /// - `instance_id`: Id of the instance.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, instance_id: impl Into<String>) -> Request<InstanceGetOperation> {
        Request::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// Execute a request on an instance. Parameters are sent as a JSON body, with GET and DELETE as a query string.
    ///
    /// It is charged when it starts; the charge is reversed if it fails. After a timeout or a broken connection, the
    /// error has `outcome: unknown`.
    ///
    /// - `instance_id`: Instance id, or an agent's id or name to use the least busy of the caller's instances of that agent.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `illegal_transition`, `upstream_failed`, `upstream_unavailable`.
    pub fn execute(&self, instance_id: impl Into<String>) -> Request<InstanceExecuteOperation> {
        Request::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// Pause an instance: no running time is charged until it is resumed.
    ///
    /// - `instance_id`: Id of the instance.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `illegal_transition`.
    pub fn pause(&self, instance_id: impl Into<String>) -> Request<InstancePauseOperation> {
        Request::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// Resume a paused instance; restart a failed one at once.
    ///
    /// - `instance_id`: Id of the instance.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `illegal_transition`.
    pub fn resume(&self, instance_id: impl Into<String>) -> Request<InstanceResumeOperation> {
        Request::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// Terminate an instance permanently, and show its final bill.
    ///
    /// - `instance_id`: Id of the instance.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn terminate(&self, instance_id: impl Into<String>) -> Request<InstanceTerminateOperation> {
        Request::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// Read an instance's output.
    ///
    /// - `instance_id`: Id of the instance.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_unavailable`.
    pub fn logs(&self, instance_id: impl Into<String>) -> Request<InstanceLogsOperation> {
        Request::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// Stream an instance's events from its creation, or after `last_event_id`.
    ///
    /// - `instance_id`: Id of the instance.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `cursor_too_old`.
    pub fn events(&self, instance_id: impl Into<String>) -> StreamRequest<InstanceEventsOperation> {
        StreamRequest::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// List the executions on an instance, newest first.
    ///
    /// - `instance_id`: Id of the instance.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn executions(&self, instance_id: impl Into<String>) -> Request<InstanceExecutionsOperation> {
        Request::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// Scale an agent's instances automatically between a minimum and a maximum number.
    ///
    /// 0 terminates all of the account's instances of the agent, including those not created by scaling. Otherwise
    /// scaling terminates only instances that it created.
    ///
    /// Without max_instances the number is exactly min_instances. The current price applies to all of them, including
    /// later ones, until the notice period of a later price has ended.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`.
    pub fn scale(&self, agent_id: impl Into<String>) -> Request<InstanceScaleOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }

    /// Show how an agent's instances are scaled.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn scaling(&self, agent_id: impl Into<String>) -> Request<InstanceScalingOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }

    /// Back up an instance's state; use it as `restore` when creating another instance.
    ///
    /// - `instance_id`: Id of the instance.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_unavailable`.
    pub fn backup(&self, instance_id: impl Into<String>) -> Request<InstanceBackupOperation> {
        Request::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// List backups, newest first.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn backups(&self) -> Request<InstanceBackupsOperation> {
        Request::new(self.client)
    }

    /// Delete a backup.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn drop_backup(&self, backup_id: impl Into<String>) -> Request<InstanceDropBackupOperation> {
        Request::new(self.client).with::<String>("backup_id", backup_id.into())
    }

    /// Show a summary of a customer's instances and costs.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn dashboard(&self) -> Request<InstanceDashboardOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `media`: see [`AgoraClient::media`].
#[derive(Debug, Clone, Copy)]
pub struct MediaService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl MediaService<'_> {
    /// Issue a token for a room, which is created when someone joins. Does not contact the LiveKit server.
    ///
    /// - `room_name`: Name of a room, unique in the marketplace.
    /// - `identity`: Identity of the participant, unique in the room.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`.
    pub fn issue_token(
        &self,
        room_name: impl Into<String>,
        identity: impl Into<String>,
    ) -> Request<MediaIssueTokenOperation> {
        Request::new(self.client)
            .with::<String>("room_name", room_name.into())
            .with::<String>("identity", identity.into())
    }

    /// Create a room. An existing room is returned unchanged.
    ///
    /// - `room_name`: Name of a room, unique in the marketplace.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `upstream_failed`, `upstream_unavailable`.
    pub fn create_room(&self, room_name: impl Into<String>) -> Request<MediaCreateRoomOperation> {
        Request::new(self.client).with::<String>("room_name", room_name.into())
    }

    /// List the rooms by name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `upstream_failed`, `upstream_unavailable`.
    pub fn list_rooms(&self) -> Request<MediaListRoomsOperation> {
        Request::new(self.client)
    }

    /// Show a room and its participants. Raises NotFound.
    ///
    /// - `room_name`: Name of a room, unique in the marketplace.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn get_room(&self, room_name: impl Into<String>) -> Request<MediaGetRoomOperation> {
        Request::new(self.client).with::<String>("room_name", room_name.into())
    }
}

/// Operations of the category `memory`: see [`AgoraClient::memory`].
#[derive(Debug, Clone, Copy)]
pub struct MemoryService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl MemoryService<'_> {
    /// Store a value under a key, replacing any earlier one; at most 65,536 characters of JSON.
    ///
    /// Raises Conflict if `if_version` is set and the memory has another version.
    ///
    /// - `key`: Unique in its namespace; case-sensitive.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`.
    pub fn store(&self, key: impl Into<String>, value: impl Into<Value>) -> Request<MemoryStoreOperation> {
        Request::new(self.client)
            .with::<String>("key", key.into())
            .with::<Value>("value", value.into())
    }

    /// Read the value of a key. Raises NotFound.
    ///
    /// - `key`: Unique in its namespace; case-sensitive.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn recall(&self, key: impl Into<String>) -> Request<MemoryRecallOperation> {
        Request::new(self.client).with::<String>("key", key.into())
    }

    /// List the values of a namespace, in the order of the keys.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<MemoryListOperation> {
        Request::new(self.client)
    }

    /// Search keys, tags and values for words; best match first, then newest first.
    ///
    /// - `query`: Words to search for.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn search(&self, query: impl Into<String>) -> Request<MemorySearchOperation> {
        Request::new(self.client).with::<String>("query", query.into())
    }

    /// Delete the value of a key.
    ///
    /// - `key`: Unique in its namespace; case-sensitive.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn forget(&self, key: impl Into<String>) -> Request<MemoryForgetOperation> {
        Request::new(self.client).with::<String>("key", key.into())
    }
}

/// Operations of the category `migration`: see [`AgoraClient::migration`].
#[derive(Debug, Clone, Copy)]
pub struct MigrationService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl MigrationService<'_> {
    /// Run a v4 reducer call, translated to operations of this marketplace.
    ///
    /// The caller acts for the v4 agent named in the arguments: an agent's token only for itself, the scope act:any for
    /// any agent. The setting compatibility_mode determines whether such calls are accepted.
    ///
    /// - `database`: Name of the v4 database.
    /// - `reducer`: Name of the v4 reducer.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn call(&self, database: impl Into<String>, reducer: impl Into<String>) -> Request<MigrationCallOperation> {
        Request::new(self.client)
            .with::<String>("database", database.into())
            .with::<String>("reducer", reducer.into())
    }

    /// Answer `SELECT COUNT(*) FROM table` of a v4 table, or `SELECT * FROM agent_message WHERE to_agent = 'NAME'`.
    ///
    /// The second form accepts `LIMIT n OFFSET m`, returns messages in inbox order, and marks nothing as read.
    ///
    /// - `database`: Name of the v4 database.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn sql(&self, database: impl Into<String>, query: impl Into<String>) -> Request<MigrationSqlOperation> {
        Request::new(self.client)
            .with::<String>("database", database.into())
            .with::<String>("query", query.into())
    }

    /// Switch an agent from v4 to v5 or back. Returns its registration with the token for v5 calls.
    ///
    /// An agent known from v4 calls or an import keeps its id, messages and tasks; an unknown agent is registered.
    ///
    /// - `agent_name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `name_taken`, `illegal_transition`.
    pub fn switch(&self, agent_name: impl Into<String>) -> Request<MigrationSwitchOperation> {
        Request::new(self.client).with::<String>("agent_name", agent_name.into())
    }

    /// Show the progress of the migration, the next step, and recent v4 calls.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn report(&self) -> Request<MigrationReportOperation> {
        Request::new(self.client)
    }

    /// Start importing a v4 export, or resume an unfinished import of the same file.
    ///
    /// - `database`: Name of the v4 database.
    /// - `digest`: SHA-256 of the file.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn begin_import(
        &self,
        database: impl Into<String>,
        digest: impl Into<String>,
    ) -> Request<MigrationBeginImportOperation> {
        Request::new(self.client)
            .with::<String>("database", database.into())
            .with::<String>("digest", digest.into())
    }

    /// Import rows of one v4 table atomically. The error names the first invalid row.
    ///
    /// A workflow row includes its steps in the field `steps`. A row that already exists, from an earlier import or
    /// from a call with the same id and content, is left unchanged.
    ///
    /// - `run_id`: Id of the import; omitted for a dry run.
    /// - `position`: Number of the first row in its table, from 0.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`, `stale_lease`.
    pub fn import_rows(
        &self,
        run_id: impl Into<String>,
        table: impl Into<String>,
        position: i64,
        rows: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Request<MigrationImportRowsOperation> {
        Request::new(self.client)
            .with::<String>("run_id", run_id.into())
            .with::<String>("table", table.into())
            .with("position", position)
            .with::<Vec<Value>>("rows", rows.into_iter().map(Into::into).collect())
    }

    /// End an import. Importing the same file again starts over and changes nothing.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn finish_import(&self, run_id: impl Into<String>) -> Request<MigrationFinishImportOperation> {
        Request::new(self.client).with::<String>("run_id", run_id.into())
    }

    /// Roll back a part of an import; repeat until nothing remains.
    ///
    /// Messages are deleted, open tasks cancelled, workflows terminated, capabilities withdrawn and agents
    /// deregistered, unless they were active since: switched to v5, made a call, or received messages that were not
    /// imported.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn rollback_import(&self, run_id: impl Into<String>) -> Request<MigrationRollbackImportOperation> {
        Request::new(self.client).with::<String>("run_id", run_id.into())
    }

    /// List imports, newest first.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list_imports(&self) -> Request<MigrationListImportsOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `model_provider`: see [`AgoraClient::model_provider`].
#[derive(Debug, Clone, Copy)]
pub struct ModelProviderService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl ModelProviderService<'_> {
    /// Add or change a provider with an OpenAI-compatible (chat completions) or Anthropic-compatible (messages)
    /// API.
    ///
    /// - `name`: Name of the provider: the part of a model's name before the colon.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn set(&self, name: impl Into<String>) -> Request<ModelProviderSetOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// List the providers by name, without their keys.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<ModelProviderListOperation> {
        Request::new(self.client)
    }

    /// Delete a provider and its key. Agents that use its models stop working.
    ///
    /// - `name`: Name of the provider: the part of a model's name before the colon.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn delete(&self, name: impl Into<String>) -> Request<ModelProviderDeleteOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }
}

/// Operations of the category `worker`: see [`AgoraClient::worker`].
#[derive(Debug, Clone, Copy)]
pub struct WorkerService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl WorkerService<'_> {
    /// Register or update a worker; default capabilities: the caller's. Ends draining.
    ///
    /// - `worker_name`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn register(&self, worker_name: impl Into<String>) -> Request<WorkerRegisterOperation> {
        Request::new(self.client).with::<String>("worker_name", worker_name.into())
    }

    /// Unregister a worker: its claimed tasks are requeued at once.
    ///
    /// - `worker_id`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `illegal_transition`.
    pub fn unregister(&self, worker_id: impl Into<String>) -> Request<WorkerUnregisterOperation> {
        Request::new(self.client).with::<String>("worker_id", worker_id.into())
    }

    /// List workers: your own; operators see all.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<WorkerListOperation> {
        Request::new(self.client)
    }

    /// Show one of your workers; operators can read all.
    ///
    /// - `worker_id`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, worker_id: impl Into<String>) -> Request<WorkerGetOperation> {
        Request::new(self.client).with::<String>("worker_id", worker_id.into())
    }

    /// Send a heartbeat for a worker. Claims count as heartbeats, too.
    ///
    /// - `worker_id`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn heartbeat(&self, worker_id: impl Into<String>) -> Request<WorkerHeartbeatOperation> {
        Request::new(self.client).with::<String>("worker_id", worker_id.into())
    }

    /// Drain a worker: it takes no more tasks and finishes its current ones. Registering it again ends draining.
    ///
    /// `agora worker run` exits after the last task, for a supervisor to restart it. Queued tasks wait.
    ///
    /// - `worker_id`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn drain(&self, worker_id: impl Into<String>) -> Request<WorkerDrainOperation> {
        Request::new(self.client).with::<String>("worker_id", worker_id.into())
    }

    /// Report that a worker's account has reached its usage limit. Applies to all workers of that account.
    ///
    /// - `worker_id`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn report_limit(&self, worker_id: impl Into<String>) -> Request<WorkerReportLimitOperation> {
        Request::new(self.client).with::<String>("worker_id", worker_id.into())
    }

    /// Stream tasks that a worker can claim as they become available, and changes of the worker itself.
    ///
    /// Server-sent events: `connected` first, then `task_available`, `worker_updated`, and `heartbeat` every 30
    /// seconds (twice heartbeat_interval). Arguments may be sent as headers: X-Worker-ID, X-Agent-Name, X-Capabilities,
    /// X-Codebases, Last-Event-ID.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `cursor_too_old`.
    pub fn stream(&self) -> StreamRequest<WorkerStreamOperation> {
        StreamRequest::new(self.client)
    }

    /// Complete, fail or release a claimed task.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn finish_task(&self, task_id: impl Into<String>, fencing_token: i64) -> Request<WorkerFinishTaskOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
    }
}

/// Operations of the category `monitor`: see [`AgoraClient::monitor`].
#[derive(Debug, Clone, Copy)]
pub struct MonitorService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl MonitorService<'_> {
    /// Show statistics: agents, tasks, calls per minute, errors, cost today.
    ///
    /// Errors beside those of any operation: none.
    pub fn stats(&self) -> Request<MonitorStatsOperation> {
        Request::new(self.client)
    }

    /// List agents with their current tasks and pending messages.
    ///
    /// Errors beside those of any operation: `not_found`.
    pub fn agents(&self) -> Request<MonitorAgentsOperation> {
        Request::new(self.client)
    }

    /// List workers: your own; operators see all.
    ///
    /// Errors beside those of any operation: `not_found`.
    pub fn workers(&self) -> Request<MonitorWorkersOperation> {
        Request::new(self.client)
    }

    /// Read the message log, newest first.
    ///
    /// Errors beside those of any operation: none.
    pub fn messages(&self) -> Request<MonitorMessagesOperation> {
        Request::new(self.client)
    }

    /// Search message texts, newest first.
    ///
    /// - `q`: Words that must all be in the text.
    ///
    /// Errors beside those of any operation: none.
    pub fn search(&self, q: impl Into<String>) -> Request<MonitorSearchOperation> {
        Request::new(self.client).with::<String>("q", q.into())
    }

    /// Count messages. The count is a lower bound above 10,000, or if too many rows would have to be scanned.
    ///
    /// Errors beside those of any operation: none.
    pub fn count(&self) -> Request<MonitorCountOperation> {
        Request::new(self.client)
    }

    /// Export all matching messages, oldest first, as a JSON or CSV file or as a finite stream.
    ///
    /// Errors beside those of any operation: none.
    pub fn export(&self) -> StreamRequest<MonitorExportOperation> {
        StreamRequest::new(self.client)
    }

    /// Stream live events of messages, agents and tasks; all events unless types are given.
    ///
    /// Errors beside those of any operation: `not_found`, `cursor_too_old`.
    pub fn stream(&self) -> StreamRequest<MonitorStreamOperation> {
        StreamRequest::new(self.client)
    }

    /// Intervene as a person: send an agent a message, or pause, resume or terminate it.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn intervene(&self, agent_id: impl Into<String>) -> Request<MonitorInterveneOperation> {
        Request::new(self.client).with::<String>("agent_id", agent_id.into())
    }
}

/// Operations of the category `orchestrator`: see [`AgoraClient::orchestrator`].
#[derive(Debug, Clone, Copy)]
pub struct OrchestratorService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl OrchestratorService<'_> {
    /// Send a request in natural language. Fixed rules interpret it, or a model if the setting chat_agent names an
    /// agent.
    ///
    /// Finding, describing and counting need the scope read:agents; registering needs write:agents and returns the
    /// agent's token.
    ///
    /// - `message`: Request in natural language.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`, `upstream_unavailable`.
    pub fn chat(&self, message: impl Into<String>) -> Request<OrchestratorChatOperation> {
        Request::new(self.client).with::<String>("message", message.into())
    }

    /// Search agents by words, capability, name, industry, price, rating and state, as the chat does.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn search_agents(&self) -> Request<OrchestratorSearchAgentsOperation> {
        Request::new(self.client)
    }

    /// Show an agent by id, alias or name, else the best search match.
    ///
    /// - `ref`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get_agent(&self, r#ref: impl Into<String>) -> Request<OrchestratorGetAgentOperation> {
        Request::new(self.client).with::<String>("ref", r#ref.into())
    }

    /// Search the apps of the marketplace; best matches first.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn search_apps(&self) -> Request<OrchestratorSearchAppsOperation> {
        Request::new(self.client)
    }

    /// Register an agent like agora.agent.register, with the parameter names of the chat.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `name_taken`, `illegal_transition`.
    pub fn register_agent(&self, name: impl Into<String>) -> Request<OrchestratorRegisterAgentOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Count agents, applications or distinct capabilities.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get_marketplace_stats(&self) -> Request<OrchestratorGetMarketplaceStatsOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `upstream`: see [`AgoraClient::upstream`].
#[derive(Debug, Clone, Copy)]
pub struct UpstreamService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl UpstreamService<'_> {
    /// Add an upstream MCP server by URL, and offer its tools as `name.tool`.
    ///
    /// A URL that resolves to a private or loopback address is rejected unless the server's settings allow it.
    /// Upstreams started by a command are configured only on the server (setting `mcp_config`). With `oauth`, the
    /// authorization server is discovered now; call `authorize` next.
    ///
    /// - `name`: Name of the upstream and prefix of its tools: lower-case letters, digits, hyphens.
    /// - `url`: URL of its streamable HTTP endpoint.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `name_taken`, `upstream_failed`, `upstream_unavailable`.
    pub fn add(&self, name: impl Into<String>, url: impl Into<String>) -> Request<UpstreamAddOperation> {
        Request::new(self.client)
            .with::<String>("name", name.into())
            .with::<String>("url", url.into())
    }

    /// List the upstreams by name, each with the state of its connection.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<UpstreamListOperation> {
        Request::new(self.client)
    }

    /// Show an upstream with its items, and the reason why an item is unusable.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, upstream: impl Into<String>) -> Request<UpstreamGetOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Refresh an upstream's items; changed definitions are quarantined.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_unavailable`.
    pub fn refresh(&self, upstream: impl Into<String>) -> Request<UpstreamRefreshOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Accept changed definitions: they are pinned and can be used again.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn accept(&self, upstream: impl Into<String>) -> Request<UpstreamAcceptOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Remove an upstream with its items, and close its connection.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn remove(&self, upstream: impl Into<String>) -> Request<UpstreamRemoveOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Start an OAuth authorization at an upstream. Open the returned URL in a browser.
    ///
    /// The browser is redirected back to this server, where the person must be signed in as the user who started the
    /// authorization. With client credentials (`machine`) there is no URL: the token is requested at once.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn authorize(&self, upstream: impl Into<String>) -> Request<UpstreamAuthorizeOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Finish an authorization with the parameters of the OAuth callback; once, by the caller who started it.
    ///
    /// - `state`: From the callback.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn finish_authorization(&self, state: impl Into<String>) -> Request<UpstreamFinishAuthorizationOperation> {
        Request::new(self.client).with::<String>("state", state.into())
    }

    /// Delete an authorization, and revoke its token if the authorization server supports it.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn deauthorize(&self, upstream: impl Into<String>) -> Request<UpstreamDeauthorizeOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Call a tool of an upstream and return its unchanged result.
    ///
    /// A failed tool returns `is_error`. After a timeout or a broken connection, the error has `outcome: unknown`:
    /// the tool may have done its work.
    ///
    /// - `upstream`: Name or id of the upstream.
    /// - `tool`: Name of the tool at the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `illegal_transition`, `stale_lease`, `upstream_failed`, `upstream_unavailable`, `upstream_authorization_required`.
    pub fn call(&self, upstream: impl Into<String>, tool: impl Into<String>) -> Request<UpstreamCallOperation> {
        Request::new(self.client)
            .with::<String>("upstream", upstream.into())
            .with::<String>("tool", tool.into())
    }

    /// Read a resource of an upstream by a listed URI or one that matches a listed template.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`, `upstream_authorization_required`.
    pub fn read(&self, upstream: impl Into<String>, uri: impl Into<String>) -> Request<UpstreamReadOperation> {
        Request::new(self.client)
            .with::<String>("upstream", upstream.into())
            .with::<String>("uri", uri.into())
    }

    /// Get a prompt of an upstream, filled in with arguments.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`, `upstream_authorization_required`.
    pub fn prompt(&self, upstream: impl Into<String>, prompt: impl Into<String>) -> Request<UpstreamPromptOperation> {
        Request::new(self.client)
            .with::<String>("upstream", upstream.into())
            .with::<String>("prompt", prompt.into())
    }

    /// Get the upstream's completions of an argument of a prompt or resource template.
    ///
    /// - `upstream`: Name or id of the upstream.
    /// - `kind`: Kind of item with the argument.
    /// - `name`: Name of a prompt, or URI template.
    /// - `argument`: Its argument.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`, `upstream_authorization_required`.
    pub fn complete(
        &self,
        upstream: impl Into<String>,
        kind: impl Into<String>,
        name: impl Into<String>,
        argument: impl Into<String>,
    ) -> Request<UpstreamCompleteOperation> {
        Request::new(self.client)
            .with::<String>("upstream", upstream.into())
            .with::<String>("kind", kind.into())
            .with::<String>("name", name.into())
            .with::<String>("argument", argument.into())
    }
}

/// Operations of the category `registry`: see [`AgoraClient::registry`].
#[derive(Debug, Clone, Copy)]
pub struct RegistryService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl RegistryService<'_> {
    /// List the MCP servers that can be reached through this server.
    ///
    /// Each entry points to an endpoint of this server that offers only the tools of that MCP server.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<RegistryListOperation> {
        Request::new(self.client)
    }

    /// List the versions of a server: only the running one.
    ///
    /// - `server_name`: Name of a server in the registry; in a path, the slash may be encoded as %2F.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn versions(&self, server_name: impl Into<String>) -> Request<RegistryVersionsOperation> {
        Request::new(self.client).with::<String>("server_name", server_name.into())
    }

    /// Show a version of a server.
    ///
    /// - `server_name`: Name of a server in the registry; in a path, the slash may be encoded as %2F.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, server_name: impl Into<String>) -> Request<RegistryGetOperation> {
        Request::new(self.client).with::<String>("server_name", server_name.into())
    }

    /// Add an MCP server described by a server.json as an upstream, using its streamable-http remote.
    ///
    /// Packages are not imported, because they would run code on this server. To run one, an operator adds its command
    /// to the file of the setting `mcp_config`.
    ///
    /// - `server`: A server.json, or an entry of a registry that holds one.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `name_taken`, `upstream_failed`, `upstream_unavailable`.
    pub fn import(&self, server: impl Into<Value>) -> Request<RegistryImportOperation> {
        Request::new(self.client).with::<Value>("server", server.into())
    }
}

/// Operations of the category `runtime`: see [`AgoraClient::runtime`].
#[derive(Debug, Clone, Copy)]
pub struct RuntimeService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl RuntimeService<'_> {
    /// Show whether an agent is available, and the number of projects and sessions that the caller may read.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn status(&self) -> Request<RuntimeStatusOperation> {
        Request::new(self.client)
    }

    /// List the directories of workers.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn projects(&self) -> Request<RuntimeProjectsOperation> {
        Request::new(self.client)
    }

    /// List the sessions of all projects, latest first: those of your workers and jobs; operators see all.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn sessions(&self) -> Request<RuntimeSessionsOperation> {
        Request::new(self.client)
    }

    /// Show a session by its id; the latest one, if several workers use the same id.
    ///
    /// - `session_id`: Session id assigned by the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn session(&self, session_id: impl Into<String>) -> Request<RuntimeSessionOperation> {
        Request::new(self.client).with::<String>("session_id", session_id.into())
    }

    /// Read the messages of a session, oldest first unless `descending`.
    ///
    /// - `session_id`: Session id assigned by the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn messages(&self, session_id: impl Into<String>) -> Request<RuntimeMessagesOperation> {
        Request::new(self.client).with::<String>("session_id", session_id.into())
    }

    /// List the parts of a session's messages; `limit` counts messages.
    ///
    /// - `session_id`: Session id assigned by the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn parts(&self, session_id: impl Into<String>) -> Request<RuntimePartsOperation> {
        Request::new(self.client).with::<String>("session_id", session_id.into())
    }

    /// List the models that agents of online workers are logged in to.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn models(&self) -> Request<RuntimeModelsOperation> {
        Request::new(self.client)
    }
}

/// Operations of the category `tenant`: see [`AgoraClient::tenant`].
#[derive(Debug, Clone, Copy)]
pub struct TenantService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl TenantService<'_> {
    /// Create a tenant and its first admin key.
    ///
    /// - `tenant_id`: Id of a tenant: lower-case letters, digits and inner hyphens.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`.
    pub fn create(&self, tenant_id: impl Into<String>) -> Request<TenantCreateOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// List the tenants by id.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<TenantListOperation> {
        Request::new(self.client)
    }

    /// Show a tenant; administrators of a tenant see their own.
    ///
    /// - `tenant_id`: Id of a tenant: lower-case letters, digits and inner hyphens.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, tenant_id: impl Into<String>) -> Request<TenantGetOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Change a tenant's name or metadata.
    ///
    /// - `tenant_id`: Id of a tenant: lower-case letters, digits and inner hyphens.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn update(&self, tenant_id: impl Into<String>) -> Request<TenantUpdateOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Suspend a tenant: its callers are refused until it is resumed, and its streams are closed. Data is kept.
    ///
    /// - `tenant_id`: Id of a tenant: lower-case letters, digits and inner hyphens.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn suspend(&self, tenant_id: impl Into<String>) -> Request<TenantSuspendOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Resume a suspended tenant.
    ///
    /// - `tenant_id`: Id of a tenant: lower-case letters, digits and inner hyphens.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn resume(&self, tenant_id: impl Into<String>) -> Request<TenantResumeOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Create another admin key for a tenant, for example if the first was lost.
    ///
    /// - `tenant_id`: Id of a tenant: lower-case letters, digits and inner hyphens.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn create_key(&self, tenant_id: impl Into<String>) -> Request<TenantCreateKeyOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Permanently delete a suspended tenant with all its data. Its id is not reused.
    ///
    /// - `tenant_id`: Id of a tenant: lower-case letters, digits and inner hyphens.
    /// - `confirm`: The tenant's id, as confirmation: all its data is erased permanently.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn delete(&self, tenant_id: impl Into<String>, confirm: impl Into<String>) -> Request<TenantDeleteOperation> {
        Request::new(self.client)
            .with::<String>("tenant_id", tenant_id.into())
            .with::<String>("confirm", confirm.into())
    }
}

/// Operations of the category `token_billing`: see [`AgoraClient::token_billing`].
#[derive(Debug, Clone, Copy)]
pub struct TokenBillingService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl TokenBillingService<'_> {
    /// Show a month's model calls by model, for the caller's account; for operators, by default for all accounts.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn summary(&self) -> Request<TokenBillingSummaryOperation> {
        Request::new(self.client)
    }

    /// List model calls, newest first: those paid by the caller's account or made by the caller.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn recent(&self) -> Request<TokenBillingRecentOperation> {
        Request::new(self.client)
    }

    /// Report a model call made by an agent. A model without a price is refused and nothing is recorded.
    ///
    /// The task's account pays if it is the reporter's own account or the reporter has the scope meter:billing.
    /// Otherwise the reporter's account pays, so that a report cannot charge others.
    ///
    /// - `call_key`: Unique id of the call. A repeated report is charged once.
    /// - `provider`: The provider: the part of a model's name before the colon.
    /// - `model`: Model name as used by the provider; '*' for all models of the provider.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`.
    pub fn report(
        &self,
        call_key: impl Into<String>,
        provider: impl Into<String>,
        model: impl Into<String>,
        tokens: ModelTokens,
    ) -> Request<TokenBillingReportOperation> {
        Request::new(self.client)
            .with::<String>("call_key", call_key.into())
            .with::<String>("provider", provider.into())
            .with::<String>("model", model.into())
            .with("tokens", tokens)
    }

    /// Check whether an account's budget and credit allow model calls now.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn budget(&self) -> Request<TokenBillingBudgetOperation> {
        Request::new(self.client)
    }

    /// Add credit in USD to an account, like agora.billing.credit.
    ///
    /// - `amount_cents`: Amount in US cents.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`.
    pub fn credits(&self, amount_cents: i64) -> Request<TokenBillingCreditsOperation> {
        Request::new(self.client).with("amount_cents", amount_cents)
    }

    /// Set the billing model and the USD budget of an account.
    ///
    /// - `billing_model`: prepaid: calls beyond the credit are refused. metered: usage is invoiced.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn billing_model(&self, billing_model: impl Into<String>) -> Request<TokenBillingBillingModelOperation> {
        Request::new(self.client).with::<String>("billing_model", billing_model.into())
    }

    /// Set or remove an account's monthly limit in USD. The billing model is unchanged.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn spending_limit(&self) -> Request<TokenBillingSpendingLimitOperation> {
        Request::new(self.client)
    }

    /// List model prices: prices set by operators first, then those shipped with the server; or the price of one
    /// model.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn pricing(&self) -> Request<TokenBillingPricingOperation> {
        Request::new(self.client)
    }

    /// Set a model's price, overriding the price shipped with the server. Zero makes it explicitly free.
    ///
    /// - `provider`: The provider: the part of a model's name before the colon.
    /// - `model`: Model name as used by the provider; '*' for all models of the provider.
    /// - `input_cost_per_m`: Per million input tokens.
    /// - `output_cost_per_m`: Per million output tokens.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn set_price(
        &self,
        provider: impl Into<String>,
        model: impl Into<String>,
        input_cost_per_m: f64,
        output_cost_per_m: f64,
    ) -> Request<TokenBillingSetPriceOperation> {
        Request::new(self.client)
            .with::<String>("provider", provider.into())
            .with::<String>("model", model.into())
            .with("input_cost_per_m", input_cost_per_m)
            .with("output_cost_per_m", output_cost_per_m)
    }

    /// Delete a price set by an operator and return to the price shipped with the server.
    ///
    /// - `provider`: The provider: the part of a model's name before the colon.
    /// - `model`: Model name as used by the provider; '*' for all models of the provider.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn delete_price(
        &self,
        provider: impl Into<String>,
        model: impl Into<String>,
    ) -> Request<TokenBillingDeletePriceOperation> {
        Request::new(self.client)
            .with::<String>("provider", provider.into())
            .with::<String>("model", model.into())
    }
}

/// Operations of the category `token`: see [`AgoraClient::token`].
#[derive(Debug, Clone, Copy)]
pub struct TokenService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl TokenService<'_> {
    /// Create an API key or an enrolment token.
    ///
    /// - `label`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn create(&self, label: impl Into<String>) -> Request<TokenCreateOperation> {
        Request::new(self.client).with::<String>("label", label.into())
    }

    /// List the keys, newest first, without their secrets.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<TokenListOperation> {
        Request::new(self.client)
    }

    /// Revoke a key at once; open streams that use it are closed.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn revoke(&self, token_id: impl Into<String>) -> Request<TokenRevokeOperation> {
        Request::new(self.client).with::<String>("token_id", token_id.into())
    }
}

/// Operations of the category `transcript`: see [`AgoraClient::transcript`].
#[derive(Debug, Clone, Copy)]
pub struct TranscriptService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl TranscriptService<'_> {
    /// Search the messages of sessions that the caller may read, latest first.
    ///
    /// - `q`: Words that must all be in the message.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn search(&self, q: impl Into<String>) -> Request<TranscriptSearchOperation> {
        Request::new(self.client).with::<String>("q", q.into())
    }

    /// Export a session as Markdown or JSON; `limit` counts messages.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Session id assigned by the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn export(
        &self,
        codebase_id: impl Into<String>,
        session_id: impl Into<String>,
    ) -> Request<TranscriptExportOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }

    /// Delete a session and its messages. Allowed for the codebase's worker, the session's requester and
    /// operators.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Session id assigned by the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn forget(
        &self,
        codebase_id: impl Into<String>,
        session_id: impl Into<String>,
    ) -> Request<TranscriptForgetOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }

    /// Show the participants of a job: requester, answers to permission requests, comments and reviews.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn participants(&self, task_id: impl Into<String>) -> Request<TranscriptParticipantsOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }
}

/// Operations of the category `turn`: see [`AgoraClient::turn`].
#[derive(Debug, Clone, Copy)]
pub struct TurnService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl TurnService<'_> {
    /// List the turns of a job and of later jobs in its worktree, in order.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self, job_id: impl Into<String>) -> Request<TurnListOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Show what rewinding to the end of a turn would change.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `number`: Number of the turn, from 1.
    ///
    /// Errors beside those of any operation: `halted`, `payload_too_large`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn preview(&self, job_id: impl Into<String>, number: i64) -> Request<TurnPreviewOperation> {
        Request::new(self.client)
            .with::<String>("job_id", job_id.into())
            .with("number", number)
    }

    /// Rewind the conversation, the files or both, in a new job of the worker that has them.
    ///
    /// Without a prompt, only files can be rewound. The state before rewinding is kept as a checkpoint.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `number`: Number of the turn, from 1.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn rewind(&self, job_id: impl Into<String>, number: i64) -> Request<TurnRewindOperation> {
        Request::new(self.client)
            .with::<String>("job_id", job_id.into())
            .with("number", number)
    }

    /// Start a new job on a new branch from the turn's files and conversation.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `number`: Number of the turn, from 1.
    /// - `prompt`: Prompt for the agent in the fork.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn fork(
        &self,
        job_id: impl Into<String>,
        number: i64,
        prompt: impl Into<String>,
    ) -> Request<TurnForkOperation> {
        Request::new(self.client)
            .with::<String>("job_id", job_id.into())
            .with("number", number)
            .with::<String>("prompt", prompt.into())
    }

    /// Record a finished turn, as the worker of the job. A repeated call replaces it.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `fencing_token`: The claim's fencing token.
    /// - `number`: Number of the turn, from 1.
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Session id assigned by the coding agent.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn record(
        &self,
        job_id: impl Into<String>,
        task_id: impl Into<String>,
        fencing_token: i64,
        number: i64,
        codebase_id: impl Into<String>,
        session_id: impl Into<String>,
    ) -> Request<TurnRecordOperation> {
        Request::new(self.client)
            .with::<String>("job_id", job_id.into())
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
            .with("number", number)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }
}

/// Operations of the category `user`: see [`AgoraClient::user`].
#[derive(Debug, Clone, Copy)]
pub struct UserService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl UserService<'_> {
    /// List SSO users by name.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<UserListOperation> {
        Request::new(self.client)
    }

    /// Show a user.
    ///
    /// - `user_id`: Id of the user.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, user_id: impl Into<String>) -> Request<UserGetOperation> {
        Request::new(self.client).with::<String>("user_id", user_id.into())
    }

    /// Change a user's role or limits, or block or unblock the user. Takes effect at once.
    ///
    /// - `user_id`: Id of the user.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn update(&self, user_id: impl Into<String>) -> Request<UserUpdateOperation> {
        Request::new(self.client).with::<String>("user_id", user_id.into())
    }
}

/// Operations of the category `virtual_server`: see [`AgoraClient::virtual_server`].
#[derive(Debug, Clone, Copy)]
pub struct VirtualServerService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl VirtualServerService<'_> {
    /// Create a virtual MCP server: a named set of tools, served at `/mcp/servers/NAME`.
    ///
    /// Tools of upstreams and agents may be named before they exist. A caller can use those tools that its credential
    /// allows; a key of the server can call exactly the tools of the set.
    ///
    /// - `name`: Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores.
    /// - `tools`: Tool names, with dots or underscores: operations, tools of upstreams (far.echo) and of agents (Dolly.shout).
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`.
    pub fn create(
        &self,
        name: impl Into<String>,
        tools: impl IntoIterator<Item = impl Into<String>>,
    ) -> Request<VirtualServerCreateOperation> {
        Request::new(self.client)
            .with::<String>("name", name.into())
            .with::<Vec<String>>("tools", tools.into_iter().map(Into::into).collect())
    }

    /// List the virtual servers by name.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<VirtualServerListOperation> {
        Request::new(self.client)
    }

    /// Show a virtual server with the names of its tools.
    ///
    /// - `name`: Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, name: impl Into<String>) -> Request<VirtualServerGetOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Change a virtual server; omitted fields are unchanged. Its clients are notified that the tool list has
    /// changed.
    ///
    /// - `name`: Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn update(&self, name: impl Into<String>) -> Request<VirtualServerUpdateOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Delete a virtual server and revoke its keys.
    ///
    /// - `name`: Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn delete(&self, name: impl Into<String>) -> Request<VirtualServerDeleteOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Create a key that can only call the tools of one virtual server at its URL.
    ///
    /// - `name`: Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores.
    /// - `label`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn create_key(
        &self,
        name: impl Into<String>,
        label: impl Into<String>,
    ) -> Request<VirtualServerCreateKeyOperation> {
        Request::new(self.client)
            .with::<String>("name", name.into())
            .with::<String>("label", label.into())
    }
}

/// Operations of the category `worktree`: see [`AgoraClient::worktree`].
#[derive(Debug, Clone, Copy)]
pub struct WorktreeService<'a> {
    pub(crate) client: &'a AgoraClient,
}

impl WorktreeService<'_> {
    /// Show the disk usage of a codebase's worktrees, and what a clean-up would remove or keep, and why.
    ///
    /// - `codebase_id`: Id of a codebase, or its name if it is unique among yours.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `conflict`.
    pub fn list(&self, codebase_id: impl Into<String>) -> Request<WorktreeListOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Report the worktrees of a codebase, as its worker.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `worktrees`: Objects with job_id, bytes, last_used_at and verdict.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn report(
        &self,
        codebase_id: impl Into<String>,
        worktrees: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Request<WorktreeReportOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<Vec<Value>>("worktrees", worktrees.into_iter().map(Into::into).collect())
    }

    /// Let the worker remove worktrees. It checks each again and keeps those with unmerged work.
    ///
    /// The task's result has `removed` (ids), `left` (ids with reasons) and `bytes`.
    ///
    /// - `codebase_id`: Id of a codebase, or its name if it is unique among yours.
    /// - `job_ids`: Worktrees to remove.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn clean(
        &self,
        codebase_id: impl Into<String>,
        job_ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Request<WorktreeCleanOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<Vec<String>>("job_ids", job_ids.into_iter().map(Into::into).collect())
    }
}

/// The operations of the marketplace, by category.
impl AgoraClient {
    /// Operations of the category `messaging`.
    #[must_use]
    pub fn messaging(&self) -> MessagingService<'_> {
        MessagingService { client: self }
    }

    /// Operations of the category `event`.
    #[must_use]
    pub fn event(&self) -> EventService<'_> {
        EventService { client: self }
    }

    /// Operations of the category `task`.
    #[must_use]
    pub fn task(&self) -> TaskService<'_> {
        TaskService { client: self }
    }

    /// Operations of the category `billing`.
    #[must_use]
    pub fn billing(&self) -> BillingService<'_> {
        BillingService { client: self }
    }

    /// Operations of the category `a2a`.
    #[must_use]
    pub fn a2a(&self) -> A2aService<'_> {
        A2aService { client: self }
    }

    /// Operations of the category `admin`.
    #[must_use]
    pub fn admin(&self) -> AdminService<'_> {
        AdminService { client: self }
    }

    /// Operations of the category `agent`.
    #[must_use]
    pub fn agent(&self) -> AgentService<'_> {
        AgentService { client: self }
    }

    /// Operations of the category `declared_agent`.
    #[must_use]
    pub fn declared_agent(&self) -> DeclaredAgentService<'_> {
        DeclaredAgentService { client: self }
    }

    /// Operations of the category `workflow`.
    #[must_use]
    pub fn workflow(&self) -> WorkflowService<'_> {
        WorkflowService { client: self }
    }

    /// Operations of the category `app`.
    #[must_use]
    pub fn app(&self) -> AppService<'_> {
        AppService { client: self }
    }

    /// Operations of the category `codebase`.
    #[must_use]
    pub fn codebase(&self) -> CodebaseService<'_> {
        CodebaseService { client: self }
    }

    /// Operations of the category `session`.
    #[must_use]
    pub fn session(&self) -> SessionService<'_> {
        SessionService { client: self }
    }

    /// Operations of the category `follow_up`.
    #[must_use]
    pub fn follow_up(&self) -> FollowUpService<'_> {
        FollowUpService { client: self }
    }

    /// Operations of the category `review`.
    #[must_use]
    pub fn review(&self) -> ReviewService<'_> {
        ReviewService { client: self }
    }

    /// Operations of the category `attempt`.
    #[must_use]
    pub fn attempt(&self) -> AttemptService<'_> {
        AttemptService { client: self }
    }

    /// Operations of the category `auth`.
    #[must_use]
    pub fn auth(&self) -> AuthService<'_> {
        AuthService { client: self }
    }

    /// Operations of the category `bus`.
    #[must_use]
    pub fn bus(&self) -> BusService<'_> {
        BusService { client: self }
    }

    /// Operations of the category `conversation`.
    #[must_use]
    pub fn conversation(&self) -> ConversationService<'_> {
        ConversationService { client: self }
    }

    /// Operations of the category `dead_letter`.
    #[must_use]
    pub fn dead_letter(&self) -> DeadLetterService<'_> {
        DeadLetterService { client: self }
    }

    /// Operations of the category `deployment`.
    #[must_use]
    pub fn deployment(&self) -> DeploymentService<'_> {
        DeploymentService { client: self }
    }

    /// Operations of the category `query`.
    #[must_use]
    pub fn query(&self) -> QueryService<'_> {
        QueryService { client: self }
    }

    /// Operations of the category `discovery`.
    #[must_use]
    pub fn discovery(&self) -> DiscoveryService<'_> {
        DiscoveryService { client: self }
    }

    /// Operations of the category `host`.
    #[must_use]
    pub fn host(&self) -> HostService<'_> {
        HostService { client: self }
    }

    /// Operations of the category `instance`.
    #[must_use]
    pub fn instance(&self) -> InstanceService<'_> {
        InstanceService { client: self }
    }

    /// Operations of the category `media`.
    #[must_use]
    pub fn media(&self) -> MediaService<'_> {
        MediaService { client: self }
    }

    /// Operations of the category `memory`.
    #[must_use]
    pub fn memory(&self) -> MemoryService<'_> {
        MemoryService { client: self }
    }

    /// Operations of the category `migration`.
    #[must_use]
    pub fn migration(&self) -> MigrationService<'_> {
        MigrationService { client: self }
    }

    /// Operations of the category `model_provider`.
    #[must_use]
    pub fn model_provider(&self) -> ModelProviderService<'_> {
        ModelProviderService { client: self }
    }

    /// Operations of the category `worker`.
    #[must_use]
    pub fn worker(&self) -> WorkerService<'_> {
        WorkerService { client: self }
    }

    /// Operations of the category `monitor`.
    #[must_use]
    pub fn monitor(&self) -> MonitorService<'_> {
        MonitorService { client: self }
    }

    /// Operations of the category `orchestrator`.
    #[must_use]
    pub fn orchestrator(&self) -> OrchestratorService<'_> {
        OrchestratorService { client: self }
    }

    /// Operations of the category `upstream`.
    #[must_use]
    pub fn upstream(&self) -> UpstreamService<'_> {
        UpstreamService { client: self }
    }

    /// Operations of the category `registry`.
    #[must_use]
    pub fn registry(&self) -> RegistryService<'_> {
        RegistryService { client: self }
    }

    /// Operations of the category `runtime`.
    #[must_use]
    pub fn runtime(&self) -> RuntimeService<'_> {
        RuntimeService { client: self }
    }

    /// Operations of the category `tenant`.
    #[must_use]
    pub fn tenant(&self) -> TenantService<'_> {
        TenantService { client: self }
    }

    /// Operations of the category `token_billing`.
    #[must_use]
    pub fn token_billing(&self) -> TokenBillingService<'_> {
        TokenBillingService { client: self }
    }

    /// Operations of the category `token`.
    #[must_use]
    pub fn token(&self) -> TokenService<'_> {
        TokenService { client: self }
    }

    /// Operations of the category `transcript`.
    #[must_use]
    pub fn transcript(&self) -> TranscriptService<'_> {
        TranscriptService { client: self }
    }

    /// Operations of the category `turn`.
    #[must_use]
    pub fn turn(&self) -> TurnService<'_> {
        TurnService { client: self }
    }

    /// Operations of the category `user`.
    #[must_use]
    pub fn user(&self) -> UserService<'_> {
        UserService { client: self }
    }

    /// Operations of the category `virtual_server`.
    #[must_use]
    pub fn virtual_server(&self) -> VirtualServerService<'_> {
        VirtualServerService { client: self }
    }

    /// Operations of the category `worktree`.
    #[must_use]
    pub fn worktree(&self) -> WorktreeService<'_> {
        WorktreeService { client: self }
    }
}
