"""The processes that `up` runs."""

from config.launcher.commands import PROCESSES, QUEUES, WORKERS


def test_sources_and_webhooks_that_hang_hold_up_no_mail_no_reply_and_no_alarm() -> None:
    assert WORKERS["collector"] == "collect,webhooks,data"
    assert "collect" not in WORKERS["worker"].split(",")
    assert "webhooks" not in WORKERS["worker"].split(",")
    assert WORKERS.keys() == PROCESSES.keys()
    assert sorted(",".join(WORKERS.values()).split(",")) == sorted(QUEUES.split(","))
