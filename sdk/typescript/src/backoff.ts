/** Growing pauses with jitter, so that clients that failed together do not return together. */
export class Backoff {
  readonly retries: number;
  readonly first: number;
  readonly most: number;

  /**
   * @param retries - number of retries after the first attempt
   * @param first - maximum seconds of the first pause
   * @param most - maximum seconds of a pause
   */
  constructor(retries = 3, first = 0.1, most = 10) {
    this.retries = retries;
    this.first = first;
    this.most = most;
  }

  /** Seconds to wait after a failed attempt, the first being 0: between half and all of the step. */
  pause(attempt: number): number {
    const step = Math.min(this.most, this.first * 2 ** Math.min(attempt, 30));
    return step * (0.5 + Math.random() / 2);
  }
}

/** Wait; rejects with the signal's reason when that is aborted. */
export function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
