/**
 * Files shared by all SDKs on a machine: JSON readable only by its owner, replaced atomically, with one writer at a
 * time.
 *
 * A writer of `FILE` holds `FILE.writing`, which is created exclusively. One older than ten seconds belongs to a dead
 * program; a writer that needs longer sets its time ahead.
 */

import { sleep } from "./backoff.ts";
import { AgoraError } from "./error.ts";
import { isObject, parseJson } from "./json.ts";

/** The used parts of Node's modules, which Deno and Bun have, too. */
interface FileSystem {
  closeSync(file: number): void;
  fsyncSync(file: number): void;
  mkdirSync(path: string, options: { recursive: true; mode: number }): void;
  openSync(path: string, flags: string, mode: number): number;
  readFileSync(path: string, encoding: "utf8"): string;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { force: true }): void;
  statSync(path: string): { mtimeMs: number };
  utimesSync(path: string, accessed: number, modified: number): void;
  writeSync(file: number, text: string): void;
}

/** Features of Node, Deno and Bun that browsers and workers lack. */
export interface Platform {
  fs: FileSystem;
  os: { homedir(): string };
  path: { resolve(...parts: string[]): string; dirname(path: string): string };
}

const ABANDONED_MILLISECONDS = 10_000;
const WAIT_SECONDS = 0.01;

/** A private file with one JSON object, whose only member `name` contains objects. */
export class PrivateFile<T> {
  readonly path: string;
  readonly #platform: Platform;
  readonly #name: string;
  readonly #fix: string;

  /**
   * @param name - of the member, also used in errors
   * @param fix - suggested fix of an unreadable file
   */
  constructor(path: string, name: string, fix: string, platform: Platform) {
    this.path = path;
    this.#platform = platform;
    this.#name = name;
    this.#fix = fix;
  }

  /** Read the content; empty if the file does not exist. */
  read(): Record<string, T> {
    let text: string;
    try {
      text = this.#platform.fs.readFileSync(this.path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return {};
      throw error;
    }
    const document = parseJson(text);
    const content = isObject(document) ? document[this.#name] : undefined;
    if (isObject(content) && Object.values(content).every(isObject)) return content as Record<string, T>;
    throw new AgoraError(`The file ${this.path} cannot be read.`, { fix: this.#fix });
  }

  /**
   * Change the content exclusively.
   *
   * @param edit - changes the content in place, or returns false if nothing is to be written
   * @param seconds - maximum duration of the edit; after a crash, other programs wait for this time plus ten seconds
   */
  async change(edit: (content: Record<string, T>) => unknown, seconds = 0): Promise<void> {
    const { fs, path } = this.#platform;
    fs.mkdirSync(path.dirname(this.path), { recursive: true, mode: 0o700 });
    const mutex = `${this.path}.writing`;
    await this.#acquire(mutex);
    try {
      if (seconds > 0) fs.utimesSync(mutex, Date.now() / 1000, Date.now() / 1000 + seconds);
      const content = this.read();
      if ((await edit(content)) !== false) this.#replace(content);
    } finally {
      fs.rmSync(mutex, { force: true });
    }
  }

  #replace(content: Record<string, T>): void {
    const { fs } = this.#platform;
    const fresh = `${this.path}.${crypto.randomUUID()}`;
    const file = fs.openSync(fresh, "wx", 0o600);
    try {
      try {
        fs.writeSync(file, JSON.stringify({ [this.#name]: content }, null, 2));
        fs.fsyncSync(file);
      } finally {
        fs.closeSync(file);
      }
      fs.renameSync(fresh, this.path); // atomic: no reader sees a partial file
    } catch (error) {
      // On a full disk every attempt would leave a copy of the secrets behind.
      fs.rmSync(fresh, { force: true });
      throw error;
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
}

function codeOf(error: unknown): unknown {
  return isObject(error) || error instanceof Error ? (error as { code?: unknown }).code : undefined;
}

/** The platform, if it has files. */
export function findPlatform(): Platform | undefined {
  // Requested from the process rather than imported, so that bundlers for browsers find no Node modules.
  const process = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const module = (name: string) => process?.getBuiltinModule?.(name);
  const [fs, os, path] = [module("node:fs"), module("node:os"), module("node:path")];
  return fs && os && path ? ({ fs, os, path } as Platform) : undefined;
}
