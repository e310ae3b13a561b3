//! The lease on a claimed task: renewal, and calls under its fencing token.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::client::AgoraClient;
use crate::error::{AgoraError, ErrorKind, Problem};
use crate::generated::operations::TaskRenewOperation;
use crate::generated::services::TaskService;
use crate::generated::types::{ClaimedTask, TaskStatus};
use crate::operation::Operation;
use crate::request::Request;

/// Limit of server errors of one call.
const MAX_SERVER_ERRORS: u32 = 5;
/// Checkpoint numbers increase over all attempts: those of a claim follow those of earlier claims.
const CHECKPOINTS_PER_CLAIM: i64 = 1_000_000;

/// The lease on one claimed task.
///
/// Every call carries the claim's fencing token, and waits for an unreachable server. Once the server has reported that
/// the lease is lost, the task's cancellation is set, and no further call is made.
pub(crate) struct Lease {
    pub(crate) task_id: String,
    pub(crate) fencing_token: i64,
    /// Set when the work must end: the lease is lost, or the agent stops.
    pub(crate) cancellation: CancellationToken,
    client: AgoraClient,
    duration: Duration,
    loss: OnceLock<AgoraError>,
    due: Notify,
    checkpoints: AtomicI64,
}

impl Lease {
    pub(crate) fn new(client: AgoraClient, task: &ClaimedTask, cancellation: CancellationToken) -> Self {
        Self {
            task_id: task.task_id.clone(),
            fencing_token: task.fencing_token,
            cancellation,
            client,
            duration: Duration::try_from_secs_f64(task.lease_seconds as f64).unwrap_or(Duration::from_secs(60)),
            loss: OnceLock::new(),
            due: Notify::new(),
            checkpoints: AtomicI64::new(0),
        }
    }

    /// Whether the lease is lost.
    pub(crate) fn is_lost(&self) -> bool {
        self.loss.get().is_some()
    }

    /// Operations on tasks as the holder of the lease.
    pub(crate) fn tasks(&self) -> TaskService<'_> {
        self.client.task()
    }

    /// Renew until the lease is lost; to be dropped when no longer needed.
    pub(crate) async fn keep(&self) {
        while !self.is_lost() {
            tokio::select! {
                // A third of the lease leaves time for two failed renewals before it expires.
                () = sleep(self.duration / 3) => {}
                () = self.due.notified() => {}
            }
            let _ = self.renew(self.renewal()).await; // a lost lease sets the cancellation
        }
    }

    /// Renew now, since the task may have changed.
    pub(crate) fn check(&self) {
        // Kept if nobody waits yet, so that no check is missed.
        self.due.notify_one();
    }

    /// Extend the lease and store a checkpoint.
    pub(crate) async fn checkpoint(&self, checkpoint: Value) -> Result<(), AgoraError> {
        let count = self.checkpoints.fetch_add(1, Ordering::Relaxed) + 1;
        // The fencing token grows with every claim, so that a late write is recognised.
        let number = self.fencing_token * CHECKPOINTS_PER_CLAIM + count;
        self.renew(self.renewal().checkpoint(checkpoint).checkpoint_number(number))
            .await
    }

    fn renewal(&self) -> Request<TaskRenewOperation> {
        self.tasks().renew(&self.task_id, self.fencing_token)
    }

    /// Extend the lease; StaleLease once it is lost.
    async fn renew(&self, request: Request<TaskRenewOperation>) -> Result<(), AgoraError> {
        let status = match self.call(request).await {
            Ok(renewal) => renewal.status,
            // The task has ended, or was deleted, without this claim.
            Err(error @ (AgoraError::IllegalTransition(_) | AgoraError::NotFound(_))) => {
                return Err(self.lose_to(error));
            }
            Err(error) => return Err(error),
        };
        if is_terminal(&status) {
            let problem = Problem::new(format!("{} is {status}.", self.task_id));
            return Err(self.lose_to(AgoraError::StaleLease(problem)));
        }
        Ok(())
    }

    /// Call an operation on the task until it is answered or refused. The server recognises repetitions.
    pub(crate) async fn call<O: Operation>(&self, request: Request<O>) -> Result<O::Output, AgoraError> {
        // One key for all attempts: an answer that was lost does not complete or append twice.
        let request = request.idempotency_key(uuid::Uuid::new_v4().to_string());
        for attempt in 0.. {
            if let Some(loss) = self.loss.get() {
                return Err(loss.clone());
            }
            match request.clone().await {
                Ok(output) => return Ok(output),
                Err(error @ AgoraError::StaleLease(_)) => return Err(self.lose_to(error)),
                Err(error) => {
                    let is_server_error = matches!(error, AgoraError::InternalError(_)) && attempt >= MAX_SERVER_ERRORS;
                    if !error.is_transient() || is_server_error {
                        if error.is(ErrorKind::Conflict) {
                            self.check(); // the next renewal shows whether the lease is lost
                        }
                        return Err(error);
                    }
                }
            }
            sleep(Backoff::AGENT.pause(attempt)).await;
        }
        unreachable!("the attempts end with an answer or an error")
    }

    fn lose_to(&self, error: AgoraError) -> AgoraError {
        // The first reason stays. It is set before the cancellation, whose observers ask is_lost.
        let _ = self.loss.set(error.clone());
        self.cancellation.cancel();
        error
    }
}

fn is_terminal(status: &TaskStatus) -> bool {
    use TaskStatus::{Cancelled, Completed, DeadLettered, Expired, Failed, Rejected};
    matches!(
        status,
        Completed | Failed | Cancelled | Rejected | Expired | DeadLettered
    )
}
