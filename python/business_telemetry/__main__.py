"""`python -m business_telemetry` is the `telemetry` command."""

from business_telemetry.cli import main

main()
