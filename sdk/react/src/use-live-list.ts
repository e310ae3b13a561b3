import { useCallback, useEffect, useRef, useState } from "react";
import { type EventFilter, useEvents } from "./use-events.ts";

/** A list that is reloaded when it changes. */
export interface LiveList<T> {
  readonly items: T[];
  readonly error: unknown;
  readonly isLoading: boolean;
  /** Reload it. */
  readonly refresh: () => Promise<void>;
}

/**
 * Load a list now, at each of the events, and when the event stream is connected.
 *
 * @param key - identifies the list; it is reloaded when the key changes
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
    // Only the newest of overlapping answers counts.
    if (mine === turn.current) setState((before) => ({ ...before, ...outcome, isLoading: false }));
  }, []);
  const { isListening, error: streamError } = useEvents(filter, () => void refresh());
  useEffect(() => {
    if (enabled) void refresh();
    return () => {
      turn.current += 1;
    };
  }, [enabled, isListening, key, refresh]);
  // Without the stream the list is not reloaded any more.
  return { ...state, error: state.error ?? streamError, refresh };
}
