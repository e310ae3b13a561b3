//! Live streams that are resumed when their connection breaks.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::backoff::Backoff;
use crate::channel::Channel;
use crate::error::{AgoraError, Problem};
use crate::frame::{ChannelError, Frame};
use crate::operation::Spec;
use crate::session::{Arguments, Session, unreadable};
use crate::sse::EventSource;
use crate::transport::{is_transient_status, server_unreachable};
use crate::web_socket::WebSocket;

/// Code of the last frame of an ended log.
const ENDED: i64 = 1000;
const NO_POSITION: i64 = -1;

/// A live stream: a [`Stream`] of items, which ends when it is dropped.
///
/// Items come over WebSocket if available, else as Server-Sent Events. A broken connection is reopened and the stream
/// resumes after the last item seen, without losses or duplicates. It ends with permanent errors:
/// [`AgoraError::CursorTooOld`] when items were missed for longer than the server keeps them.
#[must_use = "streams do nothing unless polled"]
pub struct EventStream<T> {
    items: Pin<Box<dyn Stream<Item = Result<T, AgoraError>> + Send>>,
    position: Arc<AtomicI64>,
}

impl<T: DeserializeOwned + Send + 'static> EventStream<T> {
    pub(crate) fn new(reader: Reader) -> Self {
        let position = reader.position.clone();
        let items = stream::unfold(Some(reader), |reader| async move {
            let mut reader = reader?;
            match reader.receive().await {
                Ok(Some(frame)) => {
                    let item =
                        serde_json::from_value(Value::Object(frame.0)).map_err(|error| unreadable(reader.spec, &error));
                    Some((item, Some(reader)))
                }
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Self {
            items: Box::pin(items.fuse()),
            position,
        }
    }
}

impl<T> EventStream<T> {
    /// Number of the last item seen, or the position at connection: `last_event_id(position.to_string())` resumes after
    /// it later.
    #[must_use]
    pub fn position(&self) -> Option<i64> {
        Some(self.position.load(Ordering::Relaxed)).filter(|position| *position != NO_POSITION)
    }
}

impl<T> Stream for EventStream<T> {
    type Item = Result<T, AgoraError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EventStream")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

/// Reads the frames of a stream over successive connections.
pub(crate) struct Reader {
    session: Session,
    spec: Spec,
    arguments: Arguments,
    retries: u32,
    channel: Option<Channel>,
    first: Option<Frame>,
    failures: u32,
    has_listened: bool,
    is_socket_refused: bool,
    position: Arc<AtomicI64>,
    /// The item to acknowledge when the next one is requested: the server stores the position of a durable
    /// subscription.
    unacknowledged: Option<i64>,
    /// Continue with the oldest available item if missed ones are no longer kept.
    pub(crate) skips_gaps: bool,
    /// Called whenever the server has opened the stream.
    pub(crate) on_listening: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Reader {
    pub(crate) fn new(session: Session, spec: Spec, arguments: Arguments, retries: u32) -> Self {
        Self {
            session,
            spec,
            arguments,
            retries,
            channel: None,
            first: None,
            failures: 0,
            has_listened: false,
            is_socket_refused: false,
            position: Arc::new(AtomicI64::new(NO_POSITION)),
            unacknowledged: None,
            skips_gaps: false,
            on_listening: None,
        }
    }

    /// Connect, and wait until the server has opened the stream.
    pub(crate) async fn open(&mut self) -> Result<(), AgoraError> {
        while self.channel.is_none() {
            match self.connect_and_listen().await {
                Ok((channel, frame)) => {
                    self.channel = Some(channel);
                    self.first = Some(frame);
                    self.has_listened = true;
                    if let Some(on_listening) = &self.on_listening {
                        on_listening();
                    }
                }
                Err(error) => self.recover(error).await?,
            }
        }
        Ok(())
    }

    /// The next item; None when its log has ended.
    pub(crate) async fn receive(&mut self) -> Result<Option<Frame>, AgoraError> {
        loop {
            let Some(channel) = &mut self.channel else {
                self.open().await?;
                continue;
            };
            if let Some(sequence) = self.unacknowledged.take() {
                if let Err(error) = channel.acknowledge(sequence).await {
                    self.recover(error).await?;
                    continue;
                }
            }
            let received = match self.first.take() {
                Some(frame) => Ok(frame),
                None => channel.receive().await,
            };
            match received {
                Ok(frame) if self.is_news(&frame) => {
                    let is_durable = self.arguments.contains_key("subscription_id");
                    self.unacknowledged = frame.sequence().filter(|_| is_durable);
                    return Ok(Some(frame));
                }
                Ok(frame) if frame.control() == Some("closing") && frame.code() == Some(ENDED) => return Ok(None),
                Ok(_) => {}
                Err(error) => self.recover(error).await?,
            }
        }
    }

    async fn connect_and_listen(&mut self) -> Result<(Channel, Frame), ChannelError> {
        let mut channel = self.connect().await?;
        let frame = channel.receive().await?;
        Ok((channel, frame))
    }

    async fn connect(&mut self) -> Result<Channel, ChannelError> {
        let Session { server, identity, .. } = &self.session;
        let token = identity.token().map_err(ChannelError::Answered)?;
        let headers = identity.headers(token.as_deref()).map_err(ChannelError::Answered)?;
        let mut arguments = self.arguments.clone();
        if let Some(position) = self.position() {
            arguments.insert("last_event_id".to_owned(), position.to_string().into());
        }
        if self.spec.path == "event/stream" && server.has_web_socket && !self.is_socket_refused {
            let url = self.session.url("/ws", &arguments).map_err(ChannelError::Answered)?;
            match WebSocket::open(server, &url, headers.clone()).await {
                Ok(socket) => return Ok(Channel::WebSocket(Box::new(socket))),
                // After a success, a refusal is an outage; in both cases HTTP returns the reason.
                Err(ChannelError::Refused(_)) => self.is_socket_refused = !self.has_listened,
                Err(error) => return Err(error),
            }
        }
        let url = self
            .session
            .url(&format!("/agora/{}", self.spec.path), &arguments)
            .map_err(ChannelError::Answered)?;
        match EventSource::open(server, url, headers).await {
            Ok(source) => Ok(Channel::EventSource(Box::new(source))),
            Err(error) => {
                // The outage may have been the reason why there was no WebSocket.
                self.is_socket_refused &= match &error {
                    ChannelError::Disconnected(_) => false,
                    ChannelError::Answered(error) => !is_transient_status(error.status()),
                    ChannelError::Refused(_) => true,
                };
                Err(error)
            }
        }
    }

    /// Whether a frame is a new item; advances the position.
    fn is_news(&mut self, frame: &Frame) -> bool {
        let is_item = frame.control().is_none();
        if is_item || frame.control() == Some("heartbeat") {
            self.failures = 0;
        }
        let Some(sequence) = frame.sequence() else {
            return is_item;
        };
        // A resumed stream may repeat items around the position; each is delivered once.
        if self.position().is_some_and(|position| sequence <= position) {
            return false;
        }
        self.position.store(sequence, Ordering::Relaxed);
        is_item
    }

    /// Close the connection and wait before the next attempt; returns the error if it is permanent.
    async fn recover(&mut self, error: ChannelError) -> Result<(), AgoraError> {
        self.channel = None;
        self.first = None;
        let error = match error {
            ChannelError::Answered(error @ AgoraError::CursorTooOld(_)) if self.skips_gaps => {
                return self.skip_gap(error);
            }
            ChannelError::Answered(error) if error.status() < 500 && !is_transient_status(error.status()) => {
                return Err(error);
            }
            ChannelError::Answered(error) => error,
            ChannelError::Disconnected(reason) | ChannelError::Refused(reason) => {
                server_unreachable(&self.session.server.url, &reason)
            }
        };
        if !self.has_listened && self.failures >= self.retries {
            return Err(error);
        }
        let retry_after = error
            .retry_after()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let pause = Backoff::CALL.pause(self.failures).max(retry_after.unwrap_or_default());
        self.failures += 1;
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Continue with the oldest item that the server still has.
    fn skip_gap(&mut self, error: AgoraError) -> Result<(), AgoraError> {
        let extra = error.problem().map(Problem::extra);
        let oldest = extra
            .and_then(|extra: &Map<String, Value>| extra.get("oldest"))
            .and_then(Value::as_i64);
        let position = (oldest.unwrap_or(1) - 1).max(0);
        if self.position().is_some_and(|current| position <= current) {
            return Err(error);
        }
        self.position.store(position, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn position(&self) -> Option<i64> {
        Some(self.position.load(Ordering::Relaxed)).filter(|position| *position != NO_POSITION)
    }
}
