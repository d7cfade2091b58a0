"""Keys as the management wire says them (contract section 24; spec `createKeys`, `getCurrentKey`). Money is USD floats."""

from waystation.accounts.keys import DEFAULT_WORKSPACE, Account
from waystation.accounts.limits import FreeRequests
from waystation.api.times import iso_of
from waystation.credits.fund import DAY_SECONDS
from waystation.credits.money import float_of
from waystation.generations.spending import KeySpend, Spend
from waystation.operations.parts import JsonObject


def key_row(account: Account, spend: KeySpend) -> JsonObject:
    """One key of `/keys`; `last_used_at` is the beginning of the last day with a generation."""
    last_used = None if spend.last_day is None else iso_of(spend.last_day * DAY_SECONDS * 1000)
    return {
        "hash": account.key_hash,
        "name": account.name,
        "disabled": account.disabled,
        "created_at": iso_of(account.created_at),
        "updated_at": None if account.updated_at is None else iso_of(account.updated_at),
        "last_used_at": last_used,
        "external_user": None,
        "workspace_id": account.workspace_id or DEFAULT_WORKSPACE,
        **_shared(account, spend.sums),
    }


def current_key_row(account: Account, spend: KeySpend, free: FreeRequests) -> JsonObject:
    """The caller's own key, of `/key`."""
    return {
        "is_free_tier": False,
        "is_management_key": account.is_management,
        "is_provisioning_key": account.is_management,
        "organization_id": None,
        "workspace_id": account.workspace_id,
        "allowed_data_regions": ["global"],
        "budgets": [],
        "effective_budget": None,
        "free_model_daily_requests": {"limit": free.limit, "used": free.used, "remaining": free.remaining},
        "rate_limit": {"requests": -1, "interval": "10s", "note": "deprecated: says nothing"},
        **_shared(account, spend.sums),
    }


def _shared(account: Account, spend: Spend) -> JsonObject:
    row: JsonObject = {
        "label": account.label,
        "limit": None if account.limit is None else float_of(account.limit),
        "limit_remaining": None
        if account.limit is None
        else float_of(account.limit - counted(account, spend)),
        "limit_reset": account.limit_reset,
        "include_byok_in_limit": account.include_byok_in_limit,
        "usage": float_of(spend.total),
        "usage_daily": float_of(spend.daily),
        "usage_weekly": float_of(spend.weekly),
        "usage_monthly": float_of(spend.monthly),
        "byok_usage": float_of(spend.byok_total),
        "byok_usage_daily": float_of(spend.byok_daily),
        "byok_usage_weekly": float_of(spend.byok_weekly),
        "byok_usage_monthly": float_of(spend.byok_monthly),
        "creator_user_id": account.creator_user_id,
    }
    if account.expires_at is not None:
        row["expires_at"] = iso_of(account.expires_at)
    return row


def counted(account: Account, spend: Spend) -> int:
    """Nano-dollars that count against the key's limit in the period that runs."""
    match account.limit_reset:
        case None:
            own, byok = spend.total, spend.byok_total
        case "daily":
            own, byok = spend.daily, spend.byok_daily
        case "weekly":
            own, byok = spend.weekly, spend.byok_weekly
        case "monthly":
            own, byok = spend.monthly, spend.byok_monthly
    return own + byok if account.include_byok_in_limit else own
