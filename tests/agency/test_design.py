"""The design system holds what it promises: contrast in both themes, no inline anything, nothing from elsewhere."""

import hashlib
import re
from itertools import product
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC = ROOT / "agency" / "static" / "agency"
APPS = ("agency", "clients", "mentions", "workflows")
# Mail is read by mail programs, which know no stylesheets; its templates style themselves.
PAGES = sorted(
    path
    for app in APPS
    for path in (ROOT / app / "templates").rglob("*.html")
    if not {"mail", "email"} & set(path.parts)
)
DARK_BY_SETTING = ':root:not([data-theme="light"])'
DARK_BY_CHOICE = ':root[data-theme="dark"]'

SURFACES = ("paper", "surface", "sunken", "hover")
MEANINGS = ("danger", "warn", "ok", "info", "client", "idle")
TEXT = [
    *product(("ink", "ink-2", "ink-3"), SURFACES),
    *product(("accent-text", "danger-text"), ("paper", "surface", "hover")),
    ("accent-text", "accent-soft"),
    ("ink", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-danger", "danger"),
    ("on-danger", "danger-hover"),
    ("paper", "ink"),
    ("mark-ink", "mark-ground"),
    *product(("rail-ink", "rail-ink-2"), ("rail", "rail-hover")),
    ("rail-ink", "rail-active"),
    *((f"{meaning}-text", f"{meaning}-soft") for meaning in MEANINGS),
    *product([f"{meaning}-text" for meaning in MEANINGS], ("surface", "hover")),
]
SHAPES = [
    *product(("line-strong", "focus", "accent"), ("paper", "surface")),
    *product([f"{meaning}-mark" for meaning in MEANINGS], ("surface", "hover")),
    *(
        (f"own-{owner}", "surface")
        for owner in ("undetected", "us", "us-off", "client", "client-off", "platform", "routed")
    ),
]


def block(selector: str) -> dict[str, str]:
    """The custom properties that the tokens declare under this selector."""
    css = (STATIC / "css" / "tokens.css").read_text()
    body = css[css.index(selector + " {") :]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", body[: body.index("}")]))


def theme(name: str) -> dict[str, str]:
    light = block(":root")
    return light if name == "light" else light | block(DARK_BY_CHOICE)


def luminance(colour: str) -> float:
    """WCAG's relative luminance of "#rrggbb"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_can_be_read_on_what_it_stands_on(name: str) -> None:
    tokens = theme(name)
    faint = {
        f"{ink} on {ground}": round(contrast(tokens[ink], tokens[ground]), 2)
        for ink, ground in TEXT
        if contrast(tokens[ink], tokens[ground]) < 4.5
    }
    assert not faint


@pytest.mark.parametrize("name", ["light", "dark"])
def test_controls_marks_and_bars_can_be_told_from_their_ground(name: str) -> None:
    tokens = theme(name)
    faint = {
        f"{shape} on {ground}": round(contrast(tokens[shape], tokens[ground]), 2)
        for shape, ground in SHAPES
        if contrast(tokens[shape], tokens[ground]) < 3
    }
    assert not faint


def test_the_phones_setting_and_the_toggle_give_the_same_dark() -> None:
    assert block(DARK_BY_SETTING) == block(DARK_BY_CHOICE)


def test_dark_redefines_every_colour_of_light() -> None:
    colours = {name for name, value in block(":root").items() if value.startswith("#")}
    assert colours <= set(block(DARK_BY_CHOICE))


def test_every_custom_property_that_is_used_is_a_token() -> None:
    styles = "".join(path.read_text() for path in sorted((STATIC / "css").glob("*.css")))
    used = set(re.findall(r"var\(--([\w-]+)", styles + (STATIC / "icons.svg").read_text()))
    assert used <= set(block(":root"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_compiles_and_asks_nothing_of_the_security_policy(path: Path) -> None:
    get_template(str(path).split("/templates/")[1])
    source = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", source)


def test_styles_load_nothing() -> None:
    for path in (STATIC / "css").glob("*.css"):
        assert not re.search(r"@import|url\(", path.read_text()), path.name


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    named = {name for path in PAGES for name in re.findall(r'{% icon "([\w-]+)"', path.read_text())}
    assert named <= drawn


def test_the_vendored_script_is_the_one_that_is_listed() -> None:
    listed = (STATIC / "vendor" / "README.md").read_text()
    scripts = sorted((STATIC / "vendor").glob("*.js"))
    assert scripts
    for script in scripts:
        assert f"`{script.name}`" in listed
        assert hashlib.sha256(script.read_bytes()).hexdigest() in listed
        assert f"agency/vendor/{script.name}" in (ROOT / "agency/templates/agency/base.html").read_text()
