"""Nobody crosses an agency: with the ORM, past the ORM, and through foreign keys."""

import os
import threading
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from agency.actor import Actor
from agency.models import AuditEntry
from agency.tenancy import NestedTenant, NoTenant, current_agency, tenant
from clients.actions.clients import create_client
from clients.models import Client, Contact
from config.guard import PowerfulRole, refuse_powerful_role
from tests.fixtures import Clock


def _names() -> list[str]:
    """Past the ORM's own filter."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM clients_client ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


@pytest.fixture
def rival(cleo: Actor, clock: Clock) -> Client:
    with tenant(cleo.agency_id):
        return create_client(name="Rival", time_zone="UTC", language="en", by=cleo, now=clock.now)


def test_outside_an_agency_models_raise_and_the_database_shows_nothing(brand: Client) -> None:
    with pytest.raises(NoTenant):
        Client.objects.count()
    with pytest.raises(NoTenant):
        Client(name="X")
    assert _names() == []


def test_inside_an_agency_only_its_rows_are_there(brand: Client, rival: Client) -> None:
    with tenant(brand.agency_id):
        assert _names() == ["Brightwater"]
        assert list(Client.objects.all()) == [brand]
    with tenant(rival.agency_id):
        assert _names() == ["Rival"]
    assert _names() == []


def test_a_row_cannot_be_written_into_another_agency(brand: Client, rival: Client) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tenant(brand.agency_id),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE clients_client SET agency_id = %s", [rival.agency_id])


def test_a_foreign_key_cannot_point_into_another_agency(brand: Client, rival: Client, clock: Clock) -> None:
    with pytest.raises(IntegrityError, match="contact_client_same_agency"), transaction.atomic():
        with tenant(brand.agency_id):
            Contact(
                client_id=rival.pk, name="Eve", email="eve@x.example", parts=["viewer"], created_at=clock.now
            ).save()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_another_agency_cannot_be_entered_inside_one(brand: Client, rival: Client) -> None:
    with tenant(brand.agency_id):
        with tenant(brand.agency_id):
            assert current_agency() == brand.agency_id
        with pytest.raises(NestedTenant), tenant(rival.agency_id):
            pass
        assert _names() == ["Brightwater"]


def test_an_error_inside_leaves_the_agency_and_undoes_the_work(brand: Client) -> None:
    with pytest.raises(RuntimeError, match="stop"), tenant(brand.agency_id):
        Client.objects.update(name="Changed")
        raise RuntimeError("stop")
    with pytest.raises(NoTenant):
        current_agency()
    with tenant(brand.agency_id):
        assert _names() == ["Brightwater"]


def test_audit_entries_cannot_be_changed_or_deleted(brand: Client) -> None:
    for statement in ("UPDATE agency_auditentry SET actor_name = 'Nobody'", "DELETE FROM agency_auditentry"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            tenant(brand.agency_id),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with tenant(brand.agency_id):
        assert AuditEntry.objects.filter(action="client.created").count() == 1


@pytest.mark.usefixtures("committed")
def test_get_requests_cannot_write(clock: Clock) -> None:
    agency_id = UUID(int=7)
    with (
        pytest.raises(Exception, match="read-only transaction"),
        tenant(agency_id, read_only=True),
        connection.cursor() as cursor,
    ):
        cursor.execute("INSERT INTO agency_agency VALUES (%s, 'A', 'UTC', 1, now())", [agency_id])


@pytest.mark.usefixtures("committed")
def test_a_pooled_connection_never_carries_an_agency_on() -> None:
    seen: list[str] = []
    with tenant(UUID(int=7)):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.agency_id', true), '')")
        seen.append(cursor.fetchone()[0])
    assert seen == [""]


@pytest.mark.usefixtures("committed")
def test_threads_do_not_share_an_agency() -> None:
    entered: list[bool] = []

    def look() -> None:
        try:
            current_agency()
        except NoTenant:
            entered.append(False)

    with tenant(UUID(int=7)):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert entered == [False]


class _Other:
    """A connection as another role, in the shape that the guard reads."""

    alias = "default"

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url)

    def cursor(self) -> psycopg.Cursor[tuple[object, ...]]:
        return self.connection.cursor()


def test_a_role_that_owns_tables_is_refused(db: None) -> None:
    refuse_powerful_role(connection)
    owner = _Other(os.environ["EARSHOT_TEST_OWN_URL"])
    with pytest.raises(PowerfulRole, match="“earshot_owner” owns tables"):
        refuse_powerful_role(owner)  # type: ignore[arg-type]
    owner.connection.close()
