import { defaultTokens } from "./credentials-file.ts";
import type { AgentRegisterArguments, Services } from "./generated/services.ts";
import type { Registration } from "./generated/types.ts";
import { Identity } from "./identity.ts";
import { type CallOptions, type ClientOptions, environment, resolveOptions } from "./options.ts";
import { type CallDefaults, Session } from "./session.ts";

/** A client's services: an attribute for each category of operations. */
export interface AgoraClient extends Services {}

/**
 * A client of one Agora server: every operation of the marketplace as a method.
 *
 * ```ts
 * const client = new AgoraClient();
 * const me = await client.register({ agentName: "MyAgent", capabilities: ["documentation"] });
 * await client.messaging.send({ toAgent: "Other", content: "Hello!" });
 * ```
 *
 * The first agent that a client registers, or the one it was given, is who it acts as; {@link AgoraClient.asAgent} acts as
 * another one. Calls throw `AgoraError` and its kinds. Every command carries an idempotency key of its own, so that a
 * retry happens once.
 */
export class AgoraClient {
  readonly #session: Session;

  constructor(options: ClientOptions = {}) {
    this.#session = options instanceof Session ? options : openSession(options);
    Object.assign(this, this.#session.services());
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

  /** Register an agent, or update it where its token is known: short for `agent.register`. */
  register(args: AgentRegisterArguments, options?: CallOptions): Promise<Registration> {
    return this.agent.register(args, options);
  }

  /**
   * A copy that acts as an agent that was registered before, and shares this client's connections and tokens.
   *
   * @param agent - its name, or what registering it answered
   * @throws `Unauthenticated` where no token of it is kept
   */
  asAgent(agent: string | { agentName: string }): AgoraClient {
    const name = typeof agent === "string" ? agent : agent.agentName;
    const { server, identity, defaults } = this.#session;
    return fromSession(new Session(server, identity.ofAgent(name), defaults));
  }

  /** A copy whose calls differ in these options; it shares this client's identity and connections. */
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
  const claims = { agent, token, tenant, ambientToken: environment("AGORA_TOKEN") };
  return new Session(server, new Identity(tokens ?? defaultTokens(), url, claims), { timeout, retries });
}
