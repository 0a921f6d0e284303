"""Made-up brands, and what made-up people say about them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Brand:
    """A demo client: whom it is asked through, and the words that are listened for."""

    name: str
    time_zone: str
    approver: tuple[str, str]
    any_terms: tuple[str, ...]
    none_terms: tuple[str, ...] = ()
    asks: str = "client"
    country: str = ""  # with one, it has hours of its own, and the public holidays there


@dataclass(frozen=True, slots=True)
class Said:
    """A post of the demo's forum. `minutes`: how long before the demo began."""

    slug: str
    author: str
    title: str
    text: str
    minutes: int


BRANDS = (
    Brand(
        "Brightwater Coffee",
        "Europe/Riga",
        ("Dora Liepa", "dora@brightwater.example"),
        ("Brightwater", "bright water coffee"),
        ("Brightwater Bay",),
        country="LV",
    ),
    Brand(
        "Fennel & Rye",
        "Europe/London",
        ("Theo Marsh", "theo@fennelrye.example"),
        ("Fennel & Rye", "fennel and rye"),
    ),
    Brand(
        "Halden Bikes",
        "America/New_York",
        ("June Park", "june@haldenbikes.example"),
        ("Halden Bikes", "Halden C3"),
        asks="nobody",
    ),
)

POSTS = (
    Said(
        "closed-at-nine",
        "Pauls Zariņš",
        "Closed again",
        "Third time this month that the Brightwater on Miera iela is closed at nine although the door says eight. "
        "Does anybody answer there?",
        14,
    ),
    Said(
        "oat-milk",
        "Līga",
        "A small thing that made my day",
        "The barista at Brightwater remembered my oat milk after two weeks away. That's how you keep people.",
        52,
    ),
    Said(
        "sourdough",
        "Imogen Hale",
        "Best sourdough in the east end?",
        "I keep coming back to Fennel & Rye, but the queue on Saturday was forty minutes. Worth it?",
        31,
    ),
    Said(
        "allergy",
        "Samir K.",
        "Please label your bread",
        "My daughter had a reaction to a bun from Fennel and Rye today. There was no sesame on the label. "
        "She's fine now, but please, somebody look into this.",
        6,
    ),
    Said(
        "c3-brakes",
        "wheelsup",
        "Halden C3 after 500 miles",
        "Love the frame, but the rear brake on my Halden C3 squeals in the rain. Anybody else? Is there a recall?",
        125,
    ),
    Said(
        "bike-lane",
        "Marta",
        "Thank you",
        "Halden Bikes lent our school twelve bikes for the safety week. The kids won't stop talking about it.",
        240,
    ),
    Said("weather", "Ģirts", "Rain again", "Nothing about anyone: it has rained since Monday.", 20),
)
