"""What can go wrong in a deploy, in plain words, each with an exit code and a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable

import httpx
from datalens_sdk import errors as sdk

IAM_TOKEN = re.compile(r"\bt1\.[\w.-]{20,}")
AGAIN = "Run the same command again: it goes on where it stopped."


class DeployError(Exception):
    """A deploy that stopped. Everything written before it stays; a second run goes on from there."""

    exit_code = 1


class BadSettings(DeployError):
    """Wrong usage: a variable is missing or malformed, or the catalogue does not fit DataLens."""

    exit_code = 2


class BrokenDataset(DeployError):
    """DataLens refused a formula, or a table or column is not there. Nothing was published."""

    exit_code = 3


class Denied(DeployError):
    """The token has expired, or its account may not do this."""

    exit_code = 4


class RateLimited(DeployError):
    """DataLens still refused a request after one wait."""

    exit_code = 5


class Occupied(DeployError):
    """Somebody else's: an entry open in an editor, a name that is taken, an entry of another owner."""

    exit_code = 6


class Unreachable(DeployError):
    """DataLens did not answer, or answered with an error of its own."""

    exit_code = 7


class FailingCharts(DeployError):
    """Everything is published, and some charts cannot be queried as they are drawn."""

    exit_code = 8


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret, and anything that looks like an IAM token, replaced by `***`."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return IAM_TOKEN.sub("***", text)


def explain(error: Exception, doing: str) -> DeployError:
    """Turn an error of the SDK or of the transport into one of ours.

    Args:
        error: what was raised.
        doing: the step that it interrupted, such as `chart revenue_trend`.
    """
    if isinstance(error, DeployError):
        return error
    where = f"{doing}: "
    if isinstance(error, sdk.DataLensAPIError):
        said = f"DataLens says: {error.context.message} (request {error.context.request_id or 'without id'})"
    else:
        said = str(error)
    match error:
        case sdk.UnauthorizedError():
            return Denied(
                f"{where}the IAM token has expired or is wrong. Set DATALENS_IAM_TOKEN to a new one "
                f"(`yc iam create-token`), or use DATALENS_SERVICE_ACCOUNT_KEY. {AGAIN}"
            )
        case sdk.ForbiddenError():
            return Denied(
                f"{where}this account may not do that; give it the editor role on the workbook. {said}"
            )
        case sdk.LockedError():
            return Occupied(f"{where}somebody has it open in DataLens' editor. Ask them to close it. {AGAIN}")
        case sdk.ConflictError():
            return Occupied(f"{where}another entry of that name appeared in the workbook meanwhile. {AGAIN}")
        case sdk.RateLimitError():
            return RateLimited(f"{where}too many requests. Wait a few minutes. {AGAIN}")
        case httpx.HTTPStatusError() if error.response.is_client_error:
            return Denied(
                f"{where}Yandex Cloud refuses the service account's key "
                f"({error.response.status_code} from {error.request.url.host}). Make a new one. {AGAIN}"
            )
        case sdk.ServerError() | sdk.DataLensTransportError() | httpx.HTTPError():
            return Unreachable(f"{where}DataLens did not answer as it should. {said} {AGAIN}")
        case sdk.NotFoundError():
            return BadSettings(f"{where}not found; check the workbook's id. {said}")
        case sdk.DataLensError():
            return DeployError(f"{where}{said}")
    raise error
