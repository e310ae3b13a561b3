//! Data of an operation, in addition to the types of its arguments.

use serde::de::DeserializeOwned;

use crate::error::ErrorKind;
use crate::page::Page;

/// Kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Read-only: GET.
    Query,
    /// Changes state: POST.
    Command,
    /// Calls a remote system, with its own timeout: POST.
    Relay,
    /// Returns a stream.
    Stream,
}

/// The argument that requests the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PagedBy {
    Cursor,
    Offset,
}

/// Specification of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    pub(crate) kind: Kind,
    pub(crate) path: &'static str,
    errors: &'static [ErrorKind],
    pub(crate) keyed: bool,
    pub(crate) paged_by: Option<PagedBy>,
}

impl Spec {
    pub(crate) const fn new(kind: Kind, path: &'static str, errors: &'static [ErrorKind]) -> Self {
        Self {
            kind,
            path,
            errors,
            keyed: false,
            paged_by: None,
        }
    }

    pub(crate) const fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    pub(crate) const fn paged_by_cursor(mut self) -> Self {
        self.paged_by = Some(PagedBy::Cursor);
        self
    }

    pub(crate) const fn paged_by_offset(mut self) -> Self {
        self.paged_by = Some(PagedBy::Offset);
        self
    }

    /// Kind of the operation.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name in the contract, as `agora.task.assign`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("agora.{}", self.path.replace('/', "."))
    }

    /// The kinds of errors that it may return, in addition to [`ErrorKind::COMMON`].
    #[must_use]
    pub const fn errors(&self) -> &'static [ErrorKind] {
        self.errors
    }

    pub(crate) const fn is_change(&self) -> bool {
        matches!(self.kind, Kind::Command | Kind::Relay)
    }
}

/// An operation with a single result: type parameter of a [`Request`](crate::Request).
pub trait Operation: Send + Sync + 'static {
    /// Its result.
    type Output: DeserializeOwned + Send + 'static;
    /// Its specification.
    const SPEC: Spec;
}

/// An operation that returns a page of a list.
pub trait PagedOperation: Operation<Output: Page> {}

impl<O: Operation<Output: Page>> PagedOperation for O {}

/// An operation that returns a stream: type parameter of a [`StreamRequest`](crate::StreamRequest).
pub trait StreamOperation: Send + Sync + 'static {
    /// An item of the stream.
    type Item: DeserializeOwned + Send + 'static;
    /// Its specification.
    const SPEC: Spec;
}

/// Declare the marker type of an operation.
macro_rules! operation {
    ($(#[$attribute:meta])* pub $name:ident => $item:ty, Stream, $path:literal, [$($error:ident),*];) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl crate::operation::StreamOperation for $name {
            type Item = $item;
            const SPEC: crate::operation::Spec =
                crate::operation::Spec::new(crate::operation::Kind::Stream, $path, &[$(crate::ErrorKind::$error),*]);
        }
    };
    ($(#[$attribute:meta])* pub $name:ident => $output:ty, $kind:ident, $path:literal, [$($error:ident),*] $(, $flag:ident)*;) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl crate::operation::Operation for $name {
            type Output = $output;
            const SPEC: crate::operation::Spec =
                crate::operation::Spec::new(crate::operation::Kind::$kind, $path, &[$(crate::ErrorKind::$error),*])$(.$flag())*;
        }
    };
}

pub(crate) use operation;
