"""Signing in and what goes with it, in our words: every page of allauth that an address leads to."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client as Browser

from agency.actor import Actor
from agency.models import User
from tests.fixtures import Clock
from tests.making import send_mails
from tests.pages import submit, words

Page = Callable[[Actor], Browser]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/accounts/signup/", "Accounts are made by invitation"),
        ("/accounts/inactive/", "This account is closed"),
        ("/accounts/password/reset/key/1-abc/", "This link doesn't work any more"),
    ],
)
def test_a_page_that_one_is_sent_to_says_what_to_do(address: str, said: str) -> None:
    shown = Browser().get(address)
    assert said in words(shown)
    assert "/accounts/" in shown.content.decode()


@pytest.mark.django_db
def test_a_wrong_password_is_refused_in_our_words() -> None:
    browser = Browser()
    shown = browser.get("/accounts/login/")
    refused = submit(browser, shown, button="Sign in", login="ana@northlight.example", password="no")
    assert "That mail address and password don't belong together." in words(refused)
    assert "Enter your mail address." in words(submit(browser, shown, button="Sign in"))


def test_only_a_member_is_mailed_a_link_to_a_new_password(ana: Actor, clock: Clock) -> None:
    browser = Browser()
    shown = browser.get("/accounts/password/reset/")
    answers = [
        submit(browser, shown, email=email) for email in ("ana@northlight.example", "eve@nowhere.example")
    ]
    assert {answer["Location"] for answer in answers} == {"/accounts/password/reset/done/"}
    assert mail.outbox == []  # not while somebody waits who could time it
    send_mails(ana.agency_id, now=clock.now)
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["ana@northlight.example"], "A new password for Earshot")
    ]
    assert "/accounts/password/reset/key/" in str(mail.outbox[0].body)


def test_a_changed_password_leads_back_to_the_account(ana: Actor, page: Page) -> None:
    user = User.objects.get(email="ana@northlight.example")
    user.set_password("quiet-harbour-1")
    user.save()
    browser = page(ana)
    shown = browser.get("/accounts/password/change/")
    typed = {"password1": "quiet-harbour-2", "password2": "quiet-harbour-2"}
    wrong = submit(browser, shown, button="Change password", oldpassword="no", **typed)
    assert "That isn't your current password." in words(wrong)
    done = submit(browser, shown, button="Change password", oldpassword="quiet-harbour-1", **typed)
    assert done["Location"] == "/account/"
    assert "Your password is changed." in words(browser.get("/account/"))
