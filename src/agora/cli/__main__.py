"""``python -m agora.cli`` is ``agora``."""

from . import main

if __name__ == "__main__":
    main()
