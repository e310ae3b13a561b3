"""The analysis agent: text statistics, readability, keywords, and sentiment by a lexicon (VADER, for English)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from .port import BuiltinAgent, Job, Profile, Reply, TaskFailed
from .text import compute_text_statistics, extract_keywords, measure_readability, split_sentences
from .weather import fetch_weather_report, find_place_in_sentence

__all__ = ["AnalysisAgent", "load_scorer"]

MAX_TEXT_CHARACTERS = 200_000  # most characters of a text
MAX_INLINE_CHARACTERS = 4000  # longest text analysed on the event loop; longer texts are analysed in a thread
MAX_SCORED_SENTENCES = 500  # most sentences that are scored for sentiment
MAX_SENTENCE_CHARACTERS = 2000
WEATHER = "weather"  # id of the skill
MISSING_EXTRA_MESSAGE = "Sentiment needs the extra: pip install 'agora-server[analysis]'."
_ABOUT = r"(?:the\s+)?(?:following\s+|this\s+|that\s+|my\s+|these\s+)?(?:text|data|sentence|paragraph|document|message|words?)?"
_COMMAND = re.compile(
    rf"""^\s*(?:(?:please|can\s+you|could\s+you|hi|hello|hey)\b[\s,:]*)*
        (?:(?:do|make|run|give\s+me|show\s+me|find|get|extract|tell\s+me)\s+(?:an?\s+|the\s+)?)?
        (?P<what>analy[sz]e|analysis|sentiment(?:\s+analysis)?|keywords?|readability|statistics|stats|count\s+words)\b
        (?:\s+(?:of|for|in|from|on|about)\b)?\s*{_ABOUT}\s*(?:[:\-]\s*|\n)?""",
    re.IGNORECASE | re.VERBOSE,
)
REPORT_SECTIONS = ("statistics", "readability", "keywords", "sentiment")
Scorer = Callable[[str], dict[str, float]]


class AnalysisAgent(BuiltinAgent):
    """Answers with a text report and data, and publishes ``analysis.complete``."""

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
            {
                "id": "weather",
                "name": "Weather",
                "description": "The weather at a place, of the provider that the operator has set up; data as {place}.",
                "tags": ["weather"],
                "examples": ["What is the weather in Berlin?"],
            },
        ],
        ["builtin", "text"],
    )
    concurrency = 4

    async def perform_task(self, job: Job) -> Reply:
        place_name = (
            find_place_in_sentence(job.text) if job.skill in (None, WEATHER) and "text" not in job.data else None
        )
        if place_name is not None or job.skill == WEATHER:
            return await _answer_weather(job, place_name or str(job.data.get("place") or ""))
        text, parts = _parse_request(job)
        if not text.strip():
            raise TaskFailed("There is no text to analyse. Say for example: Analyze: I love it!")
        if len(text) > MAX_TEXT_CHARACTERS:
            raise TaskFailed(f"The text has {len(text)} characters; at most {MAX_TEXT_CHARACTERS} are analysed.")
        # The first use of the scorer reads VADER's lexicon, which would block the event loop.
        quick = len(text) <= MAX_INLINE_CHARACTERS and ("sentiment" not in parts or load_scorer.cache_info().currsize)
        analysis = _analyze_text(text, parts) if quick else await asyncio.to_thread(_analyze_text, text, parts)
        public_parts = {
            name: part for name, part in analysis.items() if name != "keywords"
        }  # the event is public: keywords would reveal the text
        await job.publish("analysis.complete", public_parts)
        return Reply([{"text": _format_report(analysis)}, {"data": analysis}], result=analysis)


async def _answer_weather(job: Job, place_name: str) -> Reply:
    settings = job.settings
    sentence, figures = await fetch_weather_report(place_name, settings.weather_url, settings.weather_geocoding_url)
    return Reply([{"text": sentence}, {"data": figures}], result=figures)


def _parse_request(job: Job) -> tuple[str, tuple[str, ...]]:
    """Return the text to analyse and the names of the requested report sections."""
    data, message_text = job.data, job.text
    match = _COMMAND.match(message_text[:1000])
    what = (job.skill or (match["what"] if match else "")).lower()
    chosen = next((part for part in REPORT_SECTIONS if what and what.startswith(part.rstrip("s")[:4])), None)
    parts: tuple[str, ...] = (chosen,) if chosen else REPORT_SECTIONS
    if isinstance(listed := data.get("parts"), list):
        parts = tuple(part for part in REPORT_SECTIONS if part in listed) or REPORT_SECTIONS
    if isinstance(payload_text := data.get("text"), str):
        return payload_text, parts
    remainder = message_text[match.end() :] if match else message_text
    return (remainder if remainder.strip() else message_text), parts


def _analyze_text(text: str, parts: tuple[str, ...]) -> dict[str, Any]:
    analysis: dict[str, Any] = {}
    if "statistics" in parts:
        analysis["statistics"] = compute_text_statistics(text)
    if "readability" in parts:
        analysis["readability"] = measure_readability(text)
    if "keywords" in parts:
        analysis["keywords"] = extract_keywords(text)
    if "sentiment" in parts:
        analysis["sentiment"] = _score_sentiment(text)
    return analysis


@cache
def load_scorer() -> Scorer | None:
    """Import VADER on first use. None if the optional extra is not installed."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        return None
    scorer: Scorer = SentimentIntensityAnalyzer().polarity_scores
    return scorer


def _score_sentiment(text: str) -> dict[str, Any]:
    """Average the VADER scores of the sentences, as its authors recommend; ``compound`` is between -1 and 1."""
    score = load_scorer()
    if score is None:
        return {"label": "unknown", "reason": MISSING_EXTRA_MESSAGE}
    scores = [
        score(sentence[:MAX_SENTENCE_CHARACTERS]) for sentence in split_sentences(text)[:MAX_SCORED_SENTENCES]
    ] or [score(text[:MAX_SENTENCE_CHARACTERS])]
    means = {
        name: round(sum(each[name] for each in scores) / len(scores), 4) for name in ("compound", "pos", "neu", "neg")
    }
    label = "positive" if means["compound"] >= 0.05 else "negative" if means["compound"] <= -0.05 else "neutral"
    return {"label": label, "compound": means["compound"], "positive": means["pos"], "neutral": means["neu"],
            "negative": means["neg"]}  # fmt: skip


def _format_report(analysis: dict[str, Any]) -> str:
    lines = []
    if counts := analysis.get("statistics"):
        lines.append(
            f"Statistics: {counts['words']} words ({counts['unique_words']} different), {counts['sentences']} "
            f"sentences, {counts['characters']} characters, {counts['average_sentence_length']:g} words per sentence."
        )
    if ease := analysis.get("readability"):
        lines.append(
            f"Readability: {ease['level']} (Flesch reading ease {ease['flesch_reading_ease']:g}, "
            f"grade {ease['flesch_kincaid_grade']:g})."
        )
    if words := analysis.get("keywords"):
        lines.append(f"Keywords: {', '.join(word['keyword'] for word in words)}.")
    if sentiment := analysis.get("sentiment"):
        lines.append(
            f"Sentiment: {sentiment['label']} ({sentiment['compound']:+.2f})."
            if "compound" in sentiment
            else sentiment["reason"]
        )
    return "\n".join(lines) or "There are no results."
