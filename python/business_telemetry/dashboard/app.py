"""The page's server: static files, the dashboard's description, and charts by filter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from business_telemetry.dashboard.answers import answer, exported
from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.dashboard.choice import BadChoice, parse_choice
from business_telemetry.dashboard.compile import View
from business_telemetry.dashboard.describe import bounds, describe
from business_telemetry.dashboard.exports import to_csv, to_xlsx
from business_telemetry.dashboard.facts import read_facts
from business_telemetry.dashboard.gate import Gate, NoAnswer
from business_telemetry.dashboard.overview import overview

STATIC = Path(__file__).parent / "static"
HEADERS = {
    # the browser itself refuses whatever is not from this server
    "content-security-policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
        " object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def create_app(catalogue: Catalogue, gate: Gate) -> Starlette:
    """The application. Answers only to loopback names: no foreign page can reach it by a name of its own."""

    def page(_: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    def dashboard(_: Request) -> Response:
        return JSONResponse(describe(gate, catalogue))

    def sentences(_: Request) -> Response:
        facts = read_facts(gate, catalogue)
        return JSONResponse(overview(gate, catalogue, facts, bounds(gate, catalogue)))

    def chart(request: Request) -> Response:
        name, kind = request.path_params["name"], request.path_params["kind"]
        if name not in catalogue.charts or kind not in ("json", "csv", "xlsx"):
            return JSONResponse({"state": "error", "message": f"Нет графика {name}.{kind}."}, 404)
        choice = parse_choice(catalogue, request.query_params.multi_items())
        view = View(catalogue, catalogue.charts[name])
        facts = read_facts(gate, catalogue)
        if kind == "json":
            return JSONResponse(answer(gate, view, choice, bounds(gate, catalogue), facts))
        table = exported(gate, view, choice, facts)
        headers = {"content-disposition": f'attachment; filename="{name}.{kind}"'}
        if kind == "xlsx":
            return Response(to_xlsx(view, table), media_type=XLSX, headers=headers)
        return Response("\ufeff" + to_csv(view, table), media_type="text/csv", headers=headers)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/api/dashboard", guarded(dashboard)),
            Route("/api/overview", guarded(sentences)),
            Route("/api/charts/{name}.{kind}", guarded(chart)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(BaseHTTPMiddleware, dispatch=_secure),
            Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1"]),
        ],
    )


def guarded(endpoint: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """An endpoint whose failures become a state and a sentence for the page."""

    def respond(request: Request) -> Response:
        try:
            return endpoint(request)
        except BadChoice as error:
            return JSONResponse({"state": "error", "message": str(error)}, 400)
        except NoAnswer as error:
            return JSONResponse({"state": error.state, "message": error.message}, 503)
        except Exception as error:
            message = str(error).split(", Stack trace", 1)[0].split("\n", 1)[0][:400]
            return JSONResponse({"state": "error", "message": f"Запрос не выполнен: {message}"}, 500)

    return respond


async def _secure(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    response.headers["cache-control"] = "no-store" if request.url.path.startswith("/api") else "no-cache"
    return response
