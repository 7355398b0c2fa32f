/** The health of memsnoop itself: what works where, what it costs, what it leaves out. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { build, dashboard, exporterStarts, uids } from './dashboards';
import { exporter, memsnoop, process } from './metrics';
import { bound, lines, numbers, rows, states, steps } from './panels';
import { ofExporters, onHosts, rate, sumBy } from './promql';
import * as variables from './variables';

const now = {
  title: 'Now',
  panels: [
    numbers({
      title: 'Up',
      description: 'Exporters whose last scrape succeeded, and those whose last scrape failed.',
      unit: units.Short,
    }, [
      { expr: `sum(${ofExporters(onHosts(exporter.up))})`, legend: 'up' },
      { expr: `sum(${ofExporters(`1 - ${onHosts(exporter.up)}`)})`, legend: 'down' },
    ]).span(4).height(4),
    numbers({
      title: 'Measurements failing',
      description: 'Measurements whose last reading or pass failed, over all hosts.',
      unit: units.Short,
    }, [{ expr: `sum(1 - ${onHosts(memsnoop.measurementSuccess)})`, legend: 'failing' }]).thresholds(steps('green', [1, 'red'])).span(4).height(4),
    numbers({
      title: 'Processes watched',
      description: 'Processes that are watched, over all hosts.',
      unit: units.Short,
    }, [{ expr: `sum(${onHosts(memsnoop.processesWatched)})`, legend: 'processes watched' }]).span(4).height(4),
    numbers({
      title: 'Processes left out',
      description: 'Selected processes that are not watched: too small (--min-resident), or too many (--max-processes).',
      unit: units.Short,
    }, [{ expr: `sum(${onHosts(memsnoop.processesDropped)})`, legend: 'processes left out' }]).span(4).height(4),
    numbers({
      title: 'Windows overdue',
      description: 'By how much the next window of working sets is late on the host where it is latest. Above one interval, its numbers are stale.',
      unit: units.Seconds,
    }, [{ expr: `max(clamp_min(time() - ${onHosts(memsnoop.nextWindow)}, 0))`, legend: 'overdue' }]).thresholds(steps('green', [60, 'orange'], [180, 'red'])).span(4).height(4),
    numbers({
      title: 'Hosts by method',
      description: 'By which method the hosts measure working sets. A host that is in none has no working sets: the table below says why.',
      unit: units.Short,
    }, [{ expr: `count by (method) (${onHosts(memsnoop.measurementInfo, 'measurement="working-set"', 'state="on"')})`, legend: '{{method}}' }]).span(4).height(4),
  ],
};

const works = {
  title: 'What works where',
  panels: [
    states({
      title: 'Exporters',
      description: 'Whether each exporter could be scraped, over time.',
      unit: units.Short,
    }, [{ expr: sumBy(['instance'], ofExporters(onHosts(exporter.up))), legend: '{{instance}}' }]).span(12).height(8),
    states({
      title: 'Measurements',
      description: 'Whether the last reading or pass of each measurement succeeded, over time. On more hosts than one, whether it did on all.',
      unit: units.Short,
    }, [{ expr: `min by (measurement) (${onHosts(memsnoop.measurementSuccess)})`, legend: '{{measurement}}' }]).span(12).height(8),
    rows({
      title: 'Methods',
      description: 'On how many hosts each method is on, off, available (a better one is on) or unavailable, and why.',
    }, [
      { label: 'measurement', title: 'Measurement' },
      { label: 'method', title: 'Method' },
      { label: 'state', title: 'State' },
      { label: 'reason', title: 'Reason' },
    ], [{ title: 'Hosts', expr: `count by (measurement, method, state, reason) (${onHosts(memsnoop.measurementInfo)})`, unit: units.Short }], 'Hosts').span(12).height(9),
    rows({
      title: 'Names of containers',
      description: 'On how many hosts each source of the names of containers and pods is on, off or unavailable, and why.',
    }, [
      { label: 'source', title: 'Source' },
      { label: 'state', title: 'State' },
      { label: 'reason', title: 'Reason' },
    ], [{ title: 'Hosts', expr: `count by (source, state, reason) (${onHosts(memsnoop.containerNamesInfo)})`, unit: units.Short }], 'Hosts').span(12).height(9),
    rows({
      title: 'Versions',
      description: 'How many hosts run which version of memsnoop.',
    }, [
      { label: 'version', title: 'Version' },
      { label: 'revision', title: 'Revision' },
    ], [{ title: 'Hosts', expr: `count by (version, revision) (${onHosts(memsnoop.buildInfo)})`, unit: units.Short }], 'Hosts').span(8).height(7),
    rows({
      title: 'Transparent huge pages',
      description: 'How the hosts are set. Where it is always, one access makes 2 MB count, which is also the memory that the page takes.',
    }, [{ label: 'mode', title: 'Mode' }], [{
      title: 'Hosts',
      expr: `count by (mode) (${onHosts(memsnoop.transparentHugePageInfo)})`,
      unit: units.Short,
    }], 'Hosts').span(8).height(7),
    rows({
      title: 'Former names in use',
      description: 'Names that a later version will not know, and on how many hosts the configuration uses them. Empty is well.',
    }, [{ label: 'name', title: 'Name' }], [{ title: 'Hosts', expr: `count by (name) (${onHosts(memsnoop.deprecatedInfo)})`, unit: units.Short }], 'Hosts').span(8).height(7),
  ],
};

const leftOut = {
  title: 'What is left out',
  panels: [
    lines({
      title: 'Processes skipped, windows disturbed',
      description: 'How many processes a second a measurement skipped, by reason, and how many windows of working sets something disturbed. docs/working-set.md explains the reasons.',
      unit: units.CountsPerSecond,
    }, [{ expr: `topk($top, ${sumBy(['measurement', 'reason'], rate(onHosts(memsnoop.measurementSkipped)))})`, legend: '{{measurement}}: {{reason}}' }]).span(12).height(8),
    lines({
      title: 'Errors',
      description: 'Readings of processes that failed a second, for another reason than a process that ended or may not be read.',
      unit: units.CountsPerSecond,
    }, [{ expr: sumBy(['measurement', 'reason'], rate(onHosts(memsnoop.measurementErrors))), legend: '{{measurement}}: {{reason}}' }]).span(12).height(8),
    lines({
      title: 'Processes left out, by host',
      description: 'Selected processes that are not watched, by host and reason: too small (below_minimum), or too many (limit).',
      unit: units.Short,
    }, [{ expr: `topk($top, ${sumBy(['instance', 'reason'], onHosts(memsnoop.processesDropped))})`, legend: '{{instance}}: {{reason}}' }]).span(12).height(8),
    lines({
      title: 'Memory of processes left out',
      description: 'Resident memory of the hundred largest of them on each host. If this is much, raise --max-processes.',
      unit: units.BytesIEC,
    }, [{ expr: `topk($top, ${sumBy(['instance', 'reason'], onHosts(process.droppedResident))})`, legend: '{{instance}}: {{reason}}' }]).span(12).height(8),
  ],
};

const costs = {
  title: 'What it costs',
  panels: [
    lines({
      title: 'Length of readings and passes',
      description: 'How long the last reading of each measurement took, and the last pass of the working sets, on the host where it took longest.',
      unit: units.Seconds,
    }, [{ expr: `max by (measurement) (${onHosts(memsnoop.measurementDuration)})`, legend: '{{measurement}}' }]).span(12).height(8),
    lines({
      title: 'Processor time of readings and passes',
      description: 'Processor time of the last reading or pass, in the kernel and outside, on the host where it took most.',
      unit: units.Seconds,
    }, [{ expr: `max by (measurement) (${onHosts(memsnoop.measurementCpu)})`, legend: '{{measurement}}' }]).span(12).height(8),
    lines({
      title: 'What windows disturb, and how even they are',
      description: 'Spread: how much longer the window of one page was than that of another of the same process, at most. Stall: the longest time for which a process that wanted to map memory was held up ' +
        '(method referenced). Missed: passes that were left out since the one before had not ended.',
      unit: units.Seconds,
    }, [
      { expr: `max(${onHosts(memsnoop.windowSpread)})`, legend: 'spread' },
      { expr: `max(${onHosts(memsnoop.stall)})`, legend: 'stall' },
    ]).span(8).height(8),
    lines({
      title: 'Passes missed',
      description: 'Readings and passes a second that were left out since the one before had not ended. If this is not 0, choose longer intervals or fewer processes.',
      unit: units.CountsPerSecond,
    }, [{ expr: sumBy(['measurement'], rate(onHosts(memsnoop.measurementMissed))), legend: '{{measurement}}' }]).span(8).height(8),
    lines({
      title: 'Processor use of exporters',
      description: 'Seconds of processor time a second, for the exporters that take most.',
      unit: units.PercentUnit,
    }, [{ expr: `topk($top, ${ofExporters(rate(onHosts(exporter.cpu)))})`, legend: '{{instance}}' }]).span(8).height(8),
    lines({
      title: 'Memory of exporters',
      description: 'Resident memory of the exporters that hold most.',
      unit: units.BytesIEC,
    }, [{ expr: `topk($top, ${ofExporters(onHosts(exporter.resident))})`, legend: '{{instance}}' }]).span(8).height(8),
    lines({
      title: 'Open files of exporters',
      description: 'Which part of the file descriptors that an exporter may open it has open. Each watched process takes some.',
      unit: units.PercentUnit,
    }, [{ expr: `topk($top, ${ofExporters(`${onHosts(exporter.openFiles)} / ${onHosts(exporter.maxFiles)}`)})`, legend: '{{instance}}' }]).max(1).span(8).height(8),
    lines({
      title: 'Control groups without series',
      description: 'Control groups with memory that have no series of generations, because of --generations.max-cgroups.',
      unit: units.Short,
    }, [{ expr: `topk($top, ${onHosts(memsnoop.cgroupsDropped)})`, legend: '{{instance}}' }]).span(8).height(8),
  ],
};

const wire = {
  title: 'On the wire',
  panels: [
    lines({
      title: 'Length of scrapes',
      description: 'How long the scrapes took that took longest. Prometheus gives up at its scrape timeout.',
      unit: units.Seconds,
    }, [{ expr: `topk($top, ${ofExporters(onHosts(exporter.scrapeDuration))})`, legend: '{{instance}}' }]).span(8).height(8),
    lines({
      title: 'Series a scrape',
      description: 'Samples in a scrape, for the exporters with most, and dashed how many series the last scrape added: processes that come and go make new ones.',
      unit: units.Short,
    }, [
      { expr: `topk($top, ${ofExporters(onHosts(exporter.samples))})`, legend: '{{instance}}' },
      { expr: `sum(${ofExporters(onHosts(exporter.seriesAdded))})`, legend: 'added, all exporters' },
    ]).withOverride(bound('B')).span(8).height(8),
    lines({
      title: 'Push by OTLP',
      description: 'Pushes a second by outcome, and those left out since the one before had not ended. Empty where nothing is pushed.',
      unit: units.CountsPerSecond,
    }, [
      { expr: sumBy(['outcome'], rate(onHosts(memsnoop.otlpExports))), legend: '{{outcome}}' },
      { expr: `sum(${rate(onHosts(memsnoop.otlpMissed))})`, legend: 'missed' },
    ]).span(8).height(8),
    lines({
      title: 'Points pushed',
      description: 'Points a second: accepted by the receiver, rejected by it, or failed with a message that did not arrive.',
      unit: units.CountsPerSecond,
    }, [{ expr: sumBy(['outcome'], rate(onHosts(memsnoop.otlpPoints))), legend: '{{outcome}}' }]).span(12).height(8),
    lines({
      title: 'Length of pushes',
      description: 'How long the last push took, with its collection and the sending, for those that took longest.',
      unit: units.Seconds,
    }, [{ expr: `topk($top, ${onHosts(memsnoop.otlpDuration)})`, legend: '{{instance}}' }]).span(12).height(8),
    lines({
      title: 'Connections of clients',
      description: 'Connections that are open, as a share of the most that an exporter keeps, for those with the largest.',
      unit: units.PercentUnit,
    }, [{ expr: `topk($top, ${onHosts(memsnoop.httpConnections)} / ${onHosts(memsnoop.httpConnectionsLimit)})`, legend: '{{instance}}' }]).span(12).height(8),
    lines({
      title: 'Clients turned away',
      description: 'Connections and requests a second that were refused or broken off, by reason. Idle connections that are closed are normal.',
      unit: units.CountsPerSecond,
    }, [{ expr: sumBy(['reason'], rate(onHosts(memsnoop.httpRefused))), legend: '{{reason}}' }]).span(12).height(8),
  ],
};

export const exporterDashboard = () => build(
  [variables.source(), variables.cluster(), variables.job(), variables.instance(), variables.top()].reduce(
    (builder, variable) => builder.withVariable(variable),
    dashboard(uids.exporter, 'MemSnoop: exporter health', 'Whether memsnoop works, what it leaves out and what it costs.').annotation(exporterStarts()),
  ),
  [now, works, leftOut, costs, wire],
);
