import type { Event } from "@agora/sdk";
import { useEffect, useRef, useState } from "react";
import { useClient } from "./client-context.ts";

/** Which events are followed. */
export interface EventFilter {
  /** Event types or patterns, such as `work.*`; all if left out. */
  readonly types?: string[];
  /** Only events of this agent. */
  readonly agent?: string;
  /** False to wait, as until an agent is registered. */
  readonly enabled?: boolean;
}

/**
 * Call a function for each event, for as long as the component is there.
 *
 * @returns whether the server listens, and the error that ended the stream
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
