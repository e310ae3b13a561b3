/** There is no ping: a server sends something at least this often, or the connection is dead. */
const SILENCE_MILLISECONDS = 60_000;

/** Calls back after a period without data. */
export class Silence {
  readonly #ended: () => void;
  #timer: ReturnType<typeof setTimeout>;

  constructor(ended: () => void) {
    this.#ended = ended;
    this.#timer = setTimeout(ended, SILENCE_MILLISECONDS);
  }

  interrupt(): void {
    this.end();
    this.#timer = setTimeout(this.#ended, SILENCE_MILLISECONDS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
