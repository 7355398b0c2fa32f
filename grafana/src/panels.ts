/** Panels as these dashboards have them: each of a kind looks the same. */
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { datasource } from './variables';

export interface About {
  title: string;
  description: string;
  unit: string;
}

/** What is asked, and what its series are called. */
export interface Query {
  expr: string;
  legend: string;
}

const noData = 'no data';

const letter = (index: number) => String.fromCharCode('A'.charCodeAt(0) + index);

const target = ({ expr, legend }: Query, index: number) => new prometheus.DataqueryBuilder()
  .refId(letter(index))
  .datasource(datasource)
  .editorMode(prometheus.QueryEditorMode.Code)
  .expr(expr)
  .legendFormat(legend);

const lineTargets = (queries: Query[]) => queries.map((query, index) => target(query, index).range());

const pointTargets = (queries: Query[]) => queries.map((query, index) => target(query, index).instant());

const palette = () => new sdk.FieldColorBuilder().mode(sdk.FieldColorModeId.PaletteClassic);

/** Steps from the first colour on; a colour without a value begins at the least. */
export const steps = (first: string, ...more: [value: number, color: string][]) => new sdk.ThresholdsConfigBuilder()
  .mode(sdk.ThresholdsMode.Absolute)
  .steps([{ value: null, color: first }, ...more.map(([value, color]) => ({ value, color }))]);

/** Idle memory is an opportunity and no fault: shades of blue. */
export const idleShades = () => steps('light-blue', [0.3, 'blue'], [0.6, 'dark-blue']);

/** Lines over time. A process that ends leaves a gap, and no line to the next. */
export const lines = ({ title, description, unit }: About, queries: Query[]) => new timeseries.PanelBuilder()
  .title(title)
  .description(description)
  .datasource(datasource)
  .targets(lineTargets(queries))
  .unit(unit)
  .min(0)
  .noValue(noData)
  .colorScheme(palette())
  .drawStyle(common.GraphDrawStyle.Line)
  .lineWidth(1)
  .fillOpacity(0)
  .showPoints(common.VisibilityMode.Never)
  .spanNulls(false)
  .legend(new common.VizLegendOptionsBuilder().showLegend(true).displayMode(common.LegendDisplayMode.List).placement(common.LegendPlacement.Bottom).calcs([]))
  .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending));

/** Areas one upon the other, whose upper edge is their sum. */
export const stacked = (about: About, queries: Query[]) => lines(about, queries)
  .fillOpacity(40)
  .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));

/** Areas of which each contains the next, such as idle memory by age. */
export const nested = (about: About, queries: Query[]) => lines(about, queries).fillOpacity(15);

/** Numbers of now. */
export const numbers = ({ title, description, unit }: About, queries: Query[]) => new stat.PanelBuilder()
  .title(title)
  .description(description)
  .datasource(datasource)
  .targets(pointTargets(queries))
  .unit(unit)
  .noValue(noData)
  .colorScheme(new sdk.FieldColorBuilder().mode(sdk.FieldColorModeId.Thresholds))
  .thresholds(steps('text'))
  .colorMode(common.BigValueColorMode.Value)
  .graphMode(common.BigValueGraphMode.None)
  .textMode(common.BigValueTextMode.Auto)
  .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));

/** One bar each, the longest first. */
export const bars = ({ title, description, unit }: About, query: Query) => new bargauge.PanelBuilder()
  .title(title)
  .description(description)
  .datasource(datasource)
  .targets(pointTargets([{ ...query, expr: `sort_desc(${query.expr})` }]))
  .unit(unit)
  .min(0)
  .noValue(noData)
  .colorScheme(new sdk.FieldColorBuilder().mode(sdk.FieldColorModeId.Fixed).fixedColor('blue'))
  .orientation(common.VizOrientation.Horizontal)
  .displayMode(common.BarGaugeDisplayMode.Basic)
  .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));

