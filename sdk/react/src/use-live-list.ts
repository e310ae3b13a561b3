import { useCallback, useEffect, useRef, useState } from "react";
import { type EventFilter, useEvents } from "./use-events.ts";

/** A list that is read again when something happens to it. */
export interface LiveList<T> {
  readonly items: T[];
  readonly error: unknown;
  readonly isLoading: boolean;
  /** Read it again. */
  readonly refresh: () => Promise<void>;
}

/**
 * Read a list now, whenever one of the events comes, and when the stream of events is connected.
 *
 * @param key - changes where another list is read
 */
export function useLiveList<T>(filter: EventFilter, key: string, read: () => Promise<T[]>): LiveList<T> {
  const [state, setState] = useState<{ items: T[]; error: unknown; isLoading: boolean }>({ items: [], error: undefined, isLoading: true });
  const latest = useRef(read);
  const turn = useRef(0);
  useEffect(() => {
    latest.current = read;
  });
  const enabled = filter.enabled ?? true;
  const refresh = useCallback(async () => {
    const mine = (turn.current += 1);
    const outcome = await latest.current().then(
      (items) => ({ items, error: undefined }),
      (error: unknown) => ({ error }),
    );
    // Of answers that overtook each other the newest counts.
    if (mine === turn.current) setState((before) => ({ ...before, ...outcome, isLoading: false }));
  }, []);
  const { isListening } = useEvents(filter, () => void refresh());
  useEffect(() => {
    if (enabled) void refresh();
    return () => {
      turn.current += 1;
    };
  }, [enabled, isListening, key, refresh]);
  return { ...state, refresh };
}
