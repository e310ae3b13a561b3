"""Fixtures for the tools that check ``deploy/``, which are downloaded over TLS."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.conftest import OUTSIDE_AUTHORITIES


@pytest.fixture(autouse=True, scope="session")
def _public_authorities() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if outside := os.environ.get(OUTSIDE_AUTHORITIES):
            patch.setenv("SSL_CERT_FILE", outside)
        else:
            patch.delenv("SSL_CERT_FILE")
        yield
