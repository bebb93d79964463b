"""Services of which a user starts the one or the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portside.launchfiles.docker.alternatives import alternatives

NAMES = st.builds(
    "{}{}".format, st.sampled_from(["api", "web", "db"]), st.sampled_from(["", "-dev", "_gpu", "2"])
)
PORTS = st.frozensets(st.integers(8000, 8004), max_size=4)


def test_variants_of_one_name_take_each_other_s_place() -> None:
    found = alternatives({"api": frozenset({80}), "api-dev": frozenset({81}), "db": frozenset({80})})
    assert found == {"api": {"api-dev"}, "api-dev": {"api"}, "db": set()}


def test_copies_take_each_other_s_place() -> None:
    ports = frozenset({1, 2, 3})
    assert alternatives({"a": ports, "b": ports}) == {"a": {"b"}, "b": {"a"}}


@given(st.dictionaries(NAMES, PORTS))
def test_whoever_takes_a_place_has_it_taken_and_nobody_takes_their_own(
    published: dict[str, frozenset[int]],
) -> None:
    found = alternatives(published)
    assert found.keys() == published.keys()
    assert all(name not in others for name, others in found.items())
    assert all(name in found[other] for name, others in found.items() for other in others)
