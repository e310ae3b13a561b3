/** Channels over WebSocket. */

import { type Channel, Disconnected, type Frame, Refused } from "./channel.ts";
import { Silence } from "./silence.ts";
import { decodeFrame } from "./sse.ts";

const SUBPROTOCOL = "agora";
const CONNECT_MILLISECONDS = 10_000;
/** Characters of received frames that wait for their reader. */
const MAX_WAITING_CHARACTERS = 4 * 1024 * 1024;

/**
 * Connect. Throws Refused if the connection fails: a browser does not give the reason, so it is requested over HTTP.
 *
 * @param token - sent as a subprotocol, because browsers cannot set headers here
 * @param closing - ends the attempt
 */
export function openWebSocket(
  WebSocketClass: typeof WebSocket,
  url: string,
  target: string,
  token: string | undefined,
  closing: AbortSignal,
): Promise<Channel> {
  const protocols = token === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, `bearer.${token}`];
  return new Promise((resolve, reject) => {
    const socket = new WebSocketClass(url.replace(/^http/, "ws") + target, protocols);
    const channel = new WebSocketChannel(socket);
    const refuse = (reason: string) => {
      settle();
      channel.close();
      reject(new Refused(reason));
    };
    const abort = () => refuse("the stream was closed");
    const timer = setTimeout(() => refuse("no WebSocket within ten seconds"), CONNECT_MILLISECONDS);
    const settle = () => {
      clearTimeout(timer);
      closing.removeEventListener("abort", abort);
    };
    closing.addEventListener("abort", abort, { once: true });
    if (closing.aborted) abort();
    socket.addEventListener("open", () => {
      settle();
      resolve(channel);
    });
    socket.addEventListener("close", () => refuse("no WebSocket"));
    socket.addEventListener("error", () => undefined); // "close" follows
  });
}

class WebSocketChannel implements Channel {
  readonly #socket: WebSocket;
  readonly #silence: Silence;
  readonly #texts: unknown[] = [];
  #waitingCharacters = 0;
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#silence = new Silence(() => this.close());
    socket.addEventListener("message", (message) => this.#keep(message.data));
    socket.addEventListener("close", () => this.close());
  }

  #keep(text: unknown): void {
    if (this.#isClosed) return;
    this.#silence.interrupt();
    const size = sizeOf(text);
    // A WebSocket cannot be slowed down: a slow reader would fill the memory. It gets the rest when it has read what
    // waits, over a new connection that resumes after it.
    if (this.#texts.length > 0 && this.#waitingCharacters + size > MAX_WAITING_CHARACTERS) return this.close();
    this.#texts.push(text);
    this.#waitingCharacters += size;
    this.#wake?.();
  }

  async receive(): Promise<Frame> {
    while (this.#texts.length === 0) {
      if (this.#isClosed) throw new Disconnected("connection lost");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const text = this.#texts.shift();
    this.#waitingCharacters -= sizeOf(text);
    return decodeFrame(text);
  }

  acknowledge(sequence: number): void {
    if (!this.#isClosed) this.#socket.send(JSON.stringify({ ack: sequence }));
  }

  close(): void {
    this.#isClosed = true;
    this.#silence.end();
    this.#socket.close();
    this.#wake?.();
  }
}

function sizeOf(text: unknown): number {
  return typeof text === "string" ? text.length : 0;
}
