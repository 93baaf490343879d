"""The reference seeds: complete, unique, and in agreement with the time zone database."""

import csv
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

SEEDS = Path(__file__).parents[3] / "seeds"

PUBLISHED_TOP_TEN = {
    "Москва",
    "Санкт-Петербург",
    "Новосибирск",
    "Екатеринбург",
    "Нижний Новгород",
    "Казань",
    "Красноярск",
    "Волгоград",
    "Ростов-на-Дону",
    "Самара",
}
FEDERAL_DISTRICTS = {
    "Центральный",
    "Северо-Западный",
    "Южный",
    "Северо-Кавказский",
    "Приволжский",
    "Уральский",
    "Сибирский",
    "Дальневосточный",
}


def read_seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def cities() -> list[dict[str, str]]:
    return read_seed("cities.csv")


@pytest.fixture(scope="module")
def holidays() -> list[dict[str, str]]:
    return read_seed("holidays.csv")


def test_cities_have_the_declared_columns_and_no_gaps(cities: list[dict[str, str]]) -> None:
    assert list(cities[0]) == [
        "city",
        "city_en",
        "region",
        "federal_district",
        "latitude",
        "longitude",
        "timezone",
        "utc_offset_hours",
        "population",
    ]
    assert [row for row in cities if any(not value or value != value.strip() for value in row.values())] == []


def test_cities_cover_the_hundred_largest_and_the_published_ones(cities: list[dict[str, str]]) -> None:
    names = {row["city"] for row in cities}
    assert sum(int(row["population"]) >= 150_000 for row in cities) >= 100
    assert names >= PUBLISHED_TOP_TEN


def test_city_names_are_unique_even_when_yo_is_written_as_ye(cities: list[dict[str, str]]) -> None:
    names = [row["city"].lower().replace("ё", "е") for row in cities]
    assert len(names) == len(set(names))


def test_offsets_equal_the_zone_database_from_2021_to_2025(cities: list[dict[str, str]]) -> None:
    moments = [datetime(2021, 1, 1) + timedelta(days=30 * step) for step in range(61)]
    wrong = [
        (row["city"], moment)
        for row in cities
        for moment in moments
        if ZoneInfo(row["timezone"]).utcoffset(moment) != timedelta(hours=int(row["utc_offset_hours"]))
    ]
    assert wrong == []


def test_coordinates_lie_in_russia_and_near_their_zone(cities: list[dict[str, str]]) -> None:
    for row in cities:
        latitude, longitude = float(row["latitude"]), float(row["longitude"])
        assert 41 < latitude < 82, row
        assert 19 < longitude < 180, row
        assert abs(longitude / 15 - int(row["utc_offset_hours"])) < 2.6, row


def test_every_region_lies_in_one_of_the_eight_federal_districts(cities: list[dict[str, str]]) -> None:
    district_of: dict[str, str] = {}
    for row in cities:
        assert district_of.setdefault(row["region"], row["federal_district"]) == row["federal_district"], row
    assert set(district_of.values()) == FEDERAL_DISTRICTS


def test_holidays_are_unique_sorted_and_in_range(holidays: list[dict[str, str]]) -> None:
    keys = [(date.fromisoformat(row["date"]), row["name"]) for row in holidays]
    assert keys == sorted(set(keys))
    assert (keys[0][0], keys[-1][0]) == (date(2021, 12, 31), date(2027, 1, 8))
    assert {row["kind"] for row in holidays} == {"public_holiday", "shopping_event"}
    assert all(row["name"] for row in holidays)


@pytest.mark.parametrize("year", range(2022, 2027))
def test_every_year_has_its_fixed_holidays_and_shopping_events(
    holidays: list[dict[str, str]], year: int
) -> None:
    public, shopping = (
        {row["date"][5:] for row in holidays if row["kind"] == kind and row["date"].startswith(str(year))}
        for kind in ("public_holiday", "shopping_event")
    )
    january = {f"01-0{day}" for day in range(1, 9)}
    assert public - {"12-31"} == january | {"02-23", "03-08", "05-01", "05-09", "06-12", "11-04"}
    black_friday = date(year, 11, 30) - timedelta(days=(date(year, 11, 30).weekday() - 4) % 7)
    assert shopping == {"02-14", "11-11", f"{black_friday:%m-%d}"}
