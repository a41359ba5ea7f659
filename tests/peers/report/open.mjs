// Opens pages of reports in a browser, as people do: looks, hovers, presses keys, prints, listens, and goes without JavaScript.
//
//   open.mjs CHROMIUM OUTPUT PAGE...        (screenshots and PDFs are kept in OUTPUT)
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Packages lie where they were installed, not beside this file.
const packages = createRequire(pathToFileURL(join(process.cwd(), "package.json")));
const { chromium } = packages("playwright-core");
const axe = readFileSync(packages.resolve("axe-core/axe.min.js"), "utf8");

const [executablePath, output, ...pages] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let looked = 0;

/** Opens a page; whatever it asks for or complains of is a failure. */
async function opened(file, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const url = pathToFileURL(resolve(file)).href;
  const complaints = [];
  page.on("console", (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => request.url().split("#")[0] === url || complaints.push(`request: ${request.url()}`));
  await page.goto(url);
  return { page, close: async () => {
    assert.deepEqual(complaints, [], `${file} complains`);
    await context.close();
  } };
}

/** How many plots there are at least, where there are fewer than of a run. */
const FEWEST = { capacity: 4, searches: 4, quota: 1, unfinished: 3 };

const markup = (figure) => figure.locator("svg").evaluate((svg) => svg.outerHTML);

/** What is drawn: marks that have an extent and a colour, and are neither axes nor grid lines nor text. */
const marks = (figure) => figure.locator("svg").evaluate((svg) => {
  const seen = [...svg.querySelectorAll("path, rect, polyline")].filter((mark) => {
    const box = mark.getBBox();
    return (box.width > 0 || box.height > 0) && (mark.getAttribute("fill") !== "none" || mark.getAttribute("stroke"));
  });
  return { marks: seen.length, texts: [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim()).length };
});

async function everyPlotIsDrawn(page, file) {
  const plots = await page.locator("#plots").evaluate((data) => JSON.parse(data.textContent));
  const figures = await page.locator("figure[id]").all();
  assert.equal(figures.length, Object.keys(plots).length);
  assert.ok(figures.length >= (FEWEST[basename(file, ".html")] ?? 8), `${file}: ${figures.length} plots`);
  for (const figure of figures) {
    const id = await figure.getAttribute("id");
    const given = plots[id];
    const points = given.kind === "heat" ? given.sets[0].length : given.series.flatMap((series) => series.data).filter((point) => (Array.isArray(point) ? point[1] : point) != null).length;
    assert.ok(points > 0, `${file}: ${id} has no data`);
    const { marks: drawn, texts } = await marks(figure);
    const least = given.kind === "heat" ? given.sets[0].length : given.series.length;
    assert.ok(drawn >= least, `${file}: ${id} has ${drawn} marks for ${least}`);
    assert.ok(texts >= 4, `${file}: ${id} has ${texts} labels`);
    assert.ok(!/NaN|undefined|Infinity/.test(await markup(figure)), `${file}: ${id} draws what is no number`);
  }
  return figures;
}

async function hoverAndTogglesWork(page, figures, file) {
  for (const figure of figures) {
    const id = await figure.getAttribute("id");
    const plot = figure.locator(".plot");
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    // A heat map has holes: look until something is met.
    let said = "";
    for (let n = 0; n < 60 && !said; n++) {
      await page.mouse.move(box.x + box.width * (0.3 + 0.011 * n), box.y + box.height * (0.25 + 0.007 * n));
      said = await figure.locator(".tip").first().textContent({ timeout: 60 }).catch(() => "");
    }
    assert.match(said, /\d/, `${file}: nothing is said under the pointer in ${id}`);
    await page.mouse.move(0, 0);
    for (const key of await figure.locator(".key").all()) {
      const before = await markup(figure);
      await key.click();
      assert.equal(await key.getAttribute("aria-pressed"), "false");
      assert.notEqual(await markup(figure), before, `${file}: a key of ${id} does nothing`);
      await key.click();
      assert.equal((await marks(figure)).marks > 0, true);
    }
    for (const choice of (await figure.locator("[data-does]").all()).reverse()) {
      const [before, was] = [await markup(figure), await choice.getAttribute("aria-pressed")];
      await choice.click();
      assert.equal(await choice.getAttribute("aria-pressed"), "true");
      if (was === "false") assert.notEqual(await markup(figure), before, `${file}: a choice of ${id} does nothing`);
    }
  }
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [before, plot] = [await ground(), await markup(figures[0])];
  await page.locator("#theme").click();
  assert.notEqual(await ground(), before);
  assert.notEqual(await markup(figures[0]), plot, "plots take no part in the theme");
  await page.locator("#theme").click();
  assert.equal(await ground(), before);
}

async function keysReachEverything(page, file) {
  await page.evaluate(() => {
    document.activeElement?.blur();
    scrollTo(0, 0);
  });
  const all = await page.evaluate(() => {
    const shown = (element) => element.checkVisibility() && element.getClientRects().length > 0;
    const found = [...document.querySelectorAll("a[href], button, summary, [tabindex='0']")].filter(shown);
    found.forEach((element, n) => (element.dataset.stop = n));
    return found.length;
  });
  const met = new Set();
  for (let n = 0; n < all + 5; n++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => document.activeElement?.dataset?.stop);
    if (stop !== undefined) met.add(stop);
  }
  assert.equal(met.size, all, `${file}: ${met.size} of ${all} controls are reached with the Tab key`);
  for (const plot of await page.locator(".plot").all()) {
    await plot.focus();
    await page.keyboard.press("Home");
    const first = await page.locator("#spoken").textContent();
    await page.keyboard.press("ArrowRight");
    const second = await page.locator("#spoken").textContent();
    assert.match(first, /: .*\d/, `${file}: a plot says nothing to the keyboard`);
    assert.ok(second, `${file}: a plot says nothing of its second point`);
  }
  const key = page.locator(".key").first();
  await key.focus();
  await page.keyboard.press("Space");
  assert.equal(await key.getAttribute("aria-pressed"), "false");
  await page.keyboard.press("Enter");
  assert.equal(await key.getAttribute("aria-pressed"), "true");
}

