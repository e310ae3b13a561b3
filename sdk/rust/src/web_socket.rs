//! Channels over WebSocket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::frame::{ChannelError, Frame, with_silence_timeout};
use crate::transport::Server;

const CONNECT: Duration = Duration::from_secs(10);

/// An open WebSocket.
pub(crate) struct WebSocket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl WebSocket {
    /// Connect. Refused if the connection fails: an intermediary may not support WebSocket, and HTTP returns the
    /// reason.
    pub(crate) async fn open(server: &Server, url: &Url, headers: HeaderMap) -> Result<Self, ChannelError> {
        let refused = |error: &dyn std::fmt::Display| ChannelError::Refused(format!("no WebSocket ({error})"));
        let url = url.as_str().replacen("http", "ws", 1);
        let mut request = url.into_client_request().map_err(|error| refused(&error))?;
        request.headers_mut().extend(headers);
        let connecting = server.tls.connect_web_socket(request);
        let connected = timeout(CONNECT, connecting).await.map_err(|error| refused(&error))?;
        connected.map(Self).map_err(|error| refused(&error))
    }

    pub(crate) async fn receive(&mut self) -> Result<Frame, ChannelError> {
        loop {
            match with_silence_timeout(self.0.next()).await? {
                Some(Ok(Message::Text(text))) => return Frame::decode(text.as_str()),
                Some(Ok(Message::Close(_))) | None => return Err(ChannelError::disconnected("connection lost")),
                Some(Ok(_)) => {} // a ping is answered by the library
                Some(Err(error)) => return Err(ChannelError::disconnected(error.to_string())),
            }
        }
    }

    pub(crate) async fn acknowledge(&mut self, sequence: i64) -> Result<(), ChannelError> {
        let message = Message::text(json!({"ack": sequence}).to_string());
        self.0
            .send(message)
            .await
            .map_err(|error| ChannelError::disconnected(error.to_string()))
    }
}
