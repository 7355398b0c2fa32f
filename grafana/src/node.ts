/** The memory of hosts: who holds it, who uses it, what could be given back. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { build, dashboard, exporterStarts, oomKills, toProcess, uids } from './dashboards';
import { container, memsnoop, node, process } from './metrics';
import { ages, bars, below, bound, idleShades, lines, nested, numbers, rows, stacked } from './panels';
import {
  containerHeld, containerIdle, containersIdle, containersIdleByAge, containerUsed, containerUsedError, idleBuckets, idleFor, kernelMemory, ofContainers, ofLargest, ofProcesses, onHosts, onNodes, rate,
  sumBy, unmappedCache, used, usedError, usedLeast, usedMost,
} from './promql';
import * as variables from './variables';

const processLegend = '{{comm}} {{pid}} on {{instance}}';
const held = ofProcesses(process.resident);
const containerLabels = ['instance', 'namespace', 'pod', 'container', 'container_id'];
const largestContainers = (expression: string) => ofLargest(expression, containerHeld(ofContainers, containerLabels));
const processLabels = ['instance', 'comm', 'pid'];
const largestProcesses = (expression: string) => sumBy(processLabels, ofLargest(expression, held));
const reaccessed = sumBy(['age'], rate(ofContainers(container.reaccessed)));

const now = {
  title: 'Hosts now',
  panels: [
    numbers({
      title: 'Memory of the hosts',
      description: 'All memory that the kernel manages. From node_exporter, whose instance must be called as that of memsnoop.',
      unit: units.BytesIEC,
    }, [{ expr: `sum(${onNodes(node.total)})`, legend: 'total' }]).span(4).height(4),
    numbers({
      title: 'Held by processes',
      description: 'Resident memory of the watched processes. Pages that several processes share count for each of them, so this can exceed the memory of the hosts.',
      unit: units.BytesIEC,
    }, [{ expr: `sum(${held})`, legend: 'held' }]).span(4).height(4),
    numbers({
      title: 'Used by processes',
      description: 'Working set: memory that the processes accessed at least once within the last window. Where something disturbed a window, the most that it can have been. ' +
        '±: where it is an estimate (--cpu-budget), how far off it can be.',
      unit: units.BytesIEC,
    }, [
      { expr: `sum(${used(ofProcesses)})`, legend: 'used' },
      { expr: `sum(${usedError(ofProcesses)})`, legend: '±' },
    ]).span(4).height(4),
    numbers({
      title: 'Idle',
      description: 'Resident memory that no process accessed for at least the chosen age.',
      unit: units.BytesIEC,
    }, [{ expr: `sum(${idleFor(ofProcesses)})`, legend: 'idle' }]).span(4).height(4),
    numbers({
      title: 'Idle part',
      description: 'Which part of the memory that processes hold has been idle for at least the chosen age. The darker, the more could be given back.',
      unit: units.PercentUnit,
    }, [{ expr: `sum(${idleFor(ofProcesses)}) / sum(${idleFor(ofProcesses, '0')})`, legend: 'idle' }]).thresholds(idleShades()).span(4).height(4),
    numbers({
      title: 'Available',
      description: 'What the kernel could give to new programs without swapping, by its own estimate. From node_exporter.',
      unit: units.BytesIEC,
    }, [{ expr: `sum(${onNodes(node.available)})`, legend: 'available' }]).span(4).height(4),
  ],
};

const where = {
  title: 'Where the memory is',
  panels: [
    stacked({
      title: 'Memory of the hosts, by use',
      description: 'From below: what processes used in the last window, what they hold and did not use, page cache and tmpfs that nobody maps, memory of the kernel itself, free memory. ' +
        'The last three are from node_exporter. Shared pages count for each process, so the areas can reach above the dashed line, which is the memory of the hosts. ' +
        'Where used is an estimate, a second dashed line is the most that it can be.',
      unit: units.BytesIEC,
    }, [
      { expr: `sum(${used(ofProcesses)})`, legend: 'used' },
      { expr: `clamp_min(sum(${idleFor(ofProcesses, '0')}) - sum(${used(ofProcesses)}), 0)`, legend: 'held, not used' },
      { expr: `sum(${unmappedCache()})`, legend: 'cache that nobody maps' },
      { expr: `sum(${kernelMemory()})`, legend: 'kernel' },
      { expr: `sum(${onNodes(node.free)})`, legend: 'free' },
      { expr: `sum(${onNodes(node.total)})`, legend: 'memory of the hosts' },
      { expr: `sum(${used(ofProcesses)}) + sum(${usedError(ofProcesses)})`, legend: 'used, at most' },
    ]).withOverride(bound('F')).withOverride(bound('G')).span(12).height(9),
    nested({
      title: 'Idle memory by age',
      description: 'Resident memory of the watched processes that was not accessed for at least so long. Each area contains those below it; 0 s is all that they hold. ' +
        'A window that something disturbed counts what is certain.',
      unit: units.BytesIEC,
    }, [{ expr: sumBy(['age'], ofProcesses(process.idle)), legend: 'at least {{age}} s' }]).span(12).height(9),
    ages({
      title: 'How old the memory is',
      description: 'Resident memory of the watched processes by how long ago it was last accessed. A row is named by its upper bound, in seconds; the lowest was in use a moment ago. ' +
        'The darker, the more memory.',
      unit: units.BytesIEC,
    }, idleBuckets(ofProcesses)).span(12).height(9),
    lines({
      title: 'Idle part by host',
      description: 'Which part of what its processes hold has been idle for at least the chosen age. A host with a high part has room for more, at the price of what comes back.',
      unit: units.PercentUnit,
    }, [{
      expr: `${sumBy(['instance'], idleFor(ofProcesses))} / ${sumBy(['instance'], idleFor(ofProcesses, '0'))}`,
      legend: '{{instance}}',
    }]).max(1).span(12).height(9),
  ],
};

const who = {
  title: 'Who holds it',
  panels: [
    rows({
      title: 'Containers',
      description: 'The containers that hold most, as the kernel charges it: each page counts once. Where the host has no idle bitmap, the sum over their processes. ' +
        '±: how far off used can be, where it is an estimate. A click on a container shows its processes.',
    }, [
      { label: 'instance', title: 'Host' },
      { label: 'namespace', title: 'Namespace' },
      { label: 'pod', title: 'Pod' },
      { label: 'container', title: 'Container', link: toProcess('Its processes', 'instance', 'namespace', 'pod', 'container') },
      { label: 'container_id', title: 'Container id' },
    ], [
      { title: 'Held', expr: largestContainers(containerHeld(ofContainers, containerLabels)), unit: units.BytesIEC },
      { title: 'Used', expr: largestContainers(containerUsed(ofContainers, containerLabels)), unit: units.BytesIEC },
      { title: '±', expr: largestContainers(containerUsedError(ofContainers, containerLabels)), unit: units.BytesIEC },
      { title: 'Idle', expr: largestContainers(containerIdle(ofContainers, containerLabels)), unit: units.BytesIEC },
      {
        title: 'Idle part',
        expr: largestContainers(`${containerIdle(ofContainers, containerLabels)} / (${containerHeld(ofContainers, containerLabels)} > 0)`),
        unit: units.PercentUnit,
        thresholds: idleShades().build(),
      },
    ], 'Held').span(24).height(9),
    rows({
      title: 'Processes',
      description: 'The processes that hold most. Pages that several processes share count for each of them. ±: how far off used can be, where it is an estimate. A click on a name shows one process.',
    }, [
      { label: 'instance', title: 'Host' },
      { label: 'comm', title: 'Process', link: toProcess('This process', 'instance', 'comm', 'pid') },
      { label: 'pid', title: 'Pid' },
    ], [
      { title: 'Held', expr: largestProcesses(held), unit: units.BytesIEC },
      { title: 'Used', expr: largestProcesses(used(ofProcesses)), unit: units.BytesIEC },
      { title: '±', expr: largestProcesses(usedError(ofProcesses)), unit: units.BytesIEC },
      { title: 'Idle', expr: largestProcesses(idleFor(ofProcesses)), unit: units.BytesIEC },
      { title: 'Idle part', expr: largestProcesses(`${idleFor(ofProcesses)} / (${idleFor(ofProcesses, '0')} > 0)`), unit: units.PercentUnit, thresholds: idleShades().build() },
      { title: 'Major faults', expr: largestProcesses(`sum without (fault) (${rate(ofProcesses(process.pageFaults, 'fault="major"'))})`), unit: units.CountsPerSecond, decimals: 1 },
      { title: 'Threads', expr: largestProcesses(ofProcesses(process.threads)), unit: units.Short },
      { title: 'Uptime', expr: largestProcesses(ofProcesses(process.uptime)), unit: units.Seconds },
    ], 'Held').span(24).height(9),
    lines({
      title: 'Memory used: the largest processes',
      description: 'Working set: memory that the process accessed at least once within the last window (one minute, unless memsnoop is told otherwise). The processes are those that hold most, ' +
        'as in the panel beside. Pages that several processes share count for each of them. ' +
        'Where something disturbed a window, the most that it can have been. Dashed: the least and the most of an estimate.',
      unit: units.BytesIEC,
    }, [
      { expr: ofLargest(used(ofProcesses), held), legend: processLegend },
      { expr: ofLargest(usedLeast(ofProcesses), held), legend: `at least: ${processLegend}` },
      { expr: ofLargest(usedMost(ofProcesses), held), legend: `at most: ${processLegend}` },
    ]).withOverride(bound('B')).withOverride(bound('C')).span(12).height(9),
    lines({
      title: 'Memory held: the largest processes',
      description: 'Resident memory of the processes that hold most. They are chosen anew at each point in time, so a line may begin or end inside the graph. ' +
        'What they hold and do not use is idle.',
      unit: units.BytesIEC,
    }, [{ expr: `topk($top, ${held})`, legend: processLegend }]).span(12).height(9),
  ],
};

const estimates = {
  title: 'How much of it is measured',
  panels: [
    lines({
      title: 'Share of memory measured',
      description: 'Which part of the memory the last pass measured. Below 1, used and idle memory are estimates, which --cpu-budget allows.',
      unit: units.PercentUnit,
    }, [{ expr: sumBy(['instance'], onHosts(memsnoop.share)), legend: '{{instance}}' }]).max(1).span(8).height(9),
    lines({
      title: 'How far off used can be',
      description: 'The errors of all processes together, as a part of what they hold. 95 % of the numbers are within their errors. A host whose numbers are exact has no line.',
      unit: units.PercentUnit,
    }, [{
      expr: `${sumBy(['instance'], usedError(ofProcesses))} / ${sumBy(['instance'], idleFor(ofProcesses, '0'))}`,
      legend: '{{instance}}',
    }]).span(8).height(9),
    lines({
      title: 'CPU budget',
      description: 'Processor time of passes and readings, as a part of one core: what they took, and what it would take to measure all memory. Dashed: what --cpu-budget allows. ' +
        'A line for anything: the budget is too small for any number, and so much would be enough. Hosts without a budget have no lines.',
      unit: units.PercentUnit,
    }, [
      { expr: sumBy(['instance'], onHosts(memsnoop.cpuBudgetUsed)), legend: 'used: {{instance}}' },
      { expr: sumBy(['instance', 'for'], onHosts(memsnoop.cpuBudgetNeeded)), legend: 'needed for {{for}}: {{instance}}' },
      { expr: sumBy(['instance'], onHosts(memsnoop.cpuBudgetLimit)), legend: 'allowed: {{instance}}' },
    ]).withOverride(bound('C')).span(8).height(9),
  ],
};

const givenBack = {
  title: 'What could be given back',
  panels: [
    bars({
      title: 'Idle memory by namespace',
      description: 'Memory of containers that was idle for at least the chosen age, by namespace of Kubernetes. Docker and podman have no namespace: an empty name.',
      unit: units.BytesIEC,
    }, { expr: `topk($top, ${containersIdle(ofContainers, ['namespace'])})`, legend: '{{namespace}}' }).span(12).height(9),
    rows({
      title: 'What taking it away would cost',
      description: 'For each age: how much memory of containers has been idle for so long, and how many bytes a second of such memory are accessed again. ' +
        'Whoever takes all that is idle for an age away has so much to bring back.',
    }, [{ label: 'age', title: 'Idle for (s)' }], [
      { title: 'Could be taken', expr: containersIdleByAge(ofContainers), unit: units.BytesIEC },
      { title: 'Would come back', expr: reaccessed, unit: units.BytesPerSecondSI },
    ], 'Could be taken').span(12).height(9),
    lines({
      title: 'Idle memory that was accessed again',
      description: 'Bytes a second of the memory of containers that had been idle for at least so long when they were accessed. Low lines at high ages say that idle memory stays idle.',
      unit: units.BytesPerSecondSI,
    }, [{ expr: reaccessed, legend: 'after at least {{age}} s' }]).span(12).height(9),
    stacked({
      title: 'The kernel\'s own account',
      description: 'Memory of all control groups by when the kernel last noticed it in use, from the generations of its LRU. It needs no idle bitmap, and looks only when memory is short: what was ' +
        'used since then still shows its former age. docs/generations.md says what the bounds leave open.',
      unit: units.BytesIEC,
    }, [{ expr: sumBy(['type', 'age_min', 'age_max'], onHosts(memsnoop.cgroupGeneration)), legend: '{{type}}: {{age_min}} to {{age_max}} s ago' }]).span(12).height(9),
  ],
};

const pressure = {
  title: 'Pressure',
  panels: [
    lines({
      title: 'Page faults',
      description: 'Page faults a second of the processes that have most of them. The dashed line is major faults, which wait for storage, over all processes: many of them while memory is tight ' +
        'say that something used was taken away.',
      unit: units.CountsPerSecond,
    }, [
      { expr: `topk($top, sum without (fault) (${rate(ofProcesses(process.pageFaults))}))`, legend: processLegend },
      { expr: `sum(${rate(ofProcesses(process.pageFaults, 'fault="major"'))})`, legend: 'major faults of all processes' },
    ]).withOverride(bound('B')).span(12).height(9),
    lines({
      title: 'Storage IO',
      description: 'Bytes a second that processes made the kernel fetch from storage, and below the axis those that they made it write, now or later. The processes with most of it.',
      unit: units.BytesPerSecondSI,
    }, [
      { expr: `topk($top, ${rate(ofProcesses(process.storageIO, 'direction="read"'))})`, legend: `read: ${processLegend}` },
      { expr: `topk($top, ${rate(ofProcesses(process.storageIO, 'direction="write"'))})`, legend: `written: ${processLegend}` },
    ]).withOverride(below('B')).span(12).height(9),
    lines({
      title: 'Waiting for memory',
      description: 'Which part of the time at least one task of the host waited for memory, and dashed, all tasks did (pressure stall information). From node_exporter.',
      unit: units.PercentUnit,
    }, [
      { expr: sumBy(['instance'], rate(onNodes(node.pressureSome))), legend: '{{instance}}: some' },
      { expr: sumBy(['instance'], rate(onNodes(node.pressureFull))), legend: '{{instance}}: all' },
    ]).withOverride(bound('B')).span(12).height(9),
    lines({
      title: 'Disks in use',
      description: 'Which part of the time a disk had at least one operation in progress. A disk that is always in use makes major faults slow.',
      unit: units.PercentUnit,
    }, [{ expr: `topk($top, ${rate(onHosts(memsnoop.diskIOTime))})`, legend: '{{device}} on {{instance}}' }]).span(12).height(9),
  ],
};

export const nodeDashboard = () => build(
  [
    variables.source(), variables.cluster(), variables.job(), variables.instance(), variables.namespace(), variables.comm(), variables.age(), variables.top(),
  ].reduce(
    (builder, variable) => builder.withVariable(variable),
    dashboard(uids.node, 'MemSnoop: node memory', 'Where the memory of Linux hosts goes, who uses what it holds, and what could be given back.')
      .annotation(exporterStarts()).annotation(oomKills()),
  ),
  [now, where, who, estimates, givenBack, pressure],
);
