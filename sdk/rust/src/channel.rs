//! A live connection as a sequence of JSON frames.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::AgoraError;
use crate::sse::EventSource;
use crate::web_socket::WebSocket;

/// A server says something at least this often, or the connection is dead.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// What the server sends: an item, or with `control` something about the stream.
#[derive(Debug)]
pub(crate) struct Frame(pub(crate) Map<String, Value>);

impl Frame {
    pub(crate) fn decode(text: &str) -> Result<Self, ChannelError> {
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            _ => Err(ChannelError::disconnected("the server sent something that is no event")),
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

/// Why a connection ended, or did not come about.
#[derive(Debug)]
pub(crate) enum ChannelError {
    /// It ended.
    Disconnected(String),
    /// This kind of connection is not to be had here; another may be.
    Refused(String),
    /// The server said no.
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
    /// The next frame.
    pub(crate) async fn receive(&mut self) -> Result<Frame, ChannelError> {
        match self {
            Self::WebSocket(socket) => socket.receive().await,
            Self::EventSource(source) => source.receive().await,
        }
    }

    /// Say that everything up to there has been dealt with, where the connection goes both ways; else the place is told when the
    /// stream is resumed.
    pub(crate) async fn acknowledge(&mut self, sequence: i64) -> Result<(), ChannelError> {
        match self {
            Self::WebSocket(socket) => socket.acknowledge(sequence).await,
            Self::EventSource(_) => Ok(()),
        }
    }
}
