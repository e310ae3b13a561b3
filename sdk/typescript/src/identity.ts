import { AgoraError } from "./error.ts";
import { InvalidRequest, Unauthenticated } from "./generated/errors.ts";
import { isDue, type LoginStore, type RenewLogin } from "./login-store.ts";
import { serverKey, type StoredToken, type TokenStore } from "./token-store.ts";

const AGENT_TOKEN = "agt_";
const DEFAULT_TENANT = "default";
const VISIBLE = /^[!-~]+$/;

/** What a client is told about who it is. */
export interface Claims {
  readonly agent?: string | undefined;
  /** A credential that the program gives: it comes first. */
  readonly token?: string | undefined;
  /** A credential of the environment, used where there is no other. */
  readonly ambientToken?: string | undefined;
  /** Where who logged in is kept: they are who calls without another credential act as. */
  readonly logins?: LoginStore | undefined;
  readonly tenant?: string | undefined;
}

/**
 * Who a client is: what it was told, else what registration stored, else who logged in, else nobody in particular.
 *
 * The first agent that a client registers is who it is from then on.
 */
export class Identity {
  readonly #store: TokenStore;
  readonly #server: string;
  readonly #url: string;
  readonly #claims: Claims;
  readonly tenant: string;
  #name: string | undefined;
  #tokens = new Map<string, StoredToken>();

  constructor(store: TokenStore, url: string, claims: Claims) {
    this.#store = store;
    this.#url = url;
    this.#server = serverKey(url);
    this.#claims = { ...claims, token: checkToken(claims.token), ambientToken: checkToken(claims.ambientToken) };
    this.tenant = claims.tenant ?? DEFAULT_TENANT;
    this.#name = claims.agent;
  }

  /** The server, tenant and name of an agent, as one text. */
  placeOf(name: string): string {
    return `${this.#server} ${this.tenant} ${name}`;
  }

  /** Name of the agent that calls act as. */
  get agentName(): string | undefined {
    return this.#name;
  }

  /** Its id, if it is known. */
  get agentId(): string | undefined {
    return this.#current()?.agentId;
  }

  /** The credential of a call; throws Unauthenticated where none of the named agent is kept. */
  token(): string | undefined {
    const own = this.#current();
    if (own !== undefined) return own.token;
    const token = this.#otherToken();
    if (token === undefined && this.#name !== undefined) throw this.#missing(this.#name);
    return token;
  }

  /** The credential without an agent. */
  #otherToken(): string | undefined {
    return this.#claims.token ?? this.#claims.ambientToken ?? this.#claims.logins?.find(this.#server)?.accessToken;
  }

  /** Where the logins of persons are kept, if they are shared. */
  get logins(): LoginStore | undefined {
    return this.#claims.logins;
  }

  /** Whether calls carry a login that is to be renewed before the next one. */
  get isLoginDue(): boolean {
    const { token, ambientToken, logins } = this.#claims;
    if (logins === undefined || (token ?? ambientToken) !== undefined || this.#current() !== undefined) return false;
    const login = logins.find(this.#server);
    return login !== undefined && isDue(login);
  }

  /** Renew the login; throws Unauthenticated where it has ended. */
  async renewLogin(renew: RenewLogin): Promise<void> {
    await this.#claims.logins?.current(this.#server, renew);
  }

  /** What a call carries: its credential, and the marketplace that was asked for. */
  headers(token: string | undefined): Record<string, string> {
    const headers: Record<string, string> = {};
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (this.tenant !== DEFAULT_TENANT) headers["x-agora-tenant"] = this.tenant;
    return headers;
  }

  /** The identity of one agent, registered by this client or kept from before. */
  ofAgent(name: string): Identity {
    const token = this.#tokens.get(name) ?? this.#store.find(this.#server, this.tenant, name);
    if (token === undefined) throw this.#missing(name);
    const ambientToken = this.#claims.token ?? this.#claims.ambientToken;
    const { logins } = this.#claims;
    const identity = new Identity(this.#store, this.#url, { agent: name, ambientToken, logins, tenant: this.tenant });
    identity.#tokens = this.#tokens; // what one of them learns, or forgets, holds for all
    this.#tokens.set(name, token);
    return identity;
  }

  /** The identity of whoever has a token. */
  ofToken(token: string): Identity {
    return new Identity(this.#store, this.#url, { token, tenant: this.tenant });
  }

  /**
   * Credentials to register a name with, the best first; each is tried where the one before is refused.
   *
   * An agent's own token updates the registration; what else there is makes a new one. A stored token is worthless once its
   * server began anew.
   */
  candidates(name: string): (string | undefined)[] {
    const given = this.#otherToken();
    const known = this.#tokens.get(name) ?? this.#store.find(this.#server, this.tenant, name);
    const own = given?.startsWith(AGENT_TOKEN) ? [given] : [];
    return [...new Set([...own, ...(known ? [known.token] : []), given])];
  }

  /** Keep the credential of a registered agent, and act as it unless this client is another one already. */
  async adopt(name: string, agentId: string, token: string | undefined): Promise<void> {
    if (token?.startsWith(AGENT_TOKEN)) {
      const stored = { agentId, token };
      this.#tokens.set(name, stored);
      try {
        await this.#store.keep(this.#server, this.tenant, name, stored);
      } catch (error) {
        console.warn(`agora: the token of ${name} could not be kept:`, error);
      }
    }
    this.#name ??= name;
  }

  /** Forget the credential of an agent that was taken off the marketplace. */
  async forget(agentId: string): Promise<void> {
    for (const [name, token] of this.#tokens) {
      if (token.agentId !== agentId) continue;
      this.#tokens.delete(name);
      if (this.#name === name) this.#name = undefined;
      await this.#store.forget(this.#server, this.tenant, name);
    }
  }

  #current(): StoredToken | undefined {
    const name = this.#name;
    if (name === undefined) return undefined;
    let token = this.#tokens.get(name);
    if (token === undefined && this.#claims.token === undefined) {
      token = this.#store.find(this.#server, this.tenant, name);
      if (token !== undefined) this.#tokens.set(name, token);
    }
    return token;
  }

  #missing(name: string): AgoraError {
    const fix = `Register it first: client.register({ agentName: "${name}" }), or give its token.`;
    return new Unauthenticated(`No token of agent "${name}" is kept for ${this.#url}.`, { fix });
  }
}

function checkToken(text: string | undefined): string | undefined {
  const token = text?.trim();
  if (token && !VISIBLE.test(token)) {
    throw new InvalidRequest("The token holds characters other than visible ones of ASCII.", { fix: "Copy it again, as a whole." });
  }
  return token || undefined;
}
