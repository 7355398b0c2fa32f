/**
 * The same dashboard in Grafana's second form: a resource of dashboard.grafana.app, in which panels have names, rows have layouts of their own, and what belongs to a plugin is in a
 * `spec` beside the plugin's name.
 */
import * as classic from '@grafana/grafana-foundation-sdk/dashboard';
import * as v2 from '@grafana/grafana-foundation-sdk/dashboardv2';

const elementName = (panel: classic.Panel) => `panel-${panel.id}`;

const reference = (source: classic.DataSourceRef) => ({ name: source.uid });

/** A query for a data source: what it is asked, without what says where. */
function dataQuery(source: classic.DataSourceRef, spec: object): v2.DataQueryKind {
  return { kind: 'DataQuery', group: source.type!, version: 'v0', datasource: reference(source), spec };
}

function panelQuery(target: object): v2.PanelQueryKind {
  const { datasource, refId, hide, ...spec } = target as { datasource: classic.DataSourceRef; refId: string; hide?: boolean };
  return { kind: 'PanelQuery', spec: { refId, hidden: hide ?? false, query: dataQuery(datasource, spec) } };
}

function panelKind(panel: classic.Panel): v2.PanelKind {
  return {
    kind: 'Panel',
    spec: {
      id: panel.id!,
      title: panel.title!,
      description: panel.description!,
      links: [],
      data: {
        kind: 'QueryGroup',
        spec: {
          queries: (panel.targets ?? []).map(panelQuery),
          transformations: (panel.transformations ?? []).map(({ id, options }) => ({ kind: 'Transformation', group: id, spec: { options } })),
          queryOptions: {},
        },
      },
      vizConfig: {
        kind: 'VizConfig',
        group: panel.type,
        version: '',
        spec: { options: panel.options ?? {}, fieldConfig: panel.fieldConfig as unknown as v2.FieldConfigSource },
      },
    },
  };
}

function item(panel: classic.Panel, top: number): v2.GridLayoutItemKind {
  const { x, y, w, h } = panel.gridPos!;
  return { kind: 'GridLayoutItem', spec: { x, y: y - top, width: w, height: h, element: { kind: 'ElementReference', name: elementName(panel) } } };
}

/** The classic form has open rows before their panels, and closed ones around them. */
function rowsOf(dashboard: classic.Dashboard): { row: classic.RowPanel; panels: classic.Panel[] }[] {
  const rows: { row: classic.RowPanel; panels: classic.Panel[] }[] = [];
  for (const panel of dashboard.panels!) {
    if ('panels' in panel) {
      rows.push({ row: panel, panels: [...panel.panels] });
    } else {
      rows.at(-1)!.panels.push(panel);
    }
  }

  return rows;
}

const hides: v2.VariableHide[] = [v2.VariableHide.DontHide, v2.VariableHide.HideLabel, v2.VariableHide.HideVariable];
const refreshes: v2.VariableRefresh[] = [v2.VariableRefresh.Never, v2.VariableRefresh.OnDashboardLoad, v2.VariableRefresh.OnTimeRangeChanged];
const sorts: v2.VariableSort[] = [
  v2.VariableSort.Disabled, v2.VariableSort.AlphabeticalAsc, v2.VariableSort.AlphabeticalDesc, v2.VariableSort.NumericalAsc, v2.VariableSort.NumericalDesc,
];
const syncs: v2.DashboardCursorSync[] = [v2.DashboardCursorSync.Off, v2.DashboardCursorSync.Crosshair, v2.DashboardCursorSync.Tooltip];

function variable(model: classic.VariableModel): v2.VariableKind {
  const common = {
    name: model.name,
    label: model.label,
    description: model.description,
    hide: hides[model.hide ?? 0],
    skipUrlSync: model.skipUrlSync ?? false,
    multi: model.multi ?? false,
    includeAll: model.includeAll ?? false,
    allowCustomValue: true,
    current: { text: model.current?.text ?? '', value: model.current?.value ?? '' },
  };
  switch (model.type) {
    case classic.VariableType.Datasource:
      return {
        kind: 'DatasourceVariable',
        spec: { ...common, pluginId: model.query as string, refresh: v2.VariableRefresh.OnDashboardLoad, regex: '', options: [] },
      };
    case classic.VariableType.Custom:
      return { kind: 'CustomVariable', spec: { ...common, query: model.query as string, options: (model.options ?? []).map((option) => ({ ...option })) } };
    case classic.VariableType.Query:
      return {
        kind: 'QueryVariable',
        spec: {
          ...common,
          query: dataQuery(model.datasource!, { query: model.query, refId: `variable-${model.name}` }),
          regex: model.regex ?? '',
          sort: sorts[model.sort ?? 0],
          refresh: refreshes[model.refresh ?? 0],
          allValue: model.allValue,
          options: [],
        },
      };
    default:
      throw new Error(`no variable of these dashboards is of the type ${model.type}`);
  }
}

function annotation({ name, datasource, enable, hide, iconColor, target, titleFormat, textFormat, useValueForTime }: classic.AnnotationQuery): v2.AnnotationQueryKind {
  return {
    kind: 'AnnotationQuery',
    spec: {
      name, enable, hide: hide ?? false, iconColor, builtIn: false,
      query: dataQuery(datasource!, target!),
      legacyOptions: { titleFormat, textFormat, useValueForTime },
    },
  };
}

function link({ title, type, icon, tooltip, url, tags, asDropdown, targetBlank, includeVars, keepTime }: classic.DashboardLink): v2.DashboardLink {
  return {
    title, icon, tooltip, url: url ?? '', tags, asDropdown, targetBlank, includeVars, keepTime,
    type: type === classic.DashboardLinkType.Dashboards ? v2.DashboardLinkType.Dashboards : v2.DashboardLinkType.Link,
  };
}

export function resource(dashboard: classic.Dashboard) {
  const rows = rowsOf(dashboard);
  const spec: v2.Dashboard = {
    title: dashboard.title!,
    description: dashboard.description,
    tags: dashboard.tags!,
    editable: false,
    preload: false,
    cursorSync: syncs[dashboard.graphTooltip ?? 0],
    timeSettings: {
      ...v2.defaultTimeSettingsSpec(),
      timezone: dashboard.timezone!,
      from: dashboard.time!.from,
      to: dashboard.time!.to,
      autoRefresh: dashboard.refresh!,
    },
    links: (dashboard.links ?? []).map(link),
    annotations: (dashboard.annotations.list ?? []).map(annotation),
    variables: (dashboard.templating.list ?? []).map(variable),
    elements: Object.fromEntries(rows.flatMap(({ panels }) => panels).map((panel) => [elementName(panel), panelKind(panel)])),
    layout: {
      kind: 'RowsLayout',
      spec: {
        rows: rows.map(({ row, panels }) => ({
          kind: 'RowsLayoutRow',
          spec: {
            title: row.title!,
            collapse: row.collapsed,
            layout: { kind: 'GridLayout', spec: { items: panels.map((panel) => item(panel, row.gridPos!.y + 1)) } },
          },
        })),
      },
    },
  };

  return { apiVersion: 'dashboard.grafana.app/v2', kind: 'Dashboard', metadata: { name: dashboard.uid! }, spec };
}
