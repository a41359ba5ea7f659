"""What pages of reports say, read back, and how numbers are said: shared by numbers.py and searches.py, and with headcount in no line."""

import html.parser
import json
import math
from collections import Counter, defaultdict

from hdrh.histogram import HdrHistogram

NONE = "–"
METRICS = ["response", "service", "queue", "lag", "token"]
CLASSES = """ok bad-request unprocessable not-found conflict throttled capacity service-failure unavailable dns refused tls connect-timeout
reset read-timeout protocol unauthorized forbidden expired skew dropped aborted""".split()
WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200]
RATE, BURST, IDLE = 10.0, 20.0, 300


# Numbers as a person reads them.
def count(n):
    return f"{n:,}"


def ms(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.3f}"


def us(value):
    return f"{value / 1e6:.2f} s" if value >= 1_000_000 else f"{ms(value / 1e3)} ms"


def rate(value):
    return f"{value:.1f}"


def share(part, of):
    percent = part / of * 100 if of else 0.0
    if part > 0 and percent < 0.01:
        return "< 0.01 %"
    if part < of and percent > 99.99:
        return "> 99.99 %"
    return f"{percent:.2f} %"


def span(seconds):
    whole = math.floor(seconds + 0.5)
    if whole < 60:
        return f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole // 60 % 60:02} min"


def size(n):
    for limit, by, unit, digits in [(1e3, 1, "B", 0), (1e6, 1e3, "kB", 1), (1e9, 1e6, "MB", 1), (1e99, 1e9, "GB", 2)]:
        if n < limit:
            return f"{n / by:.{digits}f} {unit}"


def clock(seconds):
    h, m, s = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{h}:{m:02}:{s:02}" if h else f"{m}:{s:02}"


def some(n, say=count):
    return NONE if n is None else say(n)


class Values(Counter):
    """What was measured: how often each value occurred, in microseconds."""

    reference = HdrHistogram(1, 3_600_000_000, 3)

    @classmethod
    def decode(cls, encoded):
        histogram = HdrHistogram.decode(encoded)
        # The package's own iterators visit every count; few of them are any.
        counts = ((index, n) for index, n in enumerate(histogram.counts) if n)
        return cls({histogram.get_highest_equivalent_value(histogram.get_value_from_index(index)): n for index, n in counts})

    @property
    def n(self):
        return sum(self.values())

    def at(self, q):
        """The smallest value that so large a share of all lie at or below: the nearest rank."""
        if not self:
            return 0
        rank, seen = max(1, math.ceil(q * self.n)), 0
        for value in sorted(self):
            seen += self[value]
            if seen >= rank:
                return value
        return max(self)

    def top(self):
        return max(self) if self else 0

    def mean(self):
        def middle(value):
            lowest = self.reference.get_lowest_equivalent_value(value)
            return lowest + (value - lowest + 1) // 2

        return sum(middle(value) * n for value, n in self.items()) / self.n


