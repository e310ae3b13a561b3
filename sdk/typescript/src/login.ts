/** Login of a person at the server's identity provider, like `agora login`. */

import { sleep } from "./backoff.ts";
import { AgoraClient } from "./client.ts";
import { DeadlineExceeded, NotFound, PermissionDenied, UpstreamFailed, UpstreamUnavailable } from "./generated/errors.ts";
import type { Login as PasswordLogin } from "./generated/types.ts";
import { isObject, parseJson } from "./json.ts";
import { expiryAfter, loginEnded, refreshLogin } from "./login-renewal.ts";
import { type LoginStore, MemoryLogins, type StoredLogin } from "./login-store.ts";
import { MemoryTokens, serverKey } from "./token-store.ts";

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const CONFIRMATION_SECONDS = 600;
const POLL_SECONDS = 5;

/** Instructions for a person: open the address in any browser, and confirm the code there. */
export interface LoginPrompt {
  readonly verificationUri: string;
  /** The address including the code, if the provider supports it. */
  readonly verificationUriComplete: string | undefined;
  readonly userCode: string;
}

/**
 * Login method: name and password if the server supports it, else a code.
 *
 * `shared`: whether other programs of this user on this machine act as the person, too, as after `agora login`.
 * Default: true if the client stores its tokens in a file. Set it to false in a program that logs in several people.
 */
export type LoginOptions = (
  | { username: string; password: string }
  | { prompt: (prompt: LoginPrompt) => unknown }
) & { signal?: AbortSignal; shared?: boolean };

type Tokens = Pick<PasswordLogin, "accessToken" | "refreshToken" | "expiresIn">;

/** The session of a logged-in person. */
export class LoginSession {
  /** A client that acts as the person, until the token expires. */
  client: AgoraClient;
  readonly #start: AgoraClient;
  readonly #logins: LoginStore;
  #login: StoredLogin;

  /** @internal */
  constructor(start: AgoraClient, login: StoredLogin, logins: LoginStore) {
    this.#start = start;
    this.#logins = logins;
    this.#login = login;
    this.client = start.withToken(login.accessToken);
  }

