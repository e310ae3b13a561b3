/** The API of `server.ts` for tests that run in a page: the test run outside starts and stops the process. */

import { commands } from "vitest/browser";

export const freePort = () => commands.freePort();

/** A server process. */
export class ServerProcess {
  readonly port: number;
  readonly #settings: Record<string, string>;

  constructor(port: number, settings: Record<string, string> = {}) {
    this.port = port;
    this.#settings = settings;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    await commands.startServer(this.port, this.#settings);
    return this;
  }

  stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    return commands.stopServer(this.port, signal);
  }

  remove(): Promise<void> {
    return commands.removeServer(this.port);
  }
}
