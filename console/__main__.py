"""Entry point: ``python -m console [COMMAND] ...``; without a command it is ``run``."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

from console.app import COMMANDS, LANG, app
from messages import text

_FAULT_LOG = "tantou-fault.log"
_TOOL_FAULT = 3


def main(arguments: list[str]) -> None:
    """Run the command line."""
    command = next((word for word in arguments if not word.startswith("-")), None)
    wants_help = any(word in ("--help", "-h") for word in arguments)
    names_command = bool(arguments) and arguments[0] in COMMANDS
    if not names_command and not (wants_help and command is None):
        arguments = ["run", *arguments]
    try:
        app(args=arguments, prog_name="accept.py")
    except Exception as fault:  # noqa: BLE001 - nobody but us should meet a traceback
        log = Path(tempfile.gettempdir()) / _FAULT_LOG
        log.write_text(traceback.format_exc(), encoding="utf-8")
        kind = type(fault).__name__
        sys.stderr.write(text("cli.fault", LANG, kind=kind, log=str(log)) + "\n")
        sys.exit(_TOOL_FAULT)


if __name__ == "__main__":
    main(sys.argv[1:])
