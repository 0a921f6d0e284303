"""Seven in the evening: something urgent is said when the office is closed, and nothing waits for Monday.

A post is read from a feed at 19:04 on a Friday in the client's zone. Its words make it urgent; Ben, who is on call, is told at
once, and so is Dora at the client. Each second until the answer, on Saturday morning, belongs to somebody.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.core import mail
from django.test import Client as Browser

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.models import Agency
from agency.tenancy import tenant
from clients.models import Client
from mentions.words import State
from tests.fixtures import Api, Clock
from tests.making import send_mails
from tests.pages import follow, submit, words
from tests.web_server import Answer, Request, WebServer
from workflows.actions.collect import collect
from workflows.actions.publications import publish
from workflows.models import Publication

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Riga forum</title>
<item><guid>1</guid><link>https://forum.example/1</link><title>Ill</title>
<description>Three of us got food poisoning from the Brightwater lunch box.</description>
<author>pauls@forum.example (Pauls)</author><pubDate>Fri, 06 Mar 2026 16:44:00 GMT</pubDate></item>
</channel></rss>"""
OFFICE = [{"opens": "09:00", "closes": "18:00"}]
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), OFFICE)


@dataclass
class Evening:
    """The agency's world at that hour, and what its machine does meanwhile."""

    agency: Agency
    brand: Client
    clock: Clock
    program: Api

    def put(self, path: str, body: dict[str, Any], *, method: str = "PUT") -> Any:
        answer = self.program.call(method, f"/api/v1/{path}", body)
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    def pass_(self, **much: float) -> list[Any]:
        """Time goes on, the sweeper rings, mails go out: those that did."""
        self.clock.advance(**much)
        return self.ring()

    def ring(self) -> list[Any]:
        before = len(mail.outbox)
        for _ in range(5):  # what rings may set what rings at once
            assert sweep(now=self.clock.now).failed == 0
            send_mails(self.agency.pk, now=self.clock.now)
        return mail.outbox[before:]

    def mention(self) -> Any:
        states = "&".join(f"state={state}" for state in State.values)
        (row,) = self.program.get(f"/api/v1/mentions/?{states}").json()["results"]
        return self.program.get(f"/api/v1/mentions/{row['id']}/").json()


@pytest.fixture
def evening(
    agency: Agency, brand: Client, ana: Actor, ben: Actor, mara: Actor, clock: Clock, api: Callable[..., Api]
) -> Evening:
    """Office hours from nine to six, urgent mentions around the clock, Ben on call, Dora at the client."""
    here = Evening(agency, brand, clock, api(ana))
    office = {
        "name": "Brightwater's office",
        "client": str(brand.pk),
        "time_zone": "Europe/Riga",
        "week": WEEK,
    }
    calendar = here.put("calendars/", {**office, "country": "LV"}, method="POST")
    here.put(f"clients/{brand.pk}/hours/", {"calendar": calendar["id"], "cover": "on_call"})
    here.put(f"clients/{brand.pk}/query/", {"any_terms": ["Brightwater"], "urgent_terms": ["food poisoning"]})
    layer = {"members": [str(ben.id), str(mara.id)], "since": "2026-03-02", "at": "09:00", "turn_days": 7}
    here.put("rotas/", {"name": "Evenings", "time_zone": "Europe/Riga", "layers": [layer]}, method="POST")
    dora = {"client": str(brand.pk), "name": "Dora", "email": "dora@brightwater.example"}
    here.put("contacts/", {**dora, "parts": ["approver", "alerts"]}, method="POST")
    return here


@pytest.fixture
def source(evening: Evening, web_server: WebServer) -> UUID:
    """A forum with a feed, which takes replies."""

    def replies(request: Request) -> Answer:
        body = orjson.dumps({"id": "r1", "url": "https://forum.example/1#r1"})
        return Answer(body, 201, {"Content-Type": "application/json"})

    web_server.answers["/feed.xml"] = Answer(FEED, headers={"Content-Type": "application/rss+xml"})
    web_server.answers["/replies"] = replies
    settings = {"url": web_server.url_of("/feed.xml"), "reply_url": web_server.url_of("/replies")}
    added = evening.put(
        "sources/", {"kind": "loopback", "name": "Riga forum", "settings": settings}, method="POST"
    )
    return UUID(added["id"])


def _to(mails: list[Any], name: str) -> Any:
    (message,) = [message for message in mails if message.to[0].startswith(name)]
    return message


def _link(message: Any, kind: str) -> str:
    found = re.search(rf"/{kind}/[^/\s]+/", str(message.body))
    assert found is not None, message.body
    return found[0]