  /**
   * Return a client that acts as the person, with a valid token, renewed if necessary.
   *
   * @throws `Unauthenticated` if the login has ended at the provider, or here by `agora logout` or the login of another
   * person
   */
  async current(): Promise<AgoraClient> {
    const session = AgoraClient.sessionOf(this.#start);
    const login = await this.#logins.current(serverKey(this.#start.url), (due) => refreshLogin(session, due));
    if (login?.username !== this.#login.username) throw loginEnded(this.#login);
    if (login.accessToken !== this.#login.accessToken) this.client = this.#start.withToken(login.accessToken);
    this.#login = login;
    return this.client;
  }

  /** End the session at the server, and at the provider if possible. */
  async logout(): Promise<void> {
    const client = await this.current();
    const { refreshToken, clientId, username } = this.#login;
    await client.auth.logout({ refreshToken, clientId });
    await this.#logins.forget(serverKey(this.#start.url), username);
  }
}

/**
 * Log a person in.
 *
 * ```ts
 * const session = await login(client, { prompt: ({ verificationUri, userCode }) => console.log(verificationUri,
 * userCode) });
 * console.log((await session.client.auth.userinfo()).name);
 * ```
 *
 * @throws `NotFound` if the server has no identity provider, or no login method for programs; `PermissionDenied` if the
 * person refuses; `DeadlineExceeded` if the code expires; `UpstreamFailed` if the provider returns an invalid response
 */
export async function login(client: AgoraClient, options: LoginOptions): Promise<LoginSession> {
  const { server, identity, defaults } = AgoraClient.sessionOf(client);
  const logins = ((options.shared ?? true) && identity.logins) || new MemoryLogins();
  // Anonymous: an earlier login may have ended.
  const webSocket = server.webSocket ?? false;
  const nobody = new AgoraClient({ ...server, ...defaults, webSocket, tenant: identity.tenant, tokens: new MemoryTokens() });
  const stored = await requestLogin(nobody, options);
  await logins.keep(serverKey(server.url), stored);
  return new LoginSession(client, stored, logins);
}

async function requestLogin(client: AgoraClient, options: LoginOptions): Promise<StoredLogin> {
  const configuration = await client.auth.configuration();
  if (!configuration.enabled || configuration.issuer === null) {
    const fix = "Use a token, or let the operator set oidc_issuers.";
    throw new NotFound(`${client.url} has no identity provider.`, { fix });
  }
  if ("username" in options) {
    const grant = await client.auth.login({ username: options.username, password: options.password });
    return buildLogin(grant, grant.user.username, null);
  }
  if (configuration.clientId === null) {
    const fix = "Let the operator set oidc_cli_client_id to a public client, or log in by name and password.";
    throw new NotFound("The server has no client id for programs.", { fix });
  }
  const { issuer, clientId } = configuration;
  const tokens = await confirmByCode(client, issuer, clientId, configuration.scope ?? "openid", options);
  const me = await client.withToken(tokens.accessToken).auth.userinfo();
  return buildLogin(tokens, me.username ?? me.name, clientId);
}

function buildLogin({ accessToken, refreshToken, expiresIn }: Tokens, username: string, clientId: string | null): StoredLogin {
  return { username, accessToken, refreshToken, expiresAt: expiryAfter(expiresIn), clientId };
}

/** The device flow (RFC 8628). */
async function confirmByCode(
  client: AgoraClient,
  issuer: string,
  clientId: string,
  scope: string,
  { prompt, signal }: { prompt: (prompt: LoginPrompt) => unknown; signal?: AbortSignal },
): Promise<Tokens> {
  const ask = (url: string, form?: Record<string, string>) => askProvider(client, issuer, url, form, signal);
  const provider = await ask(`${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`);
  if (provider["issuer"] !== issuer) throw new UpstreamFailed(`${issuer} does not describe itself as an identity provider does.`);
  if (typeof provider["device_authorization_endpoint"] !== "string") {
    const fix = "Log in by name and password, or use a token of the server.";
    throw new NotFound(`${issuer} has no device authorization endpoint.`, { fix });
  }
  const device = await ask(provider["device_authorization_endpoint"], { client_id: clientId, scope });
  const text = (name: string) => (typeof device[name] === "string" ? device[name] : undefined);
  const [deviceCode, userCode, verificationUri] = [text("device_code"), text("user_code"), text("verification_uri")];
  if (deviceCode === undefined || userCode === undefined || verificationUri === undefined) {
    throw new UpstreamFailed(`${issuer} gives no code to confirm.`);
  }
  const tokenEndpoint = String(provider["token_endpoint"]);
  requireSecureAddress(issuer, tokenEndpoint);
  await prompt({ verificationUri, verificationUriComplete: text("verification_uri_complete"), userCode });
  const lifetime = Math.min(readSeconds(device["expires_in"], CONFIRMATION_SECONDS), CONFIRMATION_SECONDS);
  const deadline = Date.now() + 1000 * lifetime;
  const form = { grant_type: DEVICE_GRANT, device_code: deviceCode, client_id: clientId };
  for (let seconds = readSeconds(device["interval"], POLL_SECONDS); Date.now() < deadline; ) {
    await sleep(seconds, signal);
    let answer: Record<string, unknown>;
    try {
      answer = await ask(tokenEndpoint, form);
    } catch (error) {
      if (!(error instanceof UpstreamFailed)) throw error;
      // RFC 8628, section 3.5: after a lost connection, clients go on less often.
      seconds *= 2;
      continue;
    }
    if (typeof answer["access_token"] === "string") return readTokens(answer);
    if (answer["error"] === "slow_down") seconds += POLL_SECONDS;
    else if (answer["error"] !== "authorization_pending") throw loginRefused(issuer, answer["error"]);
  }
  throw new DeadlineExceeded("Nobody confirmed the code in time.", { fix: "Log in again." });
}

function readTokens(answer: Record<string, unknown>): Tokens {
  const { access_token, refresh_token, expires_in } = answer;
  return {
    accessToken: String(access_token),
    refreshToken: typeof refresh_token === "string" ? refresh_token : null,
    expiresIn: typeof expires_in === "number" ? expires_in : null,
  };
}

/** A duration; providers may send it as text, or nothing that is one, with which the polls would have no pauses. */
function readSeconds(value: unknown, otherwise: number): number {
  const seconds = typeof value === "string" || typeof value === "number" ? Number(value) : Number.NaN;
  return seconds > 0 && seconds < Infinity ? seconds : otherwise;
}

function loginRefused(issuer: string, error: unknown): Error {
  if (error === "expired_token") return new DeadlineExceeded("Nobody confirmed the code in time.", { fix: "Log in again." });
  if (error === "access_denied") return new PermissionDenied("The login was refused.");
  return new UpstreamFailed(`${issuer} refuses the login (${String(error)}).`);
}

/** Request a JSON object of the provider. */
async function askProvider(
  client: AgoraClient,
  issuer: string,
  url: string,
  form: Record<string, string> | undefined,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>> {
  requireSecureAddress(issuer, url);
  const headers = { accept: "application/json" };
  const body = form && new URLSearchParams(form);
  const { fetch } = AgoraClient.sessionOf(client).server;
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, { headers, ...(body && { method: "POST", body }), ...(signal && { signal }) });
    status = response.status;
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw new UpstreamUnavailable(`${url} does not answer.`, {}, { cause: error });
  }
  const answer = parseJson(text);
  if (!isObject(answer)) throw new UpstreamFailed(`${url} answers no JSON object (${status}).`);
  return answer;
}

/** Check that an address is of https, or of http on the same machine. */
function requireSecureAddress(issuer: string, url: string): void {
  const isLocal = (text: string) => /^http:\/\/(localhost|127\.[0-9.]+|\[::1\])(:|\/|$)/.test(text);
  if (url.startsWith("https://") || (isLocal(url) && isLocal(issuer))) return;
  throw new UpstreamFailed(`"${url}" is not a valid login address.`, { fix: "Identity providers must use https." });
}
