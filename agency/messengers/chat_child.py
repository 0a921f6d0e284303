"""The process that sends one message by apprise and ends: `python -m agency.messengers.chat_child`.

Apprise makes its own connections, to wherever an address that a person typed leads, so it does that in here: behind a
hook of the interpreter that no code can take off, and which lets it connect to addresses of the public internet only,
after they were resolved, write no file and start no process. Who started us ends us when we are late.

In: JSON (see `chat.py`). Out: JSON, `{"ok", "status", "error", "final"}`. Nothing else is ever printed, for whatever
apprise says may hold tokens.
"""

import importlib
import io
import json
import logging
import os
import resource
import sys
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from agency.addresses import BAD_PORTS, is_global, is_loopback

MEMORY = 1 << 30
CPU_SECONDS = 20
MOST_BYTES = 1_000_000
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_NEVER = (
    *("socket.bind", "socket.sendto", "socket.sendmsg", "socket.__new__.raw"),
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn"),
)


class Refused(OSError):
    """Something that no message needs."""


class Guard:
    """What this process may do; `said` is why something was refused."""

    def __init__(self, *, allow_loopback: bool, offline: bool) -> None:
        self.allow_loopback = allow_loopback
        self.offline = offline
        self.said = ""

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            self._connects(args[1])
        elif event == "open":
            self._opens(args)
        elif event in _NEVER:
            raise self.refusal("It tried something that no message needs.")

    def refusal(self, why: str) -> Refused:
        self.said = why
        return Refused(why)

    def _connects(self, address: Any) -> None:
        # A name here would be looked up behind our back; a path would be a socket of this machine.
        if self.offline or not isinstance(address, tuple):
            raise self.refusal("It tried to connect to this machine.")
        try:
            ip = ip_address(address[0])
        except ValueError as error:
            raise self.refusal("It tried to connect by a name.") from error
        if self.allow_loopback and is_loopback(ip):
            return
        if not is_global(ip):
            raise self.refusal("The address leads to a private network, which Earshot never calls.")
        if address[1] in BAD_PORTS:
            raise self.refusal(f"Port {address[1]} does not serve web pages.")

    def _opens(self, args: tuple[Any, ...]) -> None:
        path, flags = args[0], args[2]
        if isinstance(flags, int) and flags & _WRITES and path != os.devnull:
            raise Refused("No message needs a file.")


def main() -> None:
    question = json.load(sys.stdin)
    out, sys.stdout, sys.stderr = sys.stdout, io.StringIO(), io.StringIO()
    logging.disable(logging.CRITICAL)
    _limit_this_process()
    # What is ours to trust is loaded first: on loading, urllib3 tries whether there is IPv6 by binding a socket.
    module, name = question["plugin"]
    plugin = getattr(importlib.import_module(f"apprise.plugins.{module}"), name)
    importlib.import_module("apprise")
    guard = Guard(allow_loopback=question["allow_loopback"], offline=question["do"] == "check")
    sys.addaudithook(guard)
    try:
        answer = _answer(plugin, question, guard)
    except Exception:
        # Plugins raise whatever an address makes them trip over, and their words may hold its tokens.
        answer = {"ok": False, "error": "The address can't be used.", "final": True}
    json.dump(answer, out)
    out.flush()
    os._exit(0)  # whatever apprise still has running ends with us


def _limit_this_process() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(plugin: Any, question: dict[str, Any], guard: Guard) -> dict[str, Any]:
    problem, parsed = _parsed(plugin, question)
    if problem:
        return {"ok": False, "error": problem, "final": True}
    seen = _watch_requests(guard)
    service = _built(plugin, parsed)
    if service is None:
        return {
            "ok": False,
            "error": "Something is missing in the address, or isn't as it should be.",
            "final": True,
        }
    if question["do"] == "check":
        return {"ok": True}
    ok = service.notify(
        title=question["title"],
        body=question["body"],
        notify_type="warning" if question["urgent"] else "info",
        body_format="text",
    )
    if guard.said:
        return {"ok": False, "error": guard.said, "final": True, "refused": True}
    return {"ok": bool(ok), "status": seen.get("status"), "error": seen.get("error", "")}


def _parsed(plugin: Any, question: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """(what is wrong, the plugin's arguments)."""
    url_base = importlib.import_module("apprise.url").URLBase
    url, native = question["url"], question["native"]
    general = url_base.parse_url(url, verify_host=False) or {}
    asked = {str(key).lower() for key in general.get("qsd", {})} - set(question["parameters"])
    further = [key for group in ("qsd+", "qsd-", "qsd:") for key in general.get(group) or ()]
    if asked or further:
        name = next(iter(sorted(asked)), "") or "+ - :"
        return f"Leave “{name[:40]}” out of the address: after the ? only few things may stand.", {}
    parsed = plugin.parse_native_url(url) if native else plugin.parse_url(url)
    if not parsed:
        return "The address can't be read.", {}
    return "", parsed


def _built(plugin: Any, parsed: dict[str, Any]) -> Any:
    apprise = importlib.import_module("apprise")
    parsed["asset"] = apprise.AppriseAsset(
        app_id="Earshot",
        app_desc="Earshot",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        allow_templates=False,
    )
    try:
        return plugin(**parsed)
    except TypeError:
        return None  # how apprise says that an address lacks something


def _watch_requests(guard: Guard) -> dict[str, Any]:
    """Every request goes without redirects, in time and size, encrypted; what came back is noted."""
    requests = importlib.import_module("requests")
    send: Callable[..., Any] = requests.Session.send
    seen: dict[str, Any] = {}

    def guarded(session: Any, request: Any, **kwargs: Any) -> Any:
        if urlsplit(request.url).scheme != "https" and not guard.allow_loopback:
            raise requests.ConnectionError(guard.refusal("The address isn't encrypted."))
        seen.clear()
        session.trust_env = False
        kwargs.update(allow_redirects=False, stream=True, timeout=(5, 10), verify=True, proxies={})
        try:
            response = send(session, request, **kwargs)
            content = response.raw.read(MOST_BYTES, decode_content=True)
        except requests.exceptions.SSLError:
            seen["error"] = "Its certificate isn't valid."
            raise
        except requests.Timeout:
            seen["error"] = "It didn't answer in time."
            raise
        except Exception:
            seen["error"] = "It doesn't answer."
            raise
        response.close()
        response.raw = io.BytesIO(content)
        seen["status"] = response.status_code
        return response

    requests.Session.send = guarded
    return seen


if __name__ == "__main__":
    main()
