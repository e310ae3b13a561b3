"""End-to-end demo of a coding agent: 'make demo-coding'.

Starts a server, a worker with the real OpenCode (or Claude Code: --agent claude), a repository, and a scripted model,
so that no account and no network are needed once the agents are installed. Queues a job, answers its permission
request, kills the worker half-way, and shows the diff. Everything ends with this process.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.blackbox.coding_worker import WorkerProcess, create_repository, read_output, submit_job, wait_for_status
from tests.blackbox.server import ServerProcess
from tests.coding.installed_agents import install_agents, model_server, stub_environment
from tests.polling import poll_until

SECONDS = 240.0


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--agent", default="opencode", choices=("opencode", "claude"))
    agent = parser.parse_args().agent
    say("Installing OpenCode and Claude Code by npm, unless they are there (0.9 GB)")
    programs = install_agents()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agora-demo-coding-")))
        variables = stub_environment(stack.enter_context(model_server()), programs)
        repository = create_repository(directory / "api")
        server = ServerProcess(directory / "data").start()
        stack.callback(server.close)
        say(f"Server at {server.url}; the monitor is at {server.url}/monitor")

        def start_worker() -> WorkerProcess:
            options = ("--check", "test -e greeting.txt", "--lease-seconds", "10")
            worker = WorkerProcess(server, directory / "home", repository, *options, agent=agent, variables=variables)
            stack.callback(worker.close)
            return worker.start()

        worker, operator = start_worker(), server.operator
        say(f"A job for {agent}: it speaks for a while, then writes a file")
        job = submit_job(operator, "SLOWLY: 60", context_id="demo")
        poll_until(lambda: "word9 " in read_output(operator, job), "output", SECONDS)
        say("Its output so far")
        print(read_output(operator, job))
        say("The worker is killed (SIGKILL); another one is started")
        worker.kill()
        start_worker()
        poll_until(lambda: "goes on by session/" in read_output(operator, job), "it goes on", SECONDS)
        operator.post("/agora/task/cancel", {"task_id": job})
        say("It went on in its session. It is cancelled; the next job asks for permission")
        print(read_output(operator, job).splitlines()[-1])
        job = submit_job(operator, "RUN: echo hello > greeting.txt", context_id="demo")
        while wait_for_status(operator, job, "input_required", "completed", timeout=SECONDS)["status"] != "completed":
            say("The agent asks; the answer is: once")
            operator.post("/agora/task/message", {"task_id": job, "text": "once"})
        say("Done, and checked")
        print(read_output(operator, job))
        print(operator.get(f"/v1/agent/tasks/{job}")["result"])


if __name__ == "__main__":
    main()
