/** Stores of the tokens of registered agents. */

/** An agent's identity on one server. */
export interface StoredToken {
  readonly agentId: string;
  readonly token: string;
}

/**
 * Stores the results of registrations by server, tenant and agent name.
 *
 * `server` is a normalized address, see {@link serverKey}.
 */
export interface TokenStore {
  find(server: string, tenant: string, name: string): StoredToken | undefined;
  keep(server: string, tenant: string, name: string, token: StoredToken): void | Promise<void>;
  forget(server: string, tenant: string, name: string): void | Promise<void>;
}

/** Normalize a server's address: `localhost` equals `127.0.0.1`. */
export function serverKey(url: string): string {
  const { protocol, hostname, port, pathname } = new URL(url);
  const host = hostname === "localhost" || hostname === "[::1]" ? "127.0.0.1" : hostname.replace(/^\[|\]$/g, "");
  return `${protocol}//${host}:${port || (protocol === "https:" ? 443 : 80)}${pathname.replace(/\/+$/, "")}`;
}

/** Tokens in memory, until the program or the page ends. */
export class MemoryTokens implements TokenStore {
  readonly #tokens = new Map<string, StoredToken>();

  find(server: string, tenant: string, name: string): StoredToken | undefined {
    return this.#tokens.get(entryKey(server, tenant, name));
  }

  keep(server: string, tenant: string, name: string, token: StoredToken): void {
    this.#tokens.set(entryKey(server, tenant, name), token);
  }

  forget(server: string, tenant: string, name: string): void {
    this.#tokens.delete(entryKey(server, tenant, name));
  }
}

/**
 * Tokens in a page's storage, such as `localStorage` (until it is cleared) or `sessionStorage` (until the tab is
 * closed).
 *
 * Every script of the page's origin can read them.
 */
export class WebStorageTokens implements TokenStore {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  find(server: string, tenant: string, name: string): StoredToken | undefined {
    const text = this.#storage.getItem(entryKey(server, tenant, name));
    return text === null ? undefined : (JSON.parse(text) as StoredToken);
  }

  keep(server: string, tenant: string, name: string, token: StoredToken): void {
    this.#storage.setItem(entryKey(server, tenant, name), JSON.stringify(token));
  }

  forget(server: string, tenant: string, name: string): void {
    this.#storage.removeItem(entryKey(server, tenant, name));
  }
}

function entryKey(server: string, tenant: string, name: string): string {
  return `agora:${server} ${tenant} ${name}`;
}
