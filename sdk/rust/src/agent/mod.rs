//! Agent programs: declare a profile, handle messages, execute tasks.
//!
//! ```no_run
//! use agora_sdk::agent::{Agent, BoxError, Context, Profile, TaskFailure, TaskRun, run};
//! use agora_sdk::types::Message;
//! use serde_json::{Value, json};
//!
//! struct Echo;
//!
//! impl Agent for Echo {
//!     fn profile(&self) -> Profile {
//!         Profile::new("Echo").capabilities(["echo"]).claim_all_tasks()
//!     }
//!
//!     async fn on_message(&self, context: &Context, message: Message) -> Result<(), BoxError> {
//!         context.reply(&message, &message.content).await?;
//!         Ok(())
//!     }
//!
//!     async fn on_task(&self, _context: &Context, task: TaskRun) -> Result<Value, TaskFailure> {
//!         task.report().progress(50.0).notes("half").send().await?;
//!         Ok(json!({"echo": task.payload}))
//!     }
//! }
//!
//! # async fn main_of_it() -> Result<(), agora_sdk::AgoraError> {
//! run(Echo).await // until SIGTERM or Ctrl+C
//! # }
//! ```
//!
//! Up to [`Profile::max_concurrent_tasks`] messages are handled concurrently, and as many tasks in addition; each
//! message at least once: after a crash a handler may see a message again. A failed message handler is tried three
//! times; then its message stays in the inbox as read, and events of the type `error` give the reason.
//!
//! While a task's handler runs, its lease is renewed. When the task was cancelled or reassigned, the handler's future
//! is dropped at its next `await`; work started elsewhere can observe [`TaskRun::cancellation`]. Calls wait for an
//! unreachable server.

mod executor;
mod inbox;
mod lease;
mod profile;
mod serving;
mod task_run;

use std::error::Error;
use std::future::Future;

use serde_json::{Value, json};

use crate::client::AgoraClient;
use crate::error::AgoraError;
use crate::generated::operations::MessagingSendOperation;
use crate::generated::types::{Event, Message};
use crate::request::Request;

pub use self::profile::Profile;
pub use self::serving::{RunningAgent, run, serve, start};
pub use self::task_run::{Report, TaskRun};

/// Any error of a handler.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why a task's handler has no result. Any error is converted to a failed attempt by `?`.
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskFailure {
    /// The attempt failed; it is repeated while attempts are left.
    Attempt(BoxError),
    /// The task has failed, and another attempt would fail, too.
    Permanent(String),
    /// The task needs an answer of its requester to this question. When answered, the task is claimed again.
    InputRequired(String),
}

impl<E: Into<BoxError>> From<E> for TaskFailure {
    fn from(error: E) -> Self {
        match error.into().downcast::<AgoraError>() {
            Ok(error) if matches!(*error, AgoraError::UnsupportedTaskType(_)) => Self::Permanent(error.to_string()),
            Ok(error) => Self::Attempt(error),
            Err(error) => Self::Attempt(error),
        }
    }
}

/// An agent program. Handlers of one agent run concurrently: their shared state must be `Sync`.
pub trait Agent: Send + Sync + Sized + 'static {
    /// Profile of the agent: read once, at the start.
    fn profile(&self) -> Profile;

    /// Handle a message.
    fn on_message(&self, context: &Context, message: Message) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = (context, message);
        async { Ok(()) }
    }

    /// Execute a claimed task and return its result. Tasks are claimed only if the profile says so.
    fn on_task(&self, context: &Context, task: TaskRun) -> impl Future<Output = Result<Value, TaskFailure>> + Send {
        let _ = context;
        let error = AgoraError::UnsupportedTaskType(task.task_type.clone());
        async { Err(error.into()) }
    }

    /// Handle an event of one of the types in [`Profile::events`].
    fn on_event(&self, context: &Context, event: Event) -> impl Future<Output = ()> + Send {
        let _ = (context, event);
        async {}
    }

    /// Called when the agent is registered and about to listen.
    fn on_start(&self, context: &Context) -> impl Future<Output = Result<(), AgoraError>> + Send {
        let _ = context;
        async { Ok(()) }
    }

    /// Called before the agent stops; it can still send.
    fn on_stop(&self, context: &Context) -> impl Future<Output = Result<(), AgoraError>> + Send {
        let _ = context;
        async { Ok(()) }
    }

    /// Handle a failed message handler, with the number of the attempt: publish an event of the type `error` for the
    /// operators.
    fn on_error(
        &self,
        context: &Context,
        message: &Message,
        error: &BoxError,
        attempt: u32,
    ) -> impl Future<Output = Result<(), AgoraError>> + Send {
        let text: String = error.to_string().chars().take(500).collect();
        let data = json!({"message_id": message.message_id, "attempt": attempt, "error": text});
        let event = context
            .client
            .event()
            .publish("error")
            .data(data)
            .subject(&message.message_id)
            .to([context.agent_id()]);
        async { event.await.map(drop) }
    }
}

/// Context of a handler.
#[derive(Debug, Clone)]
pub struct Context {
    client: AgoraClient,
    agent_id: String,
}

impl Context {
    /// A client that acts as the agent.
    #[must_use]
    pub fn client(&self) -> &AgoraClient {
        &self.client
    }

    /// The agent's id.
    #[must_use]
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// Reply to a message; it is sent when awaited.
    pub fn reply(&self, message: &Message, content: &str) -> Request<MessagingSendOperation> {
        let correlation = message.correlation_id.as_ref().unwrap_or(&message.message_id);
        let request = self.client.messaging().send_request(&message.from_agent, content);
        request.reply_to(&message.message_id).correlation_id(correlation)
    }
}
