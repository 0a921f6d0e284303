"""The page that says who may do what is what the code asks."""

from config.management.commands.permissions import PAGE
from config.permissions import written


def test_the_page_of_permissions_is_written_from_the_code() -> None:
    assert PAGE.read_text() == written(), "Run: manage.py permissions"
