"""Every number on a page of a report, computed again from the run directories by other means.

    numbers.py PAGE RUN...          (of searches for capacity: searches.py computes them)

Reads latency.hlog with the hdrhistogram package and series.csv with Python's csv, and shares no code with headcount. Tables are compared
cell by cell, tiles and sentences text by text, plots point by point. A table, tile or plot that is not known here is a failure, so that
none is added without being checked. What neither file holds (the verdict, thresholds, stages' planned counts, examples, the generator's
CPU, the manifest) is compared with summary.json and run.json.
"""

import csv
import datetime
import itertools
import json
import math
import pathlib
import re
import sys
from collections import Counter, defaultdict

from compared import compared
from searches import Search, Searches
from told import BURST, CLASSES, IDLE, METRICS, NONE, RATE, WIDTHS, Check, Page, Values, clock, count, ms, rate, share, size, some, span, us

def edge(band):
    return math.floor(10 ** (band / 8) + 0.5)


def band_of(value):
    best = max(band for band in range(0, 80) if edge(band) <= value)
    while best > 0 and edge(best - 1) == edge(best):
        best -= 1
    return best


class Run:
    def __init__(self, path, label):
        self.label = label
        self.summary = json.loads((path / "summary.json").read_text())
        self.manifest = json.loads((path / "run.json").read_text())
        self.load = self.summary["kind"] == "load"
        scenario = path / "scenario.yaml"
        self.scenario = scenario.read_text() if scenario.exists() else None
        self.whole = {metric: Values() for metric in METRICS}
        self.tags = defaultdict(Values)
        plain, parts = defaultdict(Values), defaultdict(Values)
        self.began = None
        for line in (path / "latency.hlog").read_text().splitlines():
            if line.startswith("#[StartTime: "):
                self.began = float(line.split()[1])
            if not line.startswith("Tag="):
                continue
            tag, start, _, _, encoded = line.split(",", 4)
            tag, at = tag.removeprefix("Tag="), int(float(start))
            metric, _, rest = tag.partition("/")
            values = Values.decode(encoded)
            (parts if rest else plain)[at, metric].update(values)
            self.tags[tag].update(values)
            if not rest:
                self.whole[metric].update(values)
        self.by_second = parts or plain
        self.seconds = list(csv.DictReader((path / "series.csv").open()))
        for row in self.seconds:
            row.update({name: int(value) for name, value in row.items() if name != "stage" and value != ""})
            row.update({name: None for name, value in row.items() if name != "stage" and value == ""})
        self.timeline()

    def of(self, name):
        return sum(row.get(name) or 0 for row in self.seconds)

    def has(self, name):
        return any(row.get(name) is not None for row in self.seconds)

    def timeline(self):
        last = max([row["second"] for row in self.seconds] + [at for at, _ in self.by_second])
        self.width = next(width for width in WIDTHS if -(-(last + 1) // width) <= 240)
        self.bins = []
        before = 0
        for at in range(0, last + 1, self.width):
            rows = [row for row in self.seconds if at <= row["second"] < at + self.width]
            has = lambda name: [row[name] for row in rows if row.get(name) is not None]
            total = lambda name: sum(has(name)) if has(name) else None
            made = {name: total(name) or 0 for name in ["sent", "done", *CLASSES]}
            made.update(at=at, seconds=min(self.width, last + 1 - at), planned=total("planned"), retried=total("retried"))
            made.update(in_flight=max(has("in_flight"), default=None), waiting=max(has("waiting"), default=None), cpu=None)
            if has("cpu_ms"):
                made["cpu"], before = max(has("cpu_ms")) - before, max(has("cpu_ms"))
            for metric in ["response", "service", "lag", "token"]:
                made[metric] = Values()
                for second in range(at, at + self.width):
                    made[metric].update(self.by_second.get((second, metric), {}))
            self.bins.append(made)
        self.stages = []
        for row in self.seconds:
            if row.get("stage") and (not self.stages or self.stages[-1][1] != row["stage"]):
                self.stages.append((row["second"], row["stage"]))

    def stretch(self, made):
        at = made["at"]
        return clock(at) if self.width == 1 else f"{clock(at)}–{clock(at + self.width)}"

    def classes(self):
        return [name for name in CLASSES if self.of(name)]

    def seats(self):
        counts = self.summary["counts"]
        if self.load:
            return sum(made["token"].n for made in self.bins)
        return counts["provisioned"] + counts["refused"] + counts["unprocessed"]

    def ready(self, percent):
        wanted, tokens = -(-self.seats() * percent // 100), 0
        for made in self.bins:
            tokens += made["token"].n
            if 0 < wanted <= tokens:
                return made["at"] + made["seconds"]
        return None

    def dense(self, name, otherwise="sent"):
        counts = [0] * (self.seconds[-1]["second"] + 1)
        for row in self.seconds:
            counts[row["second"]] += row[otherwise] if row.get(name) is None else row[name]
        return counts

    def sustained(self, counts):
        window = min(10, len(counts))
        return max(sum(counts[i : i + window]) for i in range(len(counts) - window + 1)) / window

    def quota(self):
        sent, wanted = self.dense("sent"), self.dense("planned")
        sums = [0, *itertools.accumulate(wanted)]
        # Over every stretch of whole seconds: what came, and what a bucket is filled up with meanwhile.
        need = lambda rate: max(sums[j] - sums[i] - rate * (j - i) for i in range(len(sums)) for j in range(i, len(sums)))
        pressed = [row for row in self.seconds if row["throttled"]]
        most = self.sustained(wanted)
        ask = max(RATE, math.ceil(most * 1.2))
        return {
            "sent": self.sustained(sent),
            "wanted": most,
            "burst": need(RATE),
            "second": max(sent),
            "let_in": sum(row["done"] - row["throttled"] for row in pressed) / len(pressed) if pressed else None,
            "ask": ask,
            "ask_burst": max(2 * ask, math.ceil(need(ask)), BURST),
            "fits": most <= RATE and need(RATE) <= BURST,
        }


class Runs(Check):
    def latency(self):
        told = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0]
        rows = []
        for run in self.runs:
            for metric in METRICS:
                values = run.whole[metric]
                if values:
                    rows.append([run.label, metric, count(values.n), *(ms(values.at(q) / 1e3) for q in told), ms(values.mean() / 1e3)])
        self.table("percentiles", rows)
        self.points("spectrum", {self.named(run, metric): spectrum(run.whole[metric]) for run in self.runs for metric in ["response", "service"]})
        rows, lines = [], {}
        for run in self.runs:
            for made in run.bins:
                three = lambda v: [ms(x / 1e3) for x in (v.at(0.5), v.at(0.99), v.top())] if v else [NONE] * 3
                rows.append([run.label, run.stretch(made), *three(made["response"]), *three(made["service"])])
            for metric in ["response", "service"] if self.alone else ["response"]:
                for name, q in [("p50", 0.5), ("p99", 0.99)]:
                    at = lambda made: made[metric].at(q) / 1e3 if made[metric] else None
                    lines[self.named(run, f"{metric} {name}")] = [[made["at"], at(made)] for made in run.bins]
        self.table("latency-times", rows)
        self.points("over-time", lines)

    def heat(self):
        for n, run in enumerate(self.runs):
            totals, sets = defaultdict(lambda: [0, 0]), []
            for m, metric in enumerate(["response", "service"]):
                cells = Counter()
                for x, made in enumerate(run.bins):
                    for value, times in made[metric].items():
                        cells[x, band_of(value)] += times
                        totals[band_of(value)][m] += times
                sets.append(cells)
            figure = self.page.plots[self.suffix("heat", n)]
            low = min((band for cells in sets for _, band in cells), default=0)
            for cells, shown in zip(sets, figure["sets"]):
                page = {(x, y + low): calls for x, y, _, calls in shown}
                self.same(f"heat map of {run.label}", page, dict(cells))
                self.numbers += len(page)
                for x, y, height, calls in shown:
                    self.same("a shade", round(height, 3), round(math.log10(calls), 3))
            self.drawn |= {self.suffix("heat", n)}
            rows = [[ms(edge(b) / 1e3), ms(edge(b + 1) / 1e3), count(r), count(s)] for b, (r, s) in sorted(totals.items())]
            self.unlabelled(self.suffix("heat", n) + "-bands", rows)

    def traffic(self):
        rows, lines = [], {}
        for run in self.runs:
            for made in run.bins:
                stage = [name for at, name in run.stages if at < made["at"] + run.width]
                cells = [some(made[name]) for name in ["planned", "sent", "done", "in_flight", "waiting"]]
                rows.append([run.label, run.stretch(made), stage[-1] if stage else NONE, *cells])
            a_second = lambda name: [[m["at"], None if m[name] is None else m[name] / m["seconds"]] for m in run.bins]
            at_a_time = lambda name: [[m["at"], m[name]] for m in run.bins]
            for name, points in [
                ("planned", a_second("planned")),
                ("sent", a_second("sent")),
                ("done", a_second("done")),
                ("in flight", at_a_time("in_flight")),
                ("waiting for a slot", at_a_time("waiting")),
            ]:
                if any(y is not None for _, y in points) and (self.alone or name != "sent"):
                    lines[self.named(run, name)] = points
        self.table("traffic-times", rows)
        self.points("traffic", lines)

    def health(self):
        rows, lines = [], {}
        for run in self.runs:
            for made in run.bins:
                lag = made["lag"]
                three = [ms(x / 1e3) for x in (lag.at(0.5), lag.at(0.99), lag.top())] if lag else [NONE] * 3
                rows.append([run.label, run.stretch(made), *three, some(made["cpu"])])
            lines[self.named(run, "lag p99")] = [[m["at"], m["lag"].at(0.99) / 1e3 if m["lag"] else None] for m in run.bins]
            if any(m["cpu"] is not None for m in run.bins):
                lines[self.named(run, "CPU")] = [[m["at"], None if m["cpu"] is None else m["cpu"] / m["seconds"] / 10] for m in run.bins]
        self.table("health-times", rows)
        self.points("health-plot", lines)
        rows = []
        for run in self.runs:
            lag, own = run.whole["lag"], run.summary.get("generator", {})
            wire, meetings = run.summary.get("traffic", {}), run.summary.get("meetings", {})
            cells = [
                ("lag p50", us(lag.at(0.5))),
                ("lag p99", us(lag.at(0.99))),
                ("lag max", us(lag.top())),
                ("lag that can be tolerated", some(own.get("tolerable_lag_ms"), lambda v: f"{ms(v)} ms")),
                ("lanes", some(own.get("lanes"))),
                ("CPU, of a core a lane", some(own.get("cpu_share"), lambda v: f"{v * 100:.1f} %")),
                ("CPU a call", some(own.get("cpu_us_a_call"), lambda v: f"{v:.1f} µs")),
                ("memory at its most", some(own.get("memory"), size)),
                ("connections opened", some(wire.get("connections_opened"))),
                ("connections used again", some(wire.get("connections_reused"))),
                ("mean time to connect", some(wire.get("connect_us_mean"), us)),
                ("bytes out", some(wire.get("bytes_out"), size)),
                ("bytes in", some(wire.get("bytes_in"), size)),
                ("times without a descriptor or port", some(wire.get("out_of_descriptors"))),
                ("meetings made", some(meetings.get("made"))),
                ("meetings deleted", some(meetings.get("deleted"))),
            ]
            rows += [[run.label, name, value] for name, value in cells if value != NONE]
        self.table("generator", rows)

    def outcomes(self):
        for n, run in enumerate(self.runs):
            names = run.classes()
            figure = self.page.plots[self.suffix("classes", n)]
            shown = {one["name"]: one["data"] for one in figure["series"]}
            self.same("classes drawn", list(shown), names)
            for name in names:
                own = [made[name] / made["seconds"] for made in run.bins]
                self.same(f"classes, {name}", all(abs(a - b) <= 0.000501 for a, b in zip(shown[name], own)), True)
                self.numbers += len(own)
            self.drawn |= {self.suffix("classes", n)}
            self.unlabelled(self.suffix("classes", n) + "-times", [[run.stretch(m), *(count(m[name]) for name in names)] for m in run.bins])
            total = sum(run.of(name) for name in names)
            table = self.suffix("class-meanings", n)
            shown = [row[:3] for row in self.page.tables[table][1:]]
            self.same(table, shown, [[name, count(run.of(name)), share(run.of(name), total)] for name in names])
            self.checked.add(table)
            rows = []
            errors = run.summary.get("errors", run.summary["classes"])
            for name in sorted(errors):
                for code, kind in sorted(errors[name].get("codes", {}).items()):
                    rows.append([name, code, count(kind["count"]), ", ".join(kind["messages"]) or NONE, ", ".join(kind["request_ids"]) or NONE])
            if rows:
                self.unlabelled(self.suffix("faults", n), rows)

    def pressure(self):
        for run in self.runs:
            which = "" if self.alone else f"{run.label}: "
            throttled = run.of("throttled")
            first = next((row["second"] for row in run.seconds if row["throttled"]), None)
            say = f"{count(throttled)} calls were throttled, {share(throttled, run.of('done'))} of all that ended; the first at {clock(first or 0)}."
            self.same("throttled", which + (say if throttled else "Nothing was throttled.") in self.page.said, True)
            if run.has("retried"):
                retried = run.of("retried")
                say = f"{count(retried)} {'call' if retried == 1 else 'calls'} were asked again." if retried else "No calls were asked again."
                self.same("retries", which + say in self.page.said, True)
        if not any(run.of("throttled") or run.of("retried") for run in self.runs):
            return self.same("no plot of nothing", "pressure-plot" in self.page.plots, False)
        rows, lines = [], {}
        for run in self.runs:
            for made in run.bins:
                cells = [count(made["throttled"]), some(made["retried"]), count(made["done"] - made["throttled"])]
                rows.append([run.label, run.stretch(made), *cells])
            a_second = lambda of: [[m["at"], None if of(m) is None else of(m) / m["seconds"]] for m in run.bins]
            lines[self.named(run, "throttled")] = a_second(lambda m: m["throttled"])
            lines[self.named(run, "let in")] = a_second(lambda m: m["done"] - m["throttled"])
            if run.has("retried"):
                lines[self.named(run, "asked again")] = a_second(lambda m: m["retried"])
        self.table("pressure-times", rows)
        self.points("pressure-plot", lines)

    def tokens(self):
        if not any(run.whole["token"] for run in self.runs):
            return
        rows, lines = [], {}
        for run in self.runs:
            tokens, seats, points = 0, run.seats(), [[0, 0]]
            for made in run.bins:
                tokens += made["token"].n
                points.append([made["at"] + made["seconds"], tokens * 100 / max(seats, 1)])
                rows.append([run.label, run.stretch(made), count(made["token"].n), count(tokens), share(tokens, seats)])
            lines["seats ready" if self.alone else run.label] = points
        self.table("ready-times", rows)
        self.points("ready", lines)
        when = lambda run, p: "never" if run.ready(p) is None else span(float(run.ready(p)))
        self.table("ready-when", [[run.label, count(run.seats()), *(when(run, p) for p in [50, 90, 95, 99, 100])] for run in self.runs])
        some_tokens = [run for run in self.runs if run.whole["token"]]
        at = lambda run: [ms(run.whole["token"].at(q) / 1e3) for q in [0.5, 0.9, 0.95, 0.99, 1.0]]
        self.table("token-percentiles", [[run.label, *at(run)] for run in some_tokens])
        self.points("token-times", {"time to token" if self.alone else run.label: spectrum(run.whole["token"]) for run in some_tokens})

    def quota(self):
        rows = []
        for run in self.runs:
            used = run.quota()
            for what, this, published in [
                ("sent, busiest ten seconds", used["sent"], RATE),
                ("wanted, busiest ten seconds", used["wanted"], RATE),
                ("burst that was wanted beside the rate", used["burst"], BURST),
            ]:
                left = f"{(published - this) / published * 100:.0f} % left" if this <= published else f"none: {this / published:.1f} times as much"
                rows.append([run.label, what, rate(this), rate(published), left])
            rows.append([run.label, "sent, busiest second", count(used["second"]), NONE, NONE])
            if used["let_in"] is not None:
                rows.append([run.label, "let in while it throttled", rate(used["let_in"]), rate(RATE), NONE])
            asked = f"for a rate (L-F147F728) of {used['ask']:.0f} requests a second and a burst (L-63907FE3) of {used['ask_burst']:.0f}"
            if used["fits"]:
                asked = f"with {(1 - used['wanted'] / RATE) * 100:.0f} % of the rate left"
            self.same(f"what to ask for: {asked}", any(asked in said for said in self.page.said), True)
            if not run.load:
                takes = f"{count(run.of('sent'))} requests take {span(run.of('sent') / RATE)}."
                self.same(takes, any(takes in said for said in self.page.said), True)
        self.table("quota-use", rows)

    def stages(self):
        rows = []
        for run in self.runs:
            for threshold in run.summary["thresholds"]:
                check, value = threshold["check"], threshold["value"]
                metric, _, q = check.split()[0].partition(".")
                if metric in METRICS and re.fullmatch(r"p[\d.]+", q) and "(" not in check:
                    self.same(check, value, round(run.whole[metric].at(float(q[1:]) / 100) / 1e3, 3))
                shown = NONE if value is None else f"{ms(value)} ms" if metric in METRICS else None
                if shown is None:
                    shown = f"{value:g}" if ".count" in check else f"{value * 100:.2f} %"
                rows.append([run.label, check, threshold["verdict"], shown])
        if rows:
            self.table("thresholds", rows)
        for key, table in [("stages", "stages"), ("operations", "calls")]:
            rows = []
            for run in self.runs:
                warm = {stage["name"] for stage in run.summary["stages"] if stage["warmup"]}
                for part in run.summary[key]:
                    mine = {"response": Values(), "service": Values()}
                    classes = Counter()
                    for tag, values in run.tags.items():
                        metric, _, rest = tag.partition("/")
                        if metric not in mine or not rest:
                            continue
                        stage, call, ended = rest.rsplit("/", 2)
                        if (stage == part["name"]) if key == "stages" else (call == part["name"] and stage not in warm):
                            mine[metric].update(values)
                            classes[ended] += values.n if metric == "response" else 0
                    done = sum(n for name, n in classes.items() if name != "aborted")
                    planned = part["rate"]["planned"]
                    rows.append([
                        run.label, part["name"] + (" (warm-up)" if part["warmup"] else ""), some(planned, rate), rate(part["rate"]["achieved"]),
                        count(part["planned"]), count(done), count(sum(classes.values()) - classes["ok"]), count(part["dropped"]),
                        *(ms(mine[m].at(q) / 1e3) if mine[m] else NONE for m in ["response", "service"] for q in [0.5, 0.99]),
                    ])
            self.table(table, rows)

    def provision(self):
        ends = ["rows", "provisioned", "duplicate", "rejected", "refused", "unprocessed"]
        self.table("row-ends", [[run.label, *(count(run.summary["counts"][name]) for name in ends)] for run in self.runs])
        rows, doors = [], []
        for run in self.runs:
            counts = run.summary["counts"]
            without = run.summary["without"]
            self.same("rows without a token", sum(r["count"] for r in without), counts["rejected"] + counts["refused"] + counts["unprocessed"])
            rows += [[run.label, r["status"], r["class"] or NONE, r["code"] or NONE, count(r["count"])] for r in without]
            last = run.seconds[-1]["second"] + 1
            instant = lambda at: datetime.datetime.fromtimestamp(int(at), datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            doors += [[run.label, value] for value in [
                span(float(last)), span(float(IDLE)), span(float(max(0, IDLE - last))),
                instant(run.began), instant(run.began + IDLE), instant(run.began + 86400),
            ]]
        if rows:
            self.checked.add("reasons")
            skip = 1 if self.alone else 0
            shown = [row[: 5 - skip] for row in self.page.tables["reasons"][1:]]
            self.same("reasons", shown, [row[skip:] for row in rows])
        self.checked.add("doors")
        self.same("doors", [row[-1] for row in self.page.tables["doors"][1:]], [row[-1] for row in doors])

    def first(self):
        """Verdicts, tiles, and runs side by side."""
        for run, shown in zip(self.runs, self.page.verdicts):
            counts = run.summary["counts"]
            if run.load:
                self.same("verdict", shown["word"].split()[0], run.summary["verdict"].upper())
                if not run.summary["reasons"] and run.whole["response"]:
                    p99 = us(run.whole["response"].at(0.99))
                    self.same(f"why: {p99}", shown["why"].endswith(f"response p99 was {p99}."), True)
                elif run.summary["reasons"]:
                    self.same("why", run.summary["reasons"][0].rpartition(": ")[2][1:] in shown["why"], True)
            else:
                with_token = counts["provisioned"] + counts["duplicate"]
                told = [f"{n:,}" for n in ([counts["rows"]] if with_token == counts["rows"] else [with_token, counts["rows"], counts["rows"] - with_token])]
                self.same("why", re.findall(r"[\d,]*\d", shown["why"]), told)
        self.same("verdicts", len(self.page.verdicts), len(self.runs))
        well = lambda run: share(run.of("ok"), run.of("done"))
        if not self.alone:
            quantiles = [(metric, name, q) for metric in ["response", "service", "token"] for name, q in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)]]
            rows = [
                ["lasted", *(span(run.summary["seconds"]) for run in self.runs)],
                ["sent", *(count(run.of("sent")) for run in self.runs)],
                ["done", *(count(run.of("done")) for run in self.runs)],
                ["answered well", *map(well, self.runs)],
                ["throttled", *(count(run.of("throttled")) for run in self.runs)],
                ["busiest ten seconds, a second", *(rate(run.quota()["sent"]) for run in self.runs)],
                *([f"{m} {name}, ms", *(ms(r.whole[m].at(q) / 1e3) if r.whole[m] else NONE for r in self.runs)] for m, name, q in quantiles),
                ["95 % of seats ready after", *(NONE if run.ready(95) is None else span(float(run.ready(95))) for run in self.runs)],
            ]
            self.checked.add("side-by-side")
            self.same("side by side", self.page.tables["side-by-side"][2:], rows)
            self.numbers += sum(len(row) - 1 for row in rows)
            return self.same("tiles", self.page.tiles, [])
        [run] = self.runs
        counts = run.summary["counts"]
        p = lambda metric: [us(run.whole[metric].at(0.99)), f"p50 {us(run.whole[metric].at(0.5))}"]
        answered = ["Answered well", well(run), f"{count(run.of('ok'))} of {count(run.of('done'))} calls"]
        busiest = ["Busiest ten seconds", f"{rate(run.quota()['sent'])}/s", "requests sent, on average"]
        if run.load:
            rates = run.summary["rate"]
            note = f"of {rate(rates['planned'])}/s planned" if rates["planned"] is not None else "no rate is planned"
            mine = [answered, ["Achieved", f"{rate(rates['achieved'])}/s", note], ["Response p99", *p("response")], ["Service p99", *p("service")], busiest]
        else:
            rows = ["Rows with a token", count(counts["provisioned"] + counts["duplicate"]), f"of {count(counts['rows'])} rows"]
            ready = ["95 % of seats ready", span(float(run.ready(95))), "from the first request on"] if run.ready(95) is not None else None
            mine = [tile for tile in [rows, ready, answered, ["Time to token p99", *p("token")], busiest] if tile]
        self.same("tiles", self.page.tiles, mine)
        self.numbers += 2 * len(mine)

    def all(self):
        self.drawn = set()
        if "differences" in self.page.tables:
            compared(self)
        self.first()
        self.latency()
        self.heat()
        self.traffic()
        self.health()
        self.outcomes()
        self.pressure()
        self.tokens()
        self.quota()
        if self.runs[0].load:
            self.stages()
        else:
            self.provision()
        self.manifest()
        self.same("tables that nothing here recomputes", set(self.page.tables) - self.checked, set())
        self.same("plots that nothing here recomputes", set(self.page.plots) - self.drawn, set())


def spectrum(values):
    """(1 / (1 - p), milliseconds), twenty points a nine, and the largest."""
    points = []
    for step in range(1, 400):
        x = 10 ** (step / 20)
        if x >= values.n:
            break
        points.append([x, values.at(1 - 1 / x) / 1e3])
    return points + ([[values.n, values.top() / 1e3]] if values else [])


def main(page, *paths):
    paths = [pathlib.Path(path) for path in paths]
    of, read = (Searches, Search) if (paths[0] / "capacity.json").exists() else (Runs, Run)
    check = of(Page(pathlib.Path(page).read_text()), [read(path, path.name) for path in paths])
    check.all()
    for fault in check.faults[:40]:
        print(f"{page}: {fault}", file=sys.stderr)
    if check.faults:
        sys.exit(f"{page}: {len(check.faults)} of {check.numbers} comparisons failed")
    print(f"{page}: {check.numbers:,} numbers recomputed from the run directories, all the same")


main(*sys.argv[1:])
