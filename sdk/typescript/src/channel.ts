/** A live connection as a sequence of JSON frames. */

/** A frame from the server: an item, or with `control` a message about the stream. */
export interface Frame {
  readonly control?: string;
  readonly code?: number;
  readonly sequence?: number;
  readonly [member: string]: unknown;
}

/** One connection. */
export interface Channel {
  /** Receive the next frame. Throws {@link Disconnected}. */
  receive(): Promise<Frame>;
  /** Acknowledge everything up to that position, if the connection is bidirectional. */
  acknowledge(sequence: number): void;
  close(): void;
}

/** The connection ended. */
export class Disconnected extends Error {}

/** This kind of connection is not available; another one may be. */
export class Refused extends Error {}
