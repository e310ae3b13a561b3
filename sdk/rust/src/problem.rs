//! Conversion of error responses to errors.

use std::time::SystemTime;

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::{Map, Value};

use crate::error::{AgoraError, ErrorKind, Problem};

/// Whether a body is a problem document of an Agora server, rather than text of an intermediary.
pub(crate) fn is_problem(body: &[u8]) -> bool {
    matches!(serde_json::from_slice(body), Ok(Value::Object(document)) if document.contains_key("code"))
}

/// Create the error of an error response, of the server (problem+json) or of an intermediary.
pub(crate) fn error_from_answer(status: u16, headers: &HeaderMap, body: &[u8], url: &str) -> AgoraError {
    let mut document = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(document)) if document.contains_key("code") => document,
        _ => {
            let place = headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let place = place.map(|place| format!(" to {place}")).unwrap_or_default();
            let detail = format!("{url} answered {status}{place}, not as an Agora server does.");
            Map::from_iter([("detail".to_owned(), Value::from(detail))])
        }
    };
    if !document.contains_key("retry_after") {
        if let Some(seconds) = retry_after_seconds(headers) {
            document.insert("retry_after".to_owned(), Value::from(seconds));
        }
    }
    error_from_problem(document, status)
}

/// Create the error of a problem document. For an unknown code, the HTTP status determines the class.
pub(crate) fn error_from_problem(document: Map<String, Value>, status: u16) -> AgoraError {
    let code = document.get("code").and_then(Value::as_str).unwrap_or_default();
    let of_code = ErrorKind::ALL.iter().find(|kind| kind.code() == code);
    let of_status = || {
        ErrorKind::ALL
            .iter()
            .find(|kind| kind.status() == status && kind.parent().is_some())
    };
    let kind = of_code.or_else(of_status).copied().unwrap_or(ErrorKind::Error);
    AgoraError::new(kind, Problem::from_document(document))
}

/// Parse the header `Retry-After` in seconds; it may also be a date.
fn retry_after_seconds(headers: &HeaderMap) -> Option<f64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0).then_some(seconds);
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default().as_secs_f64())
}
