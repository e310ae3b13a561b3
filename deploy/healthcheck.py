"""Whether the server of this container can serve calls: the exit code says it."""

import os
import ssl
import sys
import urllib.error
import urllib.request

TLS = "AGORA_TLS_CERT" in os.environ
URL = ("https" if TLS else "http") + "://127.0.0.1:" + os.environ.get("AGORA_PORT", "8080") + "/health/ready"
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if TLS else None
if CONTEXT is not None:  # the certificate is for the name that clients use; this asks the same machine
    CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE

try:
    with urllib.request.urlopen(URL, timeout=4, context=CONTEXT) as answer:  # noqa: S310  the URL above
        sys.exit(0 if answer.status == 200 else 1)
except (OSError, urllib.error.URLError) as error:
    sys.exit(f"not ready: {error}")