def test_what_is_urgent_at_seven_in_the_evening_is_answered_in_the_morning(
    evening: Evening, source: UUID, ben: Actor, page: Callable[[Actor], Browser], clock: Clock
) -> None:
    evening.ring()
    # 19:04:00, a Friday. It is read, it is urgent, and two people know of it in the same moment.
    assert collect(evening.agency.pk, source, clock=lambda: clock.now) == 1
    mention = evening.mention()
    assert (mention["priority"], mention["recorded_at"]) == ("urgent", "2026-03-06T17:04:00Z")
    told = evening.ring()
    assert sorted(message.to[0] for message in told) == ["ben@northlight.example", "dora@brightwater.example"]
    for message in told:
        assert "food poisoning from the Brightwater lunch box" in message.body

    # 19:05:30. Dora opens the link on her phone; looking says nothing, ticking does.
    clock.advance(seconds=90)
    doras, alert = Browser(), _link(_to(told, "dora"), "alert")
    assert "food poisoning" in words(doras.get(alert))
    assert "You have seen this" not in words(doras.get(alert))
    seen = follow(doras, submit(doras, doras.get(alert), button="Tell Northlight", seen="yes"))
    assert "19:05" in words(seen)

    # 19:06:30. Ben takes it; nobody above him is called.
    clock.advance(seconds=60)
    mention = _moved(evening, "claim", assignee=str(ben.id))
    assert evening.pass_(minutes=13, seconds=30) == []
    climb = evening.program.get(f"/api/v1/mentions/{mention['id']}/escalations/").json()["results"][0]
    assert (climb["state"], climb["rung"]) == ("claimed", 1)
    lines = {(line["what"], (line["member"] or line["contact"])["name"]) for line in climb["lines"]}
    assert lines >= {("notify", "Ben"), ("alert", "Dora"), ("seen", "Dora")}

    # 19:20:00. He asks Dora for her word; her office is closed, so her time doesn't run.
    draft = {
        "version": mention["version"],
        "text": "We're so sorry, Pauls. Please call us at once.",
        "based_on": 0,
    }
    evening.put(f"mentions/{mention['id']}/draft/", draft, method="POST")
    mention = _moved(evening, "submit")
    asked = _to(evening.ring(), "dora")
    clocks = {one["kind"]: one for one in evening.mention()["clocks"]}
    assert clocks["respond"]["state"] == "paused"
    assert clocks["respond"]["used"] == 16 * 60
    assert clocks["decide"]["due_at"] == "2026-03-09T07:30:00Z"  # half an hour of Monday, 09:30 in Riga
    assert evening.pass_(hours=13, minutes=10) == []

    # Saturday, 08:30:00. She answers all the same; a minute later it counts, and half a minute later it is live.
    approve = _link(asked, "approve")
    done = submit(doras, doras.get(approve), button="Send my decision", verdict="approve")
    assert done.status_code == 303
    evening.pass_(seconds=60)
    clock.advance(seconds=30)
    with tenant(evening.agency.pk):
        publication = Publication.objects.get()
    publish(evening.agency.pk, publication.pk, clock=lambda: clock.now)

    mention = evening.mention()
    assert (mention["state"], mention["responded_at"]) == ("responded", "2026-03-07T06:31:30Z")
    ledger = mention["ledger"]
    assert {owner: seconds for owner, seconds in ledger["totals"].items() if seconds} == {
        "undetected": 20 * 60,
        "agency_on": 16 * 60,
        "client_off": timedelta(hours=13, minutes=11).total_seconds(),
        "platform": 30,
    }
    assert sum(ledger["totals"].values()) == timedelta(hours=13, minutes=47, seconds=30).total_seconds()
    assert {one["kind"]: one["state"] for one in mention["clocks"]} == dict.fromkeys(
        ("claim", "respond", "decide", "publish"), "met"
    )
    report = words(page(ben).get(f"/mentions/{mention['id']}/report/"))
    for moment in (
        "18:44:00",
        "19:04:00",
        "19:05:30",
        "19:06:30",
        "19:20:00",
        "08:30:00",
        "08:31:00",
        "08:31:30",
    ):
        assert moment in report, moment


def _moved(evening: Evening, move: str, **body: Any) -> Any:
    mention = evening.mention()
    answer = evening.program.post(
        f"/api/v1/mentions/{mention['id']}/{move}/", {"version": mention["version"], **body}
    )
    assert answer.status_code == 200, answer.content
    return answer.json()
