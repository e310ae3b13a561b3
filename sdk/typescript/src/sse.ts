/** Channels over Server-Sent Events. */

import { type Channel, Disconnected, type Frame, Refused } from "./channel.ts";
import { AgoraError } from "./error.ts";
import { isObject, parseJson } from "./json.ts";
import { errorFromAnswer, isProblem } from "./problem.ts";
import { Silence } from "./silence.ts";
import { isTransientStatus } from "./transport.ts";

/**
 * Connect. Throws Disconnected, Refused, or the server's error.
 *
 * @param closing - ends the attempt
 */
export async function openEventSource(
  fetcher: typeof fetch,
  url: string,
  target: string,
  headers: Record<string, string>,
  closing: AbortSignal,
): Promise<Channel> {
  const ending = new AbortController();
  const silence = new Silence(() => ending.abort(new Disconnected("the server has said nothing for a minute")));
  const abort = () => ending.abort();
  if (closing.aborted) abort();
  closing.addEventListener("abort", abort, { once: true });
  try {
    const answer = await fetcher(url + target, {
      headers: { ...headers, accept: "text/event-stream" },
      cache: "no-store",
      signal: ending.signal,
    });
    const isEvents = answer.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
    if (answer.ok && isEvents && answer.body) return new EventSourceChannel(answer.body, ending, silence);
    const text = await answer.text();
    if (answer.ok) throw new Refused(`${url} does not answer with events`);
    // An intermediary's; the server's own document says more, such as how long to wait.
    if (isTransientStatus(answer.status) && !isProblem(text)) throw new Disconnected(`HTTP ${answer.status}`);
    throw errorFromAnswer(answer.status, answer.headers, text, url);
  } catch (error) {
    silence.end();
    if ([AgoraError, Disconnected, Refused].some((kind) => error instanceof kind)) throw error;
    throw new Disconnected("no connection", { cause: error instanceof Error ? (error.cause ?? error) : error });
  } finally {
    closing.removeEventListener("abort", abort);
  }
}

class EventSourceChannel implements Channel {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #ending: AbortController;
  readonly #silence: Silence;
  readonly #parser = new EventSourceParser();
  #frames: Frame[] = [];

  constructor(body: ReadableStream<Uint8Array>, ending: AbortController, silence: Silence) {
    this.#reader = body.getReader();
    this.#ending = ending;
    this.#silence = silence;
  }

  async receive(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      const { value, done } = await this.#read();
      if (done || value === undefined) {
        this.#silence.end();
        throw new Disconnected("connection lost");
      }
      this.#silence.interrupt();
      this.#frames = this.#parser.feed(value);
    }
  }

  async #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await this.#reader.read();
    } catch (error) {
      this.#silence.end();
      throw new Disconnected("connection lost", { cause: error });
    }
  }

  acknowledge(): void {
    // The position is sent when the stream is resumed.
  }

  close(): void {
    this.#silence.end();
    this.#reader.cancel().catch(() => undefined);
    this.#ending.abort();
  }
}

/**
 * An incremental parser of Server-Sent Events.
 *
 * A message without data is a heartbeat that advances the position. A frame without a `sequence` gets it from the
 * message's id.
 */
export class EventSourceParser {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #data: string[] = [];
  #id = "";

  /** Return the frames completed by this chunk. Throws Disconnected for an invalid frame. */
  feed(chunk: Uint8Array): Frame[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    const frames: Frame[] = [];
    for (const line of lines) {
      const text = line.endsWith("\r") ? line.slice(0, -1) : line;
      const colon = text.indexOf(":");
      const name = colon < 0 ? text : text.slice(0, colon);
      const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
      if (text === "") {
        const frame = this.#takeFrame();
        if (frame !== undefined) frames.push(frame);
      } else if (name === "data") this.#data.push(value);
      else if (name === "id") this.#id = value;
    }
    return frames;
  }

  #takeFrame(): Frame | undefined {
    const [data, id] = [this.#data.join("\n"), this.#id];
    this.#data = [];
    this.#id = "";
    const position = /^\d+$/.test(id) ? { sequence: Number(id) } : {};
    if (data) return { ...position, ...decodeFrame(data) };
    return "sequence" in position ? { control: "heartbeat", ...position } : undefined;
  }
}

/** Decode a frame from its JSON. */
export function decodeFrame(text: unknown): Frame {
  const frame = typeof text === "string" ? parseJson(text) : undefined;
  if (!isObject(frame)) throw new Disconnected("the server sent an invalid event");
  return frame as Frame;
}
