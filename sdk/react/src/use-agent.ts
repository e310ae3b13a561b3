import type { AgentRegisterArguments, AgoraClient, Registration } from "@agora/sdk";
import { useEffect, useState } from "react";
import { useClient } from "./client-context.ts";

/** State of an agent's registration. */
export interface AgentState {
  /** Undefined until it is registered. */
  readonly agent: Registration | undefined;
  /** The error of a failed registration. */
  readonly error: unknown;
  readonly isLoading: boolean;
  /** A client that acts as the agent, once it is registered. */
  readonly client: AgoraClient;
}

/** Register an agent on mount, and again when the arguments change. On a server it stays loading. */
export function useAgent(args: AgentRegisterArguments): AgentState {
  const client = useClient();
  const [outcome, setOutcome] = useState<{ agent?: Registration; error?: unknown }>({});
  const key = JSON.stringify(args);
  useEffect(() => {
    const ending = new AbortController();
    client.register(JSON.parse(key) as AgentRegisterArguments).then(
      (agent) => !ending.signal.aborted && setOutcome({ agent }),
      (error: unknown) => !ending.signal.aborted && setOutcome({ error }),
    );
    return () => ending.abort();
  }, [client, key]);
  const { agent, error } = outcome;
  return { agent, error, isLoading: agent === undefined && error === undefined, client };
}
