import { DeliveryState, type Message } from "@agora/sdk";
import { useCallback } from "react";
import { useClient } from "./client-context.ts";
import { useLiveList } from "./use-live-list.ts";

/** An agent's unread messages, updated live. */
export interface InboxState {
  readonly messages: Message[];
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly refresh: () => Promise<void>;
  /** Acknowledge messages, which removes them from the list. */
  readonly acknowledge: (...messages: Message[]) => Promise<void>;
}

/** The unread messages of the client's agent; `enabled: false` waits, for example until it is registered. */
export function useInbox({ enabled = true, limit = 50 }: { enabled?: boolean; limit?: number } = {}): InboxState {
  const client = useClient();
  const types = ["agora.message.received", "agora.broadcast.sent"];
  const read = async () => (await client.messaging.receive({ unread: true, limit })).messages;
  const { items: messages, ...list } = useLiveList({ types, enabled }, String(limit), read);
  const { refresh } = list;
  const acknowledge = useCallback(
    async (...done: Message[]) => {
      await client.messaging.mark({ messageIds: done.map(({ messageId }) => messageId), status: DeliveryState.ACKNOWLEDGED });
      await refresh();
    },
    [client, refresh],
  );
  return { ...list, messages, acknowledge };
}
