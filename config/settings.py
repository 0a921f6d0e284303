"""Earshot's settings: typed values from the environment, read once; nonsense is refused with a sentence.

Without DATABASE_URL only the commands that need no database work (`up`, `demo`, `makemigrations`, `check`):
`manage.py up` starts the servers and hands their addresses to the processes that it starts.
"""

from pathlib import Path
from typing import Any

import environ
import structlog
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.masking import mask_secrets

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _number(name: str, default: int, *, least: int, most: int) -> int:
    try:
        value = int(env.int(name, default=default))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from None
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name} must be between {least} and {most}, not {value}.")
    return value


def _switch(name: str, *, default: bool) -> bool:
    value = str(env.str(name, default=str(default))).strip().lower()
    if value not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not “{value}”.")
    return value in {"true", "1", "yes", "on"}


def _database(name: str) -> dict[str, Any]:
    parsed = env.db_url(name)
    if parsed["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            f"{name} must be a PostgreSQL address: postgresql://user:password@host:port/name"
        )
    prepares = _switch("EARSHOT_PREPARE", default=True)
    parsed["ENGINE"] = "config.postgres"
    parsed["CONN_MAX_AGE"] = 300
    parsed["CONN_HEALTH_CHECKS"] = True
    parsed["OPTIONS"] = {
        **parsed.get("OPTIONS", {}),
        "server_side_binding": True,
        "prepare_threshold": 5 if prepares else None,
        "application_name": "earshot",
        "connect_timeout": 10,
        # A server, or a network, that went without a word is found out within a minute.
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 6,
    }
    # Where statements aren't prepared a pooler is between, and the next statement may meet another connection.
    parsed["DISABLE_SERVER_SIDE_CURSORS"] = not prepares
    pool = _number("EARSHOT_POOL_SIZE", 0, least=0, most=200)
    if pool and name == "DATABASE_URL":
        # Threads share so many connections and wait for one; without a pool each thread keeps its own.
        parsed["CONN_MAX_AGE"] = 0
        parsed["OPTIONS"]["pool"] = {"min_size": 1, "max_size": pool, "timeout": 30}
    parsed["TEST"] = {"MIGRATE": False}
    return dict(parsed)


# What the installation is -----------------------------------------------------------------

DEBUG = False
DEVELOPMENT = _switch("EARSHOT_DEVELOPMENT", default=False)
BASE_URL = str(env.str("EARSHOT_BASE_URL", default="http://127.0.0.1:8000")).rstrip("/")
if not BASE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("EARSHOT_BASE_URL must begin with https:// (or http:// for trying it out).")
HTTPS = BASE_URL.startswith("https://")

# Only commands that serve nobody may run without a key; the processes that serve refuse (config/checks.py).
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_IS_SET = bool(SECRET_KEY)
if not SECRET_KEY:
    SECRET_KEY = "no-key-was-set-and-nothing-is-served"  # noqa: S105
# Older keys: what they signed or sealed is still accepted, nothing new is.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Keys of what is stored sealed (agency/vault.py); the first one seals, all of them open.
VAULT_KEYS = [entry.strip() for entry in env.list("EARSHOT_VAULT_KEYS", default=[]) if entry.strip()]

_host = BASE_URL.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]
ALLOWED_HOSTS = [_host, *env.list("EARSHOT_ALLOWED_HOSTS", default=[])]
if _host == "127.0.0.1":
    ALLOWED_HOSTS += ["localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# Loopback addresses may be read and posted to only where this says so: the demo and the tests.
ALLOW_LOOPBACK = _switch("EARSHOT_ALLOW_LOOPBACK", default=False)
# The demo's forum is served only where trying out is meant and this machine may be read.
DEMO = DEVELOPMENT and ALLOW_LOOPBACK
DATA_DIR = env.str("EARSHOT_DATA_DIR", default="")

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "agency.apps.AgencyConfig",
    "clients.apps.ClientsConfig",
    "mentions.apps.MentionsConfig",
    "workflows.apps.WorkflowsConfig",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "django_structlog",
]

