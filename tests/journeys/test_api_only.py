"""A new agency by its API alone: set up, listening, answering and reporting by an owner's key, and not one page.

Only the client's own link is opened in a browser: that is the product, it comes by mail and asks no account.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.core import mail
from django.test import Client as Browser

from agency.actions.alarms import sweep
from agency.actor import Actor
from tests.fixtures import Api, Clock
from tests.making import commit_checks, send_mails
from tests.pages import follow, submit, words
from tests.web_server import Answer, Request, WebServer
from workflows.actions.collect import collect
from workflows.actions.publications import publish

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Riga forum</title>
<item><guid>1</guid><link>https://forum.example/1</link><title>Closed again</title>
<description>Brightwater was closed again at nine. Does anybody answer there?</description>
<author>pauls@forum.example (Pauls)</author><pubDate>Fri, 06 Mar 2026 16:44:00 GMT</pubDate></item>
</channel></rss>"""
OFFICE = [{"opens": "09:00", "closes": "20:00"}]
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), OFFICE)
TEXT = "We're sorry, Pauls. From tomorrow we open at eight."


@dataclass
class Program:
    """A program with the owner's key, which reads what it made where it was told that it is."""

    key: Api
    clock: Clock
    agency_id: UUID

    def make(self, path: str, **body: Any) -> Any:
        """POST, and read at the Location what was made."""
        made = self.key.post(f"/api/v1/{path}", body)
        assert made.status_code == 201, made.content
        there = made["Location"].removeprefix("http://testserver")
        found = self.get(there.removeprefix("/api/v1/"))
        assert found["id"] == made.json()["id"]
        return made.json()

    def say(self, path: str, **body: Any) -> Any:
        """PUT the whole, over what is there."""
        tag = self.key.get(f"/api/v1/{path}").headers.get("ETag")
        answer = self.key.put(f"/api/v1/{path}", body, **({"if-match": tag} if tag else {}))
        assert answer.status_code == 200, answer.content
        return answer.json()

    def do(self, path: str, **body: Any) -> Any:
        """POST an action."""
        answer = self.key.post(f"/api/v1/{path}", body)
        assert answer.status_code in {200, 202}, answer.content
        return answer.json()

    def get(self, path: str) -> Any:
        answer = self.key.get(f"/api/v1/{path}")
        assert answer.status_code == 200, (path, answer.content)
        return answer.json()

    def all(self, path: str) -> list[Any]:
        return list(self.get(path)["results"])

    def pass_(self, **much: float) -> list[Any]:
        """Time goes on, the sweeper rings, mails go out: those that did."""
        self.clock.advance(**much)
        before = len(mail.outbox)
        for _ in range(3):  # what rings may set what rings at once
            assert sweep(now=self.clock.now).failed == 0
            send_mails(self.agency_id, now=self.clock.now)
        return mail.outbox[before:]


@pytest.fixture
def program(api: Callable[..., Api], ana: Actor, clock: Clock) -> Program:
    return Program(api(ana), clock, ana.agency_id)


@pytest.fixture
def forum(web_server: WebServer) -> WebServer:
    """A site with a feed, which takes replies."""

    def replies(request: Request) -> Answer:
        body = orjson.dumps({"id": "r1", "url": "https://forum.example/1#r1"})
        return Answer(body, 201, {"Content-Type": "application/json"})

    web_server.answers["/feed.xml"] = Answer(FEED, headers={"Content-Type": "application/rss+xml"})
    web_server.answers["/replies"] = replies
    return web_server


def _link(message: Any) -> str:
    found = re.search(r"/approve/[^/\s]+/", str(message.body))
    assert found is not None, message.body
    return found[0]


def _set_up(program: Program, forum: WebServer) -> tuple[str, str]:
    """The client and the source."""
    ben = program.make("members/", email="ben@northlight.example", name="Ben", role="responder")["id"]
    client = program.make("clients/", name="Brightwater", time_zone="Europe/Riga", language="en")["id"]
    dora = {"name": "Dora", "email": "dora@brightwater.example", "parts": ["approver"]}
    program.make("contacts/", client=client, **dora)
    program.say(f"clients/{client}/query/", any_terms=["Brightwater"])
    office = program.make("calendars/", name="Office", time_zone="Europe/Riga", week=WEEK, country="LV")
    program.say(f"clients/{client}/hours/", calendar=office["id"], cover="none")
    layer = {"members": [ben], "since": "2026-03-02", "at": "09:00", "turn_days": 7}
    program.make("rotas/", name="Evenings", time_zone="Europe/Riga", layers=[layer])
    program.say(f"clients/{client}/ladder/", steps=[], rungs=[{"whom": ["on_call"], "wait": 600}])
    promised = program.get(f"clients/{client}/sla-policy/")["targets"]
    program.say(f"clients/{client}/sla-policy/", targets=promised, warn_at=[75])
    program.say(f"clients/{client}/approval-policy/", asks="client")
    program.make("templates/", client=client, name="Sorry", kind="apology", text="We're sorry, {author}.")
    settings = {"url": forum.url_of("/feed.xml"), "reply_url": forum.url_of("/replies")}
    source = program.make("sources/", kind="loopback", name="Riga forum", settings=settings)["id"]
    return client, source


