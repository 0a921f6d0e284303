"""Chat, push and SMS by apprise, in a child process that can reach the public internet only, and has little time."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from agency.messengers.parcel import Outcome, Parcel
from agency.messengers.services import Service, scheme_of, service_of

SECONDS = 25.0
LONGEST_TITLE, LONGEST_TEXT, LONGEST_SHORT = 200, 3500, 300
_ROOT = Path(__file__).resolve().parents[2]
# Only what a Python may need to find its libraries: the child has no use for our secrets.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
# What calls everybody in a room, wherever it stands in a text: posts of strangers are in ours.
_CALLS = re.compile(r"@(?=(?:everyone|here|channel|all|room)\b)|<(?=[!@#])", re.IGNORECASE)
_LATER = frozenset({408, 409, 425, 429})


def check_address(address: str) -> str:
    """What is wrong with an address, as a sentence; "" for nothing. Calls nobody."""
    service = service_of(address)
    if service is None:
        return _unknown(address)
    plain = dict(service.plain).get(scheme_of(address))
    if plain and not settings.ALLOW_LOOPBACK:
        return f"That isn't encrypted. Begin the address with {plain}:// instead."
    if scheme_of(address) == "http":
        return "Begin the address with https://."
    answer = _ask(service, address, do="check")
    if answer.get("ok"):
        return ""
    error = str(answer.get("error") or "The address can't be read.")
    return f"{error} An address of {service.name} looks like {service.looks_like}"


def _unknown(address: str) -> str:
    scheme = scheme_of(address)
    if scheme in {"http", "https"}:
        return "No chat or SMS service that Earshot knows has such a web address. For an address of your own, add a webhook."
    if scheme in {"mailto", "mailtos"}:
        return "For mail, add a mail channel."
    if not scheme:
        return "That isn't an address. One looks like ntfys://topic or https://hooks.slack.com/services/…"
    return f"Earshot doesn't know “{scheme[:20]}://”. The list beside this form says what it knows."


def send_by_apprise(parcel: Parcel) -> Outcome:
    service = service_of(parcel.address)
    if service is None:
        return Outcome(ok=False, error="The channel's service isn't one that Earshot knows.", final=True)
    title, body = _words(service, parcel)
    answer = _ask(service, parcel.address, do="send", title=title, body=body, urgent=parcel.urgent)
    return _outcome(service, answer)


def _words(service: Service, parcel: Parcel) -> tuple[str, str]:
    if service.is_text:
        return "", _harmless(parcel.short or parcel.subject)[:LONGEST_SHORT]
    return _harmless(parcel.subject)[:LONGEST_TITLE], _harmless(parcel.text)[:LONGEST_TEXT]


def _harmless(text: str) -> str:
    return _CALLS.sub(lambda found: f"{found[0]}\u200b", text)


def _outcome(service: Service, answer: dict[str, Any]) -> Outcome:
    status = answer.get("status")
    if answer.get("ok"):
        return Outcome(ok=True, status=status)
    error, final = str(answer.get("error") or ""), bool(answer.get("final"))
    if error.startswith("It ") and not final:
        error = f"{service.name}{error[2:]}"
    if isinstance(status, int) and not error:
        if 200 <= status < 300:
            error = f"{service.name} took the request ({status}) and refused what was in it."
        elif 300 <= status < 400:
            error, final = f"{service.name} redirects ({status}), which isn't followed.", True
        else:
            error = f"{service.name} answered {status}."
            final = 400 <= status < 500 and status not in _LATER
    return Outcome(
        ok=False,
        status=status,
        error=error or f"{service.name} didn't take it.",
        final=final,
        gone=status in {404, 410},
    )


def _ask(service: Service, address: str, *, do: str, **message: Any) -> dict[str, Any]:
    question = {
        "do": do,
        "plugin": service.plugin,
        "url": address,
        "native": scheme_of(address) in {"http", "https"},
        "parameters": sorted(service.parameters),
        "allow_loopback": settings.ALLOW_LOOPBACK,
        **message,
    }
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        child = subprocess.run(
            [sys.executable, "-E", "-s", "-B", "-m", "agency.messengers.chat_child"],
            input=orjson.dumps(question),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={**environment, "HOME": os.devnull, "NETRC": os.devnull},
            timeout=SECONDS,
            check=False,
        )
        answer: dict[str, Any] = orjson.loads(child.stdout)
    except subprocess.TimeoutExpired:
        return {"ok": False, "error": f"{service.name} took longer than {SECONDS:g} seconds."}
    except (OSError, orjson.JSONDecodeError):
        return {"ok": False, "error": "The messenger broke down."}
    return answer
