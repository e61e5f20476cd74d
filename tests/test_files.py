"""Files are there whole or not at all, whoever else writes, and whatever lies in the folder."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bayesreg.base import files
from bayesreg.base.files import exclusive, remove_leftovers, staged, write_whole


def test_many_writers_of_one_name_leave_one_whole_file(tmp_path):
    file = tmp_path / "shared.bin"
    contents = [bytes([k]) * (200_000 + k) for k in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write_whole(file, content), contents))
    assert file.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [file]


def test_no_link_is_followed_not_even_under_the_name_that_is_used(tmp_path, monkeypatch):
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    (tmp_path / "table.csv").symlink_to(precious)
    write_whole(tmp_path / "table.csv", b"new")
    assert not (tmp_path / "table.csv").is_symlink()
    assert (tmp_path / "table.csv").read_bytes() == b"new"
    monkeypatch.setattr(files.secrets, "token_hex", lambda _: "guessed")  # the worst case
    (tmp_path / ".bayesreg-guessed.partial").symlink_to(precious)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "table.csv", b"newer")
    assert precious.read_text() == "keep me"
    assert (tmp_path / "table.csv").read_bytes() == b"new"
    assert (tmp_path / ".bayesreg-guessed.partial").is_symlink()


def test_names_of_half_files_differ_and_permissions_are_the_users(tmp_path):
    with staged(tmp_path / "a", b"1") as one, staged(tmp_path / "a", b"2") as other:
        assert one != other
    umask = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"1")
    finally:
        os.umask(umask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("why", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_write_that_fails_leaves_the_earlier_file_alone(tmp_path, monkeypatch, why):
    write_whole(tmp_path / "a", b"earlier")

    def fail(_):
        raise why

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(type(why)):
        write_whole(tmp_path / "a", b"later")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"earlier"


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path):
    killed = (
        "import os, sys; from pathlib import Path; from bayesreg.base.files import staged\n"
        "with staged(Path(sys.argv[1]) / 'a', b'1'): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", killed, tmp_path]).returncode == -9
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    link = tmp_path / ".bayesreg-link.partial"
    link.symlink_to(precious)
    assert len(list(tmp_path.glob(".bayesreg-*"))) == 2
    with staged(tmp_path / "a", b"1") as living:
        remove_leftovers(tmp_path)
        assert sorted(tmp_path.glob(".bayesreg-*")) == sorted([living, link])
    assert precious.read_text() == "keep me"


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_lock_is_one_owners_and_goes_with_its_death(tmp_path, what):
    place = tmp_path if what == "folder" else tmp_path / "lock"
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from bayesreg.base.files import exclusive\n"
            "with exclusive(Path(sys.argv[1])) as held: print(held, flush=True); time.sleep(60)",
            place,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert owner.stdout.readline() == "True\n"
        with pytest.raises(BlockingIOError), exclusive(place, wait=False):
            pass
    finally:
        owner.kill()
        owner.communicate()
    with exclusive(place, wait=False) as held:
        assert held


def test_a_lock_is_not_taken_through_a_link(tmp_path):
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), exclusive(tmp_path / "lock", wait=False):
        pass


def test_all_of_the_package_writes_by_one_function():
    """What opens a file to write it, outside files.py, would be a second way."""
    package = Path(files.__file__).parent
    by_hand = (
        "write_text(",
        "write_bytes(",
        'open("w',
        "savefig(file",
        "to_netcdf(file",
        "tofile(",
        "np.save(",
    )
    for path in package.rglob("*.py"):
        if path.name != "files.py":
            assert not [word for word in by_hand if word in path.read_text()], path
