"""The API's document, its page, and the answer for addresses that there aren't."""

from functools import cache
from hashlib import sha256
from typing import Any, cast

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.cache import get_conditional_response
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView

from agency.api.problems import problem_page


@cache
def document(form: str) -> bytes:
    """The OpenAPI document as `yaml` or `json`. The same for everybody, so it is written once a process."""
    with override("en"):
        described = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        if form == "json":
            return orjson.dumps(described, default=str, option=orjson.OPT_NON_STR_KEYS)
        renderer: Any = OpenApiYamlRenderer()
        return cast("bytes", renderer.render(described, renderer_context={}))


@cache
def _tag(form: str) -> str:
    return f'"{sha256(document(form)).hexdigest()[:32]}"'


# Packed, as it says the same a hundred times; it holds nothing that anybody could guess at by its length.
@gzip_page
@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """JSON, or YAML by `?format=yaml` or the Accept header."""
    accepts = request.headers.get("Accept", "")
    wanted = request.GET.get("format", "yaml" if "yaml" in accepts else "json")
    if wanted not in {"json", "yaml"}:
        return problem_page(request, status=400, code="invalid", detail="The formats are json and yaml.")
    answer = HttpResponse(document(wanted), content_type=f"application/vnd.oai.openapi+{wanted}")
    answer["Vary"] = "Accept"
    answer["Cache-Control"] = "no-cache"
    answer["ETag"] = _tag(wanted)
    return cast("HttpResponse", get_conditional_response(request, etag=_tag(wanted), response=answer))


class SchemaPage(SpectacularSwaggerSplitView):
    """Swagger UI without anything inline: it works under the same content policy as every page."""

    url_name = "api-schema"
    template_name = "agency/api.html"


@csrf_exempt
def nowhere(request: HttpRequest, **_: Any) -> HttpResponse:
    """Every other address under the API's."""
    detail = "There is nothing here with that address, or it isn't yours to see."
    if not request.path.endswith("/"):
        try:
            if resolve(f"{request.path}/").func is not nowhere:
                detail = f"Addresses end with a slash: {request.path}/"
        except Resolver404:
            pass
    return problem_page(request, status=404, code="not_found", detail=detail)
