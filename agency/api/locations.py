"""Where what was made is found: the header Location of every 201."""

from typing import TypeVar
from urllib.parse import urljoin

from django.http.response import HttpResponseBase
from rest_framework.request import Request

Answer = TypeVar("Answer", bound=HttpResponseBase)
# Of an operation that answers 201, in the document.
DOCUMENTED = {
    "Location": {
        "description": "The address of what was made.",
        "schema": {"type": "string", "format": "uri"},
        "required": True,
    }
}


def locate(response: Answer, request: Request, *, address: str) -> Answer:
    """Name the address of what was made: below the list that it was sent to, or where the view says.

    Args:
        address: below the API's root, such as `overrides/{id}/`; "" for below the list.
    """
    made = getattr(response, "data", None)
    if response.status_code == 201 and isinstance(made, dict) and "id" in made:
        root = "/".join(request.path.split("/")[:3])  # /api/v1
        path = (
            f"{root}/{address.format(id=made['id'])}" if address else urljoin(request.path, f"{made['id']}/")
        )
        response["Location"] = request.build_absolute_uri(path)
    return response
