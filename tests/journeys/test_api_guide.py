"""docs/api.md is true: its walk is run by bash and curl as it stands there, and its table of codes is the code's."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core import mail
from django.db import connections
from django.test import Client as Browser

from agency import clock
from agency.actions.alarms import sweep
from agency.actions.keys import make_key
from agency.models import Agency, Membership
from agency.queries.people import actor_of_member
from agency.rights import Right
from agency.tenancy import tenant
from config.celery import app
from mentions.models import Mention
from tests.contracts.codes import GUIDE, written
from tests.live import serve
from tests.pages import follow, submit, words
from tests.web_server import Answer, WebServer
from workflows.actions.onboarding import open_agency

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>A forum</title>
<item><guid>https://forum.example/1</guid><link>https://forum.example/posts/1</link><title>Coffee</title>
<description>Brightwater was closed again at nine.</description><author>pauls@forum.example (Pauls)</author>
</item></channel></rss>"""
PATIENCE = 60


def blocks() -> list[str]:
    return re.findall(r"^```console\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def key(committed: None) -> Iterator[str]:
    """Of an agency as it is opened, with the rights that the guide asks for. Tasks run where they are rung for."""
    now = clock.now()
    agency, owner = open_agency(
        name="Northlight",
        time_zone="Europe/Riga",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=now,
        invite=False,
    )
    # The minute in which a decision can be taken back would be one of waiting.
    Agency.objects.filter(pk=agency.pk).update(undo_seconds=0)
    ana = actor_of_member(Membership.objects.select_related("user").get(pk=owner.pk))
    with tenant(agency.pk):
        rights = [Right.READ, Right.RESPOND, Right.MANAGE]
        _, token = make_key(name="The guide", rights=rights, expires_at=None, by=ana, now=now)
    app.conf.task_always_eager = True
    yield token
    app.conf.task_always_eager = False


@contextmanager
def at_work() -> Iterator[list[BaseException]]:
    """The worker, and Dora, who approves what she is mailed; what went wrong with them is in the list."""
    is_over, wrong = threading.Event(), list[BaseException]()

    def work() -> None:
        is_approved = False
        try:
            while not is_over.wait(0.1):
                sweep(now=clock.now())
                bodies = [str(said.body) for said in mail.outbox if "dora@brightwater.example" in said.to]
                if bodies and not is_approved:
                    approve(re.findall(r"/approve/[\w-]+/", bodies[0])[0])
                    is_approved = True
        except BaseException as error:
            wrong.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield wrong
    finally:
        is_over.set()
        thread.join(PATIENCE)


def approve(link: str) -> None:
    """As somebody does it who was mailed the link."""
    phone = Browser(enforce_csrf_checks=True)
    done = follow(phone, submit(phone, phone.get(link), verdict="approve"))
    assert "You approved the reply" in words(done)


def script(address: str, key: str, feed: str) -> str:
    """The guide's own lines, with the reader's own values in the first block."""
    lines = "".join(blocks())
    for name, value in (("EARSHOT", f"{address}/api/v1"), ("KEY", key), ("FEED", feed)):
        lines, found = re.subn(rf"^export {name}=.*$", f"export {name}={value}", lines, flags=re.MULTILINE)
        assert found == 1
    return lines


@pytest.mark.waits
def test_the_guide_leads_from_a_key_to_an_answered_mention(key: str, web_server: WebServer) -> None:
    web_server.answers["/feed.xml"] = Answer(FEED, headers={"Content-Type": "application/rss+xml"})
    with serve() as address, at_work() as wrong:
        lines = script(address, key, web_server.url_of("/feed.xml"))
        done = subprocess.run(
            ["/usr/bin/env", "timeout", str(PATIENCE), "bash", "-eo", "pipefail", "-c", lines],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert wrong == []
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    state, sentence, first = done.stdout.splitlines()[-3:]
    assert (state, first) == ("responded", "mention.created")
    assert "us" in sentence
    with tenant(Agency.objects.get().pk):
        (mention,) = Mention.objects.all()
        assert (mention.state, mention.answer_url) == ("responded", "https://forum.example/posts/1#reply")


def test_the_guide_has_every_code_of_a_problem() -> None:
    assert Path(GUIDE).read_text() == written(), "Write it anew: python -m tests.contracts.codes"
