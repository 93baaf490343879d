"""The SDK's client with the manners of a deploy: one wait, no broken formula, a rehearsal without writes."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
from datalens_sdk import AuthProviderProtocol, DataLensClientYC, NoAuthProvider

from business_telemetry.datalens.errors import AGAIN, BrokenDataset, RateLimited

PAUSE = 10.0  # seconds before the one repetition of a request that was too many
LONGEST_PAUSE = 60.0

Json = dict[str, Any]


class Patient(httpx.BaseTransport):
    """Waits once when DataLens asks to slow down, then gives up."""

    def __init__(self, inner: httpx.BaseTransport, sleep: Callable[[float], None]) -> None:
        self._inner = inner
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        if response.status_code != 429:
            return response
        asked = response.headers.get("retry-after", "")
        response.close()
        self._sleep(min(float(asked), LONGEST_PAUSE) if asked.isdecimal() else PAUSE)
        response = self._inner.handle_request(request)
        if response.status_code == 429:
            response.close()
            raise RateLimited(f"DataLens refuses further requests for now. Wait a few minutes. {AGAIN}")
        return response

    def close(self) -> None:
        self._inner.close()


class Rehearsal(httpx.BaseTransport):
    """Lets reads and validation through and keeps dataset updates to itself, as if they had happened."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self._datasets: dict[str, Json] = {}

    def start_over(self) -> None:
        """Forget what was rehearsed."""
        self._datasets.clear()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        operation = request.url.path.removeprefix("/rpc/")
        if operation.startswith(("get", "validate")):
            dataset = self._datasets.get(json.loads(request.content).get("datasetId", ""))
            if operation == "getDataset" and dataset is not None:
                return httpx.Response(200, json=dataset)
            return self._inner.handle_request(request)
        if operation != "updateDataset":
            raise AssertionError(f"{operation} in a rehearsal")
        body = json.loads(request.content)
        known = {"id": body["datasetId"], "dataset": body["data"]["dataset"]}
        self._datasets[body["datasetId"]] = known
        return httpx.Response(200, json=known)


class FormulaWatch:
    """Response hook: the SDK would publish a dataset whose validation reported errors."""

    def __init__(self) -> None:
        self._strict = True

    def __call__(self, response: httpx.Request | httpx.Response) -> None:
        if not isinstance(response, httpx.Response) or not self._strict:
            return
        if not response.request.url.path.endswith("/validateDataset"):
            return
        response.read()
        try:
            payload = response.json()
        except ValueError:
            return
        messages = _component_errors(payload)
        if messages:
            raise BrokenDataset("; ".join(messages))

    @contextmanager
    def lenient(self) -> Iterator[None]:
        """For a step between two states, where errors are expected and nothing is written."""
        self._strict = False
        try:
            yield
        finally:
            self._strict = True


def _component_errors(payload: object) -> list[str]:
    """`field: message` of each error in a validation's answer; a refusal may wrap it in details.data."""
    if not isinstance(payload, dict):
        return []
    wrapped = payload.get("details")
    inner = wrapped.get("data") if isinstance(wrapped, dict) else None
    dataset = payload.get("dataset") or (inner.get("dataset") if isinstance(inner, dict) else None) or {}
    titles = {field.get("guid"): field.get("title") for field in dataset.get("result_schema") or ()}
    return [
        f"{titles.get(item.get('id')) or item.get('type')}: {error.get('message')}"
        for item in (dataset.get("component_errors") or {}).get("items") or ()
        for error in item.get("errors") or ()
        if error.get("level") != "warning"
    ]


class Clients:
    """Two clients of one server: `live` writes, `rehearsal` cannot."""

    def __init__(
        self,
        auth: AuthProviderProtocol,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        # the SDK logs what the server says, which may quote what was sent; the command reports errors itself
        logging.getLogger("datalens_sdk").setLevel(logging.CRITICAL + 1)
        self.watch = FormulaWatch()
        patient = Patient(transport or httpx.HTTPTransport(), sleep)
        hooks: Any = {"response": [self.watch]}
        self.live = DataLensClientYC(auth=auth, transport=patient, event_hooks=hooks)
        self.stage = Rehearsal(patient)
        self.rehearsal = DataLensClientYC(auth=auth, transport=self.stage, event_hooks=hooks)


class Buildable(Protocol):
    """A create builder of the SDK."""

    def build(self) -> object: ...


class _Captured(Exception):
    def __init__(self, body: Json) -> None:
        self.body = body


class _Capture(httpx.BaseTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise _Captured(json.loads(request.content))


RECORDER = DataLensClientYC(auth=NoAuthProvider(), transport=_Capture())


def payload(builder: Callable[[DataLensClientYC], Buildable]) -> Json:
    """The request body that the builder would send. Nothing is sent."""
    try:
        builder(RECORDER).build()
    except _Captured as captured:
        return captured.body
    raise AssertionError("the builder sent nothing")
