import type { Event } from "@agora/sdk";
import { useEffect, useRef, useState } from "react";
import { useClient } from "./client-context.ts";

/** Filter of events. */
export interface EventFilter {
  /** Event types or patterns, such as `work.*`; default: all. */
  readonly types?: string[];
  /** Only events of this agent. */
  readonly agent?: string;
  /** False to wait, for example until an agent is registered. */
  readonly enabled?: boolean;
}

/**
 * Call a function for each event while the component is mounted.
 *
 * @returns whether the stream is open, and the error that ended it
 */
export function useEvents(filter: EventFilter, onEvent: (event: Event) => void): { isListening: boolean; error: unknown } {
  const client = useClient();
  const [state, setState] = useState<{ isListening: boolean; error: unknown }>({ isListening: false, error: undefined });
  const latest = useRef(onEvent);
  useEffect(() => {
    latest.current = onEvent;
  });
  const { enabled = true, ...args } = filter;
  const key = JSON.stringify(args);
  useEffect(() => {
    if (!enabled) return undefined;
    const stream = client.event.stream(JSON.parse(key) as { types?: string[]; agent?: string });
    let isOver = false;
    const follow = async () => {
      await stream.opened;
      if (!isOver) setState({ isListening: true, error: undefined });
      for await (const event of stream) latest.current(event);
    };
    follow().catch((error: unknown) => !isOver && setState({ isListening: false, error }));
    return () => {
      isOver = true;
      stream.close();
      setState({ isListening: false, error: undefined });
    };
  }, [client, key, enabled]);
  return state;
}
