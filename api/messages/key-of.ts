import { requestKeyMark } from '../../domain/exchange.ts';
import { Problem } from '../problems.ts';

/** The idempotency key of a request: the key in its body, else its Idempotency-Key. */
export function keyOf(
  inBody: string | undefined,
  headers: { 'idempotency-key'?: string | undefined },
): string | null {
  if (inBody !== undefined) return inBody;
  const key = headers['idempotency-key'];
  return key === undefined ? null : requestKeyMark + key;
}

export function keyReused(): Problem {
  return new Problem('idempotency-key-reused', 'This key was used with other content.');
}
