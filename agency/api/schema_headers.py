"""What the document says of the headers that each answer has."""

from typing import Any

_TEXT = {"type": "string"}
_HEADERS: dict[str, Any] = {
    "RateLimitPolicy": {
        "description": "How many calls a minute this key, or this member, may make.",
        "schema": _TEXT,
        "example": '"default";q=600;w=60',
    },
    "RateLimit": {
        "description": "How many are left (`r`), and in how many seconds the count begins anew (`t`).",
        "schema": _TEXT,
        "example": '"default";r=599;t=60',
    },
    "RequestId": {
        "description": "Yours, if you sent a sane one, or a new one. Name it when you ask for help.",
        "schema": _TEXT,
        "example": "0195677c-0a54-7000-8d2f-0f3c9a6b1e55",
    },
    "RetryAfter": {"description": "In how many seconds to try again.", "schema": {"type": "integer"}},
}
_EACH = {
    "X-Request-ID": {"$ref": "#/components/headers/RequestId"},
    "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
    "RateLimit": {"$ref": "#/components/headers/RateLimit"},
}


def add_headers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing: the headers of every answer."""
    components = result["components"]
    components["headers"] = {**components.get("headers", {}), **_HEADERS}
    answers = list(components["responses"].values())
    for path in result["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                answers += [
                    answer for answer in operation.get("responses", {}).values() if "$ref" not in answer
                ]
    for answer in answers:
        answer["headers"] = {**answer.get("headers", {}), **_EACH}
    limited = components["responses"]["TooMany"]
    limited["headers"]["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    return result
