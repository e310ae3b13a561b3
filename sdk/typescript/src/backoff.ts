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

/** Longest delay of a timer, in milliseconds: a longer one fires at once. */
const MAX_DELAY = 2 ** 31 - 1;

/** The delay of a timer in milliseconds, no longer than timers can be. */
export function timerDelay(seconds: number): number {
  return Math.min(seconds * 1000, MAX_DELAY);
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
    }, timerDelay(seconds));
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Wait for work, or until the signal is aborted. Rejects only with an error of the work. */
export async function waitUntilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let abort = () => {};
  const aborting = new Promise<void>((resolve) => (abort = resolve));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([work, aborting]);
  } finally {
    // A signal that lives as long as an agent would otherwise collect a listener for every wait.
    signal.removeEventListener("abort", abort);
  }
}
