"""Pins the whole dependency tree: `uv run python -m config.pins`.

Resolves afresh what pyproject.toml asks for, and writes the versions found as `constraint-dependencies` between its
two marks. `uv.lock` itself stays out of git: it names the index that it was made with.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
BEGIN, END = "# begin pins\n", "# end pins\n"


def main() -> None:
    text = PROJECT.read_text()
    PROJECT.write_text(_with_pins(text, []))
    try:
        subprocess.run(["uv", "lock", "--upgrade", "--quiet"], cwd=ROOT, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError) as error:
        PROJECT.write_text(text)
        sys.exit(f"The dependencies can't be resolved, so the pins stay as they were: {error}")
    pins = _versions(tomllib.loads((ROOT / "uv.lock").read_text()))
    PROJECT.write_text(_with_pins(text, pins))
    sys.stdout.write(f"{len(pins)} packages are pinned in {PROJECT.name}.\n")


def _versions(lock: dict[str, list[dict[str, str]]]) -> list[str]:
    """`name==version` of every package; one that is resolved differently for some machines is left to the resolver."""
    found: dict[str, set[str]] = {}
    for package in lock["package"]:
        found.setdefault(package["name"], set()).add(package.get("version", ""))
    return sorted(
        f"{name}=={next(iter(one))}" for name, one in found.items() if len(one) == 1 and name != "earshot"
    )


def _with_pins(text: str, pins: list[str]) -> str:
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    block = f"{BEGIN}constraint-dependencies = [\n{lines}]\n{END}"
    return re.sub(f"{BEGIN}.*?{END}", lambda _: block, text, flags=re.DOTALL)


if __name__ == "__main__":
    main()
