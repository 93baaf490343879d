#!/usr/bin/env bash
# crontab -e:  15 4 * * *  /srv/business-telemetry/examples/cron.sh s3://shop-logs/2024/ --log shop.yml --target prod
# One run at a time; 5 when another one is under way. Each run keeps its JSON in logs/daily/, and what it says meanwhile beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p logs/daily
exec 9>logs/daily/lock
flock --nonblock --conflict-exit-code 5 9
night=logs/daily/$(date +%FT%H%M%S)
exec .venv/bin/telemetry daily "$@" >"$night.json" 2>"$night.log"
