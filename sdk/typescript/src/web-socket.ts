/** Channels over WebSocket. */

import { type Channel, Disconnected, type Frame, Refused } from "./channel.ts";
import { decodeFrame } from "./sse.ts";

const SUBPROTOCOL = "agora";
const CONNECT_MILLISECONDS = 10_000;

/**
 * Connect. Throws Refused if the connection fails: a browser does not give the reason, so it is requested over HTTP.
 *
 * @param token - sent as a subprotocol, because browsers cannot set headers here
 */
export function openWebSocket(
  WebSocketClass: typeof WebSocket,
  url: string,
  target: string,
  token: string | undefined,
): Promise<Channel> {
  const protocols = token === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, `bearer.${token}`];
  return new Promise((resolve, reject) => {
    const socket = new WebSocketClass(url.replace(/^http/, "ws") + target, protocols);
    const timer = setTimeout(() => {
      socket.close();
      reject(new Refused("no WebSocket within ten seconds"));
    }, CONNECT_MILLISECONDS);
    const channel = new WebSocketChannel(socket);
    socket.addEventListener("open", () => {
      clearTimeout(timer);
      resolve(channel);
    });
    socket.addEventListener("close", () => {
      clearTimeout(timer);
      reject(new Refused("no WebSocket"));
    });
    socket.addEventListener("error", () => undefined); // "close" follows
  });
}

class WebSocketChannel implements Channel {
  readonly #socket: WebSocket;
  readonly #texts: unknown[] = [];
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", (message) => {
      this.#texts.push(message.data);
      this.#wake?.();
    });
    socket.addEventListener("close", () => {
      this.#isClosed = true;
      this.#wake?.();
    });
  }

  async receive(): Promise<Frame> {
    while (this.#texts.length === 0) {
      if (this.#isClosed) throw new Disconnected("connection lost");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return decodeFrame(this.#texts.shift());
  }

  acknowledge(sequence: number): void {
    if (!this.#isClosed) this.#socket.send(JSON.stringify({ ack: sequence }));
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
    this.#wake?.();
  }
}
