"""Containment with random ids."""

from __future__ import annotations

import pytest

from business_telemetry.datalens.diff import differences

A, B, C, D = (f"{n}0000000-0000-4000-8000-000000000000" for n in "1234")


@pytest.mark.parametrize(
    ("wanted", "held", "told"),
    [
        ({"a": 1}, {"a": 1, "default": "of the server"}, []),
        ({"a": 6.0}, {"a": 6}, []),
        ({"a": None, "b": {}, "c": []}, {}, []),
        ({"a": 1}, {}, ["a: nothing -> 1"]),
        ({"a": {"b": "x"}}, {"a": {"b": "y"}}, ['a.b: "y" -> "x"']),
        ({"a": [1, 2]}, {"a": [1]}, ["a: [1] -> [1, 2]"]),
        ({"a": [{"id": "kpi", "w": 1}]}, {"a": [{"id": "kpi", "w": 2}]}, ["a[kpi].w: 2 -> 1"]),
        # a list that the catalogue does not know was added by somebody
        ({"a": {}}, {"a": {"filters": ["x"]}}, ['a.filters: ["x"] -> nothing']),
        ({"a": True}, {"a": False}, ["a: false -> true"]),
        ({"salt": 1, "x": 2}, {"salt": 5, "x": 2}, []),
    ],
)
def test_differences(wanted: object, held: object, told: list[str]) -> None:
    assert [str(one) for one in differences(wanted, held, ignore={"salt"})] == told


def test_random_ids_are_equal_up_to_renaming() -> None:
    wanted = {"layers": [{"id": A}, {"id": B}], "selected": A}
    assert differences(wanted, {"layers": [{"id": C}, {"id": D}], "selected": C}) == []
    assert [d.path for d in differences(wanted, {"layers": [{"id": C}, {"id": D}], "selected": D})] == [
        "selected"
    ]


def test_ids_of_fields_are_not_random() -> None:
    assert differences({"guid": A}, {"guid": B}) == []
    assert [str(d) for d in differences({"guid": A}, {"guid": B}, known={A, B})] == [f'guid: "{B}" -> "{A}"']
