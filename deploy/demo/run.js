// Brings up the fleet of fleet.js; run.sh is what to call.
'use strict';

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const { AGES, nodes, pods } = require('./fleet');
const { backfill } = require('./history');
const { Recording } = require('./replay');
const { cadvisor, kubeStateMetrics, podList } = require('./stand-ins');

const ROOT = path.resolve(__dirname, '../..');
const RULES = path.join(ROOT, 'deploy/prometheus/rules');
const DEADLINE = 300_000;
const TOKEN = 'demonstration';

const say = (text) => console.error(`demo: ${text}`);
const text = { type: 'string' };
const options = parse();
const seconds = options.short ? 2 : 10;
const directory = options.directory ? path.resolve(options.directory) : fs.mkdtempSync(path.join(os.tmpdir(), 'memsnoop-demo-'));
const at = (...parts) => path.join(directory, ...parts);
const tool = (name) => path.join(options.tree, 'usr/bin', name);
const control = hierarchy();
const children = new Set();
let ending = false;

function parse() {
  try {
    const { values } = parseArgs({
      options: { program: text, tree: text, workloads: text, listen: { ...text, default: '127.0.0.1:9090' }, directory: text, short: { type: 'boolean', default: false } },
    });
    if (!/^[\w.-]+:\d+$/.test(values.listen)) throw new Error(`--listen '${values.listen}': expected HOST:PORT, such as 127.0.0.1:9090`);
    return values;
  } catch (error) {
    say(error.message);
    process.exit(2);
  }
}

// Where control groups of the memory controller are made: of version 1 if it is there, else of version 2.
function hierarchy() {
  const mounts = fs.readFileSync('/proc/self/mounts', 'utf8').trim().split('\n').map((mount) => mount.split(' '));
  const first = mounts.find(([, , type, words]) => type === 'cgroup' && words.split(',').includes('memory'));
  const mount = (first ?? mounts.find(([, , type]) => type === 'cgroup2'))?.[1];
  if (!mount) throw new Error('no control groups are mounted');
  const version = first ? 1 : 2;
  const groups = path.join(mount, `memsnoop-demo-${process.pid}`);
  fs.mkdirSync(groups);
  // In version 2, each group hands the controller on.
  for (const group of version === 2 ? [mount, groups] : []) fs.writeFileSync(path.join(group, 'cgroup.subtree_control'), '+memory');
  return { groups, version };
}

function start(name, program, words, extra = {}) {
  const log = fs.openSync(at(`${name}.log`), 'a');
  // Of a process group of its own, so that Ctrl-C comes here alone.
  const child = spawn(program, words, { stdio: ['pipe', log, log], detached: true, ...extra });
  fs.closeSync(log);
  children.add(child);
  child.stdin.on('error', () => {});
  child.ended = new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      children.delete(child);
      resolve();
      if (!ending && !child.mayEnd) fail(new Error(`${name} ended with ${code ?? signal}:\n${fs.readFileSync(at(`${name}.log`), 'utf8').slice(-4000)}`));
    });
    child.on('error', fail);
  });
  return child;
}

