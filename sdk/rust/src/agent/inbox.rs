//! The inbox of a running agent: passes messages to handlers.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::executor::AbortOnDrop;
use super::{Agent, BoxError, Context};
use crate::backoff::Backoff;
use crate::error::AgoraError;
use crate::generated::types::{DeliveryState, Message};

const MAX_ATTEMPTS: u32 = 3;
const PAGE_SIZE: i64 = 100;
const MAX_REMEMBERED: usize = 10_000;

/// Whether an error is not the handler's fault: the message or task is processed again from the start.
pub(crate) fn is_put_off(error: &BoxError) -> bool {
    use AgoraError::{Halted, Overloaded, RateLimited, ServerUnreachable};
    matches!(
        error.downcast_ref(),
        Some(ServerUnreachable(_) | Overloaded(_) | RateLimited(_) | Halted(_))
    )
}

/// Passes each unread message to a handler, up to a limit of concurrent ones, and marks its outcome.
///
/// The durable inbox is authoritative; live events only trigger reading it. A message is marked as delivered before and
/// as acknowledged after its handler; after a crash in between it is handled again. A message whose handler fails every
/// time is left as read.
pub(crate) struct Inbox<A> {
    agent: Arc<A>,
    context: Context,
    size: u32,
    places: Arc<Semaphore>,
    working: AtomicUsize,
    states: Mutex<States>,
    due: Notify,
    /// Set when handlers that take too long must end.
    stopping: CancellationToken,
}

/// Messages by id: None while they are handled. Processed ones are dropped in order.
#[derive(Default)]
struct States {
    by_id: HashMap<String, Option<DeliveryState>>,
    done: VecDeque<String>,
}

impl<A: Agent> Inbox<A> {
    pub(crate) fn new(agent: Arc<A>, context: Context, size: u32) -> Self {
        let places = Arc::new(Semaphore::new(size as usize));
        Self {
            agent,
            context,
            size,
            places,
            working: AtomicUsize::new(0),
            states: Mutex::default(),
            due: Notify::new(),
            stopping: CancellationToken::new(),
        }
    }

    /// Share of the slots in use, 0 to 1.
    pub(crate) fn load(&self) -> f64 {
        self.working.load(Ordering::Relaxed) as f64 / f64::from(self.size)
    }

    /// Signal that there may be new messages.
    pub(crate) fn wake(&self) {
        // Kept while a round runs: a message that arrives meanwhile causes another one.
        self.due.notify_one();
    }

