/** The credentials file shared by all SDKs on a machine: `AGORA_CREDENTIALS`, or `~/.config/agora/credentials.json`. */

import { AgoraError } from "./error.ts";
import { FileLogins } from "./login-store.ts";
import { environment } from "./options.ts";
import { findPlatform, PrivateFile } from "./private-file.ts";
import { MemoryTokens, type StoredToken, type TokenStore } from "./token-store.ts";

type Agents = Record<string, { agent_id: string; token: string }>;

/** Tokens in the file shared by programs of all languages. */
export class FileTokens implements TokenStore {
  readonly path: string;
  /** Logins of people, in a file beside it. @internal */
  readonly logins: FileLogins;
  readonly #file: PrivateFile<Record<string, Agents>>;

  constructor(path?: string, platform = findPlatform()) {
    if (platform === undefined) throw new AgoraError("There are no files here.", { fix: "Use another TokenStore." });
    const place = path ?? environment("AGORA_CREDENTIALS") ?? "~/.config/agora/credentials.json";
    this.path = platform.path.resolve(place.replace(/^~(?=\/)/, platform.os.homedir()));
    this.#file = new PrivateFile(this.path, "servers", "Repair it, or move it away and register again.", platform);
    this.logins = new FileLogins(platform.path.resolve(platform.path.dirname(this.path), "logins.json"), platform);
  }

  find(server: string, tenant: string, name: string): StoredToken | undefined {
    const entry = this.#file.read()[server]?.[tenant]?.[name];
    return entry && { agentId: entry.agent_id, token: entry.token };
  }

  keep(server: string, tenant: string, name: string, token: StoredToken): Promise<void> {
    return this.#file.change((servers) => {
      ((servers[server] ??= {})[tenant] ??= {})[name] = { agent_id: token.agentId, token: token.token };
    });
  }

  forget(server: string, tenant: string, name: string): Promise<void> {
    return this.#file.change((servers) => {
      delete servers[server]?.[tenant]?.[name];
    });
  }
}

let memory: MemoryTokens | undefined;

/** Default token store: the shared file, or in browsers the page's memory. */
export function defaultTokens(): TokenStore {
  const platform = findPlatform();
  return platform ? new FileTokens(undefined, platform) : (memory ??= new MemoryTokens());
}