/** Idle memory by age over time. The query's series are the buckets of a histogram: what has been idle for less than `le`. */
export const ages = ({ title, description, unit }: About, expr: string) => new heatmap.PanelBuilder()
  .title(title)
  .description(description)
  .datasource(datasource)
  .targets([target({ expr, legend: '{{le}}' }, 0).range().format(prometheus.PromQueryFormat.Heatmap)])
  .noValue(noData)
  .unit(unit)
  .calculate(false)
  .color(new heatmap.HeatmapColorOptionsBuilder()
    .mode(heatmap.HeatmapColorMode.Scheme)
    .scheme('Blues')
    .scale(heatmap.HeatmapColorScale.Exponential)
    .exponent(0.5)
    .steps(64)
    .reverse(false)
    .fill('dark-blue'))
  .cellValues(new heatmap.CellValuesBuilder().unit(units.BytesIEC))
  .filterValues(new heatmap.FilterValueRangeBuilder().le(1e-9))
  .yAxis(new heatmap.YAxisConfigBuilder().unit(units.Seconds).axisPlacement(common.AxisPlacement.Left).reverse(false))
  .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Auto))
  .showLegend()
  .tooltip(new heatmap.HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).showColorScale(true).yHistogram(false));

/** What is on or off where, over time. */
export const states = ({ title, description, unit }: About, queries: Query[]) => new statetimeline.PanelBuilder()
  .title(title)
  .description(description)
  .datasource(datasource)
  .targets(lineTargets(queries))
  .unit(unit)
  .noValue(noData)
  .colorScheme(new sdk.FieldColorBuilder().mode(sdk.FieldColorModeId.Thresholds))
  .thresholds(steps('red', [1, 'green']))
  .mappings([{ type: sdk.MappingType.ValueToText, options: { '0': { text: 'no', index: 0 }, '1': { text: 'yes', index: 1 } } }])
  .showValue(common.VisibilityMode.Never)
  .rowHeight(0.8)
  .mergeValues(true)
  .legend(new common.VizLegendOptionsBuilder().showLegend(false).displayMode(common.LegendDisplayMode.List).placement(common.LegendPlacement.Bottom).calcs([]));

/** A column that is a label of the series. */
export interface LabelColumn {
  label: string;
  title: string;
  /** Where a click on it leads. */
  link?: { title: string; url: string };
}

/** A column that is a number. */
export interface NumberColumn {
  title: string;
  expr: string;
  unit: string;
  decimals?: number;
  /** Its colours, which are those of its text. */
  thresholds?: sdk.ThresholdsConfig;
}

/**
 * A table of now with a row for each set of labels. Every query has those labels and no others, so that its rows become one.
 * @param sortedBy The title of the column whose largest number comes first.
 */
export function rows({ title, description }: Omit<About, 'unit'>, labels: LabelColumn[], columns: NumberColumn[], sortedBy: string) {
  const queries = columns.map(({ expr, title: legend }) => ({ expr, legend }));
  const names = [...labels.map(({ label }) => label), ...columns.map((_, index) => valueField(index, columns.length))];
  const titles = [...labels.map((column) => column.title), ...columns.map((column) => column.title)];
  const panel = new table.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .targets(queries.map((query, index) => target(query, index).instant().format(prometheus.PromQueryFormat.Table)))
    .unit(units.Short)
    .noValue(noData)
    .showHeader(true)
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(sortedBy).desc(true)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
        renameByName: Object.fromEntries(names.map((name, index) => [name, titles[index]])),
      },
    });
  for (const { title: column, link } of labels) {
    if (link) {
      panel.withOverride({ matcher: { id: 'byName', options: column }, properties: [{ id: 'links', value: [link] }] });
    }
  }

  for (const { title: column, unit, decimals, thresholds } of columns) {
    panel.withOverride({
      matcher: { id: 'byName', options: column },
      properties: [
        { id: 'unit', value: unit },
        ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
        ...(thresholds ? [{ id: 'thresholds', value: thresholds }, { id: 'custom.cellOptions', value: { type: 'color-text' } }] : []),
      ],
    });
  }

  return panel;
}

// Grafana calls the one value of several queries after the query, and that of a single query after nothing.
const valueField = (index: number, count: number) => (count === 1 ? 'Value' : `Value #${letter(index)}`);

/** Draws what one query finds below the axis: what is written beside what is read. */
export const below = (refId: string) => ({ matcher: { id: 'byFrameRefID', options: refId }, properties: [{ id: 'custom.transform', value: 'negative-Y' }] });

/** Draws what one query finds as a bound: dashed, and in no stack. */
export const bound = (refId: string) => ({
  matcher: { id: 'byFrameRefID', options: refId },
  properties: [
    { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
    { id: 'custom.fillOpacity', value: 0 },
    { id: 'custom.stacking', value: { group: 'A', mode: 'none' } },
  ],
});
