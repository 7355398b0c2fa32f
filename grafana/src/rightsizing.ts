/** How much memory workloads ask for, need, and could do with. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { build, containerRestarts, dashboard, oomKills, toProcess, uids } from './dashboards';
import { container, recorded } from './metrics';
import { bound, lines, nested, numbers, rows, stacked, steps } from './panels';
import {
  containerHeld, containersIdleByAge, containerUsed, containerUsedError, increase, maxBy, ofKubernetes, ofPods, ofWorkloads, perWorkload, podLabels, podLimit, podRequest, podWorkingSetOfCadvisor, rate,
  sumBy, workloadLabels,
} from './promql';
import * as variables from './variables';

const usedNow = `sum(${ofKubernetes(recorded.usedByPod)})`;
const usedErrorNow = `sum(${ofKubernetes(recorded.usedErrorByPod)})`;
const surplus = `${ofWorkloads(recorded.waste)} * on (${workloadLabels.join(', ')}) ${ofWorkloads(recorded.pods)}`;
// Without its name: rows of several queries become one where all labels agree.
const byWorkload = (metric: string) => maxBy(workloadLabels, ofWorkloads(metric));
const containerLabels = ['instance', 'namespace', 'pod', 'container', 'container_id'];
const largest = (expression: string) => `(${expression}) and topk($top, ${containerHeld(ofPods, containerLabels)})`;
const asCharged = 'as the kernel charges it; without the idle bitmap, the sum over its processes';

const answer = {
  title: 'What could be given back',
  panels: [
    numbers({
      title: 'Requested',
      description: 'Memory requests of the chosen containers, over all their pods. From kube-state-metrics.',
      unit: units.BytesIEC,
    }, [{ expr: `sum(${podRequest()})`, legend: 'requested' }]).span(4).height(4),
    numbers({
      title: 'Working set by cAdvisor',
      description: 'What the kubelet and most tools go by: usage without inactive file cache. It counts memory that nobody has used for hours.',
      unit: units.BytesIEC,
    }, [{ expr: `sum(${podWorkingSetOfCadvisor()})`, legend: 'cAdvisor' }]).span(4).height(4),
    numbers({
      title: 'Really used now',
      description: `What was accessed in the last window, ${asCharged}. Over all pods of the chosen containers. ±: where it is an estimate (--cpu-budget), how far off it can be.`,
      unit: units.BytesIEC,
    }, [
      { expr: usedNow, legend: 'used' },
      { expr: usedErrorNow, legend: '±' },
    ]).span(4).height(4),
    numbers({
      title: 'Could be given back',
      description: 'Sum over the workloads of what is requested beyond the recommendation. Workloads whose request is too small are left out.',
      unit: units.BytesIEC,
    }, [{ expr: `sum(clamp_min(${surplus}, 0))`, legend: 'surplus' }]).thresholds(steps('blue')).span(4).height(4),
    numbers({
      title: 'Requests too small',
      description: 'Workloads that needed more, with the margin, than they request. They live on what others leave.',
      unit: units.Short,
    }, [{ expr: `count(${surplus} < 0) or vector(0)`, legend: 'workloads' }]).thresholds(steps('green', [1, 'orange'])).span(4).height(4),
    numbers({
      title: 'No recommendation',
      description: 'Workloads that have none, by reason: the table below says which, and what the reasons mean.',
      unit: units.Short,
    }, [{ expr: `count by (reason) (${ofWorkloads(recorded.withheld)})`, legend: '{{reason}}' }]).span(4).height(4),
    rows({
      title: 'Right-sizing by workload',
      description: 'For one pod each, the one with most. Most: of what was used in a week, with ±, the error of estimates. Recommended: that with the kernel\'s own memory, and 15 %. Surplus: request less recommendation, over all pods; red requests too little. ' +
        'Leave alone what waits for memory, has refaults or was killed. Anonymous idle memory can only be taken away where there is swap. An empty recommendation has its reason below.',
    }, [
      { label: 'namespace', title: 'Namespace' },
      { label: 'workload', title: 'Workload' },
      { label: 'workload_type', title: 'Type' },
      { label: 'container', title: 'Container', link: toProcess('Its processes', 'namespace', 'container') },
    ], [
      { title: 'Surplus', expr: surplus, unit: units.BytesIEC, thresholds: steps('red', [0, 'blue']).build() },
      { title: 'Request', expr: byWorkload(recorded.request), unit: units.BytesIEC },
      { title: 'Limit', expr: byWorkload(recorded.limit), unit: units.BytesIEC },
      { title: 'cAdvisor', expr: perWorkload(podWorkingSetOfCadvisor()), unit: units.BytesIEC },
      { title: 'Used', expr: byWorkload(recorded.used), unit: units.BytesIEC },
      { title: '±', expr: perWorkload(ofKubernetes(recorded.usedErrorByPod)), unit: units.BytesIEC },
      { title: 'p98', expr: byWorkload(recorded.p98), unit: units.BytesIEC },
      { title: 'Most', expr: byWorkload(recorded.most), unit: units.BytesIEC },
      { title: 'Recommended', expr: byWorkload(recorded.recommendation), unit: units.BytesIEC, thresholds: steps('blue').build() },
      { title: 'Waiting', expr: perWorkload(maxBy(podLabels, rate(ofPods(container.pressure, 'type="some"')))), unit: units.PercentUnit, decimals: 1, thresholds: steps('text', [0.01, 'orange']).build() },
      { title: 'Refaults', expr: perWorkload(sumBy(podLabels, rate(ofPods(container.refaults)))), unit: units.BytesPerSecondSI, thresholds: steps('text', [1048576, 'orange']).build() },
      { title: 'OOM kills', expr: perWorkload(sumBy(podLabels, increase(ofPods(container.events, 'event="oom_kill"'), '1d'))), unit: units.Short, decimals: 0, thresholds: steps('text', [1, 'red']).build() },
    ], 'Surplus').span(24).height(12),
    rows({
      title: 'Workloads without a recommendation',
      description: 'too_short: nothing is known from before the last day. growing: the last day needed more than the six days before it, or private memory piles up. ' +
        'period: what is known may be less than one of its periods. oom_killed, pressure: its limit has cut off what it would have used. ' +
        'not_measured: it has a request, and memsnoop has no number.',
    }, [
      { label: 'namespace', title: 'Namespace' },
      { label: 'workload', title: 'Workload' },
      { label: 'container', title: 'Container' },
      { label: 'reason', title: 'Reason' },
    ], [{ title: 'Withheld', expr: `max by (namespace, workload, container, reason) (${ofWorkloads(recorded.withheld)})`, unit: units.Short }], 'Withheld').span(12).height(9),
    lines({
      title: 'Used by workload',
      description: `What was accessed in the last window, ${asCharged}. Of the pods of a workload the one with most, for the workloads with most. Dashed: the most of an estimate.`,
      unit: units.BytesIEC,
    }, [
      { expr: `topk($top, ${ofWorkloads(recorded.used)})`, legend: '{{namespace}}/{{workload}} {{container}}' },
      { expr: `topk($top, ${ofWorkloads(recorded.usedMost)})`, legend: 'at most: {{namespace}}/{{workload}} {{container}}' },
    ]).withOverride(bound('B')).span(12).height(9),
  ],
};

const overTime = {
  title: 'Over time',
  panels: [
    lines({
      title: 'Requested, held, used',
      description: 'Sums over the pods of the chosen containers. Between request and used is what could be given back; between cAdvisor\'s working set and used is what other tools take for needed. ' +
        'Held is all that the kernel charges, used or not. Dashed: request, limit, and the most that used can be, where it is an estimate.',
      unit: units.BytesIEC,
    }, [
      { expr: `sum(${podRequest()})`, legend: 'request' },
      { expr: `sum(${podLimit()})`, legend: 'limit' },
      { expr: `sum(${podWorkingSetOfCadvisor()})`, legend: 'working set by cAdvisor' },
      { expr: `sum(${containerHeld(ofPods, podLabels)})`, legend: 'held' },
      { expr: usedNow, legend: 'used' },
      { expr: `${usedNow} + ${usedErrorNow}`, legend: 'used, at most' },
    ]).withOverride(bound('A')).withOverride(bound('B')).withOverride(bound('F')).span(8).height(9),
    nested({
      title: 'Idle memory by age',
      description: 'Memory charged to the chosen containers that was not accessed for at least so long, whatever its kind; without the idle bitmap, that of their processes. ' +
        'Each area contains those below it; 0 s is all that they hold.',
      unit: units.BytesIEC,
    }, [{ expr: containersIdleByAge(ofPods), legend: 'at least {{age}} s' }]).span(8).height(9),
    stacked({
      title: 'Used, by kind',
      description: 'Memory that was accessed in the last window, as it is charged: anon is private memory, file mapped files, shmem shared memory and tmpfs, cache files that nobody maps. ' +
        'Where something disturbed a window, the most that it can have been. Dashed: the most that all kinds can be together, where they are estimates.',
      unit: units.BytesIEC,
    }, [
      { expr: sumBy(['kind'], `${ofPods(container.used)} or ${ofPods(container.usedUpper)}`), legend: '{{kind}}' },
      { expr: `sum(${ofPods(container.used)} or ${ofPods(container.usedUpper)}) + sum(${ofPods(container.usedError)})`, legend: 'at most' },
    ]).withOverride(bound('B')).span(8).height(9),
  ],
};

const hurts = {
  title: 'Does it hurt already?',
  panels: [
    lines({
      title: 'Waiting for memory',
      description: 'Which part of the time at least one task of a container waited for memory (pressure stall information). Above some percent, give memory and take none.',
      unit: units.PercentUnit,
    }, [{ expr: `topk($top, ${maxBy(podLabels, rate(ofPods(container.pressure, 'type="some"')))})`, legend: '{{namespace}}/{{pod}} {{container}}' }]).span(12).height(9),
    lines({
      title: 'Refaults',
      description: 'Bytes a second that came back soon after the kernel had taken them away. Memory that is refaulted is needed, whatever its age looks like.',
      unit: units.BytesPerSecondSI,
    }, [{ expr: `topk($top, ${sumBy(podLabels, rate(ofPods(container.refaults)))})`, legend: '{{namespace}}/{{pod}} {{container}}' }]).span(12).height(9),
    lines({
      title: 'Idle memory that was accessed again',
      description: 'Bytes a second of memory of the chosen containers that had been idle for at least so long when they were accessed. Taking away all that is idle for that long would cost so much.',
      unit: units.BytesPerSecondSI,
    }, [{ expr: sumBy(['age'], rate(ofPods(container.reaccessed))), legend: 'after at least {{age}} s' }]).span(12).height(9),
    lines({
      title: 'Events at the bounds',
      description: 'How often a second containers ran into a bound of their memory: high and max had memory reclaimed, oom failed, and with oom_kill a process was killed.',
      unit: units.CountsPerSecond,
    }, [{ expr: sumBy(['event'], rate(ofPods(container.events))), legend: '{{event}}' }]).span(12).height(9),
  ],
};

const each = {
  title: 'Containers, one by one',
  panels: [
    rows({
      title: 'Containers by what they hold',
      description: 'The containers that hold most, with the limit that their control group has and the request, where memsnoop is told it. It needs neither rules nor another exporter. ' +
        '±: how far off used can be, where it is an estimate. A click on a container shows its processes.',
    }, [
      { label: 'instance', title: 'Host' },
      { label: 'namespace', title: 'Namespace' },
      { label: 'pod', title: 'Pod' },
      { label: 'container', title: 'Container', link: toProcess('Its processes', 'instance', 'namespace', 'pod', 'container') },
      { label: 'container_id', title: 'Container id' },
    ], [
      { title: 'Request', expr: largest(sumBy(containerLabels, ofPods(container.request))), unit: units.BytesIEC },
      { title: 'Limit', expr: largest(sumBy(containerLabels, ofPods(container.limit))), unit: units.BytesIEC },
      { title: 'Usage', expr: largest(sumBy(containerLabels, ofPods(container.usage))), unit: units.BytesIEC },
      { title: 'Held', expr: largest(containerHeld(ofPods, containerLabels)), unit: units.BytesIEC },
      { title: 'Used', expr: largest(containerUsed(ofPods, containerLabels)), unit: units.BytesIEC },
      { title: '±', expr: largest(containerUsedError(ofPods, containerLabels)), unit: units.BytesIEC },
      { title: 'Kernel', expr: largest(sumBy(containerLabels, ofPods(container.kernel))), unit: units.BytesIEC },
      { title: 'Reclaimable', expr: largest(sumBy(containerLabels, ofPods(container.reclaimable))), unit: units.BytesIEC },
      { title: 'Swap', expr: largest(sumBy(containerLabels, ofPods(container.swap))), unit: units.BytesIEC },
    ], 'Held').span(24).height(9),
  ],
};

export const rightSizingDashboard = () => build(
  [
    variables.source(), variables.cluster(), variables.job(), variables.instance(), variables.namespace(), variables.workload(), variables.containerOfWorkload(), variables.top(),
  ].reduce(
    (builder, variable) => builder.withVariable(variable),
    dashboard(
      uids.rightSizing, 'MemSnoop: right-sizing',
      'What workloads request, what they really use, and what they could do with. It needs kube-state-metrics, cAdvisor and the rules of deploy/prometheus.')
      .annotation(containerRestarts()).annotation(oomKills()),
  ),
  [answer, overTime, hurts, each],
);
