"""How often each caller may call: said in every answer, and refused with 429 beyond it.

The headers are those of the IETF's draft “RateLimit header fields for HTTP” (draft-ietf-httpapi-ratelimit-headers).
"""

import math
from dataclasses import dataclass

from django.conf import settings

from agency.actor import Actor, ActorKind
from agency.counters import counters
from agency.errors import DomainError

WINDOW = 60
DEFAULT, SIGN_INS = "default", "failed-sign-ins"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a caller has left of a policy.

    Attributes:
        quota: calls in a window.
        used: of the present window, the last one included.
        seconds: until the next window.
    """

    policy: str
    quota: int
    used: int
    seconds: float

    @property
    def is_over(self) -> bool:
        return self.used > self.quota

    @property
    def wait(self) -> int:
        """Whole seconds; at least one, so that nobody comes back too early."""
        return max(1, math.ceil(self.seconds))

    @property
    def headers(self) -> dict[str, str]:
        left = max(0, self.quota - self.used)
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={WINDOW}',
            "RateLimit": f'"{self.policy}";r={left};t={self.wait}',
        }


class RateLimited(DomainError):
    """Too many calls; `headers` go with the answer."""

    code, status, title = "rate_limited", 429, "Too many requests"

    def __init__(self, message: str, budget: Budget) -> None:
        super().__init__(message)
        self.headers = {**budget.headers, "Retry-After": str(budget.wait)}


def spend(by: Actor) -> Budget:
    """Count a call of a key, or of a member through their session, whatever comes of it."""
    own = by.rate if by.kind is ActorKind.KEY else None
    quota = min(own or settings.API_RATE, settings.API_RATE_MOST)
    counted = counters().count(f"{by.kind}:{by.id}", WINDOW)
    return Budget(DEFAULT, quota, counted.n, counted.seconds)


def refuse_beyond(budget: Budget) -> None:
    """Raises: RateLimited."""
    if budget.is_over:
        raise RateLimited(
            f"That were more than {budget.quota} calls within a minute. Go on in {budget.wait} s.", budget
        )
