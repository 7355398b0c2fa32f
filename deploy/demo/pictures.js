// Takes pictures of what every query of the dashboards finds in the demonstration: Prometheus' own graphs, one beside the other, by Chromium. They are not Grafana's panels.
//
//   node deploy/demo/pictures.js URL DIRECTORY      URL is where the demonstration's Prometheus answers; DIRECTORY gets a PNG file for each dashboard and part
//
// Debian's Prometheus 3 has no page with graphs; that of Debian 12 (2.42, the package prometheus) has one, and reads what it draws from the other.
'use strict';

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const DASHBOARDS = path.resolve(__dirname, '../../grafana/dashboards');
const RANGE = '6m';
const COLUMNS = 4;
const ROWS = 6;

// Of a graph in the page of 2.42, in pixels, and how large it is drawn.
const GRAPH = { left: 20, top: 335, width: 865, height: 345, scale: 0.4 };

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
    title: panel.targets.length > 1 ? `${panel.title}: ${target.legendFormat}` : panel.title, query: interpolate(target.expr, variables),
  })));
}

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

function sheet(cells, server) {
  const { left, top, width, height, scale } = GRAPH;
  const frames = cells.map(({ title, query }) => `<figure><figcaption>${escape(title)}</figcaption><div><iframe src="${server}/graph?g0.expr=${encodeURIComponent(query)}&amp;g0.tab=0&amp;g0.range_input=${RANGE}"></iframe></div></figure>`);
  return `<!DOCTYPE html><meta charset="utf-8"><style>
    body { margin: 6px; display: grid; grid-template-columns: repeat(${COLUMNS}, ${width * scale}px); gap: 4px 10px; font: 11px sans-serif }
    figure { margin: 0 } figcaption { white-space: nowrap; overflow: hidden; font-weight: bold }
    div { width: ${width * scale}px; height: ${height * scale}px; overflow: hidden; position: relative }
    iframe { border: 0; width: 900px; height: 900px; position: absolute; left: ${-left * scale}px; top: ${-top * scale}px; transform: scale(${scale}); transform-origin: 0 0 }
  </style>${frames.join('\n')}`;
}

async function main([url, out]) {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'memsnoop-pictures-'));
  const listen = '127.0.0.1:19093';
  fs.writeFileSync(path.join(work, 'prometheus.json'), JSON.stringify({ remote_read: [{ url: `${url}/api/v1/read`, read_recent: true }] }));
  const server = spawn('prometheus', [`--config.file=${work}/prometheus.json`, `--storage.tsdb.path=${work}/data`, `--web.listen-address=${listen}`], { stdio: 'ignore' });
  try {
    while (!(await fetch(`http://${listen}/-/ready`).catch(() => undefined))?.ok) await sleep(100);
    for (const file of fs.readdirSync(DASHBOARDS).sort()) {
      const uid = path.basename(file, '.json');
      const cells = queries(uid);
      for (let part = 0; part * COLUMNS * ROWS < cells.length; part++) {
        const shown = cells.slice(part * COLUMNS * ROWS, (part + 1) * COLUMNS * ROWS);
        const page = path.join(work, 'sheet.html');
        fs.writeFileSync(page, sheet(shown, `http://${listen}`));
        const rows = Math.ceil(shown.length / COLUMNS);
        const picture = path.join(out, `${uid.replace('memsnoop-', 'dashboard-')}-${part + 1}.png`);
        execFileSync('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', `--user-data-dir=${work}/profile`, '--virtual-time-budget=60000',
          `--window-size=${Math.ceil(COLUMNS * (GRAPH.width * GRAPH.scale + 10)) + 4},${Math.ceil(rows * (GRAPH.height * GRAPH.scale + 18)) + 12}`, `--screenshot=${picture}`, `file://${page}`], { stdio: 'ignore' });
        console.log(picture);
      }
    }
  } finally {
    server.kill();
    await new Promise((resolve) => server.on('exit', resolve));
    fs.rmSync(work, { recursive: true, force: true });
  }
}

main(process.argv.slice(2));
