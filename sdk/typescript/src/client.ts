import { type AgentEventHandler, AgentEventListener } from "./agent-events.ts";
import { camelCase } from "./case.ts";
import { defaultTokens, FileTokens } from "./credentials-file.ts";
import { NotFound } from "./generated/errors.ts";
import type { AgentRegisterArguments, Operations, Services } from "./generated/services.ts";
import type { EventReceipt, Registration } from "./generated/types.ts";
import { Identity } from "./identity.ts";
import type { JsonValue } from "./json.ts";
import { type CallOptions, type ClientOptions, environment, resolveOptions } from "./options.ts";
import { buildServices } from "./services.ts";
import { type CallDefaults, Session } from "./session.ts";

/** A client's services: an attribute for each category of operations. */
export interface AgoraClient extends Services {}

/** Arguments of an operation; optional if none is required. */
export type OperationArguments<Name extends keyof Operations> = object extends Operations[Name]["args"]
  ? [args?: Operations[Name]["args"], options?: CallOptions]
  : [args: Operations[Name]["args"], options?: CallOptions];

type Method = (args?: object, options?: CallOptions) => unknown;

/**
 * A client of one Agora server: every operation of the marketplace as a method.
 *
 * ```ts
 * const client = new AgoraClient();
 * const me = await client.register({ agentName: "MyAgent", capabilities: ["documentation"] });
 * await client.messaging.send({ toAgent: "Other", content: "Hello!" });
 * ```
 *
 * A client acts as the first agent that it registers, or as the given one; use {@link AgoraClient.asAgent} for another
 * one. Calls throw `AgoraError` and its subclasses. Every command has its own idempotency key, so that a retry has no
 * second effect.
 */
export class AgoraClient {
  readonly #session: Session;

  constructor(options: ClientOptions = {}) {
    this.#session = options instanceof Session ? options : openSession(options);
    Object.assign(this, buildServices(this.#session));
  }

  /** The server's address. */
  get url(): string {
    return this.#session.server.url;
  }

  /** Name of the agent that this client acts as. */
  get agentName(): string | undefined {
    return this.#session.identity.agentName;
  }

  /** Id of the agent that this client acts as, once it is known. */
  get agentId(): string | undefined {
    return this.#session.identity.agentId;
  }

  /** Register an agent, or update it if its token is known; short for `agent.register`. */
  register(args: AgentRegisterArguments, options?: CallOptions): Promise<Registration> {
    return this.agent.register(args, options);
  }

  /**
   * Call an operation by its name, for dynamic calls: `request("task.get", { taskId })` is `task.get({ taskId })`.
   *
   * @throws `NotFound` if this version of the SDK has no such operation
   */
  request<Name extends keyof Operations>(
    operation: Name | `agora.${Name}`,
    ...[args, options]: OperationArguments<Name>
  ): Operations[Name]["answer"] {
    const [category = "", action = ""] = operation.replace(/^agora\./, "").split(".").map(camelCase);
    const service = Object.hasOwn(this, category) ? (this as unknown as Record<string, Record<string, Method>>)[category] : undefined;
    if (service === undefined || !Object.hasOwn(service, action)) throw new NotFound(`There is no operation ${operation}.`);
    return service[action]?.(args, options) as Operations[Name]["answer"];
  }

  /** Publish an event of the agent; short for `event.publish`. */
  publishEvent(eventType: string, data: JsonValue = null, options?: CallOptions): Promise<EventReceipt> {
    return this.event.publish({ eventType, data }, options);
  }

  /**
   * Call a handler for each such event that an agent publishes, or that is about the agent, from now on.
   *
   * @param agentName - its name or id; it may register later
   * @param options - `signal` ends the subscription, like closing the returned listener
   */
  async subscribeToAgentEvents(
    agentName: string,
    eventType: string,
    handler: AgentEventHandler,
    options: Pick<CallOptions, "signal"> = {},
  ): Promise<AgentEventListener> {
    const listener = new AgentEventListener(this.agent, this.#session, agentName, eventType, handler, options.signal);
    await listener.opened;
    return listener;
  }

  /** Return a copy that acts as the owner of this token, and shares the connections. */
  withToken(token: string): AgoraClient {
    const { server, identity, defaults } = this.#session;
    return fromSession(new Session(server, identity.ofToken(token), defaults));
  }

  /**
   * Return a copy that acts as an agent registered earlier, and shares the connections and tokens.
   *
   * @param agent - its name, or the result of its registration
   * @throws `Unauthenticated` if no token of it is stored
   */
  asAgent(agent: string | { agentName: string }): AgoraClient {
    const name = typeof agent === "string" ? agent : agent.agentName;
    const { server, identity, defaults } = this.#session;
    return fromSession(new Session(server, identity.ofAgent(name), defaults));
  }

  /** Return a copy with these call options; it shares the identity and connections. */
  withOptions(options: Partial<CallDefaults>): AgoraClient {
    const { server, identity, defaults } = this.#session;
    return fromSession(new Session(server, identity, { ...defaults, ...options }));
  }

  /** The session of a client, for the other modules of this package. @internal */
  static sessionOf(client: AgoraClient): Session {
    return client.#session;
  }
}

function fromSession(session: Session): AgoraClient {
  return new AgoraClient(session as unknown as ClientOptions);
}

function openSession(options: ClientOptions): Session {
  const { url, timeout, retries, agent, token, tenant, tokens, ...platform } = resolveOptions(options);
  const server = {
    url,
    fetch: platform.fetch ?? ((input, init) => fetch(input, init)),
    webSocket: platform.webSocket === false ? undefined : (platform.webSocket ?? globalThis.WebSocket),
  };
  const store = tokens ?? defaultTokens();
  const logins = store instanceof FileTokens ? store.logins : undefined;
  const claims = { agent, token, tenant, logins, ambientToken: environment("AGORA_TOKEN") };
  return new Session(server, new Identity(store, url, claims), { timeout, retries });
}
