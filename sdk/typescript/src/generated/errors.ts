// Written by scripts/sdks.py from sdk/contract.json: change the contract, then run `make reference sdks`.

import { AgoraError } from "../error.ts";

/** The server cannot be reached: ``server_unreachable``, HTTP 503. */
export class ServerUnreachable extends AgoraError {
  static override readonly code: string = "server_unreachable";
  static override readonly status: number = 503;
}

/** Invalid request: ``invalid_request``, HTTP 422. */
export class InvalidRequest extends AgoraError {
  static override readonly code: string = "invalid_request";
  static override readonly status: number = 422;
}

/** Malformed request: ``malformed_request``, HTTP 400. */
export class MalformedRequest extends InvalidRequest {
  static override readonly code: string = "malformed_request";
  static override readonly status: number = 400;
}

/** Method not allowed: ``method_not_allowed``, HTTP 405. */
export class MethodNotAllowed extends InvalidRequest {
  static override readonly code: string = "method_not_allowed";
  static override readonly status: number = 405;
}

/** Unsupported media type: ``unsupported_media_type``, HTTP 415. */
export class UnsupportedMediaType extends InvalidRequest {
  static override readonly code: string = "unsupported_media_type";
  static override readonly status: number = 415;
}

/** Payload too large: ``payload_too_large``, HTTP 413. */
export class PayloadTooLarge extends InvalidRequest {
  static override readonly code: string = "payload_too_large";
  static override readonly status: number = 413;
}

/** Unauthenticated: ``unauthenticated``, HTTP 401. */
export class Unauthenticated extends AgoraError {
  static override readonly code: string = "unauthenticated";
  static override readonly status: number = 401;
}

/** Permission denied: ``permission_denied``, HTTP 403. */
export class PermissionDenied extends AgoraError {
  static override readonly code: string = "permission_denied";
  static override readonly status: number = 403;
}

/** Stopped by an override: ``halted``, HTTP 423. */
export class Halted extends PermissionDenied {
  static override readonly code: string = "halted";
  static override readonly status: number = 423;
}

/** Payment required: ``payment_required``, HTTP 402. */
export class PaymentRequired extends AgoraError {
  static override readonly code: string = "payment_required";
  static override readonly status: number = 402;
}

/** The budget is used up: ``budget_exceeded``, HTTP 402. */
export class BudgetExceeded extends PaymentRequired {
  static override readonly code: string = "budget_exceeded";
  static override readonly status: number = 402;
}

/** The credit is used up: ``credit_exhausted``, HTTP 402. */
export class CreditExhausted extends PaymentRequired {
  static override readonly code: string = "credit_exhausted";
  static override readonly status: number = 402;
}

/** Not found: ``not_found``, HTTP 404. */
export class NotFound extends AgoraError {
  static override readonly code: string = "not_found";
  static override readonly status: number = 404;
}

/** Conflict: ``conflict``, HTTP 409. */
export class Conflict extends AgoraError {
  static override readonly code: string = "conflict";
  static override readonly status: number = 409;
}

/** Name taken: ``name_taken``, HTTP 409. */
export class NameTaken extends Conflict {
  static override readonly code: string = "name_taken";
  static override readonly status: number = 409;
}

/** Idempotency key already used with another request: ``idempotency_conflict``, HTTP 409. */
export class IdempotencyConflict extends Conflict {
  static override readonly code: string = "idempotency_conflict";
  static override readonly status: number = 409;
}

/** Not possible in the current state: ``illegal_transition``, HTTP 409. */
export class IllegalTransition extends Conflict {
  static override readonly code: string = "illegal_transition";
  static override readonly status: number = 409;
}

/** The lease was lost: ``stale_lease``, HTTP 409. */
export class StaleLease extends Conflict {
  static override readonly code: string = "stale_lease";
  static override readonly status: number = 409;
}

/** Gone: ``gone``, HTTP 410. */
export class Gone extends AgoraError {
  static override readonly code: string = "gone";
  static override readonly status: number = 410;
}

/** The operation has been sunset: ``operation_sunset``, HTTP 410. */
export class OperationSunset extends Gone {
  static override readonly code: string = "operation_sunset";
  static override readonly status: number = 410;
}

/** The position is older than the retention period: ``cursor_too_old``, HTTP 410. */
export class CursorTooOld extends Gone {
  static override readonly code: string = "cursor_too_old";
  static override readonly status: number = 410;
}

/** Too many calls: ``rate_limited``, HTTP 429. */
export class RateLimited extends AgoraError {
  static override readonly code: string = "rate_limited";
  static override readonly status: number = 429;
}

/** Overloaded: ``overloaded``, HTTP 503. */
export class Overloaded extends AgoraError {
  static override readonly code: string = "overloaded";
  static override readonly status: number = 503;
}

/** The storage is unavailable: ``storage_unavailable``, HTTP 503. */
export class StorageUnavailable extends AgoraError {
  static override readonly code: string = "storage_unavailable";
  static override readonly status: number = 503;
}

/** Deadline exceeded: ``deadline_exceeded``, HTTP 504. */
export class DeadlineExceeded extends AgoraError {
  static override readonly code: string = "deadline_exceeded";
  static override readonly status: number = 504;
}

/** The payload cannot be decrypted: ``undecipherable``, HTTP 422. */
export class Undecipherable extends AgoraError {
  static override readonly code: string = "undecipherable";
  static override readonly status: number = 422;
}

/** Unknown key: ``unknown_key``, HTTP 422. */
export class UnknownKey extends Undecipherable {
  static override readonly code: string = "unknown_key";
  static override readonly status: number = 422;
}

/** Upstream failed: ``upstream_failed``, HTTP 502. */
export class UpstreamFailed extends AgoraError {
  static override readonly code: string = "upstream_failed";
  static override readonly status: number = 502;
}

/** Upstream unavailable: ``upstream_unavailable``, HTTP 503. */
export class UpstreamUnavailable extends UpstreamFailed {
  static override readonly code: string = "upstream_unavailable";
  static override readonly status: number = 503;
}

/** Authorization at the upstream is required: ``upstream_authorization_required``, HTTP 424. */
export class UpstreamAuthorizationRequired extends UpstreamFailed {
  static override readonly code: string = "upstream_authorization_required";
  static override readonly status: number = 424;
}

/** Internal error: ``internal_error``, HTTP 500. */
export class InternalError extends AgoraError {
  static override readonly code: string = "internal_error";
  static override readonly status: number = 500;
}

/** The classes of errors, those of a more general meaning first. */
export const ERROR_CLASSES: readonly (typeof AgoraError)[] = [ServerUnreachable, InvalidRequest, MalformedRequest, MethodNotAllowed, UnsupportedMediaType, PayloadTooLarge, Unauthenticated, PermissionDenied, Halted, PaymentRequired, BudgetExceeded, CreditExhausted, NotFound, Conflict, NameTaken, IdempotencyConflict, IllegalTransition, StaleLease, Gone, OperationSunset, CursorTooOld, RateLimited, Overloaded, StorageUnavailable, DeadlineExceeded, Undecipherable, UnknownKey, UpstreamFailed, UpstreamUnavailable, UpstreamAuthorizationRequired, InternalError];
