"""The command line: every command, its options and its help, in the user's language."""

import atexit
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal, TextIO

import click
import typer
from rich.console import Console

from messages import LANGUAGES, default_language, text

COMMANDS = (
    "run",
    "list",
    "plan",
    "watch",
    "rejudge",
    "verify",
    "defects",
    "report",
    "test",
    "gb28181",
    "platform",
    "evidence",
    "declare",
)
EXIT_CODES = (0, 1, 2, 3, 4)


def language_of(arguments: list[str]) -> str:
    """The language to speak: ``--lang``, else the locale's."""
    for index, word in enumerate(arguments):
        value = word.partition("=")[2] if word.startswith("--lang=") else None
        if word == "--lang" and index + 1 < len(arguments):
            value = arguments[index + 1]
        if value in LANGUAGES:
            return value
    return default_language()


def says(key: str) -> str:
    """A sentence of the command line in the user's language."""
    return text(f"cli.{key}", LANG)


def terminal() -> TextIO:
    """Standard output by a descriptor of its own, which pytest's capturing leaves alone."""
    try:
        own = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace")
        atexit.register(own.close)
        return own
    except (OSError, ValueError):  # standard output is no file, e.g. in a test
        return sys.stdout


LANG = language_of(sys.argv[1:])
app = typer.Typer(
    help=says("app") + "\n\n" + says("exit-codes"),
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(highlight=False, soft_wrap=True, file=terminal())
Language = Annotated[str, typer.Option("--lang", help=says("lang"))]
Only = Annotated[list[str], typer.Option("--only", help=says("only"), metavar="ID")]
Cameras = Annotated[
    list[str], typer.Option("--camera", help=says("camera"), metavar="onvif://USER@HOST")
]
SiteFile = Annotated[Path | None, typer.Option("--site", help=says("site"), metavar="FILE")]
Declarations = Annotated[
    list[Path], typer.Option("--declaration", help=says("declaration"), metavar="FILE")
]
Out = Annotated[Path, typer.Option("--out", help=says("out"), metavar="DIR")]
Part = Literal["cameras", "platforms"]
RunFolder = Annotated[Path, typer.Argument(help=says("run-folder"), metavar="RUN")]


@app.command("run", help=says("run"))
def run(
    camera: Cameras = [],
    site: SiteFile = None,
    only_ids: Only = [],
    intrusive: Annotated[bool, typer.Option("--intrusive", help=says("intrusive"))] = False,
    resume: Annotated[
        Path | None, typer.Option("--resume", help=says("resume"), metavar="RUN")
    ] = None,
    declaration: Declarations = [],
    out_folder: Out = Path("runs"),
    expect_bundled: Annotated[bool, typer.Option("--expect-bundled", hidden=True)] = False,
    lang_option: Language = LANG,
) -> None:
    from console.preparation import RunOptions
    from console.run_command import run_acceptance

    options = RunOptions(
        cameras=tuple(camera),
        site=site,
        only=tuple(only_ids),
        intrusive=intrusive,
        resume=resume,
        out=out_folder,
        expect_bundled=expect_bundled,
        declarations=tuple(declaration),
    )
    raise typer.Exit(run_acceptance(options, LANG, console))


@app.command("list", help=says("list"))
def list_requirements(
    as_json: Annotated[bool, typer.Option("--json", help=says("list-json"))] = False,
    lang_option: Language = LANG,
) -> None:
    from console.list_command import listing, print_listing

    if as_json:
        click.echo(json.dumps(listing(), ensure_ascii=False, indent=2))
    else:
        print_listing(LANG, console)


@app.command("plan", help=says("plan"))
def plan(
    camera: Cameras = [],
    site: SiteFile = None,
    only_ids: Only = [],
    lang_option: Language = LANG,
) -> None:
    from console.plan_command import print_plan

    raise typer.Exit(print_plan(tuple(camera), site, tuple(only_ids), LANG, console))


@app.command("watch", help=says("watch"))
def watch(
    hours: Annotated[float, typer.Option("--hours", help=says("hours"), min=0.01, max=744)] = 24,
    camera: Cameras = [],
    site: SiteFile = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", help=says("resume"), metavar="RUN")
    ] = None,
    out_folder: Out = Path("runs"),
    lang_option: Language = LANG,
) -> None:
    from console.watch_command import watch_clocks

    raise typer.Exit(watch_clocks(hours, tuple(camera), site, resume, out_folder, LANG, console))


