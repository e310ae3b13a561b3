import type { Task, TaskListArguments, TaskUpdateArguments } from "@agora/sdk";
import { useCallback } from "react";
import { useClient } from "./client-context.ts";
import { useLiveList } from "./use-live-list.ts";

/** Tasks, updated live. */
export interface TasksState {
  readonly tasks: Task[];
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly refresh: () => Promise<void>;
  /** Update a task as its assignee, then reload the list. */
  readonly update: (args: TaskUpdateArguments) => Promise<void>;
}

/**
 * The tasks that match a filter, reloaded whenever one changes; `enabled: false` waits, for example until an agent is
 * registered.
 */
export function useTasks(filter: TaskListArguments & { enabled?: boolean } = {}): TasksState {
  const client = useClient();
  const { enabled = true, ...args } = filter;
  const read = async () => (await client.task.list(args)).tasks;
  const { items: tasks, ...list } = useLiveList({ types: ["agora.task.*"], enabled }, JSON.stringify(args), read);
  const { refresh } = list;
  const update = useCallback(
    async (change: TaskUpdateArguments) => {
      await client.task.update(change);
      await refresh();
    },
    [client, refresh],
  );
  return { ...list, tasks, update };
}
