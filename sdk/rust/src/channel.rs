//! A live connection as a sequence of JSON frames.

use crate::frame::{ChannelError, Frame};
use crate::sse::EventSource;
use crate::web_socket::WebSocket;

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
