// Takes pictures of what every query of the dashboards finds in the demonstration: Prometheus' own graphs, one beside the other, by Chromium. They are not Grafana's panels.
//
//   node deploy/demo/pictures.js URL DIRECTORY      URL is where the demonstration's Prometheus answers; DIRECTORY gets a PNG file for each dashboard and part
//
// It needs chromium and Node.js 20. Debian's Prometheus 3 has no page with graphs; that of Debian 12 (2.42, the package prometheus) has one, and reads what it draws from the other.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const zlib = require('node:zlib');

const DASHBOARDS = path.resolve(__dirname, '../../grafana/dashboards');
const RANGE = '6m';
const COLUMNS = 4;
const ROWS = 7;
const SIZE = { width: 900, height: 900 };   // of the page with a graph
const SCALE = 0.42;
const DEADLINE = 60_000;

// What is chosen when a dashboard opens, except that nothing is idle for minutes yet.
function interpolate(query, variables) {
  return query.replace(/\$([a-z_]\w*)/g, (_, name) => {
    if (name === '__rate_interval') return '1m';
    if (name === 'age') return '10';
    return variables[name].allValue ?? variables[name].current.value;
  });
}

function queries(uid) {
  const dashboard = JSON.parse(fs.readFileSync(path.join(DASHBOARDS, `${uid}.json`), 'utf8'));
  const variables = Object.fromEntries(dashboard.templating.list.map((variable) => [variable.name, variable]));
  const panels = dashboard.panels.flatMap((panel) => (panel.type === 'row' ? panel.panels ?? [] : [panel]));
  return panels.flatMap((panel) => panel.targets.map((target) => ({
    // Without the labels of its series.
    title: panel.targets.length > 1 ? `${panel.title}: ${target.legendFormat.replace(/:? ?\{\{.*/, '')}`.replace(/: $/, '') : panel.title, query: interpolate(target.expr, variables),
  })));
}

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

function sheet(pictures) {
  const figures = pictures.map(({ title, png }) => `<figure><figcaption>${escape(title)}</figcaption><img src="data:image/png;base64,${png}"></figure>`);
  return `<!DOCTYPE html><meta charset="utf-8"><style>
    body { margin: 6px; display: grid; grid-template-columns: repeat(${COLUMNS}, max-content); gap: 6px 10px; width: max-content; font: bold 11px sans-serif }
    figure { margin: 0; width: ${SIZE.width * SCALE}px } figcaption { white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
  </style>${figures.join('\n')}`;
}

/** A browser that is told what to do through a pipe, by the DevTools protocol. */
class Browser {
  constructor(profile) {
    this.process = spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--hide-scrollbars', '--remote-debugging-pipe',
      `--user-data-dir=${profile}`], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.waiting = new Map();
    let rest = '';
    this.process.stdio[4].setEncoding('utf8').on('data', (text) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop();
      for (const { id, result, error } of messages.map((message) => JSON.parse(message))) {
        const [resolve, reject] = this.waiting.get(id) ?? [];
        this.waiting.delete(id);
        if (error) reject?.(new Error(error.message));
        else resolve?.(result);
      }
    });
  }

  send(method, params = {}) {
    const id = (this.last = (this.last ?? 0) + 1);
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId: this.session }) + '\0');
    return new Promise((resolve, reject) => this.waiting.set(id, [resolve, reject]));
  }

  async open() {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    this.session = (await this.send('Target.attachToTarget', { targetId, flatten: true })).sessionId;
    await this.send('Emulation.setDeviceMetricsOverride', { ...SIZE, deviceScaleFactor: 1, mobile: false });
  }

  /** Goes to a page; gives what an expression says there as soon as it says something. */
  async visit(url, expression) {
    await this.send('Page.navigate', { url });
    const started = Date.now();
    for (;;) {
      const { result } = await this.send('Runtime.evaluate', { expression, returnByValue: true });
      if (result.value) return result.value;
      if (Date.now() - started > DEADLINE) throw new Error(`nothing came of ${url}`);
      await sleep(50);
    }
  }

  async picture(clip) {
    return (await this.send('Page.captureScreenshot', { format: 'png', clip, captureBeyondViewport: true })).data;
  }

  async close() {
    await this.send('Browser.close').catch(() => {});
    this.process.kill();
  }
}