MIDDLEWARE = [
    "config.middleware.RequestId",
    "config.middleware.WholeBody",
    "django.middleware.security.SecurityMiddleware",
    "config.by_key.ByKey",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "agency.web.confined.Confined",
    "config.middleware.RequestLine",
    "agency.web.accounts.seen.LastSeen",
    "config.stated.StatedRights",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "agency.web.context.house",
            ],
        },
    },
]

# Data ---------------------------------------------------------------------------------------

DATABASES: dict[str, Any] = {}
if env.str("DATABASE_URL", default=""):
    DATABASES["default"] = _database("DATABASE_URL")
else:
    # An address where nothing listens: a command that needs data fails at once instead of guessing.
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "earshot",
        "HOST": "127.0.0.1",
        "PORT": "1",
        "OPTIONS": {"connect_timeout": 1},
    }
if env.str("MIGRATE_DATABASE_URL", default=""):
    # Owns the tables; only `migrate` uses it.
    DATABASES["owner"] = _database("MIGRATE_DATABASE_URL")

# Where the sweeper listens: a session of the database itself. Behind a pooler it has to be named.
LISTEN_URL = env.str("EARSHOT_LISTEN_URL", default="")
if LISTEN_URL and not LISTEN_URL.startswith(("postgresql://", "postgres://")):
    raise ImproperlyConfigured(
        "EARSHOT_LISTEN_URL must be a PostgreSQL address: postgresql://user:password@host:port/name"
    )
if not LISTEN_URL and _switch("EARSHOT_PREPARE", default=True):
    LISTEN_URL = env.str("DATABASE_URL", default="")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]

REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    "default": (
        {
            "BACKEND": "config.cache.ForgivingRedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "earshot",
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

# People -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "agency.User"
AUTHENTICATION_BACKENDS = [
    # Counts the guess, and refuses one too many, before any password is looked at.
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "agency.passwords.LengthValidator", "OPTIONS": {"least": 10, "most": 200}},
    {"NAME": "agency.passwords.GuessableValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "inbox"
ACCOUNT_ADAPTER = "agency.web.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "agency.web.accounts.forms.SignIn",
    "reset_password": "agency.web.accounts.forms.ForgottenPassword",
    "reset_password_from_key": "agency.web.accounts.forms.NewPassword",
    "change_password": "agency.web.accounts.forms.ChangePassword",
    "set_password": "agency.web.accounts.forms.FirstPassword",
    "reauthenticate": "agency.web.accounts.forms.ConfirmPassword",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Who isn't a member gets no mail from us.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
# A person is told of every change to how they sign in.
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Guesses are counted in the database, by account and by address: these two would only count them again, in the cache.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}
MFA_ADAPTER = "agency.web.accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "agency.web.accounts.second_factor.EnterCode",
    "reauthenticate": "agency.web.accounts.second_factor.EnterCodeAgain",
    "activate_totp": "agency.web.accounts.second_factor.StartApp",
    "add_webauthn": "agency.web.accounts.second_factor.AddPasskey",
    "edit_webauthn": "agency.web.accounts.second_factor.RenamePasskey",
    "login_webauthn": "agency.web.accounts.second_factor.SignInWithPasskey",
    "authenticate_webauthn": "agency.web.accounts.second_factor.UsePasskey",
    "reauthenticate_webauthn": "agency.web.accounts.second_factor.UsePasskeyAgain",
}
MFA_PASSKEY_LOGIN_ENABLED = True
# A clock may be half a minute off. No code is taken twice, however long it is valid (agency/actions/second_factor.py).
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "Earshot"
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Whoever is here came by a link that was mailed to that address.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
# How many guesses at a password are looked at, and within which time, is in agency/actions/guesses.py.
AXES_HANDLER = "agency.web.accounts.lockout.GuessHandler"
AXES_CLIENT_IP_CALLABLE = "agency.web.address.client_address"
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
# Its middleware would write the answer to a refused guess; our handler answers at once.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "agency.web.errors.csrf_failure"

# What the browser is told --------------------------------------------------------------------

if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = _switch("EARSHOT_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
    SECURE_HSTS_SECONDS = _number("EARSHOT_HSTS_SECONDS", 31_536_000, least=0, most=63_072_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}

STATIC_URL = "/static/"
STATIC_ROOT = env.str("EARSHOT_STATIC_DIR", default="") or None
# Files are served from the apps' own folders: no collecting step that could be forgotten.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# Mail ----------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.str("EARSHOT_FROM_EMAIL", default="Earshot <earshot@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 20
if env.str("EMAIL_URL", default=""):
    _mail = env.email_url("EMAIL_URL")
    EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
    EMAIL_HOST = _mail.get("EMAIL_HOST", "")
    EMAIL_PORT = _mail.get("EMAIL_PORT") or 25
    EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER") or ""
    EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD") or ""
    EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
    EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
else:
    # Nowhere to send: shown on the console, and kept in the data folder's `mail` where there is one.
    EMAIL_BACKEND = "config.mail.ConsoleAndFolder"
MAIL_DIR = str(Path(DATA_DIR) / "mail") if DATA_DIR else ""

# The API -------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["agency.api.authentication.KeyOrSession"],
    "DEFAULT_PERMISSION_CLASSES": ["agency.api.permissions.StatedRight"],
    "DEFAULT_PARSER_CLASSES": ["agency.api.parsers.StrictJson"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "agency.api.negotiation.JsonFirst",
    "DEFAULT_RENDERER_CLASSES": ["agency.api.renderers.Orjson"],
    "DEFAULT_PAGINATION_CLASS": "agency.api.pagination.Keyset",
    "DEFAULT_SCHEMA_CLASS": "agency.api.schema.Schema",
    "EXCEPTION_HANDLER": "agency.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "DATETIME_FORMAT": None,  # written by the renderer
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Earshot",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["agency.api.permissions.Anyone"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "agency.api.sparse.add_parts",
        "agency.api.schema.add_problems",
        "agency.api.schema_headers.add_headers",
        "agency.events_shown.add_webhooks",
        "config.api_names.tidy",
        "config.api_about.describe",
    ],
    "COMPONENT_SPLIT_REQUEST": False,  # inputs and outputs are serializers of their own
    "ENUM_NAME_OVERRIDES": {
        "Role": "agency.rights.Role",
        "Right": "agency.rights.Right",
        "ActorKind": ["member", "key", "contact", "system"],
        "CallerKind": ["member", "key"],
        "KeyState": "agency.api.keys.KEY_STATES",
        "Action": "workflows.queries.possible.ACTIONS",
        "ClockState": "workflows.api.outputs.CLOCK_STATES",
        "HealthState": "mentions.api.source_shapes.HEALTH",
        "ReadOutcome": ["read", "unchanged", "failed"],
        "TimeOwner": "workflows.api.outputs.OWNERS",
        "ExportKind": "agency.models.Export.Kind",
        "ExportState": "agency.models.Export.State",
        "ErasureKind": "agency.models.Erasure.Kind",
        "ErasureState": "agency.models.Erasure.State",
        "ErasureReason": "agency.models.Erasure.Reason",
        "Priority": "clients.words.Priority",
        "ClockKind": "clients.words.ClockKind",
        "ReplyKind": "clients.words.ReplyKind",
        "ContactPart": "clients.words.Part",
        "Asks": "clients.models.ApprovalPolicy.Asks",
        "SourceKind": "mentions.models.Source.Kind",
        "State": "mentions.words.State",
        "Sentiment": "mentions.words.Sentiment",
        "Turn": "mentions.words.Turn",
        "DismissReason": "mentions.words.DismissReason",
        "ApprovalState": "workflows.models.Approval.State",
        "Verdict": "workflows.models.Decision.Verdict",
        "DecisionState": "workflows.models.Decision.State",
        "PublicationState": "workflows.models.Publication.State",
        "ChannelKind": "agency.models.Channel.Kind",
        "ExcuseReason": "workflows.models.Excuse.Reason",
        "ExcuseState": "workflows.models.Excuse.State",
        "NoticeState": "agency.models.Notice.State",
        "DeliveryState": "agency.models.WebhookDelivery.State",
        "ReplayState": "agency.models.WebhookReplay.State",
        "ReplayWhich": "agency.models.WebhookReplay.Which",
        "AttemptOutcome": "agency.models.NoticeAttempt.Outcome",
        "ChannelTakes": "agency.models.Channel.Takes",
        "ChainFlaw": "agency.queries.audit_chain.FLAWS",
        "FileForm": ["csv", "jsonl"],
        "Cover": "clients.words.Cover",
        "HoursOf": "clients.words.HoursOf",
        "LadderDo": ["notify", "reassign", "raise"],
        "LadderWhom": ["assignee", "on_call", "managers", "owners", "member"],
        "LadderWhose": ["client", "agency", "usual"],
        "MessageBy": "mentions.models.Message.By",
        "MessageEffect": "mentions.models.Message.Effect",
        "EscalationState": "workflows.models.Escalation.State",
        "EscalationWhat": "workflows.models.EscalationLine.What",
        "MilestoneKind": "workflows.queries.report.MILESTONES",
    },
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "docExpansion": "none",
        "filter": True,
        "displayRequestDuration": True,
        "defaultModelsExpandDepth": 0,
        # A key is for as long as the page is open: nothing of it stays in the browser.
        "persistAuthorization": False,
    },
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Calls a minute of each key, and of each member through their session; and the most that one key may be given.
API_RATE = _number("EARSHOT_API_RATE", 600, least=1, most=10_000_000)
API_RATE_MOST = _number("EARSHOT_API_RATE_MOST", max(6000, API_RATE), least=API_RATE, most=10_000_000)
# Sign-ins with a wrong key a minute from one address. Beyond them nothing is looked up for it.
API_FAILED_SIGN_INS = _number("EARSHOT_API_FAILED_SIGN_INS", 60, least=1, most=10_000_000)

# Work in the background ------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
# A task that outlived its visibility would run twice at once, so the hard limit is the shorter one.
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "global_keyprefix": "earshot:"}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "collect.*": {"queue": "collect"},
    "publish.*": {"queue": "publish"},
    "deliver.*": {"queue": "deliver"},
    # By its whole name, which comes before the pattern: whoever these go to is anybody.
    "deliver.webhook": {"queue": "webhooks"},
    "data.*": {"queue": "data"},
}
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True

