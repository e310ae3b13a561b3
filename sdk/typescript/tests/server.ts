/** A server for all tests, started by `agora serve` with its own empty directory. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    url: string;
    directory: string;
    adminToken: string;
  }
}

const AGORA = resolve(import.meta.dirname, "../../../.venv/bin/agora");
const START_MILLISECONDS = 60_000;

/** Return a port that is currently free. */
export function freePort(): Promise<number> {
  return new Promise((found) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => found(port));
    });
  });
}

/** A server process. */
export class ServerProcess {
  readonly directory: string;
  readonly port: number;
  #process: ChildProcess | undefined;
  readonly #settings: Record<string, string>;

  constructor(port: number, settings: Record<string, string> = {}) {
    this.port = port;
    this.directory = mkdtempSync(join(tmpdir(), "agora-typescript-"));
    this.#settings = settings;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get adminToken(): string {
    return readFileSync(join(this.directory, "data", "admin-token"), "utf8").trim();
  }

  async start(): Promise<this> {
    const env: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(process.env)) if (!name.startsWith("AGORA_")) env[name] = value;
    const settings = { port: String(this.port), events_port: "0", rate_basic: "1000000", log_level: "warning", ...this.#settings };
    for (const [name, value] of Object.entries(settings)) env[`AGORA_${name.toUpperCase()}`] = value;
    env["AGORA_DATA_DIR"] = join(this.directory, "data");
    // It ends with this process in any case; it does not inherit this process's output.
    const tether = ["--pdeathsig", "KILL", "--", AGORA, "serve"];
    this.#process = spawn("setpriv", tether, { env, stdio: ["ignore", "ignore", "inherit"] });
    const deadline = Date.now() + START_MILLISECONDS;
    for (;;) {
      const answer = await fetch(`${this.url}/ready`).catch(() => undefined);
      if (answer?.ok) return this;
      if (Date.now() > deadline || this.#process.exitCode !== null) throw new Error("the server did not start");
      await new Promise((later) => setTimeout(later, 50));
    }
  }

  /** Stop it; with SIGKILL immediately. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((exit) => running.once("exit", exit));
    running.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A page is admitted by its origin, and is not the local operator. */
export function settingsOf(project: string): Record<string, string> {
  return project === "chromium" ? { allow_loopback_origins: "true", open_registration: "true" } : {};
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await new ServerProcess(await freePort(), { builtin_agents: "false", ...settingsOf(project.name) }).start();
  project.provide("url", server.url);
  project.provide("directory", server.directory);
  project.provide("adminToken", server.adminToken);
  return () => server.remove();
}