@app.command("rejudge", help=says("rejudge"))
def rejudge(
    run_path: RunFolder,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help=says("rejudge-evidence"), metavar="DIR")
    ] = None,
    profile: Annotated[
        Path | None, typer.Option("--gb37300", help=says("rejudge-profile"), metavar="FILE")
    ] = None,
    lang_option: Language = LANG,
) -> None:
    from console.rejudge_command import rejudge_run

    raise typer.Exit(rejudge_run(run_path, LANG, console, evidence, profile))


@app.command("report", help=says("report"))
def report(run_path: RunFolder, lang_option: Language = LANG) -> None:
    from console.report_command import write_reports

    raise typer.Exit(write_reports(run_path, LANG, console))


@app.command("verify", help=says("verify"))
def verify(
    folder: Annotated[Path, typer.Argument(help=says("verify-folder"), metavar="DIR")],
    lang_option: Language = LANG,
) -> None:
    from console.verify_command import verify_folder

    raise typer.Exit(verify_folder(folder, LANG, console))


@app.command("defects", help=says("defects"))
def defects(
    only_ids: Only = [],
    json_file: Annotated[
        Path | None, typer.Option("--json", help=says("defects-json"), metavar="FILE")
    ] = None,
    part: Annotated[Part | None, typer.Option("--part", help=says("defects-part"))] = None,
    lang_option: Language = LANG,
) -> None:
    from console.defects_command import run_defect_matrix

    raise typer.Exit(run_defect_matrix(tuple(only_ids), json_file, LANG, console, part))


@app.command("evidence", help=says("evidence"))
def evidence(
    site: SiteFile = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help=says("evidence-folder"), metavar="DIR")
    ] = None,
    sheets: Annotated[
        Path | None, typer.Option("--sheets", help=says("evidence-sheets"), metavar="FILE")
    ] = None,
    who: Annotated[str, typer.Option("--who", help=says("evidence-who"))] = "",
    lang_option: Language = LANG,
) -> None:
    from console.evidence_command import keep_evidence

    raise typer.Exit(keep_evidence(site, folder, sheets, who, LANG, console))


@app.command("declare", help=says("declare"))
def declare_abilities(
    camera: Cameras = [],
    site: SiteFile = None,
    folder: Annotated[Path, typer.Option("--out", help=says("declare-out"), metavar="DIR")] = Path(
        "declarations"
    ),
    lang_option: Language = LANG,
) -> None:
    from console.declare_command import declare

    raise typer.Exit(declare(tuple(camera), site, folder, LANG, console))


@app.command(
    "test",
    help=says("test"),
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def run_all_tests(context: typer.Context, lang_option: Language = LANG) -> None:
    from console.test_command import run_tests

    raise typer.Exit(run_tests(LANG, console, context.args))


gb28181 = typer.Typer(help=says("gb28181"), no_args_is_help=True, rich_markup_mode=None)
app.add_typer(gb28181, name="gb28181")


@gb28181.command("listen", help=says("gb28181-listen"))
def gb28181_listen(
    address: Annotated[str, typer.Option("--address", help=says("gb28181-address"))] = "",
    port: Annotated[
        int, typer.Option("--port", help=says("gb28181-port"), min=1, max=65_534)
    ] = 5060,
    server: Annotated[
        str, typer.Option("--server-id", help=says("gb28181-server"))
    ] = "61010200002000000001",
    device: Annotated[str, typer.Option("--device", help=says("gb28181-device"))] = "",
    wait: Annotated[float, typer.Option("--wait", help=says("gb28181-wait"), min=1)] = 600.0,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", help=says("gb28181-certificate"), metavar="FILE"),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help=says("gb28181-key"), metavar="FILE")
    ] = None,
    only_ids: Only = [],
    intrusive: Annotated[bool, typer.Option("--intrusive", help=says("intrusive"))] = False,
    out_folder: Out = Path("runs"),
    lang_option: Language = LANG,
) -> None:
    from console.gb28181_command import ListenOptions, listen

    options = ListenOptions(
        address=address,
        port=port,
        server_id=server,
        device=device,
        wait_seconds=wait,
        certificate=certificate,
        key=key,
        only=tuple(only_ids),
        intrusive=intrusive,
        out=out_folder,
    )
    raise typer.Exit(listen(options, LANG, console))


