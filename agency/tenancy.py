"""One agency at a time: the setting that row security reads, and models that can't be used without it.

Inside an agency, somebody who works for some of its clients only enters with those clients: the managers then show
nothing of the others. That limit is the managers' alone; the database's policies keep agencies apart.

Every tenant model derives from `TenantModel`. Its metaclass adds to each table, through migrations:

- row-level security with one policy, `agency_id` = the transaction's setting (`RowSecurity`);
- a unique key (agency_id, id), for others to refer to;
- for each `TenantForeignKey` a composite foreign key (agency_id, x_id) → (agency_id, id) (`SameAgency`), because
  PostgreSQL checks a plain foreign key past every policy, so that a plain one could point into another agency.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.base import ModelBase

from agency.ids import new_id
from agency.statements import set_local

_entered: ContextVar[UUID | None] = ContextVar("agency", default=None)
_clients: ContextVar[frozenset[UUID] | None] = ContextVar("clients", default=None)


class NoTenant(RuntimeError):
    """Tenant data was asked for outside `with tenant(agency_id)`: a programming error, never shown to anyone."""


class NestedTenant(RuntimeError):
    """One agency's work tried to enter another agency."""


def current_agency() -> UUID:
    """The agency that was entered.

    Raises:
        NoTenant: none was.
    """
    agency_id = _entered.get()
    if agency_id is None:
        raise NoTenant("Enter an agency first: with tenant(agency_id): …")
    return agency_id


def entered_clients() -> frozenset[UUID] | None:
    """The clients that whoever entered is limited to; None: all of the agency's."""
    return _clients.get()


@contextmanager
def tenant(
    agency_id: UUID, *, read_only: bool = False, clients: frozenset[UUID] | None = None
) -> Iterator[None]:
    """Enter an agency for one transaction.

    The setting is local to the transaction, so a pooled connection never carries it on. Entering the same agency
    again inside is a savepoint, and keeps the limit of whoever entered first.

    Args:
        read_only: the database refuses every write; for what GET serves. Ignored inside another transaction.
        clients: see only what concerns these clients (an actor's `clients`); None: all.

    Raises:
        NestedTenant: another agency is entered already.
    """
    held = _entered.get()
    if held is not None and held != agency_id:
        raise NestedTenant("An agency's work may not enter another agency.")
    inside = connection.in_atomic_block
    token = _entered.set(agency_id)
    limit = _clients.set(clients if held is None else _clients.get())
    try:
        with transaction.atomic():
            if held is None:
                _set(agency_id, read_only=read_only and not inside)
            yield
    finally:
        _clients.reset(limit)
        _entered.reset(token)
    if held is None and inside:
        # The outer transaction goes on (in tests, or a sweep): it must not keep the agency.
        set_local("app.agency_id", "")


@contextmanager
def all_clients() -> Iterator[None]:
    """Past the limit of whoever entered, where rows of other clients hang on what is changed: nothing is shown in here."""
    limit = _clients.set(None)
    try:
        yield
    finally:
        _clients.reset(limit)


def _set(agency_id: UUID, *, read_only: bool) -> None:
    set_local("app.agency_id", str(agency_id))
    if read_only:
        set_local("transaction_read_only", "on")


# Constraints that migrations write ---------------------------------------------------------------


class _TableConstraint(models.BaseConstraint):
    """A constraint that only the database keeps: nothing to validate in Python."""

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: Any = None) -> None:
        return None

    def _later(self, schema_editor: BaseDatabaseSchemaEditor, sql: str) -> None:
        # At the end of the migration, when the tables that it names are all there.
        schema_editor.deferred_sql.append(sql)


