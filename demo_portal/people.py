"""Who works in a portal, and which application is embedded in it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class User:
    """An employee. ``sees`` is "all" invoices or "own" ones.

    ``sees_companies`` and ``sees_contacts`` are the rights to clients; requisites go with them. ``sees_funnels`` off:
    crm.category.list is refused.
    """

    id: int
    name: str
    last_name: str
    second_name: str = ""
    admin: bool = False
    sees: str = "all"
    sees_companies: bool = True
    sees_contacts: bool = True
    sees_deals: bool = True
    sees_funnels: bool = True
    departments: tuple[int, ...] = (1,)
    position: str = ""
    time_zone: str = ""
    active: bool = True
    may_open_app: bool = True  # False: calls answer user_access_error
    email: str = ""

    @property
    def full_name(self) -> str:
        """Name and surname, as the portal's interface shows them."""
        return f"{self.name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Department:
    """A department of the company structure."""

    id: int
    name: str
    parent: int | None = None
    head: int | None = None


@dataclass(frozen=True, slots=True)
class App:
    """An application's registration. Addresses are those of the application's card; ``status`` L is a local one."""

    client_id: str
    client_secret: str = field(repr=False)
    url: str
    title: str = "Реестр счетов"
    scopes: frozenset[str] = frozenset({"crm", "placement", "user_brief", "department"})
    status: str = "L"

    @property
    def handler_url(self) -> str:
        """Where the portal opens the app."""
        return f"{self.url}/app"

    @property
    def install_url(self) -> str:
        """Where the portal opens the installation page."""
        return f"{self.url}/install"


def default_users() -> list[User]:
    """An administrator, a chief accountant who sees all invoices, a manager who sees own ones only, an assistant who
    sees own ones and no clients."""
    return [
        User(
            1,
            "Ольга",
            "Смирнова",
            "Викторовна",
            admin=True,
            position="Директор",
            departments=(1,),
            email="smirnova@example.ru",
        ),
        User(
            5,
            "Мария",
            "Кузнецова",
            "Павловна",
            position="Главный бухгалтер",
            departments=(2,),
            email="kuznetsova@example.ru",
        ),
        User(
            8,
            "Алексей",
            "Волков",
            "Дмитриевич",
            sees="own",
            position="Менеджер по продажам",
            departments=(3,),
            email="volkov@example.ru",
        ),
        User(
            12,
            "Ирина",
            "Белова",
            "Сергеевна",
            sees="own",
            sees_companies=False,
            sees_contacts=False,
            position="Помощник менеджера",
            departments=(3,),
            email="belova@example.ru",
        ),
    ]


def default_departments() -> list[Department]:
    """The company with its accounting and its sales."""
    return [
        Department(1, "Север-Трейд", head=1),
        Department(2, "Бухгалтерия", parent=1, head=5),
        Department(3, "Отдел продаж", parent=1),
    ]
