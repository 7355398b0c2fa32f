/** The parts that queries are made of. */
import { cadvisor, container, kubernetes, memsnoop, node, process, recorded } from './metrics';

/** Takes a metric's name, and matchers beside its own, and makes a selector. */
export type Scope = (metric: string, ...matchers: string[]) => string;

const cluster = 'cluster=~"$cluster"';
const hosts = ['job=~"$job"', 'instance=~"$instance"', cluster];

const scope = (...always: string[]): Scope => (metric, ...matchers) => `${metric}{${[...always, ...matchers].join(', ')}}`;

/** The chosen hosts, in series of memsnoop. */
export const onHosts = scope(...hosts);

/** The chosen hosts in series of node_exporter, which has a job of its own, and the same names of hosts. */
export const onNodes = scope('instance=~"$instance"', cluster);

/** The chosen processes of the chosen hosts. */
export const ofProcesses = scope(...hosts, 'namespace=~"$namespace"', 'comm=~"$process"');

/** The containers of the chosen namespaces. Processes outside containers have the labels too, and they are empty. */
export const ofContainers = scope(...hosts, 'namespace=~"$namespace"', 'container_id!=""');

/** One process, or all of one container. */
export const ofOne = scope(...hosts, 'namespace=~"$namespace"', 'pod=~"$pod"', 'container=~"$container"', 'comm=~"$process"', 'pid=~"$pid"');

/** The container of that process, which has neither name nor pid. */
export const ofOneContainer = scope(...hosts, 'namespace=~"$namespace"', 'pod=~"$pod"', 'container=~"$container"', 'container_id!=""');

/** The containers of pods, without those that only hold a pod's namespaces. */
export const ofPods = scope(...hosts, 'namespace=~"$namespace"', 'container=~"$container"', 'container!~"|POD"');

/** The same in series of kube-state-metrics and cAdvisor, which have jobs and instances of their own. */
export const ofKubernetes = scope(cluster, 'namespace=~"$namespace"', 'container=~"$container"', 'container!~"|POD"');

/** Workloads in series that the rules record. */
export const ofWorkloads = scope(cluster, 'namespace=~"$namespace"', 'workload=~"$workload"', 'container=~"$container"');

/** Pods in such series. */
const ofRecordedPods = scope(cluster, 'namespace=~"$namespace"', 'workload=~"$workload"');

/**
 * What memsnoop's jobs have in series that every job has, such as `up` and those of its own process. With all jobs chosen, the matcher takes those of others too. A target that is
 * down has no series of memsnoop itself.
 */
export const ofExporters = (expression: string) => `${expression} and on (job) present_over_time(${onHosts(memsnoop.buildInfo)}[1d])`;

export const rate = (selector: string) => `rate(${selector}[$__rate_interval])`;

export const increase = (selector: string, range = '$__rate_interval') => `increase(${selector}[${range}])`;

export const sumBy = (labels: readonly string[], expression: string) => `sum by (${labels.join(', ')}) (${expression})`;

export const maxBy = (labels: readonly string[], expression: string) => `max by (${labels.join(', ')}) (${expression})`;

/** The largest of what a second query finds, from the first: both have the same labels. */
export const ofLargest = (expression: string, size: string) => `(${expression}) and topk($top, ${size})`;

/** What each process used. Where something disturbed a window, the most that it can have been. */
export const used = (of: Scope, ...matchers: string[]) =>
  `(sum without (kind) (${of(process.workingSet, ...matchers)}) or sum without (kind) (${of(process.workingSetUpper, ...matchers)}))`;

/** How far off that can be, at most: the errors of its kinds together. There is none where it is exact, nor where it has bounds. */
export const usedError = (of: Scope) => `sum without (kind) (${of(process.workingSetError)})`;

/** The least and the most of an estimate. Nothing where what was used is exact. */
export const usedLeast = (of: Scope) => `clamp_min(${used(of)} - ${usedError(of)}, 0)`;

export const usedMost = (of: Scope) => `${used(of)} + ${usedError(of)}`;

