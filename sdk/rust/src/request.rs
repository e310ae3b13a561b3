//! Requests of operations: set optional arguments, then await them.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use futures_util::{TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::client::AgoraClient;
use crate::error::AgoraError;
use crate::event_stream::{EventStream, Reader};
use crate::operation::{Operation, PagedBy, PagedOperation, Spec, StreamOperation};
use crate::page::Page;
use crate::registration::register_agent;
use crate::session::{Arguments, CallOptions, Session, decode};

type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, AgoraError>> + Send>>;

/// A prepared call of an operation, which is made when it is awaited.
///
/// Its setters are those of the operation's optional arguments: see [`operations`](crate::operations). It does not
/// borrow the client, and can be cloned and stored.
///
/// ```no_run
/// # async fn run(client: agora_sdk::AgoraClient) -> Result<(), agora_sdk::AgoraError> {
/// use serde_json::json;
///
/// let request = client.task().assign("review").payload(json!({"file": "guide.md"})).priority("high");
/// let receipt = request.idempotency_key("review of guide.md").await?;
/// println!("{}", receipt.task_id);
/// # Ok(())
/// # }
/// ```
#[must_use = "a request does nothing unless it is awaited"]
pub struct Request<O> {
    session: Session,
    arguments: Arguments,
    options: CallOptions,
    operation: PhantomData<fn() -> O>,
}

impl<O> Request<O> {
    pub(crate) fn new(client: &AgoraClient) -> Self {
        Self {
            session: client.session.clone(),
            arguments: Map::new(),
            options: CallOptions::default(),
            operation: PhantomData,
        }
    }

    pub(crate) fn with<T: Serialize>(mut self, name: &str, value: T) -> Self {
        insert(&mut self.arguments, name, value);
        self
    }

    /// Set an argument by its name in the contract, as JSON: for arguments of newer servers.
    pub fn argument(self, name: &str, value: impl Into<Value>) -> Self {
        self.with::<Value>(name, value.into())
    }

    /// Set the timeout of the call with its retries, instead of the client's.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Set the number of retries, instead of the client's.
    pub fn call_retries(mut self, retries: u32) -> Self {
        self.options.retries = Some(retries);
        self
    }

    /// For a command: a repetition with the same key and arguments returns the first result.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.idempotency_key = Some(key.into());
        self
    }
}

impl<O: PagedOperation> Request<O> {
    /// This page and all following pages.
    pub fn pages(self) -> impl Stream<Item = Result<O::Output, AgoraError>> + Send {
        stream::try_unfold(Some(self), |request| async move {
            let Some(request) = request else {
                return Ok::<_, AgoraError>(None);
            };
            let page = request.clone().await?;
            let following = request.following(&page);
            Ok(Some((page, following)))
        })
    }

    /// The items of this page and of all following pages.
    ///
    /// ```no_run
    /// # async fn run(client: agora_sdk::AgoraClient) -> Result<(), agora_sdk::AgoraError> {
    /// use futures_util::TryStreamExt; // or futures::TryStreamExt
    ///
    /// let mut tasks = std::pin::pin!(client.task().list_request().status("pending").items());
    /// while let Some(task) = tasks.try_next().await? {
    ///     println!("{}", task.task_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn items(self) -> impl Stream<Item = Result<<O::Output as Page>::Item, AgoraError>> + Send {
        self.pages()
            .map_ok(|page| stream::iter(page.into_items().into_iter().map(Ok)))
            .try_flatten()
    }

    /// The request of the next page; None after the last.
    fn following(mut self, page: &O::Output) -> Option<Self> {
        match O::SPEC.paged_by? {
            PagedBy::Cursor => {
                let cursor = page.next_cursor()?.to_owned();
                self.arguments.remove("offset");
                Some(self.with("cursor", cursor))
            }
            PagedBy::Offset => {
                let count = page.items().len() as u64;
                if !page.has_more() || count == 0 {
                    return None;
                }
                let offset = self.arguments.get("offset").and_then(Value::as_u64).unwrap_or_default();
                Some(self.with("offset", offset + count))
            }
        }
    }
}

impl<O: Operation> IntoFuture for Request<O> {
    type Output = Result<O::Output, AgoraError>;
    type IntoFuture = BoxFuture<O::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let body = call(&self.session, O::SPEC, self.arguments, self.options).await?;
            decode(O::SPEC, &body)
        })
    }
}

impl<O> Clone for Request<O> {
    fn clone(&self) -> Self {
        let Self {
            session,
            arguments,
            options,
            operation,
        } = self;
        Self {
            session: session.clone(),
            arguments: arguments.clone(),
            options: options.clone(),
            operation: *operation,
        }
    }
}

impl<O> fmt::Debug for Request<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}

/// A prepared stream: awaiting it connects, and returns when the server has opened the stream, so that no later item is
/// missed.
///
/// ```no_run
/// # async fn run(client: agora_sdk::AgoraClient) -> Result<(), agora_sdk::AgoraError> {
/// use futures_util::TryStreamExt; // or futures::TryStreamExt
///
/// let mut events = client.event().stream().types(["work.*"]).await?;
/// while let Some(event) = events.try_next().await? {
///     println!("{:?} {}", event.sequence, event.r#type);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing unless it is awaited"]
pub struct StreamRequest<O> {
    session: Session,
    arguments: Arguments,
    options: CallOptions,
    operation: PhantomData<fn() -> O>,
}

impl<O> StreamRequest<O> {
    pub(crate) fn new(client: &AgoraClient) -> Self {
        Self {
            session: client.session.clone(),
            arguments: Map::new(),
            options: CallOptions::default(),
            operation: PhantomData,
        }
    }

    pub(crate) fn with<T: Serialize>(mut self, name: &str, value: T) -> Self {
        insert(&mut self.arguments, name, value);
        self
    }

    /// Set the number of retries of the first connection; once it was open, reconnection is unlimited.
    pub fn call_retries(mut self, retries: u32) -> Self {
        self.options.retries = Some(retries);
        self
    }
}

impl<O: StreamOperation> StreamRequest<O> {
    pub(crate) fn reader(self) -> Reader {
        let retries = self.session.retries(&self.options);
        Reader::new(self.session, O::SPEC, self.arguments, retries)
    }
}

impl<O: StreamOperation> IntoFuture for StreamRequest<O> {
    type Output = Result<EventStream<O::Item>, AgoraError>;
    type IntoFuture = BoxFuture<EventStream<O::Item>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut reader = self.reader();
            reader.open().await?;
            Ok(EventStream::new(reader))
        })
    }
}

impl<O> fmt::Debug for StreamRequest<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StreamRequest")
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}

/// Call an operation. Returns the answer in wire format.
async fn call(
    session: &Session,
    spec: Spec,
    arguments: Arguments,
    options: CallOptions,
) -> Result<Vec<u8>, AgoraError> {
    if spec.path == "agent/register" {
        return register_agent(session, spec, arguments, options).await;
    }
    let token = session.identity.token()?;
    let body = session.send(spec, &arguments, &options, token.as_deref()).await?;
    if spec.path == "agent/deregister" {
        let answer: Value = decode(spec, &body)?;
        if let Some(agent_id) = answer["agent_id"].as_str() {
            session.identity.forget(agent_id).await;
        }
    }
    Ok(body)
}

/// Every argument is text, a number, or a type of the contract, whose conversion to JSON cannot fail.
fn insert(arguments: &mut Arguments, name: &str, value: impl Serialize) {
    let value = serde_json::to_value(value).unwrap_or_default();
    arguments.insert(name.to_owned(), value);
}