# The tick that looks for due alarms; each tick drains what is due, so a longer tick is only later, never less.
SWEEP_SECONDS = _number("EARSHOT_SWEEP_SECONDS", 1, least=1, most=60)

# Webhooks: how long a receiver may take to answer; and, for trying out, by how much faster than the schedule says it is
# tried again and left in peace (agency/webhooks.py).
WEBHOOK_SECONDS = _number("EARSHOT_WEBHOOK_SECONDS", 15, least=1, most=30)
WEBHOOK_HASTE = _number("EARSHOT_WEBHOOK_HASTE", 1, least=1, most=10_000)

# How long data lives ---------------------------------------------------------------------------

# The traces of work that is done: readings of sources, settled mails, events of the outbox. In days.
TRACE_DAYS = _number("EARSHOT_TRACE_DAYS", 90, least=7, most=3650)
# Streams of events that one process keeps open: of one member or key, and in all.
STREAMS_EACH = _number("EARSHOT_STREAMS_EACH", 10, least=1, most=10_000)
STREAMS = _number("EARSHOT_STREAMS", 1_000, least=1, most=50_000)
# Between asking for an agency's erasure and its beginning: time in which an owner can call it off. In days.
ERASURE_GRACE_DAYS = _number("EARSHOT_ERASURE_GRACE_DAYS", 7, least=0, most=90)

# Logs ------------------------------------------------------------------------------------------

LOG_LEVEL = str(env.str("EARSHOT_LOG_LEVEL", default="INFO")).upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured("EARSHOT_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
_shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Before the masking, so that a traceback is read by people and shows no secret.
                structlog.processors.format_exc_info,
                mask_secrets,
                structlog.dev.ConsoleRenderer(colors=False)
                if DEVELOPMENT
                else structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": _shared_processors,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING" if DEVELOPMENT else LOG_LEVEL},
    "loggers": {
        "earshot": {"level": LOG_LEVEL},
        "django_structlog": {"level": "ERROR" if DEVELOPMENT else LOG_LEVEL},
        # Says again what the line of django_structlog says.
        "django.request": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
# The id that config.middleware.RequestId took or made, which the answer carries: no second one for the log.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
LOGGING_CONFIG = "logging.config.dictConfig"
