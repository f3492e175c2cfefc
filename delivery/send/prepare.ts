import type { EndpointId } from '../../domain/ids.ts';
import { secretContext } from '../../db/queries/endpoints.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import type { Sealer } from '../../db/sealed.ts';
import { authorizationOf, openAccess } from './access.ts';
import type { EndpointAccess } from './access.ts';
import { composerFor } from './compose.ts';
import type { Composer } from './compose.ts';
import { signingKey } from './sign.ts';
import type { SigningKey } from './sign.ts';

/** An endpoint's parsed settings and secrets, reused for many deliveries. */
export type Prepared = {
  compose: Composer;
  /** The current signing keys: the current one, and the previous one during its grace period. */
  keys(): readonly SigningKey[];
  access: EndpointAccess;
};

/** Why nothing can be sent to an endpoint. It must not affect other endpoints. */
export type Unprepared = { error: 'secret_unreadable' | 'access_unreadable' };

const keptEndpoints = 10_000;

/**
 * Opens secrets and compiles settings once per endpoint instead of per attempt. The cache is bounded, because endpoints
 * come and go.
 */
export function createPreparer({ sealer }: { sealer: Sealer }) {
  const kept = new Map<EndpointId, { row: Endpoint; prepared: Prepared }>();

  return (row: Endpoint): Prepared | Unprepared => {
    const known = kept.get(row.id);
    if (known && (known.row === row || isSame(known.row, row))) return known.prepared;
    // Connections and tokens are cached by the access object, so an unchanged access keeps its object.
    const access =
      known?.row.sealedAccess === row.sealedAccess
        ? known.prepared.access
        : tryTo(() => openAccess(sealer, row));
    if (!access) return { error: 'access_unreadable' };
    const prepared = tryTo(() => prepare({ row, sealer, access }));
    if (!prepared) return { error: 'secret_unreadable' };
    if (kept.size >= keptEndpoints) kept.clear();
    kept.set(row.id, { row, prepared });
    return prepared;
  };
}

const prepares = [
  ...(['sealedSecret', 'previousSealedSecret', 'sealedAccess'] as const),
  ...(['format', 'payload', 'payloadVersion'] as const),
];

function isSame(a: Endpoint, b: Endpoint): boolean {
  const until = b.previousSecretUntil?.getTime();
  return (
    prepares.every((name) => a[name] === b[name]) && a.previousSecretUntil?.getTime() === until
  );
}

function tryTo<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

function prepare(input: { row: Endpoint; sealer: Sealer; access: EndpointAccess }): Prepared {
  const { row, sealer, access } = input;
  const keyIn = (sealed: string) => signingKey(sealer.open(sealed, secretContext(row.id)));
  const current = keyIn(row.sealedSecret);
  const previous = row.previousSealedSecret === null ? undefined : keyIn(row.previousSealedSecret);
  const untilMs = previous ? (row.previousSecretUntil?.getTime() ?? 0) : 0;
  const [only, both] = [[current], previous ? [current, previous] : [current]];
  const authorization = authorizationOf(access.auth);
  const own = {
    ...access.headers,
    ...(authorization !== undefined && { authorization }),
    ...(current.kind === 'ed25519' && { 'webhook-key-id': current.id }),
  };
  return {
    compose: composerFor(row, own),
    keys: () => (untilMs > 0 && Date.now() < untilMs ? both : only),
    access,
  };
}
