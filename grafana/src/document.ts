/** The list of all panels, for those who read it without Grafana. */
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';

/** The names of series in a query: they stand before a brace. */
const series = (query: string) => [...query.matchAll(/([A-Za-z0-9_:]+)\{/g)].map((match) => match[1]);

const seriesOf = (panel: sdk.Panel) => [...new Set((panel.targets ?? []).flatMap((target) => series((target as unknown as { expr: string }).expr)))].sort();

const line = (panel: sdk.Panel) => `| ${panel.title} | ${panel.description} | ${seriesOf(panel).map((name) => `\`${name}\``).join(', ')} |`;

function section(dashboard: sdk.Dashboard): string {
  const lines = [`## ${dashboard.title}`, '', dashboard.description!];
  const open = (title: string) => lines.push('', `### ${title}`, '', '| panel | what it shows | series |', '|---|---|---|');
  for (const panel of dashboard.panels!) {
    if ('panels' in panel) {
      open(panel.title!);
      lines.push(...panel.panels.map(line));
    } else {
      lines.push(line(panel));
    }
  }

  return `${lines.join('\n')}\n`;
}

export const panelsDocument = (dashboards: sdk.Dashboard[]) => [
  '# Panels\n',
  'Made by `generate.sh` of `src/`, like the dashboards. [docs/dashboards.md](../docs/dashboards.md) explains them.\n',
  ...dashboards.map(section),
].join('\n');
