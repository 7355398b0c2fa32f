// Stand-ins for what tells of a cluster and is not here: the series of kube-state-metrics and of cAdvisor that dashboards and rules ask for, and the list of pods that a kubelet gives. They
// have names and labels as those programs write them. What is said of requests and owners is in fleet.js; cAdvisor's number is computed from the same control groups that memsnoop measures.
//
//   const { kubeStateMetrics, cadvisor, podList } = require('./stand-ins')
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { MB, nodes, pods } = require('./fleet');

// Those that run in the cluster which kube-state-metrics tells of.
const described = pods.filter((pod) => !nodes.find((node) => node.name === pod.node).cluster);

const line = (name, labels, value) => `${name}{${Object.entries(labels).map(([key, text]) => `${key}="${text}"`).join(',')}} ${value}\n`;

/** @param kills How often each container, by its id, was killed for memory. */
function kubeStateMetrics(kills) {
  let text = '';
  for (const node of nodes.filter((node) => !node.cluster)) {
    text += line('kube_node_info', { node: node.name }, 1);
  }
  const seen = new Set();
  for (const { namespace, pod, node, uid, container, id, owner, request, limit } of described) {
    const [kind, name, parentKind, parent] = owner;
    const of = { namespace, pod, uid };
    text += line('kube_pod_info', { ...of, node }, 1);
    text += line('kube_pod_owner', { ...of, owner_kind: kind, owner_name: name, owner_is_controller: 'true' }, 1);
    text += line('kube_pod_status_phase', { ...of, phase: 'Running' }, 1);
    text += line('kube_pod_container_resource_requests', { ...of, container, node, resource: 'memory', unit: 'byte' }, request * MB);
    text += line('kube_pod_container_resource_limits', { ...of, container, node, resource: 'memory', unit: 'byte' }, limit * MB);
    text += line('kube_pod_container_status_restarts_total', { ...of, container }, kills[id] ?? 0);
    if (kills[id]) text += line('kube_pod_container_status_last_terminated_reason', { ...of, container, reason: 'OOMKilled' }, 1);
    if (parent && !seen.has(name)) {
      seen.add(name);
      const [series, label] = kind === 'Job' ? ['kube_job_owner', 'job_name'] : ['kube_replicaset_owner', 'replicaset'];
      text += line(series, { namespace, [label]: name, owner_kind: parentKind, owner_name: parent, owner_is_controller: 'true' }, 1);
    }
  }
  return text;
}

/** The "working set" of each container: what its control group is charged, less page cache on the inactive list. */
function cadvisor(groups, version) {
  let text = '';
  for (const { node, namespace, pod, container, id, group } of described) {
    const directory = path.join(groups, node, group);
    const [usage, inactive] = version === 2 ? ['memory.current', 'inactive_file'] : ['memory.usage_in_bytes', 'total_inactive_file'];
    if (!fs.existsSync(directory)) continue;   // on a node that is played back
    const bytes = Number(fs.readFileSync(path.join(directory, usage), 'utf8'))
      - Number(new RegExp(`^${inactive} (\\d+)`, 'm').exec(fs.readFileSync(path.join(directory, 'memory.stat'), 'utf8'))[1]);
    text += line('container_memory_working_set_bytes', { namespace, pod, container, id: `/${group}`, image: 'example', name: id }, Math.max(0, bytes));
  }
  return text;
}

/** What GET /pods of a kubelet answers; of all nodes, since memsnoop looks for those ids alone that it has seen. */
function podList() {
  return JSON.stringify({
    kind: 'PodList',
    apiVersion: 'v1',
    items: pods.map(({ namespace, pod, uid, container, id, request }) => ({
      metadata: { namespace, name: pod, uid },
      spec: { containers: [{ name: container, resources: request ? { requests: { memory: `${request}Mi` } } : {} }] },
      status: { containerStatuses: [{ name: container, containerID: `containerd://${id}` }] },
    })),
  });
}

module.exports = { cadvisor, kubeStateMetrics, podList };
