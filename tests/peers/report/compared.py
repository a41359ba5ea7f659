"""What a page says two runs differ in, computed again: values and changes from their files. Intervals are drawn by chance, and held to
what an interval must be: around the change, on one side of 0 where a difference is told."""

import re

from told import ms

QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


def judged(run):
    """Seconds that are no warm-up."""
    warm = {stage["name"] for stage in run.summary.get("stages", []) if stage["warmup"]}
    return [row for row in run.seconds if row.get("stage") not in warm]


def measured(run, name):
    """A metric as a number, and as a table says it."""
    metric, _, quantile = name.partition(" ")
    if quantile in QUANTILES:
        value = run.whole[metric].at(QUANTILES[quantile])
        return value, f"{ms(value / 1e3)} ms"
    rows, ended = judged(run), 0
    ended = sum(row["done"] + (row.get("dropped") or 0) for row in rows)
    part = {"failed calls": ended - sum(row["ok"] for row in rows), "throttled calls": sum(row["throttled"] for row in rows)}[name]
    return part / ended, f"{part / ended * 100:.2f} %"


def percent(value):
    size = abs(value)
    text = f"{value:.2f}" if size < 0.1 else f"{value:.1f}" if size < 9.95 else f"{value:.0f}"
    return re.sub(r"\.?0+$", "", text) if "." in text else text


def compared(check):
    """Everything of the section; the verdict that stands before those of the runs is taken off."""
    base, run = check.runs
    verdict = check.page.verdicts.pop(0)
    words = {"a regression": 0, "an improvement": 0}
    check.checked |= {"differences", "changes"}
    drawn = {row["name"]: row for row in check.page.plots["intervals"]["rows"]}
    places = {row["name"]: at for row, at in zip(check.page.plots["intervals"]["rows"], check.page.plots["intervals"]["series"][0]["data"])}
    told = {row[0]: row for row in check.page.tables["changes"][1:]}
    check.drawn = getattr(check, "drawn", set()) | {"intervals"}
    check.same("intervals drawn and told", sorted(drawn), sorted(told))
    for name, before, now, change, word in check.page.tables["differences"][1:]:
        (a, said_a), (b, said_b) = measured(base, name), measured(run, name)
        check.same(f"{name}: base", before, said_a)
        check.same(f"{name}: run", now, said_b)
        relative = name.split()[0] in ("response", "service", "token")
        moved = b / a - 1 if relative else b - a
        if moved or "unchanged" not in change:
            check.same(f"{name}: change", change.split(" ")[0], percent(abs(moved) * 100))
            more = {True: "slower", False: "faster"} if relative else {True: "more", False: "fewer"}
            check.same(f"{name}: which way", change.split(" ")[2].rstrip(":"), more[moved >= 0])
        if word in words:
            words[word] += 1
        if name not in told:
            continue
        _, by, low, high, again = told[name]
        check.same(f"{name}: change in percent", by, f"{moved * 100:+.2f}")
        check.same(f"{name}: verdicts", again, word)
        low, by, high = map(float, (low, by, high))
        check.same(f"{name}: within its interval", low <= by <= high, True)
        check.same(f"{name}: a difference does not reach 0", word in words, (low > 0 or high < 0) and word not in ("too small to matter", "too wide to tell"))
        row = drawn[name]
        for mine, page in [(low, row["low"]), (high, row["high"]), (by, places[name][0])]:
            check.same(f"{name}: drawn", abs(min(max(mine, -100), 300) - page) <= 0.00501, True)
    worse, better = words["a regression"], words["an improvement"]
    wanted = "BETTER AND WORSE" if worse and better else "REGRESSION" if worse else "IMPROVEMENT" if better else None
    check.same("what it comes to", wanted is None or verdict["word"].startswith((wanted, "INVALID")), True)