class RowSecurity(_TableConstraint):
    """Rows are seen and written only inside their own agency.

    The sub-select makes PostgreSQL read the setting once a statement, not once a row.
    """

    CONDITION = "agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::uuid)"

    def _create(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        table, policy = (
            schema_editor.quote_name(model._meta.db_table),
            schema_editor.quote_name(self.name),
        )
        return (
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f" CREATE POLICY {policy} ON {table} USING ({self.CONDITION}) WITH CHECK ({self.CONDITION})"
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> None:  # type: ignore[override]
        self._later(schema_editor, self._create(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return self._create(model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        table = schema_editor.quote_name(model._meta.db_table)
        return (
            f"DROP POLICY {schema_editor.quote_name(self.name)} ON {table};"
            f" ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowSecurity) and self.name == other.name

    __hash__ = models.BaseConstraint.__hash__


class SameAgency(_TableConstraint):
    """(agency_id, x_id) → (agency_id, id) of the table that the field points to."""

    def __init__(self, *, field: str, name: str) -> None:
        super().__init__(name=name)
        self.field = field

    def _create(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        quote = schema_editor.quote_name
        field: Any = model._meta.get_field(self.field)
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)}"
            f" FOREIGN KEY (agency_id, {quote(field.column)})"
            f" REFERENCES {quote(field.remote_field.model._meta.db_table)} (agency_id, id)"
            " DEFERRABLE INITIALLY DEFERRED"
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> None:  # type: ignore[override]
        self._later(schema_editor, self._create(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        self._later(schema_editor, self._create(model, schema_editor))

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return (
            f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)}"
            f" DROP CONSTRAINT {schema_editor.quote_name(self.name)}"
        )

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameAgency) and (self.name, self.field) == (
            other.name,
            other.field,
        )

    __hash__ = models.BaseConstraint.__hash__


# Models ----------------------------------------------------------------------------------------------


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key inside one agency: the database's constraint is the composite one of `SameAgency`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs.setdefault("db_index", False)  # indexes begin with the agency: see each model's Meta
        super().__init__(*args, **kwargs)


class TenantManager(models.Manager[Any]):
    """Raises NoTenant outside an agency (row security alone would be silent), and filters by it inside.

    Also by the clients that whoever entered is limited to.
    """

    def get_queryset(self) -> models.QuerySet[Any]:
        rows = super().get_queryset().filter(agency_id=current_agency())
        clients = _clients.get()
        return rows if clients is None else rows.filter(self.model.within(clients))


class TenantModelBase(ModelBase):
    """Adds the constraints that make a table a tenant's."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        meta = attrs.get("Meta")
        if not getattr(meta, "abstract", False):
            stem = f"{attrs['__module__'].split('.')[0]}_{name.lower()}"
            constraints = [*getattr(meta, "constraints", ())]
            constraints.append(RowSecurity(name=f"{stem}_of_one_agency"))
            if attrs.get("referenced", True):
                constraints.append(models.UniqueConstraint(fields=["agency", "id"], name=f"{stem}_in_agency"))
            constraints += [
                SameAgency(field=key, name=f"{stem}_{key}_same_agency")
                for key, value in attrs.items()
                if isinstance(value, TenantForeignKey)
            ]
            attrs["Meta"] = type(
                "Meta",
                (meta,) if meta else (),
                {"constraints": constraints, "base_manager_name": "objects"},
            )
        return super().__new__(mcs, name, bases, attrs, **kwargs)


class TenantModel(models.Model, metaclass=TenantModelBase):
    """A row of one agency. `referenced = False` on tables that nothing refers to saves an index.

    Attributes:
        part_of: the path to the id of the client that a row concerns, such as `mention__client_id`; "" where rows
            concern no client, so that members limited to some clients see them all.
        shared: rows without a client (`part_of` is null) are everybody's, such as a template for all clients.
    """

    referenced: ClassVar[bool] = True
    part_of: ClassVar[str] = ""
    shared: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey(
        "agency.Agency",
        on_delete=models.CASCADE,
        default=current_agency,
        editable=False,
        related_name="+",
        db_index=False,
    )

    objects = TenantManager()

    class Meta:
        abstract = True

    @classmethod
    def within(cls, clients: frozenset[UUID]) -> models.Q:
        """Rows that concern one of these clients."""
        if not cls.part_of:
            return models.Q()
        of_them = models.Q(**{f"{cls.part_of}__in": clients})
        return of_them | models.Q(**{f"{cls.part_of}__isnull": True}) if cls.shared else of_them
