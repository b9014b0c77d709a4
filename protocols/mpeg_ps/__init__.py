"""MPEG program streams as GB/T 28181 uses them (C.1; ISO/IEC 13818-1 2.5): write, read, judge."""

from protocols.mpeg_ps.build import ProgramStreamBuilder
from protocols.mpeg_ps.demultiplex import AccessUnit, Sound, Streams, demultiplex
from protocols.mpeg_ps.parse import ProgramStreamParser

__all__ = [
    "AccessUnit",
    "ProgramStreamBuilder",
    "ProgramStreamParser",
    "Sound",
    "Streams",
    "demultiplex",
]
