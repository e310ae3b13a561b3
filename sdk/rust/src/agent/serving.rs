//! Lifecycle of an agent: it registers, listens and works, and disconnects.

use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::executor::Executor;
use super::inbox::Inbox;
use super::{Agent, Context, Profile};
use crate::backoff::Backoff;
use crate::client::AgoraClient;
use crate::error::AgoraError;
use crate::event_stream::Reader;
use crate::generated::types::{AgentStatus, Event};

const MESSAGE_EVENTS: [&str; 2] = ["agora.message.received", "agora.broadcast.sent"];
/// Events after which another worker may have the task.
const TASK_LOST_EVENTS: [&str; 6] = [
    "agora.task.cancelled",
    "agora.task.reassigned",
    "agora.task.requeued",
    "agora.task.failed",
    "agora.task.expired",
    "agora.task.dead_lettered",
];
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Run an agent until SIGTERM or Ctrl+C, as a client of [`AgoraClient::new`].
///
/// # Errors
/// Errors that waiting does not resolve, such as [`AgoraError::Unauthenticated`] when the agent was deregistered.
pub async fn run<A: Agent>(agent: A) -> Result<(), AgoraError> {
    let client = AgoraClient::new().await?;
    serve(agent, client, termination()).await
}

/// Run an agent until a future completes: it registers, works, lets its handlers finish, and disconnects. Waits for an
/// unreachable server.
///
/// # Errors
/// Errors that waiting does not resolve, such as [`AgoraError::Unauthenticated`] when the agent was deregistered.
pub async fn serve<A: Agent>(agent: A, client: AgoraClient, until: impl Future<Output = ()>) -> Result<(), AgoraError> {
    let stopping = CancellationToken::new();
    let mut serving = std::pin::pin!(live(agent, client, stopping.clone(), Arc::default()));
    tokio::select! {
        outcome = &mut serving => return outcome,
        () = until => stopping.cancel(),
    }
    serving.await
}

/// Run an agent in the background. Returns when it listens.
///
/// # Errors
/// Errors during the start that waiting does not resolve.
pub async fn start<A: Agent>(agent: A, client: AgoraClient) -> Result<RunningAgent, AgoraError> {
    let (stopping, listening) = (CancellationToken::new(), Arc::new(Notify::new()));
    let mut serving = tokio::spawn(live(agent, client, stopping.clone(), listening.clone()));
    tokio::select! {
        () = listening.notified() => Ok(RunningAgent { stopping, serving }),
        outcome = &mut serving => match outcome {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) => Ok(RunningAgent { stopping, serving: tokio::spawn(async { Ok(()) }) }),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        },
    }
}

/// An agent that runs in the background until it is stopped.
#[derive(Debug)]
pub struct RunningAgent {
    stopping: CancellationToken,
    serving: JoinHandle<Result<(), AgoraError>>,
}