    /// Work until cancelled.
    pub(crate) async fn run(self: &Arc<Self>, until: &CancellationToken) -> Result<(), AgoraError> {
        let mut attempt = 0;
        loop {
            tokio::select! {
                () = until.cancelled() => return Ok(()),
                () = self.due.notified() => {}
            }
            let Some(outcome) = until.run_until_cancelled(self.read_unread()).await else {
                return Ok(());
            };
            match outcome {
                Ok(()) => attempt = 0,
                Err(error) if error.is_transient() => {
                    until.run_until_cancelled(sleep(Backoff::AGENT.pause(attempt))).await;
                    attempt += 1;
                    self.wake();
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Let running handlers finish; those that take longer are dropped, and their messages stay unread.
    pub(crate) async fn finish(&self, patience: Duration) {
        if timeout(patience, self.places.acquire_many(self.size)).await.is_err() {
            self.stopping.cancel();
            let _ = self.places.acquire_many(self.size).await;
        }
    }

    async fn read_unread(self: &Arc<Self>) -> Result<(), AgoraError> {
        let mut request = self
            .context
            .client()
            .messaging()
            .receive()
            .unread(true)
            .limit(PAGE_SIZE);
        loop {
            let page = request.clone().await?;
            let next_cursor = page.next_cursor.clone();
            // A message in progress is still unread on the server and is read again; the states identify it.
            let ids: Vec<String> = page.iter().map(|message| message.message_id.clone()).collect();
            let fresh: Vec<Message> = page
                .into_iter()
                .filter(|message| !self.is_known(&message.message_id))
                .collect();
            let queued = fresh.iter().filter(|message| message.status == DeliveryState::Queued);
            self.mark(
                queued.map(|message| message.message_id.clone()).collect(),
                DeliveryState::Delivered,
            )
            .await?;
            self.mark_again(&ids).await?;
            for message in fresh {
                self.start(message).await;
            }
            match next_cursor {
                Some(cursor) => request = request.cursor(cursor),
                None => return Ok(()),
            }
        }
    }

    async fn mark(&self, message_ids: Vec<String>, status: DeliveryState) -> Result<(), AgoraError> {
        if message_ids.is_empty() {
            return Ok(());
        }
        self.context
            .client()
            .messaging()
            .mark(message_ids)
            .status(status)
            .await
            .map(drop)
    }

    /// Mark again messages that are processed but still unread, because their mark was lost.
    async fn mark_again(&self, ids: &[String]) -> Result<(), AgoraError> {
        for state in [DeliveryState::Acknowledged, DeliveryState::Read] {
            let of_state = |id: &&String| self.states().by_id.get(*id) == Some(&Some(state.clone()));
            let ids = ids.iter().filter(of_state).cloned().collect();
            self.mark(ids, state.clone()).await?;
        }
        Ok(())
    }

    /// Handle a message when a slot is free.
    async fn start(self: &Arc<Self>, message: Message) {
        // Fails only for a closed semaphore; this one is never closed.
        let Ok(place) = self.places.clone().acquire_owned().await else {
            return;
        };
        self.states().by_id.insert(message.message_id.clone(), None);
        self.working.fetch_add(1, Ordering::Relaxed);
        let inbox = self.clone();
        tokio::spawn(async move {
            inbox.stopping.run_until_cancelled(inbox.handle_and_mark(message)).await;
            inbox.working.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }

    async fn handle_and_mark(self: &Arc<Self>, message: Message) {
        let id = message.message_id.clone();
        let Some(state) = self.handle(message).await else {
            // The slot stays taken during the pause, which slows down an agent whose dependency is down.
            sleep(Backoff::AGENT.pause(1)).await;
            self.states().by_id.remove(&id);
            self.wake();
            return;
        };
        self.remember(id.clone(), state.clone());
        let _ = self.mark(vec![id], state).await; // marked again when it is read again
    }

    /// Handle a message. Returns its state; None if it is postponed.
    async fn handle(self: &Arc<Self>, message: Message) -> Option<DeliveryState> {
        for attempt in 1..=MAX_ATTEMPTS {
            let (inbox, copy) = (self.clone(), message.clone());
            // In its own task, so that a panic fails only this message.
            let handling = tokio::spawn(async move { inbox.agent.on_message(&inbox.context, copy).await });
            let mut handling = AbortOnDrop(handling);
            let error = match (&mut handling.0).await {
                Ok(Ok(())) => return Some(DeliveryState::Acknowledged),
                Ok(Err(error)) => error,
                Err(error) => error.into(),
            };
            if is_put_off(&error) {
                return None;
            }
            let _ = self.agent.on_error(&self.context, &message, &error, attempt).await;
            if attempt < MAX_ATTEMPTS {
                sleep(Backoff::AGENT.pause(attempt - 1)).await;
            }
        }
        Some(DeliveryState::Read)
    }

    fn is_known(&self, id: &str) -> bool {
        self.states().by_id.contains_key(id)
    }

    fn remember(&self, id: String, state: DeliveryState) {
        let mut states = self.states();
        states.by_id.insert(id.clone(), Some(state));
        states.done.push_back(id);
        if states.done.len() > MAX_REMEMBERED {
            if let Some(oldest) = states.done.pop_front() {
                // Only processed messages are in the queue: those in progress stay, or they would be handled twice at once.
                states.by_id.remove(&oldest);
            }
        }
    }

    fn states(&self) -> std::sync::MutexGuard<'_, States> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
