/** A live connection as a sequence of JSON frames. */

/** What the server sends: an item, or with `control` something about the stream. */
export interface Frame {
  readonly control?: string;
  readonly code?: number;
  readonly sequence?: number;
  readonly [member: string]: unknown;
}

/** One connection. */
export interface Channel {
  /** The next frame; throws {@link Disconnected}. */
  receive(): Promise<Frame>;
  /** Say that everything up to there has been dealt with, where the connection goes both ways. */
  acknowledge(sequence: number): void;
  close(): void;
}

/** The connection ended. */
export class Disconnected extends Error {}

/** This kind of connection is not to be had here; another may be. */
export class Refused extends Error {}
