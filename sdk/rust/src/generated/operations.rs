// Written by scripts/sdks.py from sdk/contract.json: change the contract, then run `make reference sdks`.

use super::types::*;
use crate::operation::operation;
use crate::request::{Request, StreamRequest};
use crate::vocabulary::OneOrMany;
use serde_json::Value;
use std::collections::BTreeMap;

operation! {
    /// Marks requests of `agora.messaging.send`.
    pub MessagingSendOperation => MessageReceipt, Command, "messaging/send", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.messaging.send`.
impl Request<MessagingSendOperation> {
    /// Set `message_type`.
    pub fn message_type(self, message_type: impl Into<MessageType>) -> Self {
        self.with::<MessageType>("message_type", message_type.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Agent id, name or dotted alias.
    pub fn from_agent(self, from_agent: impl Into<String>) -> Self {
        self.with::<String>("from_agent", from_agent.into())
    }

    /// Correlation id of the exchange.
    pub fn correlation_id(self, correlation_id: impl Into<String>) -> Self {
        self.with::<String>("correlation_id", correlation_id.into())
    }

    /// Set `reply_to`.
    pub fn reply_to(self, reply_to: impl Into<String>) -> Self {
        self.with::<String>("reply_to", reply_to.into())
    }

    /// Seconds after which an unread message expires; default: the server's message lifetime.
    pub fn expires_in(self, expires_in: i64) -> Self {
        self.with("expires_in", expires_in)
    }

    /// Set `metadata`.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }
}

operation! {
    /// Marks requests of `agora.messaging.send_legacy`.
    pub MessagingSendLegacyOperation => MessageReceipt, Command, "messaging/send_legacy", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

operation! {
    /// Marks requests of `agora.messaging.receive`.
    pub MessagingReceiveOperation => MessagePage, Query, "messaging/receive", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.messaging.receive`.
impl Request<MessagingReceiveOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// RFC 3339 time with an offset.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Set `message_type`.
    pub fn message_type(self, message_type: impl Into<String>) -> Self {
        self.with::<String>("message_type", message_type.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Set `unread`.
    pub fn unread(self, unread: bool) -> Self {
        self.with("unread", unread)
    }

    /// Set `status`.
    pub fn status(self, status: impl Into<DeliveryState>) -> Self {
        self.with::<DeliveryState>("status", status.into())
    }

    /// Agent id, name or dotted alias.
    pub fn from_agent(self, from_agent: impl Into<String>) -> Self {
        self.with::<String>("from_agent", from_agent.into())
    }

    /// Correlation id of the exchange.
    pub fn correlation_id(self, correlation_id: impl Into<String>) -> Self {
        self.with::<String>("correlation_id", correlation_id.into())
    }

    /// Set `reply_to`.
    pub fn reply_to(self, reply_to: impl Into<String>) -> Self {
        self.with::<String>("reply_to", reply_to.into())
    }

    /// Seconds to wait for a message if there is none.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// Number of items to skip. A cursor is cheaper.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.messaging.mark`.
    pub MessagingMarkOperation => Marked, Command, "messaging/mark", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.messaging.mark`.
impl Request<MessagingMarkOperation> {
    /// Set `status`.
    pub fn status(self, status: impl Into<DeliveryState>) -> Self {
        self.with::<DeliveryState>("status", status.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }
}

operation! {
    /// Marks requests of `agora.messaging.subscribe`.
    pub MessagingSubscribeOperation => SubscriptionReceipt, Command, "messaging/subscribe", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

/// Optional arguments of `agora.messaging.subscribe`.
impl Request<MessagingSubscribeOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `event_types`.
    pub fn event_types(self, event_types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("event_types", event_types.into_iter().map(Into::into).collect())
    }
}

operation! {
    /// Marks requests of `agora.event.publish`.
    pub EventPublishOperation => EventReceipt, Command, "event/publish", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

/// Optional arguments of `agora.event.publish`.
impl Request<EventPublishOperation> {
    /// Set `data`.
    pub fn data(self, data: impl Into<Value>) -> Self {
        self.with::<Value>("data", data.into())
    }

    /// Set `subject`.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.with::<String>("subject", subject.into())
    }

    /// Agents that can see it; everyone if empty.
    pub fn to(self, to: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("to", to.into_iter().map(Into::into).collect())
    }
}

operation! {
    /// Marks requests of `agora.event.list`.
    pub EventListOperation => EventPage, Query, "event/list", [Halted, NotFound, CursorTooOld], paged_by_cursor;
}

/// Optional arguments of `agora.event.list`.
impl Request<EventListOperation> {
    /// Event types or patterns; all if empty.
    pub fn types(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("types", types.into_iter().map(Into::into).collect())
    }

    /// Agent id, name or dotted alias.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Set `subject`.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.with::<String>("subject", subject.into())
    }

    /// Only events after this sequence number.
    pub fn after(self, after: i64) -> Self {
        self.with("after", after)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.event.subscribe`.
    pub EventSubscribeOperation => SubscriptionReceipt, Command, "event/subscribe", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

/// Optional arguments of `agora.event.subscribe`.
impl Request<EventSubscribeOperation> {
    /// Event types or patterns; all if empty.
    pub fn types(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("types", types.into_iter().map(Into::into).collect())
    }

    /// Agent id, name or dotted alias.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Set `subject`.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.with::<String>("subject", subject.into())
    }
}

operation! {
    /// Marks requests of `agora.event.stream`.
    pub EventStreamOperation => Event, Stream, "event/stream", [Halted, NotFound, CursorTooOld];
}

/// Optional arguments of `agora.event.stream`.
impl StreamRequest<EventStreamOperation> {
    /// Event types or patterns; all if empty.
    pub fn types(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("types", types.into_iter().map(Into::into).collect())
    }

    /// Agent id, name or dotted alias.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Set `subject`.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.with::<String>("subject", subject.into())
    }

    /// Set `subscription_id`.
    pub fn subscription_id(self, subscription_id: impl Into<String>) -> Self {
        self.with::<String>("subscription_id", subscription_id.into())
    }

    /// Resume after this event: its id (evt_...) or its sequence number.
    pub fn last_event_id(self, last_event_id: impl Into<String>) -> Self {
        self.with::<String>("last_event_id", last_event_id.into())
    }
}

operation! {
    /// Marks requests of `agora.task.assign`.
    pub TaskAssignOperation => TaskReceipt, Command, "task/assign", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.task.assign`.
impl Request<TaskAssignOperation> {
    /// Set `payload`.
    pub fn payload(self, payload: impl Into<Value>) -> Self {
        self.with::<Value>("payload", payload.into())
    }

    /// Agent id or name, 'capability:NAME' for any agent that has it, 'worker:ID' for one worker (unless an agent has that very name); default: any suitable agent. With an unregistered name, the task waits for that name.
    pub fn assignee(self, assignee: impl Into<String>) -> Self {
        self.with::<String>("assignee", assignee.into())
    }

    /// RFC 3339 time with an offset.
    pub fn deadline(self, deadline: impl Into<String>) -> Self {
        self.with::<String>("deadline", deadline.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Set `required_capabilities`.
    pub fn required_capabilities(self, required_capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>(
            "required_capabilities",
            required_capabilities.into_iter().map(Into::into).collect(),
        )
    }

    /// Set `required_model`.
    pub fn required_model(self, required_model: impl Into<String>) -> Self {
        self.with::<String>("required_model", required_model.into())
    }

    /// Set `depends_on`.
    pub fn depends_on(self, depends_on: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("depends_on", depends_on.into_iter().map(Into::into).collect())
    }

    /// Set `parent_id`.
    pub fn parent_id(self, parent_id: impl Into<String>) -> Self {
        self.with::<String>("parent_id", parent_id.into())
    }

    /// Set `max_attempts`.
    pub fn max_attempts(self, max_attempts: i64) -> Self {
        self.with("max_attempts", max_attempts)
    }

    /// Seconds before the second attempt, doubled for each further attempt.
    pub fn retry_backoff(self, retry_backoff: f64) -> Self {
        self.with("retry_backoff", retry_backoff)
    }

    /// Maximum seconds per attempt; default: no limit.
    pub fn timeout(self, timeout: i64) -> Self {
        self.with("timeout", timeout)
    }

    /// Set `metadata`.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }

    /// Conversation id of the task; if omitted, the task is a separate conversation.
    pub fn context_id(self, context_id: impl Into<String>) -> Self {
        self.with::<String>("context_id", context_id.into())
    }
}

operation! {
    /// Marks requests of `agora.task.update`.
    pub TaskUpdateOperation => TaskUpdate, Command, "task/update", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.task.update`.
impl Request<TaskUpdateOperation> {
    /// Set `status`.
    pub fn status(self, status: impl Into<TaskStatus>) -> Self {
        self.with::<TaskStatus>("status", status.into())
    }

    /// Per cent done.
    pub fn progress(self, progress: f64) -> Self {
        self.with("progress", progress)
    }

    /// Notes for people.
    pub fn notes(self, notes: impl Into<String>) -> Self {
        self.with::<String>("notes", notes.into())
    }

    /// Set `milestone`.
    pub fn milestone(self, milestone: impl Into<String>) -> Self {
        self.with::<String>("milestone", milestone.into())
    }

    /// Set `result`.
    pub fn result(self, result: impl Into<Value>) -> Self {
        self.with::<Value>("result", result.into())
    }

    /// The claim's fencing token: a write after the lease was lost is refused.
    pub fn fencing_token(self, fencing_token: i64) -> Self {
        self.with("fencing_token", fencing_token)
    }
}

operation! {
    /// Marks requests of `agora.task.list`.
    pub TaskListOperation => TaskPage, Query, "task/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.task.list`.
impl Request<TaskListOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `status`.
    pub fn status(self, status: impl Into<OneOrMany<TaskStatus>>) -> Self {
        self.with::<OneOrMany<TaskStatus>>("status", status.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// Number of items to skip. A cursor is cheaper.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }

    /// Set `task_type`.
    pub fn task_type(self, task_type: impl Into<String>) -> Self {
        self.with::<String>("task_type", task_type.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Set `workflow_id`.
    pub fn workflow_id(self, workflow_id: impl Into<String>) -> Self {
        self.with::<String>("workflow_id", workflow_id.into())
    }

    /// Set `parent_id`.
    pub fn parent_id(self, parent_id: impl Into<String>) -> Self {
        self.with::<String>("parent_id", parent_id.into())
    }

    /// Agent id, name or dotted alias.
    pub fn created_by(self, created_by: impl Into<String>) -> Self {
        self.with::<String>("created_by", created_by.into())
    }

    /// Worker id or name.
    pub fn worker_id(self, worker_id: impl Into<String>) -> Self {
        self.with::<String>("worker_id", worker_id.into())
    }

    /// RFC 3339 time with an offset.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// RFC 3339 time with an offset.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Set `sort`.
    pub fn sort(self, sort: impl Into<String>) -> Self {
        self.with::<String>("sort", sort.into())
    }

    /// Set `descending`.
    pub fn descending(self, descending: bool) -> Self {
        self.with("descending", descending)
    }

    /// Conversation id of the task; if omitted, the task is a separate conversation.
    pub fn context_id(self, context_id: impl Into<String>) -> Self {
        self.with::<String>("context_id", context_id.into())
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.task.stuck`.
    pub TaskStuckOperation => TaskPage, Query, "task/stuck", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.task.stuck`.
impl Request<TaskStuckOperation> {
    /// Seconds without any activity of the task.
    pub fn idle_seconds(self, idle_seconds: i64) -> Self {
        self.with("idle_seconds", idle_seconds)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.task.get`.
    pub TaskGetOperation => Task, Query, "task/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.task.history`.
    pub TaskHistoryOperation => TaskEntryPage, Query, "task/history", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.task.history`.
impl Request<TaskHistoryOperation> {
    /// Only entries of these types.
    pub fn types(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("types", types.into_iter().map(Into::into).collect())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.task.claim`.
    pub TaskClaimOperation => Claim, Command, "task/claim", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict], keyed;
}

/// Optional arguments of `agora.task.claim`.
impl Request<TaskClaimOperation> {
    /// Maximum number of tasks to claim.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// Seconds to wait for a task when there is none.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }

    /// Only these types; empty: any type.
    pub fn task_types(self, task_types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("task_types", task_types.into_iter().map(Into::into).collect())
    }

    /// Only tasks for these of your capabilities.
    pub fn capabilities(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capabilities", capabilities.into_iter().map(Into::into).collect())
    }

    /// Models that the worker can run.
    pub fn models(self, models: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("models", models.into_iter().map(Into::into).collect())
    }

    /// Worker id or name.
    pub fn worker(self, worker: impl Into<String>) -> Self {
        self.with::<String>("worker", worker.into())
    }

    /// Seconds until the lease expires unless renewed.
    pub fn lease_seconds(self, lease_seconds: i64) -> Self {
        self.with("lease_seconds", lease_seconds)
    }

    /// Also claim tasks for any agent, which name no assignee and require nothing.
    pub fn unassigned(self, unassigned: bool) -> Self {
        self.with("unassigned", unassigned)
    }

    /// Only this task; 409 if it can no longer be claimed.
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        self.with::<String>("task_id", task_id.into())
    }
}

operation! {
    /// Marks requests of `agora.task.renew`.
    pub TaskRenewOperation => Renewal, Command, "task/renew", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.task.renew`.
impl Request<TaskRenewOperation> {
    /// Seconds until the lease expires unless renewed.
    pub fn lease_seconds(self, lease_seconds: i64) -> Self {
        self.with("lease_seconds", lease_seconds)
    }

    /// Per cent done.
    pub fn progress(self, progress: f64) -> Self {
        self.with("progress", progress)
    }

    /// Checkpoint from which another agent can continue the work.
    pub fn checkpoint(self, checkpoint: impl Into<Value>) -> Self {
        self.with::<Value>("checkpoint", checkpoint.into())
    }

    /// Increases with each checkpoint; a lower number is refused.
    pub fn checkpoint_number(self, checkpoint_number: i64) -> Self {
        self.with("checkpoint_number", checkpoint_number)
    }
}

operation! {
    /// Marks requests of `agora.task.release`.
    pub TaskReleaseOperation => TaskUpdate, Command, "task/release", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease], keyed;
}

/// Optional arguments of `agora.task.release`.
impl Request<TaskReleaseOperation> {
    /// Notes for people.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }

    /// Checkpoint from which another agent can continue the work.
    pub fn checkpoint(self, checkpoint: impl Into<Value>) -> Self {
        self.with::<Value>("checkpoint", checkpoint.into())
    }

    /// Seconds until it can be claimed again.
    pub fn delay(self, delay: f64) -> Self {
        self.with("delay", delay)
    }
}

operation! {
    /// Marks requests of `agora.task.issue_token`.
    pub TaskIssueTokenOperation => TaskToken, Command, "task/issue_token", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, IllegalTransition, StaleLease], keyed;
}

operation! {
    /// Marks requests of `agora.task.report_usage`.
    pub TaskReportUsageOperation => TokenUsage, Command, "task/report_usage", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, StaleLease];
}

/// Optional arguments of `agora.task.report_usage`.
impl Request<TaskReportUsageOperation> {
    /// Model that used the tokens; empty if unknown.
    pub fn model(self, model: impl Into<String>) -> Self {
        self.with::<String>("model", model.into())
    }

    /// Cost charged by the model's provider, if known.
    pub fn provider_cost(self, provider_cost: f64) -> Self {
        self.with("provider_cost", provider_cost)
    }

    /// Currency of provider_cost, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }

    /// Whether the numbers are a lower bound.
    pub fn is_estimate(self, is_estimate: bool) -> Self {
        self.with("is_estimate", is_estimate)
    }
}

operation! {
    /// Marks requests of `agora.task.complete`.
    pub TaskCompleteOperation => TaskUpdate, Command, "task/complete", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.task.complete`.
impl Request<TaskCompleteOperation> {
    /// Set `result`.
    pub fn result(self, result: impl Into<Value>) -> Self {
        self.with::<Value>("result", result.into())
    }

    /// Notes for people.
    pub fn notes(self, notes: impl Into<String>) -> Self {
        self.with::<String>("notes", notes.into())
    }

    /// The claim's fencing token: a write after the lease was lost is refused.
    pub fn fencing_token(self, fencing_token: i64) -> Self {
        self.with("fencing_token", fencing_token)
    }
}

operation! {
    /// Marks requests of `agora.task.fail`.
    pub TaskFailOperation => TaskUpdate, Command, "task/fail", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.task.fail`.
impl Request<TaskFailOperation> {
    /// Whether the task may be retried.
    pub fn retry(self, retry: bool) -> Self {
        self.with("retry", retry)
    }

    /// The claim's fencing token: a write after the lease was lost is refused.
    pub fn fencing_token(self, fencing_token: i64) -> Self {
        self.with("fencing_token", fencing_token)
    }
}

operation! {
    /// Marks requests of `agora.task.cancel`.
    pub TaskCancelOperation => TaskUpdate, Command, "task/cancel", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition];
}

/// Optional arguments of `agora.task.cancel`.
impl Request<TaskCancelOperation> {
    /// Notes for people.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }
}

operation! {
    /// Marks requests of `agora.task.requeue`.
    pub TaskRequeueOperation => TaskUpdate, Command, "task/requeue", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, IllegalTransition], keyed;
}

/// Optional arguments of `agora.task.requeue`.
impl Request<TaskRequeueOperation> {
    /// Notes for people.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }
}

operation! {
    /// Marks requests of `agora.task.retry`.
    pub TaskRetryOperation => TaskReceipt, Command, "task/retry", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.task.retry`.
impl Request<TaskRetryOperation> {
    /// Agent id or name, 'capability:NAME' for any agent that has it, 'worker:ID' for one worker (unless an agent has that very name); default: any suitable agent. With an unregistered name, the task waits for that name.
    pub fn assignee(self, assignee: impl Into<String>) -> Self {
        self.with::<String>("assignee", assignee.into())
    }
}

operation! {
    /// Marks requests of `agora.task.reassign`.
    pub TaskReassignOperation => TaskUpdate, Command, "task/reassign", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.task.reassign`.
impl Request<TaskReassignOperation> {
    /// Notes for people.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }
}

operation! {
    /// Marks requests of `agora.task.prioritize`.
    pub TaskPrioritizeOperation => TaskUpdate, Command, "task/prioritize", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict];
}

/// Optional arguments of `agora.task.prioritize`.
impl Request<TaskPrioritizeOperation> {
    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Waiting task of yours that this one is claimed right before.
    pub fn before(self, before: impl Into<String>) -> Self {
        self.with::<String>("before", before.into())
    }

    /// Waiting task of yours that this one is claimed right after.
    pub fn after(self, after: impl Into<String>) -> Self {
        self.with::<String>("after", after.into())
    }
}

operation! {
    /// Marks requests of `agora.task.comment`.
    pub TaskCommentOperation => TaskEntry, Command, "task/comment", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

operation! {
    /// Marks requests of `agora.task.message`.
    pub TaskMessageOperation => TaskEntry, Command, "task/message", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease], keyed;
}

/// Optional arguments of `agora.task.message`.
impl Request<TaskMessageOperation> {
    /// Set `text`.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with::<String>("text", text.into())
    }

    /// The message in parts, if it is not a single text.
    pub fn parts(self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.with::<Vec<Part>>("parts", parts.into_iter().collect())
    }

    /// Only for the assignee. 'input_required': the task waits until the message is answered. 'completed': the message becomes the result and ends the task; a waiting A2A client receives a Message.
    pub fn status(self, status: impl Into<String>) -> Self {
        self.with::<String>("status", status.into())
    }

    /// Set `message_id`.
    pub fn message_id(self, message_id: impl Into<String>) -> Self {
        self.with::<String>("message_id", message_id.into())
    }

    /// Set `metadata`.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }

    /// URIs of extensions.
    pub fn extensions(self, extensions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("extensions", extensions.into_iter().map(Into::into).collect())
    }

    /// Id of the assignee's question. If it was already answered, the message is refused (409) and not sent.
    pub fn answers(self, answers: impl Into<String>) -> Self {
        self.with::<String>("answers", answers.into())
    }

    /// The claim's fencing token: a write after the lease was lost is refused.
    pub fn fencing_token(self, fencing_token: i64) -> Self {
        self.with("fencing_token", fencing_token)
    }

    /// With a question: keep the lease while it is open, so that the answer returns the task to its waiting holder. If the lease expires, the question is withdrawn.
    pub fn keep_lease(self, keep_lease: bool) -> Self {
        self.with("keep_lease", keep_lease)
    }
}

operation! {
    /// Marks requests of `agora.task.artifact`.
    pub TaskArtifactOperation => TaskEntry, Command, "task/artifact", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease], keyed;
}

/// Optional arguments of `agora.task.artifact`.
impl Request<TaskArtifactOperation> {
    /// Set `text`.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with::<String>("text", text.into())
    }

    /// The message in parts, if it is not a single text.
    pub fn parts(self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.with::<Vec<Part>>("parts", parts.into_iter().collect())
    }

    /// Generated if omitted; needed to append to it.
    pub fn artifact_id(self, artifact_id: impl Into<String>) -> Self {
        self.with::<String>("artifact_id", artifact_id.into())
    }

    /// Set `name`.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }

    /// Set `description`.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Append to the artifact with this id instead of replacing it.
    pub fn append(self, append: bool) -> Self {
        self.with("append", append)
    }

    /// Whether the artifact is complete.
    pub fn last(self, last: bool) -> Self {
        self.with("last", last)
    }

    /// Set `metadata`.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }

    /// URIs of extensions.
    pub fn extensions(self, extensions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("extensions", extensions.into_iter().map(Into::into).collect())
    }

    /// The claim's fencing token: a write after the lease was lost is refused.
    pub fn fencing_token(self, fencing_token: i64) -> Self {
        self.with("fencing_token", fencing_token)
    }
}

operation! {
    /// Marks requests of `agora.task.append`.
    pub TaskAppendOperation => TaskOutput, Command, "task/append", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease], keyed;
}

/// Optional arguments of `agora.task.append`.
impl Request<TaskAppendOperation> {
    /// Offset of the chunk; refused if it is not the current end of the output.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }

    /// The claim's fencing token: a write after the lease was lost is refused.
    pub fn fencing_token(self, fencing_token: i64) -> Self {
        self.with("fencing_token", fencing_token)
    }
}

operation! {
    /// Marks requests of `agora.task.output`.
    pub TaskOutputOperation => TaskOutput, Query, "task/output", [Halted, NotFound];
}

/// Optional arguments of `agora.task.output`.
impl Request<TaskOutputOperation> {
    /// Start position, in characters.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }

    /// Most characters.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }
}

operation! {
    /// Marks requests of `agora.task.stream`.
    pub TaskStreamOperation => TaskEntry, Stream, "task/stream", [Halted, NotFound];
}

/// Optional arguments of `agora.task.stream`.
impl StreamRequest<TaskStreamOperation> {
    /// Resume after this event: its id (evt_...) or its sequence number.
    pub fn last_event_id(self, last_event_id: impl Into<String>) -> Self {
        self.with::<String>("last_event_id", last_event_id.into())
    }
}

operation! {
    /// Marks requests of `agora.task.statistics`.
    pub TaskStatisticsOperation => TaskStatistics, Query, "task/statistics", [Halted, NotFound];
}

/// Optional arguments of `agora.task.statistics`.
impl Request<TaskStatisticsOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `task_type`.
    pub fn task_type(self, task_type: impl Into<String>) -> Self {
        self.with::<String>("task_type", task_type.into())
    }

    /// RFC 3339 time with an offset.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.prices`.
    pub BillingPricesOperation => PricePage, Query, "billing/prices", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.billing.prices`.
impl Request<BillingPricesOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// All versions, newest first, instead of the current one.
    pub fn history(self, history: bool) -> Self {
        self.with("history", history)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.set_price`.
    pub BillingSetPriceOperation => Price, Command, "billing/set_price", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict], keyed;
}

/// Optional arguments of `agora.billing.set_price`.
impl Request<BillingSetPriceOperation> {
    /// Set `price`.
    pub fn price(self, price: f64) -> Self {
        self.with("price", price)
    }

    /// Code of the currency in ISO 4217, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }

    /// Set `base_price`.
    pub fn base_price(self, base_price: f64) -> Self {
        self.with("base_price", base_price)
    }

    /// Set `task_price`.
    pub fn task_price(self, task_price: f64) -> Self {
        self.with("task_price", task_price)
    }

    /// Type hybrid: time unit of the price; default: hour.
    pub fn usage_unit(self, usage_unit: impl Into<String>) -> Self {
        self.with::<String>("usage_unit", usage_unit.into())
    }

    /// Type token_based: price per million input tokens.
    pub fn input_price(self, input_price: f64) -> Self {
        self.with("input_price", input_price)
    }

    /// Type token_based: price per million output tokens.
    pub fn output_price(self, output_price: f64) -> Self {
        self.with("output_price", output_price)
    }

    /// Start of validity, at most a year ahead; default: now.
    pub fn effective_from(self, effective_from: impl Into<String>) -> Self {
        self.with::<String>("effective_from", effective_from.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.record`.
    pub BillingRecordOperation => UsageRecord, Command, "billing/record", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound];
}

/// Optional arguments of `agora.billing.record`.
impl Request<BillingRecordOperation> {
    /// Executions.
    pub fn requests(self, requests: i64) -> Self {
        self.with("requests", requests)
    }

    /// Measured running time.
    pub fn seconds(self, seconds: f64) -> Self {
        self.with("seconds", seconds)
    }

    /// Set `input_tokens`.
    pub fn input_tokens(self, input_tokens: i64) -> Self {
        self.with("input_tokens", input_tokens)
    }

    /// Set `output_tokens`.
    pub fn output_tokens(self, output_tokens: i64) -> Self {
        self.with("output_tokens", output_tokens)
    }

    /// Set `instance_id`.
    pub fn instance_id(self, instance_id: impl Into<String>) -> Self {
        self.with::<String>("instance_id", instance_id.into())
    }

    /// Time of the usage; default: now. The price at that time applies.
    pub fn at(self, at: impl Into<String>) -> Self {
        self.with::<String>("at", at.into())
    }

    /// Set `description`.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.reverse`.
    pub BillingReverseOperation => Entry, Command, "billing/reverse", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound];
}

operation! {
    /// Marks requests of `agora.billing.usage`.
    pub BillingUsageOperation => EntryPage, Query, "billing/usage", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.billing.usage`.
impl Request<BillingUsageOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `instance_id`.
    pub fn instance_id(self, instance_id: impl Into<String>) -> Self {
        self.with::<String>("instance_id", instance_id.into())
    }

    /// Only charges and reversals of this task.
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        self.with::<String>("task_id", task_id.into())
    }

    /// Only charges and reversals of the tasks of this workflow.
    pub fn workflow_id(self, workflow_id: impl Into<String>) -> Self {
        self.with::<String>("workflow_id", workflow_id.into())
    }

    /// Set `kind`.
    pub fn kind(self, kind: impl Into<EntryKind>) -> Self {
        self.with::<EntryKind>("kind", kind.into())
    }

    /// Only entries recorded at this time or later.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Only entries recorded before this time.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.tokens`.
    pub BillingTokensOperation => TokenUsagePage, Query, "billing/tokens", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.billing.tokens`.
impl Request<BillingTokensOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Only this task.
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        self.with::<String>("task_id", task_id.into())
    }

    /// Only tokens reported at this time or later.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Reported before this.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.cost`.
    pub BillingCostOperation => Cost, Query, "billing/cost", [Halted, NotFound];
}

/// Optional arguments of `agora.billing.cost`.
impl Request<BillingCostOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `instance_id`.
    pub fn instance_id(self, instance_id: impl Into<String>) -> Self {
        self.with::<String>("instance_id", instance_id.into())
    }

    /// First day; default: no limit.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Last day.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Code of the currency in ISO 4217, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.revenue`.
    pub BillingRevenueOperation => RevenuePage, Query, "billing/revenue", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.billing.revenue`.
impl Request<BillingRevenueOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// First day; default: no limit.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Last day.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.dashboard`.
    pub BillingDashboardOperation => Dashboard, Query, "billing/dashboard", [Halted];
}

/// Optional arguments of `agora.billing.dashboard`.
impl Request<BillingDashboardOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Code of the currency in ISO 4217, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.credit`.
    pub BillingCreditOperation => Entry, Command, "billing/credit", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound], keyed;
}

/// Optional arguments of `agora.billing.credit`.
impl Request<BillingCreditOperation> {
    /// Code of the currency in ISO 4217, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }

    /// Kind of credit: prepaid, granted, or the payment of an invoice.
    pub fn kind(self, kind: impl Into<String>) -> Self {
        self.with::<String>("kind", kind.into())
    }

    /// Set `reason`.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }

    /// Idempotency key of this credit: repeating the call with it has no further effect.
    pub fn credit_key(self, credit_key: impl Into<String>) -> Self {
        self.with::<String>("credit_key", credit_key.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.balance`.
    pub BillingBalanceOperation => Balances, Query, "billing/balance", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.billing.balance`.
impl Request<BillingBalanceOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.budget`.
    pub BillingBudgetOperation => Budget, Command, "billing/budget", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.billing.budget`.
impl Request<BillingBudgetOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Code of the currency in ISO 4217, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }

    /// Monthly amount that triggers a warning; default: 80 % of the hard limit.
    pub fn soft_limit(self, soft_limit: f64) -> Self {
        self.with("soft_limit", soft_limit)
    }

    /// Monthly amount; charges beyond it are refused, and instances are paused when it is reached.
    pub fn hard_limit(self, hard_limit: f64) -> Self {
        self.with("hard_limit", hard_limit)
    }

    /// Refuse charges that exceed the account's credit.
    pub fn prepaid(self, prepaid: bool) -> Self {
        self.with("prepaid", prepaid)
    }

    /// Count only the cost of calls to this model (PROVIDER:MODEL).
    pub fn model(self, model: impl Into<String>) -> Self {
        self.with::<String>("model", model.into())
    }

    /// Count only the cost of model calls for tasks of this project.
    pub fn project(self, project: impl Into<String>) -> Self {
        self.with::<String>("project", project.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.budgets`.
    pub BillingBudgetsOperation => BudgetPage, Query, "billing/budgets", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.billing.budgets`.
impl Request<BillingBudgetsOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.set_discount`.
    pub BillingSetDiscountOperation => Discount, Command, "billing/set_discount", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.billing.set_discount`.
impl Request<BillingSetDiscountOperation> {
    /// RFC 3339 time with an offset.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.set_free_quota`.
    pub BillingSetFreeQuotaOperation => FreeQuota, Command, "billing/set_free_quota", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.billing.set_free_quota`.
impl Request<BillingSetFreeQuotaOperation> {
    /// Set `kind`.
    pub fn kind(self, kind: impl Into<String>) -> Self {
        self.with::<String>("kind", kind.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.reductions`.
    pub BillingReductionsOperation => Reductions, Query, "billing/reductions", [Halted, NotFound];
}

/// Optional arguments of `agora.billing.reductions`.
impl Request<BillingReductionsOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.create_coupon`.
    pub BillingCreateCouponOperation => Coupon, Command, "billing/create_coupon", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict], keyed;
}

/// Optional arguments of `agora.billing.create_coupon`.
impl Request<BillingCreateCouponOperation> {
    /// Code of the currency in ISO 4217, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }

    /// RFC 3339 time with an offset.
    pub fn expires_at(self, expires_at: impl Into<String>) -> Self {
        self.with::<String>("expires_at", expires_at.into())
    }

    /// Set `max_redemptions`.
    pub fn max_redemptions(self, max_redemptions: i64) -> Self {
        self.with("max_redemptions", max_redemptions)
    }
}

operation! {
    /// Marks requests of `agora.billing.coupons`.
    pub BillingCouponsOperation => CouponPage, Query, "billing/coupons", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.billing.coupons`.
impl Request<BillingCouponsOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.redeem_coupon`.
    pub BillingRedeemCouponOperation => Entry, Command, "billing/redeem_coupon", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict];
}

/// Optional arguments of `agora.billing.redeem_coupon`.
impl Request<BillingRedeemCouponOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.invoices`.
    pub BillingInvoicesOperation => InvoicePage, Query, "billing/invoices", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.billing.invoices`.
impl Request<BillingInvoicesOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// A month in UTC, such as 2026-11.
    pub fn period(self, period: impl Into<String>) -> Self {
        self.with::<String>("period", period.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.invoice`.
    pub BillingInvoiceOperation => Invoice, Query, "billing/invoice", [Halted, NotFound];
}

/// Optional arguments of `agora.billing.invoice`.
impl Request<BillingInvoiceOperation> {
    /// Invoice id or number; default: the open invoice.
    pub fn invoice(self, invoice: impl Into<String>) -> Self {
        self.with::<String>("invoice", invoice.into())
    }

    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Code of the currency in ISO 4217, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.document`.
    pub BillingDocumentOperation => InvoiceDocument, Query, "billing/document", [Halted, NotFound];
}

/// Optional arguments of `agora.billing.document`.
impl Request<BillingDocumentOperation> {
    /// csv: a table; html: a page to print; json: all data; eml: an e-mail to the customer.
    pub fn format(self, format: impl Into<String>) -> Self {
        self.with::<String>("format", format.into())
    }

    /// Show all decimal places on the page and in the e-mail.
    pub fn exact(self, exact: bool) -> Self {
        self.with("exact", exact)
    }
}

operation! {
    /// Marks requests of `agora.billing.profile`.
    pub BillingProfileOperation => BillingProfile, Query, "billing/profile", [Halted];
}

/// Optional arguments of `agora.billing.profile`.
impl Request<BillingProfileOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.set_profile`.
    pub BillingSetProfileOperation => BillingProfile, Command, "billing/set_profile", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.billing.set_profile`.
impl Request<BillingSetProfileOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Set `name`.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }

    /// Set `address`.
    pub fn address(self, address: impl Into<String>) -> Self {
        self.with::<String>("address", address.into())
    }

    /// Set `tax_id`.
    pub fn tax_id(self, tax_id: impl Into<String>) -> Self {
        self.with::<String>("tax_id", tax_id.into())
    }

    /// Set `email`.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.with::<String>("email", email.into())
    }
}

operation! {
    /// Marks requests of `agora.billing.close`.
    pub BillingCloseOperation => Closing, Command, "billing/close", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict];
}

operation! {
    /// Marks requests of `agora.a2a.send`.
    pub A2aSendOperation => A2ASendResult, Command, "a2a/send", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.a2a.send`.
impl Request<A2aSendOperation> {
    /// Agent id, name or dotted alias; if omitted, the marketplace selects an agent by its skills.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Id of the requested skill.
    pub fn skill(self, skill: impl Into<String>) -> Self {
        self.with::<String>("skill", skill.into())
    }

    /// Task to continue, if the message names none.
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        self.with::<String>("task_id", task_id.into())
    }

    /// Groups the tasks of one conversation.
    pub fn context_id(self, context_id: impl Into<String>) -> Self {
        self.with::<String>("context_id", context_id.into())
    }

    /// Return without waiting for the task to end or to need input.
    pub fn return_immediately(self, return_immediately: bool) -> Self {
        self.with("return_immediately", return_immediately)
    }

    /// Maximum seconds to wait for the task to end; then its current state is returned.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }

    /// Maximum number of history messages; 0 for none; default: the newest 100.
    pub fn history_length(self, history_length: i64) -> Self {
        self.with("history_length", history_length)
    }

    /// Set `accepted_output_modes`.
    pub fn accepted_output_modes(self, accepted_output_modes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>(
            "accepted_output_modes",
            accepted_output_modes.into_iter().map(Into::into).collect(),
        )
    }

    /// Push notification configuration of the task.
    pub fn push(self, push: A2APushConfig) -> Self {
        self.with("push", push)
    }

    /// Metadata of the request; stored with a new task.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }

    /// URIs of extensions that you support, beside the message's.
    pub fn extensions(self, extensions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("extensions", extensions.into_iter().map(Into::into).collect())
    }
}

operation! {
    /// Marks requests of `agora.a2a.get`.
    pub A2aGetOperation => A2ATask, Query, "a2a/get", [Halted, NotFound];
}

/// Optional arguments of `agora.a2a.get`.
impl Request<A2aGetOperation> {
    /// Only a task of this agent.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Maximum number of history messages; 0 for none; default: the newest 100.
    pub fn history_length(self, history_length: i64) -> Self {
        self.with("history_length", history_length)
    }

    /// Set `include_artifacts`.
    pub fn include_artifacts(self, include_artifacts: bool) -> Self {
        self.with("include_artifacts", include_artifacts)
    }

    /// Maximum seconds to wait for the task to end; then its current state is returned.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }
}

operation! {
    /// Marks requests of `agora.a2a.list`.
    pub A2aListOperation => A2ATaskList, Query, "a2a/list", [Halted];
}

/// Optional arguments of `agora.a2a.list`.
impl Request<A2aListOperation> {
    /// Only a task of this agent.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Groups the tasks of one conversation.
    pub fn context_id(self, context_id: impl Into<String>) -> Self {
        self.with::<String>("context_id", context_id.into())
    }

    /// Set `status`.
    pub fn status(self, status: impl Into<A2AState>) -> Self {
        self.with::<A2AState>("status", status.into())
    }

    /// RFC 3339 time with an offset.
    pub fn status_timestamp_after(self, status_timestamp_after: impl Into<String>) -> Self {
        self.with::<String>("status_timestamp_after", status_timestamp_after.into())
    }

    /// Set `page_size`.
    pub fn page_size(self, page_size: i64) -> Self {
        self.with("page_size", page_size)
    }

    /// 'nextPageToken' of the previous page.
    pub fn page_token(self, page_token: impl Into<String>) -> Self {
        self.with::<String>("page_token", page_token.into())
    }

    /// Maximum number of history messages; 0 for none; default: the newest 100.
    pub fn history_length(self, history_length: i64) -> Self {
        self.with("history_length", history_length)
    }

    /// Set `include_artifacts`.
    pub fn include_artifacts(self, include_artifacts: bool) -> Self {
        self.with("include_artifacts", include_artifacts)
    }
}

operation! {
    /// Marks requests of `agora.a2a.cancel`.
    pub A2aCancelOperation => A2ATask, Command, "a2a/cancel", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition];
}

/// Optional arguments of `agora.a2a.cancel`.
impl Request<A2aCancelOperation> {
    /// Only a task of this agent.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Set `metadata`.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.subscribe`.
    pub A2aSubscribeOperation => A2AUpdate, Stream, "a2a/subscribe", [Halted, NotFound, IllegalTransition];
}

/// Optional arguments of `agora.a2a.subscribe`.
impl StreamRequest<A2aSubscribeOperation> {
    /// Only a task of this agent.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Resume after this item, without the task itself.
    pub fn last_event_id(self, last_event_id: impl Into<String>) -> Self {
        self.with::<String>("last_event_id", last_event_id.into())
    }

    /// Maximum number of history messages; 0 for none; default: the newest 100.
    pub fn history_length(self, history_length: i64) -> Self {
        self.with("history_length", history_length)
    }

    /// Whether the stream continues while the task needs input.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.create_push_config`.
    pub A2aCreatePushConfigOperation => A2APushConfig, Command, "a2a/create_push_config", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict], keyed;
}

/// Optional arguments of `agora.a2a.create_push_config`.
impl Request<A2aCreatePushConfigOperation> {
    /// Only a task of this agent.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Generated if omitted. An existing configuration with this id is replaced.
    pub fn config_id(self, config_id: impl Into<String>) -> Self {
        self.with::<String>("config_id", config_id.into())
    }

    /// Set `token`.
    pub fn token(self, token: impl Into<String>) -> Self {
        self.with::<String>("token", token.into())
    }

    /// Set `authentication`.
    pub fn authentication(self, authentication: A2AAuthentication) -> Self {
        self.with("authentication", authentication)
    }

    /// A2A version of the notifications: 1.0 posts each update, 0.3 posts the whole task.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with::<String>("version", version.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.get_push_config`.
    pub A2aGetPushConfigOperation => A2APushConfig, Query, "a2a/get_push_config", [Halted, NotFound];
}

/// Optional arguments of `agora.a2a.get_push_config`.
impl Request<A2aGetPushConfigOperation> {
    /// Only a task of this agent.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.list_push_configs`.
    pub A2aListPushConfigsOperation => A2APushConfigs, Query, "a2a/list_push_configs", [Halted, NotFound];
}

/// Optional arguments of `agora.a2a.list_push_configs`.
impl Request<A2aListPushConfigsOperation> {
    /// Only a task of this agent.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Set `page_size`.
    pub fn page_size(self, page_size: i64) -> Self {
        self.with("page_size", page_size)
    }

    /// 'nextPageToken' of the previous page.
    pub fn page_token(self, page_token: impl Into<String>) -> Self {
        self.with::<String>("page_token", page_token.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.delete_push_config`.
    pub A2aDeletePushConfigOperation => A2APushDeletion, Command, "a2a/delete_push_config", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.a2a.delete_push_config`.
impl Request<A2aDeletePushConfigOperation> {
    /// Only a task of this agent.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.push_dead_letters`.
    pub A2aPushDeadLettersOperation => PushDeadLetters, Query, "a2a/push_dead_letters", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.a2a.push_dead_letters`.
impl Request<A2aPushDeadLettersOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.retry_push`.
    pub A2aRetryPushOperation => PushRetry, Command, "a2a/retry_push", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.a2a.card`.
    pub A2aCardOperation => A2ACard, Query, "a2a/card", [Halted, NotFound];
}

/// Optional arguments of `agora.a2a.card`.
impl Request<A2aCardOperation> {
    /// Agent id, name or dotted alias; if omitted, the marketplace selects an agent by its skills.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Base URL under which the caller reaches this server; default: its public_url.
    pub fn base_url(self, base_url: impl Into<String>) -> Self {
        self.with::<String>("base_url", base_url.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.extended_card`.
    pub A2aExtendedCardOperation => A2ACard, Query, "a2a/extended_card", [Halted, NotFound];
}

/// Optional arguments of `agora.a2a.extended_card`.
impl Request<A2aExtendedCardOperation> {
    /// Agent id, name or dotted alias; if omitted, the marketplace selects an agent by its skills.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Base URL under which the caller reaches this server; default: its public_url.
    pub fn base_url(self, base_url: impl Into<String>) -> Self {
        self.with::<String>("base_url", base_url.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.set_card`.
    pub A2aSetCardOperation => CardChange, Command, "a2a/set_card", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.a2a.set_card`.
impl Request<A2aSetCardOperation> {
    /// Default: the caller.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Fields of an agent card, which override the generated ones; null removes the stored card.
    pub fn card(self, card: impl Into<Value>) -> Self {
        self.with::<Value>("card", card.into())
    }

    /// Fields that are shown only to authenticated callers.
    pub fn extended(self, extended: impl Into<Value>) -> Self {
        self.with::<Value>("extended", extended.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.catalogue`.
    pub A2aCatalogueOperation => A2ACatalogue, Query, "a2a/catalogue", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.a2a.catalogue`.
impl Request<A2aCatalogueOperation> {
    /// Base URL under which the caller reaches this server; default: its public_url.
    pub fn base_url(self, base_url: impl Into<String>) -> Self {
        self.with::<String>("base_url", base_url.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.add_remote`.
    pub A2aAddRemoteOperation => RemoteAgent, Relay, "a2a/add_remote", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, NameTaken, IllegalTransition, UpstreamFailed, UpstreamUnavailable], keyed;
}

/// Optional arguments of `agora.a2a.add_remote`.
impl Request<A2aAddRemoteOperation> {
    /// Its name in this marketplace; default: the name on its card.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }

    /// Sent with every request, such as Authorization; stored encrypted, never shown.
    pub fn headers(self, headers: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "headers",
            headers
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// Seconds without any data from the agent after which a request fails.
    pub fn timeout(self, timeout: f64) -> Self {
        self.with("timeout", timeout)
    }

    /// Fetch the card first; false registers the agent even if its card cannot be fetched.
    pub fn verify(self, verify: bool) -> Self {
        self.with("verify", verify)
    }
}

operation! {
    /// Marks requests of `agora.a2a.list_remotes`.
    pub A2aListRemotesOperation => RemoteAgentPage, Query, "a2a/list_remotes", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.a2a.list_remotes`.
impl Request<A2aListRemotesOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.a2a.get_remote`.
    pub A2aGetRemoteOperation => RemoteAgent, Query, "a2a/get_remote", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.a2a.refresh_remote`.
    pub A2aRefreshRemoteOperation => RemoteAgent, Relay, "a2a/refresh_remote", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, NameTaken, IllegalTransition, UpstreamFailed, UpstreamUnavailable];
}

operation! {
    /// Marks requests of `agora.a2a.remove_remote`.
    pub A2aRemoveRemoteOperation => RemoteRemoval, Command, "a2a/remove_remote", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

operation! {
    /// Marks requests of `agora.admin.override`.
    pub AdminOverrideOperation => OverrideReceipt, Command, "admin/override", [MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Halted, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.admin.override`.
impl Request<AdminOverrideOperation> {
    /// Set `reason`.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }

    /// Authority, 255 = supreme; default: the caller's own.
    pub fn priority(self, priority: i64) -> Self {
        self.with("priority", priority)
    }

    /// Seconds until the override expires.
    pub fn expires_in(self, expires_in: i64) -> Self {
        self.with("expires_in", expires_in)
    }
}

operation! {
    /// Marks requests of `agora.admin.health`.
    pub AdminHealthOperation => Health, Query, "admin/health", [NotFound];
}

/// Optional arguments of `agora.admin.health`.
impl Request<AdminHealthOperation> {
    /// Only this component: database, mcp_server, agents ...
    pub fn component(self, component: impl Into<String>) -> Self {
        self.with::<String>("component", component.into())
    }
}

operation! {
    /// Marks requests of `agora.admin.manage`.
    pub AdminManageOperation => Managed, Command, "admin/manage", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, IllegalTransition], keyed;
}

/// Optional arguments of `agora.admin.manage`.
impl Request<AdminManageOperation> {
    /// set: the setting's value; set_tier: the tier; hand_over: an agent; deprecate and sunset: what to call instead (NAME or NAME@VERSION), or an object with replacement, sunset_date (YYYY-MM-DD, for deprecate) and migration_guide.
    pub fn value(self, value: impl Into<Value>) -> Self {
        self.with::<Value>("value", value.into())
    }

    /// Set `reason`.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }
}

operation! {
    /// Marks requests of `agora.admin.audit`.
    pub AdminAuditOperation => AuditPage, Query, "admin/audit", [], paged_by_cursor;
}

/// Optional arguments of `agora.admin.audit`.
impl Request<AdminAuditOperation> {
    /// Set `actor`.
    pub fn actor(self, actor: impl Into<String>) -> Self {
        self.with::<String>("actor", actor.into())
    }

    /// Set `operation`.
    pub fn operation(self, operation: impl Into<String>) -> Self {
        self.with::<String>("operation", operation.into())
    }

    /// Set `target`.
    pub fn target(self, target: impl Into<String>) -> Self {
        self.with::<String>("target", target.into())
    }

    /// Set `outcome`.
    pub fn outcome(self, outcome: impl Into<String>) -> Self {
        self.with::<String>("outcome", outcome.into())
    }

    /// RFC 3339 time with an offset.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// RFC 3339 time with an offset.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.agent.register`.
    pub AgentRegisterOperation => Registration, Command, "agent/register", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, NameTaken, IllegalTransition], keyed;
}

/// Optional arguments of `agora.agent.register`.
impl Request<AgentRegisterOperation> {
    /// Capabilities of the agent.
    pub fn capabilities(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capabilities", capabilities.into_iter().map(Into::into).collect())
    }

    /// Set `service_tier`.
    pub fn service_tier(self, service_tier: impl Into<ServiceTier>) -> Self {
        self.with::<ServiceTier>("service_tier", service_tier.into())
    }

    /// Set `description`.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Set `category`.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with::<String>("category", category.into())
    }

    /// Set `tags`.
    pub fn tags(self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("tags", tags.into_iter().map(Into::into).collect())
    }

    /// Set `visibility`.
    pub fn visibility(self, visibility: impl Into<Visibility>) -> Self {
        self.with::<Visibility>("visibility", visibility.into())
    }

    /// Protocol name to URL.
    pub fn endpoints(self, endpoints: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "endpoints",
            endpoints
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// Free-form data kept with the agent.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }

    /// Maximum number of concurrent tasks.
    pub fn max_concurrent_tasks(self, max_concurrent_tasks: i64) -> Self {
        self.with("max_concurrent_tasks", max_concurrent_tasks)
    }

    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    pub fn busy(self, busy: impl Into<String>) -> Self {
        self.with::<String>("busy", busy.into())
    }

    /// The agent's own rating of its skill, in percent.
    pub fn proficiency_level(self, proficiency_level: i64) -> Self {
        self.with("proficiency_level", proficiency_level)
    }

    /// Address in the agent protocol, agent.COMPANY.NAME, unique in the marketplace.
    pub fn alias(self, alias: impl Into<String>) -> Self {
        self.with::<String>("alias", alias.into())
    }

    /// Public keys for end-to-end encryption, the preferred one first.
    pub fn public_keys(self, public_keys: impl IntoIterator<Item = PublicKey>) -> Self {
        self.with::<Vec<PublicKey>>("public_keys", public_keys.into_iter().collect())
    }

    /// Further manifest fields: version, pricing, build_config, host_requirements ...
    pub fn manifest(self, manifest: impl Into<Value>) -> Self {
        self.with::<Value>("manifest", manifest.into())
    }
}

operation! {
    /// Marks requests of `agora.agent.get`.
    pub AgentGetOperation => Agent, Query, "agent/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.agent.list`.
    pub AgentListOperation => AgentPage, Query, "agent/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.agent.list`.
impl Request<AgentListOperation> {
    /// Set `status`.
    pub fn status(self, status: impl Into<AgentStatus>) -> Self {
        self.with::<AgentStatus>("status", status.into())
    }

    /// Set `service_tier`.
    pub fn service_tier(self, service_tier: impl Into<ServiceTier>) -> Self {
        self.with::<ServiceTier>("service_tier", service_tier.into())
    }

    /// Set `category`.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with::<String>("category", category.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// Number of items to skip. A cursor is cheaper.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.agent.update`.
    pub AgentUpdateOperation => Agent, Command, "agent/update", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, NameTaken, IllegalTransition];
}

/// Optional arguments of `agora.agent.update`.
impl Request<AgentUpdateOperation> {
    /// Capabilities of the agent.
    pub fn capabilities(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capabilities", capabilities.into_iter().map(Into::into).collect())
    }

    /// Set `status`.
    pub fn status(self, status: impl Into<AgentStatus>) -> Self {
        self.with::<AgentStatus>("status", status.into())
    }

    /// Set `description`.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Set `category`.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with::<String>("category", category.into())
    }

    /// Set `tags`.
    pub fn tags(self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("tags", tags.into_iter().map(Into::into).collect())
    }

    /// Set `visibility`.
    pub fn visibility(self, visibility: impl Into<Visibility>) -> Self {
        self.with::<Visibility>("visibility", visibility.into())
    }

    /// Protocol name to URL.
    pub fn endpoints(self, endpoints: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "endpoints",
            endpoints
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// Free-form data kept with the agent.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }

    /// Maximum number of concurrent tasks.
    pub fn max_concurrent_tasks(self, max_concurrent_tasks: i64) -> Self {
        self.with("max_concurrent_tasks", max_concurrent_tasks)
    }

    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    pub fn busy(self, busy: impl Into<String>) -> Self {
        self.with::<String>("busy", busy.into())
    }

    /// The agent's own rating of its skill, in percent.
    pub fn proficiency_level(self, proficiency_level: i64) -> Self {
        self.with("proficiency_level", proficiency_level)
    }

    /// Address in the agent protocol, agent.COMPANY.NAME, unique in the marketplace.
    pub fn alias(self, alias: impl Into<String>) -> Self {
        self.with::<String>("alias", alias.into())
    }

    /// Public keys for end-to-end encryption, the preferred one first.
    pub fn public_keys(self, public_keys: impl IntoIterator<Item = PublicKey>) -> Self {
        self.with::<Vec<PublicKey>>("public_keys", public_keys.into_iter().collect())
    }
}

operation! {
    /// Marks requests of `agora.agent.heartbeat`.
    pub AgentHeartbeatOperation => AgentHeartbeat, Command, "agent/heartbeat", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, IllegalTransition];
}

/// Optional arguments of `agora.agent.heartbeat`.
impl Request<AgentHeartbeatOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `status`.
    pub fn status(self, status: impl Into<AgentStatus>) -> Self {
        self.with::<AgentStatus>("status", status.into())
    }

    /// Fraction of the agent's capacity in use, 0 to 1.
    pub fn load(self, load: f64) -> Self {
        self.with("load", load)
    }
}

operation! {
    /// Marks requests of `agora.agent.status`.
    pub AgentStatusOperation => AgentStatusReport, Query, "agent/status", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.agent.rate`.
    pub AgentRateOperation => Rating, Command, "agent/rate", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.agent.rate`.
impl Request<AgentRateOperation> {
    /// Set `comment`.
    pub fn comment(self, comment: impl Into<String>) -> Self {
        self.with::<String>("comment", comment.into())
    }
}

operation! {
    /// Marks requests of `agora.agent.deregister`.
    pub AgentDeregisterOperation => Deregistration, Command, "agent/deregister", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition];
}

operation! {
    /// Marks requests of `agora.declared_agent.apply`.
    pub DeclaredAgentApplyOperation => AppliedAgent, Command, "declared_agent/apply", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, NameTaken, IllegalTransition];
}

/// Optional arguments of `agora.declared_agent.apply`.
impl Request<DeclaredAgentApplyOperation> {
    /// Only say what would change.
    pub fn dry_run(self, dry_run: bool) -> Self {
        self.with("dry_run", dry_run)
    }
}

operation! {
    /// Marks requests of `agora.declared_agent.list`.
    pub DeclaredAgentListOperation => DeclaredAgentPage, Query, "declared_agent/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.declared_agent.list`.
impl Request<DeclaredAgentListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.declared_agent.get`.
    pub DeclaredAgentGetOperation => DeclaredAgent, Query, "declared_agent/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.declared_agent.versions`.
    pub DeclaredAgentVersionsOperation => DeclaredAgentVersionPage, Query, "declared_agent/versions", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.declared_agent.versions`.
impl Request<DeclaredAgentVersionsOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.declared_agent.rollback`.
    pub DeclaredAgentRollbackOperation => AppliedAgent, Command, "declared_agent/rollback", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, NameTaken, IllegalTransition], keyed;
}

operation! {
    /// Marks requests of `agora.declared_agent.delete`.
    pub DeclaredAgentDeleteOperation => DeclaredAgentRemoval, Command, "declared_agent/delete", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition], keyed;
}

operation! {
    /// Marks requests of `agora.declared_agent.tools`.
    pub DeclaredAgentToolsOperation => AgentTools, Query, "declared_agent/tools", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.declared_agent.call_tool`.
    pub DeclaredAgentCallToolOperation => ToolOutcome, Relay, "declared_agent/call_tool", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, BudgetExceeded, CreditExhausted, NotFound, IllegalTransition, StaleLease, CursorTooOld], keyed;
}

/// Optional arguments of `agora.declared_agent.call_tool`.
impl Request<DeclaredAgentCallToolOperation> {
    /// Arguments of the tool.
    pub fn arguments(self, arguments: impl Into<Value>) -> Self {
        self.with::<Value>("arguments", arguments.into())
    }
}

operation! {
    /// Marks requests of `agora.declared_agent.reserve_model_call`.
    pub DeclaredAgentReserveModelCallOperation => ModelReservation, Command, "declared_agent/reserve_model_call", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.declared_agent.reserve_model_call`.
impl Request<DeclaredAgentReserveModelCallOperation> {
    /// Checkpoint, stored if and only if the call is reserved.
    pub fn checkpoint(self, checkpoint: impl Into<Value>) -> Self {
        self.with::<Value>("checkpoint", checkpoint.into())
    }

    /// Grows with each checkpoint of the task.
    pub fn checkpoint_number(self, checkpoint_number: i64) -> Self {
        self.with("checkpoint_number", checkpoint_number)
    }
}

operation! {
    /// Marks requests of `agora.declared_agent.record_model_call`.
    pub DeclaredAgentRecordModelCallOperation => RecordedModelCall, Command, "declared_agent/record_model_call", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.declared_agent.record_model_call`.
impl Request<DeclaredAgentRecordModelCallOperation> {
    /// Whether the tokens were estimated, not counted.
    pub fn is_estimate(self, is_estimate: bool) -> Self {
        self.with("is_estimate", is_estimate)
    }

    /// Whether the response was cut off; the step is then repeated.
    pub fn is_cut(self, is_cut: bool) -> Self {
        self.with("is_cut", is_cut)
    }

    /// Seconds until the answer began.
    pub fn time_to_first_token(self, time_to_first_token: f64) -> Self {
        self.with("time_to_first_token", time_to_first_token)
    }

    /// Duration in seconds.
    pub fn seconds(self, seconds: f64) -> Self {
        self.with("seconds", seconds)
    }

    /// Checkpoint, stored if and only if the call is charged.
    pub fn checkpoint(self, checkpoint: impl Into<Value>) -> Self {
        self.with::<Value>("checkpoint", checkpoint.into())
    }

    /// Grows with each checkpoint of the task.
    pub fn checkpoint_number(self, checkpoint_number: i64) -> Self {
        self.with("checkpoint_number", checkpoint_number)
    }

    /// Text to append to the task's output.
    pub fn output(self, output: impl Into<String>) -> Self {
        self.with::<String>("output", output.into())
    }

    /// Start offset of the text; a repeated text is appended once.
    pub fn output_offset(self, output_offset: i64) -> Self {
        self.with("output_offset", output_offset)
    }
}

operation! {
    /// Marks requests of `agora.declared_agent.release_model_call`.
    pub DeclaredAgentReleaseModelCallOperation => ModelReservationRelease, Command, "declared_agent/release_model_call", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict];
}

operation! {
    /// Marks requests of `agora.workflow.create`.
    pub WorkflowCreateOperation => WorkflowReceipt, Command, "workflow/create", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.workflow.create`.
impl Request<WorkflowCreateOperation> {
    /// Set `assigned_agents`.
    pub fn assigned_agents(self, assigned_agents: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("assigned_agents", assigned_agents.into_iter().map(Into::into).collect())
    }

    /// Set `metadata`.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }

    /// Set `input`.
    pub fn input(self, input: impl Into<Value>) -> Self {
        self.with::<Value>("input", input.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }
}

operation! {
    /// Marks requests of `agora.workflow.status`.
    pub WorkflowStatusOperation => Workflow, Query, "workflow/status", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.workflow.list`.
    pub WorkflowListOperation => WorkflowPage, Query, "workflow/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.workflow.list`.
impl Request<WorkflowListOperation> {
    /// Set `status`.
    pub fn status(self, status: impl Into<OneOrMany<WorkflowStatus>>) -> Self {
        self.with::<OneOrMany<WorkflowStatus>>("status", status.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// RFC 3339 time with an offset.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// Number of items to skip. A cursor is cheaper.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.workflow.modify`.
    pub WorkflowModifyOperation => Modification, Command, "workflow/modify", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.workflow.modify`.
impl Request<WorkflowModifyOperation> {
    /// Set `step`.
    pub fn step(self, step: impl Into<String>) -> Self {
        self.with::<String>("step", step.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Set `capability`.
    pub fn capability(self, capability: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capability", capability.into_iter().map(Into::into).collect())
    }

    /// Set `definition`.
    pub fn definition(self, definition: Step) -> Self {
        self.with("definition", definition)
    }

    /// Set `before`.
    pub fn before(self, before: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("before", before.into_iter().map(Into::into).collect())
    }

    /// Set `order`.
    pub fn order(self, order: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("order", order.into_iter().map(Into::into).collect())
    }

    /// Set `reason`.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }
}

operation! {
    /// Marks requests of `agora.workflow.approve`.
    pub WorkflowApproveOperation => Modification, Command, "workflow/approve", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition];
}

/// Optional arguments of `agora.workflow.approve`.
impl Request<WorkflowApproveOperation> {
    /// Set `step`.
    pub fn step(self, step: impl Into<String>) -> Self {
        self.with::<String>("step", step.into())
    }

    /// Set `approved`.
    pub fn approved(self, approved: bool) -> Self {
        self.with("approved", approved)
    }

    /// Set `comment`.
    pub fn comment(self, comment: impl Into<String>) -> Self {
        self.with::<String>("comment", comment.into())
    }
}

operation! {
    /// Marks requests of `agora.workflow.cancel`.
    pub WorkflowCancelOperation => Modification, Command, "workflow/cancel", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition];
}

/// Optional arguments of `agora.workflow.cancel`.
impl Request<WorkflowCancelOperation> {
    /// Set `reason`.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }
}

operation! {
    /// Marks requests of `agora.workflow.timeline`.
    pub WorkflowTimelineOperation => Timeline, Query, "workflow/timeline", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.workflow.diagram`.
    pub WorkflowDiagramOperation => WorkflowDiagram, Query, "workflow/diagram", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.app.create`.
    pub AppCreateOperation => AppDetails, Command, "app/create", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, NameTaken], keyed;
}

/// Optional arguments of `agora.app.create`.
impl Request<AppCreateOperation> {
    /// Dotted name of the app, app.COMPANY.NAME.
    pub fn alias(self, alias: impl Into<String>) -> Self {
        self.with::<String>("alias", alias.into())
    }

    /// Description of the app.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Industry of the app.
    pub fn industry(self, industry: impl Into<String>) -> Self {
        self.with::<String>("industry", industry.into())
    }

    /// Version set by the publisher.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with::<String>("version", version.into())
    }

    /// Agent id, name or dotted alias.
    pub fn orchestrator_agent(self, orchestrator_agent: impl Into<String>) -> Self {
        self.with::<String>("orchestrator_agent", orchestrator_agent.into())
    }

    /// Capabilities that it uses, provided by any agent.
    pub fn uses(self, uses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("uses", uses.into_iter().map(Into::into).collect())
    }

    /// Set `pricing`.
    pub fn pricing(self, pricing: AppPrice) -> Self {
        self.with("pricing", pricing)
    }

    /// Set `visibility`.
    pub fn visibility(self, visibility: impl Into<Visibility>) -> Self {
        self.with::<Visibility>("visibility", visibility.into())
    }

    /// Set `workflow`.
    pub fn workflow(self, workflow: AppWorkflow) -> Self {
        self.with("workflow", workflow)
    }
}

operation! {
    /// Marks requests of `agora.app.list`.
    pub AppListOperation => AppPage, Query, "app/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.app.list`.
impl Request<AppListOperation> {
    /// Words in the name, alias, description, industry or capabilities; an app must contain all of them.
    pub fn query(self, query: impl Into<String>) -> Self {
        self.with::<String>("query", query.into())
    }

    /// Only apps of this industry.
    pub fn industry(self, industry: impl Into<String>) -> Self {
        self.with::<String>("industry", industry.into())
    }

    /// Only apps that use this capability.
    pub fn capability(self, capability: impl Into<String>) -> Self {
        self.with::<String>("capability", capability.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.app.get`.
    pub AppGetOperation => AppDetails, Query, "app/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.app.update`.
    pub AppUpdateOperation => AppDetails, Command, "app/update", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, NameTaken];
}

/// Optional arguments of `agora.app.update`.
impl Request<AppUpdateOperation> {
    /// Dotted name of the app, app.COMPANY.NAME.
    pub fn alias(self, alias: impl Into<String>) -> Self {
        self.with::<String>("alias", alias.into())
    }

    /// Description of the app.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Industry of the app.
    pub fn industry(self, industry: impl Into<String>) -> Self {
        self.with::<String>("industry", industry.into())
    }

    /// Version set by the publisher.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with::<String>("version", version.into())
    }

    /// Agent id, name or dotted alias.
    pub fn orchestrator_agent(self, orchestrator_agent: impl Into<String>) -> Self {
        self.with::<String>("orchestrator_agent", orchestrator_agent.into())
    }

    /// Capabilities that it uses, provided by any agent.
    pub fn uses(self, uses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("uses", uses.into_iter().map(Into::into).collect())
    }

    /// Set `pricing`.
    pub fn pricing(self, pricing: AppPrice) -> Self {
        self.with("pricing", pricing)
    }

    /// Set `visibility`.
    pub fn visibility(self, visibility: impl Into<Visibility>) -> Self {
        self.with::<Visibility>("visibility", visibility.into())
    }

    /// Set `workflow`.
    pub fn workflow(self, workflow: AppWorkflow) -> Self {
        self.with("workflow", workflow)
    }
}

operation! {
    /// Marks requests of `agora.app.delete`.
    pub AppDeleteOperation => AppRemoval, Command, "app/delete", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition];
}

operation! {
    /// Marks requests of `agora.app.install`.
    pub AppInstallOperation => AppChange, Command, "app/install", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, NameTaken, IllegalTransition];
}

/// Optional arguments of `agora.app.install`.
impl Request<AppInstallOperation> {
    /// Dotted name of the app, app.COMPANY.NAME.
    pub fn alias(self, alias: impl Into<String>) -> Self {
        self.with::<String>("alias", alias.into())
    }

    /// Description of the app.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Industry of the app.
    pub fn industry(self, industry: impl Into<String>) -> Self {
        self.with::<String>("industry", industry.into())
    }

    /// Version set by the publisher.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with::<String>("version", version.into())
    }

    /// Agent id, name or dotted alias.
    pub fn orchestrator_agent(self, orchestrator_agent: impl Into<String>) -> Self {
        self.with::<String>("orchestrator_agent", orchestrator_agent.into())
    }

    /// Capabilities that it uses, provided by any agent.
    pub fn uses(self, uses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("uses", uses.into_iter().map(Into::into).collect())
    }

    /// Set `pricing`.
    pub fn pricing(self, pricing: AppPrice) -> Self {
        self.with("pricing", pricing)
    }

    /// Set `visibility`.
    pub fn visibility(self, visibility: impl Into<Visibility>) -> Self {
        self.with::<Visibility>("visibility", visibility.into())
    }

    /// Set `workflow`.
    pub fn workflow(self, workflow: AppWorkflow) -> Self {
        self.with("workflow", workflow)
    }

    /// Declared agents bundled with the app.
    pub fn agents(self, agents: impl IntoIterator<Item = AppAgent>) -> Self {
        self.with::<Vec<AppAgent>>("agents", agents.into_iter().collect())
    }

    /// Report the changes without applying them.
    pub fn dry_run(self, dry_run: bool) -> Self {
        self.with("dry_run", dry_run)
    }
}

operation! {
    /// Marks requests of `agora.app.run`.
    pub AppRunOperation => WorkflowReceipt, Command, "app/run", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.app.run`.
impl Request<AppRunOperation> {
    /// Input of the workflow; overrides the app's default input.
    pub fn input(self, input: impl Into<Value>) -> Self {
        self.with::<Value>("input", input.into())
    }
}

operation! {
    /// Marks requests of `agora.codebase.list`.
    pub CodebaseListOperation => CodebasePage, Query, "codebase/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.codebase.list`.
impl Request<CodebaseListOperation> {
    /// Part of a name, path or repository.
    pub fn search(self, search: impl Into<String>) -> Self {
        self.with::<String>("search", search.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.codebase.register`.
    pub CodebaseRegisterOperation => Codebase, Command, "codebase/register", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.codebase.register`.
impl Request<CodebaseRegisterOperation> {
    /// Directory on the worker's machine.
    pub fn path(self, path: impl Into<String>) -> Self {
        self.with::<String>("path", path.into())
    }

    /// Id or name of your worker that has it. If omitted, workers are asked whether they have it.
    pub fn worker_id(self, worker_id: impl Into<String>) -> Self {
        self.with::<String>("worker_id", worker_id.into())
    }

    /// Git remote, such as github.com/owner/name.
    pub fn repository(self, repository: impl Into<String>) -> Self {
        self.with::<String>("repository", repository.into())
    }

    /// Description of the codebase.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// URL of a git repository that a worker is to clone, instead of an existing path.
    pub fn git_url(self, git_url: impl Into<String>) -> Self {
        self.with::<String>("git_url", git_url.into())
    }

    /// Branch to clone.
    pub fn branch(self, branch: impl Into<String>) -> Self {
        self.with::<String>("branch", branch.into())
    }

    /// Token for cloning, stored encrypted; only the named worker can read it.
    pub fn git_token(self, git_token: impl Into<String>) -> Self {
        self.with::<String>("git_token", git_token.into())
    }

    /// Defaults for jobs in this codebase: model, agent_type, profile.
    pub fn agent_config(self, agent_config: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "agent_config",
            agent_config
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

operation! {
    /// Marks requests of `agora.codebase.confirm`.
    pub CodebaseConfirmOperation => Codebase, Command, "codebase/confirm", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, StaleLease];
}

/// Optional arguments of `agora.codebase.confirm`.
impl Request<CodebaseConfirmOperation> {
    /// Git remote, such as github.com/owner/name.
    pub fn repository(self, repository: impl Into<String>) -> Self {
        self.with::<String>("repository", repository.into())
    }
}

operation! {
    /// Marks requests of `agora.codebase.decline`.
    pub CodebaseDeclineOperation => Codebase, Command, "codebase/decline", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

operation! {
    /// Marks requests of `agora.codebase.read_credential`.
    pub CodebaseReadCredentialOperation => CodebaseCredential, Command, "codebase/read_credential", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, StaleLease], keyed;
}

operation! {
    /// Marks requests of `agora.codebase.get`.
    pub CodebaseGetOperation => Codebase, Query, "codebase/get", [Halted, NotFound, Conflict];
}

operation! {
    /// Marks requests of `agora.codebase.remove`.
    pub CodebaseRemoveOperation => RemovedCodebase, Command, "codebase/remove", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.codebase.trigger`.
    pub CodebaseTriggerOperation => TaskReceipt, Command, "codebase/trigger", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.codebase.trigger`.
impl Request<CodebaseTriggerOperation> {
    /// Title, for people.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with::<String>("title", title.into())
    }

    /// Mode of the agent, such as build.
    pub fn agent_type(self, agent_type: impl Into<String>) -> Self {
        self.with::<String>("agent_type", agent_type.into())
    }

    /// Model for the coding agent.
    pub fn model(self, model: impl Into<String>) -> Self {
        self.with::<String>("model", model.into())
    }

    /// Files for the agent: paths in the codebase, or files to create first, as objects with path and content (encoding base64 for bytes) or artifact with task_id and artifact_id.
    pub fn files(self, files: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.with::<Vec<Value>>("files", files.into_iter().map(Into::into).collect())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Jobs with the same context id share a session.
    pub fn context_id(self, context_id: impl Into<String>) -> Self {
        self.with::<String>("context_id", context_id.into())
    }

    /// Worker profile that the job requires.
    pub fn profile(self, profile: impl Into<String>) -> Self {
        self.with::<String>("profile", profile.into())
    }

    /// Environment variables for this job's agent only: stored encrypted, masked in the output, deleted when the job ends.
    pub fn secrets(self, secrets: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "secrets",
            secrets
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

operation! {
    /// Marks requests of `agora.codebase.read_job_secrets`.
    pub CodebaseReadJobSecretsOperation => JobSecrets, Command, "codebase/read_job_secrets", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, StaleLease], keyed;
}

operation! {
    /// Marks requests of `agora.codebase.message`.
    pub CodebaseMessageOperation => TaskEntry, Command, "codebase/message", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease], keyed;
}

/// Optional arguments of `agora.codebase.message`.
impl Request<CodebaseMessageOperation> {
    /// The job; default: your newest unfinished job.
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        self.with::<String>("task_id", task_id.into())
    }
}

operation! {
    /// Marks requests of `agora.codebase.interrupt`.
    pub CodebaseInterruptOperation => EndedJobs, Command, "codebase/interrupt", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

operation! {
    /// Marks requests of `agora.codebase.stop`.
    pub CodebaseStopOperation => EndedJobs, Command, "codebase/stop", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

operation! {
    /// Marks requests of `agora.codebase.status`.
    pub CodebaseStatusOperation => CodebaseStatus, Query, "codebase/status", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.codebase.events`.
    pub CodebaseEventsOperation => Event, Stream, "codebase/events", [Halted, NotFound, CursorTooOld];
}

/// Optional arguments of `agora.codebase.events`.
impl StreamRequest<CodebaseEventsOperation> {
    /// Resume after this event: its id (evt_...) or its sequence number.
    pub fn last_event_id(self, last_event_id: impl Into<String>) -> Self {
        self.with::<String>("last_event_id", last_event_id.into())
    }
}

operation! {
    /// Marks requests of `agora.codebase.start_watch`.
    pub CodebaseStartWatchOperation => Watch, Command, "codebase/start_watch", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.codebase.start_watch`.
impl Request<CodebaseStartWatchOperation> {
    /// Maximum seconds between two checks.
    pub fn interval(self, interval: i64) -> Self {
        self.with("interval", interval)
    }

    /// Hold queued jobs while this many reviews are open; 0: no limit; omitted: unchanged.
    pub fn review_limit(self, review_limit: i64) -> Self {
        self.with("review_limit", review_limit)
    }
}

operation! {
    /// Marks requests of `agora.codebase.stop_watch`.
    pub CodebaseStopWatchOperation => Watch, Command, "codebase/stop_watch", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.codebase.watch_status`.
    pub CodebaseWatchStatusOperation => Watch, Query, "codebase/watch_status", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.session.list`.
    pub SessionListOperation => SessionPage, Query, "session/list", [Halted, NotFound, Conflict], paged_by_cursor;
}

/// Optional arguments of `agora.session.list`.
impl Request<SessionListOperation> {
    /// Text in the title or id.
    pub fn q(self, q: impl Into<String>) -> Self {
        self.with::<String>("q", q.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.session.get`.
    pub SessionGetOperation => Session, Query, "session/get", [Halted, NotFound, Conflict];
}

operation! {
    /// Marks requests of `agora.session.sync`.
    pub SessionSyncOperation => Synchronisation, Command, "session/sync", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease];
}

operation! {
    /// Marks requests of `agora.session.ingest`.
    pub SessionIngestOperation => Ingestion, Command, "session/ingest", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.session.ingest`.
impl Request<SessionIngestOperation> {
    /// Objects with message_id, role, parts (or content) and created_at.
    pub fn messages(self, messages: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.with::<Vec<Value>>("messages", messages.into_iter().map(Into::into).collect())
    }

    /// Title, for people.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with::<String>("title", title.into())
    }

    /// Coding agent, such as opencode.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// The task of this session; its requester may read the session.
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        self.with::<String>("task_id", task_id.into())
    }
}

operation! {
    /// Marks requests of `agora.session.messages`.
    pub SessionMessagesOperation => SessionMessagePage, Query, "session/messages", [Halted, NotFound, Conflict], paged_by_cursor;
}

/// Optional arguments of `agora.session.messages`.
impl Request<SessionMessagesOperation> {
    /// Newest first.
    pub fn descending(self, descending: bool) -> Self {
        self.with("descending", descending)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.session.resume`.
    pub SessionResumeOperation => TaskReceipt, Command, "session/resume", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.session.resume`.
impl Request<SessionResumeOperation> {
    /// Title, for people.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with::<String>("title", title.into())
    }

    /// Model for the coding agent.
    pub fn model(self, model: impl Into<String>) -> Self {
        self.with::<String>("model", model.into())
    }

    /// Mode of the agent, such as build or plan.
    pub fn agent_type(self, agent_type: impl Into<String>) -> Self {
        self.with::<String>("agent_type", agent_type.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }
}

operation! {
    /// Marks requests of `agora.follow_up.add`.
    pub FollowUpAddOperation => FollowUp, Command, "follow_up/add", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.follow_up.add`.
impl Request<FollowUpAddOperation> {
    /// queued: sent when the agent's turn ends. steering: interrupts the turn and is sent at once.
    pub fn mode(self, mode: impl Into<String>) -> Self {
        self.with::<String>("mode", mode.into())
    }
}

operation! {
    /// Marks requests of `agora.follow_up.list`.
    pub FollowUpListOperation => FollowUpPage, Query, "follow_up/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.follow_up.list`.
impl Request<FollowUpListOperation> {
    /// Only follow-ups that the worker has not taken.
    pub fn waiting(self, waiting: bool) -> Self {
        self.with("waiting", waiting)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.follow_up.edit`.
    pub FollowUpEditOperation => FollowUp, Command, "follow_up/edit", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition];
}

/// Optional arguments of `agora.follow_up.edit`.
impl Request<FollowUpEditOperation> {
    /// Text for the agent.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with::<String>("text", text.into())
    }

    /// queued: sent when the agent's turn ends. steering: interrupts the turn and is sent at once.
    pub fn mode(self, mode: impl Into<String>) -> Self {
        self.with::<String>("mode", mode.into())
    }
}

operation! {
    /// Marks requests of `agora.follow_up.remove`.
    pub FollowUpRemoveOperation => RemovedFollowUp, Command, "follow_up/remove", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict];
}

operation! {
    /// Marks requests of `agora.follow_up.wake`.
    pub FollowUpWakeOperation => FollowUpsWoken, Command, "follow_up/wake", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

operation! {
    /// Marks requests of `agora.follow_up.take`.
    pub FollowUpTakeOperation => FollowUpTaken, Command, "follow_up/take", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, StaleLease], keyed;
}

/// Optional arguments of `agora.follow_up.take`.
impl Request<FollowUpTakeOperation> {
    /// `taken` of the last follow-up in the job's checkpoint; 0 at first.
    pub fn after(self, after: i64) -> Self {
        self.with("after", after)
    }

    /// Take only steering follow-ups.
    pub fn steering(self, steering: bool) -> Self {
        self.with("steering", steering)
    }

    /// The job is about to end: close it if no follow-up is waiting.
    pub fn closing(self, closing: bool) -> Self {
        self.with("closing", closing)
    }
}

operation! {
    /// Marks requests of `agora.review.list`.
    pub ReviewListOperation => ReviewPage, Query, "review/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.review.list`.
impl Request<ReviewListOperation> {
    /// Id of a codebase.
    pub fn codebase_id(self, codebase_id: impl Into<String>) -> Self {
        self.with::<String>("codebase_id", codebase_id.into())
    }

    /// Only reviews in this state.
    pub fn state(self, state: impl Into<String>) -> Self {
        self.with::<String>("state", state.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.review.get`.
    pub ReviewGetOperation => Review, Query, "review/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.review.files`.
    pub ReviewFilesOperation => ReviewFilePage, Query, "review/files", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.review.files`.
impl Request<ReviewFilesOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.review.comments`.
    pub ReviewCommentsOperation => ReviewCommentPage, Query, "review/comments", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.review.comments`.
impl Request<ReviewCommentsOperation> {
    /// Only comments not sent to the agent yet.
    pub fn waiting(self, waiting: bool) -> Self {
        self.with("waiting", waiting)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.review.comment`.
    pub ReviewCommentOperation => ReviewComment, Command, "review/comment", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict], keyed;
}

/// Optional arguments of `agora.review.comment`.
impl Request<ReviewCommentOperation> {
    /// new: the line after the change. old: the line before it.
    pub fn side(self, side: impl Into<String>) -> Self {
        self.with::<String>("side", side.into())
    }
}

operation! {
    /// Marks requests of `agora.review.remove_comment`.
    pub ReviewRemoveCommentOperation => RemovedComment, Command, "review/remove_comment", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict];
}

operation! {
    /// Marks requests of `agora.review.request_changes`.
    pub ReviewRequestChangesOperation => FollowUp, Command, "review/request_changes", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.review.request_changes`.
impl Request<ReviewRequestChangesOperation> {
    /// Additional text for the agent.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with::<String>("text", text.into())
    }
}

operation! {
    /// Marks requests of `agora.review.approve`.
    pub ReviewApproveOperation => Review, Command, "review/approve", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.review.approve`.
impl Request<ReviewApproveOperation> {
    /// merge: merge into the target branch in the worker's codebase. push: push the branch to its remote. pull_request: push, and open or update the pull request. patch: store it as a task artifact.
    pub fn action(self, action: impl Into<String>) -> Self {
        self.with::<String>("action", action.into())
    }

    /// The reviewed commit; any other commit is rejected.
    pub fn head(self, head: impl Into<String>) -> Self {
        self.with::<String>("head", head.into())
    }

    /// Branch to merge into, instead of the review's.
    pub fn target(self, target: impl Into<String>) -> Self {
        self.with::<String>("target", target.into())
    }

    /// Title of the pull request or merge.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with::<String>("title", title.into())
    }

    /// Description of the pull request.
    pub fn body(self, body: impl Into<String>) -> Self {
        self.with::<String>("body", body.into())
    }
}

operation! {
    /// Marks requests of `agora.review.dismiss`.
    pub ReviewDismissOperation => Review, Command, "review/dismiss", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict];
}

operation! {
    /// Marks requests of `agora.review.submit`.
    pub ReviewSubmitOperation => Review, Command, "review/submit", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, StaleLease];
}

/// Optional arguments of `agora.review.submit`.
impl Request<ReviewSubmitOperation> {
    /// Branch that is checked out in the codebase.
    pub fn target(self, target: impl Into<String>) -> Self {
        self.with::<String>("target", target.into())
    }

    /// Title, for people.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with::<String>("title", title.into())
    }
}

operation! {
    /// Marks requests of `agora.review.conclude`.
    pub ReviewConcludeOperation => Review, Command, "review/conclude", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.review.conclude`.
impl Request<ReviewConcludeOperation> {
    /// Paths that conflict.
    pub fn conflicts(self, conflicts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("conflicts", conflicts.into_iter().map(Into::into).collect())
    }

    /// URL of the pull request.
    pub fn pull_request(self, pull_request: impl Into<String>) -> Self {
        self.with::<String>("pull_request", pull_request.into())
    }

    /// Reason for the failure.
    pub fn error(self, error: impl Into<String>) -> Self {
        self.with::<String>("error", error.into())
    }
}

operation! {
    /// Marks requests of `agora.attempt.start`.
    pub AttemptStartOperation => AttemptGroup, Command, "attempt/start", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease], keyed;
}

/// Optional arguments of `agora.attempt.start`.
impl Request<AttemptStartOperation> {
    /// Title; the prompt's first line if left out.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with::<String>("title", title.into())
    }

    /// Mode of the agents, such as build.
    pub fn agent_type(self, agent_type: impl Into<String>) -> Self {
        self.with::<String>("agent_type", agent_type.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Files of each job, as of a job.
    pub fn files(self, files: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.with::<Vec<Value>>("files", files.into_iter().map(Into::into).collect())
    }
}

operation! {
    /// Marks requests of `agora.attempt.list`.
    pub AttemptListOperation => AttemptGroupPage, Query, "attempt/list", [Halted, PayloadTooLarge, NotFound, Conflict, IllegalTransition, StaleLease], paged_by_cursor;
}

/// Optional arguments of `agora.attempt.list`.
impl Request<AttemptListOperation> {
    /// Id of a codebase.
    pub fn codebase_id(self, codebase_id: impl Into<String>) -> Self {
        self.with::<String>("codebase_id", codebase_id.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.attempt.get`.
    pub AttemptGetOperation => AttemptGroup, Query, "attempt/get", [Halted, PayloadTooLarge, NotFound, Conflict, IllegalTransition, StaleLease];
}

operation! {
    /// Marks requests of `agora.attempt.choose`.
    pub AttemptChooseOperation => AttemptGroup, Command, "attempt/choose", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

operation! {
    /// Marks requests of `agora.auth.configuration`.
    pub AuthConfigurationOperation => AuthConfiguration, Query, "auth/configuration", [];
}

operation! {
    /// Marks requests of `agora.auth.login`.
    pub AuthLoginOperation => Login, Relay, "auth/login", [MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable];
}

operation! {
    /// Marks requests of `agora.auth.refresh`.
    pub AuthRefreshOperation => Login, Relay, "auth/refresh", [MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable];
}

/// Optional arguments of `agora.auth.refresh`.
impl Request<AuthRefreshOperation> {
    /// Client that the refresh token was issued to; default: the server's own.
    pub fn client_id(self, client_id: impl Into<String>) -> Self {
        self.with::<String>("client_id", client_id.into())
    }
}

operation! {
    /// Marks requests of `agora.auth.userinfo`.
    pub AuthUserinfoOperation => UserInfo, Query, "auth/userinfo", [];
}

operation! {
    /// Marks requests of `agora.auth.logout`.
    pub AuthLogoutOperation => LoggedOut, Relay, "auth/logout", [MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable];
}

/// Optional arguments of `agora.auth.logout`.
impl Request<AuthLogoutOperation> {
    /// Set `refresh_token`.
    pub fn refresh_token(self, refresh_token: impl Into<String>) -> Self {
        self.with::<String>("refresh_token", refresh_token.into())
    }

    /// Client that the refresh token was issued to; default: the server's own.
    pub fn client_id(self, client_id: impl Into<String>) -> Self {
        self.with::<String>("client_id", client_id.into())
    }
}

operation! {
    /// Marks requests of `agora.auth.sign_out`.
    pub AuthSignOutOperation => SignedOut, Command, "auth/sign_out", [MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict];
}

operation! {
    /// Marks requests of `agora.auth.backchannel_logout`.
    pub AuthBackchannelLogoutOperation => LogoutTaken, Relay, "auth/backchannel_logout", [MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable];
}

operation! {
    /// Marks requests of `agora.bus.publish`.
    pub BusPublishOperation => BusReceipt, Command, "bus/publish", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, NameTaken, IllegalTransition, StaleLease], keyed;
}

/// Optional arguments of `agora.bus.publish`.
impl Request<BusPublishOperation> {
    /// Content of the entry; the keys depend on the type.
    pub fn content(self, content: impl Into<Value>) -> Self {
        self.with::<Value>("content", content.into())
    }

    /// Agent id, name or dotted alias, 'capability:NAME', or 'broadcast' for everyone; a task_assignment to 'broadcast' can be claimed by any agent.
    pub fn target(self, target: impl Into<String>) -> Self {
        self.with::<String>("target", target.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<BusPriority>) -> Self {
        self.with::<BusPriority>("priority", priority.into())
    }

    /// Links a response to its request.
    pub fn correlation_id(self, correlation_id: impl Into<String>) -> Self {
        self.with::<String>("correlation_id", correlation_id.into())
    }

    /// Id set by the publisher, such as a UUID; repeating it has no further effect.
    pub fn message_id(self, message_id: impl Into<String>) -> Self {
        self.with::<String>("message_id", message_id.into())
    }

    /// Agent id, name or dotted alias.
    pub fn sender(self, sender: impl Into<String>) -> Self {
        self.with::<String>("sender", sender.into())
    }

    /// RFC 3339 time with an offset.
    pub fn timestamp(self, timestamp: impl Into<String>) -> Self {
        self.with::<String>("timestamp", timestamp.into())
    }

    /// Message fields without an entry field of their own: message_type, priority, metadata, reply_to ...
    pub fn extensions(self, extensions: impl Into<Value>) -> Self {
        self.with::<Value>("extensions", extensions.into())
    }
}

operation! {
    /// Marks requests of `agora.bus.read`.
    pub BusReadOperation => BusBatch, Command, "bus/read", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

/// Optional arguments of `agora.bus.read`.
impl Request<BusReadOperation> {
    /// Maximum number of entries returned.
    pub fn count(self, count: i64) -> Self {
        self.with("count", count)
    }

    /// Seconds to wait for an entry if none is available.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }

    /// Name of the consumer in the group; each entry goes to one consumer.
    pub fn consumer(self, consumer: impl Into<String>) -> Self {
        self.with::<String>("consumer", consumer.into())
    }

    /// Whether to claim tasks, too.
    pub fn tasks(self, tasks: bool) -> Self {
        self.with("tasks", tasks)
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }
}

operation! {
    /// Marks requests of `agora.bus.ack`.
    pub BusAckOperation => BusAck, Command, "bus/ack", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.bus.ack`.
impl Request<BusAckOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }
}

operation! {
    /// Marks requests of `agora.bus.recover`.
    pub BusRecoverOperation => BusBatch, Command, "bus/recover", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

/// Optional arguments of `agora.bus.recover`.
impl Request<BusRecoverOperation> {
    /// Maximum number of entries returned.
    pub fn count(self, count: i64) -> Self {
        self.with("count", count)
    }

    /// Seconds without an acknowledgement; default: the setting bus_stale.
    pub fn idle(self, idle: f64) -> Self {
        self.with("idle", idle)
    }

    /// Name of the consumer in the group; each entry goes to one consumer.
    pub fn consumer(self, consumer: impl Into<String>) -> Self {
        self.with::<String>("consumer", consumer.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }
}

operation! {
    /// Marks requests of `agora.bus.pending`.
    pub BusPendingOperation => BusPending, Query, "bus/pending", [Halted, NotFound];
}

/// Optional arguments of `agora.bus.pending`.
impl Request<BusPendingOperation> {
    /// Maximum number of entries returned.
    pub fn count(self, count: i64) -> Self {
        self.with("count", count)
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }
}

operation! {
    /// Marks requests of `agora.bus.health`.
    pub BusHealthOperation => BusHealth, Query, "bus/health", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.bus.stats`.
    pub BusStatsOperation => BusStats, Query, "bus/stats", [Halted];
}

operation! {
    /// Marks requests of `agora.bus.join`.
    pub BusJoinOperation => BusMembership, Relay, "bus/join", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound];
}

/// Optional arguments of `agora.bus.join`.
impl Request<BusJoinOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }
}

operation! {
    /// Marks requests of `agora.bus.leave`.
    pub BusLeaveOperation => BusMembership, Command, "bus/leave", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.bus.leave`.
impl Request<BusLeaveOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }
}

operation! {
    /// Marks requests of `agora.conversation.send`.
    pub ConversationSendOperation => Accepted, Command, "conversation/send", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, NameTaken, IllegalTransition, StaleLease], keyed;
}

operation! {
    /// Marks requests of `agora.conversation.reply`.
    pub ConversationReplyOperation => Reply, Command, "conversation/reply", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict];
}

/// Optional arguments of `agora.conversation.reply`.
impl Request<ConversationReplyOperation> {
    /// Seconds to wait for the reply.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }
}

operation! {
    /// Marks requests of `agora.conversation.get`.
    pub ConversationGetOperation => ConversationDetail, Query, "conversation/get", [Halted, NotFound];
}

/// Optional arguments of `agora.conversation.get`.
impl Request<ConversationGetOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.conversation.list`.
    pub ConversationListOperation => ConversationPage, Query, "conversation/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.conversation.list`.
impl Request<ConversationListOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `state`.
    pub fn state(self, state: impl Into<String>) -> Self {
        self.with::<String>("state", state.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.conversation.pending`.
    pub ConversationPendingOperation => PendingPage, Query, "conversation/pending", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.conversation.pending`.
impl Request<ConversationPendingOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Seconds to wait for the reply.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.conversation.usage`.
    pub ConversationUsageOperation => ReportedUsePage, Query, "conversation/usage", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.conversation.usage`.
impl Request<ConversationUsageOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `customer_id`.
    pub fn customer_id(self, customer_id: impl Into<String>) -> Self {
        self.with::<String>("customer_id", customer_id.into())
    }

    /// RFC 3339 time with an offset.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.dead_letter.list`.
    pub DeadLetterListOperation => DeadLetterPage, Query, "dead_letter/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.dead_letter.list`.
impl Request<DeadLetterListOperation> {
    /// Only this source, such as bus or push.
    pub fn source(self, source: impl Into<String>) -> Self {
        self.with::<String>("source", source.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `state`.
    pub fn state(self, state: impl Into<DeadLetterState>) -> Self {
        self.with::<DeadLetterState>("state", state.into())
    }

    /// Only this message or task.
    pub fn r#ref(self, r#ref: impl Into<String>) -> Self {
        self.with::<String>("ref", r#ref.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.dead_letter.get`.
    pub DeadLetterGetOperation => DeadLetterDetail, Query, "dead_letter/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.dead_letter.replay`.
    pub DeadLetterReplayOperation => DeadLetter, Command, "dead_letter/replay", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, NameTaken, IllegalTransition, StaleLease];
}

operation! {
    /// Marks requests of `agora.dead_letter.discard`.
    pub DeadLetterDiscardOperation => DeadLetter, Command, "dead_letter/discard", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict];
}

operation! {
    /// Marks requests of `agora.deployment.register`.
    pub DeploymentRegisterOperation => RegisteredDeployable, Command, "deployment/register", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, NameTaken, IllegalTransition], keyed;
}

operation! {
    /// Marks requests of `agora.deployment.register_docker`.
    pub DeploymentRegisterDockerOperation => RegisteredDeployable, Command, "deployment/register_docker", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, NameTaken, IllegalTransition], keyed;
}

/// Optional arguments of `agora.deployment.register_docker`.
impl Request<DeploymentRegisterDockerOperation> {
    /// Set `registry_credentials`.
    pub fn registry_credentials(self, registry_credentials: RegistryCredentials) -> Self {
        self.with("registry_credentials", registry_credentials)
    }
}

operation! {
    /// Marks requests of `agora.deployment.validate`.
    pub DeploymentValidateOperation => ManifestReport, Command, "deployment/validate", [MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.deployment.list`.
    pub DeploymentListOperation => DeployablePage, Query, "deployment/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.deployment.list`.
impl Request<DeploymentListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.deployment.get`.
    pub DeploymentGetOperation => DeployableAgent, Query, "deployment/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.deployment.withdraw`.
    pub DeploymentWithdrawOperation => Withdrawal, Command, "deployment/withdraw", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.query.agents`.
    pub QueryAgentsOperation => FoundAgentPage, Query, "query/agents", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.query.agents`.
impl Request<QueryAgentsOperation> {
    /// Set `capabilities`.
    pub fn capabilities(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capabilities", capabilities.into_iter().map(Into::into).collect())
    }

    /// Set `status`.
    pub fn status(self, status: impl Into<AgentStatus>) -> Self {
        self.with::<AgentStatus>("status", status.into())
    }

    /// Set `service_tier`.
    pub fn service_tier(self, service_tier: impl Into<ServiceTier>) -> Self {
        self.with::<ServiceTier>("service_tier", service_tier.into())
    }

    /// Match all of the capabilities, or any.
    pub fn r#match(self, r#match: impl Into<String>) -> Self {
        self.with::<String>("match", r#match.into())
    }

    /// Words in the name, description, capabilities or tags; prefixes and small typos match.
    pub fn search(self, search: impl Into<String>) -> Self {
        self.with::<String>("search", search.into())
    }

    /// Set `min_rating`.
    pub fn min_rating(self, min_rating: f64) -> Self {
        self.with("min_rating", min_rating)
    }

    /// Set `category`.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with::<String>("category", category.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// Number of items to skip. A cursor is cheaper.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.query.services`.
    pub QueryServicesOperation => ServicePage, Query, "query/services", [Halted], paged_by_offset;
}

/// Optional arguments of `agora.query.services`.
impl Request<QueryServicesOperation> {
    /// Set `category`.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with::<String>("category", category.into())
    }

    /// Semantic version or range: 1.0.0, ^1.2, ~1.2.3, \>=1,\<2.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with::<String>("version", version.into())
    }

    /// Set `status`.
    pub fn status(self, status: impl Into<Lifecycle>) -> Self {
        self.with::<Lifecycle>("status", status.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// Number of items to skip. A cursor is cheaper.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }
}

operation! {
    /// Marks requests of `agora.query.marketplace`.
    pub QueryMarketplaceOperation => Marketplace, Query, "query/marketplace", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.discovery.list`.
    pub DiscoveryListOperation => ServicePage, Query, "discovery/list", [Halted, NotFound], paged_by_offset;
}

/// Optional arguments of `agora.discovery.list`.
impl Request<DiscoveryListOperation> {
    /// Set `category`.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with::<String>("category", category.into())
    }

    /// Semantic version or range: 1.0.0, ^1.2, ~1.2.3, \>=1,\<2.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with::<String>("version", version.into())
    }

    /// Set `status`.
    pub fn status(self, status: impl Into<Lifecycle>) -> Self {
        self.with::<Lifecycle>("status", status.into())
    }

    /// Include the schema of each operation's parameters.
    pub fn schemas(self, schemas: bool) -> Self {
        self.with("schemas", schemas)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// Number of items to skip. A cursor is cheaper.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }
}

operation! {
    /// Marks requests of `agora.discovery.schema`.
    pub DiscoverySchemaOperation => ServiceSchema, Query, "discovery/schema", [Halted, NotFound];
}

/// Optional arguments of `agora.discovery.schema`.
impl Request<DiscoverySchemaOperation> {
    /// Semantic version or range: 1.0.0, ^1.2, ~1.2.3, \>=1,\<2.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with::<String>("version", version.into())
    }
}

operation! {
    /// Marks requests of `agora.host.list`.
    pub HostListOperation => HostPage, Query, "host/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.host.list`.
impl Request<HostListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.host.get`.
    pub HostGetOperation => Host, Query, "host/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.host.register`.
    pub HostRegisterOperation => Host, Command, "host/register", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, NameTaken], keyed;
}

/// Optional arguments of `agora.host.register`.
impl Request<HostRegisterOperation> {
    /// Set `region`.
    pub fn region(self, region: impl Into<String>) -> Self {
        self.with::<String>("region", region.into())
    }

    /// In MiB (1,048,576 bytes).
    pub fn memory_mb(self, memory_mb: i64) -> Self {
        self.with("memory_mb", memory_mb)
    }

    /// Set `cpu_cores`.
    pub fn cpu_cores(self, cpu_cores: f64) -> Self {
        self.with("cpu_cores", cpu_cores)
    }

    /// Set `gpus`.
    pub fn gpus(self, gpus: i64) -> Self {
        self.with("gpus", gpus)
    }

    /// Allow private and loopback addresses for its containers.
    pub fn private_addresses(self, private_addresses: bool) -> Self {
        self.with("private_addresses", private_addresses)
    }
}

operation! {
    /// Marks requests of `agora.host.update`.
    pub HostUpdateOperation => Host, Command, "host/update", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, NameTaken];
}

/// Optional arguments of `agora.host.update`.
impl Request<HostUpdateOperation> {
    /// Stop placing new instances on the host.
    pub fn closed(self, closed: bool) -> Self {
        self.with("closed", closed)
    }

    /// Set `region`.
    pub fn region(self, region: impl Into<String>) -> Self {
        self.with::<String>("region", region.into())
    }

    /// Set `name`.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }
}

operation! {
    /// Marks requests of `agora.host.remove`.
    pub HostRemoveOperation => HostRemoval, Command, "host/remove", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict];
}

/// Optional arguments of `agora.host.remove`.
impl Request<HostRemoveOperation> {
    /// Remove the host although it has instances: it is permanently lost, and they are marked failed.
    pub fn lost(self, lost: bool) -> Self {
        self.with("lost", lost)
    }
}

operation! {
    /// Marks requests of `agora.instance.discover`.
    pub InstanceDiscoverOperation => MarketplacePage, Query, "instance/discover", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.instance.discover`.
impl Request<InstanceDiscoverOperation> {
    /// Words in the name, description or tags.
    pub fn search(self, search: impl Into<String>) -> Self {
        self.with::<String>("search", search.into())
    }

    /// Set `category`.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with::<String>("category", category.into())
    }

    /// Part of the name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }

    /// Set `capabilities`.
    pub fn capabilities(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capabilities", capabilities.into_iter().map(Into::into).collect())
    }

    /// Only agents whose instances can be created.
    pub fn available(self, available: bool) -> Self {
        self.with("available", available)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.instance.create`.
    pub InstanceCreateOperation => Instance, Command, "instance/create", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict], keyed;
}

/// Optional arguments of `agora.instance.create`.
impl Request<InstanceCreateOperation> {
    /// Set `instance_config`.
    pub fn instance_config(self, instance_config: InstanceConfig) -> Self {
        self.with("instance_config", instance_config)
    }

    /// Set `name`.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }

    /// Requirements in addition to those of the agent's manifest.
    pub fn host_requirements(self, host_requirements: HostRequirements) -> Self {
        self.with("host_requirements", host_requirements)
    }

    /// Set `co_location`.
    pub fn co_location(self, co_location: CoLocation) -> Self {
        self.with("co_location", co_location)
    }

    /// Id or name.
    pub fn preferred_host(self, preferred_host: impl Into<String>) -> Self {
        self.with::<String>("preferred_host", preferred_host.into())
    }

    /// Restore the state from this backup.
    pub fn restore(self, restore: impl Into<String>) -> Self {
        self.with::<String>("restore", restore.into())
    }

    /// Owner account; only for operators.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Highest accepted amount in the agent's price; 409 if any amount is higher.
    pub fn max_price(self, max_price: f64) -> Self {
        self.with("max_price", max_price)
    }

    /// Seconds to wait for the change to complete; the response holds the state reached by then.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }
}

operation! {
    /// Marks requests of `agora.instance.list`.
    pub InstanceListOperation => InstancePage, Query, "instance/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.instance.list`.
impl Request<InstanceListOperation> {
    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Set `status`.
    pub fn status(self, status: impl Into<OneOrMany<InstanceStatus>>) -> Self {
        self.with::<OneOrMany<InstanceStatus>>("status", status.into())
    }

    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Include terminated instances.
    pub fn ended(self, ended: bool) -> Self {
        self.with("ended", ended)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.instance.get`.
    pub InstanceGetOperation => Instance, Query, "instance/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.instance.execute`.
    pub InstanceExecuteOperation => ExecutionResult, Relay, "instance/execute", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, BudgetExceeded, CreditExhausted, NotFound, IllegalTransition, UpstreamFailed, UpstreamUnavailable], keyed;
}

/// Optional arguments of `agora.instance.execute`.
impl Request<InstanceExecuteOperation> {
    /// Set `endpoint`.
    pub fn endpoint(self, endpoint: impl Into<String>) -> Self {
        self.with::<String>("endpoint", endpoint.into())
    }

    /// Set `parameters`.
    pub fn parameters(self, parameters: impl Into<Value>) -> Self {
        self.with::<Value>("parameters", parameters.into())
    }

    /// Set `method`.
    pub fn method(self, method: impl Into<String>) -> Self {
        self.with::<String>("method", method.into())
    }

    /// Seconds.
    pub fn timeout(self, timeout: f64) -> Self {
        self.with("timeout", timeout)
    }
}

operation! {
    /// Marks requests of `agora.instance.pause`.
    pub InstancePauseOperation => InstanceChange, Command, "instance/pause", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, IllegalTransition];
}

/// Optional arguments of `agora.instance.pause`.
impl Request<InstancePauseOperation> {
    /// Seconds to wait for the change to complete; the response holds the state reached by then.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }
}

operation! {
    /// Marks requests of `agora.instance.resume`.
    pub InstanceResumeOperation => InstanceChange, Command, "instance/resume", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, IllegalTransition];
}

/// Optional arguments of `agora.instance.resume`.
impl Request<InstanceResumeOperation> {
    /// Seconds to wait for the change to complete; the response holds the state reached by then.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }
}

operation! {
    /// Marks requests of `agora.instance.terminate`.
    pub InstanceTerminateOperation => Termination, Command, "instance/terminate", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.instance.terminate`.
impl Request<InstanceTerminateOperation> {
    /// Seconds to wait for the change to complete; the response holds the state reached by then.
    pub fn wait(self, wait: f64) -> Self {
        self.with("wait", wait)
    }
}

operation! {
    /// Marks requests of `agora.instance.logs`.
    pub InstanceLogsOperation => InstanceLog, Relay, "instance/logs", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamUnavailable], keyed;
}

/// Optional arguments of `agora.instance.logs`.
impl Request<InstanceLogsOperation> {
    /// First byte; a negative offset counts from the end.
    pub fn offset(self, offset: i64) -> Self {
        self.with("offset", offset)
    }

    /// Most bytes.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }
}

operation! {
    /// Marks requests of `agora.instance.events`.
    pub InstanceEventsOperation => Event, Stream, "instance/events", [Halted, NotFound, CursorTooOld];
}

/// Optional arguments of `agora.instance.events`.
impl StreamRequest<InstanceEventsOperation> {
    /// Resume after this event: its id (evt_...) or its sequence number.
    pub fn last_event_id(self, last_event_id: impl Into<String>) -> Self {
        self.with::<String>("last_event_id", last_event_id.into())
    }
}

operation! {
    /// Marks requests of `agora.instance.executions`.
    pub InstanceExecutionsOperation => ExecutionPage, Query, "instance/executions", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.instance.executions`.
impl Request<InstanceExecutionsOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.instance.scale`.
    pub InstanceScaleOperation => Scaling, Command, "instance/scale", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict];
}

/// Optional arguments of `agora.instance.scale`.
impl Request<InstanceScaleOperation> {
    /// Set `min_instances`.
    pub fn min_instances(self, min_instances: i64) -> Self {
        self.with("min_instances", min_instances)
    }

    /// Set `max_instances`.
    pub fn max_instances(self, max_instances: i64) -> Self {
        self.with("max_instances", max_instances)
    }

    /// Target number of concurrent executions per instance.
    pub fn target_concurrency(self, target_concurrency: f64) -> Self {
        self.with("target_concurrency", target_concurrency)
    }

    /// Set `instance_config`.
    pub fn instance_config(self, instance_config: InstanceConfig) -> Self {
        self.with("instance_config", instance_config)
    }

    /// Owner account; only for operators.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Highest accepted amount in the agent's price; 409 if any amount is higher.
    pub fn max_price(self, max_price: f64) -> Self {
        self.with("max_price", max_price)
    }
}

operation! {
    /// Marks requests of `agora.instance.scaling`.
    pub InstanceScalingOperation => Scaling, Query, "instance/scaling", [Halted, NotFound];
}

/// Optional arguments of `agora.instance.scaling`.
impl Request<InstanceScalingOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }
}

operation! {
    /// Marks requests of `agora.instance.backup`.
    pub InstanceBackupOperation => Backup, Relay, "instance/backup", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamUnavailable], keyed;
}

operation! {
    /// Marks requests of `agora.instance.backups`.
    pub InstanceBackupsOperation => BackupPage, Query, "instance/backups", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.instance.backups`.
impl Request<InstanceBackupsOperation> {
    /// Id of the instance.
    pub fn instance_id(self, instance_id: impl Into<String>) -> Self {
        self.with::<String>("instance_id", instance_id.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.instance.drop_backup`.
    pub InstanceDropBackupOperation => Backup, Command, "instance/drop_backup", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.instance.dashboard`.
    pub InstanceDashboardOperation => InstanceDashboard, Query, "instance/dashboard", [Halted];
}

/// Optional arguments of `agora.instance.dashboard`.
impl Request<InstanceDashboardOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }
}

operation! {
    /// Marks requests of `agora.media.issue_token`.
    pub MediaIssueTokenOperation => MediaToken, Command, "media/issue_token", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict], keyed;
}

/// Optional arguments of `agora.media.issue_token`.
impl Request<MediaIssueTokenOperation> {
    /// admin and moderator can remove and mute others; an admin can also change its own metadata. A publisher only sends, a participant sends and receives, a viewer only receives.
    pub fn role(self, role: impl Into<String>) -> Self {
        self.with::<String>("role", role.into())
    }

    /// Metadata of the participant, visible to everyone in the room.
    pub fn metadata(self, metadata: impl Into<String>) -> Self {
        self.with::<String>("metadata", metadata.into())
    }

    /// Minutes for which the token is valid.
    pub fn ttl_minutes(self, ttl_minutes: i64) -> Self {
        self.with("ttl_minutes", ttl_minutes)
    }
}

operation! {
    /// Marks requests of `agora.media.create_room`.
    pub MediaCreateRoomOperation => MediaRoom, Relay, "media/create_room", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, UpstreamFailed, UpstreamUnavailable], keyed;
}

/// Optional arguments of `agora.media.create_room`.
impl Request<MediaCreateRoomOperation> {
    /// Seconds after which an empty room is closed.
    pub fn empty_timeout(self, empty_timeout: i64) -> Self {
        self.with("empty_timeout", empty_timeout)
    }

    /// 0: no limit.
    pub fn max_participants(self, max_participants: i64) -> Self {
        self.with("max_participants", max_participants)
    }

    /// Metadata visible to everyone in the room.
    pub fn metadata(self, metadata: impl Into<String>) -> Self {
        self.with::<String>("metadata", metadata.into())
    }
}

operation! {
    /// Marks requests of `agora.media.list_rooms`.
    pub MediaListRoomsOperation => MediaRoomPage, Relay, "media/list_rooms", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, UpstreamFailed, UpstreamUnavailable], keyed, paged_by_cursor;
}

/// Optional arguments of `agora.media.list_rooms`.
impl Request<MediaListRoomsOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.media.get_room`.
    pub MediaGetRoomOperation => MediaRoomDetail, Relay, "media/get_room", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable], keyed;
}

operation! {
    /// Marks requests of `agora.memory.store`.
    pub MemoryStoreOperation => Memory, Command, "memory/store", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict], keyed;
}

/// Optional arguments of `agora.memory.store`.
impl Request<MemoryStoreOperation> {
    /// Namespace of the keys, shared by the whole marketplace; 'own' is private to the caller.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.with::<String>("namespace", namespace.into())
    }

    /// Set `tags`.
    pub fn tags(self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("tags", tags.into_iter().map(Into::into).collect())
    }

    /// Store only if the current version is this one; 0: only if the key is new.
    pub fn if_version(self, if_version: i64) -> Self {
        self.with("if_version", if_version)
    }
}

operation! {
    /// Marks requests of `agora.memory.recall`.
    pub MemoryRecallOperation => Memory, Query, "memory/recall", [Halted, NotFound];
}

/// Optional arguments of `agora.memory.recall`.
impl Request<MemoryRecallOperation> {
    /// Namespace of the keys, shared by the whole marketplace; 'own' is private to the caller.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.with::<String>("namespace", namespace.into())
    }
}

operation! {
    /// Marks requests of `agora.memory.list`.
    pub MemoryListOperation => MemoryPage, Query, "memory/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.memory.list`.
impl Request<MemoryListOperation> {
    /// Namespace of the keys, shared by the whole marketplace; 'own' is private to the caller.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.with::<String>("namespace", namespace.into())
    }

    /// Only keys with this prefix.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with::<String>("prefix", prefix.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.memory.search`.
    pub MemorySearchOperation => FoundMemories, Query, "memory/search", [Halted];
}

/// Optional arguments of `agora.memory.search`.
impl Request<MemorySearchOperation> {
    /// Default: all shared namespaces and 'own'.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.with::<String>("namespace", namespace.into())
    }

    /// Set `limit`.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }
}

operation! {
    /// Marks requests of `agora.memory.forget`.
    pub MemoryForgetOperation => Forgotten, Command, "memory/forget", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict];
}

/// Optional arguments of `agora.memory.forget`.
impl Request<MemoryForgetOperation> {
    /// Namespace of the keys, shared by the whole marketplace; 'own' is private to the caller.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.with::<String>("namespace", namespace.into())
    }
}

operation! {
    /// Marks requests of `agora.migration.call`.
    pub MigrationCallOperation => V4Answer, Command, "migration/call", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.migration.call`.
impl Request<MigrationCallOperation> {
    /// As after `spacetime call DATABASE REDUCER`: positional, as numbers or text, or as --flag value.
    pub fn args(self, args: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.with::<Vec<Value>>("args", args.into_iter().map(Into::into).collect())
    }
}

operation! {
    /// Marks requests of `agora.migration.sql`.
    pub MigrationSqlOperation => V4Rows, Query, "migration/sql", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.migration.switch`.
    pub MigrationSwitchOperation => Registration, Command, "migration/switch", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, NameTaken, IllegalTransition];
}

/// Optional arguments of `agora.migration.switch`.
impl Request<MigrationSwitchOperation> {
    /// Set `capabilities`.
    pub fn capabilities(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capabilities", capabilities.into_iter().map(Into::into).collect())
    }

    /// Set `to`.
    pub fn to(self, to: impl Into<String>) -> Self {
        self.with::<String>("to", to.into())
    }
}

operation! {
    /// Marks requests of `agora.migration.report`.
    pub MigrationReportOperation => MigrationReport, Query, "migration/report", [Halted];
}

/// Optional arguments of `agora.migration.report`.
impl Request<MigrationReportOperation> {
    /// Number of days of v4 calls to include.
    pub fn days(self, days: i64) -> Self {
        self.with("days", days)
    }
}

operation! {
    /// Marks requests of `agora.migration.begin_import`.
    pub MigrationBeginImportOperation => ImportRun, Command, "migration/begin_import", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict];
}

operation! {
    /// Marks requests of `agora.migration.import_rows`.
    pub MigrationImportRowsOperation => ImportStep, Command, "migration/import_rows", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, NameTaken, IllegalTransition, StaleLease];
}

operation! {
    /// Marks requests of `agora.migration.finish_import`.
    pub MigrationFinishImportOperation => ImportRun, Command, "migration/finish_import", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.migration.rollback_import`.
    pub MigrationRollbackImportOperation => RollbackStep, Command, "migration/rollback_import", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, NameTaken, IllegalTransition];
}

/// Optional arguments of `agora.migration.rollback_import`.
impl Request<MigrationRollbackImportOperation> {
    /// Set `limit`.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }
}

operation! {
    /// Marks requests of `agora.migration.list_imports`.
    pub MigrationListImportsOperation => ImportRunPage, Query, "migration/list_imports", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.migration.list_imports`.
impl Request<MigrationListImportsOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.model_provider.set`.
    pub ModelProviderSetOperation => ModelProvider, Command, "model_provider/set", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict];
}

/// Optional arguments of `agora.model_provider.set`.
impl Request<ModelProviderSetOperation> {
    /// API key, stored encrypted; unchanged if omitted, removed if empty.
    pub fn api_key(self, api_key: impl Into<String>) -> Self {
        self.with::<String>("api_key", api_key.into())
    }

    /// Base URL; default: the public API of OpenAI or Anthropic. Only server operators may set it.
    pub fn base_url(self, base_url: impl Into<String>) -> Self {
        self.with::<String>("base_url", base_url.into())
    }

    /// API protocol; default: determined by the provider's name, else openai.
    pub fn wire(self, wire: impl Into<String>) -> Self {
        self.with::<String>("wire", wire.into())
    }
}

operation! {
    /// Marks requests of `agora.model_provider.list`.
    pub ModelProviderListOperation => ModelProviderPage, Query, "model_provider/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.model_provider.list`.
impl Request<ModelProviderListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.model_provider.delete`.
    pub ModelProviderDeleteOperation => ModelProviderRemoval, Command, "model_provider/delete", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

operation! {
    /// Marks requests of `agora.worker.register`.
    pub WorkerRegisterOperation => Worker, Command, "worker/register", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.worker.register`.
impl Request<WorkerRegisterOperation> {
    /// Set `capabilities`.
    pub fn capabilities(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capabilities", capabilities.into_iter().map(Into::into).collect())
    }

    /// Models that the worker can run.
    pub fn models(self, models: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("models", models.into_iter().map(Into::into).collect())
    }

    /// Set `metadata`.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }

    /// Opaque name of the account at the model provider; never a credential. A usage limit reported by one worker applies to all your workers with that account.
    pub fn provider_account(self, provider_account: impl Into<String>) -> Self {
        self.with::<String>("provider_account", provider_account.into())
    }
}

operation! {
    /// Marks requests of `agora.worker.unregister`.
    pub WorkerUnregisterOperation => Unregistration, Command, "worker/unregister", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, IllegalTransition];
}

operation! {
    /// Marks requests of `agora.worker.list`.
    pub WorkerListOperation => WorkerPage, Query, "worker/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.worker.list`.
impl Request<WorkerListOperation> {
    /// Agent id, name or dotted alias.
    pub fn owner(self, owner: impl Into<String>) -> Self {
        self.with::<String>("owner", owner.into())
    }

    /// Text in the name or a capability.
    pub fn search(self, search: impl Into<String>) -> Self {
        self.with::<String>("search", search.into())
    }

    /// Only workers seen within 90 seconds.
    pub fn online_only(self, online_only: bool) -> Self {
        self.with("online_only", online_only)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.worker.get`.
    pub WorkerGetOperation => Worker, Query, "worker/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.worker.heartbeat`.
    pub WorkerHeartbeatOperation => Worker, Command, "worker/heartbeat", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease];
}

operation! {
    /// Marks requests of `agora.worker.drain`.
    pub WorkerDrainOperation => Worker, Command, "worker/drain", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.worker.report_limit`.
    pub WorkerReportLimitOperation => Worker, Command, "worker/report_limit", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.worker.report_limit`.
impl Request<WorkerReportLimitOperation> {
    /// Time at which the limit is lifted, by the server's clock; at most a week ahead.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Seconds until the limit is lifted, instead of 'until'; independent of clocks.
    pub fn seconds(self, seconds: f64) -> Self {
        self.with("seconds", seconds)
    }
}

operation! {
    /// Marks requests of `agora.worker.stream`.
    pub WorkerStreamOperation => Event, Stream, "worker/stream", [Halted, NotFound, CursorTooOld];
}

/// Optional arguments of `agora.worker.stream`.
impl StreamRequest<WorkerStreamOperation> {
    /// Worker id or name.
    pub fn worker_id(self, worker_id: impl Into<String>) -> Self {
        self.with::<String>("worker_id", worker_id.into())
    }

    /// The caller's name, for verification.
    pub fn agent_name(self, agent_name: impl Into<String>) -> Self {
        self.with::<String>("agent_name", agent_name.into())
    }

    /// Stream tasks for these capabilities, if no worker_id is given.
    pub fn capabilities(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capabilities", capabilities.into_iter().map(Into::into).collect())
    }

    /// Of codebase tasks, only those for these codebases, 'global' and '__pending__'.
    pub fn codebases(self, codebases: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("codebases", codebases.into_iter().map(Into::into).collect())
    }

    /// Resume after this event: its id (evt_...) or its sequence number.
    pub fn last_event_id(self, last_event_id: impl Into<String>) -> Self {
        self.with::<String>("last_event_id", last_event_id.into())
    }
}

operation! {
    /// Marks requests of `agora.worker.finish_task`.
    pub WorkerFinishTaskOperation => TaskUpdate, Command, "worker/finish_task", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.worker.finish_task`.
impl Request<WorkerFinishTaskOperation> {
    /// completed, failed (retried while attempts remain), or pending (released).
    pub fn status(self, status: impl Into<String>) -> Self {
        self.with::<String>("status", status.into())
    }

    /// Set `result`.
    pub fn result(self, result: impl Into<Value>) -> Self {
        self.with::<Value>("result", result.into())
    }

    /// Reason for the failure or release.
    pub fn error(self, error: impl Into<String>) -> Self {
        self.with::<String>("error", error.into())
    }
}

operation! {
    /// Marks requests of `agora.monitor.stats`.
    pub MonitorStatsOperation => MonitorStats, Query, "monitor/stats", [];
}

operation! {
    /// Marks requests of `agora.monitor.agents`.
    pub MonitorAgentsOperation => MonitoredAgentPage, Query, "monitor/agents", [NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.monitor.agents`.
impl Request<MonitorAgentsOperation> {
    /// Set `status`.
    pub fn status(self, status: impl Into<AgentStatus>) -> Self {
        self.with::<AgentStatus>("status", status.into())
    }

    /// Words in the name, description or capabilities.
    pub fn search(self, search: impl Into<String>) -> Self {
        self.with::<String>("search", search.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.monitor.workers`.
    pub MonitorWorkersOperation => WorkerPage, Query, "monitor/workers", [NotFound];
}

/// Optional arguments of `agora.monitor.workers`.
impl Request<MonitorWorkersOperation> {
    /// Part of the name.
    pub fn search(self, search: impl Into<String>) -> Self {
        self.with::<String>("search", search.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }
}

operation! {
    /// Marks requests of `agora.monitor.messages`.
    pub MonitorMessagesOperation => MessageLog, Query, "monitor/messages", [], paged_by_cursor;
}

/// Optional arguments of `agora.monitor.messages`.
impl Request<MonitorMessagesOperation> {
    /// Message type.
    pub fn r#type(self, r#type: impl Into<String>) -> Self {
        self.with::<String>("type", r#type.into())
    }

    /// Sender or recipient.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Words that must all be in the text, in any order; A to Z are case-insensitive.
    pub fn q(self, q: impl Into<String>) -> Self {
        self.with::<String>("q", q.into())
    }

    /// Who sent it.
    pub fn from_agent(self, from_agent: impl Into<String>) -> Self {
        self.with::<String>("from_agent", from_agent.into())
    }

    /// Recipient; 'broadcast' for everyone.
    pub fn to_agent(self, to_agent: impl Into<String>) -> Self {
        self.with::<String>("to_agent", to_agent.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Correlation id of the exchange.
    pub fn correlation_id(self, correlation_id: impl Into<String>) -> Self {
        self.with::<String>("correlation_id", correlation_id.into())
    }

    /// Id of a message.
    pub fn message_id(self, message_id: impl Into<String>) -> Self {
        self.with::<String>("message_id", message_id.into())
    }

    /// Only messages sent at this time or later.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Only messages sent before this time.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.monitor.search`.
    pub MonitorSearchOperation => SearchResults, Query, "monitor/search", [], paged_by_cursor;
}

/// Optional arguments of `agora.monitor.search`.
impl Request<MonitorSearchOperation> {
    /// Message type.
    pub fn r#type(self, r#type: impl Into<String>) -> Self {
        self.with::<String>("type", r#type.into())
    }

    /// Sender or recipient.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Only messages sent at this time or later.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Only messages sent before this time.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.monitor.count`.
    pub MonitorCountOperation => MessageCount, Query, "monitor/count", [];
}

/// Optional arguments of `agora.monitor.count`.
impl Request<MonitorCountOperation> {
    /// Message type.
    pub fn r#type(self, r#type: impl Into<String>) -> Self {
        self.with::<String>("type", r#type.into())
    }

    /// Sender or recipient.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Words that must all be in the text, in any order; A to Z are case-insensitive.
    pub fn q(self, q: impl Into<String>) -> Self {
        self.with::<String>("q", q.into())
    }

    /// Who sent it.
    pub fn from_agent(self, from_agent: impl Into<String>) -> Self {
        self.with::<String>("from_agent", from_agent.into())
    }

    /// Recipient; 'broadcast' for everyone.
    pub fn to_agent(self, to_agent: impl Into<String>) -> Self {
        self.with::<String>("to_agent", to_agent.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Correlation id of the exchange.
    pub fn correlation_id(self, correlation_id: impl Into<String>) -> Self {
        self.with::<String>("correlation_id", correlation_id.into())
    }

    /// Id of a message.
    pub fn message_id(self, message_id: impl Into<String>) -> Self {
        self.with::<String>("message_id", message_id.into())
    }

    /// Only messages sent at this time or later.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Only messages sent before this time.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }
}

operation! {
    /// Marks requests of `agora.monitor.export`.
    pub MonitorExportOperation => LoggedMessage, Stream, "monitor/export", [];
}

/// Optional arguments of `agora.monitor.export`.
impl StreamRequest<MonitorExportOperation> {
    /// Message type.
    pub fn r#type(self, r#type: impl Into<String>) -> Self {
        self.with::<String>("type", r#type.into())
    }

    /// Sender or recipient.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Words that must all be in the text, in any order; A to Z are case-insensitive.
    pub fn q(self, q: impl Into<String>) -> Self {
        self.with::<String>("q", q.into())
    }

    /// Who sent it.
    pub fn from_agent(self, from_agent: impl Into<String>) -> Self {
        self.with::<String>("from_agent", from_agent.into())
    }

    /// Recipient; 'broadcast' for everyone.
    pub fn to_agent(self, to_agent: impl Into<String>) -> Self {
        self.with::<String>("to_agent", to_agent.into())
    }

    /// Set `priority`.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.with::<Priority>("priority", priority.into())
    }

    /// Correlation id of the exchange.
    pub fn correlation_id(self, correlation_id: impl Into<String>) -> Self {
        self.with::<String>("correlation_id", correlation_id.into())
    }

    /// Id of a message.
    pub fn message_id(self, message_id: impl Into<String>) -> Self {
        self.with::<String>("message_id", message_id.into())
    }

    /// Only messages sent at this time or later.
    pub fn since(self, since: impl Into<String>) -> Self {
        self.with::<String>("since", since.into())
    }

    /// Only messages sent before this time.
    pub fn until(self, until: impl Into<String>) -> Self {
        self.with::<String>("until", until.into())
    }

    /// Number of the last received message.
    pub fn last_event_id(self, last_event_id: impl Into<String>) -> Self {
        self.with::<String>("last_event_id", last_event_id.into())
    }
}

operation! {
    /// Marks requests of `agora.monitor.stream`.
    pub MonitorStreamOperation => Event, Stream, "monitor/stream", [NotFound, CursorTooOld];
}

/// Optional arguments of `agora.monitor.stream`.
impl StreamRequest<MonitorStreamOperation> {
    /// Event types or patterns; all if empty.
    pub fn types(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("types", types.into_iter().map(Into::into).collect())
    }

    /// Agent id, name or dotted alias.
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.with::<String>("agent", agent.into())
    }

    /// Resume after this event: its id (evt_...) or its sequence number.
    pub fn last_event_id(self, last_event_id: impl Into<String>) -> Self {
        self.with::<String>("last_event_id", last_event_id.into())
    }
}

operation! {
    /// Marks requests of `agora.monitor.intervene`.
    pub MonitorInterveneOperation => Intervention, Command, "monitor/intervene", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.monitor.intervene`.
impl Request<MonitorInterveneOperation> {
    /// Message to the agent; also the reason of an override.
    pub fn message(self, message: impl Into<String>) -> Self {
        self.with::<String>("message", message.into())
    }

    /// Send a message, or create an override (needs the scope admin).
    pub fn action(self, action: impl Into<String>) -> Self {
        self.with::<String>("action", action.into())
    }

    /// Why, for the audit trail.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }

    /// Authority of the override; default: the caller's own.
    pub fn priority(self, priority: i64) -> Self {
        self.with("priority", priority)
    }

    /// Seconds until the override expires.
    pub fn expires_in(self, expires_in: i64) -> Self {
        self.with("expires_in", expires_in)
    }
}

operation! {
    /// Marks requests of `agora.orchestrator.chat`.
    pub OrchestratorChatOperation => ChatAnswer, Command, "orchestrator/chat", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, NameTaken, IllegalTransition, UpstreamUnavailable], keyed;
}

operation! {
    /// Marks requests of `agora.orchestrator.search_agents`.
    pub OrchestratorSearchAgentsOperation => MatchPage, Query, "orchestrator/search_agents", [Halted, NotFound];
}

/// Optional arguments of `agora.orchestrator.search_agents`.
impl Request<OrchestratorSearchAgentsOperation> {
    /// Words in the name, description, tags or capabilities; best matches first.
    pub fn query(self, query: impl Into<String>) -> Self {
        self.with::<String>("query", query.into())
    }

    /// Required capability.
    pub fn capability(self, capability: impl Into<String>) -> Self {
        self.with::<String>("capability", capability.into())
    }

    /// Part of the name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }

    /// Only this industry: a category or a tag.
    pub fn industry(self, industry: impl Into<String>) -> Self {
        self.with::<String>("industry", industry.into())
    }

    /// Only free ones.
    pub fn free(self, free: bool) -> Self {
        self.with("free", free)
    }

    /// Maximum price, in the agent's currency.
    pub fn max_price(self, max_price: f64) -> Self {
        self.with("max_price", max_price)
    }

    /// Minimum mean rating, 0 to 10.
    pub fn min_rating(self, min_rating: f64) -> Self {
        self.with("min_rating", min_rating)
    }

    /// Only this state; online means active or busy.
    pub fn status(self, status: impl Into<String>) -> Self {
        self.with::<String>("status", status.into())
    }

    /// Price: lowest first. Rating: highest first.
    pub fn sort(self, sort: impl Into<String>) -> Self {
        self.with::<String>("sort", sort.into())
    }

    /// Largest number of items in the answer.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }
}

operation! {
    /// Marks requests of `agora.orchestrator.get_agent`.
    pub OrchestratorGetAgentOperation => Agent, Query, "orchestrator/get_agent", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.orchestrator.search_apps`.
    pub OrchestratorSearchAppsOperation => AppPage, Query, "orchestrator/search_apps", [Halted];
}

/// Optional arguments of `agora.orchestrator.search_apps`.
impl Request<OrchestratorSearchAppsOperation> {
    /// Words in the name, description, tags or capabilities; best matches first.
    pub fn query(self, query: impl Into<String>) -> Self {
        self.with::<String>("query", query.into())
    }

    /// Only this industry: a category or a tag.
    pub fn industry(self, industry: impl Into<String>) -> Self {
        self.with::<String>("industry", industry.into())
    }

    /// Only free ones.
    pub fn free(self, free: bool) -> Self {
        self.with("free", free)
    }

    /// Largest number of items in the answer.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }
}

operation! {
    /// Marks requests of `agora.orchestrator.register_agent`.
    pub OrchestratorRegisterAgentOperation => Registration, Command, "orchestrator/register_agent", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, NameTaken, IllegalTransition], keyed;
}

/// Optional arguments of `agora.orchestrator.register_agent`.
impl Request<OrchestratorRegisterAgentOperation> {
    /// Alias, such as agent.myorg.mybot.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Capabilities of the agent.
    pub fn capabilities(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("capabilities", capabilities.into_iter().map(Into::into).collect())
    }

    /// Set `description`.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Kind of agent; app for applications.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with::<String>("category", category.into())
    }
}

operation! {
    /// Marks requests of `agora.orchestrator.get_marketplace_stats`.
    pub OrchestratorGetMarketplaceStatsOperation => MarketplaceCount, Query, "orchestrator/get_marketplace_stats", [Halted, NotFound];
}

/// Optional arguments of `agora.orchestrator.get_marketplace_stats`.
impl Request<OrchestratorGetMarketplaceStatsOperation> {
    /// What is counted.
    pub fn of(self, of: impl Into<String>) -> Self {
        self.with::<String>("of", of.into())
    }

    /// Only agents with this capability.
    pub fn capability(self, capability: impl Into<String>) -> Self {
        self.with::<String>("capability", capability.into())
    }

    /// Only agents in this state; online means active or busy.
    pub fn status(self, status: impl Into<String>) -> Self {
        self.with::<String>("status", status.into())
    }

    /// Only free ones.
    pub fn free(self, free: bool) -> Self {
        self.with("free", free)
    }
}

operation! {
    /// Marks requests of `agora.upstream.add`.
    pub UpstreamAddOperation => Upstream, Relay, "upstream/add", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, NameTaken, UpstreamFailed, UpstreamUnavailable], keyed;
}

/// Optional arguments of `agora.upstream.add`.
impl Request<UpstreamAddOperation> {
    /// Set `description`.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Sent with every request, such as Authorization; stored encrypted, never shown.
    pub fn headers(self, headers: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "headers",
            headers
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// Timeout of a call, in seconds.
    pub fn timeout(self, timeout: f64) -> Self {
        self.with("timeout", timeout)
    }

    /// Timeout of individual tools, in seconds.
    pub fn tool_timeouts(self, tool_timeouts: impl IntoIterator<Item = (impl Into<String>, f64)>) -> Self {
        self.with::<BTreeMap<String, f64>>(
            "tool_timeouts",
            tool_timeouts
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }

    /// Maximum number of concurrent calls at the upstream; one caller can use three quarters of them.
    pub fn concurrency(self, concurrency: i64) -> Self {
        self.with("concurrency", concurrency)
    }

    /// Access token sent to the upstream: none; shared (authorized once by an operator for all callers); user (each caller's own); machine (client credentials).
    pub fn oauth(self, oauth: impl Into<String>) -> Self {
        self.with::<String>("oauth", oauth.into())
    }

    /// Client id at the authorization server; default: dynamic registration.
    pub fn oauth_client_id(self, oauth_client_id: impl Into<String>) -> Self {
        self.with::<String>("oauth_client_id", oauth_client_id.into())
    }

    /// Client secret; stored encrypted, never shown.
    pub fn oauth_client_secret(self, oauth_client_secret: impl Into<String>) -> Self {
        self.with::<String>("oauth_client_secret", oauth_client_secret.into())
    }

    /// Requested scopes, separated by spaces; default: those that the upstream names.
    pub fn oauth_scope(self, oauth_scope: impl Into<String>) -> Self {
        self.with::<String>("oauth_scope", oauth_scope.into())
    }

    /// Connect first; false stores it even if it cannot be reached now.
    pub fn verify(self, verify: bool) -> Self {
        self.with("verify", verify)
    }
}

operation! {
    /// Marks requests of `agora.upstream.list`.
    pub UpstreamListOperation => UpstreamPage, Query, "upstream/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.upstream.list`.
impl Request<UpstreamListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.upstream.get`.
    pub UpstreamGetOperation => UpstreamDetail, Query, "upstream/get", [Halted, NotFound];
}

/// Optional arguments of `agora.upstream.get`.
impl Request<UpstreamGetOperation> {
    /// Only items of this kind.
    pub fn kind(self, kind: impl Into<ItemKind>) -> Self {
        self.with::<ItemKind>("kind", kind.into())
    }

    /// Only items in this state.
    pub fn state(self, state: impl Into<ItemState>) -> Self {
        self.with::<ItemState>("state", state.into())
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.upstream.refresh`.
    pub UpstreamRefreshOperation => UpstreamDetail, Relay, "upstream/refresh", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamUnavailable];
}

operation! {
    /// Marks requests of `agora.upstream.accept`.
    pub UpstreamAcceptOperation => Acceptance, Command, "upstream/accept", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.upstream.accept`.
impl Request<UpstreamAcceptOperation> {
    /// Names of tools, resources or prompts; empty: all quarantined items.
    pub fn names(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("names", names.into_iter().map(Into::into).collect())
    }

    /// Only definitions with these hashes, as reviewed.
    pub fn hashes(self, hashes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("hashes", hashes.into_iter().map(Into::into).collect())
    }
}

operation! {
    /// Marks requests of `agora.upstream.remove`.
    pub UpstreamRemoveOperation => UpstreamRemoval, Command, "upstream/remove", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

operation! {
    /// Marks requests of `agora.upstream.authorize`.
    pub UpstreamAuthorizeOperation => UpstreamAuthorization, Relay, "upstream/authorize", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable], keyed;
}

/// Optional arguments of `agora.upstream.authorize`.
impl Request<UpstreamAuthorizeOperation> {
    /// Authorize for all callers and for listing tools; needs the scope admin.
    pub fn shared(self, shared: bool) -> Self {
        self.with("shared", shared)
    }

    /// Requested scopes, separated by spaces; default: those that the upstream names.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.with::<String>("scope", scope.into())
    }
}

operation! {
    /// Marks requests of `agora.upstream.finish_authorization`.
    pub UpstreamFinishAuthorizationOperation => UpstreamAuthorization, Relay, "upstream/finish_authorization", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable], keyed;
}

/// Optional arguments of `agora.upstream.finish_authorization`.
impl Request<UpstreamFinishAuthorizationOperation> {
    /// From the callback.
    pub fn code(self, code: impl Into<String>) -> Self {
        self.with::<String>("code", code.into())
    }

    /// From the callback.
    pub fn iss(self, iss: impl Into<String>) -> Self {
        self.with::<String>("iss", iss.into())
    }

    /// Error code of the callback.
    pub fn error(self, error: impl Into<String>) -> Self {
        self.with::<String>("error", error.into())
    }
}

operation! {
    /// Marks requests of `agora.upstream.deauthorize`.
    pub UpstreamDeauthorizeOperation => UpstreamDeauthorization, Relay, "upstream/deauthorize", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable];
}

/// Optional arguments of `agora.upstream.deauthorize`.
impl Request<UpstreamDeauthorizeOperation> {
    /// Remove the shared authorization; needs the scope admin.
    pub fn shared(self, shared: bool) -> Self {
        self.with("shared", shared)
    }
}

operation! {
    /// Marks requests of `agora.upstream.call`.
    pub UpstreamCallOperation => ToolResult, Relay, "upstream/call", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, IllegalTransition, StaleLease, UpstreamFailed, UpstreamUnavailable, UpstreamAuthorizationRequired], keyed;
}

/// Optional arguments of `agora.upstream.call`.
impl Request<UpstreamCallOperation> {
    /// Set `arguments`.
    pub fn arguments(self, arguments: impl Into<Value>) -> Self {
        self.with::<Value>("arguments", arguments.into())
    }

    /// Timeout of a call, in seconds.
    pub fn timeout(self, timeout: f64) -> Self {
        self.with("timeout", timeout)
    }

    /// Your task that the call belongs to. Questions of the upstream become questions of the task.
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        self.with::<String>("task_id", task_id.into())
    }

    /// Fencing token of the task's claim.
    pub fn fencing_token(self, fencing_token: i64) -> Self {
        self.with("fencing_token", fencing_token)
    }
}

operation! {
    /// Marks requests of `agora.upstream.read`.
    pub UpstreamReadOperation => ResourceResult, Relay, "upstream/read", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable, UpstreamAuthorizationRequired];
}

operation! {
    /// Marks requests of `agora.upstream.prompt`.
    pub UpstreamPromptOperation => PromptResult, Relay, "upstream/prompt", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable, UpstreamAuthorizationRequired];
}

/// Optional arguments of `agora.upstream.prompt`.
impl Request<UpstreamPromptOperation> {
    /// Set `arguments`.
    pub fn arguments(self, arguments: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "arguments",
            arguments
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

operation! {
    /// Marks requests of `agora.upstream.complete`.
    pub UpstreamCompleteOperation => UpstreamCompletion, Relay, "upstream/complete", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable, UpstreamAuthorizationRequired];
}

/// Optional arguments of `agora.upstream.complete`.
impl Request<UpstreamCompleteOperation> {
    /// The typed prefix.
    pub fn value(self, value: impl Into<String>) -> Self {
        self.with::<String>("value", value.into())
    }

    /// Arguments that are already filled in.
    pub fn context(self, context: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "context",
            context
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

operation! {
    /// Marks requests of `agora.registry.list`.
    pub RegistryListOperation => RegistryPage, Query, "registry/list", [Halted];
}

/// Optional arguments of `agora.registry.list`.
impl Request<RegistryListOperation> {
    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }

    /// Maximum number of servers returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// Part of the name.
    pub fn search(self, search: impl Into<String>) -> Self {
        self.with::<String>("search", search.into())
    }

    /// RFC 3339 time with an offset.
    pub fn updated_since(self, updated_since: impl Into<String>) -> Self {
        self.with::<String>("updated_since", updated_since.into())
    }

    /// A version, or 'latest'.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with::<String>("version", version.into())
    }

    /// No effect, because deleted servers are not kept.
    pub fn include_deleted(self, include_deleted: bool) -> Self {
        self.with("include_deleted", include_deleted)
    }
}

operation! {
    /// Marks requests of `agora.registry.versions`.
    pub RegistryVersionsOperation => RegistryPage, Query, "registry/versions", [Halted, NotFound];
}

/// Optional arguments of `agora.registry.versions`.
impl Request<RegistryVersionsOperation> {
    /// No effect, because deleted servers are not kept.
    pub fn include_deleted(self, include_deleted: bool) -> Self {
        self.with("include_deleted", include_deleted)
    }
}

operation! {
    /// Marks requests of `agora.registry.get`.
    pub RegistryGetOperation => RegistryEntry, Query, "registry/get", [Halted, NotFound];
}

/// Optional arguments of `agora.registry.get`.
impl Request<RegistryGetOperation> {
    /// A version, or 'latest'.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with::<String>("version", version.into())
    }

    /// No effect, because deleted servers are not kept.
    pub fn include_deleted(self, include_deleted: bool) -> Self {
        self.with("include_deleted", include_deleted)
    }
}

operation! {
    /// Marks requests of `agora.registry.import`.
    pub RegistryImportOperation => Upstream, Relay, "registry/import", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict, NotFound, NameTaken, UpstreamFailed, UpstreamUnavailable], keyed;
}

/// Optional arguments of `agora.registry.import`.
impl Request<RegistryImportOperation> {
    /// Name of the upstream and prefix of its tools: lower-case letters, digits, hyphens.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }

    /// Values of the variables in its URL and headers.
    pub fn variables(self, variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "variables",
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// Sent with every request, such as Authorization; stored encrypted, never shown.
    pub fn headers(self, headers: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.with::<BTreeMap<String, String>>(
            "headers",
            headers
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// Timeout of a call, in seconds.
    pub fn timeout(self, timeout: f64) -> Self {
        self.with("timeout", timeout)
    }

    /// Maximum number of concurrent calls at the upstream; one caller can use three quarters of them.
    pub fn concurrency(self, concurrency: i64) -> Self {
        self.with("concurrency", concurrency)
    }

    /// Connect first; false stores it even if it cannot be reached.
    pub fn verify(self, verify: bool) -> Self {
        self.with("verify", verify)
    }
}

operation! {
    /// Marks requests of `agora.runtime.status`.
    pub RuntimeStatusOperation => RuntimeStatus, Query, "runtime/status", [Halted];
}

operation! {
    /// Marks requests of `agora.runtime.projects`.
    pub RuntimeProjectsOperation => RuntimeProjectPage, Query, "runtime/projects", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.runtime.projects`.
impl Request<RuntimeProjectsOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.runtime.sessions`.
    pub RuntimeSessionsOperation => RuntimeSessionPage, Query, "runtime/sessions", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.runtime.sessions`.
impl Request<RuntimeSessionsOperation> {
    /// Text in the title, id or directory.
    pub fn q(self, q: impl Into<String>) -> Self {
        self.with::<String>("q", q.into())
    }

    /// Only of this project: the id of a codebase.
    pub fn project_id(self, project_id: impl Into<String>) -> Self {
        self.with::<String>("project_id", project_id.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.runtime.session`.
    pub RuntimeSessionOperation => RuntimeSession, Query, "runtime/session", [Halted, NotFound];
}

/// Optional arguments of `agora.runtime.session`.
impl Request<RuntimeSessionOperation> {
    /// Only of this project: the id of a codebase.
    pub fn project_id(self, project_id: impl Into<String>) -> Self {
        self.with::<String>("project_id", project_id.into())
    }
}

operation! {
    /// Marks requests of `agora.runtime.messages`.
    pub RuntimeMessagesOperation => SessionMessagePage, Query, "runtime/messages", [Halted, NotFound, Conflict], paged_by_cursor;
}

/// Optional arguments of `agora.runtime.messages`.
impl Request<RuntimeMessagesOperation> {
    /// Only of this project: the id of a codebase.
    pub fn project_id(self, project_id: impl Into<String>) -> Self {
        self.with::<String>("project_id", project_id.into())
    }

    /// Newest first.
    pub fn descending(self, descending: bool) -> Self {
        self.with("descending", descending)
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.runtime.parts`.
    pub RuntimePartsOperation => RuntimeMessagePartPage, Query, "runtime/parts", [Halted, NotFound, Conflict], paged_by_cursor;
}

/// Optional arguments of `agora.runtime.parts`.
impl Request<RuntimePartsOperation> {
    /// Only of this project: the id of a codebase.
    pub fn project_id(self, project_id: impl Into<String>) -> Self {
        self.with::<String>("project_id", project_id.into())
    }

    /// Only parts of this type.
    pub fn r#type(self, r#type: impl Into<String>) -> Self {
        self.with::<String>("type", r#type.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.runtime.models`.
    pub RuntimeModelsOperation => AvailableModelPage, Query, "runtime/models", [Halted, NotFound, Conflict], paged_by_cursor;
}

/// Optional arguments of `agora.runtime.models`.
impl Request<RuntimeModelsOperation> {
    /// Only models of this provider.
    pub fn provider(self, provider: impl Into<String>) -> Self {
        self.with::<String>("provider", provider.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.tenant.create`.
    pub TenantCreateOperation => CreatedTenant, Command, "tenant/create", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, NameTaken], keyed;
}

/// Optional arguments of `agora.tenant.create`.
impl Request<TenantCreateOperation> {
    /// Display name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }

    /// Metadata for the operator, such as a subscription or a namespace.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }
}

operation! {
    /// Marks requests of `agora.tenant.list`.
    pub TenantListOperation => TenantPage, Query, "tenant/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.tenant.list`.
impl Request<TenantListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.tenant.get`.
    pub TenantGetOperation => TenantDetails, Query, "tenant/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.tenant.update`.
    pub TenantUpdateOperation => Tenant, Command, "tenant/update", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition];
}

/// Optional arguments of `agora.tenant.update`.
impl Request<TenantUpdateOperation> {
    /// Display name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with::<String>("name", name.into())
    }

    /// Replaces the metadata; unchanged if omitted.
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with::<Value>("metadata", metadata.into())
    }
}

operation! {
    /// Marks requests of `agora.tenant.suspend`.
    pub TenantSuspendOperation => Tenant, Command, "tenant/suspend", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition];
}

/// Optional arguments of `agora.tenant.suspend`.
impl Request<TenantSuspendOperation> {
    /// Reason, shown to refused callers.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with::<String>("reason", reason.into())
    }
}

operation! {
    /// Marks requests of `agora.tenant.resume`.
    pub TenantResumeOperation => Tenant, Command, "tenant/resume", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition];
}

operation! {
    /// Marks requests of `agora.tenant.create_key`.
    pub TenantCreateKeyOperation => TenantKey, Command, "tenant/create_key", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.tenant.create_key`.
impl Request<TenantCreateKeyOperation> {
    /// Set `label`.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.with::<String>("label", label.into())
    }
}

operation! {
    /// Marks requests of `agora.tenant.delete`.
    pub TenantDeleteOperation => DeletedTenant, Command, "tenant/delete", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition];
}

operation! {
    /// Marks requests of `agora.token_billing.summary`.
    pub TokenBillingSummaryOperation => TokenSummary, Query, "token_billing/summary", [Halted];
}

/// Optional arguments of `agora.token_billing.summary`.
impl Request<TokenBillingSummaryOperation> {
    /// Default: the current month (UTC).
    pub fn month(self, month: impl Into<String>) -> Self {
        self.with::<String>("month", month.into())
    }

    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Code of the currency in ISO 4217, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }
}

operation! {
    /// Marks requests of `agora.token_billing.recent`.
    pub TokenBillingRecentOperation => ModelCallPage, Query, "token_billing/recent", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.token_billing.recent`.
impl Request<TokenBillingRecentOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Agent id, name or dotted alias.
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        self.with::<String>("agent_id", agent_id.into())
    }

    /// Only calls for this task.
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        self.with::<String>("task_id", task_id.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.token_billing.report`.
    pub TokenBillingReportOperation => ModelCall, Command, "token_billing/report", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound];
}

/// Optional arguments of `agora.token_billing.report`.
impl Request<TokenBillingReportOperation> {
    /// The task that the caller holds and made the call for.
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        self.with::<String>("task_id", task_id.into())
    }

    /// Whether the tokens were estimated, not counted.
    pub fn is_estimate(self, is_estimate: bool) -> Self {
        self.with("is_estimate", is_estimate)
    }

    /// Seconds until the answer began.
    pub fn time_to_first_token(self, time_to_first_token: f64) -> Self {
        self.with("time_to_first_token", time_to_first_token)
    }
}

operation! {
    /// Marks requests of `agora.token_billing.budget`.
    pub TokenBillingBudgetOperation => BudgetCheck, Query, "token_billing/budget", [Halted];
}

/// Optional arguments of `agora.token_billing.budget`.
impl Request<TokenBillingBudgetOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Code of the currency in ISO 4217, such as USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }
}

operation! {
    /// Marks requests of `agora.token_billing.credits`.
    pub TokenBillingCreditsOperation => TokenCredits, Command, "token_billing/credits", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound], keyed;
}

/// Optional arguments of `agora.token_billing.credits`.
impl Request<TokenBillingCreditsOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }
}

operation! {
    /// Marks requests of `agora.token_billing.billing_model`.
    pub TokenBillingBillingModelOperation => BillingModel, Command, "token_billing/billing_model", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict];
}

/// Optional arguments of `agora.token_billing.billing_model`.
impl Request<TokenBillingBillingModelOperation> {
    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Hard limit; default: none.
    pub fn monthly_limit_cents(self, monthly_limit_cents: i64) -> Self {
        self.with("monthly_limit_cents", monthly_limit_cents)
    }

    /// Soft limit; default: 80 % of the hard limit.
    pub fn monthly_alert_cents(self, monthly_alert_cents: i64) -> Self {
        self.with("monthly_alert_cents", monthly_alert_cents)
    }

    /// Markup of all models without a specific markup; only for operators.
    pub fn markup_percent(self, markup_percent: f64) -> Self {
        self.with("markup_percent", markup_percent)
    }
}

operation! {
    /// Marks requests of `agora.token_billing.spending_limit`.
    pub TokenBillingSpendingLimitOperation => SpendingLimit, Command, "token_billing/spending_limit", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict];
}

/// Optional arguments of `agora.token_billing.spending_limit`.
impl Request<TokenBillingSpendingLimitOperation> {
    /// Hard limit; null: none.
    pub fn monthly_limit_cents(self, monthly_limit_cents: i64) -> Self {
        self.with("monthly_limit_cents", monthly_limit_cents)
    }

    /// Soft limit; default: 80 % of the hard limit.
    pub fn monthly_alert_cents(self, monthly_alert_cents: i64) -> Self {
        self.with("monthly_alert_cents", monthly_alert_cents)
    }

    /// The account; default: the credential's account, else the caller's id.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }
}

operation! {
    /// Marks requests of `agora.token_billing.pricing`.
    pub TokenBillingPricingOperation => ModelPricePage, Query, "token_billing/pricing", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.token_billing.pricing`.
impl Request<TokenBillingPricingOperation> {
    /// The provider: the part of a model's name before the colon.
    pub fn provider(self, provider: impl Into<String>) -> Self {
        self.with::<String>("provider", provider.into())
    }

    /// Only the price of this model of the provider.
    pub fn model(self, model: impl Into<String>) -> Self {
        self.with::<String>("model", model.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.token_billing.set_price`.
    pub TokenBillingSetPriceOperation => ModelPrice, Command, "token_billing/set_price", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict];
}

/// Optional arguments of `agora.token_billing.set_price`.
impl Request<TokenBillingSetPriceOperation> {
    /// Default: the input price.
    pub fn cache_read_cost_per_m(self, cache_read_cost_per_m: f64) -> Self {
        self.with("cache_read_cost_per_m", cache_read_cost_per_m)
    }

    /// Default: the input price.
    pub fn cache_write_cost_per_m(self, cache_write_cost_per_m: f64) -> Self {
        self.with("cache_write_cost_per_m", cache_write_cost_per_m)
    }

    /// Default: the output price.
    pub fn reasoning_cost_per_m(self, reasoning_cost_per_m: f64) -> Self {
        self.with("reasoning_cost_per_m", reasoning_cost_per_m)
    }

    /// Default: the general markup.
    pub fn markup_percent(self, markup_percent: f64) -> Self {
        self.with("markup_percent", markup_percent)
    }

    /// Default: USD.
    pub fn currency(self, currency: impl Into<String>) -> Self {
        self.with::<String>("currency", currency.into())
    }
}

operation! {
    /// Marks requests of `agora.token_billing.delete_price`.
    pub TokenBillingDeletePriceOperation => RemovedPrice, Command, "token_billing/delete_price", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

operation! {
    /// Marks requests of `agora.token.create`.
    pub TokenCreateOperation => CreatedToken, Command, "token/create", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict], keyed;
}

/// Optional arguments of `agora.token.create`.
impl Request<TokenCreateOperation> {
    /// An API key, or a token that allows registration.
    pub fn kind(self, kind: impl Into<String>) -> Self {
        self.with::<String>("kind", kind.into())
    }

    /// Scopes such as read:agents and write:messages; empty: the default scopes of an agent.
    pub fn scopes(self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("scopes", scopes.into_iter().map(Into::into).collect())
    }

    /// Set `service_tier`.
    pub fn service_tier(self, service_tier: impl Into<ServiceTier>) -> Self {
        self.with::<ServiceTier>("service_tier", service_tier.into())
    }

    /// Set `authority`.
    pub fn authority(self, authority: i64) -> Self {
        self.with("authority", authority)
    }

    /// Owner account of a customer or developer; default: the creator's.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.with::<String>("account", account.into())
    }

    /// Lifetime in seconds; default: unlimited.
    pub fn expires_in(self, expires_in: i64) -> Self {
        self.with("expires_in", expires_in)
    }
}

operation! {
    /// Marks requests of `agora.token.list`.
    pub TokenListOperation => TokenPage, Query, "token/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.token.list`.
impl Request<TokenListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.token.revoke`.
    pub TokenRevokeOperation => RevokedToken, Command, "token/revoke", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.transcript.search`.
    pub TranscriptSearchOperation => TranscriptMatchPage, Query, "transcript/search", [Halted, NotFound, Conflict], paged_by_cursor;
}

/// Optional arguments of `agora.transcript.search`.
impl Request<TranscriptSearchOperation> {
    /// Id of a codebase.
    pub fn codebase_id(self, codebase_id: impl Into<String>) -> Self {
        self.with::<String>("codebase_id", codebase_id.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.transcript.export`.
    pub TranscriptExportOperation => TranscriptExport, Query, "transcript/export", [Halted, NotFound, Conflict];
}

/// Optional arguments of `agora.transcript.export`.
impl Request<TranscriptExportOperation> {
    /// markdown for people, json for programs.
    pub fn format(self, format: impl Into<String>) -> Self {
        self.with::<String>("format", format.into())
    }

    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.transcript.forget`.
    pub TranscriptForgetOperation => ForgottenSession, Command, "transcript/forget", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict];
}

operation! {
    /// Marks requests of `agora.transcript.participants`.
    pub TranscriptParticipantsOperation => JobParticipants, Query, "transcript/participants", [Halted, NotFound, Conflict];
}

operation! {
    /// Marks requests of `agora.turn.list`.
    pub TurnListOperation => TurnPage, Query, "turn/list", [Halted, NotFound], paged_by_cursor;
}

/// Optional arguments of `agora.turn.list`.
impl Request<TurnListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.turn.preview`.
    pub TurnPreviewOperation => TurnPreview, Query, "turn/preview", [Halted, PayloadTooLarge, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.turn.preview`.
impl Request<TurnPreviewOperation> {
    /// What to rewind to the end of the turn.
    pub fn what(self, what: impl Into<String>) -> Self {
        self.with::<String>("what", what.into())
    }
}

operation! {
    /// Marks requests of `agora.turn.rewind`.
    pub TurnRewindOperation => TaskReceipt, Command, "turn/rewind", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.turn.rewind`.
impl Request<TurnRewindOperation> {
    /// Prompt for the agent after rewinding.
    pub fn prompt(self, prompt: impl Into<String>) -> Self {
        self.with::<String>("prompt", prompt.into())
    }

    /// What to rewind to the end of the turn.
    pub fn what(self, what: impl Into<String>) -> Self {
        self.with::<String>("what", what.into())
    }
}

operation! {
    /// Marks requests of `agora.turn.fork`.
    pub TurnForkOperation => TaskReceipt, Command, "turn/fork", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}

/// Optional arguments of `agora.turn.fork`.
impl Request<TurnForkOperation> {
    /// Title, for people.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with::<String>("title", title.into())
    }

    /// Model for the coding agent.
    pub fn model(self, model: impl Into<String>) -> Self {
        self.with::<String>("model", model.into())
    }
}

operation! {
    /// Marks requests of `agora.turn.record`.
    pub TurnRecordOperation => Turn, Command, "turn/record", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound, Conflict, IllegalTransition, StaleLease];
}

/// Optional arguments of `agora.turn.record`.
impl Request<TurnRecordOperation> {
    /// Beginning of the prompt.
    pub fn prompt(self, prompt: impl Into<String>) -> Self {
        self.with::<String>("prompt", prompt.into())
    }

    /// Commit with the files.
    pub fn commit(self, commit: impl Into<String>) -> Self {
        self.with::<String>("commit", commit.into())
    }

    /// Changes since the start of the job: objects with path, status and blob.
    pub fn files(self, files: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.with::<Vec<Value>>("files", files.into_iter().map(Into::into).collect())
    }
}

operation! {
    /// Marks requests of `agora.user.list`.
    pub UserListOperation => UserPage, Query, "user/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.user.list`.
impl Request<UserListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.user.get`.
    pub UserGetOperation => User, Query, "user/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.user.update`.
    pub UserUpdateOperation => User, Command, "user/update", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.user.update`.
impl Request<UserUpdateOperation> {
    /// Role that overrides the provider's; 'provider' removes the override. Unchanged if omitted.
    pub fn role(self, role: impl Into<String>) -> Self {
        self.with::<String>("role", role.into())
    }

    /// Open tasks. 0: no limit; -1: use the setting. Unchanged if omitted.
    pub fn concurrency_limit(self, concurrency_limit: i64) -> Self {
        self.with("concurrency_limit", concurrency_limit)
    }

    /// Coding jobs per day. 0: no limit; -1: use the setting. Unchanged if omitted.
    pub fn daily_job_limit(self, daily_job_limit: i64) -> Self {
        self.with("daily_job_limit", daily_job_limit)
    }

    /// Block or unblock the user. Unchanged if omitted.
    pub fn disabled(self, disabled: bool) -> Self {
        self.with("disabled", disabled)
    }
}

operation! {
    /// Marks requests of `agora.virtual_server.create`.
    pub VirtualServerCreateOperation => VirtualServer, Command, "virtual_server/create", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, Conflict], keyed;
}

/// Optional arguments of `agora.virtual_server.create`.
impl Request<VirtualServerCreateOperation> {
    /// Description for people.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Instructions for models on when and how to use the tools; sent when a client connects.
    pub fn instructions(self, instructions: impl Into<String>) -> Self {
        self.with::<String>("instructions", instructions.into())
    }
}

operation! {
    /// Marks requests of `agora.virtual_server.list`.
    pub VirtualServerListOperation => VirtualServerPage, Query, "virtual_server/list", [Halted], paged_by_cursor;
}

/// Optional arguments of `agora.virtual_server.list`.
impl Request<VirtualServerListOperation> {
    /// Maximum number of items returned.
    pub fn limit(self, limit: i64) -> Self {
        self.with("limit", limit)
    }

    /// 'next_cursor' of the previous page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with::<String>("cursor", cursor.into())
    }
}

operation! {
    /// Marks requests of `agora.virtual_server.get`.
    pub VirtualServerGetOperation => VirtualServer, Query, "virtual_server/get", [Halted, NotFound];
}

operation! {
    /// Marks requests of `agora.virtual_server.update`.
    pub VirtualServerUpdateOperation => VirtualServer, Command, "virtual_server/update", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

/// Optional arguments of `agora.virtual_server.update`.
impl Request<VirtualServerUpdateOperation> {
    /// Tool names, with dots or underscores: operations, tools of upstreams (far.echo) and of agents (Dolly.shout).
    pub fn tools(self, tools: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with::<Vec<String>>("tools", tools.into_iter().map(Into::into).collect())
    }

    /// Description for people.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with::<String>("description", description.into())
    }

    /// Instructions for models on when and how to use the tools; sent when a client connects.
    pub fn instructions(self, instructions: impl Into<String>) -> Self {
        self.with::<String>("instructions", instructions.into())
    }
}

operation! {
    /// Marks requests of `agora.virtual_server.delete`.
    pub VirtualServerDeleteOperation => VirtualServerRemoval, Command, "virtual_server/delete", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

operation! {
    /// Marks requests of `agora.virtual_server.create_key`.
    pub VirtualServerCreateKeyOperation => VirtualServerKey, Command, "virtual_server/create_key", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound], keyed;
}

/// Optional arguments of `agora.virtual_server.create_key`.
impl Request<VirtualServerCreateKeyOperation> {
    /// Lifetime in seconds; default: unlimited.
    pub fn expires_in(self, expires_in: i64) -> Self {
        self.with("expires_in", expires_in)
    }
}

operation! {
    /// Marks requests of `agora.worktree.list`.
    pub WorktreeListOperation => DiskUse, Query, "worktree/list", [Halted, NotFound, Conflict];
}

operation! {
    /// Marks requests of `agora.worktree.report`.
    pub WorktreeReportOperation => DiskUse, Command, "worktree/report", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, NotFound];
}

operation! {
    /// Marks requests of `agora.worktree.clean`.
    pub WorktreeCleanOperation => TaskReceipt, Command, "worktree/clean", [Halted, MalformedRequest, PayloadTooLarge, UnsupportedMediaType, IdempotencyConflict, BudgetExceeded, CreditExhausted, NotFound, Conflict, IllegalTransition], keyed;
}
