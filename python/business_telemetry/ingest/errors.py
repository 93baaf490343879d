"""What can go wrong, each with the exit code that the command returns."""

from __future__ import annotations


class IngestError(Exception):
    """Stops a load before anything is published. The message names the file and the remedy."""

    exit_code = 1


class LoadFailed(IngestError):
    """Reading or landing was broken off; nothing is published and the same command may be run again."""


class BadSource(IngestError):
    """A source that does not exist, cannot be read, has changed meanwhile or lacks a column."""

    exit_code = 2


class BadContract(IngestError):
    """A log contract that says what no contract can say."""

    exit_code = 2


class TooManyRejected(IngestError):
    """More rows are malformed than `--max-rejected` allows."""

    exit_code = 3


class NeedsReplace(IngestError):
    """A loaded file has changed: replacing its load must be asked for."""

    exit_code = 4


class WarehouseBusy(IngestError):
    """Another ingestion is writing to the same warehouse."""

    exit_code = 5


def of_code(message: str, code: int) -> IngestError:
    """The error that a task has told."""
    return next((kind for kind in (BadSource,) if kind.exit_code == code), LoadFailed)(message)
