/** What can be chosen at the top of a dashboard. */
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import { memsnoop, process, recorded } from './metrics';
import { ofProcesses, onHosts } from './promql';

export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** The Prometheus that all else is asked of. Its label is the one that Grafana's linter of dashboards wants. */
export const source = () => new sdk.DatasourceVariableBuilder('datasource')
  .label('Data source')
  .description('The Prometheus that scrapes memsnoop.')
  .type('prometheus');

interface Choice {
  name: string;
  label: string;
  description: string;
  query: string;
  /** What stands for "all": whether a series may have no such label, or an empty one. */
  all: '.+' | '.*';
  regex?: string;
}

const choice = ({ name, label, description, query, all, regex }: Choice) => new sdk.QueryVariableBuilder(name)
  .label(label)
  .description(description)
  .datasource(datasource)
  .query(query)
  .regex(regex ?? '')
  .refresh(sdk.VariableRefresh.OnTimeRangeChanged)
  .sort(sdk.VariableSort.AlphabeticalAsc)
  .multi(true)
  .includeAll(true)
  .allValue(all)
  .current({ selected: true, text: ['All'], value: ['$__all'] });

/** Hidden, since most have one cluster and no such label. Links hand it on. */
export const cluster = () => choice({
  name: 'cluster',
  label: 'Cluster',
  description: 'Clusters, where series have a label for it.',
  query: `label_values(${memsnoop.buildInfo}, cluster)`,
  all: '.*',
}).hide(sdk.VariableHide.HideVariable);

export const job = () => choice({
  name: 'job',
  label: 'Job',
  description: 'Scrape jobs of memsnoop.',
  query: `label_values(${memsnoop.buildInfo}{cluster=~"$cluster"}, job)`,
  all: '.+',
});

export const instance = () => choice({
  name: 'instance',
  label: 'Instance',
  description: 'Hosts.',
  query: `label_values(${memsnoop.buildInfo}{job=~"$job", cluster=~"$cluster"}, instance)`,
  all: '.+',
});

export const namespace = () => choice({
  name: 'namespace',
  label: 'Namespace',
  description: 'Namespaces of Kubernetes. All of them includes what is in no container.',
  query: `label_values(${onHosts(process.resident)}, namespace)`,
  all: '.*',
});

export const pod = () => choice({
  name: 'pod',
  label: 'Pod',
  description: 'Pods. All of them includes what is in no container.',
  query: `label_values(${onHosts(process.resident, 'namespace=~"$namespace"')}, pod)`,
  all: '.*',
});

export const container = () => choice({
  name: 'container',
  label: 'Container',
  description: 'Containers, by their names in the pod. All of them includes what is in no container.',
  query: `label_values(${onHosts(process.resident, 'namespace=~"$namespace"', 'pod=~"$pod"')}, container)`,
  all: '.*',
});

export const workload = () => choice({
  name: 'workload',
  label: 'Workload',
  description: 'What owns pods: deployments, stateful sets, daemon sets, cron jobs.',
  query: `label_values(${recorded.request}{cluster=~"$cluster", namespace=~"$namespace"}, workload)`,
  all: '.+',
});

/** Containers by the names that Kubernetes has for them, of pods that need not run any more. */
export const containerOfWorkload = () => choice({
  name: 'container',
  label: 'Container',
  description: 'Containers, by their names in the pod.',
  query: `label_values(${recorded.request}{cluster=~"$cluster", namespace=~"$namespace", workload=~"$workload"}, container)`,
  all: '.*',
});

export const comm = (of = ofProcessesOfNamespace) => choice({
  name: 'process',
  label: 'Process',
  description: 'Names of processes, as ps -o comm shows them. A name may be empty.',
  query: `label_values(${of(process.resident)}, comm)`,
  all: '.*',
});

const ofProcessesOfNamespace = (metric: string) => onHosts(metric, 'namespace=~"$namespace"');

export const ofContainerOfPod = (metric: string) => onHosts(metric, 'namespace=~"$namespace"', 'pod=~"$pod"', 'container=~"$container"');

/** Shown with their names, since a number alone says nothing. */
export const pid = () => choice({
  name: 'pid',
  label: 'Pid',
  description: 'Processes, by name and number.',
  query: `query_result(label_join(count by (comm, pid) (${ofProcesses(process.resident, 'pod=~"$pod"', 'container=~"$container"')}), "process", " ", "comm", "pid"))`,
  regex: '/pid="(?<value>[^"]+)",process="(?<text>[^"]*)"/',
  all: '.+',
});

/** The ages that memsnoop reports (--idle-ages), without 0, which is all memory. */
export const age = () => new sdk.QueryVariableBuilder('age')
  .label('Idle for (s)')
  .description('From which age on memory counts as idle, in seconds. These are the ages that memsnoop reports (--idle-ages).')
  .datasource(datasource)
  .query(`label_values(${onHosts(process.idle)}, age)`)
  .regex('/^(?!0$).+/')
  .refresh(sdk.VariableRefresh.OnTimeRangeChanged)
  .sort(sdk.VariableSort.NumericalAsc)
  .multi(false)
  .includeAll(false)
  .current({ selected: true, text: '300', value: '300' });

const fixed = (name: string, label: string, description: string, values: string[], current: string) => new sdk.CustomVariableBuilder(name)
  .label(label)
  .description(description)
  .values(values.join(','))
  .multi(false)
  .includeAll(false)
  .options(values.map((value) => ({ selected: value === current, text: value, value })))
  .current({ selected: true, text: current, value: current });

export const top = () => fixed('top', 'Largest', 'How many rows or lines a panel of the largest shows.', ['5', '10', '20', '50'], '10');
