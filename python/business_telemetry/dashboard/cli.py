"""`telemetry preview`: the dashboard in the browser of this machine."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from business_telemetry.dashboard.load import load_catalogue
from business_telemetry.dashboard.marked_yaml import CatalogueError

if TYPE_CHECKING:
    from business_telemetry.dashboard.catalogue import Catalogue
    from business_telemetry.dashboard.gate import Gate

LOOPBACK = "127.0.0.1"


@click.command()
@click.option("--target", help="Output of the dbt profile; its default target when not given.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port on this machine; 0 takes a free one.",
)
@click.option("--snapshot", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Write the tabs as static files and PNG pictures into DIR and stop.")  # fmt: skip
def preview(target: str | None, port: int, snapshot: Path | None) -> None:
    """Show the dashboard of `dashboard/*.yml` in the browser, for this machine only.

    \b
    telemetry preview                      http://127.0.0.1:8765/
    telemetry preview --target prod        the marts of a server
    telemetry preview --snapshot docs/img  static page and pictures

    The embedded warehouse is released when nobody asks for a chart, so `dbt build` can run meanwhile.
    Exit codes: 0 done, 1 the catalogue, the warehouse or the port is not usable.
    """
    from dbt_common.exceptions import DbtBaseException

    from business_telemetry.dashboard.gate import Gate, NoAnswer
    from business_telemetry.dashboard.snapshot import SnapshotFailed, write_snapshot

    project = Path.cwd()
    try:
        catalogue = load_catalogue(project / "dashboard")
        gate = Gate(target, project)
        if snapshot is not None:
            pictures = write_snapshot(catalogue, gate, snapshot)
            click.echo(
                f"{snapshot / 'index.html'} and {', '.join(picture.name for picture in pictures)} written"
            )
            return
    except (CatalogueError, SnapshotFailed, NoAnswer) as error:
        raise click.ClickException(str(error)) from error
    except DbtBaseException as error:
        raise click.ClickException(" ".join(str(error).split())) from error
    _serve(catalogue, gate, port)


def _serve(catalogue: Catalogue, gate: Gate, port: int) -> None:
    import uvicorn

    from business_telemetry.dashboard.app import create_app

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()  # a browser that is quicker than the server waits instead of being refused
    except OSError as error:
        raise click.ClickException(f"Port {port} is taken; choose another one with --port.") from error
    click.echo(f"Dashboard: http://{LOOPBACK}:{listener.getsockname()[1]}/  (stop with Ctrl+C)")
    server = uvicorn.Server(
        uvicorn.Config(create_app(catalogue, gate), log_level="warning", access_log=False)
    )
    try:
        server.run(sockets=[listener])
    finally:
        gate.close()
