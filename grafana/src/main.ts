/** Writes the dashboards: node main.js DIRECTORY */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { panelsDocument } from './document';
import { exporterDashboard } from './exporter';
import { lintExclusions } from './lint';
import { nodeDashboard } from './node';
import { processDashboard } from './process';
import { resource } from './resource';
import { rightSizingDashboard } from './rightsizing';

const to = process.argv[2];
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function write(directory: string, name: string, text: string): void {
  mkdirSync(join(to, directory), { recursive: true });
  writeFileSync(join(to, directory, name), text);
}

const dashboards = [nodeDashboard(), rightSizingDashboard(), processDashboard(), exporterDashboard()];
for (const dashboard of dashboards) {
  write('dashboards', `${dashboard.uid}.json`, json(dashboard));
  write('resources', `${dashboard.uid}.json`, json(resource(dashboard)));
}

write('dashboards', '.lint', lintExclusions(dashboards));
write('.', 'panels.md', panelsDocument(dashboards));
