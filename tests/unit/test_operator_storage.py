"""What the watches told, and the small pure parts of storage."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from venture_operator.domain.backoff import after_error, after_failed_job
from venture_operator.domain.mergepatch import merge_patch
from venture_operator.domain.names import child_name
from venture_operator.storage.watched import ObjectKey, WatchedObjects

type Body = dict[str, Any]
KEY = ObjectKey("ns", "a")


def body(version: int, *, uid: str = "1", name: str = "a", job: str = "") -> Body:
    metadata: Body = {"namespace": "ns", "name": name, "uid": uid, "resourceVersion": str(version)}
    if job:
        metadata["labels"] = {"job": job}
    return {"metadata": metadata}


def test_an_older_body_never_replaces_a_newer_one() -> None:
    objects = WatchedObjects()
    assert objects.put(body(9))
    assert not objects.put(body(9))
    assert not objects.put(body(8))
    assert objects.put(body(10))
    assert objects.get(KEY) == body(10)


def test_an_object_of_the_same_name_but_another_uid_is_another_object() -> None:
    objects = WatchedObjects()
    objects.put(body(9, uid="old"))
    assert objects.put(body(12, uid="new"))
    objects.remove(body(11, uid="old"))
    assert objects.get(KEY) == body(12, uid="new")
    objects.remove(body(13, uid="new"))
    assert objects.get(KEY) is None


def test_objects_are_found_by_their_label() -> None:
    objects = WatchedObjects(index_label="job")
    objects.put(body(1, name="p", job="j"))
    objects.put(body(2, name="q", job="j"))
    objects.put(body(3, name="r", job="k"))
    assert {each["metadata"]["name"] for each in objects.labelled("j")} == {"p", "q"}
    objects.remove(body(4, name="p", job="j"))
    assert {each["metadata"]["name"] for each in objects.labelled("j")} == {"q"}
    assert list(objects.labelled("unknown")) == []


def test_the_end_of_an_object_is_kept_until_it_was_taken_care_of() -> None:
    objects = WatchedObjects(keeps_deleted=True)
    objects.put(body(1, uid="old"))
    objects.put(body(5, uid="new"))
    objects.remove(body(6, uid="new"))
    assert objects.get(KEY) is None
    assert {each["metadata"]["uid"] for each in objects.deleted(KEY)} == {"old", "new"}
    objects.forget(body(1, uid="old"))
    objects.forget(body(6, uid="new"))
    assert objects.deleted(KEY) == []


def test_what_nobody_asks_after_is_not_kept() -> None:
    objects = WatchedObjects()
    objects.put(body(1))
    objects.remove(body(2))
    assert objects.deleted(KEY) == []


def test_a_list_shows_what_the_watch_did_not_tell() -> None:
    objects = WatchedObjects()
    objects.put(body(5))
    newer, unknown = body(6), body(1, name="b")
    assert [each for each in (body(5), newer, unknown) if not objects.knows(each)] == [
        newer,
        unknown,
    ]


json_objects = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2)
    ),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def applied(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, as its pseudo code has it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = applied(result.get(key), value)
    return result


@given(
    st.dictionaries(st.sampled_from("abc"), json_objects, max_size=3),
    st.dictionaries(st.sampled_from("abc"), json_objects, max_size=3),
)
def test_the_merge_patch_turns_one_object_into_the_other(before: Body, after: Body) -> None:
    patch = merge_patch(before, after)
    assert applied(before, patch) == after
    assert merge_patch(after, after) == {}


def test_names_are_deterministic_bounded_and_tell_namesakes_apart() -> None:
    assert child_name("deck", "uid-1", "compile", 2) == child_name("deck", "uid-1", "compile", 2)
    assert child_name("deck", "uid-1", "compile", 2).startswith("deck-compile-2-")
    assert child_name("deck", "uid-1", "compile", 1) != child_name("deck", "uid-2", "compile", 1)
    long = child_name("x" * 253, "uid-1", "compile", 12)
    assert len(long) == 63
    assert (
        not child_name("x" * 43 + "." + "y" * 20, "u", "compile", 1)
        .partition("-compile")[0]
        .endswith(".")
    )


def test_backoff_grows_and_is_capped() -> None:
    assert [after_failed_job(failures) for failures in (1, 2, 3, 10)] == [5, 10, 20, 120]
    assert [after_error(errors) for errors in (1, 2, 10_000)] == [0.5, 1, 60]
