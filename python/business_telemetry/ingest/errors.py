"""What can go wrong, each with the exit code that the command returns."""

from __future__ import annotations


class IngestError(Exception):
    """Stops a load before anything is published. The message names the file and the remedy."""

    exit_code = 1


class BadSource(IngestError):
    """A source that does not exist, cannot be read or lacks a column."""

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
