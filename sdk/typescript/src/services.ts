/** The services of the contract as methods that call a session. */

import { decodeResult, encodeArguments, snakeCase } from "./case.ts";
import { EventStream } from "./event-stream.ts";
import { OPERATIONS } from "./generated/operations.ts";
import type { Services } from "./generated/services.ts";
import { renewLogin } from "./login-renewal.ts";
import type { Operation, OperationTable } from "./operation.ts";
import type { CallOptions } from "./options.ts";
import { nextPageArguments, Page } from "./page.ts";
import { registerAgent } from "./registration.ts";
import type { Session, WireArguments } from "./session.ts";

const NO_NAMES: ReadonlySet<string> = new Set();

/** Build the services of the contract, each a plain object with a method for each operation. */
export function buildServices(session: Session): Services {
  const services: Record<string, Record<string, unknown>> = {};
  for (const [category, operations] of Object.entries<OperationTable[string]>(OPERATIONS)) {
    const service: Record<string, unknown> = {};
    for (const [action, operation] of Object.entries(operations)) {
      const name = `${category}/${snakeCase(action)}`;
      service[action] = (args: object = {}, options: CallOptions = {}) => startCall(session, name, operation, args, options);
    }
    services[category] = service;
  }
  return services as unknown as Services;
}

function startCall(session: Session, name: string, operation: Operation, args: object, options: CallOptions): unknown {
  const opaque = operation.opaque === undefined ? NO_NAMES : new Set(operation.opaque.split(" "));
  const wireArgs = encodeArguments(args, opaque);
  if (operation.kind !== "stream") return call(session, name, operation, wireArgs, options, opaque);
  return new EventStream(session, name, wireArgs, options, (item) => decodeResult(item, opaque));
}

async function call(
  session: Session,
  name: string,
  operation: Operation,
  args: WireArguments,
  options: CallOptions,
  opaque: ReadonlySet<string>,
): Promise<unknown> {
  if (session.identity.isLoginDue) await renewLogin(session);
  if (name === "agent/register") {
    const send = (token: string | undefined) => session.send(name, operation, args, options, token);
    return decodeResult(await registerAgent(session, args, options, send), opaque);
  }
  const answer = await session.send(name, operation, args, options, session.identity.token());
  if (name === "agent/deregister") await session.identity.forget(String(answer["agent_id"]));
  const result = decodeResult(answer, opaque) as Record<string, unknown>;
  if (operation.items === undefined) return result;
  const items = (result[operation.items] ?? []) as unknown[];
  const following = nextPageArguments(args, operation.pagedBy, result, items);
  const nextPage = async () =>
    following && ((await call(session, name, operation, following, options, opaque)) as Page<unknown>);
  return new Page<unknown>(result, items, nextPage);
}
