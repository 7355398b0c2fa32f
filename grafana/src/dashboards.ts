/** What all dashboards have in common: how they are found, linked and laid out. */
import * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { ofExporters, onHosts } from './promql';
import { container, exporter, kubernetes } from './metrics';
import { datasource } from './variables';

const tag = 'memsnoop';

/** The address of each dashboard, for links. A dashboard's file is named by it. */
export const uids = {
  node: 'memsnoop-node',
  rightSizing: 'memsnoop-rightsizing',
  process: 'memsnoop-process',
  exporter: 'memsnoop-exporter',
} as const;

/** A dashboard without variables and panels. */
export const dashboard = (uid: string, title: string, description: string) => new sdk.DashboardBuilder(title)
  .id(null as unknown as number)   // of a database, which a file has no part in
  .uid(uid)
  .description(description)
  .tags([tag])
  .readonly()
  .tooltip(sdk.DashboardCursorSync.Crosshair)
  .timezone('browser')
  .time({ from: 'now-6h', to: 'now' })
  .refresh('1m')
  .link(new sdk.DashboardLinkBuilder('MemSnoop dashboards')
    .type(sdk.DashboardLinkType.Dashboards)
    .tags([tag])
    .icon('external link')
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true));

type PanelBuilder = cog.Builder<sdk.Panel> & { span(width: number): PanelBuilder; height(height: number): PanelBuilder };

/** A heading, and the panels under it in lines of 24 columns. */
export interface Row {
  title: string;
  /** Closed until somebody opens it, and its queries are asked only then. */
  collapsed?: boolean;
  panels: PanelBuilder[];
}

/** Adds rows to a dashboard, and numbers the panels in their order. */
export function build(builder: sdk.DashboardBuilder, rows: Row[]): sdk.Dashboard {
  for (const { title, collapsed, panels } of rows) {
    const row = new sdk.RowBuilder(title);
    if (collapsed) {
      panels.forEach((panel) => row.withPanel(panel));
      builder.withRow(row.collapsed(true));
    } else {
      builder.withRow(row);
      panels.forEach((panel) => builder.withPanel(panel));
    }
  }

  // The SDK writes the newest version of the form. The files use nothing that this one, which older Grafanas load, does not have; newer ones upgrade it.
  const built: sdk.Dashboard = { ...builder.build(), schemaVersion: 39 };
  let next = 1;
  const number = (panel: sdk.Panel | sdk.RowPanel) => {
    panel.id = next++;
    ('panels' in panel ? panel.panels : []).forEach(number);
  };
  built.panels?.forEach(number);

  // What the SDK says by default: that both are hidden in a menu, and something that only variables of intervals have.
  [...built.links ?? [], ...built.annotations.list ?? []].forEach((control) => delete control.placement);
  for (const variable of built.templating.list ?? []) {
    delete variable.auto;
    delete variable.auto_min;
    delete variable.auto_count;
  }

  return built;
}

/** Where a click on a name in a table leads: the dashboard of one process, for this host and what else the row tells. */
export const toProcess = (title: string, ...labels: string[]) => ({
  title,
  url: `/d/${uids.process}/${uids.process}?\${datasource:queryparam}&\${cluster:queryparam}&\${job:queryparam}&${
    labels.map((label) => `var-${variables[label] ?? label}=\${__data.fields.${label}}`).join('&')}&\${__url_time_range}`,
});

// A label that is chosen by a variable of another name.
const variables: Record<string, string> = { comm: 'process' };

/** What Grafana draws as vertical lines over all graphs. */
interface Marks {
  name: string;
  color: string;
  expr: string;
  title: string;
  text: string;
  /** The query's value is a time in milliseconds. */
  atValue?: boolean;
}

const marks = ({ name, color, expr, title, text, atValue }: Marks) => new sdk.AnnotationQueryBuilder()
  .name(name)
  .datasource(datasource)
  .enable(true)
  .hide(false)
  .iconColor(color)
  .target(new prometheus.DataqueryBuilder().refId('Anno').expr(expr).interval('1m'))
  .titleFormat(title)
  .textFormat(text)
  .useValueForTime(atValue ?? false);

export const exporterStarts = () => marks({
  name: 'Starts of memsnoop',
  color: 'blue',
  expr: ofExporters(`${onHosts(exporter.startTime)} * 1000`),
  title: 'memsnoop started',
  text: 'on {{instance}}',
  atValue: true,
});

export const containerRestarts = () => marks({
  name: 'Restarts of containers',
  color: 'orange',
  expr: `increase(${kubernetes.restarts}{cluster=~"$cluster", namespace=~"$namespace", container=~"$container"}[$__rate_interval]) > 0`,
  title: 'container restarted',
  text: '{{namespace}}/{{pod}} {{container}}',
});

export const oomKills = () => marks({
  name: 'Out of memory: processes killed',
  color: 'red',
  expr: `increase(${onHosts(container.events, 'event="oom_kill"', 'namespace=~"$namespace"')}[$__rate_interval]) > 0`,
  title: 'killed: out of memory',
  text: '{{namespace}}/{{pod}} {{container}} on {{instance}}',
});
