"""The main job, played through the running application's own pages and API, a line a step."""

import email
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from pathlib import Path
from typing import Any, TypeVar

from config.demo.forum import Forum
from config.demo.posts import Said
from config.demo.visitor import Browser, DemoFailed, Program

T = TypeVar("T")
PATIENCE = 25.0
REPLY = (
    "Hello Pauls, we're sorry that you stood before a closed door. From Monday the shop opens at eight again."
)
EDITED = REPLY + " Your next coffee is on us."


@dataclass
class Play:
    """One run: a new brand, so that runs don't meet."""

    base_url: str
    mail_dir: Path
    password: str
    began: float = field(default_factory=time.monotonic)
    number: int = 0

    def run(self) -> None:
        """Raises: DemoFailed."""
        tag = f"{int(time.time()) % 1_000_000:06d}"
        brand = f"Brightwater {tag}"
        posts = (
            Said(
                f"closed-{tag}",
                "Pauls Zariņš",
                "Closed again",
                f"The {brand} on Miera iela is closed at nine. Again.",
                1,
            ),
            Said(f"rain-{tag}", "Ģirts", "Rain", "It has rained since Monday.", 5),
        )
        with Forum(posts, datetime.now(UTC)) as forum:
            self.say(f"A forum with {len(posts)} posts is served at {forum.url}/feed.xml")
            owner, program = self.enter()
            client = self.step(
                "A client, her approver, what to listen for and the feed",
                lambda: self.set_up(program, brand, tag, forum),
            )
            mention = self.step(
                "The feed was read, and one post became a mention",
                lambda: self.await_mention(program, client),
            )
            ben = self.step("Ben signs in and finds it in his inbox", lambda: self.find(mention, brand))
            self.step("Ben claims it on its page", lambda: self.claim(ben, program, mention))
            self.step(
                "A second claim is told that it came too late (409)",
                lambda: self.claim_again(program, mention),
            )
            self.step(
                "Ben drafts a reply from the playbook, and asks the client",
                lambda: self.ask(ben, program, mention),
            )
            link = self.step(
                "Dora gets a mail with her link", lambda: self.await_link(f"dora-{tag}@brightwater.example")
            )
            self.step(
                "Dora reads it on her phone, and approves it with her own words", lambda: self.approve(link)
            )
            done = self.step(
                "The undo time passes, and the reply goes out", lambda: self.await_answer(program, mention)
            )
            self.step("The forum has it once, exactly as approved", lambda: self.compare(forum, done))
            self.step("The used link offers nothing to decide any more", lambda: self.used(link))
            self.ledger(done)
            owner.http.close()

    # Steps -------------------------------------------------------------------------------------------

    def enter(self) -> tuple[Browser, Program]:
        owner = Browser(self.base_url)
        self.step("Ana signs in", lambda: owner.sign_in("ana@northlight.example", self.password))

        def make_key() -> str:
            answer = owner.http.post(
                "/api/v1/keys/",
                json={"name": "Demo", "rights": ["read", "respond", "manage"]},
                headers={"X-CSRFToken": owner.http.cookies.get("csrftoken") or "", "Referer": self.base_url},
            )
            if answer.status_code != 201:
                raise DemoFailed(f"No key: {answer.status_code} {answer.text[:300]}")
            return str(answer.json()["token"])

        return owner, Program(self.base_url, self.step("Ana makes an API key", make_key))

    def set_up(self, program: Program, brand: str, tag: str, forum: Forum) -> dict[str, Any]:
        client: dict[str, Any] = program.call(
            "POST", "/clients/", {"name": brand, "time_zone": "Europe/Riga", "language": "en"}
        )
        address = f"dora-{tag}@brightwater.example"
        contact = {"client": client["id"], "name": "Dora Liepa", "email": address, "parts": ["approver"]}
        program.call("POST", "/contacts/", contact)
        program.call("PUT", f"/clients/{client['id']}/query/", {"any_terms": [brand], "none_terms": []})
        settings = {"url": f"{forum.url}/feed.xml", "reply_url": f"{forum.url}/replies"}
        source = {
            "kind": "loopback",
            "name": f"Forum {tag}",
            "client": client["id"],
            "every": 60,
            "settings": settings,
        }
        program.call("POST", "/sources/", source)
        return client

    def await_mention(self, program: Program, client: dict[str, Any]) -> dict[str, Any]:
        def look() -> Any:
            found = program.call("GET", f"/mentions/?client={client['id']}")["results"]
            return found[0] if found else None

        return self.until(look, "no mention appeared")

    def find(self, mention: dict[str, Any], brand: str) -> Browser:
        ben = Browser(self.base_url)
        ben.sign_in("ben@northlight.example", self.password)
        inbox = ben.open("/")
        if brand not in inbox:
            raise DemoFailed("The inbox doesn't show the mention.")
        return ben

    def claim(self, ben: Browser, program: Program, mention: dict[str, Any]) -> None:
        path = f"/mentions/{mention['id']}/"
        ben.send(path, ben.open(path), "/claim/")
        self.expect_state(program, mention, "claimed")

    def claim_again(self, program: Program, mention: dict[str, Any]) -> None:
        answer = program.call(
            "POST", f"/mentions/{mention['id']}/claim/", {"version": mention["version"]}, expect=409
        )
        if answer["code"] != "mention_moved_on":
            raise DemoFailed(f"An unexpected answer: {answer}")

    def ask(self, ben: Browser, program: Program, mention: dict[str, Any]) -> None:
        path = f"/mentions/{mention['id']}/"
        template = next(
            t for t in program.call("GET", "/templates/")["results"] if t["kind"] == "we_hear_you"
        )
        suggested = program.call("GET", f"{path}suggest/?template={template['id']}")
        if "Pauls" not in suggested["text"]:
            raise DemoFailed(f"The template wasn't filled: {suggested}")
        ben.send(path, ben.open(path), "/draft/", template=template["id"], text=REPLY, then="submit")
        self.expect_state(program, mention, "awaiting_client")

    def await_link(self, address: str) -> str:
        def look() -> str | None:
            for file in sorted(self.mail_dir.glob("*.eml"), reverse=True)[:50]:
                message = email.message_from_bytes(file.read_bytes(), policy=policy.default)
                body = message.get_body(("plain",))
                link = re.search(r"(/approve/\S+/)", body.get_content()) if body else None
                if address in str(message["To"]) and link:
                    return link[1]
            return None

        return self.until(look, f"no mail to {address} in {self.mail_dir}")

    def approve(self, link: str) -> None:
        phone = Browser(self.base_url)
        page = phone.open(link)
        if "We're sorry".lower() not in page.lower().replace("&#x27;", "'") and "sorry" not in page:
            raise DemoFailed("The approval page doesn't show the reply.")
        told = phone.send(link, page, verdict="edit", text=EDITED)
        if "undo" not in told.lower():
            raise DemoFailed("The page doesn't say what was decided, and how to undo it.")

    def await_answer(self, program: Program, mention: dict[str, Any]) -> dict[str, Any]:
        def look() -> Any:
            found = program.call("GET", f"/mentions/{mention['id']}/")
            return found if found["state"] == "responded" else None

        return self.until(look, "the reply didn't go out")

    def compare(self, forum: Forum, done: dict[str, Any]) -> None:
        texts = [reply.text for reply in forum.replies]
        if texts != [EDITED]:
            raise DemoFailed(f"The forum has {texts}, not [{EDITED!r}].")
        if not done["answer_url"].startswith(forum.url):
            raise DemoFailed(f"The answer's address is {done['answer_url']}.")

    def used(self, link: str) -> None:
        if 'name="verdict"' in Browser(self.base_url).open(link):
            raise DemoFailed("The used link still offers a decision.")

    def ledger(self, done: dict[str, Any]) -> None:
        ledger = done["ledger"]
        parts = sum(ledger["totals"].values())
        whole = _seconds_between(done["published_at"], done["responded_at"])
        if abs(parts - whole) > 1e-5:
            raise DemoFailed(f"The ledger's parts are {parts} s, the whole is {whole} s.")
        self.say(f"The ledger adds up to {whole:.6f} s: {ledger['sentence']}")

    # Telling -----------------------------------------------------------------------------------------

    def step(self, what: str, work: Callable[[], T]) -> T:
        began = time.monotonic()
        try:
            result = work()
        except DemoFailed as error:
            raise DemoFailed(f"{what}: {error}") from error
        self.say(what, time.monotonic() - began)
        return result

    def say(self, what: str, seconds: float | None = None) -> None:
        self.number += 1
        took = f"{seconds:6.2f} s" if seconds is not None else "        "
        sys.stdout.write(f"{self.number:>3}  {took}  {what}\n")
        sys.stdout.flush()

    def until(self, look: Callable[[], T | None], otherwise: str) -> T:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.2)
        raise DemoFailed(f"{otherwise} within {PATIENCE:.0f} s")

    def expect_state(self, program: Program, mention: dict[str, Any], state: str) -> None:
        found = program.call("GET", f"/mentions/{mention['id']}/")["state"]
        if found != state:
            raise DemoFailed(f"The mention is {found}, not {state}.")


def _seconds_between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
