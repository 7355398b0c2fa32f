// Drives a real browser over the page of a running exporter, and prints what it found as JSON: node page.js CHROMIUM URL SCENARIO [ARGUMENT...]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, executablePath, url, scenario, ...rest] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${packages}/node_modules/`));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const patience = { timeout: 60_000 };

// The sandbox of the browser needs another user than root; the page is ours.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const complaints = [];

async function open(path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...options });
  const page = await context.newPage();
  page.on("console", message => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", error => complaints.push(error.message));
  page.on("dialog", dialog => {
    complaints.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(url + path);
  return page;
}

const isDrawn = page => page.waitForFunction(() => document.documentElement.dataset.round > 0, null, patience);
const isShown = (page, place) => page.waitForFunction(wanted => document.documentElement.dataset.detail === wanted, place, patience);

/** The table as people see it: a list of cells for each row. */
const table = page => page.evaluate(() => [...document.querySelectorAll("#table tbody tr")].map(row => [...row.cells].map(cell => cell.textContent)));

/** What axe finds. The page's own policy lets no script in, so it is evaluated by the debugger. */
async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  return violations.map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" ")}`);
}

const scenarios = {
  /** The table, sorted by each column, and searched. */
  async table(search) {
    const page = await open("#processes");
    await isDrawn(page);
    const found = { words: await page.textContent("#words"), round: await page.evaluate(() => +document.documentElement.dataset.round), rows: await table(page), sorted: {} };
    found.parts = await page.$$eval("#parts li", lines => lines.map(line => line.textContent));
    for (const column of ["Name", "PID", "Resident", "Used", "Idle"]) {
      await page.getByRole("button", { name: column, exact: true }).click();
      found.sorted[column] = (await table(page)).map(row => row[1]);
      found.sorted[`${column} focus`] = await page.evaluate(() => document.activeElement.textContent);
    }
    await page.keyboard.press("/");
    await page.keyboard.type(search);
    await page.waitForFunction(count => document.querySelectorAll("#table tbody tr").length < count, found.rows.length, patience);
    found.searched = await table(page);
    await page.fill("#search", "no such process");
    await page.waitForFunction(() => document.querySelectorAll("#table tbody tr").length === 0, null, patience);
    found.none = await page.textContent("#matching");
    return found;
  },

  /** How long it takes until there is a table, several times anew. */
  async first() {
    const milliseconds = [];
    let count;
    for (let time = 0; time < 5; time++) {
      const page = await open("#processes");
      const drawn = await page.waitForFunction(() => document.querySelectorAll("#table tbody tr").length > 0 && performance.now(), null, patience);
      milliseconds.push(await drawn.jsonValue());
      count = await page.textContent('input[value="processes"] + .count');
      await page.context().close();
    }
    return { milliseconds, count };
  },

  /** One process, opened by the keyboard, and back. */
  async process(id) {
    const page = await open("#processes");
    await isDrawn(page);
    await page.focus(`a[href="#processes/${id}"]`);
    await page.keyboard.press("Enter");
    await isShown(page, `processes/${id}`);
    const found = { title: await page.textContent("#subject-title"), facts: await page.$$eval("#facts div", boxes => Object.fromEntries(boxes.map(box => [box.children[0].textContent, box.children[1].textContent]))) };
    found.charts = await page.$$eval("#subject canvas", all => all.filter(each => each.width > 0).length);
    found.focus = await page.evaluate(() => document.activeElement.id);
    await page.click("#areas-read");
    await page.waitForSelector("#areas tbody tr", patience);
    found.areas = await page.$$eval("#areas tbody tr", rows => rows.map(row => [...row.cells].map(cell => cell.textContent)));
    found.totals = await page.$$eval("#totals dt", terms => terms.map(term => term.textContent));
    found.cost = await page.textContent("#map-cost");
    found.mayRecord = await page.isEnabled("#map-start");
    await page.keyboard.press("Escape");
    await page.waitForSelector("#glance:not([hidden])", patience);
    return found;
  },

  /** A process that is not there, and one that ends while it is looked at. */
  async gone(id, pid) {
    const page = await open("#processes/1-1");
    await page.waitForSelector("#error:not([hidden])", patience);
    const found = { unknown: await page.textContent("#error") };
    await page.goto(url + `#processes/${id}`);
    await isShown(page, `processes/${id}`);
    process.kill(+pid);
    await page.waitForSelector("#error:not([hidden])", patience);

    // That something is not there is what this is about, and the browser notes each answer that says so.
    complaints.splice(0, complaints.length, ...complaints.filter(each => !each.includes("a status of 404")));
    return { ...found, ended: await page.textContent("#error"), title: await page.textContent("#subject-title") };
  },

  /** A heat map of a process, recorded until it has some columns, and ended. */
  async map(pid, username, password, pictures) {
    const login = { httpCredentials: { username, password } };
    const page = await open("#processes", login);
    await isDrawn(page);
    const link = page.locator("#table tbody tr", { has: page.locator(`td:text-is("${pid}")`) }).locator("a");
    await page.waitForFunction(wanted => [...document.querySelectorAll("#table tbody tr")].some(row => row.cells[1].textContent === wanted && row.cells[4].textContent), pid, patience);
    const place = (await link.getAttribute("href")).slice(1);
    await link.click();
    await isShown(page, place);
    await page.waitForSelector("#map-start:enabled", patience);
    const found = { cost: await page.textContent("#map-cost") };
    await page.click("#map-start");
    await page.waitForFunction(wanted => document.documentElement.dataset.map >= wanted, pictures ? 40 : 6, patience);
    found.second = await page.evaluate(async process => {
      const answer = await fetch("api/v1/heatmaps", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ process }) });
      return { status: answer.status, ...await answer.json() };
    }, place.split("/")[1]);
    // The browser notes the refusal, which is what was asked for.
    complaints.splice(0, complaints.length, ...complaints.filter(each => !each.includes("a status of 409")));
    await page.click("#map-stop");
    await page.waitForSelector("#map-stop", { state: "hidden", ...patience });
    Object.assign(found, await page.$eval("#heat canvas", canvas => {
      const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
      const colours = heatColours();
      const all = pixels.filter(pixel => colours.includes(pixel));
      const share = level => all.filter(pixel => pixel === colours[level]).length / all.length;
      return { active: share(255), idle: share(0), overlap: canvas.getBoundingClientRect().bottom - document.querySelector("#map > .hint").getBoundingClientRect().top };
    }));
    found.violations = await violations(page);
    if (pictures) {
      await page.screenshot({ path: `${pictures}/page-heat-map.png`, fullPage: true });
      for (const [name, options] of [["light", { viewport: { width: 1280, height: 620 } }], ["dark", { viewport: { width: 1280, height: 620 }, colorScheme: "dark" }], ["phone", { viewport: { width: 390, height: 844 } }]]) {
        for (const shown of ["processes", place]) {
          const other = await open(`#${shown}`, { ...login, reducedMotion: "reduce", ...options });
          await (shown === place ? isShown(other, place) : isDrawn(other));
          await other.screenshot({ path: `${pictures}/page-${name}${shown === place ? "-process" : ""}.png`, fullPage: shown === place && name !== "phone" });
          await other.context().close();
        }
      }
    }
    return { ...found, state: await page.textContent("#map-state"), columns: await page.evaluate(() => +document.documentElement.dataset.map) };
  },

  /** Both themes and a phone: what axe finds, and whether anything sticks out. */
  async looks(id) {
    const found = {};
    for (const [name, colorScheme, width, height] of [["light", "light", 1280, 960], ["dark", "dark", 1280, 960], ["phone", "light", 390, 844]]) {
      for (const place of ["processes", `processes/${id}`]) {
        const page = await open(`#${place}`, { colorScheme, viewport: { width, height }, reducedMotion: "reduce" });
        await (place === "processes" ? isDrawn(page) : isShown(page, place));
        await page.evaluate(() => document.fonts.ready);
        const view = place === "processes" ? name : `${name}-process`;
        found[view] = { violations: await violations(page), sticksOut: await page.evaluate(() => document.documentElement.scrollWidth - innerWidth) };
        await page.context().close();
      }
    }
    return found;
  },
};

try {
  const found = await scenarios[scenario](...rest);
  console.log(JSON.stringify({ ...found, complaints }));
} finally {
  await browser.close();
}
