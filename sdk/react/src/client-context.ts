import { AgoraClient } from "@agora/sdk";
import { createContext, createElement, type ReactElement, type ReactNode, useContext, useState } from "react";

const ClientContext = createContext<AgoraClient | undefined>(undefined);

/** Provides a client to the hooks below it. */
export function AgoraProvider({ client, children }: { client: AgoraClient; children?: ReactNode }): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the nearest AgoraProvider, else the component's own, with the default options. */
export function useClient(): AgoraClient {
  const provided = useContext(ClientContext);
  const [own] = useState(() => provided ?? new AgoraClient());
  return provided ?? own;
}
