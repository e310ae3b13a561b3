"""Colours of states: few colours, each with a symbol, so that no information depends on colour alone."""

from __future__ import annotations

__all__ = ["TONES", "tone_of_state"]

TONES = ("good", "live", "wait", "warn", "bad", "idle")

_STATES_BY_TONE = {
    "good": "active completed healthy confirmed done agreed acknowledged ok connected closed accepted online success succeeded replayed",
    "live": "running in_progress busy starting provisioning informed delivered read connecting open",
    "wait": "pending ready queued held requested waiting proposed waiting_approval beta draft scheduled",
    "warn": "paused input_required auth_required degraded warned stopping deprecated quarantined refused rate_limited "
    "suspended changed stale draining",
    "bad": "failed error rejected expired dead_lettered timed_out critical exhausted unreachable denied sunset "
    "terminated unknown halted dead",
    "idle": "blocked discarded cancelled skipped inactive offline retired stopped idle lifted dropped",
}
_TONE_BY_STATE = {state: tone_of_state for tone_of_state, states in _STATES_BY_TONE.items() for state in states.split()}


def tone_of_state(state: object) -> str:
    """Return the tone of a state: good, live, wait, warn, bad or idle; idle for unknown states."""
    return _TONE_BY_STATE.get(str(state), "idle")
