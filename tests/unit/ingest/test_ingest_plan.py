"""What is loaded is decided by content: nothing twice, nothing lost, nothing replaced unasked."""

from __future__ import annotations

import pytest

from business_telemetry.ingest.errors import NeedsReplace
from business_telemetry.ingest.files import SourceFile
from business_telemetry.ingest.plan import LoadedFiles, plan_load


def file(name: str, content: str) -> SourceFile:
    return SourceFile(name, content)


LOADED = [LoadedFiles("L1", ("/a", "/b"), ("A", "B")), LoadedFiles("L2", ("/c",), ("C",))]


def test_new_files_make_a_load() -> None:
    plan = plan_load([file("/a", "A"), file("/b", "B")], [], replace=False)
    assert [each.name for each in plan.files] == ["/a", "/b"]
    assert (plan.skipped, plan.replaces) == ((), ())


def test_the_load_is_named_by_content() -> None:
    one = plan_load([file("/a", "A"), file("/b", "B")], [], replace=False)
    same = plan_load([file("/y", "B"), file("/x", "A")], [], replace=False)
    other = plan_load([file("/a", "A"), file("/b", "B2")], [], replace=False)
    assert one.load_id == same.load_id != other.load_id
    # printf 'A\nB' | sha256sum
    assert one.fingerprint == "23519a43c66b4c342f25b32e09797ec5f3fc0be388cd8243fb3449afbdce4013"
    assert one.load_id == "23519a43c66b4c34"


def test_loaded_content_is_left_out_under_any_name() -> None:
    plan = plan_load([file("/a", "A"), file("/moved", "C"), file("/d", "D")], LOADED, replace=False)
    assert [each.name for each in plan.files] == ["/d"]
    assert plan.skipped == (("/a", "already loaded as load L1"), ("/moved", "already loaded as load L2"))


def test_the_same_content_given_twice_is_loaded_once() -> None:
    plan = plan_load([file("/x", "X"), file("/copy", "X")], [], replace=False)
    assert [each.name for each in plan.files] == ["/x"]
    assert plan.skipped == (("/copy", "same content as /x"),)


def test_a_changed_file_needs_replace() -> None:
    with pytest.raises(NeedsReplace, match="/c has changed since load L2") as error:
        plan_load([file("/c", "C2")], LOADED, replace=False)
    assert "--replace" in str(error.value)
    assert error.value.exit_code == 4


def test_replace_supersedes_the_load() -> None:
    plan = plan_load([file("/c", "C2"), file("/d", "D")], LOADED, replace=True)
    assert [each.name for each in plan.files] == ["/c", "/d"]
    assert plan.replaces == ("L2",)


def test_replacing_one_file_of_a_load_loads_the_others_again() -> None:
    plan = plan_load([file("/a", "A2"), file("/b", "B"), file("/c", "C")], LOADED, replace=True)
    assert [(each.name, each.fingerprint) for each in plan.files] == [("/a", "A2"), ("/b", "B")]
    assert plan.replaces == ("L1",)
    assert plan.skipped == (("/c", "already loaded as load L2"),)


def test_replacing_may_not_lose_files() -> None:
    with pytest.raises(NeedsReplace, match="also holds /b"):
        plan_load([file("/a", "A2")], LOADED, replace=True)


def test_what_is_missing_is_named_briefly_and_can_be_undone() -> None:
    names = tuple(f"/{number}" for number in range(456))
    loads = [LoadedFiles("L9", names, names)]
    with pytest.raises(NeedsReplace) as caught:
        plan_load([file("/0", "new")], loads, replace=True)
    assert "also holds /1, /2, /3 and 452 more." in str(caught.value)
    assert "telemetry loads --undo L9" in str(caught.value)


def test_loads_of_another_contract_are_told() -> None:
    loads = [LoadedFiles(f"L{by}", (f"/{by}",), (by,), by) for by in ("", "old", "new")]
    plan = plan_load([file(f"/{by}", by) for by in ("", "old", "new")], loads, False, "new")
    assert plan.read_otherwise == ("Lold",)
    assert not plan.files and len(plan.skipped) == 3


def test_a_renamed_file_of_a_replaced_load_is_not_lost() -> None:
    plan = plan_load([file("/a", "A2"), file("/b-renamed", "B")], LOADED, replace=True)
    assert [each.fingerprint for each in plan.files] == ["A2", "B"]


def test_going_back_to_replaced_content_is_a_change_too() -> None:
    now = [LoadedFiles("L3", ("/c",), ("C2",))]
    with pytest.raises(NeedsReplace):
        plan_load([file("/c", "C")], now, replace=False)
    assert plan_load([file("/c", "C")], now, replace=True).replaces == ("L3",)


def test_a_file_that_becomes_what_another_one_holds_has_changed() -> None:
    """Its old content is in no file any more, and must not count for ever."""
    given = [file("/a", "A"), file("/b", "B"), file("/c", "A")]
    with pytest.raises(NeedsReplace, match="/c has changed since load L2"):
        plan_load(given, LOADED, replace=False)
    plan = plan_load(given, LOADED, replace=True)
    assert (plan.files, plan.replaces) == ((), ("L2",))
    assert plan.skipped[-1] == ("/c", "already loaded as load L1")


def test_a_rotated_log_has_not_changed() -> None:
    """Each night the log gets another name, what is older the next one, and the oldest is deleted."""
    loads: list[LoadedFiles] = []
    for night, names in enumerate((["/log"], ["/log", "/log.1"], *[["/log", "/log.1", "/log.2"]] * 5)):
        given = [file(name, f"night {night - age}") for age, name in enumerate(names)]
        plan = plan_load(given, loads, replace=False)
        assert [(each.name, each.fingerprint) for each in plan.files] == [("/log", f"night {night}")]
        loads.append(LoadedFiles(plan.load_id, ("/log",), (f"night {night}",)))


def test_replacing_may_not_lose_what_a_rotated_log_held() -> None:
    """Load L1 holds what was /log before, and the file that is /log now is not that content's correction."""
    loads = [LoadedFiles("L1", ("/log", "/x"), ("A", "X")), LoadedFiles("L2", ("/log",), ("B",))]
    given = [file("/log", "B"), file("/x", "X2")]
    with pytest.raises(NeedsReplace, match="L1 would be replaced as a whole, and it also holds /log"):
        plan_load(given, loads, replace=True)
    plan = plan_load([*given, file("/log.1", "A")], loads, replace=True)
    assert [each.fingerprint for each in plan.files] == ["X2", "A"]
    assert plan.replaces == ("L1",)


def test_replace_without_a_change_changes_nothing() -> None:
    plan = plan_load([file("/a", "A"), file("/b", "B")], LOADED, replace=True)
    assert (plan.files, plan.replaces) == ((), ())
