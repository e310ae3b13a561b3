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
    /// The receipt is sent after the commit. A message to a name not registered yet is held until it registers.
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

    /// Send a message the way of version 0.9; sunset, use agora.messaging.send.
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

    /// Read an agent's inbox, oldest first; it never changes state, `mark` does.
    ///
    /// The inbox is the caller's own. An operator, who acts for every agent, has to say whose (`agent_id`); `operator`
    /// is the operator's own.
    /// `unread` true gives what was not yet read, false what was. With `wait` an empty inbox is
    /// watched until a message comes or the time is over.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn receive(&self) -> Request<MessagingReceiveOperation> {
        Request::new(self.client)
    }

    /// Mark messages of an inbox as delivered, read or acknowledged; a state never goes back.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn mark(&self, message_ids: impl IntoIterator<Item = impl Into<String>>) -> Request<MessagingMarkOperation> {
        Request::new(self.client).with::<Vec<String>>("message_ids", message_ids.into_iter().map(Into::into).collect())
    }

    /// Create a durable subscription to an agent's events; read it at `/ws` or `/events`.
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
    /// Publish an event; types that begin with `agora.` are the server's.
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

    /// Stream events live, after the events since `last_event_id`: nothing lost, nothing repeated.
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
    /// The answer comes after the commit. A deadline that passes before anyone has begun ends the task as
    /// expired; one that passes later makes an event. A dependency that fails cancels what depends on it.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn assign(&self, task_type: impl Into<String>) -> Request<TaskAssignOperation> {
        Request::new(self.client).with::<String>("task_type", task_type.into())
    }

    /// Update a task as its assignee: status, progress, notes.
    ///
    /// It needs no claim: setting a pending task to in_progress starts it, setting it to completed starts
    /// and completes it. Refused while another caller's lease is valid, and if it reports about an ended task
    /// something else than what was recorded.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn update_request(&self, task_id: impl Into<String>) -> Request<TaskUpdateOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// List tasks: those given to an agent, or all that concern you; operators see all.
    ///
    /// `since` and `until` bound the time of creation.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list_request(&self) -> Request<TaskListOperation> {
        Request::new(self.client)
    }

    /// List unfinished tasks that do not move: nobody claims them, or nothing is heard of their work. Yours; operators see all.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn stuck(&self) -> Request<TaskStuckOperation> {
        Request::new(self.client)
    }

    /// Read a task.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, task_id: impl Into<String>) -> Request<TaskGetOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Read the history of a task: actor, change and time, oldest first; without `types`, no output and no artifacts.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn history(&self, task_id: impl Into<String>) -> Request<TaskHistoryOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Claim the best tasks for the caller: by priority, then deadline, then age; or one that is named.
    ///
    /// Each comes with a lease, which `renew` extends, and a fencing token, which every further write
    /// carries. A lease that runs out gives the task back, with its checkpoint, to the next one.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn claim(&self) -> Request<TaskClaimOperation> {
        Request::new(self.client)
    }

    /// Extend a lease: the heartbeat of a task in progress.
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

    /// Get a credential for the program that works on a task you hold, such as a coding agent that is given tools.
    ///
    /// It may do what the task's creator allowed in the payload (`scopes`; reading agents and operations if left out) and holds
    /// itself, as a principal of its own. It ends with the lease and with the task.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `illegal_transition`, `stale_lease`.
    pub fn issue_token(&self, task_id: impl Into<String>, fencing_token: i64) -> Request<TaskIssueTokenOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with("fencing_token", fencing_token)
    }

    /// Report the tokens that a task you hold has taken so far, of one model: totals, which never fall.
    ///
    /// `agora.billing.tokens` shows them. What is new becomes an entry of the ledger, which the worker's own account pays
    /// unless it is that of the task, or the worker has the scope meter:billing.
    ///
    /// - `input_tokens`: Tokens, in all attempts so far.
    /// - `output_tokens`: Tokens, in all attempts so far.
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

    /// Report a failed attempt; it is retried after the backoff while attempts are left.
    ///
    /// A task that has failed for good keeps its error: another one is refused (409).
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn fail(&self, task_id: impl Into<String>, error: impl Into<String>) -> Request<TaskFailOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("error", error.into())
    }

    /// Cancel a task; its worker learns it from the next response.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn cancel(&self, task_id: impl Into<String>) -> Request<TaskCancelOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Take a task of yours from whoever works on it, back to the queue it came from. Its lease ends, the attempt counts.
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

    /// Reassign a task; null returns it to the queue for any suitable agent. Its lease ends.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn reassign(&self, task_id: impl Into<String>, assignee: impl Into<String>) -> Request<TaskReassignOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("assignee", assignee.into())
    }

    /// Change the priority of a task that has not ended: among those that wait, a higher one is claimed first.
    ///
    /// Its requester and operators may. Within a priority, the earlier deadline goes first, then the older task.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn prioritize(
        &self,
        task_id: impl Into<String>,
        priority: impl Into<Priority>,
    ) -> Request<TaskPrioritizeOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<Priority>("priority", priority.into())
    }

    /// Add a comment to a task's trail.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn comment(&self, task_id: impl Into<String>, text: impl Into<String>) -> Request<TaskCommentOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("text", text.into())
    }

    /// Send a message in a task: from its assignee to its requester, or the other way round.
    ///
    /// Where the assignee waits for an answer, the requester's message is it: the task goes back to its agent, which
    /// takes it up again. A task that has ended takes no message.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn message(&self, task_id: impl Into<String>) -> Request<TaskMessageOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Add a part of a task's result as an artifact while it is in progress, as its assignee.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn artifact(&self, task_id: impl Into<String>) -> Request<TaskArtifactOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Append to a task's output. With `offset` a repeated chunk is recognised.
    ///
    /// An assignee's output starts a pending task; an operator's is refused, because the task has no worker.
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

    /// Stream a task's log from its beginning, live; the stream ends with the task.
    ///
    /// `last_event_id` is the number of the last entry seen.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn stream(&self, task_id: impl Into<String>) -> StreamRequest<TaskStreamOperation> {
        StreamRequest::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Task statistics: by status, throughput, waiting and running times; of the last day by default.
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

    /// Set an agent's price from now on or from a future time; earlier usage keeps its price.
    ///
    /// For the agent itself, its account and operators. A new version replaces those that are not yet effective.
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

    /// Record usage measured by an external meter, at the price in force. Needs the scope meter:billing.
    ///
    /// - `usage_key`: Unique key of this usage: repeating the call with it has no further effect.
    /// - `account`: The account; by default that of the caller's credential, or the caller's id if the credential has none.
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

    /// List the tokens that tasks have taken, as their workers reported in totals; the newest tasks first.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn tokens(&self) -> Request<BillingTokensOperation> {
        Request::new(self.client)
    }

    /// Show usage and cost so far, including the accrued cost of running instances.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn cost(&self) -> Request<BillingCostOperation> {
        Request::new(self.client)
    }

    /// Show the revenue of the caller's agents; for operators, of every agent.
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

    /// Add credit to an account, or record its payment.
    ///
    /// - `account`: The account; by default that of the caller's credential, or the caller's id if the credential has none.
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

    /// Set the limits of an account, of an agent, or of an account's use of an agent; without any, lift them.
    ///
    /// An account sets its own, an agent's developer the agent's, an operator any. What an operator has set only an
    /// operator changes. From the soft limit on, an agent with several models uses the cheapest of them.
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

    /// Take a percentage off everything that an account is charged from now on, as entries beside the charges.
    ///
    /// - `account`: The account; by default that of the caller's credential, or the caller's id if the credential has none.
    /// - `percent`: With two decimal places; 0 ends the discount.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn set_discount(&self, account: impl Into<String>, percent: f64) -> Request<BillingSetDiscountOperation> {
        Request::new(self.client)
            .with::<String>("account", account.into())
            .with("percent", percent)
    }

    /// Set what each account gets of an agent without charge in each month (UTC), as entries beside the charges.
    ///
    /// An agent's developer sets it, or an operator.
    ///
    /// - `agent_id`: Agent id, name or dotted alias.
    /// - `quantity`: Of each account in each month; time in seconds; 0 ends it.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn set_free_quota(&self, agent_id: impl Into<String>, quantity: f64) -> Request<BillingSetFreeQuotaOperation> {
        Request::new(self.client)
            .with::<String>("agent_id", agent_id.into())
            .with("quantity", quantity)
    }

    /// Show the discounts of an account, and free quotas.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn reductions(&self) -> Request<BillingReductionsOperation> {
        Request::new(self.client)
    }

    /// Create a code that gives credit, once to each account.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`.
    pub fn create_coupon(&self, code: impl Into<String>, amount: f64) -> Request<BillingCreateCouponOperation> {
        Request::new(self.client)
            .with::<String>("code", code.into())
            .with("amount", amount)
    }

    /// List coupons by their codes.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn coupons(&self) -> Request<BillingCouponsOperation> {
        Request::new(self.client)
    }

    /// Get the credit of a coupon. Repeated for the same account it answers the same entry.
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

    /// Show an invoice, or, without naming one, what the next invoice of an account would be now.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn invoice(&self) -> Request<BillingInvoiceOperation> {
        Request::new(self.client)
    }

    /// Create a file of an invoice. It is also at /billing/invoices/NUMBER.html, .csv, .json and .eml.
    ///
    /// The e-mail goes to the customer's address (`agora.billing.set_profile`), with the page and the table attached.
    ///
    /// - `invoice`: Id or number.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn document(&self, invoice: impl Into<String>) -> Request<BillingDocumentOperation> {
        Request::new(self.client).with::<String>("invoice", invoice.into())
    }

    /// Show who an account is, as its invoices show it: name, postal address, tax id, e-mail address.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn profile(&self) -> Request<BillingProfileOperation> {
        Request::new(self.client)
    }

    /// Change who an account is on the invoices that are issued from now on; what is left out stays.
    ///
    /// An account changes its own, an operator any.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn set_profile(&self) -> Request<BillingSetProfileOperation> {
        Request::new(self.client)
    }

    /// Issue the invoices of a past month now; the server does so automatically an hour after the month's end.
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
    /// Send a message to an agent: it creates a task, or continues one (section 3.1.1).
    ///
    /// A text is a message with one part. The message is stored when the call has an answer; the call waits until
    /// the task has ended or needs an answer, unless told otherwise. A repeated `messageId` answers the task it made.
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

    /// List the tasks you gave, the last changed first (section 3.1.4).
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
    /// Refused for a task that has ended, unless it is resumed.
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

    /// Show an agent's card, made from its registration unless one is stored; without an agent, the front agent's.
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

    /// Store a card for an agent. The addresses in it are replaced by this marketplace's.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn set_card(&self) -> Request<A2aSetCardOperation> {
        Request::new(self.client)
    }

    /// List the agents with their cards' addresses.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn catalogue(&self) -> Request<A2aCatalogueOperation> {
        Request::new(self.client)
    }

    /// Register a remote A2A agent in this marketplace; messages and tasks for it are relayed.
    ///
    /// A URL that leads to a private or loopback address is refused unless the server's settings allow it.
    ///
    /// - `url`: Of the agent, or of its card.
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
    /// Pause, resume, terminate or halt an agent or the whole marketplace, at once, for every protocol.
    ///
    /// `resume` lifts the overrides of the target that have the same authority or less.
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

    /// Check the health of the system now, with warnings derived from trends.
    ///
    /// Lists the overrides in force: target, actor, start and reason.
    ///
    /// Errors beside those of any operation: `not_found`.
    pub fn health(&self) -> Request<AdminHealthOperation> {
        Request::new(self.client)
    }

    /// Manage an agent's life, a setting that may change at run time, or a service's status.
    ///
    /// The actions `get` and `list` only read, so they are answered during a halt too. `after` of a list has each
    /// setting's value, whether it was changed, and whether it can be while the server runs; secrets are masked.
    ///
    /// - `resource`: What kind of thing to manage.
    /// - `target`: Agent id or name, setting, or operation name; for list, all or how the names begin.
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
    /// A name or alias taken by another identity is a conflict. Messages held for them are delivered. Alias and keys
    /// that are left out stay as they are. The tier is granted as far as the credential may give it: an operator's any, an
    /// enrolment token's or a key's its own, an agent's its own, a stranger's basic; requested_tier keeps what was asked
    /// for. A manifest by itself (name instead of agent_name) is understood, too; where
    /// it can be run and the caller has deploy:agents, instances of it can be made, as by agora.deployment.register.
    ///
    /// - `agent_name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `name_taken`, `illegal_transition`.
    pub fn register(&self, agent_name: impl Into<String>) -> Request<AgentRegisterOperation> {
        Request::new(self.client).with::<String>("agent_name", agent_name.into())
    }

    /// Read one agent's profile by id, name or dotted alias.
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

    /// Send a heartbeat, with the agent's state and load if they changed.
    ///
    /// Every other authenticated call counts as a heartbeat too.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `illegal_transition`.
    pub fn heartbeat(&self) -> Request<AgentHeartbeatOperation> {
        Request::new(self.client)
    }

    /// Read an agent's status: state, load, availability, reputation, unread messages.
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

    /// Deregister an agent: its token is revoked, its name becomes free, its history stays.
    ///
    /// Whoever registers the name next gets nothing that waited for this agent: who gave a task reassigns it, and an
    /// operator hands over what is left (agora.admin.manage, action 'hand_over').
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
    /// Declare an agent, or change its declaration: each change is a new version. The same again changes nothing.
    ///
    /// The agent is registered under its name, and is asked, found and paid like any other.
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

    /// Make the specification of an earlier version the newest one.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    /// - `version`: Version whose specification holds again.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn rollback(&self, name: impl Into<String>, version: i64) -> Request<DeclaredAgentRollbackOperation> {
        Request::new(self.client)
            .with::<String>("name", name.into())
            .with("version", version)
    }

    /// Delete a declaration with its versions, and deregister its agent.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn delete(&self, name: impl Into<String>) -> Request<DeclaredAgentDeleteOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// List the tools of a declared agent: for itself and for operators.
    ///
    /// - `name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn tools(&self, name: impl Into<String>) -> Request<DeclaredAgentToolsOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Call a tool for a task, as its agent, with the rights that both the agent and whoever asked have.
    ///
    /// Carried out once for each call_id. An outside tool whose outcome was lost is `unknown`, and is not repeated.
    ///
    /// - `task_id`: The task at which the agent works.
    /// - `call_id`: Names the call in its task, such as STEP.CALL: the same id is carried out once.
    /// - `tool`: Name of the tool, as agora.declared_agent.tools gives it.
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

    /// Reserve what the next call of a model may cost at most, against every limit over it: by its agent alone.
    ///
    /// Whoever asked first pays. A new reservation takes the place of the task's earlier one. Raises BudgetExceeded.
    ///
    /// - `task_id`: The task at which the agent works.
    /// - `step`: Number of the call in its task.
    /// - `models`: Models that may be called, in order.
    /// - `input_tokens`: Most tokens that the request has.
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

    /// Charge for a call of a model that was made, once for each step of an attempt, and store where the work is.
    ///
    /// A call that was cut off is charged beside the one that is made in its place. Text that the output does not take,
    /// such as over its limit, is left out: the call is charged nevertheless.
    ///
    /// - `task_id`: The task at which the agent works.
    /// - `step`: Number of the call in its task.
    /// - `model`: PROVIDER:MODEL, of a provider of agora.model_provider; 'default' for the one of the server's settings.
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

    /// Give back what is reserved for a call of a model that failed before its first token.
    ///
    /// A reservation that is neither charged nor given back was of a call whose process died: the next call of the task
    /// charges its input, as an estimate.
    ///
    /// - `task_id`: The task at which the agent works.
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
    /// All errors in the steps are reported at once: cycles, unknown steps, unknown agent ids, bad expressions.
    /// A step without an agent goes to any of `assigned_agents`, or to any agent if there are none.
    ///
    /// - `steps`: In order, or with depends_on as a graph.
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

    /// List workflows that concern you, newest first; operators see all. `agent_id`: created by it; `status`: one or several.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<WorkflowListOperation> {
        Request::new(self.client)
    }

    /// Change a running workflow; a change that is not possible is refused as a whole.
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

    /// Approve or refuse a step that waits for approval; a refused step fails.
    ///
    /// Repeating the same decision changes nothing; a different second one is a conflict.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn approve(&self, workflow_id: impl Into<String>) -> Request<WorkflowApproveOperation> {
        Request::new(self.client).with::<String>("workflow_id", workflow_id.into())
    }

    /// Cancel a workflow: running steps are cancelled, the others are never started.
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
    /// Publish an app. A name or alias that another app has is a conflict.
    ///
    /// pricing sets the price of the orchestrator agent, for which the caller must have the right. The workflow is checked
    /// as agora.workflow.create checks it.
    ///
    /// - `name`: Name of the app, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`.
    pub fn create(&self, name: impl Into<String>) -> Request<AppCreateOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// List the apps that you may see, the oldest first.
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

    /// Change an app; omitted fields are unchanged. For its owner, keys of its account and operators.
    ///
    /// - `ref`: Id, alias or name of the app.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`.
    pub fn update(&self, r#ref: impl Into<String>) -> Request<AppUpdateOperation> {
        Request::new(self.client).with::<String>("ref", r#ref.into())
    }

    /// Remove an app, with the agents that it brought along. Workflows that it has started go on.
    ///
    /// - `ref`: Id, alias or name of the app.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn delete(&self, r#ref: impl Into<String>) -> Request<AppDeleteOperation> {
        Request::new(self.client).with::<String>("ref", r#ref.into())
    }

    /// Install an app with its agents and its workflow, or bring an installed one to this state: all of it or nothing.
    ///
    /// The same again changes nothing. Agents that the app no longer brings are removed. Agents need the right to
    /// declare them (agora.declared_agent.apply); an agent of the same name that the app did not bring is a conflict.
    ///
    /// - `name`: Name of the app, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn install(&self, name: impl Into<String>) -> Request<AppInstallOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Start the workflow of an app, as yours: its tasks have the prices of the agents that do them.
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
    /// List codebases; with `search`, those whose name, path or repository contains it.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<CodebaseListOperation> {
        Request::new(self.client)
    }

    /// Register a codebase of a worker of yours, or update the one of that path.
    ///
    /// Jobs for it require the capability `codebase:ID`, which the worker has from now on. Without `worker_id`, or with `git_url`,
    /// it is pending: the task `register_codebase` asks one worker after another, and the first that has the path, or clones the
    /// repository, confirms it. Jobs that are queued meanwhile wait.
    ///
    /// - `name`: Name of the codebase, for people.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn register(&self, name: impl Into<String>) -> Request<CodebaseRegisterOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Take a pending codebase, as the worker that holds the task which asks for it.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `worker_id`: Your worker that has it.
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

    /// Refuse a pending codebase, as the worker that was asked: the next one is asked; after the last it is refused.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `reason`: Why, for whoever registers it.
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

    /// Read with which token to clone a pending codebase, as the worker that was asked.
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

    /// Read a codebase.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, codebase_id: impl Into<String>) -> Request<CodebaseGetOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Unregister a codebase with its sessions; nothing on the worker's machine is touched.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn remove(&self, codebase_id: impl Into<String>) -> Request<CodebaseRemoveOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Have the agent of a codebase do something; it runs also while the codebase is not watched.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `prompt`: What the agent is to do.
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

    /// Read the secrets of a job, as the worker that holds it.
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

    /// Say something to the agent that works in a codebase, or answer what it asks.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `message`: What the agent is to do.
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

    /// Interrupt what runs in a codebase: your jobs under way are cancelled, queued ones stay; operators reach all.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn interrupt(&self, codebase_id: impl Into<String>) -> Request<CodebaseInterruptOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Stop all work in a codebase: your jobs there are cancelled, queued ones too; operators reach all.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn stop(&self, codebase_id: impl Into<String>) -> Request<CodebaseStopOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Read what goes on in a codebase.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn status(&self, codebase_id: impl Into<String>) -> Request<CodebaseStatusOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Stream the events of a codebase's jobs that concern the caller, from now on or after an event.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `cursor_too_old`.
    pub fn events(&self, codebase_id: impl Into<String>) -> StreamRequest<CodebaseEventsOperation> {
        StreamRequest::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Have the codebase's worker take queued jobs by itself, as it does from its registration on.
    ///
    /// With `review_limit` it takes none while as many reviews of the codebase are open: what nobody looks at is not added to. Jobs
    /// under way go on, and so do sessions that are resumed and changes that a review asks for.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn start_watch(&self, codebase_id: impl Into<String>) -> Request<CodebaseStartWatchOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Hold the jobs that are queued for a codebase until it is watched again; jobs under way go on.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn stop_watch(&self, codebase_id: impl Into<String>) -> Request<CodebaseStopWatchOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Read whether a codebase is watched.
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
    /// List the sessions of a codebase, the latest first: of your worker or your jobs; operators see all.
    ///
    /// - `codebase_id`: Id of a codebase.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self, codebase_id: impl Into<String>) -> Request<SessionListOperation> {
        Request::new(self.client).with::<String>("codebase_id", codebase_id.into())
    }

    /// Read what a session is: its agent, its last task, how many messages it has.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Id of the session, as its agent names it.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, codebase_id: impl Into<String>, session_id: impl Into<String>) -> Request<SessionGetOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }

    /// Report which sessions a worker's agent has, as the worker; what is known of them is kept.
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

    /// Store messages of a session, as its worker; a message whose id is known replaces that one.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Id of the session, as its agent names it.
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
    /// - `session_id`: Id of the session, as its agent names it.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn messages(
        &self,
        codebase_id: impl Into<String>,
        session_id: impl Into<String>,
    ) -> Request<SessionMessagesOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }

    /// Go on with a session: a new job for the worker that holds it.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Id of the session, as its agent names it.
    /// - `prompt`: What the agent is to do next.
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
    /// Say something to the agent of a coding job, in its session.
    ///
    /// A job that is paused goes on; after one that has ended another one begins, for the worker that has the session.
    ///
    /// - `text`: What the agent is to be told.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn add(&self, task_id: impl Into<String>, text: impl Into<String>) -> Request<FollowUpAddOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("text", text.into())
    }

    /// List the follow-ups of a job, in their order.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self, task_id: impl Into<String>) -> Request<FollowUpListOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Change a follow-up that has not been taken; one that has is refused (409).
    ///
    /// - `follow_up_id`: Id of a follow-up.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn edit(&self, task_id: impl Into<String>, follow_up_id: impl Into<String>) -> Request<FollowUpEditOperation> {
        Request::new(self.client)
            .with::<String>("task_id", task_id.into())
            .with::<String>("follow_up_id", follow_up_id.into())
    }

    /// Remove a follow-up that has not been taken; one that has is refused (409).
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

    /// Begin another job for what still waits for an ended one, such as a job that has failed or was cancelled.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn wake(&self, task_id: impl Into<String>) -> Request<FollowUpWakeOperation> {
        Request::new(self.client).with::<String>("task_id", task_id.into())
    }

    /// Take the next follow-up of a job you hold, steering ones first.
    ///
    /// One that was taken before and is not in the checkpoint is given again: none is lost, and none is said twice.
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
    /// List the reviews of your jobs and of your workers, the latest change first; operators see all.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<ReviewListOperation> {
        Request::new(self.client)
    }

    /// Read a review.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, job_id: impl Into<String>) -> Request<ReviewGetOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Read the changed files with their diffs, in the order of their paths.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn files(&self, job_id: impl Into<String>) -> Request<ReviewFilesOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Read the comments on lines, in the order in which they were written.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn comments(&self, job_id: impl Into<String>) -> Request<ReviewCommentsOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Comment on a line of the diff. The agent is told with `request_changes`.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `path`: Path of the file.
    /// - `line`: Number of the line, from 1.
    /// - `text`: What is to be said about the line.
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

    /// Remove a comment that the agent has not been told.
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

    /// Send the comments that wait back to the agent, as one follow-up with path, line and code of each.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn request_changes(&self, job_id: impl Into<String>) -> Request<ReviewRequestChangesOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Approve the changes, and have the worker carry it out. Conflicts go back to the agent; nothing is forced.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `illegal_transition`.
    pub fn approve(&self, job_id: impl Into<String>) -> Request<ReviewApproveOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Decide that the changes are not wanted. Their branch stays where it is.
    ///
    /// - `job_id`: The job that the branch is named after.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn dismiss(&self, job_id: impl Into<String>) -> Request<ReviewDismissOperation> {
        Request::new(self.client).with::<String>("job_id", job_id.into())
    }

    /// Hand over what a job you hold has changed, as its worker. A repeated call replaces what was handed over.
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

    /// Report what became of an approval, as the worker that carries it out.
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

    /// Log in with name and password, which are passed to the identity provider, where the operator allows it.
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn login(&self, username: impl Into<String>, password: impl Into<String>) -> Request<AuthLoginOperation> {
        Request::new(self.client)
            .with::<String>("username", username.into())
            .with::<String>("password", password.into())
    }

    /// Get new tokens for a refresh token, before the access token expires or after.
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

    /// Log out: end the session and its streams here, and at the identity provider if the refresh token is sent.
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn logout(&self) -> Request<AuthLogoutOperation> {
        Request::new(self.client)
    }

    /// End a session of the monitor, however it was started. Used by the monitor's pages.
    ///
    /// - `session_id`: Id of the session, as the monitor derives it.
    ///
    /// Errors beside those of any operation: `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn sign_out(&self, session_id: impl Into<String>) -> Request<AuthSignOutOperation> {
        Request::new(self.client).with::<String>("session_id", session_id.into())
    }

    /// Accept a logout token of an identity provider (OpenID Connect Back-Channel Logout 1.0).
    ///
    /// Providers send a form. No credential is needed, because the token is signed. One that is not valid, or was
    /// taken before, is answered with 400.
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
    /// It is stored as a message. A task_assignment is stored as a task; `task_id` in a task_completion,
    /// error_report or state_update completes, fails or advances that task. Repeated under the same
    /// `message_id` by the same sender it answers the first receipt.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`, `stale_lease`.
    pub fn publish(&self, r#type: impl Into<BusType>) -> Request<BusPublishOperation> {
        Request::new(self.client).with::<BusType>("type", r#type.into())
    }

    /// Read the next entries for an agent: reclaimed ones first, then new ones.
    ///
    /// Each goes to one consumer of the group and stays with it until it is acknowledged. Tasks meant for
    /// the agent, or for a capability it has, come as task_assignment, and are claimed by that.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn read(&self) -> Request<BusReadOperation> {
        Request::new(self.client)
    }

    /// Acknowledge entries: they are not delivered again.
    ///
    /// - `message_ids`: Ids of entries as read: message_id or entry_id.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn ack(&self, message_ids: impl IntoIterator<Item = impl Into<String>>) -> Request<BusAckOperation> {
        Request::new(self.client).with::<Vec<String>>("message_ids", message_ids.into_iter().map(Into::into).collect())
    }

    /// Take over entries that other consumers of the group were given and have not acknowledged for too long.
    ///
    /// Each further delivery of an entry doubles that time. After the last one it is dead-lettered instead.
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

    /// Show the groups with their consumers, lag and pending entries: one's own; for operators all.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn stats(&self) -> Request<BusStatsOperation> {
        Request::new(self.client)
    }

    /// Deliver an agent's messages and tasks on its Redis stream, starting with the waiting ones.
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
    /// Recipients are named by id, name or dotted alias; they need not be online. An answer to another message has to be
    /// a legal reply to it. What is sent to agent.marketplace.orchestrator is answered at once. The message
    /// sent again under its id is sent once.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`, `stale_lease`.
    pub fn send(&self, message: AgentMessage) -> Request<ConversationSendOperation> {
        Request::new(self.client).with("message", message)
    }

    /// Return the answer to a message you sent, waiting for it if there is none yet. The answer is then acknowledged.
    ///
    /// Past `expected.timeout` the answer is a failure with the intent 'timeout', which names the recipients that no
    /// agent is registered as; a late answer waits in the inbox.
    ///
    /// - `message_id`: Id of a message: the marketplace's (msg_...), or the one you gave it.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`.
    pub fn reply(&self, message_id: impl Into<String>) -> Request<ConversationReplyOperation> {
        Request::new(self.client).with::<String>("message_id", message_id.into())
    }

    /// Read a conversation you take part in, with its messages.
    ///
    /// - `conversation_id`: As its messages have it in correlation.conversation_id, or conv_... as it is listed.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, conversation_id: impl Into<String>) -> Request<ConversationGetOperation> {
        Request::new(self.client).with::<String>("conversation_id", conversation_id.into())
    }

    /// List an agent's conversations, the newest first.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<ConversationListOperation> {
        Request::new(self.client)
    }

    /// List an agent's pending messages in the form of the agent protocol, oldest first.
    ///
    /// Reading changes nothing. `agora.messaging.mark` with the status `acknowledged` takes a message off the list. It
    /// names a message by its `id`, or by `agora.message_id` where the message has that: its sender chose the `id`.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn pending(&self) -> Request<ConversationPendingOperation> {
        Request::new(self.client)
    }

    /// List the uses of an agent that were reported with inform/track_usage, oldest first.
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
    /// List dead letters, newest first: one's own; for operators all.
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

    /// Deliver it again, as if for the first time. One that was replayed already is not delivered once more.
    ///
    /// Raises Conflict if it was discarded, or if what it is about is gone.
    ///
    /// - `dead_letter_id`: Id of a dead letter.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`, `stale_lease`.
    pub fn replay(&self, dead_letter_id: impl Into<String>) -> Request<DeadLetterReplayOperation> {
        Request::new(self.client).with::<String>("dead_letter_id", dead_letter_id.into())
    }

    /// Give it up for good. Raises Conflict if it was replayed.
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
    /// Register an agent with its deployment manifest, or a new revision of it. All errors are reported at once.
    ///
    /// For operators, and callers with the scope deploy:agents. Running instances keep their revision.
    ///
    /// - `manifest`: An agent's manifest: name, capabilities, build_config, repository or directory or docker_image, host_requirements, pricing, endpoints, health ...
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn register(&self, manifest: impl Into<Value>) -> Request<DeploymentRegisterOperation> {
        Request::new(self.client).with::<Value>("manifest", manifest.into())
    }

    /// Register an agent that is a container image; `metadata` is its manifest.
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
    /// Find agents by capabilities, status, tier, rating and words.
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
    /// List the operations of the marketplace with their schemas.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn list(&self) -> Request<DiscoveryListOperation> {
        Request::new(self.client)
    }

    /// Read how to call one operation; without a version, its newest active one.
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
    /// List the hosts with what they have, and what of it is free.
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

    /// Take a hosting agent as a host: it is asked in messages (`create_container`) to run instances.
    ///
    /// Without memory_mb or cpu_cores, what it says it has run counts as unlimited.
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
    /// It is made at once, and started by its host; `status` says how far that is. Requirements that no host can
    /// meet are refused with what is missing. It keeps the price of now; another price of its agent holds for it only
    /// once its notice is over.
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

    /// Show an instance: state, health, resources, bill.
    ///
    /// - `instance_id`: Id of the instance.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, instance_id: impl Into<String>) -> Request<InstanceGetOperation> {
        Request::new(self.client).with::<String>("instance_id", instance_id.into())
    }

    /// Execute a request on an instance: parameters are sent as a JSON body (with GET and DELETE, in the query).
    ///
    /// It is charged when it starts; the charge is reversed if it fails. If there was no answer in time, or the connection
    /// broke, the error says `outcome: unknown`.
    ///
    /// - `instance_id`: Id of an instance; or an agent's id or name, for the least busy of the caller's instances of it.
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

    /// Stream the events of an instance, from its creation or after `last_event_id`.
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

    /// Keep between a least and a most number of instances of an agent, as many as the work needs.
    ///
    /// 0 ends all of the account's instances of the agent, also those that scaling has not created; otherwise scaling
    /// ends only its own.
    ///
    /// Without max_instances it is exactly min_instances. All of them have the price of now; another price of the agent
    /// holds for them, and for those that scaling makes later, only once its notice is over.
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

    /// Back up an instance's state, for `restore` when another instance is created.
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
    /// Issue a token for a room, which exists from when somebody joins it. Nothing is asked of the LiveKit server.
    ///
    /// - `room_name`: Name of a room, unique in the marketplace.
    /// - `identity`: Who joins; unique in the room.
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

    /// Create a room; one that is there stays as it is, and is answered.
    ///
    /// - `room_name`: Name of a room, unique in the marketplace.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `upstream_failed`, `upstream_unavailable`.
    pub fn create_room(&self, room_name: impl Into<String>) -> Request<MediaCreateRoomOperation> {
        Request::new(self.client).with::<String>("room_name", room_name.into())
    }

    /// List the rooms there are, by name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `upstream_failed`, `upstream_unavailable`.
    pub fn list_rooms(&self) -> Request<MediaListRoomsOperation> {
        Request::new(self.client)
    }

    /// Show a room and who is in it. Raises NotFound.
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
    /// - `key`: Unique in its namespace; case counts.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`.
    pub fn store(&self, key: impl Into<String>, value: impl Into<Value>) -> Request<MemoryStoreOperation> {
        Request::new(self.client)
            .with::<String>("key", key.into())
            .with::<Value>("value", value.into())
    }

    /// Read the value of a key. Raises NotFound.
    ///
    /// - `key`: Unique in its namespace; case counts.
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

    /// Search keys, tags and values by words: best match first, then newest first.
    ///
    /// - `query`: Words to search for.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn search(&self, query: impl Into<String>) -> Request<MemorySearchOperation> {
        Request::new(self.client).with::<String>("query", query.into())
    }

    /// Delete the value of a key.
    ///
    /// - `key`: Unique in its namespace; case counts.
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
    /// Run a v4 reducer call, translated to what this marketplace does.
    ///
    /// The caller acts for the v4 agent that the arguments name: with an agent's own token for itself, with the scope
    /// act:any for every agent. The setting compatibility_mode decides whether such calls are accepted.
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
    /// The second takes `LIMIT n OFFSET m`, is in the order of the inbox, and marks nothing as read.
    ///
    /// - `database`: Name of the v4 database.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn sql(&self, database: impl Into<String>, query: impl Into<String>) -> Request<MigrationSqlOperation> {
        Request::new(self.client)
            .with::<String>("database", database.into())
            .with::<String>("query", query.into())
    }

    /// Switch an agent from v4 to v5, or back: its registration, with the token that it calls v5 with.
    ///
    /// An agent that v4 calls or an import have registered keeps its id, messages and tasks; another one is registered.
    ///
    /// - `agent_name`: Name of the agent, unique in the marketplace; no slash, no control character.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `name_taken`, `illegal_transition`.
    pub fn switch(&self, agent_name: impl Into<String>) -> Request<MigrationSwitchOperation> {
        Request::new(self.client).with::<String>("agent_name", agent_name.into())
    }

    /// Report how far the migration is, with what to do next and the v4 calls of the last days.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn report(&self) -> Request<MigrationReportOperation> {
        Request::new(self.client)
    }

    /// Begin to import a v4 export, or go on with an unfinished import of the same file.
    ///
    /// - `database`: Name of the v4 database.
    /// - `digest`: SHA-256 of the file.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn begin_import(
        &self,
        database: impl Into<String>,
        digest: impl Into<String>,
    ) -> Request<MigrationBeginImportOperation> {
        Request::new(self.client)
            .with::<String>("database", database.into())
            .with::<String>("digest", digest.into())
    }

    /// Import rows of one v4 table, all or none: the first that cannot be taken is named in the error.
    ///
    /// The steps of a workflow come with it, as the field `steps` of its row. A row that came before, by an earlier
    /// import or by a call with the same id and content, is left as it is.
    ///
    /// - `run_id`: The import; none for a dry run.
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

    /// End an import; a repetition of it with the same file begins anew, and changes nothing.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn finish_import(&self, run_id: impl Into<String>) -> Request<MigrationFinishImportOperation> {
        Request::new(self.client).with::<String>("run_id", run_id.into())
    }

    /// Take back a part of what an import has made; repeat until nothing remains.
    ///
    /// Messages are deleted, open tasks cancelled, workflows terminated, capabilities withdrawn and agents
    /// deregistered, unless they have lived here since: switched to v5, called, or with mail that is not of the import.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`.
    pub fn rollback_import(&self, run_id: impl Into<String>) -> Request<MigrationRollbackImportOperation> {
        Request::new(self.client).with::<String>("run_id", run_id.into())
    }

    /// List imports, newest first.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
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
    /// Set a provider: any that speaks the protocol of OpenAI (chat completions) or of Anthropic (messages).
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

    /// Delete a provider and its key. Agents whose models it has do not work any more.
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
    /// Register or update a worker; its capabilities are the caller's unless given. It drains no more.
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

    /// Read a worker of yours; operators read any.
    ///
    /// - `worker_id`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, worker_id: impl Into<String>) -> Request<WorkerGetOperation> {
        Request::new(self.client).with::<String>("worker_id", worker_id.into())
    }

    /// Report that a worker of yours is alive; claims do so too.
    ///
    /// - `worker_id`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn heartbeat(&self, worker_id: impl Into<String>) -> Request<WorkerHeartbeatOperation> {
        Request::new(self.client).with::<String>("worker_id", worker_id.into())
    }

    /// Have a worker of yours take no more tasks; what it works on goes on. Registering it again ends that.
    ///
    /// `agora worker run` ends with the last task, so that a supervisor starts it anew; what is queued waits.
    ///
    /// - `worker_id`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn drain(&self, worker_id: impl Into<String>) -> Request<WorkerDrainOperation> {
        Request::new(self.client).with::<String>("worker_id", worker_id.into())
    }

    /// Report that a worker's account has reached its usage limit: every worker of that account learns of it.
    ///
    /// - `worker_id`: Worker id or name.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn report_limit(&self, worker_id: impl Into<String>) -> Request<WorkerReportLimitOperation> {
        Request::new(self.client).with::<String>("worker_id", worker_id.into())
    }

    /// Stream the tasks that a worker may claim, as they become available, and changes of the worker itself.
    ///
    /// As server-sent events these are `connected`, then `task_available` and `worker_updated`, and `heartbeat` every 30
    /// seconds (twice heartbeat_interval). The arguments may be headers: X-Worker-ID, X-Agent-Name, X-Capabilities,
    /// X-Codebases, Last-Event-ID.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`, `cursor_too_old`.
    pub fn stream(&self) -> StreamRequest<WorkerStreamOperation> {
        StreamRequest::new(self.client)
    }

    /// Finish a claimed task, or give it back, in one call: `complete`, `fail` or `release` of tasks.
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

    /// Read the log of messages, newest first.
    ///
    /// Errors beside those of any operation: none.
    pub fn messages(&self) -> Request<MonitorMessagesOperation> {
        Request::new(self.client)
    }

    /// Search the text of messages, newest first.
    ///
    /// - `q`: Words that must all be in the text.
    ///
    /// Errors beside those of any operation: none.
    pub fn search(&self, q: impl Into<String>) -> Request<MonitorSearchOperation> {
        Request::new(self.client).with::<String>("q", q.into())
    }

    /// Count messages; above 10,000, or where too many rows would have to be scanned, the count is a lower bound.
    ///
    /// Errors beside those of any operation: none.
    pub fn count(&self) -> Request<MonitorCountOperation> {
        Request::new(self.client)
    }

    /// Export all matching messages, oldest first: as a JSON or CSV file, or a stream that ends.
    ///
    /// Errors beside those of any operation: none.
    pub fn export(&self) -> StreamRequest<MonitorExportOperation> {
        StreamRequest::new(self.client)
    }

    /// Stream events live: messages, agents, tasks; all events unless types are given.
    ///
    /// Errors beside those of any operation: `not_found`, `cursor_too_old`.
    pub fn stream(&self) -> StreamRequest<MonitorStreamOperation> {
        StreamRequest::new(self.client)
    }

    /// Intervene: send an agent a message as a person, pause, resume or terminate it.
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
    /// Send a request in natural language. It is matched by fixed rules; where the setting chat_agent names one, by a model.
    ///
    /// Finding, describing and counting need the scope read:agents, registering needs write:agents, and neither needs the
    /// other. Registering an agent this way answers the agent's token.
    ///
    /// - `message`: What you want, in plain words.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`, `conflict`, `name_taken`, `illegal_transition`, `upstream_unavailable`.
    pub fn chat(&self, message: impl Into<String>) -> Request<OrchestratorChatOperation> {
        Request::new(self.client).with::<String>("message", message.into())
    }

    /// Search agents as the chat does: by words, capability, name, industry, price, rating and state.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn search_agents(&self) -> Request<OrchestratorSearchAgentsOperation> {
        Request::new(self.client)
    }

    /// Read one agent by id, alias or name, or else the best match of a search for it.
    ///
    /// - `ref`: Agent id, name or dotted alias.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get_agent(&self, r#ref: impl Into<String>) -> Request<OrchestratorGetAgentOperation> {
        Request::new(self.client).with::<String>("ref", r#ref.into())
    }

    /// Search the apps of the marketplace, the best matches first.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn search_apps(&self) -> Request<OrchestratorSearchAppsOperation> {
        Request::new(self.client)
    }

    /// Register an agent, as agora.agent.register does, by the names that the chat uses.
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
    /// Add an upstream MCP server by its URL, and offer its tools as `name.tool`.
    ///
    /// A URL that leads to a private or loopback address is refused unless the server's settings allow it.
    /// Upstreams that are commands are configured on the server alone (setting `mcp_config`).
    /// With `oauth`, its authorization server is looked up now, and the upstream is to be authorized next.
    ///
    /// - `name`: Name of the upstream, the prefix of its tools: small letters, digits, hyphens.
    /// - `url`: Where it serves streamable HTTP.
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

    /// Show an upstream with its items, with the reason for each unusable one.
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

    /// Accept changed definitions: from now on they are the pinned ones, and can be used again.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`, `stale_lease`.
    pub fn accept(&self, upstream: impl Into<String>) -> Request<UpstreamAcceptOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Remove an upstream with all its items, and close its connection.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn remove(&self, upstream: impl Into<String>) -> Request<UpstreamRemoveOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Begin an OAuth authorization at an upstream; the answer's URL is for a person's browser.
    ///
    /// The browser comes back to this server, where the person has to be signed in as the one who has begun. With client
    /// credentials (`machine`) there is no URL: the token is requested at once.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn authorize(&self, upstream: impl Into<String>) -> Request<UpstreamAuthorizeOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Finish an authorization with what the authorization server sent the browser back with; once, by who has begun.
    ///
    /// - `state`: As the callback has it.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn finish_authorization(&self, state: impl Into<String>) -> Request<UpstreamFinishAuthorizationOperation> {
        Request::new(self.client).with::<String>("state", state.into())
    }

    /// Forget an authorization, and revoke it where the authorization server allows.
    ///
    /// - `upstream`: Name or id of the upstream.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `upstream_failed`, `upstream_unavailable`.
    pub fn deauthorize(&self, upstream: impl Into<String>) -> Request<UpstreamDeauthorizeOperation> {
        Request::new(self.client).with::<String>("upstream", upstream.into())
    }

    /// Call a tool of an upstream; its result is returned unchanged.
    ///
    /// A tool that failed answers with `is_error`. If there was no answer in time, or the connection broke, the
    /// error says `outcome: unknown`: the tool may have done its work.
    ///
    /// - `upstream`: Name or id of the upstream.
    /// - `tool`: Name of the tool, as the upstream has it.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `conflict`, `not_found`, `illegal_transition`, `stale_lease`, `upstream_failed`, `upstream_unavailable`, `upstream_authorization_required`.
    pub fn call(&self, upstream: impl Into<String>, tool: impl Into<String>) -> Request<UpstreamCallOperation> {
        Request::new(self.client)
            .with::<String>("upstream", upstream.into())
            .with::<String>("tool", tool.into())
    }

    /// Read a resource of an upstream, by a listed URI or one that fits a listed template.
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

    /// Complete an argument of an upstream's prompt or resource template, as the upstream does.
    ///
    /// - `upstream`: Name or id of the upstream.
    /// - `kind`: What has the argument.
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
    /// List the MCP servers that can be reached through this one, as the registry's API has them.
    ///
    /// Each leads to this server's own endpoint, with the tools of that server alone.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<RegistryListOperation> {
        Request::new(self.client)
    }

    /// List the versions of a server: the one that runs.
    ///
    /// - `server_name`: Name of a server in the registry; in a path its slash may be written %2F.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn versions(&self, server_name: impl Into<String>) -> Request<RegistryVersionsOperation> {
        Request::new(self.client).with::<String>("server_name", server_name.into())
    }

    /// Show a version of a server.
    ///
    /// - `server_name`: Name of a server in the registry; in a path its slash may be written %2F.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, server_name: impl Into<String>) -> Request<RegistryGetOperation> {
        Request::new(self.client).with::<String>("server_name", server_name.into())
    }

    /// Add the MCP server that a server.json describes as an upstream, by its remote of type streamable-http.
    ///
    /// Packages are never imported, because they would run code here: an operator who wants one names its command
    /// in the file of the setting `mcp_config`.
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
    /// Read whether an agent can be reached, and how many projects and sessions the caller may read.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn status(&self) -> Request<RuntimeStatusOperation> {
        Request::new(self.client)
    }

    /// List the directories that workers have.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn projects(&self) -> Request<RuntimeProjectsOperation> {
        Request::new(self.client)
    }

    /// List sessions of all projects, the latest first: of your workers and your jobs; operators see all.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn sessions(&self) -> Request<RuntimeSessionsOperation> {
        Request::new(self.client)
    }

    /// Read a session by its id alone; the latest, if agents of several workers use one id.
    ///
    /// - `session_id`: Id of the session, as its agent names it.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn session(&self, session_id: impl Into<String>) -> Request<RuntimeSessionOperation> {
        Request::new(self.client).with::<String>("session_id", session_id.into())
    }

    /// Read the messages of a session, oldest first unless `descending`.
    ///
    /// - `session_id`: Id of the session, as its agent names it.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn messages(&self, session_id: impl Into<String>) -> Request<RuntimeMessagesOperation> {
        Request::new(self.client).with::<String>("session_id", session_id.into())
    }

    /// Read the parts of a session's messages one by one; `limit` counts messages.
    ///
    /// - `session_id`: Id of the session, as its agent names it.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn parts(&self, session_id: impl Into<String>) -> Request<RuntimePartsOperation> {
        Request::new(self.client).with::<String>("session_id", session_id.into())
    }

    /// List the models of the workers that are online: only what their agents are logged in to.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
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
    /// - `tenant_id`: Id of a tenant: small letters, digits, hyphens between.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `name_taken`.
    pub fn create(&self, tenant_id: impl Into<String>) -> Request<TenantCreateOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// List the tenants, by id.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn list(&self) -> Request<TenantListOperation> {
        Request::new(self.client)
    }

    /// Show a tenant; administrators of a tenant see their own.
    ///
    /// - `tenant_id`: Id of a tenant: small letters, digits, hyphens between.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, tenant_id: impl Into<String>) -> Request<TenantGetOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Change a tenant's name or metadata.
    ///
    /// - `tenant_id`: Id of a tenant: small letters, digits, hyphens between.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn update(&self, tenant_id: impl Into<String>) -> Request<TenantUpdateOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Suspend a tenant: its callers are refused until it is resumed, its streams are closed, no data is lost.
    ///
    /// - `tenant_id`: Id of a tenant: small letters, digits, hyphens between.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn suspend(&self, tenant_id: impl Into<String>) -> Request<TenantSuspendOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Resume a suspended tenant.
    ///
    /// - `tenant_id`: Id of a tenant: small letters, digits, hyphens between.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `conflict`, `illegal_transition`.
    pub fn resume(&self, tenant_id: impl Into<String>) -> Request<TenantResumeOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Create another admin key of a tenant, for example if the first was lost.
    ///
    /// - `tenant_id`: Id of a tenant: small letters, digits, hyphens between.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`, `illegal_transition`.
    pub fn create_key(&self, tenant_id: impl Into<String>) -> Request<TenantCreateKeyOperation> {
        Request::new(self.client).with::<String>("tenant_id", tenant_id.into())
    }

    /// Erase a suspended tenant with all its rows; its id is not reused.
    ///
    /// - `tenant_id`: Id of a tenant: small letters, digits, hyphens between.
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
    /// Sum up a month's calls of models by model: of the caller's account; for operators, of all if none is named.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn summary(&self) -> Request<TokenBillingSummaryOperation> {
        Request::new(self.client)
    }

    /// List calls of models, newest first: those that the caller's account pays for, or that the caller made.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn recent(&self) -> Request<TokenBillingRecentOperation> {
        Request::new(self.client)
    }

    /// Report a call of a model by an agent. A model without a price is refused, and nothing is recorded.
    ///
    /// The account of the task pays if it is the reporter's own, or the reporter has the scope meter:billing; otherwise the
    /// reporter's account does: nobody spends the money of others by what it says itself.
    ///
    /// - `call_key`: Names the call: reported again, it is charged once.
    /// - `provider`: The provider: the part of a model's name before the colon.
    /// - `model`: The model as its provider names it; '*' for every one of the provider.
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

    /// Say whether an account may call models now, by its budget and its credit.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn budget(&self) -> Request<TokenBillingBudgetOperation> {
        Request::new(self.client)
    }

    /// Give an account credit in USD, as agora.billing.credit does.
    ///
    /// - `amount_cents`: Hundredths of a dollar.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `budget_exceeded`, `credit_exhausted`, `not_found`.
    pub fn credits(&self, amount_cents: i64) -> Request<TokenBillingCreditsOperation> {
        Request::new(self.client).with("amount_cents", amount_cents)
    }

    /// Set how an account pays: its budget in USD.
    ///
    /// - `billing_model`: prepaid: what the credit does not cover is refused. metered: it is owed, and invoiced.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn billing_model(&self, billing_model: impl Into<String>) -> Request<TokenBillingBillingModelOperation> {
        Request::new(self.client).with::<String>("billing_model", billing_model.into())
    }

    /// Set an account's monthly limit in USD, or lift it; whether it is prepaid stays.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`.
    pub fn spending_limit(&self) -> Request<TokenBillingSpendingLimitOperation> {
        Request::new(self.client)
    }

    /// List what models cost: what operators set first, then what came with the server; or the price of one model.
    ///
    /// Errors beside those of any operation: `halted`.
    pub fn pricing(&self) -> Request<TokenBillingPricingOperation> {
        Request::new(self.client)
    }

    /// Set what a model costs from now on, in place of what came with the server. Zero makes it free, explicitly.
    ///
    /// - `provider`: The provider: the part of a model's name before the colon.
    /// - `model`: The model as its provider names it; '*' for every one of the provider.
    /// - `input_cost_per_m`: For a million tokens of input.
    /// - `output_cost_per_m`: For a million tokens of output.
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

    /// Delete a price that was set, so that what came with the server holds again.
    ///
    /// - `provider`: The provider: the part of a model's name before the colon.
    /// - `model`: The model as its provider names it; '*' for every one of the provider.
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
    /// Search what was said in the sessions that the caller may read, the latest first.
    ///
    /// - `q`: Words that a message has to hold, all of them.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn search(&self, q: impl Into<String>) -> Request<TranscriptSearchOperation> {
        Request::new(self.client).with::<String>("q", q.into())
    }

    /// Read a session as Markdown or JSON; `limit` counts messages.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Id of the session, as its agent names it.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn export(
        &self,
        codebase_id: impl Into<String>,
        session_id: impl Into<String>,
    ) -> Request<TranscriptExportOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }

    /// Delete a session with its messages, as its codebase's worker, its requester or an operator.
    ///
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Id of the session, as its agent names it.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn forget(
        &self,
        codebase_id: impl Into<String>,
        session_id: impl Into<String>,
    ) -> Request<TranscriptForgetOperation> {
        Request::new(self.client)
            .with::<String>("codebase_id", codebase_id.into())
            .with::<String>("session_id", session_id.into())
    }

    /// Read who asked for a job, who allowed what its agent asked, and who commented on it and reviewed it.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
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
    /// List the turns of a job and of those that went on in its worktree, in their order.
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

    /// Take back the conversation, the files or both, by a job of the worker that has them.
    ///
    /// Without a prompt only files can be taken back. What is taken back stays a checkpoint of its own.
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

    /// Begin another job on a branch of its own, from the files and with the conversation as they were.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `number`: Number of the turn, from 1.
    /// - `prompt`: What the agent is to do there.
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

    /// Record a turn that has ended, as the worker of the job. A repeated call replaces it.
    ///
    /// - `job_id`: The job that the branch is named after.
    /// - `fencing_token`: The claim's fencing token.
    /// - `number`: Number of the turn, from 1.
    /// - `codebase_id`: Id of a codebase.
    /// - `session_id`: Id of the session, as its agent names it.
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

    /// Change a user's role or limit, block the user, or unblock the user; takes effect at once.
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
    /// Tools of upstreams and agents may be named before they are there. What a caller may call of the set depends on
    /// its credential; a key of the server may call all of it, and nothing else.
    ///
    /// - `name`: Name of the server, the end of its URL: small letters, digits, hyphens, underscores.
    /// - `tools`: Names of its tools, with dots or underscores: operations, tools of upstreams (far.echo) and of agents (Dolly.shout).
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
    /// - `name`: Name of the server, the end of its URL: small letters, digits, hyphens, underscores.
    ///
    /// Errors beside those of any operation: `halted`, `not_found`.
    pub fn get(&self, name: impl Into<String>) -> Request<VirtualServerGetOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Change a virtual server; what is left out stays. Its clients are told that their list of tools has changed.
    ///
    /// - `name`: Name of the server, the end of its URL: small letters, digits, hyphens, underscores.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn update(&self, name: impl Into<String>) -> Request<VirtualServerUpdateOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Delete a virtual server and revoke its keys.
    ///
    /// - `name`: Name of the server, the end of its URL: small letters, digits, hyphens, underscores.
    ///
    /// Errors beside those of any operation: `halted`, `malformed_request`, `payload_too_large`, `unsupported_media_type`, `idempotency_conflict`, `not_found`.
    pub fn delete(&self, name: impl Into<String>) -> Request<VirtualServerDeleteOperation> {
        Request::new(self.client).with::<String>("name", name.into())
    }

    /// Create a key that may call the tools of one virtual server, at its URL, and nothing else.
    ///
    /// - `name`: Name of the server, the end of its URL: small letters, digits, hyphens, underscores.
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
    /// Show what the worktrees of a codebase use, and what a clean-up would remove or leave, and why.
    ///
    /// - `codebase_id`: Id of a codebase, or its name, if only one of yours has it.
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

    /// Have the worker remove worktrees; it looks again at each, and leaves what has work that is nowhere else.
    ///
    /// The task's result has `removed` (ids), `left` (ids with the reason) and `bytes`.
    ///
    /// - `codebase_id`: Id of a codebase, or its name, if only one of yours has it.
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
