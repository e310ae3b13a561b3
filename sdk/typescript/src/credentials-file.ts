/**
 * The file of credentials that all SDKs on a machine share: `AGORA_CREDENTIALS`, or `~/.config/agora/credentials.json`.
 *
 * It is readable by its owner alone, replaced whole, and changed by one program at a time: whoever changes it holds the file
 * `credentials.json.writing`, made exclusively; one that is older than ten seconds belongs to a program that died.
 */

import { sleep } from "./backoff.ts";
import { AgoraError } from "./error.ts";
import { isObject, parseJson } from "./json.ts";
import { environment } from "./options.ts";
import { MemoryTokens, type StoredToken, type TokenStore } from "./token-store.ts";

/** The parts of Node's modules that are used here; Deno and Bun have them too. */
interface FileSystem {
  closeSync(file: number): void;
  fsyncSync(file: number): void;
  mkdirSync(path: string, options: { recursive: true; mode: number }): void;
  openSync(path: string, flags: string, mode: number): number;
  readFileSync(path: string, encoding: "utf8"): string;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { force: true }): void;
  statSync(path: string): { mtimeMs: number };
  writeSync(file: number, text: string): void;
}

interface Platform {
  fs: FileSystem;
  os: { homedir(): string };
  path: { resolve(...parts: string[]): string; dirname(path: string): string };
}

type Agents = Record<string, { agent_id: string; token: string }>;
type Servers = Record<string, Record<string, Agents>>;

const ABANDONED_MILLISECONDS = 10_000;
const WAIT_SECONDS = 0.01;

/** Tokens in the file that programs of all languages share. */
export class FileTokens implements TokenStore {
  readonly path: string;
  readonly #platform: Platform;

  constructor(path?: string, platform = findPlatform()) {
    if (platform === undefined) throw new AgoraError("There are no files here.", { fix: "Use another TokenStore." });
    const place = path ?? environment("AGORA_CREDENTIALS") ?? "~/.config/agora/credentials.json";
    this.#platform = platform;
    this.path = platform.path.resolve(place.replace(/^~(?=\/)/, platform.os.homedir()));
  }

  find(server: string, tenant: string, name: string): StoredToken | undefined {
    const entry = this.#read()[server]?.[tenant]?.[name];
    return entry && { agentId: entry.agent_id, token: entry.token };
  }

  keep(server: string, tenant: string, name: string, token: StoredToken): Promise<void> {
    return this.#change((servers) => {
      ((servers[server] ??= {})[tenant] ??= {})[name] = { agent_id: token.agentId, token: token.token };
    });
  }

  forget(server: string, tenant: string, name: string): Promise<void> {
    return this.#change((servers) => {
      delete servers[server]?.[tenant]?.[name];
    });
  }

  async #change(edit: (servers: Servers) => void): Promise<void> {
    const { fs, path } = this.#platform;
    fs.mkdirSync(path.dirname(this.path), { recursive: true, mode: 0o700 });
    const mutex = `${this.path}.writing`;
    await this.#acquire(mutex);
    try {
      const servers = this.#read();
      edit(servers);
      const fresh = `${this.path}.${crypto.randomUUID()}`;
      const file = fs.openSync(fresh, "wx", 0o600);
      fs.writeSync(file, JSON.stringify({ servers }, null, 2));
      fs.fsyncSync(file);
      fs.closeSync(file);
      fs.renameSync(fresh, this.path); // one step: no reader sees half of the file
    } finally {
      fs.rmSync(mutex, { force: true });
    }
  }

  async #acquire(mutex: string): Promise<void> {
    const { fs } = this.#platform;
    for (;;) {
      try {
        fs.closeSync(fs.openSync(mutex, "wx", 0o600));
        return;
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      try {
        if (Date.now() - fs.statSync(mutex).mtimeMs > ABANDONED_MILLISECONDS) fs.rmSync(mutex, { force: true });
      } catch (error) {
        if (codeOf(error) !== "ENOENT") throw error;
      }
      await sleep(WAIT_SECONDS);
    }
  }

  #read(): Servers {
    let text: string;
    try {
      text = this.#platform.fs.readFileSync(this.path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return {};
      throw error;
    }
    const document = parseJson(text);
    if (isObject(document) && isObject(document["servers"])) return document["servers"] as Servers;
    const fix = "Repair it, or move it away and register again.";
    throw new AgoraError(`The credentials file ${this.path} cannot be read.`, { fix });
  }
}

function codeOf(error: unknown): unknown {
  return isObject(error) || error instanceof Error ? (error as { code?: unknown }).code : undefined;
}

function findPlatform(): Platform | undefined {
  // Asked of the process rather than imported, so that bundlers for browsers find nothing of Node here.
  const process = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const module = (name: string) => process?.getBuiltinModule?.(name);
  const [fs, os, path] = [module("node:fs"), module("node:os"), module("node:path")];
  return fs && os && path ? ({ fs, os, path } as Platform) : undefined;
}

let memory: MemoryTokens | undefined;

/** Where tokens are kept unless a client says otherwise: the shared file, or in browsers this page's memory. */
export function defaultTokens(): TokenStore {
  const platform = findPlatform();
  return platform ? new FileTokens(undefined, platform) : (memory ??= new MemoryTokens());
}
