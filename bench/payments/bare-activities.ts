import { nowMs } from '../shared/figures.ts';

/** Empty activities; the second returns the time at which it ran. */
export const bareActivities = {
  first: async () => {},
  second: async () => ({ ranAtMs: nowMs() }),
};
