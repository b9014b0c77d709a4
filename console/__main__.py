"""Entry point: ``python -m console [COMMAND] ...``; without a command it is ``run``."""

from __future__ import annotations

import sys

from console.app import COMMANDS, app


def main(arguments: list[str]) -> None:
    """Run the command line."""
    command = next((word for word in arguments if not word.startswith("-")), None)
    wants_help = any(word in ("--help", "-h") for word in arguments)
    names_command = bool(arguments) and arguments[0] in COMMANDS
    if not names_command and not (wants_help and command is None):
        arguments = ["run", *arguments]
    app(args=arguments, prog_name="accept.py")


if __name__ == "__main__":
    main(sys.argv[1:])
