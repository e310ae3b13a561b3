import type { JsonValue } from "./json.ts";

/** One thing that is wrong with a request: the path of a field, such as `metadata.priority`, and what is wrong there. */
export interface FieldError {
  field: string;
  message: string;
}

/** A problem document (RFC 9457) as the server answers it. */
export interface Problem {
  code?: string;
  detail?: string;
  fix?: string;
  [member: string]: JsonValue | undefined;
}

const STANDARD = new Set(["type", "title", "status", "code", "detail", "fix"]);

/**
 * Root of every error of the marketplace: each code has a class of its own.
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

  /** What happened. */
  readonly detail: string;
  /** What to do about it, if there is something. */
  readonly fix: string | undefined;
  /** Further members of the problem document, such as `errors`, `allowed`, `oldest`, `outcome`; as the server names them. */
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

  /** What is wrong with which field of the request. */
  get errors(): FieldError[] {
    const errors = this.extra["errors"];
    return Array.isArray(errors) ? (errors as unknown as FieldError[]) : [];
  }

  /** Seconds after which another try may succeed, where the server says so. */
  get retryAfter(): number | undefined {
    const seconds = this.extra["retry_after"];
    return typeof seconds === "number" ? seconds : undefined;
  }
}
