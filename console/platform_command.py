"""``platform``: the reference platform for an operator, running until it is told to end."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from messages import text
from reference_platform.errors import StartFailure
from reference_platform.media.limits import MediaLimits
from reference_platform.platform import Platform
from reference_platform.settings import PlatformSettings

CANNOT_START = 3
_ENDING = (signal.SIGINT, signal.SIGTERM)


def run_platform(
    settings: PlatformSettings, lang: str, console: Console, limits: MediaLimits | None = None
) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code. ``limits`` are those of live view.

    The first administrator's one-time password is written to the terminal and nowhere else.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    try:
        asyncio.run(_run(settings, lang, console, limits))
    except KeyboardInterrupt:  # where the loop cannot take signals
        pass
    except StartFailure as failure:
        words = text(f"platform.error.{failure.code}", lang, **failure.parameters)
        console.print(words, markup=False, style="red")
        return CANNOT_START
    return 0


async def _run(
    settings: PlatformSettings, lang: str, console: Console, limits: MediaLimits | None
) -> None:
    ended = asyncio.Event()
    with _signals(ended):
        platform = Platform(settings, media_limits=limits)
        await platform.start()
        try:
            _introduce(platform, lang, console)
            await ended.wait()
            console.print(text("platform.console.ending", lang), markup=False)
        finally:
            await platform.close()
    console.print(text("platform.console.ended", lang), markup=False)


def _introduce(platform: Platform, lang: str, console: Console) -> None:
    def say(key: str, **parameters: str | int) -> None:
        console.print(text(f"platform.console.{key}", lang, **parameters), markup=False)

    settings = platform.settings
    say("pages", url=platform.https_url)
    if (authority := platform.certificate.authority) is not None:
        say("authority", file=str(authority), fingerprint=_fingerprint(authority))
    say(
        "sip",
        server=settings.server_id,
        domain=settings.own_domain,
        address=settings.address,
        port=settings.sip_port,
    )
    say("data", folder=str(settings.data.resolve()))
    if platform.first_password is not None:
        say("first-password", user="admin", password=platform.first_password)
        platform.first_password = None
    say("how-to-end")
    console.file.flush()  # a log that reads along sees it now


def _fingerprint(certificate: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))
    digest = hashlib.sha256(der).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


@contextmanager
def _signals(ended: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    taken = []
    for each in _ENDING:
        try:
            loop.add_signal_handler(each, ended.set)
        except (NotImplementedError, RuntimeError):
            continue
        taken.append(each)
    try:
        yield
    finally:
        for each in taken:
            loop.remove_signal_handler(each)
