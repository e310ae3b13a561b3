//! The executor of a running agent: it claims tasks and runs their handlers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::inbox::is_put_off;
use super::lease::Lease;
use super::task_run::TaskRun;
use super::{Agent, Context, Profile, TaskFailure};
use crate::backoff::Backoff;
use crate::error::{AgoraError, ErrorKind};
use crate::generated::operations::TaskClaimOperation;
use crate::generated::types::ClaimedTask;
use crate::request::Request;

/// Seconds that a claim waits for a task: intermediaries may cut off longer calls.
const CLAIM_WAIT_SECONDS: f64 = 25.0;
/// An empty answer that comes sooner means that the server does not wait, as during its shutdown.
const EARLY: Duration = Duration::from_secs(1);
/// Time for releasing tasks when the agent stops.
const RELEASE: Duration = Duration::from_secs(5);
const MAX_ERROR_CHARACTERS: usize = 4000;
const STOPPED: &str = "The agent stopped.";

/// Passes each claimed task to a handler, up to a limit of concurrent ones, and reports the outcomes.
///
/// A task is claimed only for a free slot, by a call that waits on the server for a task. While its handler runs, its
/// lease is renewed; the handler is dropped when the lease is lost.
pub(crate) struct Executor<A> {
    agent: Arc<A>,
    context: Context,
    profile: Arc<Profile>,
    places: Arc<Semaphore>,
    working: AtomicUsize,
    leases: Mutex<HashMap<String, Arc<Lease>>>,
    /// Set when handlers that take too long must end.
    stopping: CancellationToken,
    /// Set when the tasks of these handlers can no longer be released.
    abandoning: CancellationToken,
    /// A claim without an answer.
    open_claim: Mutex<Option<Request<TaskClaimOperation>>>,
}

impl<A: Agent> Executor<A> {
    pub(crate) fn new(agent: Arc<A>, context: Context, profile: Arc<Profile>) -> Self {
        Self {
            agent,
            context,
            places: Arc::new(Semaphore::new(profile.max_concurrent_tasks as usize)),
            profile,
            working: AtomicUsize::new(0),
            leases: Mutex::default(),
            stopping: CancellationToken::new(),
            abandoning: CancellationToken::new(),
            open_claim: Mutex::default(),
        }
    }

    /// Share of the slots in use, 0 to 1.
    pub(crate) fn load(&self) -> f64 {
        self.working.load(Ordering::Relaxed) as f64 / f64::from(self.profile.max_concurrent_tasks)
    }

    /// Check the lease of a task after an event, if the task is held here.
    pub(crate) fn check(&self, task_id: &str) {
        if let Some(lease) = self.leases().get(task_id) {
            lease.check();
        }
    }

    /// Work until cancelled.
    pub(crate) async fn run(self: &Arc<Self>, until: &CancellationToken) -> Result<(), AgoraError> {
        while let Some(places) = until.run_until_cancelled(self.free_places()).await {
            let begun = Instant::now();
            let claiming = until.run_until_cancelled(self.claim_tasks(places.len()));
            let Some(tasks) = claiming.await else { break };
            let tasks = tasks?;
            if tasks.is_empty() && begun.elapsed() < EARLY {
                until.run_until_cancelled(sleep(Backoff::AGENT.pause(0))).await;
            }
            // Slots without a task are dropped with the iterator, and so are free again.
            for (task, place) in tasks.into_iter().zip(places) {
                self.start(task, place);
            }
        }
        Ok(())
    }

    /// Let running handlers finish; those that take longer are dropped, and their tasks released.
    pub(crate) async fn finish(&self, patience: Duration) {
        self.release_open_claim().await;
        let size = self.profile.max_concurrent_tasks;
        if timeout(patience, self.places.acquire_many(size)).await.is_err() {
            self.stopping.cancel();
            if timeout(RELEASE, self.places.acquire_many(size)).await.is_err() {
                // An unreachable server must not keep the program: the leases expire there.
                self.abandoning.cancel();
                let _ = self.places.acquire_many(size).await;
            }
        }
    }

    /// Release the tasks of a dropped claim: the server may have answered during the stop.
    async fn release_open_claim(&self) {
        let Some(claim) = self.open_claim().take() else { return };
        let releasing = async {
            // The same key: the server returns the tasks that the unanswered claim leased.
            for task in claim.wait(0.0).await?.tasks {
                let tasks = self.context.client().task();
                tasks.release(&task.task_id, task.fencing_token).reason(STOPPED).await?;
            }
            Ok::<_, AgoraError>(())
        };
        // If it fails, the lease expires.
        let _ = timeout(RELEASE, releasing).await;
    }

    /// Wait for free slots, at least one.
    async fn free_places(&self) -> Vec<OwnedSemaphorePermit> {
        let first = self.places.clone().acquire_owned().await;
        let mut places: Vec<_> = first.into_iter().collect();
        while let Ok(place) = self.places.clone().try_acquire_owned() {
            places.push(place);
        }
        places
    }

