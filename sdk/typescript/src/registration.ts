/** Registration of an agent: choice of credentials, and storage of the result. */

import { sleep } from "./backoff.ts";
import { NameTaken, PermissionDenied, Unauthenticated } from "./generated/errors.ts";
import { OPERATIONS } from "./generated/operations.ts";
import type { CallOptions } from "./options.ts";
import type { Session, WireArguments } from "./session.ts";
import { serverKey } from "./token-store.ts";

type Answer = Record<string, unknown>;
type Send = (token: string | undefined) => Promise<Answer>;

/** Seconds between checks for a token that another program may be storing for the same agent. */
const STORED_TOKEN_PAUSES = [0.05, 0.1, 0.2, 0.4];

/** Registrations in progress on this page or in this program, by server, tenant and name. */
const underWay = new Map<string, { key: string; answer: Promise<Answer> }>();

/**
 * Register an agent, or update it if its token is known. Concurrent registrations of one name are merged: React's
 * strict mode runs effects twice. One with other arguments follows after the first.
 *
 * @param send - calls the operation with a credential
 */
export async function registerAgent(session: Session, args: WireArguments, options: CallOptions, send: Send): Promise<Answer> {
  const place = session.identity.placeOf(String(args["agent_name"]));
  const key = JSON.stringify(args);
  for (let earlier = underWay.get(place); earlier !== undefined; earlier = underWay.get(place)) {
    if (earlier.key === key) return adopt(session, await earlier.answer);
    await earlier.answer.catch(() => undefined);
  }
  const answer = register(session, args, options, send);
  underWay.set(place, { key, answer });
  try {
    return await adopt(session, await answer);
  } finally {
    underWay.delete(place);
  }
}

async function adopt(session: Session, answer: Answer): Promise<Answer> {
  const { agent_name: name, agent_id: id, token } = answer as { agent_name: string; agent_id: string; token?: string };
  await session.identity.adopt(name, id, token);
  return answer;
}

/** Register with the available credentials. The answer has the agent's token. */
async function register(session: Session, args: WireArguments, options: CallOptions, send: Send): Promise<Answer> {
  const name = String(args["agent_name"]);
  const candidates = session.identity.candidates(name);
  const last = candidates.at(-1);
  let used = last;
  let answer: Answer | undefined;
  // The agent's own token first: it updates the registration. The server refuses a token of an earlier database, so
  // each further credential is tried only after the previous one was refused.
  for (const token of candidates.slice(0, -1)) {
    try {
      answer = await send(token);
      used = token;
      break;
    } catch (error) {
      if (!(error instanceof Unauthenticated)) throw error;
    }
  }
  if (answer === undefined) {
    try {
      answer = await send(last);
    } catch (error) {
      if (!(error instanceof NameTaken)) throw error;
      used = await waitForStoredToken(session, name, candidates);
      if (used === undefined) throw error;
      answer = await send(used);
    }
  }
  const tier = args["service_tier"];
  if (tier !== undefined && answer["service_tier"] !== tier && used !== last) {
    answer = await raiseTier(session, answer, tier, options, last);
  }
  return { ...answer, token: answer["token"] ?? used };
}

/** Wait for the token that another program stores while it registers the same agent. */
async function waitForStoredToken(session: Session, name: string, tried: (string | undefined)[]): Promise<string | undefined> {
  for (const seconds of STORED_TOKEN_PAUSES) {
    const fresh = session.identity.candidates(name).find((token) => !tried.includes(token));
    if (fresh !== undefined) return fresh;
    await sleep(seconds);
  }
  return undefined;
}

/** Whether the server may treat the caller as its local operator: not for a web page. */
function isLocalProgram(url: string): boolean {
  return "process" in globalThis && new URL(serverKey(url)).hostname === "127.0.0.1";
}

/** Grant the requested tier as the operator, if the client is one without the agent's own token. */
async function raiseTier(
  session: Session,
  answer: Answer,
  tier: unknown,
  options: CallOptions,
  token: string | undefined,
): Promise<Answer> {
  if (token === undefined && !isLocalProgram(session.server.url)) return answer;
  const args = { resource: "agent", target: answer["agent_id"], action: "set_tier", value: tier };
  try {
    await session.send("admin/manage", OPERATIONS.admin.manage, args, { signal: options.signal }, token);
    return { ...answer, service_tier: tier };
  } catch (error) {
    // the tier in the answer is the granted one
    if (error instanceof PermissionDenied || error instanceof Unauthenticated) return answer;
    throw error;
  }
}
