"""Run the command line as ``python -m agora``, where no ``agora`` is on the PATH."""

from agora.cli import main

if __name__ == "__main__":
    main()
