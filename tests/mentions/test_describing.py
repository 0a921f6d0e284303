"""A post's language and its author's mood: what is read from a text, and what isn't guessed."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agency.actions.alarms import set_alarm
from agency.actor import Actor
from agency.models import Alarm
from agency.tenancy import tenant
from clients.models import Client
from mentions.actions.describing import DESCRIBE, describe, describe_missing, describe_old
from mentions.bare import LONGEST, bare
from mentions.models import Post
from mentions.sentiment import UNKNOWN, mood
from tests.fixtures import Api, Clock
from tests.making import make_mention

ANGRY = "This is a terrible, horrible café. I hate that nobody ever answers!"
PLEASED = "What a lovely place, the staff were wonderful and the coffee is great."


@pytest.mark.parametrize(
    ("text", "said", "expected"),
    [
        (ANGRY, "", ("en", True, "negative")),
        (PLEASED, "", ("en", True, "positive")),
        (PLEASED, "en-GB", ("en-GB", False, "positive")),
        (PLEASED, "de", ("de", False, "unknown")),
        (PLEASED, "und", ("en", True, "positive")),
        ("Kafejnīca atkal bija slēgta deviņos. Vai kāds tur atbild?", "", ("lv", True, "unknown")),
        ("日本のコーヒーはとても美味しいです", "", ("ja", True, "unknown")),
        ("ok", "", ("", False, "unknown")),
        ("@brightwater@riga.social https://forum.example/terrible/hate", "", ("", False, "unknown")),
        ("…!!! 42", "en", ("en", False, "neutral")),
        ("", "", ("", False, "unknown")),
    ],
    ids=[
        "angry",
        "pleased",
        "said",
        "said otherwise",
        "undetermined",
        "lv",
        "ja",
        "short",
        "links",
        "signs",
        "none",
    ],
)
def test_what_is_read_of_a_text(text: str, said: str, expected: tuple[str, bool, str]) -> None:
    found = describe(text, language=said)
    assert (found.language, found.language_detected, found.sentiment) == expected
    assert (found.sentiment_score is None) == (found.sentiment == "unknown")


def test_markup_and_addresses_say_nothing_of_a_mood() -> None:
    plain = mood("The shop is open on Monday morning.", language="en")
    dressed = 'The <b class="terrible">shop</b> is open https://x.example/hate on Monday morning. @hateful'
    assert mood(dressed, language="en") == plain
    assert mood("", language="en") == UNKNOWN


SCRAPS = st.sampled_from(
    [
        "😍",
        "not ",
        "kind of ",
        "BUT ",
        "<",
        "@",
        "&lt;",
        "https://",
        "\u0301",
        "\ud800",
        "\x00",
        "hate ",
        "ā",
        "!",
    ]
)


@settings(max_examples=60)
@given(st.one_of(st.text(max_size=300), st.lists(SCRAPS, max_size=6).map(lambda parts: "".join(parts) * 700)))
def test_whatever_is_written_something_small_is_read_of_it(text: str) -> None:
    assert len(bare(text)) <= LONGEST
    found = describe(text, language="")
    assert len(found.language) <= 12
    read = mood(text, language="en")
    assert read.score is None or -1000 <= read.score <= 1000


def test_posts_from_before_are_described_in_batches(brand: Client, ana: Actor, clock: Clock) -> None:
    with tenant(ana.agency_id):
        for text in (ANGRY, PLEASED, "ok"):
            make_mention(brand, now=clock.now, text=text)
        assert describe_missing(limit=2) == 2
        set_alarm(DESCRIBE, ana.agency_id, clock.now, wake=False)
        assert describe_old([ana.agency_id], clock.now) == {}
        assert describe_missing() == 0
        rows = Post.objects.order_by("id").values_list("language", "language_detected", "sentiment")
        assert list(rows) == [("en", True, "negative"), ("en", True, "positive"), ("", False, "unknown")]
        assert Alarm.objects.filter(kind=DESCRIBE).count() == 1


def test_a_person_s_word_goes_before_the_machine_s(
    api: Callable[..., Api], ben: Actor, brand: Client, clock: Clock
) -> None:
    with tenant(brand.agency_id):
        mention = make_mention(brand, now=clock.now, text=ANGRY)
        describe_missing()
    key, address = api(ben), f"/api/v1/mentions/{mention.pk}/"
    assert key.get(f"{address}?fields=sentiment,sentiment_corrected,post.sentiment").json() == {
        "sentiment": "negative",
        "sentiment_corrected": False,
        "post": {"sentiment": "negative"},
    }
    said = key.put(f"{address}sentiment/", {"version": 1, "sentiment": "neutral"}).json()
    assert (said["sentiment"], said["sentiment_corrected"], said["version"]) == ("neutral", True, 2)
    assert key.get(address).json()["post"]["sentiment"] == "negative"
    listed = "/api/v1/mentions/?fields=id&sentiment="
    assert [len(key.get(f"{listed}{word}").json()["results"]) for word in ("neutral", "negative")] == [1, 0]
    again = key.put(f"{address}sentiment/", {"version": 2, "sentiment": "neutral"})
    assert again.json()["version"] == 2
    assert key.put(f"{address}sentiment/", {"version": 1, "sentiment": "positive"}).status_code == 409
    back = key.put(f"{address}sentiment/", {"version": 2, "sentiment": None}).json()
    assert (back["sentiment"], back["sentiment_corrected"]) == ("negative", False)


def test_a_process_that_serves_pages_does_not_load_the_models() -> None:
    asked = (
        "import config.wsgi, sys; sys.exit(any(m in sys.modules for m in ('py3langid', 'vaderSentiment')))"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", asked], check=False).returncode == 0
