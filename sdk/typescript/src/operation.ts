/** Run-time data of an operation. */
export interface Operation {
  readonly kind: "query" | "command" | "relay" | "stream";
  /** Whether a retry is safe only with an idempotency key. */
  readonly keyed?: boolean;
  /** Name of the list in a page. */
  readonly items?: string;
  /** The argument that requests the next page. */
  readonly pagedBy?: "cursor" | "after" | "offset";
  /** Additional names whose content is user data, separated by spaces. */
  readonly opaque?: string;
}

/** Operations by category and action. */
export type OperationTable = Readonly<Record<string, Readonly<Record<string, Operation>>>>;