// Where the graph is in the page, once it is drawn; nothing before.
const GRAPH = `(() => {
  if (location.pathname !== '/classic/graph') return undefined;
  const error = document.querySelector('.error');
  if (error?.textContent) return { error: error.textContent };
  const area = document.querySelector('.graph_area svg')?.closest('.graph_area').getBoundingClientRect();
  return area && area.height > 0 ? { x: area.x, y: area.y, width: area.width, height: area.height } : undefined;
})()`;

// Where the sheet ends, once its pictures are there.
const END = `[...document.images].every((image) => image.complete) && { width: document.body.offsetWidth + 12, height: document.body.offsetHeight + 12 }`;

/** The same PNG, packed as tightly as can be: the browser hurries. */
function packed(png) {
  const chunks = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + png.readUInt32BE(at)) });
  }
  const pixels = zlib.inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  const written = [chunks[0], { type: 'IDAT', data: zlib.deflateSync(pixels, { level: 9, memLevel: 9 }) }, { type: 'IEND', data: Buffer.alloc(0) }].flatMap(({ type, data }) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(zlib.crc32(body), 4);
    return [ends.subarray(0, 4), body, ends.subarray(4)];
  });
  return Buffer.concat([png.subarray(0, 8), ...written]);
}

async function main([url, out]) {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'memsnoop-pictures-'));
  const listen = '127.0.0.1:19093';
  fs.writeFileSync(path.join(work, 'prometheus.json'), JSON.stringify({ remote_read: [{ url: `${url}/api/v1/read`, read_recent: true }] }));
  const server = spawn('prometheus', [`--config.file=${work}/prometheus.json`, `--storage.tsdb.path=${work}/data`, `--web.listen-address=${listen}`], { stdio: 'ignore' });
  const browser = new Browser(path.join(work, 'profile'));
  try {
    while (!(await fetch(`http://${listen}/-/ready`).catch(() => undefined))?.ok) await sleep(100);
    await browser.open();
    const end = Date.now() / 1000;
    for (const file of fs.readdirSync(DASHBOARDS).filter((file) => file.endsWith('.json')).sort()) {
      const uid = path.basename(file, '.json');
      const pictures = [];
      for (const { title, query } of queries(uid)) {
        const until = new Date(1000 * end).toISOString().slice(0, 19).replace('T', ' ');
        const area = await browser.visit(
          `http://${listen}/classic/graph?g0.expr=${encodeURIComponent(query)}&g0.tab=0&g0.range_input=${RANGE}&g0.end_input=${encodeURIComponent(until)}&${pictures.length}`, GRAPH);
        if (area.error) console.log(`${title}: ${area.error}`);
        else pictures.push({ title, png: await browser.picture({ ...area, scale: SCALE }) });
        await browser.visit('about:blank', 'location.protocol === "about:"');
      }
      for (let part = 0; part * COLUMNS * ROWS < pictures.length; part++) {
        const page = path.join(work, 'sheet.html');
        fs.writeFileSync(page, sheet(pictures.slice(part * COLUMNS * ROWS, (part + 1) * COLUMNS * ROWS)));
        const size = await browser.visit(`file://${page}`, END);
        const picture = path.join(out, `${uid.replace('memsnoop-', 'dashboard-')}-${part + 1}.png`);
        fs.writeFileSync(picture, packed(Buffer.from(await browser.picture({ x: 0, y: 0, ...size, scale: 1 }), 'base64')));
        console.log(picture);
        await browser.visit('about:blank', 'location.protocol === "about:"');
      }
    }
  } finally {
    await browser.close();
    server.kill();
    await Promise.all([server, browser.process].map((child) => child.exitCode ?? child.signalCode ?? new Promise((resolve) => child.on('exit', resolve))));
    fs.rmSync(work, { recursive: true, force: true, maxRetries: 10 });
  }
}

main(process.argv.slice(2));
