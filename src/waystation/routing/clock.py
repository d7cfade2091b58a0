"""The time of day that prices may depend on."""


def clock_at(now: float) -> int:
    """Unix seconds as the UTC clock number HHMM."""
    minutes = int(now) % 86_400 // 60
    return minutes // 60 * 100 + minutes % 60
