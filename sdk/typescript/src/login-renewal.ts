/** Renewal of a login, by the server, for the client of the tokens. */

import { decodeResult } from "./case.ts";
import { Unauthenticated } from "./generated/errors.ts";
import { OPERATIONS } from "./generated/operations.ts";
import type { Login } from "./generated/types.ts";
import { RENEW_SECONDS, type StoredLogin } from "./login-store.ts";
import type { Session } from "./session.ts";

/** Assumed lifetime of a token if none is given. */
const DEFAULT_LIFETIME_SECONDS = 60;

/** Expiry of a token issued now, in seconds since 1970. */
export function expiryAfter(seconds: number | null): number {
  return Date.now() / 1000 + (seconds ?? DEFAULT_LIFETIME_SECONDS);
}

/** The error of a login that has ended. */
export function loginEnded({ username }: StoredLogin, cause?: unknown): Unauthenticated {
  return new Unauthenticated(`The login of ${username} has ended.`, { fix: "Log in again: agora login." }, { cause });
}

/** Renew the login used by calls. Throws Unauthenticated if it has ended. */
export function renewLogin(session: Session): Promise<void> {
  return session.identity.renewLogin((login) => refreshLogin(session, login));
}

/** Renew a login through the server. Throws Unauthenticated if it has ended. */
export async function refreshLogin(session: Session, login: StoredLogin): Promise<StoredLogin> {
  if (login.refreshToken === null) throw loginEnded(login);
  const args = { refresh_token: login.refreshToken, client_id: login.clientId };
  const options = { timeout: RENEW_SECONDS, retries: 0 }; // a refresh token is valid once
  try {
    const answer = await session.send("auth/refresh", OPERATIONS.auth.refresh, args, options, undefined);
    const { accessToken, refreshToken, expiresIn } = decodeResult(answer, new Set()) as Login;
    return { ...login, accessToken, refreshToken: refreshToken ?? login.refreshToken, expiresAt: expiryAfter(expiresIn) };
  } catch (error) {
    throw error instanceof Unauthenticated ? loginEnded(login, error) : error;
  }
}
