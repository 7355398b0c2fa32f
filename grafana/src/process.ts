/** One process, or the processes of one container. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { build, containerRestarts, dashboard, exporterStarts, oomKills, uids } from './dashboards';
import { container, process } from './metrics';
import { ages, below, bound, idleShades, lines, nested, numbers, rows, stacked } from './panels';
import { idleBuckets, idleFor, ofOne, ofOneContainer, rate, sumBy, used, usedError, usedLeast, usedMost } from './promql';
import * as variables from './variables';

const legend = '{{comm}} {{pid}} on {{instance}}';

const now = {
  title: 'Now',
  panels: [
    numbers({
      title: 'Held',
      description: 'Resident memory of the chosen processes. Pages that several of them share count for each.',
      unit: units.BytesIEC,
    }, [{ expr: `sum(${ofOne(process.resident)})`, legend: 'held' }]).span(3).height(4),
    numbers({
      title: 'Used',
      description: 'Working set: memory that they accessed at least once within the last window. Where something disturbed it, the most that it can have been. ' +
        '±: where it is an estimate (--cpu-budget), how far off it can be.',
      unit: units.BytesIEC,
    }, [
      { expr: `sum(${used(ofOne)})`, legend: 'used' },
      { expr: `sum(${usedError(ofOne)})`, legend: '±' },
    ]).span(3).height(4),
    numbers({
      title: 'Idle',
      description: 'Resident memory that was not accessed for at least the chosen age.',
      unit: units.BytesIEC,
    }, [{ expr: `sum(${idleFor(ofOne)})`, legend: 'idle' }]).span(3).height(4),
    numbers({
      title: 'Idle part',
      description: 'Which part of what they hold has been idle for at least the chosen age. The darker, the more could be given back.',
      unit: units.PercentUnit,
    }, [{ expr: `sum(${idleFor(ofOne)}) / sum(${idleFor(ofOne, '0')})`, legend: 'idle' }]).thresholds(idleShades()).span(3).height(4),
    numbers({
      title: 'Processes',
      description: 'How many processes are chosen at the top, by host, namespace, pod, container, name and number.',
      unit: units.Short,
    }, [{ expr: `count(${ofOne(process.resident)})`, legend: 'processes' }]).span(3).height(4),
    numbers({
      title: 'Threads',
      description: 'Threads of the chosen processes. Each has a stack of its own, which is memory too.',
      unit: units.Short,
    }, [{ expr: `sum(${ofOne(process.threads)})`, legend: 'threads' }]).span(3).height(4),
    numbers({
      title: 'Uptime',
      description: 'For how long the oldest of the chosen processes has been running.',
      unit: units.Seconds,
    }, [{ expr: `max(${ofOne(process.uptime)})`, legend: 'uptime' }]).span(3).height(4),
    numbers({
      title: 'Window',
      description: 'True length of the last window, the longest of the chosen processes. The working set is what was accessed within it.',
      unit: units.Seconds,
    }, [{ expr: `max(${ofOne(process.window)})`, legend: 'window' }]).span(3).height(4),
  ],
};

const memory = {
  title: 'Memory',
  panels: [
    lines({
      title: 'Used against held',
      description: 'What each of the processes holds, and what it used in the last window. The distance between both is idle. Least: where something disturbed a window, the least that it used; ' +
        'the line of what it used is then the most. Dashed: the limit of the container; and where what was used is an estimate, the least and the most that it can be.',
      unit: units.BytesIEC,
    }, [
      { expr: `topk($top, ${ofOne(process.resident)})`, legend: `held: ${legend}` },
      { expr: `topk($top, ${used(ofOne)})`, legend: `used: ${legend}` },
      { expr: `topk($top, sum without (kind) (${ofOne(process.workingSetLower)}))`, legend: `least: ${legend}` },
      { expr: `max by (instance, namespace, pod, container) (${ofOneContainer(container.limit)})`, legend: 'limit: {{namespace}}/{{pod}} {{container}}' },
      { expr: `topk($top, ${usedLeast(ofOne)})`, legend: `at least: ${legend}` },
      { expr: `topk($top, ${usedMost(ofOne)})`, legend: `at most: ${legend}` },
    ]).withOverride(bound('D')).withOverride(bound('E')).withOverride(bound('F')).span(12).height(9),
    stacked({
      title: 'Used, by kind',
      description: 'Working set of the chosen processes: anon is private memory, file page cache that they map, shmem shared memory. Where something disturbed a window, the most that it can have been. ' +
        'Dashed: the most that all kinds can be together, where they are estimates.',
      unit: units.BytesIEC,
    }, [
      { expr: sumBy(['kind'], `${ofOne(process.workingSet)} or ${ofOne(process.workingSetUpper)}`), legend: '{{kind}}' },
      { expr: `sum(${used(ofOne)}) + sum(${usedError(ofOne)})`, legend: 'at most' },
    ]).withOverride(bound('B')).span(12).height(9),
    nested({
      title: 'Idle memory by age',
      description: 'Resident memory that was not accessed for at least so long. Each area contains those below it; 0 s is all that the processes hold. An age appears once a process has been watched for so long.',
      unit: units.BytesIEC,
    }, [{ expr: sumBy(['age'], ofOne(process.idle)), legend: 'at least {{age}} s' }]).span(12).height(9),
    ages({
      title: 'How old the memory is',
      description: 'Resident memory by how long ago it was last accessed, over time. A row is named by its upper bound, in seconds. Memory that climbs from row to row is never used again; ' +
        'memory that falls back to the lowest row is used now and then.',
      unit: units.BytesIEC,
    }, idleBuckets(ofOne)).span(12).height(9),
  ],
};

const charged = {
  title: 'The container, as the kernel charges it',
  panels: [
    stacked({
      title: 'Container: used, by kind',
      description: 'Memory charged to the container that was accessed in the last window, by whomever: private memory, mapped files, shared memory and tmpfs, files that nobody maps. ' +
        'Each page counts once. Where something disturbed a window, the most that it can have been. Dashed: the limit, and the most that all kinds can be together, where they are estimates.',
      unit: units.BytesIEC,
    }, [
      { expr: sumBy(['kind'], `${ofOneContainer(container.used)} or ${ofOneContainer(container.usedUpper)}`), legend: '{{kind}}' },
      { expr: `sum(${ofOneContainer(container.limit)})`, legend: 'limit' },
      { expr: `sum(${ofOneContainer(container.used)} or ${ofOneContainer(container.usedUpper)}) + sum(${ofOneContainer(container.usedError)})`, legend: 'at most' },
    ]).withOverride(bound('B')).withOverride(bound('C')).span(12).height(9),
    stacked({
      title: 'Container: held, by kind',
      description: 'All that is charged to the container, used or not, with what the kernel takes for it. The dashed line is what the kernel itself says that is charged.',
      unit: units.BytesIEC,
    }, [
      { expr: sumBy(['kind'], ofOneContainer(container.idle, 'age="0"')), legend: '{{kind}}' },
      { expr: `sum(${ofOneContainer(container.kernel)})`, legend: 'kernel' },
      { expr: `sum(${ofOneContainer(container.usage)})`, legend: 'charged' },
    ]).withOverride(bound('C')).span(12).height(9),
    lines({
      title: 'Container: idle memory that was accessed again',
      description: 'Bytes a second that had been idle for at least so long when they were accessed. Taking away all that is idle for that long would cost so much.',
      unit: units.BytesPerSecondSI,
    }, [{ expr: sumBy(['age'], rate(ofOneContainer(container.reaccessed))), legend: 'after at least {{age}} s' }]).span(8).height(8),
    lines({
      title: 'Container: waiting for memory',
      description: 'Which part of the time some task of the container waited for memory, and dashed, all that had something to do.',
      unit: units.PercentUnit,
    }, [
      { expr: sumBy(['pod', 'container'], rate(ofOneContainer(container.pressure, 'type="some"'))), legend: 'some: {{pod}} {{container}}' },
      { expr: sumBy(['pod', 'container'], rate(ofOneContainer(container.pressure, 'type="full"'))), legend: 'all: {{pod}} {{container}}' },
    ]).withOverride(bound('B')).span(8).height(8),
    lines({
      title: 'Container: refaults',
      description: 'Bytes a second that came back soon after the kernel had taken them away, private memory and files. What is refaulted is needed.',
      unit: units.BytesPerSecondSI,
    }, [{ expr: sumBy(['type'], rate(ofOneContainer(container.refaults))), legend: '{{type}}' }]).span(8).height(8),
  ],
};

const activity = {
  title: 'Faults, IO, processor',
  panels: [
    lines({
      title: 'Page faults',
      description: 'Page faults a second: minor ones found the page in memory, major ones waited for storage.',
      unit: units.CountsPerSecond,
    }, [{ expr: `topk($top, ${rate(ofOne(process.pageFaults))})`, legend: `{{fault}}: ${legend}` }]).span(12).height(8),
    lines({
      title: 'Storage IO',
      description: 'Bytes a second that the processes made the kernel fetch from storage, and below the axis those that they made it write, now or later.',
      unit: units.BytesPerSecondSI,
    }, [
      { expr: `topk($top, ${rate(ofOne(process.storageIO, 'direction="read"'))})`, legend: `read: ${legend}` },
      { expr: `topk($top, ${rate(ofOne(process.storageIO, 'direction="write"'))})`, legend: `written: ${legend}` },
    ]).withOverride(below('B')).span(12).height(8),
    lines({
      title: 'Processor time',
      description: 'Seconds of processor time a second, of all threads: 1 is one processor in use all the time.',
      unit: units.Short,
    }, [{ expr: `topk($top, ${rate(ofOne(process.cpuTime))})`, legend: `{{mode}}: ${legend}` }]).span(8).height(8),
    lines({
      title: 'Read and write calls',
      description: 'Calls of read and write a second, to anything: files, pipes, sockets, terminals.',
      unit: units.OpsPerSecond,
    }, [{ expr: `topk($top, ${rate(ofOne(process.ioSyscalls))})`, legend: `{{direction}}: ${legend}` }]).span(8).height(8),
    lines({
      title: 'Context switches',
      description: 'Times a second that a thread waited for something (voluntary), or the kernel made it let others run (involuntary).',
      unit: units.CountsPerSecond,
    }, [{ expr: `topk($top, ${rate(ofOne(process.contextSwitches))})`, legend: `{{switch}}: ${legend}` }]).span(8).height(8),
  ],
};

const onRequest = {
  title: 'What memsnoop tells on request: smaps, oom, info, events',
  collapsed: true,
  panels: [
    lines({
      title: 'Proportional memory and swap',
      description: 'Each resident page divided by the number of processes that map it, so that these numbers can be summed; memory in swap; huge pages. Only with --collector.smaps.',
      unit: units.BytesIEC,
    }, [
      { expr: `topk($top, ${ofOne(process.proportional)})`, legend: `proportional: ${legend}` },
      { expr: `topk($top, ${ofOne(process.swap)})`, legend: `swap: ${legend}` },
      { expr: `topk($top, ${ofOne(process.huge)})`, legend: `huge pages: ${legend}` },
    ]).span(12).height(8),
    lines({
      title: 'Events',
      description: 'Events a second that the kernel or the processor counted, such as instructions or cache misses. Only those that --event names.',
      unit: units.CountsPerSecond,
    }, [{ expr: `topk($top, ${rate(ofOne(process.counter))})`, legend: `{{event}}: ${legend}` }]).span(12).height(8),
    lines({
      title: 'Out-of-memory score',
      description: 'When memory runs out, the kernel kills the process with the highest score first; in a control group at its limit, the one with the highest there. Only with --collector.oom.',
      unit: units.Short,
    }, [{ expr: `topk($top, ${ofOne(process.oomScore)})`, legend }]).span(12).height(8),
    rows({
      title: 'Programs and users',
      description: 'The program file and the user of each process, which tells processes of one name apart. Only with --collector.info.',
    }, [
      { label: 'instance', title: 'Host' },
      { label: 'pid', title: 'Pid' },
      { label: 'comm', title: 'Process' },
      { label: 'exe', title: 'Program' },
      { label: 'user', title: 'User' },
    ], [{ title: 'Is there', expr: `count by (instance, pid, comm, exe, user) (${ofOne(process.info)})`, unit: units.Short }], 'Is there').span(12).height(8),
  ],
};

export const processDashboard = () => build(
  [
    variables.source(), variables.cluster(), variables.job(), variables.instance(), variables.namespace(), variables.pod(), variables.container(),
    variables.comm(variables.ofContainerOfPod), variables.pid(), variables.age(), variables.top(),
  ].reduce(
    (builder, variable) => builder.withVariable(variable),
    dashboard(uids.process, 'MemSnoop: container and process', 'What one process, or the processes of one container, hold and use.')
      .annotation(exporterStarts()).annotation(containerRestarts()).annotation(oomKills()),
  ),
  [now, memory, charged, activity, onRequest],
);
