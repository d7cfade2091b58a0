from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystation.generations.journal import Journal, orphans, read


def written(directory: Path, *payloads: bytes) -> Path:
    """A segment that a process left behind, with these payloads in it."""
    journal = Journal(directory, segment_bytes=200)
    segments = {journal.append(payload) for payload in payloads}
    journal.close()
    (segment,) = segments
    return segment.path


def test_what_was_written_is_read_in_order(tmp_path: Path) -> None:
    path = written(tmp_path, b"{}", b'{"a":1}', b"")

    assert read(path).payloads == [b"{}", b'{"a":1}', b""]
    assert read(path).damaged == 0


@given(data=st.data())
def test_a_torn_end_costs_only_the_line_it_tore(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.mktemp("journal"), b'{"first":1}', b'{"second":2}')
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))

    path.write_bytes(whole[:cut])

    contents = read(path)
    assert contents.payloads == [b'{"first":1}', b'{"second":2}'][: whole[:cut].count(b"\n")]
    assert contents.damaged == 0


@given(data=st.data())
def test_a_changed_byte_costs_only_its_own_line_and_is_counted(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.mktemp("journal"), b'{"first":1}', b'{"second":2}', b'{"third":3}')
    lines = path.read_bytes().split(b"\n")
    position = data.draw(st.integers(0, len(lines[1]) - 1))
    other = data.draw(st.integers(1, 255))
    damaged = bytearray(lines[1])
    damaged[position] ^= other
    path.write_bytes(b"\n".join([lines[0], bytes(damaged).replace(b"\n", b"\r"), *lines[2:]]))

    contents = read(path)

    assert contents.payloads == [b'{"first":1}', b'{"third":3}']
    assert contents.damaged == 1


def test_a_segment_goes_when_it_is_full_and_all_its_records_are_settled(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=90)
    first = [journal.append(b"x" * 20) for _ in range(3)]
    second = journal.append(b"y")
    assert len(set(first)) == 1
    assert first[0] is not second

    for segment in first[:2]:
        journal.settled(segment, 1)
    assert first[0].path.exists()
    journal.settled(first[2], 1)
    assert not first[0].path.exists()

    journal.settled(second, 1)
    assert second.path.exists()
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_closing_keeps_what_is_not_settled(tmp_path: Path) -> None:
    path = written(tmp_path, b"{}")

    assert path.exists()


def test_only_segments_of_the_dead_are_orphans(tmp_path: Path) -> None:
    left_behind = written(tmp_path, b"{}")
    living = Journal(tmp_path)
    living.append(b"{}")

    found = list(orphans(tmp_path))

    assert [segment.path for segment in found] == [left_behind]
    assert list(orphans(tmp_path)) == []
    for segment in found:
        segment.remove()
    living.close()


def test_a_journal_without_a_directory_has_no_orphans(tmp_path: Path) -> None:
    assert list(orphans(tmp_path / "absent")) == []
