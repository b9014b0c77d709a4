"""``gb28181 listen``: a device registers with the harness and is taken through GB/T 28181."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from console.preparation import RunOptions
from console.run_command import BAD_INPUT, INTERRUPTED, run_acceptance
from messages import text
from standard.catalogue import catalogue
from targets.credentials import Secret
from targets.errors import TargetError
from targets.gb28181.record import DeviceRecord
from targets.gb28181.upper_platform import UpperPlatform
from targets.site import Gb28181Listen

_PASSWORD = "TANTOU_PASSWORD"
_KIND = "gb28181:"
_DEVICE = "61010200001320000001"
#: No name is resolved and nothing is sent: this only asks which address would be used.
_SOMEWHERE, _DISCARD = "192.0.2.1", 9


@dataclass(frozen=True)
class ListenOptions:
    """What the user asked for; see the help of ``gb28181 listen``."""

    address: str = ""
    port: int = 5060
    server_id: str = "61010200002000000001"
    device: str = ""
    wait_seconds: float = 600.0
    only: tuple[str, ...] = ()
    intrusive: bool = False
    out: Path = Path("runs")
    certificate: Path | None = None
    key: Path | None = None


def listen(options: ListenOptions, lang: str, console: Console) -> int:
    """Say where the device must register, wait for it, then take it through acceptance."""
    settings = Gb28181Listen(
        address=options.address or own_address(),
        port=options.port,
        server_id=options.server_id,
        domain=options.server_id[:10],
        realm=options.server_id[:10],
        tls_port=options.port + 1 if options.certificate else None,
        certificate=str(options.certificate.resolve()) if options.certificate else "",
        key=str(options.key.resolve()) if options.key else "",
    )
    password = os.environ.get(_PASSWORD)
    _print_settings(settings, options.device or _DEVICE, password, lang, console)
    try:
        device, known = asyncio.run(_first_device(settings, options, Secret(_password())))
    except TargetError as error:
        console.print(text(error.key, lang, **error.parameters), markup=False)
        return BAD_INPUT
    except OSError as error:
        detail = error.strerror or str(error)
        shown = {"address": settings.address, "port": settings.port, "detail": detail}
        console.print(text("gb28181.no-port", lang, **shown), markup=False)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    if not device:
        seconds = round(options.wait_seconds)
        console.print(text("gb28181.nobody-came", lang, seconds=seconds), markup=False)
        return 2
    console.print(text("gb28181.registered", lang, device=device), markup=False)
    return run_acceptance(
        RunOptions(
            cameras=(f"gb28181://{device}",),
            only=options.only or requirements_by_registration(),
            intrusive=options.intrusive,
            out=options.out,
            listen=settings,
            known=known,
        ),
        lang,
        console,
    )


def requirements_by_registration() -> tuple[str, ...]:
    """The requirements that are measured on a device that registers with the harness."""
    return tuple(
        one.id
        for one in catalogue()
        if one.scenario == "automatic" and any(kind.startswith(_KIND) for kind in one.visits)
    )


def own_address(towards: str = _SOMEWHERE) -> str:
    """This machine's address as ``towards`` sees it, the loopback's when it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((towards, _DISCARD))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _password() -> str:
    """The password that the device must be given, made once when the environment names none."""
    return os.environ.setdefault(_PASSWORD, secrets.token_urlsafe(12))


def _print_settings(
    settings: Gb28181Listen, device: str, known: str | None, lang: str, console: Console
) -> None:
    password = _password() if known is None else text("gb28181.password-known", lang)
    console.print(
        text(
            "gb28181.settings",
            lang,
            address=settings.address,
            port=settings.port,
            server=settings.server_id,
            domain=settings.domain,
            device=device,
            password=password,
        ),
        markup=False,
    )
    if settings.tls_port is not None:
        console.print(text("gb28181.settings-tls", lang, port=settings.tls_port), markup=False)
    console.print(text("gb28181.waiting", lang), markup=False)


async def _first_device(
    settings: Gb28181Listen, options: ListenOptions, password: Secret
) -> tuple[str, dict[str, DeviceRecord]]:
    """The id of the first device that registers with the right password, "" for nobody.

    What is known of the devices comes with it: many register once a day, and the run that follows
    must not wait for that.
    """
    came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def registered(device: str) -> None:
        if not came.done() and (not options.device or device == options.device):
            came.set_result(device)

    platform = UpperPlatform(settings, lambda _: password, on_registered=registered)
    await platform.start()
    try:
        device = await asyncio.wait_for(came, options.wait_seconds)
        return device, dict(platform.registrar.records)
    except TimeoutError:
        return "", {}
    finally:
        await platform.stop()
