/**
 * A person's login at a server, stored for later calls and renewed before it expires.
 *
 * The file is shared with programs of all languages, and with `agora login`: `logins.json`, beside the credentials.
 */

import { type Platform, PrivateFile } from "./private-file.ts";

/** A person's login at one server. */
export interface StoredLogin {
  readonly username: string;
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** Expiry of the access token, in seconds since 1970. */
  readonly expiresAt: number;
  /** The client of the tokens; null for the server's own client. */
  readonly clientId: string | null;
}

/** Return the renewed login. Throws Unauthenticated if it has ended. */
export type RenewLogin = (login: StoredLogin) => Promise<StoredLogin>;

/** Stores one login per server; `server` is a normalized address. */
export interface LoginStore {
  find(server: string): StoredLogin | undefined;
  keep(server: string, login: StoredLogin): Promise<void>;
  /** Remove the login of that person; no-op if it is another person's, or there is none. */
  forget(server: string, username: string): Promise<void>;
  /** Return a valid login, renewed by only one of concurrent callers: providers revoke a token that is used twice. */
  current(server: string, renew: RenewLogin): Promise<StoredLogin | undefined>;
}

/** Time before the expiry at which a login is renewed. */
const RENEW_BEFORE_SECONDS = 30;
/** Timeout of a renewal. */
export const RENEW_SECONDS = 30;

/** Whether a login must be renewed before use. */
export function isDue(login: StoredLogin): boolean {
  return Date.now() / 1000 >= login.expiresAt - RENEW_BEFORE_SECONDS;
}

/** The login of one program, in memory. */
export class MemoryLogins implements LoginStore {
  readonly #logins = new Map<string, StoredLogin>();
  readonly #renewals = new Map<string, Promise<StoredLogin>>();

  find(server: string): StoredLogin | undefined {
    return this.#logins.get(server);
  }

  async keep(server: string, login: StoredLogin): Promise<void> {
    this.#logins.set(server, login);
  }

  async forget(server: string, username: string): Promise<void> {
    if (this.find(server)?.username === username) this.#logins.delete(server);
  }

  async current(server: string, renew: RenewLogin): Promise<StoredLogin | undefined> {
    const login = this.find(server);
    if (login === undefined || !isDue(login)) return login;
    let renewal = this.#renewals.get(server);
    if (renewal === undefined) {
      renewal = renew(login).finally(() => this.#renewals.delete(server));
      this.#renewals.set(server, renewal);
    }
    const fresh = await renewal;
    if (this.find(server) === login) this.#logins.set(server, fresh);
    return fresh;
  }
}

interface Entry {
  username: string;
  access_token: string;
  refresh_token: string | null;
  expires_at: number;
  client_id: string | null;
}

/**
 * Renewed logins that could not be stored, by file and server, with the entry that each should have replaced. All
 * clients of the program need them: the refresh token in the file is used up.
 */
const unstored = new Map<string, { replaced: string; renewed: StoredLogin }>();

/** Logins in the file shared by programs of all languages. */
export class FileLogins implements LoginStore {
  readonly #file: PrivateFile<Entry>;

  constructor(path: string, platform: Platform) {
    this.#file = new PrivateFile(path, "logins", "Repair it, or move it away and log in again.", platform);
  }

  find(server: string): StoredLogin | undefined {
    return this.#choose(server, this.#file.read()[server]);
  }

  /** The login of an entry, or its renewal by this program that could not be stored. */
  #choose(server: string, entry: Entry | undefined): StoredLogin | undefined {
    const memory = unstored.get(this.#placeOf(server));
    // A different entry is newer: another program has logged in or out.
    if (memory !== undefined && memory.replaced === JSON.stringify(entry)) return memory.renewed;
    return entry && readEntry(entry);
  }

  #placeOf(server: string): string {
    return `${this.#file.path} ${server}`;
  }

  keep(server: string, login: StoredLogin): Promise<void> {
    return this.#file.change((logins) => {
      logins[server] = writeEntry(login);
    });
  }

  forget(server: string, username: string): Promise<void> {
    return this.#file.change((logins) => {
      if (logins[server]?.username !== username) return false;
      return delete logins[server];
    });
  }

  async current(server: string, renew: RenewLogin): Promise<StoredLogin | undefined> {
    let login = this.find(server);
    if (login === undefined || !isDue(login)) return login;
    const place = this.#placeOf(server);
    const memory: { renewed?: StoredLogin } = {};
    const edit = async (logins: Record<string, Entry>) => {
      const entry = logins[server];
      login = this.#choose(server, entry);
      if (login === undefined || !isDue(login)) return false; // another program has renewed it
      const renewed = await renew(login);
      login = memory.renewed = renewed;
      unstored.set(place, { replaced: JSON.stringify(entry), renewed });
      logins[server] = writeEntry(renewed);
      return true;
    };
    try {
      await this.#file.change(edit, RENEW_SECONDS);
      if (memory.renewed !== undefined) unstored.delete(place);
    } catch (error) {
      if (memory.renewed === undefined) throw error;
      console.warn(`agora: the renewed login of ${memory.renewed.username} could not be stored; it is valid in this program only:`, error);
    }
    return login;
  }
}

function readEntry({ username, access_token, refresh_token, expires_at, client_id }: Entry): StoredLogin {
  return { username, accessToken: access_token, refreshToken: refresh_token, expiresAt: expires_at, clientId: client_id };
}

function writeEntry({ username, accessToken, refreshToken, expiresAt, clientId }: StoredLogin): Entry {
  return { username, access_token: accessToken, refresh_token: refreshToken, expires_at: expiresAt, client_id: clientId };
}