impl RunningAgent {
    /// Stop the agent: running handlers may finish. Returns when it has disconnected.
    ///
    /// # Errors
    /// The error that ended the agent, if any.
    pub async fn stop(self) -> Result<(), AgoraError> {
        self.stopping.cancel();
        self.serving
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

/// Register, work until stopped, disconnect.
async fn live<A: Agent>(
    agent: A,
    client: AgoraClient,
    stopping: CancellationToken,
    listening: Arc<Notify>,
) -> Result<(), AgoraError> {
    let profile = Arc::new(agent.profile());
    let Some(registration) = retry_until_stopped(&stopping, || profile.registration(&client).into_future()).await?
    else {
        return Ok(());
    };
    // A copy that acts as the agent, so that other uses of the client are not affected.
    let context = Context {
        client: client.as_agent(&registration.agent_name)?,
        agent_id: registration.agent_id,
    };
    let agent = Arc::new(agent);
    let life = Life {
        inbox: Arc::new(Inbox::new(agent.clone(), context.clone(), profile.max_concurrent_tasks)),
        executor: Arc::new(Executor::new(agent.clone(), context.clone(), profile.clone())),
        agent,
        context,
        profile,
        stopping,
        listening,
    };
    let outcome = life.work().await;
    let patience = if outcome.is_ok() {
        life.profile.stop_timeout
    } else {
        Duration::ZERO
    };
    tokio::join!(life.inbox.finish(patience), life.executor.finish(patience));
    outcome?;
    life.agent.on_stop(&life.context).await?;
    let _ = life
        .context
        .client()
        .agent()
        .heartbeat()
        .status(AgentStatus::Offline)
        .await;
    Ok(())
}

/// A registered agent.
struct Life<A> {
    agent: Arc<A>,
    context: Context,
    profile: Arc<Profile>,
    inbox: Arc<Inbox<A>>,
    executor: Arc<Executor<A>>,
    stopping: CancellationToken,
    listening: Arc<Notify>,
}

impl<A: Agent> Life<A> {
    /// Listen and work until stopped.
    async fn work(&self) -> Result<(), AgoraError> {
        self.agent.on_start(&self.context).await?;
        tokio::try_join!(
            self.inbox.run(&self.stopping),
            self.work_on_tasks(),
            self.follow_inbox(),
            self.follow_events(),
            self.send_heartbeats(),
        )?;
        Ok(())
    }

    fn claims_tasks(&self) -> bool {
        self.profile.task_types.is_some()
    }

    async fn work_on_tasks(&self) -> Result<(), AgoraError> {
        if self.claims_tasks() {
            self.executor.run(&self.stopping).await
        } else {
            Ok(())
        }
    }

    /// Read the inbox at every connection, and whenever a message of another agent arrives.
    async fn follow_inbox(&self) -> Result<(), AgoraError> {
        let lost_events = if self.claims_tasks() {
            TASK_LOST_EVENTS.as_slice()
        } else {
            &[]
        };
        let types = MESSAGE_EVENTS.iter().chain(lost_events).copied();
        let mut reader = self.context.client().event().stream().types(types).reader();
        reader.skips_gaps = true;
        let (inbox, listening) = (self.inbox.clone(), self.listening.clone());
        reader.on_listening = Some(Box::new(move || {
            inbox.wake();
            listening.notify_one();
        }));
        while let Some(event) = self.next_event(&mut reader).await? {
            if TASK_LOST_EVENTS.contains(&event.r#type.as_str()) {
                self.executor.check(event.subject.as_deref().unwrap_or_default());
            } else if event.data["from_agent"].as_str() != Some(self.context.agent_id()) {
                self.inbox.wake();
            }
        }
        Ok(())
    }

    async fn follow_events(&self) -> Result<(), AgoraError> {
        if self.profile.events.is_empty() {
            return Ok(());
        }
        let mut reader = self
            .context
            .client()
            .event()
            .stream()
            .types(&self.profile.events)
            .reader();
        reader.skips_gaps = true;
        while let Some(event) = self.next_event(&mut reader).await? {
            let handling = self.agent.on_event(&self.context, event);
            self.stopping.run_until_cancelled(handling).await;
        }
        Ok(())
    }

    /// The next event of a stream, which is resumed after an error; None when the agent stops.
    async fn next_event(&self, reader: &mut Reader) -> Result<Option<Event>, AgoraError> {
        for attempt in 0.. {
            match self.stopping.run_until_cancelled(reader.receive()).await {
                Some(Ok(Some(frame))) => {
                    if let Ok(event) = serde_json::from_value(frame.0.into()) {
                        return Ok(Some(event));
                    }
                }
                Some(Err(error)) if !error.is_transient() => return Err(error),
                Some(Err(_)) => {
                    self.stopping
                        .run_until_cancelled(sleep(Backoff::AGENT.pause(attempt)))
                        .await;
                }
                Some(Ok(None)) | None => break,
            }
        }
        Ok(None)
    }

    async fn send_heartbeats(&self) -> Result<(), AgoraError> {
        while self.stopping.run_until_cancelled(sleep(HEARTBEAT)).await.is_some() {
            let load = self.inbox.load().max(self.executor.load());
            match self.context.client().agent().heartbeat().load(load).await {
                Err(error) if !error.is_transient() => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Repeat an action with pauses until it succeeds; None if the agent stops first.
async fn retry_until_stopped<T, F>(stopping: &CancellationToken, work: impl Fn() -> F) -> Result<Option<T>, AgoraError>
where
    F: Future<Output = Result<T, AgoraError>>,
{
    for attempt in 0.. {
        match stopping.run_until_cancelled(work()).await {
            None => break,
            Some(Err(error)) if error.is_transient() => {}
            Some(outcome) => return outcome.map(Some),
        }
        stopping.run_until_cancelled(sleep(Backoff::AGENT.pause(attempt))).await;
    }
    Ok(None)
}

/// Completes at SIGTERM or SIGINT.
async fn termination() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupt.await;
}
