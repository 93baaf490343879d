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

from business_telemetry.dashboard.answers import answer, parse_filters, to_csv
from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.dashboard.compile import View, compile_sql
from business_telemetry.dashboard.describe import bounds, describe
from business_telemetry.dashboard.gate import Gate, NoAnswer

STATIC = Path(__file__).parent / "static"
# the browser itself refuses whatever is not from this server
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"


def create_app(catalogue: Catalogue, gate: Gate) -> Starlette:
    """The application. Answers only to loopback names: no foreign page can reach it by a name of its own."""

    def page(_: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    def dashboard(_: Request) -> Response:
        return JSONResponse(describe(gate, catalogue))

    def chart(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in catalogue.charts:
            return JSONResponse({"state": "error", "message": f"Нет графика {name}."}, 404)
        try:
            filters = parse_filters(catalogue, request.query_params.multi_items())
        except ValueError as error:
            return JSONResponse({"state": "error", "message": f"Неверный фильтр: {error}."}, 400)
        view = View(catalogue, catalogue.charts[name])
        if request.path_params["kind"] == "csv":
            table = gate.run(*compile_sql(view, filters, gate.marts))
            headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
            return Response("\ufeff" + to_csv(view, table), media_type="text/csv", headers=headers)
        first_day = bounds(gate, catalogue)[0] if view.chart.compare else None
        return JSONResponse(answer(gate, view, filters, first_day))

    return Starlette(
        routes=[
            Route("/", page),
            Route("/api/dashboard", guarded(dashboard)),
            Route("/api/charts/{name}.{kind}", guarded(chart)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1"]),
            Middleware(BaseHTTPMiddleware, dispatch=_secure),
        ],
    )


def guarded(endpoint: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """An endpoint whose failures become a state and a sentence for the page."""

    def respond(request: Request) -> Response:
        try:
            return endpoint(request)
        except NoAnswer as error:
            return JSONResponse({"state": error.state, "message": error.message}, 503)
        except Exception as error:
            message = str(error).split(", Stack trace", 1)[0].split("\n", 1)[0][:400]
            return JSONResponse({"state": "error", "message": f"Запрос не выполнен: {message}"}, 500)

    return respond


async def _secure(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    response.headers["content-security-policy"] = POLICY
    response.headers["cache-control"] = "no-store" if request.url.path.startswith("/api") else "no-cache"
    return response
