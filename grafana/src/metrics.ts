/**
 * Every series that a dashboard asks for. A name that changes is changed here and nowhere else. The tests look each of memsnoop's up in docs/metrics.md.
 */

/** memsnoop's series of the host and of itself. */
export const memsnoop = {
  buildInfo: 'memsnoop_build_info',
  cgroupGeneration: 'memsnoop_cgroup_generation_bytes',
  cgroupsDropped: 'memsnoop_cgroups_dropped',
  containerNamesInfo: 'memsnoop_container_names_info',
  cpuBudgetLimit: 'memsnoop_cpu_budget_limit',
  cpuBudgetNeeded: 'memsnoop_cpu_budget_needed',
  cpuBudgetUsed: 'memsnoop_cpu_budget_used',
  deprecatedInfo: 'memsnoop_deprecated_info',
  diskIO: 'memsnoop_disk_io_bytes_total',
  diskIOTime: 'memsnoop_disk_io_time_seconds_total',
  measurementCpu: 'memsnoop_measurement_cpu_seconds',
  measurementDuration: 'memsnoop_measurement_duration_seconds',
  measurementErrors: 'memsnoop_measurement_errors_total',
  measurementInfo: 'memsnoop_measurement_info',
  measurementMissed: 'memsnoop_measurement_missed_total',
  measurementSkipped: 'memsnoop_measurement_skipped_total',
  measurementSuccess: 'memsnoop_measurement_success',
  nextWindow: 'memsnoop_working_set_next_window_seconds',
  otlpDuration: 'memsnoop_otlp_duration_seconds',
  otlpExports: 'memsnoop_otlp_exports_total',
  otlpMissed: 'memsnoop_otlp_missed_total',
  httpConnections: 'memsnoop_http_connections',
  httpConnectionsLimit: 'memsnoop_http_connections_limit',
  httpRefused: 'memsnoop_http_refused_total',
  otlpPoints: 'memsnoop_otlp_points_total',
  processesDropped: 'memsnoop_processes_dropped',
  processesWatched: 'memsnoop_processes_watched',
  share: 'memsnoop_working_set_share',
  stall: 'memsnoop_working_set_stall_seconds',
  transparentHugePageInfo: 'memsnoop_transparent_hugepage_info',
  windowSpread: 'memsnoop_working_set_window_spread_seconds',
} as const;

/** memsnoop's series of each process. */
export const process = {
  blockIODelay: 'memsnoop_process_block_io_delay_seconds_total',
  contextSwitches: 'memsnoop_process_context_switches_total',
  counter: 'memsnoop_process_counter_total',
  counterRunning: 'memsnoop_process_counter_running_ratio',
  cpuTime: 'memsnoop_process_cpu_time_seconds_total',
  droppedResident: 'memsnoop_process_dropped_resident_bytes',
  idle: 'memsnoop_process_idle_bytes',
  info: 'memsnoop_process_info',
  ioSyscalls: 'memsnoop_process_io_syscalls_total',
  oomScore: 'memsnoop_process_oom_score',
  openFiles: 'memsnoop_process_open_files',
  pageFaults: 'memsnoop_process_page_faults_total',
  proportional: 'memsnoop_process_memory_proportional_bytes',
  resident: 'memsnoop_process_memory_resident_bytes',
  shared: 'memsnoop_process_memory_shared_bytes',
  huge: 'memsnoop_process_memory_huge_bytes',
  startTime: 'memsnoop_process_start_time_seconds',
  storageIO: 'memsnoop_process_io_storage_bytes_total',
  swap: 'memsnoop_process_memory_swap_bytes',
  threads: 'memsnoop_process_threads',
  untracked: 'memsnoop_process_untracked_bytes',
  uptime: 'memsnoop_process_uptime_seconds',
  window: 'memsnoop_process_working_set_window_seconds',
  workingSet: 'memsnoop_process_working_set_bytes',
  workingSetError: 'memsnoop_process_working_set_error_bytes',
  workingSetLower: 'memsnoop_process_working_set_lower_bytes',
  workingSetUpper: 'memsnoop_process_working_set_upper_bytes',
} as const;

