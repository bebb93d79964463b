"""Records behave as the standard library's dataclasses do, but for what mypy looks after."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import field

import pytest

from portside.records import cached_property, dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """Somewhere."""

    x: int
    y: int = 0
    label: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Farther(Point):
    z: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Ordered:
    first: int
    second: int


@dataclass(frozen=True, eq=False)
class Thing:
    name: str = field(repr=False)
    parts: list[str] = field(default_factory=list)

    @cached_property
    def loud(self) -> str:
        return self.name.upper()


@dataclass
class Changing:
    count: int = 0


def test_records_are_equal_by_their_compared_fields() -> None:
    assert Point(1, 2, "here") == Point(1, y=2, label="there")
    assert hash(Point(1, 2, "here")) == hash(Point(1, 2))
    assert Point(1) != Point(2)
    assert len({Point(1), Point(1), Point(2)}) == 2


def test_records_of_two_classes_are_never_equal() -> None:
    assert Point(1) != Farther(1)
    assert Point(1) != (1, 0)


def test_ordered_records_compare_field_by_field() -> None:
    assert sorted([Ordered(2, 0), Ordered(1, 5), Ordered(1, 2)]) == [
        Ordered(1, 2),
        Ordered(1, 5),
        Ordered(2, 0),
    ]


def test_a_record_without_eq_is_equal_to_itself_alone() -> None:
    one = Thing("a")
    assert one in [one]
    assert one != Thing("a")
    assert len({one, Thing("a")}) == 2
    assert one.loud == "A"


def test_a_record_that_changes_has_no_hash() -> None:
    one = Changing()
    one.count = 1
    assert one == Changing(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_records_look_like_their_making() -> None:
    assert repr(Point(1, label="x")) == "Point(x=1, y=0, label='x')"
    assert repr(Thing("secret", ["a"])) == "Thing(parts=['a'])"


def test_slots_take_no_other_attribute() -> None:
    with pytest.raises(AttributeError):
        Point(1).other = 2  # type: ignore[attr-defined]


def test_records_are_dataclasses_to_everybody_else() -> None:
    point = Point(1, 2)
    assert dataclasses.replace(point, y=3) == Point(1, 3)
    assert dataclasses.asdict(point) == {"x": 1, "y": 2, "label": ""}
    assert pickle.loads(pickle.dumps(point)) == point
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_cached_property_is_worked_out_once_for_each_record() -> None:
    asked = list[str]()

    @dataclass(frozen=True)
    class Slow:
        name: str

        @cached_property
        def answer(self) -> str:
            """What it comes to."""
            asked.append(self.name)
            return self.name * 2

    one, other = Slow("a"), Slow("b")
    assert [one.answer, other.answer, one.answer] == ["aa", "bb", "aa"]
    assert asked == ["a", "b"]
    assert Slow.answer.__doc__ == "What it comes to."
