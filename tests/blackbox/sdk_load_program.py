"""An SDK program in a separate process: several threads send, receive and register until standard input ends.

Arguments: the server's URL, and the number of threads. It prints "working" when each thread has received an answer, and
at the end a JSON object: ``errors`` raised by the SDK, and ``sent``, the contents of acknowledged messages.
"""

from __future__ import annotations

import json
import sys
import threading

from agora_sdk import AgoraClient

RECEIVER = "LoadReceiver"


def main(url: str, threads: int) -> None:
    stop = threading.Event()
    errors: list[str] = []
    sent: list[str] = []
    working = threading.Barrier(threads + 1)

    def work(number: int) -> None:
        client = AgoraClient(url, mode="sync")
        client.register(f"Load{number}")
        count = 0
        while not stop.is_set():
            content = f"{number}-{count}"
            try:
                client.messaging.send(RECEIVER, content)
                sent.append(content)
                client.messaging.receive(limit=5)
                if count % 10 == 0:
                    client.memory.store(f"load-{number}", {"count": count})
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")
            if count == 0:
                working.wait(60)
            count += 1

    AgoraClient(url, mode="sync").with_options().register(RECEIVER)
    workers = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(threads)]
    for worker in workers:
        worker.start()
    working.wait(60)
    print("working", flush=True)
    sys.stdin.read()
    stop.set()
    for worker in workers:
        worker.join(60)
    print(json.dumps({"errors": errors, "sent": sent}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
