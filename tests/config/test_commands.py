"""The processes that `up` runs."""

from config.launcher.commands import QUEUES, WORKERS


def test_sources_that_hang_hold_up_no_mail_no_reply_and_no_alarm() -> None:
    assert WORKERS["collector"] == "collect,data"
    assert "collect" not in WORKERS["worker"].split(",")
    assert sorted(",".join(WORKERS.values()).split(",")) == sorted(QUEUES.split(","))
