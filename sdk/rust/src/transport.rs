//! HTTP requests with retries: which failures are retried, the delays, and when to give up.

use std::error::Error;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Url};
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, timeout_at};

use crate::backoff::Backoff;
use crate::error::{AgoraError, Problem};
use crate::problem::error_from_answer;

/// Members of a definite refusal by another system, which must not be retried.
const REFUSED: [&str; 3] = ["http_status", "upstream_code", "upstream_status"];

/// The connection to a server.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) http: Client,
    pub(crate) tls: crate::tls::Tls,
    pub(crate) has_web_socket: bool,
}

/// An HTTP request to the server.
pub(crate) struct HttpRequest {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
}

/// Time and number of attempts of a request.
pub(crate) struct Attempts {
    pub(crate) timeout: Duration,
    pub(crate) retries: u32,
}

/// A failed attempt: its error, and whether a retry may succeed.
struct Failure {
    error: AgoraError,
    is_transient: bool,
}

/// Whether a status may be temporary.
pub(crate) fn is_transient_status(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// Create the error of an unreachable server.
pub(crate) fn server_unreachable(url: &str, reason: &str) -> AgoraError {
    let fix = "Start one with `make up` or `agora serve`, or set AGORA_URL to where it runs.";
    let detail = format!("No Agora server answers at {url} ({reason}).");
    let document = Map::from_iter(
        [("detail", detail.as_str()), ("fix", fix), ("url", url)].map(|(k, v)| (k.to_owned(), Value::from(v))),
    );
    AgoraError::ServerUnreachable(Problem::from_document(document))
}

impl Server {
    /// Send a request until it succeeds or fails permanently. Returns the body of the successful response.
    ///
    /// An outage of the server's storage may last as long as a restart of the database: it is retried until the time is
    /// up, regardless of the number of retries, unless that is 0.
    pub(crate) async fn send(&self, request: &HttpRequest, attempts: Attempts) -> Result<Vec<u8>, AgoraError> {
        let deadline = Instant::now() + attempts.timeout;
        for attempt in 0.. {
            let outcome = timeout_at(deadline, self.send_once(request)).await;
            let failure = match outcome {
                Ok(Ok(body)) => return Ok(body),
                Ok(Err(failure)) => failure,
                Err(_) => return Err(self.deadline_exceeded(request, attempts.timeout)),
            };
            let retry_after = failure
                .error
                .retry_after()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let pause = Backoff::CALL.pause(attempt).max(retry_after.unwrap_or_default());
            let is_storage = matches!(failure.error, AgoraError::StorageUnavailable(_)) && attempts.retries > 0;
            if !failure.is_transient
                || (attempt >= attempts.retries && !is_storage)
                || Instant::now() + pause >= deadline
            {
                return Err(failure.error);
            }
            sleep(pause).await;
        }
        unreachable!("the attempts end with an answer or an error")
    }

    async fn send_once(&self, request: &HttpRequest) -> Result<Vec<u8>, Failure> {
        let mut builder = self
            .http
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let answer = builder.send().await.map_err(|error| self.connection_failure(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(|error| self.connection_failure(&error))?;
        if status.is_success() {
            return Ok(body.into());
        }
        let error = error_from_answer(status.as_u16(), &headers, &body, &self.url);
        // 502 to 504 may come from an intermediary, without our problem document.
        let is_transient = is_transient_status(status.as_u16()) && !is_final(&error);
        Err(Failure { error, is_transient })
    }

    fn connection_failure(&self, error: &reqwest::Error) -> Failure {
        if error.is_builder() {
            let detail = format!("The request cannot be made: {}.", root_cause(error));
            return Failure {
                error: AgoraError::InvalidRequest(Problem::new(detail)),
                is_transient: false,
            };
        }
        Failure {
            error: server_unreachable(&self.url, &root_cause(error)),
            is_transient: true,
        }
    }

    fn deadline_exceeded(&self, request: &HttpRequest, timeout: Duration) -> AgoraError {
        // Without its query, which may contain private data.
        let (path, seconds) = (request.url.path(), timeout.as_secs_f64());
        AgoraError::DeadlineExceeded(Problem::new(format!(
            "{}: {path} did not answer within {seconds} seconds.",
            self.url
        )))
    }
}

/// Whether a retry is not allowed: the outcome elsewhere is unknown, or the other system has refused. If the server's
/// own storage failed, a retry is safe: the request has an idempotency key, or is idempotent.
fn is_final(error: &AgoraError) -> bool {
    if matches!(error, AgoraError::StorageUnavailable(_)) {
        return false;
    }
    error.problem().map(Problem::extra).is_some_and(|extra| {
        extra.get("outcome").and_then(Value::as_str) == Some("unknown")
            || REFUSED.iter().any(|name| extra.contains_key(*name))
    })
}

/// The innermost cause of an error, from the operating system or TLS.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
