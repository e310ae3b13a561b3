//! A session: the state that a client and its copies share, and the requests of calls.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{AgoraError, Problem};
use crate::identity::Identity;
use crate::operation::{Kind, Spec};
use crate::transport::{Attempts, HttpRequest, Server};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Arguments with the names of the wire format.
pub(crate) type Arguments = Map<String, Value>;

/// Options of calls: of a client, or of one call that overrides them.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) retries: Option<u32>,
    pub(crate) idempotency_key: Option<String>,
}

const TIMEOUT: Duration = Duration::from_secs(30);
const RETRIES: u32 = 3;

/// Makes calls to one server with one identity.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) server: Arc<Server>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) defaults: CallOptions,
}

impl Session {
    /// Call an operation with a token.
    pub(crate) async fn send(
        &self,
        spec: Spec,
        arguments: &Arguments,
        options: &CallOptions,
        token: Option<&str>,
    ) -> Result<Vec<u8>, AgoraError> {
        let mut headers = self.identity.headers(token)?;
        if spec.is_change() {
            // One key for all attempts of this call, so that a command whose answer was lost takes effect once.
            let key = options
                .idempotency_key
                .clone()
                .or_else(|| self.defaults.idempotency_key.clone());
            if let Some(key) = key.or_else(|| spec.keyed.then(|| uuid::Uuid::new_v4().to_string())) {
                let invalid = |_| {
                    AgoraError::invalid(
                        "The idempotency key holds what no header may hold.",
                        "Use visible ASCII.",
                    )
                };
                headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(&key).map_err(invalid)?);
            }
        }
        let request = self.build_request(spec, arguments, headers)?;
        let timeout = options.timeout.or(self.defaults.timeout).unwrap_or(TIMEOUT) + server_time(spec, arguments);
        self.server
            .send(
                &request,
                Attempts {
                    timeout,
                    retries: self.retries(options),
                },
            )
            .await
    }

    /// Number of retries after the first attempt.
    pub(crate) fn retries(&self, options: &CallOptions) -> u32 {
        options.retries.or(self.defaults.retries).unwrap_or(RETRIES)
    }

    fn build_request(
        &self,
        spec: Spec,
        arguments: &Arguments,
        mut headers: HeaderMap,
    ) -> Result<HttpRequest, AgoraError> {
        let target = format!("/agora/{}", spec.path);
        if !spec.is_change() {
            let url = self.url(&target, arguments)?;
            return Ok(HttpRequest {
                method: Method::GET,
                url,
                headers,
                body: None,
            });
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let url = self.url(&target, &Map::new())?;
        let body = serde_json::to_vec(arguments).map_err(|error| AgoraError::invalid(error.to_string(), ""))?;
        Ok(HttpRequest {
            method: Method::POST,
            url,
            headers,
            body: Some(body),
        })
    }

    /// Build the URL of a path with arguments as its query: lists repeat their name, null is omitted.
    pub(crate) fn url(&self, path: &str, arguments: &Arguments) -> Result<Url, AgoraError> {
        let text = format!("{}{path}", self.server.url);
        let mut url = Url::parse(&text).map_err(|error| AgoraError::invalid(format!("{text}: {error}."), ""))?;
        if !arguments.is_empty() {
            let mut query = url.query_pairs_mut();
            for (name, value) in arguments {
                match value {
                    Value::Array(items) => query.extend_pairs(items.iter().map(|item| (name, query_text(item)))),
                    Value::Null => &mut query,
                    value => query.append_pair(name, &query_text(value)),
                };
            }
        }
        Ok(url)
    }
}

fn query_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Time that a call lets the server wait, or an upstream work, in addition to the call's timeout.
fn server_time(spec: Spec, arguments: &Arguments) -> Duration {
    let seconds = |name: &str| arguments.get(name).and_then(Value::as_f64).unwrap_or_default();
    let remote = if spec.kind == Kind::Relay {
        seconds("timeout")
    } else {
        0.0
    };
    Duration::try_from_secs_f64(seconds("wait") + remote).unwrap_or_default()
}

/// Decode the answer of an operation.
pub(crate) fn decode<T: DeserializeOwned>(spec: Spec, body: &[u8]) -> Result<T, AgoraError> {
    serde_json::from_slice(body).map_err(|error| unreadable(spec, &error))
}

/// Create the error of an answer that does not match the contract.
pub(crate) fn unreadable(spec: Spec, error: &serde_json::Error) -> AgoraError {
    let detail = format!("The answer to {} cannot be read ({error}).", spec.name());
    AgoraError::InternalError(Problem::new(detail).with_fix("Is it an Agora server, of this crate's version or newer?"))
}
