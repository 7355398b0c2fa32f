/**
 * What Grafana's own types say of the files. The source compiles against its SDK, which knows words that the form does not have. generate.sh writes the files as literals of these
 * types, so that the compiler refuses a name that Grafana does not know.
 */
import type { AnnotationQuery, Dashboard } from '@grafana/schema';
import type { Spec } from '@grafana/schema/apis/dashboard.grafana.app/v2';

/** In a file a value of an enumeration is its text. */
type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

/** What the Prometheus data source has in an annotation, beside what all have. */
type PrometheusAnnotation = Omit<AnnotationQuery, 'target'> & {
  target: { refId: string; expr: string; interval: string };
  titleFormat: string;
  textFormat: string;
  useValueForTime: boolean;
};

export type Classic = Plain<Omit<Dashboard, 'annotations'> & { annotations: { list: PrometheusAnnotation[] } }>;

export interface Resource {
  apiVersion: 'dashboard.grafana.app/v2';
  kind: 'Dashboard';
  metadata: { name: string };
  spec: Plain<Spec>;
}
