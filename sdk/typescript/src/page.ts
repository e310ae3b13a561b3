/**
 * One page of a list. It is array-like (`page.length`, `page[0]`, `for (const item of page)`), has its items also under
 * their own name (`page.tasks`, an array), and `for await (const item of page)` fetches the following pages, too.
 */
export class Page<T> implements ArrayLike<T>, Iterable<T>, AsyncIterable<T> {
  /** The items of this page. */
  readonly [index: number]: T;
  /** Number of items of this page. */
  readonly length: number;
  /** The same as `length`. */
  declare readonly count: number;
  /** Total number of items, if known; above 10,000 an estimate. */
  declare readonly total: number | null;
  /** Whether `total` is an estimate. */
  declare readonly totalIsEstimate: boolean;
  /** Whether another page follows. */
  declare readonly hasMore: boolean;
  /** Start of the next page, for operations that take a cursor. */
  declare readonly nextCursor: string | null;

  readonly #items: T[];
  readonly #answer: Record<string, unknown>;
  readonly #nextPage: () => Promise<Page<T> | undefined>;

  /**
   * @param answer - the decoded answer, whose fields the page also has
   * @param items - the list in it
   * @internal
   */
  constructor(answer: Record<string, unknown>, items: T[], nextPage: () => Promise<Page<T> | undefined>) {
    this.length = items.length;
    this.#items = items;
    this.#answer = answer;
    this.#nextPage = nextPage;
    Object.assign(this, items, answer);
  }

  /** Fetch the next page; undefined after the last. */
  nextPage(): Promise<this | undefined> {
    return this.#nextPage() as Promise<this | undefined>;
  }

  /** The items of this page. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.values();
  }

  /** Every item from this page to the end of the list. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (let page: Page<T> | undefined = this; page !== undefined; page = await page.nextPage()) yield* page.#items;
  }

  /** The answer as an object. */
  toJSON(): Record<string, unknown> {
    return this.#answer;
  }
}

/** Arguments that request the next page; undefined after the last. Names are those of the wire format. */
export function nextPageArguments(
  args: Record<string, unknown>,
  pagedBy: "cursor" | "after" | "offset" | undefined,
  page: { nextCursor?: unknown; hasMore?: unknown },
  items: readonly unknown[],
): Record<string, unknown> | undefined {
  if (pagedBy === "cursor") {
    if (!page.nextCursor) return undefined;
    const { offset: _, ...rest } = args;
    return { ...rest, cursor: page.nextCursor };
  }
  if (!page.hasMore || items.length === 0) return undefined;
  if (pagedBy === "after") return { ...args, after: (items.at(-1) as { sequence: number }).sequence };
  if (pagedBy === "offset") return { ...args, offset: Number(args["offset"] ?? 0) + items.length };
  return undefined;
}
