"""Analysis: what can be said of a text by counting, and its sentiment by a lexicon (VADER, for English)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from .port import Failed, Job, Profile, Reply, Resident
from .text import keywords, readability, sentences, statistics

__all__ = ["Analyst"]

LONGEST = 200_000  # most characters of a text
INLINE = 4000  # characters that are analysed on the loop; longer texts have a thread
SCORED = 500  # most sentences whose sentiment is looked at
LONG_SENTENCE = 2000
MISSING = "Sentiment needs the extra: pip install 'agora-server[analysis]'."
_ABOUT = r"(?:the\s+)?(?:following\s+|this\s+|that\s+|my\s+|these\s+)?(?:text|data|sentence|paragraph|document|message|words?)?"
_COMMAND = re.compile(
    rf"""^\s*(?:(?:please|can\s+you|could\s+you|hi|hello|hey)\b[\s,:]*)*
        (?:(?:do|make|run|give\s+me|show\s+me|find|get|extract|tell\s+me)\s+(?:an?\s+|the\s+)?)?
        (?P<what>analy[sz]e|analysis|sentiment(?:\s+analysis)?|keywords?|readability|statistics|stats|count\s+words)\b
        (?:\s+(?:of|for|in|from|on|about)\b)?\s*{_ABOUT}\s*(?:[:\-]\s*|\n)?""",
    re.IGNORECASE | re.VERBOSE,
)
PARTS = ("statistics", "readability", "keywords", "sentiment")
Scorer = Callable[[str], dict[str, float]]


class Analyst(Resident):
    """Answers with a report and with data, and publishes ``analysis.complete``."""

    profile = Profile(
        "Analysis Agent",
        "Analyses text: statistics, readability (Flesch), keywords, and sentiment (VADER); the last three for English.",
        [
            {
                "id": "analyze",
                "name": "Analyse text",
                "description": "Statistics, readability, keywords and sentiment of a text; data as {text, parts}.",
                "tags": ["text", "analysis", "nlp"],
                "examples": ["Analyze this text: Agora is easy to use.", "Analyze: I love it!"],
            },
            {
                "id": "sentiment",
                "name": "Sentiment",
                "description": "Whether a text is positive, negative or neutral.",
                "tags": ["text", "sentiment", "nlp"],
                "examples": ["Sentiment of: what a wonderful day"],
            },
            {
                "id": "keywords",
                "name": "Keywords",
                "description": "The words and pairs of words that a text is about.",
                "tags": ["text", "keywords", "nlp"],
                "examples": ["Keywords of: ..."],
            },
        ],
        ["builtin", "text"],
    )
    concurrency = 4

    async def handle(self, job: Job) -> Reply:
        text, parts = _asked(job)
        if not text.strip():
            raise Failed("There is no text to analyse. Say for example: Analyze: I love it!")
        if len(text) > LONGEST:
            raise Failed(f"The text has {len(text)} characters; at most {LONGEST} are analysed.")
        quick = len(text) <= INLINE and ("sentiment" not in parts or _scorer.cache_info().currsize)
        found = _analysed(text, parts) if quick else await asyncio.to_thread(_analysed, text, parts)
        told = {name: part for name, part in found.items() if name != "keywords"}  # everyone sees it: not what it says
        await job.publish("analysis.complete", told)
        return Reply([{"text": _report(found)}, {"data": found}], result=found)


def _asked(job: Job) -> tuple[str, tuple[str, ...]]:
    """The text, and what is to be said of it."""
    data, said = job.data, job.text
    match = _COMMAND.match(said[:1000])
    what = (job.skill or (match["what"] if match else "")).lower()
    chosen = next((part for part in PARTS if what and what.startswith(part.rstrip("s")[:4])), None)
    parts: tuple[str, ...] = (chosen,) if chosen else PARTS
    if isinstance(listed := data.get("parts"), list):
        parts = tuple(part for part in PARTS if part in listed) or PARTS
    if isinstance(given := data.get("text"), str):
        return given, parts
    rest = said[match.end() :] if match else said
    return (rest if rest.strip() else said), parts


def _analysed(text: str, parts: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "statistics" in parts:
        found["statistics"] = statistics(text)
    if "readability" in parts:
        found["readability"] = readability(text)
    if "keywords" in parts:
        found["keywords"] = keywords(text)
    if "sentiment" in parts:
        found["sentiment"] = _sentiment(text)
    return found


@cache
def _scorer() -> Scorer | None:
    """VADER, once it is needed; None where it is not installed."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        return None
    scorer: Scorer = SentimentIntensityAnalyzer().polarity_scores
    return scorer


def _sentiment(text: str) -> dict[str, Any]:
    """The mean over the sentences, as VADER's authors have it: compound from -1 to 1."""
    score = _scorer()
    if score is None:
        return {"label": "unknown", "reason": MISSING}
    scored = [score(sentence[:LONG_SENTENCE]) for sentence in sentences(text)[:SCORED]] or [score(text[:LONG_SENTENCE])]
    means = {
        name: round(sum(each[name] for each in scored) / len(scored), 4) for name in ("compound", "pos", "neu", "neg")
    }
    label = "positive" if means["compound"] >= 0.05 else "negative" if means["compound"] <= -0.05 else "neutral"
    return {"label": label, "compound": means["compound"], "positive": means["pos"], "neutral": means["neu"],
            "negative": means["neg"]}  # fmt: skip


def _report(found: dict[str, Any]) -> str:
    lines = []
    if counted := found.get("statistics"):
        lines.append(
            f"Statistics: {counted['words']} words ({counted['unique_words']} different), {counted['sentences']} "
            f"sentences, {counted['characters']} characters, {counted['average_sentence_length']:g} words a sentence."
        )
    if read := found.get("readability"):
        lines.append(
            f"Readability: {read['level']} (Flesch reading ease {read['flesch_reading_ease']:g}, "
            f"grade {read['flesch_kincaid_grade']:g})."
        )
    if words := found.get("keywords"):
        lines.append(f"Keywords: {', '.join(word['keyword'] for word in words)}.")
    if felt := found.get("sentiment"):
        lines.append(f"Sentiment: {felt['label']} ({felt['compound']:+.2f})." if "compound" in felt else felt["reason"])
    return "\n".join(lines) or "There is nothing to say about it."
