"""The anchor: a FastAPI endpoint with two async dependencies and validation, without storage."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Header
from pydantic import BaseModel, Field

app = FastAPI()


class SendRequest(BaseModel):
    to_agent: Annotated[str, Field(min_length=1, max_length=200)]
    content: Annotated[str, Field(max_length=900_000)]
    message_type: Annotated[str, Field(min_length=1, max_length=64)] = "info"
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    correlation_id: str | None = None


class Receipt(BaseModel):
    message_id: str
    status: str
    timestamp: str


async def caller(authorization: Annotated[str, Header()]) -> dict[str, Any]:
    return {"tenant": "default", "subject": authorization[-8:]}


async def session(found: Annotated[dict[str, Any], Depends(caller)]) -> dict[str, Any]:
    return {"tenant": found["tenant"]}


@app.post("/agora/messaging/send")
async def send(
    body: SendRequest,
    found: Annotated[dict[str, Any], Depends(caller)],
    opened: Annotated[dict[str, Any], Depends(session)],
) -> Receipt:
    return Receipt(message_id=body.to_agent, status="queued", timestamp="2026-01-01T00:00:00Z")