    async fn claim_tasks(&self, limit: usize) -> Result<Vec<ClaimedTask>, AgoraError> {
        let request = self
            .context
            .client()
            .task()
            .claim()
            .limit(limit as i64)
            .wait(CLAIM_WAIT_SECONDS);
        let request = request.lease_seconds(self.profile.lease.as_secs().try_into().unwrap_or(i64::MAX));
        let request = match self.profile.task_types.as_deref() {
            // No list means all types.
            None | Some([]) => request,
            Some(types) => request.task_types(types),
        };
        // One key: tasks of a lost answer are returned again. Otherwise they would stay leased, unknown, until their
        // leases expire.
        let request = request.idempotency_key(uuid::Uuid::new_v4().to_string());
        *self.open_claim() = Some(request.clone());
        for attempt in 0.. {
            match request.clone().await {
                Ok(claim) => {
                    *self.open_claim() = None;
                    return Ok(claim.tasks);
                }
                Err(error) if !error.is_transient() => {
                    // A refused claim has leased nothing.
                    *self.open_claim() = None;
                    return Err(error);
                }
                Err(_) => sleep(Backoff::AGENT.pause(attempt)).await,
            }
        }
        unreachable!("the attempts end with an answer or an error")
    }

    fn start(self: &Arc<Self>, task: ClaimedTask, place: OwnedSemaphorePermit) {
        let lease = Arc::new(Lease::new(
            self.context.client().clone(),
            &task,
            self.stopping.child_token(),
        ));
        self.leases().insert(task.task_id.clone(), lease.clone());
        self.working.fetch_add(1, Ordering::Relaxed);
        let executor = self.clone();
        tokio::spawn(async move {
            let run = TaskRun::new(task, lease.clone());
            tokio::select! {
                () = lease.keep() => {} // the lease is lost: nothing to report
                () = executor.abandoning.cancelled() => {}
                () = executor.work(run, &lease) => {}
            }
            // By identity: the same task may have been claimed again meanwhile.
            executor.leases().retain(|_, other| !Arc::ptr_eq(other, &lease));
            executor.working.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }

    /// Run the handler of a task and report its outcome.
    async fn work(self: &Arc<Self>, run: TaskRun, lease: &Lease) {
        let executor = self.clone();
        // In its own task, so that a panic fails only this attempt.
        let handling = tokio::spawn(async move { executor.agent.on_task(&executor.context, run).await });
        let mut handling = AbortOnDrop(handling);
        let outcome = tokio::select! {
            biased; // the result of a handler that was told to end is ignored
            () = lease.cancellation.cancelled() => None,
            outcome = &mut handling.0 => Some(outcome.unwrap_or_else(|error| Err(error.into()))),
        };
        drop(handling);
        // Without its lease the task is another agent's: an outcome would be refused.
        if !lease.is_lost() {
            let _ = self.report(lease, outcome).await; // a refused report is explained by the server
        }
    }

    async fn report(&self, lease: &Lease, outcome: Option<Result<Value, TaskFailure>>) -> Result<(), AgoraError> {
        let (tasks, id, fence) = (lease.tasks(), &lease.task_id, lease.fencing_token);
        let fail = |error: String, retry| tasks.fail(id, error).retry(retry).fencing_token(fence);
        match outcome {
            None => lease.call(tasks.release(id, fence).reason(STOPPED)).await.map(drop),
            Some(Ok(result)) => match lease.call(tasks.complete(id).result(result).fencing_token(fence)).await {
                // The result itself is refused, for instance as too large. Without a report the task would be executed again.
                Err(error) if error.is(ErrorKind::InvalidRequest) => {
                    lease.call(fail(stored_text(&error.to_string()), false)).await.map(drop)
                }
                completion => completion.map(drop),
            },
            Some(Err(TaskFailure::Attempt(error))) if is_put_off(&error) => {
                let delay = Backoff::AGENT.most.as_secs_f64();
                let release = tasks
                    .release(id, fence)
                    .reason(stored_text(&error.to_string()))
                    .delay(delay);
                lease.call(release).await.map(drop)
            }
            Some(Err(TaskFailure::Attempt(error))) => {
                lease.call(fail(stored_text(&error.to_string()), true)).await.map(drop)
            }
            Some(Err(TaskFailure::Permanent(text))) => lease.call(fail(stored_text(&text), false)).await.map(drop),
            Some(Err(TaskFailure::InputRequired(text))) => {
                let message = tasks
                    .message(id)
                    .text(text)
                    .status("input_required")
                    .fencing_token(fence);
                lease.call(message).await.map(drop)
            }
        }
    }

    fn open_claim(&self) -> MutexGuard<'_, Option<Request<TaskClaimOperation>>> {
        self.open_claim.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<String, Arc<Lease>>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handler that is aborted when its waiter is dropped.
pub(super) struct AbortOnDrop<T>(pub(super) JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Format an error for storage: its text, without characters that the wire format refuses.
fn stored_text(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|character| *character != '\0')
        // Characters, not bytes: a cut never splits one.
        .take(MAX_ERROR_CHARACTERS)
        .collect();
    if text.is_empty() { "Error".to_owned() } else { text }
}
