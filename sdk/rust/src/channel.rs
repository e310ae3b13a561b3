//! A live connection as a sequence of JSON frames.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::AgoraError;
use crate::sse::EventSource;
use crate::web_socket::WebSocket;

/// A server sends something at least this often, or the connection is dead.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// A frame from the server: an item, or with `control` a message about the stream.
#[derive(Debug)]
pub(crate) struct Frame(pub(crate) Map<String, Value>);

impl Frame {
    pub(crate) fn decode(text: &str) -> Result<Self, ChannelError> {
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            _ => Err(ChannelError::disconnected("the server sent an invalid event")),
        }
    }

    pub(crate) fn control(&self) -> Option<&str> {
        self.0.get("control").and_then(Value::as_str)
    }

    pub(crate) fn code(&self) -> Option<i64> {
        self.0.get("code").and_then(Value::as_i64)
    }

    pub(crate) fn sequence(&self) -> Option<i64> {
        self.0.get("sequence").and_then(Value::as_i64)
    }
}

/// Why a connection ended, or could not be opened.
#[derive(Debug)]
pub(crate) enum ChannelError {
    /// The connection ended.
    Disconnected(String),
    /// This kind of connection is not available; another one may be.
    Refused(String),
    /// The server answered with an error.
    Answered(AgoraError),
}

impl ChannelError {
    pub(crate) fn disconnected(reason: impl Into<String>) -> Self {
        Self::Disconnected(reason.into())
    }
}

/// One connection.
pub(crate) enum Channel {
    WebSocket(Box<WebSocket>),
    EventSource(Box<EventSource>),
}

impl Channel {
    /// Receive the next frame.
    pub(crate) async fn receive(&mut self) -> Result<Frame, ChannelError> {
        match self {
            Self::WebSocket(socket) => socket.receive().await,
            Self::EventSource(source) => source.receive().await,
        }
    }

    /// Acknowledge everything up to that position, if the connection is bidirectional; otherwise the position is sent
    /// when the stream is resumed.
    pub(crate) async fn acknowledge(&mut self, sequence: i64) -> Result<(), ChannelError> {
        match self {
            Self::WebSocket(socket) => socket.acknowledge(sequence).await,
            Self::EventSource(_) => Ok(()),
        }
    }
}
