//! A claimed task, passed to its handler.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::lease::Lease;
use crate::error::AgoraError;
use crate::generated::operations::{TaskArtifactOperation, TaskUpdateOperation};
use crate::generated::types::{ClaimedTask, Part};
use crate::request::Request;

/// Maximum characters of one output call.
const MAX_CHUNK_CHARACTERS: usize = 262_144;

/// A claimed task: its data, and the calls that a handler makes while it runs.
///
/// ```no_run
/// # use agora_sdk::agent::{TaskFailure, TaskRun};
/// # async fn work(_row: usize) {}
/// # async fn on_task(task: TaskRun) -> Result<serde_json::Value, TaskFailure> {
/// use serde_json::json;
///
/// let rows = task.payload["rows"].as_u64().unwrap_or_default();
/// let done = task.checkpoint.as_ref().and_then(|checkpoint| checkpoint["done"].as_u64()); // of an earlier attempt
/// for row in done.unwrap_or_default()..rows {
///     work(row as usize).await;
///     task.save(json!({"done": row + 1})).await?;
///     task.report().progress(100.0 * (row + 1) as f64 / rows as f64).send().await?;
/// }
/// Ok(json!({"rows": rows}))
/// # }
/// ```
///
/// Each call waits for an unreachable server, and fails once the lease is lost.
#[derive(Clone)]
pub struct TaskRun {
    task: Arc<ClaimedTask>,
    lease: Arc<Lease>,
    /// Offset at which the output continues.
    output_size: Arc<Mutex<i64>>,
    /// Held while a checkpoint is stored, so that they are numbered in order.
    saving: Arc<Mutex<()>>,
}

impl TaskRun {
    pub(crate) fn new(task: ClaimedTask, lease: Arc<Lease>) -> Self {
        let output_size = Arc::new(Mutex::new(task.output_size));
        Self {
            task: Arc::new(task),
            lease,
            output_size,
            saving: Arc::default(),
        }
    }

    /// Set when the task was cancelled or reassigned, or the agent stops and no longer waits. The handler's future is
    /// then dropped; work started elsewhere must end by itself.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        &self.lease.cancellation
    }

    /// Report progress: set the fields, then `send()`.
    #[must_use = "a report is sent by send()"]
    pub fn report(&self) -> Report {
        let request = self
            .lease
            .tasks()
            .update_request(&self.task_id)
            .fencing_token(self.lease.fencing_token);
        Report {
            request,
            lease: self.lease.clone(),
        }
    }

    /// Store a checkpoint, which a later attempt reads from `task.checkpoint`. It also extends the lease.
    ///
    /// # Errors
    /// [`AgoraError::StaleLease`] once the lease is lost.
    pub async fn save(&self, checkpoint: Value) -> Result<(), AgoraError> {
        let _guard = self.saving.lock().await;
        self.lease.checkpoint(checkpoint).await
    }

    /// Append to the task's output, which can be followed while the task runs. It continues the output of an earlier
    /// attempt.
    ///
    /// # Errors
    /// [`AgoraError::StaleLease`] once the lease is lost.
    pub async fn write(&self, text: &str) -> Result<(), AgoraError> {
        let mut size = self.output_size.lock().await;
        let characters: Vec<char> = text.chars().collect();
        for chunk in characters.chunks(MAX_CHUNK_CHARACTERS) {
            let content: String = chunk.iter().collect();
            let request = self.lease.tasks().append(&self.task_id, content);
            let output = self
                .lease
                .call(request.offset(*size).fencing_token(self.lease.fencing_token))
                .await?;
            *size = output.next_offset;
        }
        Ok(())
    }

    /// Send a message to the requester while the task runs.
    ///
    /// # Errors
    /// [`AgoraError::StaleLease`] once the lease is lost.
    pub async fn say(&self, text: &str) -> Result<(), AgoraError> {
        let request = self
            .lease
            .tasks()
            .message(&self.task_id)
            .text(text)
            .fencing_token(self.lease.fencing_token);
        self.lease.call(request).await.map(drop)
    }

    /// Add an artifact to the result, with parts in the form of A2A 1.0. `edit` sets optional fields, such as a name.
    ///
    /// # Errors
    /// [`AgoraError::StaleLease`] once the lease is lost.
    pub async fn artifact(
        &self,
        parts: impl IntoIterator<Item = Part>,
        edit: impl FnOnce(Request<TaskArtifactOperation>) -> Request<TaskArtifactOperation>,
    ) -> Result<(), AgoraError> {
        let request = edit(self.lease.tasks().artifact(&self.task_id).parts(parts));
        self.lease
            .call(request.fencing_token(self.lease.fencing_token))
            .await
            .map(drop)
    }
}

impl Deref for TaskRun {
    type Target = ClaimedTask;

    fn deref(&self) -> &ClaimedTask {
        &self.task
    }
}

impl fmt::Debug for TaskRun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TaskRun")
            .field("task", &self.task)
            .finish_non_exhaustive()
    }
}

/// A progress report to be sent.
#[must_use = "a report is sent by send()"]
pub struct Report {
    request: Request<TaskUpdateOperation>,
    lease: Arc<Lease>,
}

impl Report {
    /// Percentage, never decreasing.
    pub fn progress(mut self, progress: f64) -> Self {
        self.request = self.request.progress(progress);
        self
    }

    /// A note for people.
    pub fn notes(mut self, notes: impl Into<String>) -> Self {
        self.request = self.request.notes(notes);
        self
    }

    /// A reached milestone, for people.
    pub fn milestone(mut self, milestone: impl Into<String>) -> Self {
        self.request = self.request.milestone(milestone);
        self
    }

    /// Send the report.
    ///
    /// # Errors
    /// [`AgoraError::StaleLease`] once the lease is lost.
    pub async fn send(self) -> Result<(), AgoraError> {
        self.lease.call(self.request).await.map(drop)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Report")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