class Page(html.parser.HTMLParser):
    """What a reader sees, by where it stands."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.tiles, self.said, self.verdicts, self.keys = {}, [], [], [], defaultdict(list)
        self.table = self.row = self.into = self.figure = None
        self.text, self.verdict, self.plots, self.pre = [], None, None, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        kind = attrs.get("class", "")
        if tag == "table":
            self.table = self.tables[attrs["id"]] = []
        elif tag == "tr":
            self.row = []
        elif tag == "figure":
            self.figure = attrs["id"]
        elif tag == "section" and kind.startswith("verdict"):
            self.verdicts.append({"look": kind.split()[1]})
        elif tag == "script" and attrs.get("id") == "plots":
            self.into, self.text = "plots", []
        elif tag == "button" and "key" in kind.split():
            self.keys[self.figure].append(attrs["data-series"])
        for mine, name in [("th", "cell"), ("td", "cell"), ("dt", "tile"), ("strong", "value"), ("pre", "pre")]:
            if tag == mine:
                self.into, self.text = name, []
        if tag == "p" and kind in ("said", "why", "word"):
            self.into, self.text = kind, []

    def handle_data(self, data):
        self.text.append(data)

    def handle_endtag(self, tag):
        text = "".join(self.text)
        if tag in ("th", "td") and self.into == "cell":
            self.row.append(text)
        elif tag == "tr":
            self.table.append(self.row)
        elif tag == "dt":
            self.tiles.append([text])
        elif tag == "strong":
            self.tiles[-1].append(text)
            self.into, self.text = "note", []
            return
        elif tag == "span" and self.into == "note":
            self.tiles[-1].append(text)
        elif tag == "p" and self.into == "said":
            self.said.append(text)
        elif tag == "p" and self.into in ("why", "word"):
            self.verdicts[-1][self.into] = text
        elif tag == "pre":
            self.pre.append(text)
        elif tag == "script" and self.into == "plots":
            self.plots = json.loads(text)
        else:
            return
        self.into = None


class Check:
    def __init__(self, page, runs):
        self.page, self.runs, self.alone = page, runs, len(runs) == 1
        self.checked, self.numbers, self.faults = set(), 0, []

    def same(self, where, page, mine):
        self.numbers += 1
        if page != mine:
            self.faults.append(f"{where}: the page says {page!r}, recomputed {mine!r}")

    def table(self, name, rows):
        """Rows with the run's label first, which a page of one run leaves out."""
        self.checked.add(name)
        shown = self.page.tables.get(name, [[]])[1:]
        mine = [[str(cell) for cell in (row[1:] if self.alone else row)] for row in rows]
        self.same(f"{name}: rows", len(shown), len(mine))
        for n, (page, row) in enumerate(zip(shown, mine)):
            for m, (cell, own) in enumerate(zip(page, row)):
                self.same(f"{name}, row {n + 1}, column {m + 1}", cell, own)
            self.same(f"{name}, row {n + 1}: cells", len(page), len(row))

    def unlabelled(self, name, rows):
        self.checked.add(name)
        shown = self.page.tables.get(name, [[]])[1:]
        for n, (page, row) in enumerate(zip(shown, rows)):
            self.same(f"{name}, row {n + 1}", page, [str(cell) for cell in row])
        self.same(f"{name}: rows", len(shown), len(rows))

    def points(self, figure, series):
        """Lines by name: the page's are rounded to thousandths."""
        shown = {one["name"]: one["data"] for one in self.page.plots[figure]["series"]}
        self.same(f"plot {figure}: lines", sorted(shown), sorted(series))
        for name, points in series.items():
            self.same(f"plot {figure}, {name}: points", len(shown.get(name, [])), len(points))
            for page, own in zip(shown.get(name, []), points):
                near = lambda a, b: a == b or (a is not None and b is not None and abs(a - b) <= 0.000501)
                self.numbers += 1
                if not all(near(a, b) for a, b in zip(page, own)):
                    self.faults.append(f"plot {figure}, {name}: the page draws {page}, recomputed {own}")
        self.drawn = getattr(self, "drawn", set()) | {figure}

    def named(self, run, name, short=None):
        return (short or name) if self.alone else f"{run.label} {name}"

    def suffix(self, base, n):
        return base if self.alone else f"{base}-{n + 1}"

    def manifest(self):
        def flat(path, value):
            if isinstance(value, dict):
                for name in sorted(value):
                    yield from flat(f"{path}.{name}" if path else name, value[name])
            elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
                for n, item in enumerate(value, 1):
                    yield f"{path}.{n}", "; ".join(f"{name} {text}" for name, text in flat("", item))
            elif isinstance(value, list):
                yield path, ", ".join(item if isinstance(item, str) else json.dumps(item, separators=(",", ":")) for item in value)
            elif value is not None:
                yield path, value if isinstance(value, str) else json.dumps(value)

        self.table("manifest", [[run.label, name, value] for run in self.runs for name, value in flat("", run.manifest)])
        self.same("scenarios", [text.rstrip("\n") for text in self.page.pre], [r.scenario.rstrip("\n") for r in self.runs if r.scenario])
