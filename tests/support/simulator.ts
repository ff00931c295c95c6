import { type Simulator, startSimulator } from '../../services/simulator/index.ts';
import type { SimulatorInput } from '../../services/simulator/options.ts';

export type { Simulator };

/** A token that looks like a real one and is none. */
export const SIMULATOR_TOKEN = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c';

/** A simulator in this process on a free port; the caller stops it. */
export function simulator(profile: 'v2' | 'v3', options: Partial<SimulatorInput> = {}): Promise<Simulator> {
  return startSimulator({ profile, token: SIMULATOR_TOKEN, ...options });
}
