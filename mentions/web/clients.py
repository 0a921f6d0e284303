"""Clients with what goes on around them: the list, and the page of one."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.queries.paging import keyset
from agency.rights import Right
from agency.web.fields import languages
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage
from clients.models import ApprovalPolicy, Client
from clients.queries.clients import (
    current_approval_policy,
    current_query,
    get_client,
    list_clients,
    list_contacts,
    list_templates,
    match_sla_policies,
)
from clients.queries.policies import calendar_names, terms_of
from clients.queries.rotas import on_call, people, rota_covering
from clients.web.client_hours import hours_of_client
from clients.web.playbook import template_line
from clients.web.promise_words import COLUMNS, table_of
from clients.words import ContactRight, Part
from mentions.queries.figures import OpenWork, open_work_by_client, sources_by_client, terms_by_client
from mentions.queries.mentions import list_sources
from mentions.queries.own_accounts import list_own_accounts
from mentions.web.sources import source_line

ROWS = 100


class ClientList(StaffPage):
    right = Right.READ
    nav = "clients"

    def get(self, request: HttpRequest) -> HttpResponse:
        archived = request.GET.get("archived") == "1"
        page = keyset(
            list_clients(by=self.actor, archived=archived),
            by="name",
            kind="s",
            cursor=cursor_of(request),
            limit=ROWS,
        )
        terms = terms_by_client([client.pk for client in page.rows], by=self.actor)
        work, sources = open_work_by_client(by=self.actor), sources_by_client(by=self.actor)
        lines = []
        for client in page.rows:
            waiting = work.get(client.pk, OpenWork())
            lines.append(
                {
                    "url": reverse("client-detail", args=[client.pk]),
                    "name": client.name,
                    "terms": terms.get(client.pk, []),
                    "open_count": waiting.open,
                    "late_count": waiting.late,
                    "source_count": sources.get(client.pk, 0) + sources.get(None, 0),
                    "timezone": client.time_zone,
                }
            )
        context = {
            "clients": lines,
            "archived": archived,
            "archive_url": f"{reverse('client-list')}?archived=1",
            "add_url": reverse("client-add") if self.actor.may_change(None) else "",
            **pager(request, page),
        }
        return self.page("clients/client_list.html", context)


class ClientDetail(StaffPage):
    right = Right.READ
    nav = "clients"

    def get(self, request: HttpRequest, client_id: UUID) -> HttpResponse:
        client = get_client(client_id, by=self.actor)
        may = self.actor.may(Right.MANAGE)
        context = {
            **self._about(client),
            **self._people(client, may=may),
            **self._rules(client, may=may),
            **self._around(client, may=may),
            "duty": self._duty(client, may=may),
        }
        return self.page("clients/client_detail.html", context)

    def _url(self, name: str, client: Client, *, may: bool = True) -> str:
        return reverse(name, args=[client.pk]) if may else ""

    def _about(self, client: Client) -> dict[str, Any]:
        may = self.actor.may(Right.MANAGE)
        return {
            "client": {
                "name": client.name,
                "timezone": client.time_zone,
                "language": dict(languages(client.language))[client.language],
                "local_time": self.now,
                "archived_at": client.archived_at,
            },
            "edit_url": self._url("client-edit", client, may=may),
            "data_url": self._url("client-data", client, may=self.actor.may(Right.DATA)),
            "archive_url": self._url("client-archive", client, may=may and client.archived_at is None),
            "restore_url": self._url("client-restore", client, may=may and client.archived_at is not None),
            "inbox_url": f"{reverse('inbox')}?client={client.pk}",
        }

    def _people(self, client: Client, *, may: bool) -> dict[str, Any]:
        contacts = list_contacts(by=self.actor, client=client).order_by("created_at", "id")
        return {
            "contacts": [
                {
                    "name": contact.name,
                    "email": contact.email,
                    "parts": [Part(part) for part in contact.parts],
                    "link_url": reverse("contact-link", args=[contact.pk])
                    if may and contact.may(ContactRight.SEE)
                    else "",
                    "edit_url": reverse("contact-edit", args=[contact.pk]) if may else "",
                }
                for contact in contacts
            ],
            "own_accounts": [row.account for row in list_own_accounts(client, by=self.actor)],
            "own_accounts_url": self._url("client-accounts", client, may=may),
            "contact_add_url": self._url("contact-add", client, may=may),
        }

    def _rules(self, client: Client, *, may: bool) -> dict[str, Any]:
        query = current_query(client.pk)
        asks = current_approval_policy(client.pk).asks
        promised = match_sla_policies({client.pk})[client.pk]
        terms = terms_of(promised)
        return {
            "query": {
                "terms": query.any_terms if query else [],
                "excluded": query.none_terms if query else [],
                "urgent": query.urgent_terms if query else [],
                "version": query.version if query else None,
                "changed_at": query.created_at if query else None,
                "edit_url": self._url("client-listening", client, may=may),
            },
            "promises": table_of(terms, calendar_names(terms)),
            "promises_columns": list(COLUMNS.values()),
            "promises_note": "Promised to this client." if promised.client_id else "The agency's default.",
            "promises_url": self._url("client-promises", client),
            "promises_edit": may,
            "hours": hours_of_client(client, by=self.actor, now=self.now),
            "policy": {
                "sentence": f"{ApprovalPolicy.Asks(asks).label}.",
                "edit_url": self._url("client-approval", client, may=may),
            },
        }

    def _duty(self, client: Client, *, may: bool) -> dict[str, Any]:
        """Who is on call for this client now, and who is told."""
        rota = rota_covering(client.pk)
        known = people() if rota else {}
        current = on_call(rota, self.now, client_id=client.pk, known=known) if rota else None
        who = known.get(current.member) if current and current.member else None
        return {
            "rota": rota.name if rota else "",
            "who": who.name if who else "",
            "until": current.until if current else None,
            "ladder_url": self._url("client-ladder", client),
            "add_url": f"{reverse('rota-add')}?client={client.pk}" if may else "",
        }

    def _around(self, client: Client, *, may: bool) -> dict[str, Any]:
        templates = list_templates(by=self.actor, client_id=client.pk).order_by("name", "id")[:20]
        sources = list_sources(by=self.actor, client_id=client.pk).order_by("name", "id")[:20]
        return {
            "templates": [
                template_line(template, may_edit=self.actor.may_change(template.client_id))
                for template in templates
            ],
            "template_add_url": f"{reverse('template-add')}?client={client.pk}" if may else "",
            "sources": [source_line(source) for source in sources],
            "source_add_url": f"{reverse('source-add')}?client={client.pk}" if may else "",
        }
