"use strict";
// The page's plots: puts colours and functions into the options that the page carries as data, and answers hands and keys.
(() => {
  const root = document.documentElement;
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const spoken = document.getElementById("spoken");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  root.classList.add("scripted");

  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const escaped = (text) => echarts.format.encodeHTML(String(text));

  const grouped = (value, digits = 0) =>
    value.toLocaleString("en-US", { minimumFractionDigits: 0, maximumFractionDigits: digits });
  const two = (value) => String(value).padStart(2, "0");
  const units = {
    ms: (v) => (v >= 10000 ? `${grouped(v / 1000, 1)} s` : v >= 100 ? `${grouped(v)} ms` : `${grouped(v, v >= 1 ? 1 : 3)} ms`),
    rate: (v) => `${grouped(v, v >= 100 ? 0 : 1)}/s`,
    count: (v) => grouped(v),
    percent: (v) => `${grouped(v, 1)} %`,
    offered: (v) => `${grouped(v, 2)}/s offered`,
    step: (v) => `step ${v}`,
    clock: (v) => {
      const s = Math.round(v);
      const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
      return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
    },
    // x is 1 / (1 − p): as many digits as tell one nine from the next.
    nines: (x) => {
      const digits = Math.max(0, Math.ceil(Math.log10(x) - 1e-9) - 2);
      return `${((1 - 1 / x) * 100).toFixed(Math.min(digits, 6))} %`;
    },
  };
  const ticks = { ...units, ms: (v) => (v >= 1000 ? `${grouped(v / 1000, 1)} s` : grouped(v, 3)), rate: (v) => grouped(v, 1), percent: (v) => grouped(v, 1), offered: (v) => grouped(v, 2), step: (v) => grouped(v) };

  // Steps of a clock: how far apart labels stand so that a few of them fit.
  const step = (span, most) => [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400].find((s) => span / s <= most) || 604800;
  const labels = (plot, given) => {
    const every = step(given.x.length * given.width, plot.place.clientWidth < 560 ? 4 : 9);
    return { interval: (n) => (n * given.width) % every === 0, hideOverlap: true };
  };

  // Patterns tell classes of one tier apart, and all of them for whoever sees no colours.
  const decals = [
    null,
    { rotation: Math.PI / 4, dashArrayX: [1, 0], dashArrayY: [2, 4] },
    { rotation: -Math.PI / 4, dashArrayX: [1, 0], dashArrayY: [2, 4] },
    { symbol: "circle", symbolSize: 0.6, dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [5, 0] },
    { rotation: 0, dashArrayX: [1, 0], dashArrayY: [2, 5] },
  ];

  const shared = () => {
    const [ink, soft, line, grid, card] = ["ink", "soft", "line", "grid", "card"].map(colour);
    const text = { color: soft, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
    return {
      text,
      ink,
      base: {
        animation: false,
        textStyle: text,
        legend: { show: false },
        tooltip: {
          trigger: "axis", confine: true, backgroundColor: card, borderColor: line, textStyle: { color: ink, fontSize: 13 },
          axisPointer: { type: "line", lineStyle: { color: soft, type: "dashed" } }, transitionDuration: 0,
        },
        axisPointer: { link: [{ xAxisIndex: "all" }] },
      },
      axis: (extra) => ({
        axisLine: { show: false }, axisTick: { show: false }, splitLine: { lineStyle: { color: grid } }, minorSplitLine: { show: false },
        ...extra,
        axisLabel: { ...text, hideOverlap: true, ...(extra.axisLabel || {}) },
        nameTextStyle: { ...text, ...(extra.nameTextStyle || {}) },
      }),
    };
  };

  // A tooltip, and the same words for those who listen.
  const tip = (plot, head, lines) => {
    plot.words = `${head}: ${lines.map(([name, value]) => `${name} ${value}`).join(", ")}`;
    const rows = lines.map(([name, value, mark]) => `<i><span>${mark || ""}${escaped(name)}</span><span>${escaped(value)}</span></i>`);
    return `<div class="tip"><b>${escaped(head)}</b>${rows.join("")}</div>`;
  };
  const told = (plot, params, head) =>
    tip(plot, head, params.filter((p) => p.value != null).map((p) => {
      const value = Array.isArray(p.value) ? p.value[1] : p.value;
      const given = plot.series[p.seriesIndex];
      // What there is to say of a point is said once, beside its first number.
      const note = given.notes && given.yAxisIndex === 0 ? ` (${given.notes[p.dataIndex]})` : "";
      return value == null ? null : [p.seriesName, units[given.unit](value) + note, p.marker];
    }).filter(Boolean));

  // Rates that are doubled stand evenly on powers of two.
  const powers = (unit) => (unit === "rate" || unit === "offered" ? { logBase: 2 } : {});
  const kindOf = (plot, y, n) => {
    const log = n === 0 && plot.scale && plot.given.scales !== "x" ? plot.scale === "log" : y.type === "log";
    return log ? { ...powers(y.unit), type: "log", minorSplitLine: { show: y.unit !== "rate", lineStyle: { color: colour("faint") } }, minorTick: { splitNumber: 9 } } : { type: "value", min: 0 };
  };

  // How far an axis of x goes, by what it counts.
  const reach = (plot, x, narrow) => {
    if (x.unit === "nines") return { min: 1 };
    const every = { interval: step(plot.span, narrow ? 4 : 9) };
    // Points stand off the frame; the ends of such an axis are no numbers to read.
    const apart = { axisLabel: { showMinLabel: false, showMaxLabel: false } };
    if (x.unit === "step") return { ...every, ...apart, min: 0, max: plot.span + 1 };
    if (x.unit !== "offered") return every;
    const [type, max] = [plot.scale === "log" ? "log" : "value", ({ max }) => max * 1.12];
    return { ...powers(x.unit), ...apart, type, max, min: type === "log" ? ({ min }) => min / 1.12 : 0, interval: undefined };
  };

  // A line across the plot: where it stands, in what colour, and its name on the side that has room.
  const marked = (plot, text, ink, mark) => {
    const label = { ...text, color: ink, rotate: 0, align: "left", padding: [0, 0, 0, 6], formatter: () => mark.name };
    if (mark.yAxis !== undefined) return { ...mark, label: { ...label, position: "insideStartTop" } };
    if (mark.tone === undefined) return { ...mark, label: { ...label, position: "end", distance: [0, -14] } };
    const at = plot.scale === "log" ? Math.log : (v) => v;
    const [low, high] = [plot.scale === "log" ? Math.min(...plot.rates) / 1.12 : 0, Math.max(...plot.rates) * 1.12];
    // Names stand above the frame, to the right of their line if there is room; those of a third search and more beneath its edge.
    const [share, needs] = [(at(mark.xAxis) - at(low)) / (at(high) - at(low)), (mark.name.length * 6.6 + 10) / (plot.place.clientWidth - 80)];
    const align = share + needs < 1 ? "left" : "right";
    return {
      ...mark, lineStyle: { color: colour(mark.tone), type: mark.line, width: 1.8 },
      label: { ...label, align, show: mark.name !== "", position: "end", distance: [0, mark.row < 2 ? 4 + 14 * mark.row : -14 * (mark.row - 1)], padding: 0 },
    };
  };

  // A point of a shape of its own.
  const shaped = (shape, value, own, card) => {
    const [symbol, hollow] = shape.split(" ");
    return { value, symbol, symbolSize: symbol === "triangle" ? 11 : 9, itemStyle: { color: hollow ? card : own, borderColor: own, borderWidth: 1.8 } };
  };

  const short = { rate: "ok, /s", ms: "ms", percent: "%" };
  const heights = [[], [{ top: 34, bottom: 50 }], [{ top: 34, height: "48%" }, { top: "67%", bottom: 50 }],
    [{ top: 50, height: "25%" }, { top: "40%", height: "25%" }, { top: "74%", bottom: 50 }]];

  const shades = {
    lines: (plot, given) => {
      const { text, ink, base, axis } = shared();
      const [narrow, last, card] = [plot.place.clientWidth < 560, given.grids - 1, colour("card")];
      const left = narrow ? 46 : 58;
      const grid = heights[given.grids].map((one) => ({ left, right: 22, ...one }));
      const xAxis = given.xAxis.map((x, n) => {
        const { axisLabel, ...far } = reach(plot, x, narrow);
        return axis({
          ...x, splitLine: { show: x.unit === "nines" || x.unit === "offered", lineStyle: { color: colour("grid") } }, nameLocation: "middle", nameGap: 30,
          name: narrow && x.name.length > 40 ? "percentile" : x.name,
          axisLabel: { show: n === last, formatter: ticks[x.unit], ...(x.unit === "clock" ? { showMaxLabel: false } : {}), ...axisLabel },
          ...far,
        });
      });
      const yAxis = given.yAxis.map((y, n) => axis({
        ...y, ...kindOf(plot, y, n), ...(narrow && given.grids > 2 ? { name: short[y.unit] } : {}),
        nameLocation: "end", nameGap: 12, nameTextStyle: { align: "left", padding: [0, 0, 0, -left + 8] }, axisLabel: { formatter: ticks[y.unit] },
        splitNumber: given.grids === 1 ? 5 : 3,
      }));
      const series = given.series.map((s) => {
        const own = colour(s.tone);
        const made = { ...s, itemStyle: { color: own }, lineStyle: { ...s.lineStyle, color: own }, emphasis: { disabled: true } };
        if (s.shapes) {
          made.showSymbol = true;
          made.data = s.data.map((value, n) => shaped(s.shapes[n], value, own, card));
        } else if (s.data.filter((point) => point[1] != null).length === 1) made.showSymbol = true;
        if (s.markLine) {
          made.markLine = {
            symbol: "none", silent: true, animation: false, lineStyle: { color: text.color, type: "dotted", width: 1.2 },
            data: s.markLine.data.map((mark) => marked(plot, text, ink, mark)),
          };
        }
        if (s.markArea) {
          const tinted = ([from, to]) => [{ ...from, itemStyle: { color: colour(from.tone), opacity: 0.18 } }, to];
          made.markArea = { silent: true, animation: false, data: s.markArea.data.map(tinted) };
        }
        return made;
      });
      return {
        ...base, grid, xAxis, yAxis, series,
        tooltip: { ...base.tooltip, formatter: (params) => told(plot, params, units[given.xAxis[0].unit](params[0].value[0])) },
      };
    },
    bars: (plot, given) => {
      const { base, axis } = shared();
      const places = {};
      const series = given.series.map((s) => {
        const place = (places[s.tone] = (places[s.tone] ?? -1) + 1);
        const pattern = decals[s.tone === "ok" ? 0 : 1 + (place % (decals.length - 1))];
        const decal = pattern && { color: colour("card"), ...pattern };
        return { ...s, itemStyle: { color: colour(s.tone), ...(decal ? { decal } : {}) }, emphasis: { disabled: true } };
      });
      return {
        ...base, aria: { enabled: true, decal: { show: false } },
        grid: { left: plot.place.clientWidth < 560 ? 46 : 58, right: 22, top: 34, bottom: 50 },
        xAxis: axis({ type: "category", data: given.x, axisLabel: labels(plot, given), nameLocation: "middle", nameGap: 30, name: "time since the start" }),
        yAxis: axis({ type: "value", name: given.name, nameGap: 12, nameTextStyle: { align: "left", padding: [0, 0, 0, -50] }, axisLabel: { formatter: ticks[given.unit] } }),
        series,
        tooltip: {
          ...base.tooltip, axisPointer: { type: "shadow" },
          formatter: (params) => told(plot, params.filter((p) => p.value !== 0), given.stretches[params[0].dataIndex]),
        },
      };
    },
    heat: (plot, given) => {
      const { text, base, axis } = shared();
      const band = (n) => ticks.ms(Number((given.edges[n] / 1000).toPrecision(3)));
      const narrow = plot.place.clientWidth < 560;
      return {
        ...base,
        grid: { left: narrow ? 50 : 58, right: 22, top: 34, bottom: 84 },
        xAxis: axis({ type: "category", data: given.x, axisLabel: labels(plot, given), splitLine: { show: false }, nameLocation: "middle", nameGap: 28, name: "time since the start" }),
        yAxis: axis({
          type: "category", data: given.edges.slice(0, -1).map((_, n) => band(n)), splitLine: { show: false }, name: "milliseconds", nameGap: 12,
          nameTextStyle: { align: "left", padding: [0, 0, 0, -50] }, axisLabel: { interval: (n) => (n + given.low) % 4 === 0 },
        }),
        visualMap: {
          type: "continuous", min: 0, max: given.most, dimension: 2, calculable: false, orient: "horizontal", left: "center", bottom: 0, itemWidth: 12,
          itemHeight: narrow ? 120 : 200, text: [`${grouped(Math.round(10 ** given.most))} calls`, "1 call"], textStyle: text, hoverLink: false,
          inRange: { color: [1, 2, 3, 4, 5].map((n) => colour(`heat-${n}`)) },
        },
        series: [{ type: "heatmap", name: "calls", data: given.sets[plot.set], progressive: 0, emphasis: { disabled: true } }],
        tooltip: {
          ...base.tooltip, trigger: "item",
          formatter: ({ value: [x, y, , calls] }) =>
            tip(plot, given.stretches[x], [[`${units.ms(given.edges[y] / 1000)} – ${units.ms(given.edges[y + 1] / 1000)}`, `${grouped(calls)} calls`]]),
        },
      };
    },
  };

  // A bar from one end of an interval to the other, a metric a row, beside the line of no change.
  shades.intervals = (plot, given) => {
    const { text, base, axis } = shared();
    const narrow = plot.place.clientWidth < 560;
    const bar = (row, n) => ({
      type: "line", name: row.name, data: [[row.low, n], [row.high, n]], symbol: "rect", symbolSize: [3, 13], silent: true, emphasis: { disabled: true },
      itemStyle: { color: colour(row.tone) }, lineStyle: { color: colour(row.tone), width: 5, cap: "butt", opacity: 0.55 },
    });
    const found = {
      type: "line", name: "change", lineStyle: { width: 0 }, symbolSize: 11, z: 5, emphasis: { disabled: true },
      data: given.rows.map((row, n) => ({ value: given.series[0].data[n], symbol: row.tone === "planned" ? "circle" : "diamond", itemStyle: { color: colour(row.tone) } })),
      markLine: { data: [{ xAxis: 0 }], symbol: "none", silent: true, animation: false, label: { show: false }, lineStyle: { color: text.color, type: "solid", width: 1.2 } },
    };
    return {
      ...base,
      grid: { left: narrow ? 92 : 190, right: 26, top: 14, bottom: 50 },
      xAxis: axis({ type: "value", name: "change in percent", nameLocation: "middle", nameGap: 30, min: ({ min }) => Math.min(0, Math.floor(min)), max: ({ max }) => Math.max(0, Math.ceil(max)), axisLabel: { formatter: (v) => grouped(v, 1) } }),
      yAxis: axis({ type: "category", inverse: true, data: given.rows.map((row) => row.name), splitLine: { show: true, lineStyle: { color: colour("faint") } }, axisLabel: { interval: 0, width: narrow ? 84 : 180, overflow: "break" } }),
      series: [found, ...given.rows.map(bar)],
      tooltip: {
        ...base.tooltip, axisPointer: { type: "shadow" },
        formatter: (params) => {
          const row = given.rows[params.find((p) => p.seriesName === "change").dataIndex];
          return tip(plot, row.name, [[row.says.slice(row.name.length + 1), ""]]);
        },
      },
    };
  };

  const drawn = [];
  for (const figure of document.querySelectorAll("figure[id]")) {
    const given = plots[figure.id];
    const place = figure.querySelector(".plot");
    const says = place.getAttribute("aria-label");
    if (given.kind === "lines" && given.grids > 1) place.classList.add(given.grids > 2 ? "taller" : "tall");
    const plot = { place, given, series: given.series || [], span: Math.max(1, ...(given.series || []).map((s) => Number(s.data.at(-1)?.[0]) || 0)), set: 0, at: -1, words: "" };
    plot.rates = plot.series.flatMap((s) => s.data.map((point) => point[0]));
    const log = figure.querySelector('[data-does="log"]');
    if (log) plot.scale = log.getAttribute("aria-pressed") === "true" ? "log" : "linear";
    const chart = echarts.init(place, null, { renderer: "svg" });
    plot.chart = chart;
    const keys = [...figure.querySelectorAll(".key")];
    plot.draw = () => {
      keys.forEach((key) => key.style.setProperty("--tone", colour(key.dataset.tone)));
      const shown = Object.fromEntries(keys.map((key) => [key.dataset.series, key.getAttribute("aria-pressed") === "true"]));
      const option = shades[given.kind](plot, given);
      chart.setOption({ ...option, legend: { show: false, selected: shown } }, { notMerge: true });
      place.setAttribute("aria-label", says);
    };
    plot.draw();
    drawn.push(plot);

    for (const key of keys) {
      key.addEventListener("click", () => {
        key.setAttribute("aria-pressed", String(key.getAttribute("aria-pressed") !== "true"));
        plot.draw();
      });
    }
    const choices = [...figure.querySelectorAll("[data-does]")];
    for (const choice of choices) {
      choice.addEventListener("click", () => {
        choices.forEach((other) => other.setAttribute("aria-pressed", String(other === choice)));
        const does = choice.dataset.does;
        if (does.startsWith("set:")) plot.set = Number(does.slice(4));
        else plot.scale = does;
        plot.draw();
      });
    }
    // Arrow keys go from point to point, and say what they find.
    place.addEventListener("keydown", (event) => {
      const shown = chart.getOption().series.findIndex((s) => keys.length < 2 || keys.find((key) => key.dataset.series === s.name)?.getAttribute("aria-pressed") === "true");
      if (shown < 0) return;
      const count = given.kind === "heat" ? given.sets[plot.set].length : given.series[shown].data.length;
      const to = { ArrowRight: plot.at + 1, ArrowLeft: plot.at - 1, Home: 0, End: count - 1, PageDown: plot.at + 10, PageUp: plot.at - 10 }[event.key];
      if (event.key === "Escape") chart.dispatchAction({ type: "hideTip" });
      if (to === undefined || count === 0) return;
      event.preventDefault();
      plot.at = Math.min(Math.max(to, 0), count - 1);
      chart.dispatchAction({ type: "showTip", seriesIndex: shown, dataIndex: plot.at });
      spoken.textContent = plot.words;
    });
    place.addEventListener("blur", () => chart.dispatchAction({ type: "hideTip" }));
  }

  const redraw = () => drawn.forEach((plot) => {
    plot.chart.resize();
    plot.draw();
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) redraw();
    width = innerWidth;
  });

  const button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const themed = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    redraw();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    themed();
  });
  dark.addEventListener("change", themed);
  button.setAttribute("aria-pressed", String(isDark()));
  // On paper colours are the light ones, and plots as wide as the sheet.
  addEventListener("beforeprint", () => {
    root.dataset.print = "";
    redraw();
  });
  addEventListener("afterprint", () => {
    delete root.dataset.print;
    redraw();
  });
})();
