// Who is in the fleet: nodes, the pods on them, what each container does with its memory, and what it asks Kubernetes for.
//
// A program of a container holds `held` MB and touches the first `used` of them again and again. `batch` touches them for so many windows and rests as long, `grow` begins with one block and
// takes another of the same size now and then, up to `grow` of them, `killed` has a second program that is too large for the container's limit.
'use strict';

const crypto = require('node:crypto');

const MB = 1 << 20;
const AGES = '0s,2s,10s,30s,1m,2m,5m';

const pods = [
  // Asks for much, uses little: two pods of one Deployment.
  { node: 'node-a', namespace: 'shop', pod: 'web-5d4f8-x2x9k', owner: ['ReplicaSet', 'web-5d4f8', 'Deployment', 'web'], container: 'nginx', work: { held: 200, used: 40 }, request: 1024, limit: 2048 },
  { node: 'node-b', namespace: 'shop', pod: 'web-5d4f8-b7k2m', owner: ['ReplicaSet', 'web-5d4f8', 'Deployment', 'web'], container: 'nginx', work: { held: 200, used: 40 }, request: 1024, limit: 2048 },
  // Asks for less than it uses.
  { node: 'node-a', namespace: 'shop', pod: 'cache-0', owner: ['StatefulSet', 'cache'], container: 'redis', work: { held: 140, used: 120 }, request: 64, limit: 512 },
  // Uses its memory now and then.
  { node: 'node-b', namespace: 'batch', pod: 'report-28391-q8wzd', owner: ['Job', 'report-28391', 'CronJob', 'report'], container: 'report', work: { held: 80, used: 60, batch: 3 }, request: 256, limit: 512 },
  // Takes more and more.
  { node: 'node-b', namespace: 'batch', pod: 'import-7c9d6-kk4tm', owner: ['ReplicaSet', 'import-7c9d6', 'Deployment', 'import'], container: 'import', work: { held: 10, used: 10, grow: 8 }, request: 128, limit: 256 },
  // Stands at its limit; the control group has it too.
  { node: 'node-b', namespace: 'batch', pod: 'tight-0', owner: ['StatefulSet', 'tight'], container: 'tight', work: { held: 46, used: 46 }, request: 48, limit: 50, enforced: true },
  // Is killed at its limit again and again.
  { node: 'node-b', namespace: 'batch', pod: 'hungry-0', owner: ['StatefulSet', 'hungry'], container: 'hungry', work: { held: 10, used: 5, killed: 60 }, request: 32, limit: 32, enforced: true },
  // In a cluster that nobody describes.
  { node: 'node-c', namespace: 'edge', pod: 'sensor-0', owner: ['StatefulSet', 'sensor'], container: 'sensor', work: { held: 30, used: 10 } },
  // Has a request, and runs where memsnoop finds no names.
  { node: 'node-f', namespace: 'batch', pod: 'lost-0', owner: ['StatefulSet', 'lost'], container: 'lost', work: { held: 30, used: 10 }, request: 64, limit: 128 },
  // Those of the recordings, whose programs are in tests/kernel/scenarios/demo.sh.
  { node: 'node-d', namespace: 'data', pod: 'store-0', owner: ['StatefulSet', 'store'], container: 'store', request: 512, limit: 1024 },
  { node: 'node-d', namespace: 'data', pod: 'archive-0', owner: ['StatefulSet', 'archive'], container: 'archive', request: 256, limit: 256 },
  { node: 'node-d', namespace: 'data', pod: 'squeezed-0', owner: ['StatefulSet', 'squeezed'], container: 'squeezed', request: 64, limit: 40 },
  { node: 'node-h', namespace: 'data', pod: 'search-0', owner: ['StatefulSet', 'search'], container: 'search', request: 1536, limit: 2048 },
];

for (const pod of pods) {
  const hash = crypto.createHash('sha256').update(`${pod.namespace}/${pod.pod}/${pod.container}`).digest('hex');
  pod.id = hash;
  pod.uid = hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  // As the kubelet's driver for cgroupfs makes it.
  pod.group = `kubepods/burstable/pod${pod.uid}/${pod.id}`;
  // The link that the kubelet makes for its logs.
  pod.link = `${pod.pod}_${pod.namespace}_${pod.container}-${pod.id}.log`;
}

// `arguments` come after those that all have. Those with `recorded` are played back, and nothing answers for node-e.
const nodes = [
  { name: 'node-a', names: true, arguments: ['--collector.smaps', '--collector.oom', '--collector.info', '--event', 'page-faults'] },
  { name: 'node-b', names: true, arguments: [] },
  { name: 'node-c', names: true, cluster: 'edge', arguments: ['--max-series', '20000', '--otlp', 'http://127.0.0.1:9', '--otlp.interval', '1s', '--otlp.timeout', '500ms'] },
  { name: 'node-d', recorded: 'quiet' },
  { name: 'node-e', down: true },
  // Where no method works, no names are known, files of the kernel cannot be read, and there is room for two processes.
  { name: 'node-f', bare: true, arguments: ['--max-processes', '2'] },
  // As node-d, a little later: DAMON takes accessed bits there, so that all windows are disturbed.
  { name: 'node-g', cluster: 'edge', recorded: 'disturbed' },
  // Where a budget of processor time allows memsnoop to measure a part of the memory: numbers are estimates.
  { name: 'node-h', recorded: 'sampled' },
];

module.exports = { AGES, MB, nodes, pods };
