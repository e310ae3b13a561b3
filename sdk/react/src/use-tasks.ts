import type { Task, TaskListArguments, TaskUpdateArguments } from "@agora/sdk";
import { useCallback } from "react";
import { useClient } from "./client-context.ts";
import { useLiveList } from "./use-live-list.ts";

/** Tasks, kept up to date. */
export interface TasksState {
  readonly tasks: Task[];
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly refresh: () => Promise<void>;
  /** Update a task as its assignee, then read the list again. */
  readonly update: (args: TaskUpdateArguments) => Promise<void>;
}

/** The tasks that a filter finds, read again whenever one changes; `enabled: false` waits, as until an agent is registered. */
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
