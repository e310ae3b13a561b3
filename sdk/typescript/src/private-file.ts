/**
 * Files that all SDKs on a machine share: JSON that its owner alone can read, replaced whole, changed by one program at a time.
 *
 * Whoever changes `FILE` holds `FILE.writing`, made exclusively. One that is older than ten seconds belongs to a program that
 * died; who needs longer dates it ahead.
 */

import { sleep } from "./backoff.ts";
import { AgoraError } from "./error.ts";
import { isObject, parseJson } from "./json.ts";

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
  utimesSync(path: string, accessed: number, modified: number): void;
  writeSync(file: number, text: string): void;
}

/** What Node, Deno and Bun have, and browsers and workers do not. */
export interface Platform {
  fs: FileSystem;
  os: { homedir(): string };
  path: { resolve(...parts: string[]): string; dirname(path: string): string };
}

const ABANDONED_MILLISECONDS = 10_000;
const WAIT_SECONDS = 0.01;

/** A private file that holds one JSON object, whose only member `name` holds objects. */
export class PrivateFile<T> {
  readonly path: string;
  readonly #platform: Platform;
  readonly #name: string;
  readonly #fix: string;

  /**
   * @param name - of the member, by which errors call the file, too
   * @param fix - what a person does about a file that cannot be read
   */
  constructor(path: string, name: string, fix: string, platform: Platform) {
    this.path = path;
    this.#platform = platform;
    this.#name = name;
    this.#fix = fix;
  }

  /** What the file holds; nothing where there is none. */
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
   * Change what the file holds, while nobody else does.
   *
   * @param edit - changes the content in place, or answers false where nothing is to be written
   * @param seconds - how long the edit may take; a program that dies meanwhile holds others up for as long, and ten seconds more
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
    fs.writeSync(file, JSON.stringify({ [this.#name]: content }, null, 2));
    fs.fsyncSync(file);
    fs.closeSync(file);
    fs.renameSync(fresh, this.path); // one step: no reader sees half of the file
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

/** The platform, where it has files. */
export function findPlatform(): Platform | undefined {
  // Asked of the process rather than imported, so that bundlers for browsers find nothing of Node here.
  const process = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const module = (name: string) => process?.getBuiltinModule?.(name);
  const [fs, os, path] = [module("node:fs"), module("node:os"), module("node:path")];
  return fs && os && path ? ({ fs, os, path } as Platform) : undefined;
}
