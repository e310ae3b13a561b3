"""Model pool: streams a request to the first model that answers.

Temporary errors (no connection, an overloaded service, a usage limit) are distinguished from permanent ones.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse, PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse

from .configuration import ModelConfiguration

__all__ = ["ModelAnswer", "ModelPool", "ModelRefused", "ModelUnavailable"]

# Besides all of 500 and above. 409 is OpenAI's answer to a conflicting concurrent request.
TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
DEFAULT_RETRY_SECONDS = 5.0
# Shorter than for a refusal: the service answers, only the connection broke.
BROKEN_STREAM_RETRY_SECONDS = 0.5
MAX_RETRY_SECONDS = 3600.0


class ModelUnavailable(Exception):
    """No model is available at the moment. retry_after: seconds until another attempt may succeed."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ModelRefused(Exception):
    """Every model rejected the request permanently."""


@dataclass(slots=True)
class ModelAnswer:
    """Answer of a model. model: its name in the declaration. first_token: seconds until the first streamed token, if
    any.

    is_cut: whether the answer is incomplete: it is charged but not used.
    """

    response: ModelResponse
    model: str
    seconds: float
    first_token: float | None
    is_cut: bool = False


class ModelPool:
    """The model of an agent and its fallbacks, with persistent connections."""

    def __init__(self, configurations: Sequence[ModelConfiguration]) -> None:
        self._configurations = configurations
        self._models: dict[str, Model] = {}

    async def request_with_fallback(
        self,
        messages: Sequence[ModelMessage],
        parameters: ModelRequestParameters,
        on_text: Callable[[str], None],
        on_incomplete_answer: Callable[[ModelAnswer], None],
        reserve_model: Callable[[Sequence[str]], Awaitable[str]],
        max_tokens: int,
    ) -> ModelAnswer:
        """Ask the models until one answers. on_text: called with each chunk of text. max_tokens: limit of an answer.

        on_incomplete_answer: called with an incomplete answer, also on cancellation. reserve_model: reserves a call of one of the
        models that have not failed, and selects it. Raises ModelUnavailable, ModelRefused.
        """
        failures: list[ModelUnavailable | ModelRefused] = []
        # In the order of the declaration; each is tried once, as the caller retries the whole list later.
        remaining = {configuration.name: configuration for configuration in self._configurations}
        while remaining:
            configuration = remaining.pop(await reserve_model(tuple(remaining)))
            try:
                return await self._stream_one_model(
                    configuration, messages, parameters, on_text, on_incomplete_answer, max_tokens
                )
            except (ModelUnavailable, ModelRefused) as failure:
                failures.append(failure)
        waits = [failure for failure in failures if isinstance(failure, ModelUnavailable)]
        text = "; ".join(map(str, failures))
        # One model that may answer later is reason enough to wait, even if others refuse for good.
        if waits:
            raise ModelUnavailable(text, min(failure.retry_after for failure in waits))
        raise ModelRefused(text)

    async def _stream_one_model(
        self,
        configuration: ModelConfiguration,
        messages: Sequence[ModelMessage],
        parameters: ModelRequestParameters,
        on_text: Callable[[str], None],
        on_incomplete_answer: Callable[[ModelAnswer], None],
        max_tokens: int,
    ) -> ModelAnswer:
        started_at, first_token_seconds = time.perf_counter(), None
        response: ModelResponse | None = None
        partial_response: StreamedResponse | None = None

        def report_incomplete_answer() -> None:
            partial = ModelResponse(parts=[]) if partial_response is None else partial_response.get()
            on_incomplete_answer(
                ModelAnswer(
                    partial, configuration.name, time.perf_counter() - started_at, first_token_seconds, is_cut=True
                )
            )

        try:
            model = self._get_or_build_model(configuration)
            async with model_request_stream(
                model, messages, model_settings={"max_tokens": max_tokens}, model_request_parameters=parameters
            ) as stream:
                partial_response = stream
                async for event in stream:
                    text = _read_text_or_empty(event)
                    if text:
                        first_token_seconds = (
                            first_token_seconds if first_token_seconds is not None else time.perf_counter() - started_at
                        )
                        on_text(text)
                response = stream.get()
        except asyncio.CancelledError:  # the request was sent: at least its input is charged
            report_incomplete_answer()
            raise
        except ModelHTTPError as error:
            raise _build_status_error(configuration.name, error) from error
        except Exception as error:
            if partial_response is not None:
                report_incomplete_answer()
            # The libraries raise many types of exceptions for refused or broken connections and invalid responses.
            reason = f"{configuration.name}: {type(error).__name__}: {error}"[:500]
            raise ModelUnavailable(reason, DEFAULT_RETRY_SECONDS) from error
        if not (response.provider_details or {}).get("finish_reason"):
            # To the libraries, a connection that is closed early looks like the end of a stream; a complete answer has
            # a finish reason.
            report_incomplete_answer()
            raise ModelUnavailable(f"{configuration.name}: the answer was cut off", BROKEN_STREAM_RETRY_SECONDS)
        return ModelAnswer(response, configuration.name, time.perf_counter() - started_at, first_token_seconds)

    def _get_or_build_model(self, configuration: ModelConfiguration) -> Model:
        model = self._models.get(configuration.name)
        if model is None:
            model = self._models[configuration.name] = _build_model(configuration)
        return model


def _build_model(configuration: ModelConfiguration) -> Model:
    # The libraries refuse an empty key, and local services need none.
    key = configuration.key.get_secret_value() or "none"
    if configuration.wire == "anthropic":
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        return AnthropicModel(configuration.model, provider=AnthropicProvider(api_key=key, base_url=configuration.url))
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIChatModel(configuration.model, provider=OpenAIProvider(base_url=configuration.url, api_key=key))


def _read_text_or_empty(event: Any) -> str:
    if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
        return event.part.content
    if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
        return event.delta.content_delta
    return ""


def _build_status_error(name: str, error: Any) -> ModelUnavailable | ModelRefused:
    status = int(error.status_code)
    reason = f"{name} answers {status}: {error.body}"[:500]
    if status in TRANSIENT_STATUS or status >= 500:
        return ModelUnavailable(reason, _read_retry_delay_or_zero(error))
    return ModelRefused(reason)


def _read_retry_delay_or_zero(error: BaseException) -> float:
    """Read the retry delay in seconds from the response of the error or its cause."""
    cause: BaseException | None = error
    while cause is not None:
        response = getattr(cause, "response", None)
        value = response.headers.get("retry-after", "") if response is not None else ""
        if value.replace(".", "", 1).isdigit():
            return min(float(value), MAX_RETRY_SECONDS)
        cause = cause.__cause__ or cause.__context__
    return DEFAULT_RETRY_SECONDS
