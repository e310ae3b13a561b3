//! Errors: one type, with a variant for each code of the contract.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An error of one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldError {
    /// Path of the field, such as `metadata.priority`.
    pub field: String,
    /// Description of the error.
    pub message: String,
}

/// Description of an error, as a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Members>);

#[derive(Debug, Clone, PartialEq)]
struct Members {
    detail: String,
    fix: Option<String>,
    extra: Map<String, Value>,
}

/// Standard members of a problem document.
const STANDARD: [&str; 6] = ["type", "title", "status", "code", "detail", "fix"];

impl Problem {
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self(Box::new(Members {
            detail: detail.into(),
            fix: None,
            extra: Map::new(),
        }))
    }

    pub(crate) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.0.fix = Some(fix.into());
        self
    }

    pub(crate) fn from_document(mut document: Map<String, Value>) -> Self {
        let mut text = |name: &str| match document.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let (detail, fix) = (text("detail").unwrap_or_default(), text("fix"));
        document.retain(|name, _| !STANDARD.contains(&name.as_str()));
        Self(Box::new(Members {
            detail,
            fix,
            extra: document,
        }))
    }

    /// Description of the error.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// How to fix it, if known.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.0.fix.as_deref()
    }

    /// Further members of the problem document, such as `errors`, `allowed`, `oldest`, `outcome`.
    #[must_use]
    pub fn extra(&self) -> &Map<String, Value> {
        &self.0.extra
    }

    /// Validation errors by field.
    #[must_use]
    pub fn errors(&self) -> Vec<FieldError> {
        let errors = self.0.extra.get("errors").cloned().unwrap_or_default();
        serde_json::from_value(errors).unwrap_or_default()
    }

    /// Seconds after which another attempt may succeed, if the server gives them.
    #[must_use]
    pub fn retry_after(&self) -> Option<f64> {
        self.0.extra.get("retry_after").and_then(Value::as_f64)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fix() {
            Some(fix) => write!(formatter, "{} {fix}", self.detail()),
            None => formatter.write_str(self.detail()),
        }
    }
}

/// Declare the kinds of errors, and the error type with a variant for each.
macro_rules! errors {
    ($($(#[$attribute:meta])* $kind:ident = ($code:literal, $status:literal $(, $parent:ident)?),)+) => {
        /// A code of the contract. Some are special cases of others: a `StaleLease` is a `Conflict`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$attribute])* $kind,)+
        }

        impl ErrorKind {
            /// Every kind, more general ones first.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)+
                }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$kind => $status,)+
                }
            }

            /// The more general kind; None for the root.
            #[must_use]
            pub const fn parent(self) -> Option<Self> {
                match self {
                    $(Self::$kind => $crate::error::errors!(@parent $($parent)?),)+
                }
            }
        }

        /// Every failure of a call: a variant for each code of the contract.
        ///
        /// ```no_run
        /// # async fn run(client: agora_sdk::AgoraClient) -> Result<(), agora_sdk::AgoraError> {
        /// use agora_sdk::{AgoraError, ErrorKind};
        ///
        /// match client.agent().get("Nobody").await {
        ///     Ok(agent) => println!("{}", agent.agent_id),
        ///     Err(AgoraError::NotFound(problem)) => println!("{}", problem.detail()),
        ///     Err(error) if error.is(ErrorKind::Conflict) => println!("{}: {error}", error.code()),
        ///     Err(error) => return Err(error),
        /// }
        /// # Ok(())
        /// # }
        /// ```
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum AgoraError {
            $($(#[$attribute])* $kind($crate::error::Problem),)+
            /// For agents: the type of a task is not supported.
            UnsupportedTaskType(String),
        }

        impl AgoraError {
            /// The kind of the variant; the root for [`AgoraError::UnsupportedTaskType`].
            #[must_use]
            pub const fn kind(&self) -> ErrorKind {
                match self {
                    $(Self::$kind(_) => ErrorKind::$kind,)+
                    Self::UnsupportedTaskType(_) => ErrorKind::Error,
                }
            }

            /// The server's problem document.
            #[must_use]
            pub const fn problem(&self) -> Option<&$crate::error::Problem> {
                match self {
                    $(Self::$kind(problem) => Some(problem),)+
                    Self::UnsupportedTaskType(_) => None,
                }
            }

            pub(crate) fn new(kind: ErrorKind, problem: $crate::error::Problem) -> Self {
                match kind {
                    $(ErrorKind::$kind => Self::$kind(problem),)+
                }
            }
        }
    };
    (@parent) => { None };
    (@parent $parent:ident) => { Some(Self::$parent) };
}

pub(crate) use errors;

pub use crate::generated::errors::{AgoraError, ErrorKind};

impl ErrorKind {
    /// Whether this is that kind, or a special case of it.
    #[must_use]
    pub fn is(self, other: Self) -> bool {
        self == other || self.parent().is_some_and(|parent| parent.is(other))
    }
}

impl AgoraError {
    /// Whether the error is of that kind, or of a special case: a `StaleLease` is a `Conflict`.
    #[must_use]
    pub fn is(&self, kind: ErrorKind) -> bool {
        self.kind().is(kind)
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind().code()
    }

    /// The HTTP status of the code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.kind().status()
    }

    /// Description of the error.
    #[must_use]
    pub fn detail(&self) -> String {
        self.problem()
            .map_or_else(|| self.to_string(), |problem| problem.detail().to_owned())
    }

    /// How to fix it, if known.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.problem().and_then(Problem::fix)
    }

    /// Seconds after which another attempt may succeed, if the server gives them.
    #[must_use]
    pub fn retry_after(&self) -> Option<f64> {
        self.problem().and_then(Problem::retry_after)
    }

    /// Whether a long-lived caller may retry: server errors, limits, halts.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::UnsupportedTaskType(_))
            && (self.status() >= 500 || self.is(ErrorKind::RateLimited) || self.is(ErrorKind::Halted))
    }

    pub(crate) fn invalid(detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::InvalidRequest(Problem::new(detail).with_fix(fix))
    }
}

impl fmt::Display for AgoraError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.problem()) {
            (Self::UnsupportedTaskType(task_type), _) => {
                write!(formatter, "Tasks of the type '{task_type}' are not supported.")
            }
            (_, Some(problem)) => problem.fmt(formatter),
            (_, None) => formatter.write_str(self.code()),
        }
    }
}

impl std::error::Error for AgoraError {}
