"""The conformance suite with the docker engine: real containers, on an engine that is started for the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.docker_kit import DockerKit
from tests.conformance.runtimes.engine_suite import RuntimeSuite
from tests.dockerd import docker_host

RUNS_ON = RunsOn.NO_STORE

__all__ = ["docker_host"]

pytestmark = pytest.mark.xdist_group("docker")


@pytest.fixture
async def kit(docker_host: str, tmp_path: Path) -> AsyncIterator[DockerKit]:
    kit = DockerKit(tmp_path, docker_host)
    yield kit
    await kit.close()


@pytest.mark.long
class TestDockerRuntime(RuntimeSuite):
    """The suite, with real containers."""


class TestDockerInShort:
    """A subset with the best coverage per second; each container takes nearly a second."""

    test_answers = RuntimeSuite.test_program_is_built_started_and_answers
    test_starts_once = RuntimeSuite.test_starting_twice_starts_one
    test_generations = RuntimeSuite.test_later_generation_ends_the_earlier_one_and_keeps_state_and_logs
    test_names = RuntimeSuite.test_names_that_are_paths_are_refused
    test_pauses = RuntimeSuite.test_pause_stops_all_processes_and_resume_continues_them
    test_stops = RuntimeSuite.test_stop_sends_sigterm_first
    test_removes = RuntimeSuite.test_remove_deletes_every_trace_of_an_instance
    test_logs = RuntimeSuite.test_logs_are_read_from_any_offset
    test_bytes = RuntimeSuite.test_logs_keep_arbitrary_bytes
    test_adopts = RuntimeSuite.test_instances_outlive_the_server_and_are_adopted
