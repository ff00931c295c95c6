import type { Metrics } from '../telemetry/metrics.ts';
import type { EngineMetrics } from './deps.ts';

export function engineMetrics(metrics: Metrics): EngineMetrics {
  return {
    documentSettled: (replica, status) => metrics.syncDocs.inc({ replica, status }),
    runClosed: (triggeredBy, seconds) => metrics.syncDuration.observe({ triggered_by: triggeredBy }, seconds),
  };
}
