import { checkFilter } from '../domain/filter.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { EndpointChange } from '../db/queries/change-endpoint.ts';
import { checkAccess, sealAccess } from '../webhooks/access.ts';
import type { EndpointAccess } from '../webhooks/access.ts';
import { refuseTarget } from '../webhooks/target-guard.ts';
import type { ApiDeps } from './deps.ts';
import type { EndpointSettings } from './endpoint-schema.ts';
import { Problem } from './problems.ts';
import type { FieldError } from './problems.ts';

type Deps = Pick<ApiDeps, 'sealer' | 'allowPrivateTargets'>;

/**
 * What a merchant asks of an endpoint, as its row keeps it: headers and credentials sealed together.
 * `known` is what was sealed before, for a change of only one of the two. Throws the problem that names
 * each field that is refused.
 */
export function changeOfSettings(
  { sealer, allowPrivateTargets }: Deps,
  input: { endpointId: EndpointId; settings: EndpointSettings; known: EndpointAccess },
): EndpointChange {
  const { headers, auth, filter, ...plain } = input.settings;
  const errors = [
    ...refusalsOfTarget(plain.url, allowPrivateTargets),
    ...(filter
      ? checkFilter(filter).map(({ path, message }) => at(`/filter${path}`, message))
      : []),
  ];
  const access: EndpointAccess = {
    headers: headers ?? input.known.headers,
    auth: auth ?? input.known.auth,
  };
  errors.push(
    ...checkAccess(access, { allowPrivate: allowPrivateTargets }).map(({ path, message }) =>
      at(path, message),
    ),
  );
  if (Object.keys(plain.metadata ?? {}).length > 20) {
    errors.push(at('/metadata', 'must have at most 20 entries'));
  }
  if (errors.length > 0) throw invalid(errors);
  const isNewAccess = headers !== undefined || auth !== undefined;
  const hasAccess = Object.keys(access.headers).length > 0 || access.auth.kind !== 'none';
  return {
    ...defined(plain),
    ...(filter === undefined ? {} : { filter }),
    ...(isNewAccess
      ? {
          sealedAccess: hasAccess
            ? sealAccess(sealer, { endpointId: input.endpointId, access })
            : null,
          auth: access.auth.kind,
          headerNames: Object.keys(access.headers),
        }
      : {}),
  };
}

function refusalsOfTarget(url: string | undefined, allowPrivate: boolean): FieldError[] {
  if (url === undefined) return [];
  const refusal = refuseTarget(url, { allowPrivate });
  if (!refusal) return [];
  throw new Problem('target-not-allowed', `The url is refused: ${refusal}.`, {
    extensions: { errors: [at('/url', refusal)] },
  });
}

const at = (field: string, message: string): FieldError => ({ in: 'body', field, message });

function invalid(errors: FieldError[]): Problem {
  const named = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
  return new Problem('invalid-request', named, { extensions: { errors } });
}

/** Without the fields that were left out, as the database's driver wants it. */
function defined<T extends object>(fields: T) {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