async function stop(child) {
  child.mayEnd = true;
  child.kill('SIGTERM');
  await child.ended;
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function serve(handler, tls) {
  const server = tls ? https.createServer(tls, handler) : http.createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

// Prometheus 3 wants to be told what it gets.
function exposition(write) {
  return (request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(write(request));
  };
}

async function until(what, isSo) {
  const started = Date.now();
  while (!(await isSo())) {
    if (ending) await new Promise(() => {});   // nothing is to come of it any more
    if (Date.now() - started > DEADLINE) throw new Error(`${what} did not come to be within ${DEADLINE / 1000} s`);
    await sleep(100);
  }
}

async function get(url) {
  try {
    const answer = await fetch(url);
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined;   // it does not listen yet
  }
}

// How often each container was killed, by its id, as the nodes have noted it.
function kills() {
  return Object.assign({}, ...nodes.map((node) => {
    const file = at(node.name, 'state.json');
    return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  }));
}

async function startKubelet() {
  const [key, cert] = [at('kubelet.key'), at('kubelet.crt')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=kubelet', '-addext', 'subjectAltName=IP:127.0.0.1',
    '-keyout', key, '-out', cert], { stdio: 'ignore' });
  fs.writeFileSync(at('token'), TOKEN);
  const port = await serve((request, response) => {
    response.statusCode = request.headers.authorization === `Bearer ${TOKEN}` ? request.url === '/pods' ? 200 : 404 : 401;
    response.end(response.statusCode === 200 ? podList() : '');
  }, { key: fs.readFileSync(key), cert: fs.readFileSync(cert) });
  return [`--kubelet=https://127.0.0.1:${port}`, `--kubelet.token-file=${at('token')}`, `--kubelet.certificate=${cert}`];
}

async function startNode(node, kubelet) {
  const own = at(node.name);
  fs.mkdirSync(path.join(own, 'sys'), { recursive: true });
  node.port = await freePort();
  const words = ['serve', '--listen', `127.0.0.1:${node.port}`, '--run-dir', path.join(own, 'run'), '--container-labels', '--container-logs', path.join(own, node.names ? 'logs' : 'no-logs'),
    '--working-set-interval', `${seconds}s`, '--interval', '0s', '--idle-ages', AGES, ...(node.names ? kubelet : []),
    // The bitmap is the machine's, not a node's: two would end each other's windows.
    ...(node.bare ? ['--sysfs', path.join(own, 'sys')] : ['--method', 'referenced', '--max-stall', '1s']), ...node.arguments];
  const { groups, version } = control;
  start(node.name, path.join(__dirname, 'node.sh'), [groups, node.name, process.execPath, path.join(__dirname, 'node.js'), JSON.stringify({
    name: node.name, names: node.names, bare: node.bare, directory: own, groups: path.join(groups, node.name), version, seconds, program: options.program, workloads: options.workloads, arguments: words,
  })]);
  node.url = `http://127.0.0.1:${node.port}`;
}

// The rules as they are shipped, but for the interval of those that are evaluated every three minutes.
function writeRules() {
  fs.mkdirSync(at('rules'));
  for (const file of fs.readdirSync(RULES)) {
    fs.writeFileSync(at('rules', file), fs.readFileSync(path.join(RULES, file), 'utf8').replaceAll('interval: 3m', `interval: ${seconds}s`));
  }
}

function configuration(targets) {
  return JSON.stringify({
    global: { scrape_interval: `${seconds}s`, scrape_timeout: `${seconds}s`, evaluation_interval: `${seconds}s` },
    rule_files: [at('rules/*.yml')],
    scrape_configs: targets.map(({ job, labels = {}, port, metrics = '/metrics' }, index) => ({
      // Jobs of one name are several here, since each target has labels of its own.
      job_name: `${job}-${index}`,
      honor_labels: true,
      metrics_path: metrics,
      static_configs: [{ targets: [`127.0.0.1:${port}`], labels: { job, ...labels } }],
    })),
  });
}

async function startPrometheus(name, listen, words = []) {
  const child = start(name, tool('prometheus'), [`--storage.tsdb.path=${at('data')}`, `--web.listen-address=${listen}`, '--storage.tsdb.retention.time=15d', '--log.level=warn',
    `--web.console.templates=${path.join(__dirname, 'consoles')}`, ...words]);
  const url = `http://${listen}`;
  await until(`${name} at ${url}`, () => get(`${url}/-/ready`));
  return { url, stop: () => stop(child) };
}

async function main() {
  if (await get(`http://${options.listen}/-/ready`)) throw new Error(`${options.listen} is taken: choose another by --listen`);
  fs.mkdirSync(directory, { recursive: true });
  writeRules();
  const kubelet = await startKubelet();
  say(`nodes: ${nodes.map((node) => node.name).join(' ')}`);
  const running = nodes.filter((node) => node.arguments);
  for (const node of running) fs.mkdirSync(path.join(control.groups, node.name));
  for (const node of running) await startNode(node, kubelet);

  for (const node of nodes.filter((node) => node.recorded)) {
    node.recording = new Recording(fs.readFileSync(path.join(__dirname, `recorded/${node.recorded}.txt`), 'utf8'));
    node.port = await serve(exposition(() => node.recording.now()));
  }
  const cluster = await serve(exposition((request) => (request.url === '/cadvisor' ? cadvisor(control.groups, control.version) : kubeStateMetrics(kills()))));
  const exporter = await freePort();
  start('node_exporter', tool('prometheus-node-exporter'), [`--web.listen-address=127.0.0.1:${exporter}`, '--collector.disable-defaults', '--collector.meminfo', '--collector.pressure']);

  const targets = nodes.map((node) => ({
    job: 'memsnoop', labels: { instance: node.name, ...(node.cluster ? { cluster: node.cluster } : {}) }, port: node.port ?? 9, node,
  }));
  targets.push(
    // The nodes are one machine. It counts once.
    { job: 'node', labels: { instance: 'node-a' }, port: exporter },
    { job: 'kube-state-metrics', labels: { instance: 'stand-in' }, port: cluster },
    { job: 'kubelet', labels: { instance: 'stand-in' }, port: cluster, metrics: '/cadvisor' });

  say('waiting for windows');
  const measured = running.filter((node) => node.names);
  for (const node of measured) {
    await until(`windows of ${node.name}`, async () => {
      // Those that were watched for 10 s have a window in which they were not still beginning.
      const scrape = await get(`${node.url}/metrics`) ?? '';
      return pods.filter((pod) => pod.node === node.name).every((pod) => new RegExp(`^memsnoop_process_idle_bytes\\{age="10".*[{,]container="${pod.container}"`, 'm').test(scrape));
    });
  }

  say('a week of history');
  const recorded = targets.map(({ job, labels, node, port, metrics = '/metrics' }) => ({
    labels: { job, ...labels }, scrapes: node?.recording?.scrapes ?? [], url: `http://127.0.0.1:${port}${metrics}`, isLive: job !== 'node' && !node?.recorded && !node?.down,
  }));
  for (let scrape = 0; scrape < 2 * 3; scrape++) {   // a batch works and rests once
    for (const target of recorded.filter((target) => target.isLive)) target.scrapes.push(await get(target.url) ?? '');
    await sleep(1000 * seconds);
  }
  await backfill({
    recorded, directory, data: at('data'), promtool: tool('promtool'),
    // These are new: nothing is known of them from before.
    leaveOut: (name) => /[{,]container="(hungry|sensor)"/.test(name),
    rules: RULES,
    serve: async () => {
      fs.writeFileSync(at('history.json'), '{}');
      return startPrometheus('history', `127.0.0.1:${await freePort()}`, [`--config.file=${at('history.json')}`]);
    },
  });

  fs.writeFileSync(at('prometheus.json'), configuration(targets));
  const { url } = await startPrometheus('prometheus', options.listen, [`--config.file=${at('prometheus.json')}`]);
  const answer = 'sort_desc(namespace_workload_container:memsnoop_memory_request_waste:bytes * namespace_workload_container:memsnoop_pods:count)';
  await until('a recommendation', async () => JSON.parse(await get(`${url}/api/v1/query?query=${encodeURIComponent(answer)}`) ?? '{"data":{"result":[]}}').data.result.length > 0);
  console.log(`Which container can I shrink, by how much?  ${url}/consoles/shrink.html`);
  say('Ctrl-C ends it');
}

async function fail(error) {
  if (!ending) say(error.message);
  await end(1);
}

async function end(code) {
  if (ending) return;
  ending = true;
  // Nodes end with their standard input, the others by the signal, which unshare ignores.
  for (const child of children) {
    child.stdin.end();
    child.kill('SIGTERM');
  }
  await Promise.race([Promise.all([...children].map((child) => child.ended)), sleep(10_000)]);
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([...children].map((child) => child.ended));
  // The kernel takes a moment to see that nobody is in a group any more.
  for (let tries = 0; tries < 100 && !removeGroups(control.groups); tries++) await sleep(100);
  if (!options.directory) fs.rmSync(directory, { recursive: true, force: true });
  process.exit(code);
}

// Not recursive: the files in them are the kernel's.
function removeGroups(group) {
  if (!fs.existsSync(group)) return true;
  try {
    for (const entry of fs.readdirSync(group, { withFileTypes: true })) {
      if (entry.isDirectory()) removeGroups(path.join(group, entry.name));
    }
    fs.rmdirSync(group);
    return true;
  } catch (error) {
    if (error.code !== 'EBUSY') throw error;
    return false;
  }
}

process.on('SIGINT', () => end(0));
process.on('SIGTERM', () => end(0));
process.on('unhandledRejection', fail);
main().catch(fail);
