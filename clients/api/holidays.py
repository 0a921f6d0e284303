"""Whose public holidays a calendar can close on, and when they are."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.pagination import paged
from agency.api.schema import example, operation
from agency.api.serializers import Filters, Text
from agency.api.views import ApiView
from clients.api.calendar_shapes import HolidayOutput
from clients.opening import holidays_of, regions_of
from clients.public_holidays import countries


@example({"code": "LV", "name": "Latvia"})
class CountryOutput(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="ISO 3166-1, two letters.")
    name = serializers.CharField()


@example({"code": "BY", "name": "Bavaria"})
class RegionOutput(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="What a calendar calls the region.")
    name = serializers.CharField()


class RegionFilters(Filters):
    country = Text(max_length=2, help_text="Two letters, such as DE.")


class HolidayFilters(Filters):
    country = Text(max_length=2, help_text="Two letters, such as LV.")
    region = Text(
        max_length=40, required=False, allow_blank=True, default="", help_text="Of the country, such as BY."
    )
    year = serializers.IntegerField(min_value=1970, max_value=2098, help_text="Which year.")


class HolidayViews(ApiView):
    """Nobody's data: the same for whoever is signed in."""

    rights = {"countries": None, "regions": None, "list": None}
    filters = {"regions": RegionFilters, "list": HolidayFilters}

    @operation(
        "list_holiday_countries",
        "Countries whose public holidays are known, by name",
        gives=CountryOutput(many=True),
        description="All on one page.",
    )
    def countries(self, request: Request) -> Response:
        return paged(request, _coded(countries()), following=None)

    @operation(
        "list_holiday_regions",
        "The parts of a country that have public holidays of their own, by name",
        gives=RegionOutput(many=True),
        description="None where all parts have the same. All on one page.",
    )
    def regions(self, request: Request) -> Response:
        return paged(request, _coded(regions_of(self.asked["country"].upper())), following=None)

    @operation(
        "list_holidays",
        "The public holidays of a country, or a part of it, in one year",
        gives=HolidayOutput(many=True),
        description="As a calendar's version would note them down. All on one page.",
    )
    def list(self, request: Request) -> Response:
        asked = self.asked
        rows = holidays_of(asked["country"].upper(), asked["region"], range(asked["year"], asked["year"] + 1))
        return paged(request, rows, following=None)


def _coded(names: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"code": code, "name": name} for code, name in names.items()]
