"""Publishes the chart catalogue in Yandex DataLens."""
