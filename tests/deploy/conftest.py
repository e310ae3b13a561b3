"""The tools that check ``deploy/`` are fetched from outside, over TLS."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.conftest import NO_AUTHORITY


@pytest.fixture(autouse=True, scope="session")
def _public_authorities() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("SSL_CERT_FILE") == NO_AUTHORITY:
            patch.delenv("SSL_CERT_FILE")
        yield
