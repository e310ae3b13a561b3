"""Parts of messages and artifacts, the same in tasks and in A2A."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from .fields import PRINTABLE, JsonData, JsonObject, Text
from .results import Result

__all__ = ["Extensions", "Id", "MediaType", "Metadata", "Part", "Parts", "ProtoModel", "Uri"]

Id = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
MediaType = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
Uri = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Extensions = Annotated[list[Uri], Field(max_length=50, description="URIs of extensions.")]
Metadata = Annotated[JsonObject, Field(max_length=100)]
Raw = Annotated[str, Field(max_length=5_600_000, pattern=r"^[A-Za-z0-9+/_-]*={0,2}$", description="Bytes, in base64.")]


class ProtoModel(Result):
    """Base of A2A models: JSON names as in A2A; unknown fields are ignored (A2A 1.0, section 5.7)."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", ser_json_inf_nan="null", defer_build=True
    )


class Part(ProtoModel):
    """A part of a message or result: exactly one of text, raw, url and data (A2A 1.0, section 4.1.6)."""

    text: Annotated[Text, Field(max_length=900_000)] | None = None
    raw: Raw | None = None
    url: Uri | None = None
    data: JsonData = None
    metadata: Metadata | None = None
    filename: Annotated[Text, Field(max_length=1000)] | None = None
    media_type: MediaType | None = None

    CONTENT: ClassVar[tuple[str, ...]] = ("text", "raw", "url", "data")

    @model_validator(mode="after")
    def _check_single_content(self) -> Self:
        set_fields = self.model_fields_set
        content = [name for name in self.CONTENT if getattr(self, name) is not None]
        if not content and "data" in set_fields:
            content = ["data"]  # null is valid data
        if len(content) != 1:
            raise ValueError("a part has exactly one of text, raw, url and data")
        set_fields.difference_update(
            [name for name in set_fields if getattr(self, name) is None and name not in content]
        )
        return self


Parts = Annotated[list[Part], Field(min_length=1, max_length=100)]
