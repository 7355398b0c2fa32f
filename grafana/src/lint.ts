/** What Grafana's dashboard-linter is to leave alone, and why: it reads the file .lint beside the dashboards. */
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';

interface Exclusion {
  rule: string;
  reason: string;
  /** The beginning of a selector that the rule would find fault with. */
  selector: RegExp;
}

const exclusions: Exclusion[] = [
  { rule: 'target-job-rule', reason: 'node_exporter, kube-state-metrics and the kubelet have jobs of their own, and recorded series have none', selector: /\b(node|kube|container|namespace)_[\w:]+\{/ },
  { rule: 'target-instance-rule', reason: 'an instance of kube-state-metrics or of the kubelet is not the host that a series is about, and recorded series have none', selector: /\b(kube|container|namespace)_[\w:]+\{/ },
];

const panels = (dashboard: sdk.Dashboard) => dashboard.panels!.flatMap((panel) => ('panels' in panel ? panel.panels : [panel]));

const asks = (panel: sdk.Panel, selector: RegExp) => (panel.targets ?? []).some((target) => selector.test((target as unknown as { expr: string }).expr));

function section(dashboards: sdk.Dashboard[], { rule, reason, selector }: Exclusion): string {
  const entries = dashboards.flatMap((dashboard) => panels(dashboard)
    .filter((panel) => asks(panel, selector))
    .map((panel) => `      - { dashboard: ${JSON.stringify(dashboard.title)}, panel: ${JSON.stringify(panel.title)} }`));
  return [`  ${rule}:`, `    reason: ${reason}`, '    entries:', ...entries, ''].join('\n');
}

export const lintExclusions = (dashboards: sdk.Dashboard[]) => `exclusions:\n${exclusions.map((exclusion) => section(dashboards, exclusion)).join('')}`;
