import type { Problem } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';

/** Of several participants of one merchant's it has to say which one speaks. */
export function noSpeaker(): Problem {
  const message = 'must name the participant of yours that speaks';
  return refuseFields([{ in: 'body', field: '/as', message }]);
}
