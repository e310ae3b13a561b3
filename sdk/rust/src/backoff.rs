//! Growing pauses with jitter, so that clients that failed together do not return together.

use std::time::Duration;

/// Pauses between attempts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// Maximum of the first pause.
    first: Duration,
    /// Maximum of a pause.
    pub(crate) most: Duration,
}

impl Backoff {
    /// Between the attempts of one call.
    pub(crate) const CALL: Self = Self::new(Duration::from_millis(100));
    /// Between the attempts of an agent that waits for a server.
    pub(crate) const AGENT: Self = Self::new(Duration::from_millis(500));

    const fn new(first: Duration) -> Self {
        Self {
            first,
            most: Duration::from_secs(10),
        }
    }

    /// Time to wait after a failed attempt, the first being 0: between half and all of the step.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        let step = self.first.saturating_mul(1 << attempt.min(16)).min(self.most);
        // The first bits of a random UUID: the crate needs no other random source.
        let jitter = f64::from(uuid::Uuid::new_v4().as_fields().0 as u16) / f64::from(u16::MAX);
        step.mul_f64(0.5 + jitter / 2.0)
    }
}
