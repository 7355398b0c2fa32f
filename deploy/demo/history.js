// A week of history of recorded scrapes: what the fleet said in its first windows, one scrape after another, again and again, for promtool to make blocks of. What the rules record of it,
// promtool finds out by a Prometheus that has those blocks.
'use strict';

const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { nameOf, series, withLabels } = require('./exposition');

const run = promisify(execFile);
const WEEK = 7 * 24 * 3600;

// A query finds a sample for five minutes.
const STEP = 240;

// What the rules of right-sizing ask for. All of it for a week would be ten times as much.
const WANTED = new Set([
  'memsnoop_process_working_set_bytes', 'memsnoop_process_working_set_upper_bytes', 'memsnoop_process_memory_resident_bytes', 'memsnoop_container_memory_used_bytes',
  'memsnoop_container_memory_used_upper_bytes', 'memsnoop_container_memory_kernel_bytes', 'memsnoop_container_memory_usage_bytes', 'memsnoop_container_memory_limit_bytes',
  'kube_pod_owner', 'kube_replicaset_owner', 'kube_job_owner', 'kube_pod_container_resource_requests', 'kube_pod_container_resource_limits', 'container_memory_working_set_bytes',
]);

// Rules find what other rules record once that is there, and stand on each other four high: the working set of a container, what it uses, what it needs, what its workload needs.
const PASSES = [['containers.yml', 'sizing.yml'], ['containers.yml'], ['pressure.yml'], ['sizing.yml', 'pressure.yml']];

/**
 * @param recorded For each target its labels and its scrapes: [{ labels, scrapes: [text] }].
 * @param leaveOut Whether a series has no history.
 */
function openMetrics(recorded, end, leaveOut) {
  const samples = new Map();   // by name, since a family's lines must stand together
  for (const { labels, scrapes } of recorded) {
    const parsed = scrapes.map(series);
    for (const name of new Set(parsed.flatMap((scrape) => [...scrape.keys()]))) {
      // Processes outside of containers are in none of these rules.
      if (!WANTED.has(nameOf(name)) || (name.startsWith('memsnoop_') && !/[{,]container="[^"]/.test(name)) || leaveOut(name)) continue;
      const text = withLabels(name, labels);
      const lines = [];
      for (let time = end - WEEK, index = 0; time < end; time += STEP, index++) {
        const value = parsed[index % parsed.length].get(name);
        if (value !== undefined) lines.push(`${text} ${value} ${time}`);
      }
      samples.set(nameOf(name), [...samples.get(nameOf(name)) ?? [], lines.join('\n')]);
    }
  }
  return [...samples].map(([name, texts]) => `# TYPE ${name} gauge\n${texts.join('\n')}\n`).join('') + '# EOF\n';
}

/** Fills a directory that a Prometheus then starts with. */
async function backfill({ recorded, leaveOut, directory, data, promtool, serve, rules }) {
  const end = Math.floor(Date.now() / 1000 / STEP) * STEP;
  const file = path.join(directory, 'week.txt');
  fs.writeFileSync(file, openMetrics(recorded, end, leaveOut));
  await run(promtool, ['tsdb', 'create-blocks-from', '--max-block-duration=168h', 'openmetrics', file, data]);
  fs.rmSync(file);

  for (const files of PASSES) {
    const server = await serve();
    await run(promtool, ['tsdb', 'create-blocks-from', '--max-block-duration=168h', 'rules', `--url=${server.url}`, `--start=${end - WEEK}`, `--end=${end}`,
      `--eval-interval=${STEP}s`, `--output-dir=${data}`, ...files.map((file) => path.join(rules, file))]);
    await server.stop();
  }
}

module.exports = { backfill };
