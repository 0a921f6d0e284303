"""No log line holds a secret, whoever writes it."""

import io
import logging
from typing import Any

import pytest
import structlog
from django.test import Client as Browser
from structlog.stdlib import ProcessorFormatter

from config.masking import mask_secrets

TOKEN = "kw6Ip38YlJdpl2438NGNBGQ_iEXchBTu2MLc29wO1qo"


@pytest.mark.parametrize(
    "line",
    [
        f"GET /approve/{TOKEN}/undo/",
        f"Not Found: /approve/{TOKEN}/",
        f"GET /see/{TOKEN}/?days=7",
        f"GET /ack/{TOKEN}/",
        f"POST /accounts/login/?next=%2Fsee%2F{TOKEN}%2F",
        f"POST /accounts/login/?next=%2Fapprove%2F{TOKEN}%2F",
        f"GET /accounts/password/reset/key/{TOKEN}/",
        f"Bearer esk_3ic5xk8rnh_{TOKEN}",
        f"GET /accounts/agency/abcd-2345-wxyz/back/?code=4%2F{TOKEN}&state=x",
        f"GET /clients/?page=2&token={TOKEN}",
        f"GET /sources/ while reading https://name:{TOKEN}@forum.example/feed",
    ],
)
def test_a_secret_is_cut_and_the_rest_stays(line: str) -> None:
    masked = mask_secrets(None, "info", {"request": line, "code": 404})
    assert TOKEN[:12] not in masked["request"]
    assert masked["request"].startswith(line.partition("/")[0] if "/" in line else "Bearer esk_3ic5xk8rnh_")
    assert masked["code"] == 404


def test_ordinary_addresses_stay_whole() -> None:
    line = "GET /clients/01a1ffcb-54ad-76da-a721-b22f05d55e0b/approval/"
    assert mask_secrets(None, "info", {"request": line})["request"] == line


@pytest.mark.django_db
def test_the_lines_of_a_request_with_a_token_do_not_hold_it(clock: Any) -> None:
    written = io.StringIO()
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    formatter = next(one for one in formatters if isinstance(one, structlog.stdlib.ProcessorFormatter))
    listener = logging.StreamHandler(written)
    listener.setFormatter(formatter)
    loggers = [logging.getLogger(name) for name in ("django.request", "django_structlog")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel("INFO")
        logger.addHandler(listener)
    try:
        assert Browser().post(f"/approve/{TOKEN}/", {"verdict": "approve"}).status_code == 404
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(listener)
            logger.setLevel(level)
    assert "/approve/***/" in written.getvalue()
    assert TOKEN[:12] not in written.getvalue()


def test_a_line_of_whatever_library_tells_where_it_broke_without_the_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handlers = logging.getLogger().handlers
    formatter = next(one.formatter for one in handlers if isinstance(one.formatter, ProcessorFormatter))
    try:
        raise RuntimeError(f"GET /approve/{TOKEN}/")
    except RuntimeError:
        logging.getLogger("django.request").exception("It broke.")
    line = formatter.format(caplog.records[-1])
    assert "test_masking.py" in line
    assert "/approve/***/" in line
    assert TOKEN[:12] not in line
