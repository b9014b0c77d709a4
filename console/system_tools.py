"""The independent tools that interoperability tests need, and how they come onto a machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """A program (or a font file) and the Debian packages that bring it."""

    name: str
    packages: tuple[str, ...]
    file: str = ""

    def present(self) -> bool:
        """Whether the machine has it."""
        return Path(self.file).exists() if self.file else shutil.which(self.name) is not None


TOOLS = (
    Tool("ffmpeg", ("ffmpeg",)),
    Tool("ffprobe", ("ffmpeg",)),
    Tool("tshark", ("tshark",)),
    Tool("tcpdump", ("tcpdump",)),
    Tool(
        "gst-launch-1.0",
        (
            "gstreamer1.0-tools",
            "gstreamer1.0-plugins-base",
            "gstreamer1.0-plugins-good",
            "gstreamer1.0-plugins-bad",
            "gstreamer1.0-libav",
        ),
    ),
    Tool(
        "gst-rtsp-server",
        ("gir1.2-gst-rtsp-server-1.0", "python3-gi"),
        file="/usr/share/doc/gir1.2-gst-rtsp-server-1.0",
    ),
    Tool("chronyd", ("chrony",)),
    Tool("sipp", ("sip-tester",)),
    Tool("openssl", ("openssl",)),
    Tool("node", ("nodejs",)),
    Tool("npm", ("npm",)),
    Tool("chromium", ("chromium",)),
    Tool("postgresql", ("postgresql",), file="/usr/share/doc/postgresql"),
    Tool(
        "Noto Sans CJK",
        ("fonts-noto-cjk",),
        file="/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    ),
)


def missing() -> tuple[Tool, ...]:
    """The tools that this machine lacks."""
    return tuple(tool for tool in TOOLS if not tool.present())


def install_command(tools: tuple[Tool, ...]) -> str:
    """The command that installs ``tools`` on Debian or Ubuntu."""
    packages = sorted({package for tool in tools for package in tool.packages})
    return "apt-get install -y --no-install-recommends " + " ".join(packages)


def can_install() -> bool:
    """Whether this process may install Debian packages."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def install(tools: tuple[Tool, ...]) -> bool:
    """Install ``tools``; whether all of them are there afterwards."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in ("apt-get update -q", install_command(tools)):
        finished = subprocess.run(
            [*command.split(), "-qq"], env=environment, check=False, stdout=subprocess.DEVNULL
        )
        if finished.returncode != 0:
            break
    return all(tool.present() for tool in tools)
