// Written by scripts/sdks.py from sdk/contract.json: change the contract, then run `make reference sdks`.

crate::error::errors! {
    /// Error: `error`, HTTP 500.
    Error = ("error", 500),
    /// The server cannot be reached: `server_unreachable`, HTTP 503.
    ServerUnreachable = ("server_unreachable", 503, Error),
    /// Invalid request: `invalid_request`, HTTP 422.
    InvalidRequest = ("invalid_request", 422, Error),
    /// Malformed request: `malformed_request`, HTTP 400.
    MalformedRequest = ("malformed_request", 400, InvalidRequest),
    /// Method not allowed: `method_not_allowed`, HTTP 405.
    MethodNotAllowed = ("method_not_allowed", 405, InvalidRequest),
    /// Unsupported media type: `unsupported_media_type`, HTTP 415.
    UnsupportedMediaType = ("unsupported_media_type", 415, InvalidRequest),
    /// Payload too large: `payload_too_large`, HTTP 413.
    PayloadTooLarge = ("payload_too_large", 413, InvalidRequest),
    /// Unauthenticated: `unauthenticated`, HTTP 401.
    Unauthenticated = ("unauthenticated", 401, Error),
    /// Permission denied: `permission_denied`, HTTP 403.
    PermissionDenied = ("permission_denied", 403, Error),
    /// Stopped by an override: `halted`, HTTP 423.
    Halted = ("halted", 423, PermissionDenied),
    /// Payment required: `payment_required`, HTTP 402.
    PaymentRequired = ("payment_required", 402, Error),
    /// The budget is used up: `budget_exceeded`, HTTP 402.
    BudgetExceeded = ("budget_exceeded", 402, PaymentRequired),
    /// The credit is used up: `credit_exhausted`, HTTP 402.
    CreditExhausted = ("credit_exhausted", 402, PaymentRequired),
    /// Not found: `not_found`, HTTP 404.
    NotFound = ("not_found", 404, Error),
    /// Conflict: `conflict`, HTTP 409.
    Conflict = ("conflict", 409, Error),
    /// Name taken: `name_taken`, HTTP 409.
    NameTaken = ("name_taken", 409, Conflict),
    /// Idempotency key already used with another request: `idempotency_conflict`, HTTP 409.
    IdempotencyConflict = ("idempotency_conflict", 409, Conflict),
    /// Not possible in the current state: `illegal_transition`, HTTP 409.
    IllegalTransition = ("illegal_transition", 409, Conflict),
    /// The lease was lost: `stale_lease`, HTTP 409.
    StaleLease = ("stale_lease", 409, Conflict),
    /// Gone: `gone`, HTTP 410.
    Gone = ("gone", 410, Error),
    /// The operation has been sunset: `operation_sunset`, HTTP 410.
    OperationSunset = ("operation_sunset", 410, Gone),
    /// The position is older than the retention period: `cursor_too_old`, HTTP 410.
    CursorTooOld = ("cursor_too_old", 410, Gone),
    /// Too many calls: `rate_limited`, HTTP 429.
    RateLimited = ("rate_limited", 429, Error),
    /// Overloaded: `overloaded`, HTTP 503.
    Overloaded = ("overloaded", 503, Error),
    /// The storage is unavailable: `storage_unavailable`, HTTP 503.
    StorageUnavailable = ("storage_unavailable", 503, Error),
    /// Deadline exceeded: `deadline_exceeded`, HTTP 504.
    DeadlineExceeded = ("deadline_exceeded", 504, Error),
    /// The payload cannot be decrypted: `undecipherable`, HTTP 422.
    Undecipherable = ("undecipherable", 422, Error),
    /// Unknown key: `unknown_key`, HTTP 422.
    UnknownKey = ("unknown_key", 422, Undecipherable),
    /// Upstream failed: `upstream_failed`, HTTP 502.
    UpstreamFailed = ("upstream_failed", 502, Error),
    /// Upstream unavailable: `upstream_unavailable`, HTTP 503.
    UpstreamUnavailable = ("upstream_unavailable", 503, UpstreamFailed),
    /// Authorization at the upstream is required: `upstream_authorization_required`, HTTP 424.
    UpstreamAuthorizationRequired = ("upstream_authorization_required", 424, UpstreamFailed),
    /// Internal error: `internal_error`, HTTP 500.
    InternalError = ("internal_error", 500, Error),
}

impl ErrorKind {
    /// What any operation may answer.
    pub const COMMON: &'static [Self] = &[
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::OperationSunset,
        Self::RateLimited,
        Self::Overloaded,
        Self::StorageUnavailable,
        Self::DeadlineExceeded,
        Self::InternalError,
    ];
}
