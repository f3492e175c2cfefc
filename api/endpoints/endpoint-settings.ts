import { checkFilter } from '../../domain/filter.ts';
import { targetSchemes } from '../../domain/delivery.ts';
import type { Destination } from '../../domain/delivery.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { EndpointChange } from '../../db/queries/change-endpoint.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import { checkAccess, sealAccess } from '../../delivery/send/access.ts';
import type { EndpointAccess, EndpointAuth } from '../../delivery/send/access.ts';
import { refuseTarget } from '../../delivery/send/target-guard.ts';
import type { ApiDeps } from '../deps.ts';
import type { EndpointSettings } from './endpoint-schema.ts';
import { Problem } from '../problems.ts';
import type { FieldError } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';

/** An endpoint's settings before a change. */
export type KnownSettings = Pick<Endpoint, 'url' | 'destination'> & { access: EndpointAccess };

const emptySettings: KnownSettings = {
  url: '',
  destination: null,
  access: { headers: {}, auth: { kind: 'none' } },
};

type Deps = Pick<ApiDeps, 'sealer' | 'allowPrivateTargets'>;

/**
 * Converts a merchant's settings to the columns of the endpoint's row; headers and credentials are encrypted together.
 * `known` holds the current ones, for a change of only one of the two. Throws a problem that names each refused field.
 */
export function changeOfSettings(
  { sealer, allowPrivateTargets }: Deps,
  input: { endpointId: EndpointId; settings: EndpointSettings; known?: KnownSettings },
): EndpointChange {
  const { headers, auth, filter, ...plain } = input.settings;
  const known = input.known ?? emptySettings;
  const access: EndpointAccess = {
    headers: headers ?? known.access.headers,
    auth: auth ?? known.access.auth,
  };
  const target = {
    url: plain.url ?? known.url,
    destination: plain.destination === undefined ? known.destination : plain.destination,
    auth: access.auth,
  };
  const errors = [
    ...refusalsOfTarget(target, allowPrivateTargets),
    ...(filter
      ? checkFilter(filter).map(({ path, message }) => at(`/filter${path}`, message))
      : []),
  ];
  errors.push(
    ...checkAccess(access, { allowPrivate: allowPrivateTargets }).map(({ path, message }) =>
      at(path, message),
    ),
  );
  if (Object.keys(plain.metadata ?? {}).length > 20) {
    errors.push(at('/metadata', 'must have at most 20 entries'));
  }
  if (errors.length > 0) throw refuseFields(errors);
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

type Target = { url: string; destination: Destination | null; auth: EndpointAuth };

function refusalsOfTarget({ url, destination, auth }: Target, allowPrivate: boolean): FieldError[] {
  const schemes = targetSchemes[destination?.kind ?? 'http'];
  const refusal = refuseTarget(url, { allowPrivate, schemes });
  if (refusal) {
    const expected = destination ? `: must be ${schemes.join('// or ')}//` : '';
    const message = refusal === 'scheme_not_allowed' ? refusal + expected : refusal;
    throw new Problem('target-not-allowed', `The url is refused: ${refusal}.`, {
      extensions: { errors: [at('/url', message)] },
    });
  }
  return destination ? refusalsOfBroker(new URL(url), auth) : [];
}

/** Errors for settings that a broker does not support. */
function refusalsOfBroker(
  { protocol, hostname, search, hash }: URL,
  auth: EndpointAuth,
): FieldError[] {
  const errors: FieldError[] = [];
  if (hostname === '' || search !== '' || hash !== '') {
    errors.push(at('/url', 'must be a host, a port, and for RabbitMQ a virtual host'));
  }
  if (auth.kind === 'bearer' || auth.kind === 'oauth2') {
    errors.push(at('/auth/kind', 'must be none, basic or mtls for a broker'));
  }
  if (auth.kind === 'mtls' && (protocol === 'amqp:' || protocol === 'kafka:')) {
    errors.push(at('/auth/kind', `needs TLS: ${protocol.slice(0, -1)}s://`));
  }
  return errors;
}

const at = (field: string, message: string): FieldError => ({ in: 'body', field, message });

/** Removes undefined fields. */
function defined<T extends object>(fields: T) {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