/** What has been idle for at least an age. Age 0 is all that is held. */
export const idleFor = (of: Scope, age = '$age') => `sum without (age) (${of(process.idle, `age="${age}"`)})`;

/**
 * What containers hold and use as the kernel charges it. Where that cannot be told (it needs the idle bitmap), the sum over their processes, in which shared
 * pages count several times.
 */
export const containerHeld = (of: Scope, labels: readonly string[]) =>
  `(${sumBy(labels, of(container.idle, 'age="0"'))} or ${sumBy(labels, of(process.resident))})`;

export const containerUsed = (of: Scope, labels: readonly string[]) =>
  `(${sumBy(labels, `${of(container.used)} or ${of(container.usedUpper)}`)} or ${sumBy(labels, `${of(process.workingSet)} or ${of(process.workingSetUpper)}`)})`;

/** How far off that can be, of the same of the two: the errors of processes do not count where the container is charged. */
export const containerUsedError = (of: Scope, labels: readonly string[]) =>
  `(${sumBy(labels, of(container.usedError))} or (${sumBy(labels, of(process.workingSetError))} unless ${sumBy(labels, `${of(container.used)} or ${of(container.usedUpper)}`)}))`;

export const containerIdle = (of: Scope, labels: readonly string[], age = '$age') =>
  `(${sumBy(labels, of(container.idle, `age="${age}"`))} or ${sumBy(labels, idleFor(of, age))})`;

// What tells a container from all others. Hosts with the idle bitmap and hosts without it are in one sum only if each container is counted in its own way first.
const eachContainer = ['cluster', 'job', 'instance', 'namespace', 'pod', 'container', 'container_id'];

/** The same, summed up over containers. */
export const containersIdle = (of: Scope, labels: readonly string[]) => sumBy(labels, containerIdle(of, eachContainer));

/** The same for each age. */
export const containersIdleByAge = (of: Scope) =>
  sumBy(['age'], `${sumBy([...eachContainer, 'age'], of(container.idle))} or ${sumBy([...eachContainer, 'age'], of(process.idle))}`);

/**
 * Idle ages as the buckets of a histogram, for a heat map: what has been idle for less than `le` seconds. memsnoop publishes what has been idle for at least
 * `age`, and age 0 is everything.
 */
export function idleBuckets(of: Scope, metric: string = process.idle): string {
  const all = `sum(${of(metric, 'age="0"')})`;
  const younger = `${all} - on () group_right () sum by (age) (${of(metric, 'age!="0"')})`;
  return `sum by (le) (label_replace(${younger}, "le", "$1", "age", "(.+)") or label_replace(${all}, "le", "+Inf", "", ""))`;
}

/** Memory of the kernel itself. */
export const kernelMemory = () => [node.slab, node.kernelStack, node.pageTables].map((metric) => onNodes(metric)).join(' + ');

/** Page cache, and files in tmpfs, that no process maps. */
export const unmappedCache = () =>
  `clamp_min(${onNodes(node.cached)} + ${onNodes(node.buffers)} - ${onNodes(node.mapped)}, 0)`;

/** What tells one container of a pod from another, whatever replaces the pod. */
export const workloadLabels = ['cluster', 'namespace', 'workload', 'workload_type', 'container'] as const;

export const podLabels = ['cluster', 'namespace', 'pod', 'container'] as const;

/** Of the containers of a workload's pods, the one with most. The rules say which workload a pod belongs to. */
export const perWorkload = (perContainer: string) =>
  maxBy(workloadLabels, `(${perContainer}) * on (cluster, namespace, pod) group_left (workload, workload_type) ${ofRecordedPods(recorded.owner)}`);

// Scraped twice, kube-state-metrics has each series twice.
export const podRequest = () => maxBy(podLabels, ofKubernetes(kubernetes.requests, 'resource="memory"'));

export const podLimit = () => maxBy(podLabels, ofKubernetes(kubernetes.limits, 'resource="memory"'));

export const podWorkingSetOfCadvisor = () => maxBy(podLabels, ofKubernetes(cadvisor.workingSet));
