// Writes each object as a literal of the type that its kind has, and has the TypeScript compiler check them: it refuses keys that a type does not have.
//
//   node check.js PACKAGES FILE
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const [packages, file] = process.argv.slice(2);
const ts = require(path.join(packages, 'node_modules', 'typescript'));

// No package has the autoscaler's. Of its documentation: kubernetes/autoscaler, vertical-pod-autoscaler/docs/api.md.
const autoscaler = `
interface IVerticalPodAutoscaler {
  apiVersion: 'autoscaling.k8s.io/v1';
  kind: 'VerticalPodAutoscaler';
  metadata?: { name?: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: {
    targetRef: { apiVersion?: string; kind: string; name: string };
    updatePolicy?: { updateMode?: 'Off' | 'Initial' | 'Recreate' | 'InPlaceOrRecreate' | 'Auto'; minReplicas?: number };
    resourcePolicy?: { containerPolicies?: object[] };
  };
}
`;

// The module that has a kind's type.
function moduleOf(apiVersion) {
  return apiVersion.startsWith('monitoring.coreos.com/') ? `@kubernetes-models/prometheus-operator/${apiVersion}` : `kubernetes-models/${apiVersion}`;
}

const sources = new Map();
JSON.parse(fs.readFileSync(file, 'utf8')).forEach((object, index) => {
  const type = `I${object.kind}`;
  const declared = object.apiVersion === 'autoscaling.k8s.io/v1' ? autoscaler : `import type { ${type} } from '${moduleOf(object.apiVersion)}';\n`;
  const name = path.join(packages, `${object.kind}-${object.metadata.name}-${index}.mts`);
  sources.set(name, `${declared}const object: ${type} = ${JSON.stringify(object, null, 2)};\nexport default object;\n`);
});

const options = {
  strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16,
};
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = name => sources.has(name) || fileExists(name);
host.readFile = name => sources.get(name) ?? readFile(name);
host.getSourceFile = (name, version, ...rest) =>
  sources.has(name) ? ts.createSourceFile(name, sources.get(name), version) : getSourceFile(name, version, ...rest);

const program = ts.createProgram([...sources.keys()], options, host);
const wrong = ts.getPreEmitDiagnostics(program);
for (const { file: source, start, messageText } of wrong) {
  const where = source ? `${path.basename(source.fileName, '.mts')}, line ${source.getLineAndCharacterOfPosition(start).line + 1}: ` : '';
  console.log(where + ts.flattenDiagnosticMessageText(messageText, ' '));
}
process.exitCode = wrong.length > 0 ? 1 : 0;
