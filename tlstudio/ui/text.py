"""Numbers as people read them."""

from datetime import datetime


def duration(seconds: float) -> str:
    """ "0:42", "3:12" or "1:03:20"."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def seconds(count: float) -> str:
    """A time that was estimated, as "0.3 s", "42 s" or, from a minute on, "1:20 min" or "1:03:20 h"."""
    if count < 1.95:
        return f"{max(count, 0.1):.1f} s"
    if count < 59.5:
        return f"{count:.0f} s"
    return f"{duration(count)} {'h' if count >= 3599.5 else 'min'}"


def moment(seconds: float) -> str:
    """A time in seconds since 1970 as "14:02" where it is of today, otherwise as "24 Nov, 14:02"."""
    then, now = datetime.fromtimestamp(seconds).astimezone(), datetime.now().astimezone()
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then.day} {then:%b, %H:%M}"


def size(count: float) -> str:
    """Bytes as "912 B", "34 KB", "4.2 MB" or "1.3 GB", in powers of ten."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count >= 0.9995 * scale:
            value = count / scale
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{count:.0f} B"


def amount(count: int, one: str, many: str | None = None) -> str:
    """ "1 image", "2,000 images"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def figure(value: float) -> str:
    """Two digits of a number of any size: "120", "0.003", "1.2e-5"."""
    if 0 < abs(value) < 1e-3:
        digits, power = f"{value:.1e}".split("e")
        return f"{digits.removesuffix('.0')}e{int(power)}"
    return f"{float(f'{value:.2g}'):g}"


def percent(fraction: float) -> str:
    """ "93.4 %"."""
    return f"{fraction * 100:.1f} %"