/** memsnoop's series of each container. */
export const container = {
  events: 'memsnoop_container_memory_events_total',
  idle: 'memsnoop_container_memory_idle_bytes',
  kernel: 'memsnoop_container_memory_kernel_bytes',
  limit: 'memsnoop_container_memory_limit_bytes',
  pressure: 'memsnoop_container_memory_pressure_seconds_total',
  reaccessed: 'memsnoop_container_reaccessed_bytes_total',
  reclaimable: 'memsnoop_container_memory_reclaimable_bytes',
  refaults: 'memsnoop_container_memory_refaults_bytes_total',
  request: 'memsnoop_container_memory_request_bytes',
  swap: 'memsnoop_container_memory_swap_bytes',
  usage: 'memsnoop_container_memory_usage_bytes',
  used: 'memsnoop_container_memory_used_bytes',
  usedError: 'memsnoop_container_memory_used_error_bytes',
  usedUpper: 'memsnoop_container_memory_used_upper_bytes',
} as const;

/** What other exporters tell. */
export const node = {
  buffers: 'node_memory_Buffers_bytes',
  cached: 'node_memory_Cached_bytes',
  available: 'node_memory_MemAvailable_bytes',
  free: 'node_memory_MemFree_bytes',
  kernelStack: 'node_memory_KernelStack_bytes',
  mapped: 'node_memory_Mapped_bytes',
  pageTables: 'node_memory_PageTables_bytes',
  pressureSome: 'node_pressure_memory_waiting_seconds_total',
  pressureFull: 'node_pressure_memory_stalled_seconds_total',
  slab: 'node_memory_Slab_bytes',
  total: 'node_memory_MemTotal_bytes',
} as const;

export const kubernetes = {
  limits: 'kube_pod_container_resource_limits',
  requests: 'kube_pod_container_resource_requests',
  restarts: 'kube_pod_container_status_restarts_total',
} as const;

export const cadvisor = {
  workingSet: 'container_memory_working_set_bytes',
} as const;

/** What the rules of deploy/prometheus record. */
export const recorded = {
  limit: 'namespace_workload_container:kube_pod_container_memory_limits_bytes:max',
  most: 'namespace_workload_container:memsnoop_memory_used_most_bytes:max7d',
  owner: 'namespace_workload_pod:memsnoop_pod_owner:max',
  p98: 'namespace_workload_container:memsnoop_memory_used_bytes:p98_7d',
  pods: 'namespace_workload_container:memsnoop_pods:count',
  recommendation: 'namespace_workload_container:memsnoop_memory_request_recommendation:bytes',
  request: 'namespace_workload_container:kube_pod_container_memory_requests_bytes:max',
  used: 'namespace_workload_container:memsnoop_memory_used_bytes:max',
  usedByPod: 'namespace_pod_container:memsnoop_memory_used_bytes:sum',
  usedErrorByPod: 'namespace_pod_container:memsnoop_memory_used_error_bytes:sum',
  usedMost: 'namespace_workload_container:memsnoop_memory_used_most_bytes:max',
  waste: 'namespace_workload_container:memsnoop_memory_request_waste:bytes',
  withheld: 'namespace_workload_container:memsnoop_recommendation_withheld:max',
} as const;

/** What Prometheus' client libraries publish of the exporter's own process, and Prometheus of each scrape. */
export const exporter = {
  cpu: 'process_cpu_seconds_total',
  maxFiles: 'process_max_fds',
  openFiles: 'process_open_fds',
  resident: 'process_resident_memory_bytes',
  samples: 'scrape_samples_scraped',
  scrapeDuration: 'scrape_duration_seconds',
  seriesAdded: 'scrape_series_added',
  startTime: 'process_start_time_seconds',
  up: 'up',
} as const;
