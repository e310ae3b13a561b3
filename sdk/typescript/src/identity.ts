import { AgoraError } from "./error.ts";
import { InvalidRequest, Unauthenticated } from "./generated/errors.ts";
import { isDue, type LoginStore, type RenewLogin } from "./login-store.ts";
import { serverKey, type StoredToken, type TokenStore } from "./token-store.ts";

const AGENT_TOKEN = "agt_";
const DEFAULT_TENANT = "default";
const VISIBLE = /^[!-~]+$/;

/** Identity options of a client. */
export interface Claims {
  readonly agent?: string | undefined;
  /** An explicit credential, with the highest precedence. */
  readonly token?: string | undefined;
  /** A credential of the environment, used without any other. */
  readonly ambientToken?: string | undefined;
  /** The store of logins, used for calls without another credential. */
  readonly logins?: LoginStore | undefined;
  readonly tenant?: string | undefined;
}

/**
 * The identity of a client: explicit, else stored by registration, else of the logged-in user, else anonymous.
 *
 * The client acts as the first agent that it registers.
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

  /** Key of an agent's server, tenant and name. */
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

  /** The credential of a call. Throws Unauthenticated if the named agent has none here. */
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

  /** The store of logins, if it is shared. */
  get logins(): LoginStore | undefined {
    return this.#claims.logins;
  }

  /** Whether calls use a login that must be renewed before the next one. */
  get isLoginDue(): boolean {
    const { token, ambientToken, logins } = this.#claims;
    if (logins === undefined || (token ?? ambientToken) !== undefined || this.#current() !== undefined) return false;
    const login = logins.find(this.#server);
    return login !== undefined && isDue(login);
  }

  /** Renew the login. Throws Unauthenticated if it has ended. */
  async renewLogin(renew: RenewLogin): Promise<void> {
    await this.#claims.logins?.current(this.#server, renew);
  }

  /** Headers of a call: its credential, and the requested marketplace. */
  headers(token: string | undefined): Record<string, string> {
    const headers: Record<string, string> = {};
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (this.tenant !== DEFAULT_TENANT) headers["x-agora-tenant"] = this.tenant;
    return headers;
  }

  /** The identity of one agent, registered by this client or stored before. */
  ofAgent(name: string): Identity {
    const token = this.#tokens.get(name) ?? this.#store.find(this.#server, this.tenant, name);
    if (token === undefined) throw this.#missing(name);
    const ambientToken = this.#claims.token ?? this.#claims.ambientToken;
    const { logins } = this.#claims;
    const identity = new Identity(this.#store, this.#url, { agent: name, ambientToken, logins, tenant: this.tenant });
    identity.#tokens = this.#tokens; // shared, so that all of them see additions and removals
    this.#tokens.set(name, token);
    return identity;
  }

  /** The identity of the owner of a token. */
  ofToken(token: string): Identity {
    return new Identity(this.#store, this.#url, { token, tenant: this.tenant });
  }

  /**
   * Credentials for registering a name, in order of preference; each is tried if the previous one is refused.
   *
   * An agent's own token updates the registration; any other credential creates a new one. A stored token becomes
   * invalid when its server is reset.
   */
  candidates(name: string): (string | undefined)[] {
    const given = this.#otherToken();
    const known = this.#tokens.get(name) ?? this.#store.find(this.#server, this.tenant, name);
    const own = given?.startsWith(AGENT_TOKEN) ? [given] : [];
    return [...new Set([...own, ...(known ? [known.token] : []), given])];
  }

  /** Store the credential of a registered agent, and act as it unless this client already acts as another one. */
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

  /** Remove the credential of a deregistered agent. */
  async forget(agentId: string): Promise<void> {
    for (const [name, token] of this.#tokens) {
      if (token.agentId !== agentId) continue;
      this.#tokens.delete(name);
      if (this.#name === name) this.#name = undefined;
      try {
        await this.#store.forget(this.#server, this.tenant, name);
      } catch (error) {
        // The agent is deregistered in any case: a repetition of the call would fail.
        console.warn(`agora: the token of ${name} could not be removed:`, error);
      }
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
    throw new InvalidRequest("The token contains characters that are not printable ASCII.", { fix: "Copy it again, as a whole." });
  }
  return token || undefined;
}
