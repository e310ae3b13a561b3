/** What is known of an operation at run time. */
export interface Operation {
  readonly kind: "query" | "command" | "relay" | "stream";
  /** Whether a repetition is safe only under an idempotency key. */
  readonly keyed?: boolean;
  /** The name of the list in a page. */
  readonly items?: string;
  /** The argument that asks for the next page. */
  readonly pagedBy?: "cursor" | "after" | "offset";
  /** Further names whose contents are nobody's but the caller's, separated by spaces. */
  readonly opaque?: string;
}

/** Operations by category and action. */
export type OperationTable = Readonly<Record<string, Readonly<Record<string, Operation>>>>;
