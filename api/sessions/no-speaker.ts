import type { Problem } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';

/** The problem if the merchant has several participants and `as` selects none of them. */
export function noSpeaker(): Problem {
  const message = 'must name the one of your participants that acts';
  return refuseFields([{ in: 'body', field: '/as', message }]);
}
