//! Frames of live connections, and why a connection ends.

use std::future::Future;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::error::AgoraError;

/// A server sends something at least this often, or the connection is dead.
const SILENCE: Duration = Duration::from_secs(60);

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

/// Wait for data of the server, at most `SILENCE`.
pub(crate) async fn with_silence_timeout<T>(data: impl Future<Output = T>) -> Result<T, ChannelError> {
    let silent = |_| ChannelError::disconnected("the server has said nothing for a minute");
    timeout(SILENCE, data).await.map_err(silent)
}