def test_a_new_agency_is_set_up_works_and_reports_by_its_api_alone(
    program: Program, forum: WebServer, clock: Clock
) -> None:
    client, source = _set_up(program, forum)
    assert program.get(f"on-call/?client={client}")["member"]["name"] == "Ben"

    # It is read over HTTP, and found.
    assert collect(program.agency_id, UUID(source), clock=lambda: clock.now) == 1
    assert [read["mentions"] for read in program.all(f"sources/{source}/reads/")] == [1]
    (row,) = program.all(f"mentions/?client={client}")
    assert program.all("clients/open-work/")[0]["open"] == 1
    here = f"mentions/{row['id']}/"

    # Claimed and drafted from the playbook; the client is asked, and reminded.
    (template,) = [one for one in program.all(f"templates/?client={client}") if one["name"] == "Sorry"]
    clock.advance(minutes=6)
    seen = program.do(f"{here}claim/", version=row["version"])
    assert program.get(f"{here}suggest/?template={template['id']}")["text"].startswith("We're sorry, Pauls")
    seen = program.do(f"{here}draft/", version=seen["version"], text=TEXT, kind="apology")
    seen = program.do(f"{here}submit/", version=seen["version"])
    assert seen["state"] == "awaiting_client"
    (asked,) = [one for one in program.pass_(minutes=1) if one.to == ["dora@brightwater.example"]]
    (approval,) = program.all(f"approvals/?mention={row['id']}")
    again = program.key.post(f"/api/v1/approvals/{approval['id']}/remind/", {})
    assert (again.status_code, again.json()["code"]) == (409, "reminded_just_now")
    clock.advance(minutes=20)
    program.do(f"approvals/{approval['id']}/remind/")
    (reminded,) = [one for one in program.pass_(seconds=1) if one.to == ["dora@brightwater.example"]]
    assert _link(asked) != _link(reminded)

    # Dora decides by the link in her mail: the one page of this story.
    doras = Browser()
    shown = doras.get(_link(reminded))
    done = follow(doras, submit(doras, shown, button="Send", verdict="approve"))
    assert "You approved the reply" in words(done)
    program.pass_(minutes=2)
    whole = program.get(f"approvals/{approval['id']}/")
    assert [(one["verdict"], one["contact"]["name"]) for one in whole["decisions"]] == [("approve", "Dora")]
    assert (whole["state"], whole["asked"][0]["name"]) == ("approved", "Dora")

    # It goes out over HTTP, and is live.
    publish(program.agency_id, UUID(program.get(here)["publication"]["id"]), clock=lambda: clock.now)
    (posted,) = [request for request in forum.requests if request.method == "POST"]
    assert orjson.loads(posted.body)["text"] == TEXT
    mention = program.get(here)
    assert (mention["state"], mention["answer_url"]) == ("responded", "https://forum.example/1#r1")

    # What was achieved, for the whole client and for this one mention.
    results = program.get(f"clients/{client}/results/?month=2026-03")
    assert (results["found"], results["answered"], results["open"]) == (1, 1, 0)
    assert {(one["kind"], one["kept"], one["broken"]) for one in results["promises"]} >= {("respond", 1, 0)}
    assert program.get(f"clients/{client}/results/?month=2026-02")["found"] == 0
    (answer,) = program.all(f"clients/{client}/answers/?month=2026-03")
    assert (answer["text"], answer["url"], answer["approved_by"]) == (TEXT, mention["answer_url"], "Dora")
    report = program.get(f"{here}report/")
    told = [milestone["what"] for milestone in report["milestones"]]
    assert told == ["published", "found", "claimed", "asked", "told", "reached", "decided", "answered"]
    assert {notice["kind"] for notice in program.all(f"{here}notices/")} >= {"approval.request"}
    commit_checks()  # the chain is written as a transaction commits
    assert program.get("audit/chain/")["holds"]
