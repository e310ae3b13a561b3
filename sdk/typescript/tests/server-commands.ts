/** Commands of tests in a page that run outside of it: start and stop servers. */

import type { BrowserCommand } from "vitest/node";
import { freePort, ServerProcess, settingsOf } from "./server.ts";

declare module "vitest/browser" {
  interface BrowserCommands {
    freePort(): Promise<number>;
    startServer(port: number, settings: Record<string, string>): Promise<void>;
    stopServer(port: number, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
    removeServer(port: number): Promise<void>;
  }
}

const servers = new Map<number, ServerProcess>();

export const serverCommands = {
  freePort: (() => freePort()) satisfies BrowserCommand<[]>,
  startServer: (async ({ project }, port, settings) => {
    const server = servers.get(port) ?? new ServerProcess(port, { ...settingsOf(project.name), ...settings });
    servers.set(port, server);
    await server.start();
  }) satisfies BrowserCommand<[number, Record<string, string>]>,
  stopServer: (async (_, port, signal) => servers.get(port)?.stop(signal)) satisfies BrowserCommand<[number, "SIGTERM" | "SIGKILL"]>,
  removeServer: (async (_, port) => {
    await servers.get(port)?.remove();
    servers.delete(port);
  }) satisfies BrowserCommand<[number]>,
};
