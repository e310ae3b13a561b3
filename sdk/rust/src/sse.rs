//! Channels over Server-Sent Events.

use std::collections::VecDeque;

use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, Url};
use serde_json::{Map, Value};

use crate::frame::{ChannelError, Frame, with_silence_timeout};
use crate::problem::{error_from_answer, is_problem};
use crate::transport::{Server, is_transient_status, root_cause};

/// An open event stream response.
pub(crate) struct EventSource {
    answer: Response,
    parser: Parser,
    frames: VecDeque<Frame>,
}

impl EventSource {
    pub(crate) async fn open(server: &Server, url: Url, mut headers: HeaderMap) -> Result<Self, ChannelError> {
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let sending = with_silence_timeout(server.http.get(url).headers(headers).send()).await?;
        let answer = sending.map_err(|error| disconnected(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let is_events = headers
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        if status.is_success() && is_events {
            return Ok(Self {
                answer,
                parser: Parser::default(),
                frames: VecDeque::new(),
            });
        }
        if status.is_success() {
            return Err(ChannelError::Refused(format!(
                "{} does not answer with events",
                server.url
            )));
        }
        let body = with_silence_timeout(answer.bytes()).await?;
        let body = body.map_err(|error| disconnected(&error))?;
        // An intermediary's; the server's own document says more, such as how long to wait.
        if is_transient_status(status.as_u16()) && !is_problem(&body) {
            return Err(ChannelError::disconnected(format!("HTTP {}", status.as_u16())));
        }
        Err(ChannelError::Answered(error_from_answer(
            status.as_u16(),
            &headers,
            &body,
            &server.url,
        )))
    }

    pub(crate) async fn receive(&mut self) -> Result<Frame, ChannelError> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Ok(frame);
            }
            let reading = with_silence_timeout(self.answer.chunk()).await?;
            let chunk = reading.map_err(|error| disconnected(&error))?;
            let chunk = chunk.ok_or_else(|| ChannelError::disconnected("connection lost"))?;
            self.frames.extend(self.parser.feed(&chunk)?);
        }
    }
}

fn disconnected(error: &reqwest::Error) -> ChannelError {
    ChannelError::disconnected(root_cause(error))
}

/// An incremental parser of Server-Sent Events.
///
/// A message without data is a heartbeat that advances the position. A frame without a `sequence` gets it from the
/// message's id.
#[derive(Default)]
struct Parser {
    rest: Vec<u8>,
    data: Vec<String>,
    id: String,
}

impl Parser {
    /// Return the frames completed by this chunk.
    fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Frame>, ChannelError> {
        let mut frames = Vec::new();
        let mut lines = chunk.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = lines.next() {
            self.rest.extend_from_slice(part);
            if lines.peek().is_some() {
                let line = std::mem::take(&mut self.rest);
                frames.extend(self.read_line(String::from_utf8_lossy(&line).trim_end_matches('\r'))?);
            }
        }
        Ok(frames)
    }

    fn read_line(&mut self, line: &str) -> Result<Option<Frame>, ChannelError> {
        if line.is_empty() {
            return self.take_frame();
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => self.data.push(value.to_owned()),
            "id" => value.clone_into(&mut self.id),
            _ => {}
        }
        Ok(None)
    }

    fn take_frame(&mut self) -> Result<Option<Frame>, ChannelError> {
        let data = std::mem::take(&mut self.data).join("\n");
        let position = std::mem::take(&mut self.id).parse::<u64>().ok();
        if data.is_empty() {
            let heartbeat = |sequence| {
                Map::from_iter([
                    ("control".to_owned(), "heartbeat".into()),
                    ("sequence".to_owned(), Value::from(sequence)),
                ])
            };
            return Ok(position.map(|sequence| Frame(heartbeat(sequence))));
        }
        let mut frame = Frame::decode(&data)?;
        if let Some(sequence) = position {
            frame.0.entry("sequence").or_insert_with(|| sequence.into());
        }
        Ok(Some(frame))
    }
}
