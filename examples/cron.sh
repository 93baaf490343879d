#!/usr/bin/env bash
# crontab -e:  15 4 * * *  /srv/business-telemetry/examples/cron.sh s3://shop-logs/2024/ --log shop.yml --target prod
# flock: one run at a time. The JSON of each night stays in logs/daily/, what it says meanwhile beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p logs/daily
night=logs/daily/$(date +%F)
exec flock --nonblock logs/daily/lock .venv/bin/telemetry daily "$@" >"$night.json" 2>"$night.log"
