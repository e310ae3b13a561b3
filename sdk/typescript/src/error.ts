import type { JsonValue } from "./json.ts";

/** An error of one field of a request: its path, such as `metadata.priority`, and a message. */
export interface FieldError {
  field: string;
  message: string;
}

/** A problem document (RFC 9457) of the server. */
export interface Problem {
  code?: string;
  detail?: string;
  fix?: string;
  [member: string]: JsonValue | undefined;
}

const STANDARD = new Set(["type", "title", "status", "code", "detail", "fix"]);

/**
 * Root of every error of the marketplace: each code has its own class.
 *
 * ```ts
 * try {
 *   await client.agent.get({ agentId: "Nobody" });
 * } catch (error) {
 *   if (error instanceof NotFound) console.log(error.code, error.detail, error.fix);
 *   else throw error;
 * }
 * ```
 */
export class AgoraError extends Error {
  /** The stable code of this class of errors. */
  static readonly code: string = "error";
  /** The HTTP status of this class of errors. */
  static readonly status: number = 500;

  /** Description of the error. */
  readonly detail: string;
  /** How to fix it, if known. */
  readonly fix: string | undefined;
  /**
   * Further members of the problem document, such as `errors`, `allowed`, `oldest`, `outcome`; named as by the server.
   */
  readonly extra: Readonly<Record<string, JsonValue | undefined>>;

  constructor(detail: string, problem: Problem = {}, options?: ErrorOptions) {
    super(problem.fix ? `${detail} ${problem.fix}` : detail, options);
    this.name = new.target.name;
    this.detail = detail;
    this.fix = problem.fix;
    this.extra = Object.fromEntries(Object.entries(problem).filter(([name]) => !STANDARD.has(name)));
  }

  /** The stable code. */
  get code(): string {
    return (this.constructor as typeof AgoraError).code;
  }

  /** The HTTP status. */
  get status(): number {
    return (this.constructor as typeof AgoraError).status;
  }

  /** Validation errors by field. */
  get errors(): FieldError[] {
    const errors = this.extra["errors"];
    return Array.isArray(errors) ? (errors as unknown as FieldError[]) : [];
  }

  /** Seconds after which another attempt may succeed, if the server gives them. */
  get retryAfter(): number | undefined {
    const seconds = this.extra["retry_after"];
    return typeof seconds === "number" ? seconds : undefined;
  }
}
