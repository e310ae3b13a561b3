//! Programs that are agents: say what one is, handle messages, work on tasks.
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
//! As many messages are handled at once as [`Profile::max_concurrent_tasks`] says, and as many tasks beside them; each message at
//! least once: after a crash a handler may see one again. A handler of messages that fails is tried three times; then its message
//! stays in the inbox as read, and events of the type `error` say why.
//!
//! While a task's handler runs, its lease is renewed. When the task was cancelled or given to another, the handler's future is
//! dropped at its next `await`; what it started elsewhere sees it by [`TaskRun::cancellation`]. A server that is away is waited for.

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

/// Why a task's handler has no result. Any error becomes a failed attempt by `?`.
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskFailure {
    /// The attempt failed; it is repeated while attempts are left.
    Attempt(BoxError),
    /// The task has failed, and another attempt would fail too.
    Permanent(String),
    /// The work cannot go on before its requester has answered this. With the answer the task is claimed again.
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

/// What a program is as an agent. Handlers of one agent run side by side: what they share is to be `Sync`.
pub trait Agent: Send + Sync + Sized + 'static {
    /// Name, capabilities, and how it works: read once, when it starts.
    fn profile(&self) -> Profile;

    /// A message came.
    fn on_message(&self, context: &Context, message: Message) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = (context, message);
        async { Ok(()) }
    }

    /// A task was claimed: do it, and return its result. Without a word in the profile about claiming there are none.
    fn on_task(&self, context: &Context, task: TaskRun) -> impl Future<Output = Result<Value, TaskFailure>> + Send {
        let _ = context;
        let error = AgoraError::UnsupportedTaskType(task.task_type.clone());
        async { Err(error.into()) }
    }

    /// An event of one of the types in [`Profile::events`] happened.
    fn on_event(&self, context: &Context, event: Event) -> impl Future<Output = ()> + Send {
        let _ = (context, event);
        async {}
    }

    /// The agent is registered and about to listen.
    fn on_start(&self, context: &Context) -> impl Future<Output = Result<(), AgoraError>> + Send {
        let _ = context;
        async { Ok(()) }
    }

    /// The agent is about to leave; it can still send.
    fn on_stop(&self, context: &Context) -> impl Future<Output = Result<(), AgoraError>> + Send {
        let _ = context;
        async { Ok(()) }
    }

    /// A handler of a message failed, for the so manieth time: tell the operators by an event of the type `error`.
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

/// What handlers have at hand.
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

    /// Answer a message: awaited, it is sent.
    pub fn reply(&self, message: &Message, content: &str) -> Request<MessagingSendOperation> {
        let correlation = message.correlation_id.as_ref().unwrap_or(&message.message_id);
        let request = self.client.messaging().send_request(&message.from_agent, content);
        request.reply_to(&message.message_id).correlation_id(correlation)
    }
}