async function nothingStandsInTheWay(page, file) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations", "passes"] }));
  const told = violations.map((one) => `${one.id} (${one.impact}): ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(told, [], `${file}: axe-core finds violations`);
  assert.ok(passes.length > 20);
}

for (const file of pages) {
  const name = basename(file, ".html");
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      const { page, close } = await opened(file, { viewport: { width, height: 900 }, colorScheme });
      const figures = await everyPlotIsDrawn(page, file);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${file}: ${wide} pixels too wide at ${width}`);
      await page.screenshot({ path: join(output, `${name}-${colorScheme}-${width}.png`), fullPage: true });
      await nothingStandsInTheWay(page, file);
      if (width === 1280) {
        // Once as they stand, once with every table open.
        if (colorScheme === "light") {
          await hoverAndTogglesWork(page, figures, file);
          await keysReachEverything(page, file);
        }
        await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
        await nothingStandsInTheWay(page, file);
        await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = false)));
        await page.pdf({ path: join(output, `${name}-${colorScheme}.pdf`), format: "A4", printBackground: true });
      }
      await close();
      looked += 1;
    }
  }
  // Without JavaScript there are no plots and no controls, and every number all the same.
  const { page, close } = await opened(file, { viewport: { width: 1280, height: 900 }, javaScriptEnabled: false });
  assert.equal(await page.locator(".plot:visible, button:visible").count(), 0);
  assert.ok((await page.locator("table:visible").count()) >= 3);
  assert.equal(await page.locator("figure .alt:visible").count(), await page.locator("figure").count());
  await close();
}
await browser.close();
console.log(`${pages.length} pages opened ${looked} times in ${basename(executablePath)}: nothing asked for, nothing complained of, every plot drawn`);