@gb28181.command("device", help=says("gb28181-as-device"))
def gb28181_device(
    platform: Annotated[
        str,
        typer.Option("--platform", help=says("gb28181-platform"), metavar="ADDRESS[:PORT]"),
    ],
    server: Annotated[str, typer.Option("--server-id", help=says("gb28181-their-id"))],
    device: Annotated[str, typer.Option("--device-id", help=says("gb28181-our-id"))],
    domain: Annotated[str, typer.Option("--domain", help=says("gb28181-domain"))] = "",
    transport: Annotated[
        Literal["udp", "tcp", "tls"], typer.Option("--transport", help=says("gb28181-transport"))
    ] = "udp",
    authority: Annotated[
        Path | None,
        typer.Option("--certificate-authority", help=says("gb28181-authority"), metavar="FILE"),
    ] = None,
    edition: Annotated[
        Literal["2016", "2022"], typer.Option("--edition", help=says("gb28181-edition"))
    ] = "2016",
    charset: Annotated[
        Literal["", "GB2312", "GB18030", "UTF-8"],
        typer.Option("--charset", help=says("gb28181-charset")),
    ] = "",
    seconds: Annotated[
        float, typer.Option("--seconds", help=says("gb28181-seconds"), min=1, max=86_400)
    ] = 60.0,
    intrusive: Annotated[
        bool, typer.Option("--intrusive", help=says("gb28181-try-intrusive"))
    ] = False,
    time_servers: Annotated[
        list[str], typer.Option("--time-server", help=says("gb28181-time-server"), metavar="HOST")
    ] = [],
    out_folder: Out = Path("runs"),
    lang_option: Language = LANG,
) -> None:
    from console.device_command import DeviceOptions, visit_platform

    options = DeviceOptions(
        platform=platform,
        server_id=server,
        device_id=device,
        domain=domain,
        transport=transport,
        certificate_authority=authority,
        edition=edition,
        charset=charset,
        seconds=seconds,
        intrusive=intrusive,
        time_servers=tuple(time_servers),
        out=out_folder,
    )
    raise typer.Exit(visit_platform(options, LANG, console))


@app.command("platform", help=says("platform"))
def run_reference_platform(
    data: Annotated[Path, typer.Option("--data", help=says("platform-data"), metavar="DIR")] = Path(
        "platform-data"
    ),
    address: Annotated[str, typer.Option("--address", help=says("platform-address"))] = "0.0.0.0",
    https_port: Annotated[
        int, typer.Option("--port", help=says("platform-port"), min=0, max=65_535)
    ] = 8443,
    http_port: Annotated[
        int, typer.Option("--http-port", help=says("platform-http-port"), min=0, max=65_535)
    ] = 8080,
    sip_port: Annotated[
        int, typer.Option("--sip-port", help=says("platform-sip-port"), min=1, max=65_535)
    ] = 5060,
    sip_tls_port: Annotated[
        int, typer.Option("--sip-tls-port", help=says("platform-sip-tls-port"), min=0, max=65_535)
    ] = 5061,
    database: Annotated[
        str, typer.Option("--database", help=says("platform-database"), metavar="URL")
    ] = "",
    server: Annotated[
        str, typer.Option("--server-id", help=says("platform-server"))
    ] = "61010200002000000010",
    ntp_port: Annotated[
        int, typer.Option("--ntp-port", help=says("platform-ntp-port"), min=0, max=65_535)
    ] = 0,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", help=says("platform-certificate"), metavar="FILE"),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help=says("platform-key"), metavar="FILE")
    ] = None,
    viewers: Annotated[
        int, typer.Option("--viewers", help=says("platform-viewers"), min=1, max=100_000)
    ] = 500,
    bitrate: Annotated[
        int, typer.Option("--bitrate", help=says("platform-bitrate"), min=100, max=50_000)
    ] = 5000,
    lang_option: Language = LANG,
) -> None:
    from console.platform_command import run_platform
    from reference_platform.media.limits import MediaLimits
    from reference_platform.settings import PlatformSettings

    settings = PlatformSettings(
        data=data,
        address=address,
        https_port=https_port,
        http_port=http_port or None,
        sip_port=sip_port,
        sip_tls_port=sip_tls_port or None,
        database_url=database,
        server_id=server,
        ntp_port=ntp_port or None,
        certificate=certificate,
        key=key,
        language=LANG,
    )
    limits = MediaLimits(most_viewers=viewers, most_bits_per_second=1000 * bitrate)
    raise typer.Exit(run_platform(settings, LANG, console, limits))
