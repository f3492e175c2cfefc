import { nowMs } from '../shared/figures.ts';

/** Activities that do nothing; the second says when it ran. */
export const bareActivities = {
  first: async () => {},
  second: async () => ({ ranAtMs: nowMs() }),
};
