"""Whether the server of this container can serve calls: the exit code says it."""

import os
import sys
import urllib.error
import urllib.request

URL = "http://127.0.0.1:" + os.environ.get("AGORA_PORT", "8080") + "/health/ready"

try:
    with urllib.request.urlopen(URL, timeout=4) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except (OSError, urllib.error.URLError) as error:
    sys.exit(f"not ready: {error}")
