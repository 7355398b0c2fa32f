// The first process of a node's pid namespace, in the place of kubelet and runtime: it starts memsnoop and the pods of the node, each container in a control group of its own, and keeps
// them going. It ends when its standard input does, and the namespace with it.
//
//   node node.js OPTIONS       a JSON object: see run.js
//
// DIRECTORY/state.json has how often each container's program was killed for memory and started again.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { MB, pods } = require('./fleet');

const { arguments: words, bare, directory, groups, name, names, program, seconds, version, workloads } = JSON.parse(process.argv[2]);
const kills = {};

// The file is whole whenever somebody reads it.
function write(file, text) {
  fs.writeFileSync(file + '.new', text);
  fs.renameSync(file + '.new', file);
}

// A control group with the memory controller. In version 2, each group above hands it on.
function makeGroup(pod) {
  let group = groups;
  for (const part of pod.group.split('/')) {
    if (version === 2) fs.writeFileSync(path.join(group, 'cgroup.subtree_control'), '+memory');
    group = path.join(group, part);
    fs.mkdirSync(group, { recursive: true });
  }
  if (pod.enforced) {
    const [limit, withSwap, swap] = version === 2 ? ['memory.max', 'memory.swap.max', 0] : ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', pod.limit * MB];
    fs.writeFileSync(path.join(group, limit), `${pod.limit * MB}`);
    if (fs.existsSync(path.join(group, withSwap))) fs.writeFileSync(path.join(group, withSwap), `${swap}`);   // not in kernels without an account of swap
  }
}

// A program of a container, under the container's name. It is in its control group from its first page on: memory is charged to the group of who allocates it.
function start(pod, workload, options, oomScore = 0) {
  const procs = path.join(groups, pod.group, 'cgroup.procs');
  const named = path.join(directory, 'programs', pod.container);
  if (!fs.existsSync(named)) fs.symlinkSync(path.join(workloads, workload), named);
  const first = 'echo 0 >"$1" && echo "$2" >/proc/self/oom_score_adj && shift 2 && exec "$@"';
  const child = spawn('sh', ['-c', first, 'sh', procs, `${oomScore}`, named, ...options], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.on('error', () => {});   // it was killed
  return child;
}

// What a container does; see fleet.js.
function run(pod) {
  const { held, used, batch, grow, killed } = pod.work;
  if (batch) {
    const child = start(pod, 'cases', []);
    child.stdin.write(`map 0 ${held} anon\n`);
    let works = false;
    const turn = () => child.stdin.write((works = !works) ? `keep 0 0 ${used}\n` : 'rest\n');
    turn();
    setInterval(turn, 1000 * batch * seconds);
  } else if (grow) {
    const child = start(pod, 'cases', []);
    let blocks = 0;
    const take = () => {
      child.stdin.write(`map ${blocks} ${held} anon; keep ${blocks} 0 ${used}\n`);
      if (++blocks === grow) clearInterval(timer);
    };
    const timer = setInterval(take, 1000 * 10 * seconds);
    take();
  } else {
    keep(pod, ['--resident', `${held}`, '--hot', `${used}`, '--sleep-us', '200000'], 0);
  }
  // The kernel is to kill this one, and not the container's other program.
  if (killed) keep(pod, ['--resident', `${killed}`, '--hot', '1'], 1000);
}

// A program that is started again when it was killed.
function keep(pod, options, oomScore) {
  start(pod, 'touch', options, oomScore).on('exit', (code, signal) => {
    if (signal === 'SIGKILL') {
      kills[pod.id] = (kills[pod.id] ?? 0) + 1;
      write(path.join(directory, 'state.json'), JSON.stringify(kills));
    }
    setTimeout(() => keep(pod, options, oomScore), 1000 * seconds);
  });
}

for (const made of ['logs', 'programs', 'run']) fs.mkdirSync(path.join(directory, made), { recursive: true });
for (const pod of pods.filter((pod) => pod.node === name)) {
  makeGroup(pod);
  run(pod);
  // As the kubelet does; memsnoop reads the link's name alone.
  if (names) fs.symlinkSync(`/var/log/pods/${pod.namespace}_${pod.pod}_${pod.uid}/${pod.container}/0.log`, path.join(directory, 'logs', pod.link));
}

// A procfs without what methods need, the files of memsnoop's own process, on which it tries them; and with a process whose files do not say what a kernel would say.
function makeBareProc() {
  const proc = path.join(directory, 'proc');
  fs.mkdirSync(path.join(proc, 'self'), { recursive: true });
  for (const entry of fs.readdirSync('/proc')) {
    if (entry !== 'self') fs.symlinkSync(path.join('/proc', entry), path.join(proc, entry));
  }
  const odd = path.join(proc, '9999');
  fs.mkdirSync(odd);
  for (const file of ['stat', 'cgroup', 'cmdline']) {
    fs.writeFileSync(path.join(odd, file), fs.readFileSync(path.join('/proc/self', file), 'utf8').replace(/^\d+ /, '9999 '));
  }
  for (const file of ['statm', 'status', 'io']) fs.writeFileSync(path.join(odd, file), 'nothing\n');
  return proc;
}

if (bare) words.push('--procfs', makeBareProc());
const log = path.join(directory, 'memsnoop.log');
const file = fs.openSync(log, 'a');
spawn(program, words, { stdio: ['ignore', file, file], env: { ...process.env, MemSnoop__Web__CacheDuration: '0s' } }).on('exit', (code, signal) => {
  console.error(`demo: memsnoop on ${name} ended with ${code ?? signal}:\n${fs.readFileSync(log, 'utf8')}`);
  process.exit(1);
});
process.stdin.on('end', () => process.exit(0)).resume();
