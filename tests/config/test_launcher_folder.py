import json
import os
import socket
import stat
from pathlib import Path

import pytest

from config.launcher.errors import LauncherError
from config.launcher.folder import (
    Running,
    default_path,
    locked,
    prepare,
    read_running,
    read_secrets,
)
from config.launcher.ports import LOOPBACK, check_port, free_port
from config.launcher.servers import check_pair, check_servers

HERE = Running(pid=1, port=8000, address="http://127.0.0.1:8000")


def test_a_second_launcher_on_the_same_data_is_told_where_the_first_one_runs(
    tmp_path: Path,
) -> None:
    folder = prepare(tmp_path / "data")
    with locked(folder, HERE), pytest.raises(LauncherError, match=r"at http://127\.0\.0\.1:8000\."):
        with locked(folder, HERE):
            pytest.fail("two launchers hold one folder")


def test_who_runs_is_known_for_as_long_as_it_runs(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    assert read_running(folder.path) is None
    with locked(folder, HERE) as was_killed:
        assert read_running(folder.path) == HERE
        assert not was_killed
    assert read_running(folder.path) is None


def test_a_launcher_that_was_killed_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    (folder.path / "lock").touch()
    (folder.path / "running.json").write_text(json.dumps(HERE.__dict__))
    assert read_running(folder.path) is None
    with locked(folder, HERE) as was_killed:
        assert was_killed


def test_secrets_are_made_once_and_for_our_eyes_only(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    first = read_secrets(folder)
    assert read_secrets(folder) == first
    assert len({first.secret_key, first.postgres, first.owner, first.app, first.valkey}) == 5
    assert stat.S_IMODE((folder.path / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_broken_secrets_are_never_replaced_by_new_ones(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    (folder.path / "secrets.json").write_text("{")
    with pytest.raises(LauncherError, match="backup"):
        read_secrets(folder)
    assert (folder.path / "secrets.json").read_text() == "{"


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LauncherError, match=r"can't be used.*EARSHOT_DATA_DIR"):
        prepare(tmp_path / "file" / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_gets_a_sentence_and_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    with pytest.raises(LauncherError, match="can't be used: Permission denied"):
        prepare(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o500


def test_the_data_folder_is_where_the_environment_says(tmp_path: Path) -> None:
    assert default_path({"EARSHOT_DATA_DIR": str(tmp_path)}) == tmp_path


def test_a_taken_port_gets_a_sentence_with_a_free_one() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        with pytest.raises(LauncherError, match=r"is taken by another program.*--port \d+"):
            check_port(LOOPBACK, taken.getsockname()[1])


def test_one_database_address_without_the_other_is_refused() -> None:
    with pytest.raises(LauncherError, match="MIGRATE_DATABASE_URL isn't"):
        check_pair({"DATABASE_URL": "postgresql://127.0.0.1/earshot"})


@pytest.mark.parametrize(("name", "scheme"), [("DATABASE_URL", "postgresql"), ("REDIS_URL", "redis")])
def test_a_server_that_does_not_answer_gets_one_line_without_its_password(name: str, scheme: str) -> None:
    with pytest.raises(LauncherError, match=name) as refused:
        check_servers({name: f"{scheme}://ana:hush-hush@{LOOPBACK}:{free_port()}/1"})
    assert "hush-hush" not in str(refused.value)
    assert "\n" not in str(refused.value)
