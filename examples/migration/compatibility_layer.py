"""For agents of Agora v4: import this first, and their ``spacetime`` calls reach Agora v5.

The server is ``AGORA_URL``, else http://localhost:8080.
"""

import os

from agora_sdk.migration import V4CompatibilityLayer, patch_subprocess

__all__ = ["V4CompatibilityLayer", "compatibility", "undo_patch"]

compatibility = V4CompatibilityLayer(os.environ.get("AGORA_URL", "http://localhost:8080"))
undo_patch = patch_subprocess(compatibility)
