import type { Context } from 'hono';
import { signalEndpoint } from '../../orchestration/signal-endpoint.ts';
import { changeEndpoint, rotateSecret } from '../../db/queries/change-endpoint.ts';
import { listEventTypes } from '../../db/queries/event-types.ts';
import { findEndpoint, listEndpoints } from '../../db/queries/endpoints.ts';
import { listAttempts, listDeliveries } from '../../db/queries/list-deliveries.ts';
import { readTraffic } from '../../db/queries/read-traffic.ts';
import { retryDelivery } from '../../db/queries/requeue-deliveries.ts';
import { eventPattern, eventTypes } from '../../domain/events.ts';
import { isId } from '../../domain/ids.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { trafficOf } from '../../domain/traffic.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import { addEndpoint } from '../endpoints/add-endpoint.ts';
import type { ApiDeps, App, AppEnv } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { securePage } from '../pages/secure-page.ts';
import { notFound, Problem } from '../problems.ts';
import { beginReplay } from '../replays/create-replay.ts';
import { insertTestEvent } from '../endpoints/send-test-event.ts';
import { PortalFrame } from './frame.tsx';
import { enterPortal, portalSession } from './session.ts';
import {
  AttemptTable,
  Catalogue,
  DeliveryTable,
  EndpointActs,
  EndpointCard,
  EndpointTable,
  NewEndpointForm,
  TrafficTable,
} from './views.tsx';

const pageSize = 50;
const weekMs = 7 * 86_400_000;
const graceSeconds = 86_400;

/** The merchant's portal: endpoints, attempts, dead letters, secrets, the event catalogue. */
export function registerPortal(app: App, deps: ApiDeps) {
  const { db } = deps;
  app.get('/portal/enter/:token', (c) => enterPortal(c, deps, c.req.param('token')));
  app.use('/portal', portalSession(deps));
  app.use('/portal/*', portalSession(deps));

  const page = (c: Context<AppEnv>, title: string, children: unknown) => {
    const nonce = securePage(c, { formTargets: ["'self'"] });
    const frame = (
      <PortalFrame title={title} merchant={c.var.merchant.name} nonce={nonce}>
        {children as never}
      </PortalFrame>
    );
    return c.html(frame);
  };
  const endpointOf = async (c: Context<AppEnv>) => {
    const id = c.req.param('id') ?? '';
    const scope = { merchantId: c.var.merchant.id };
    const endpoint = isId('endpoint', id)
      ? await findEndpoint(db, { ...scope, endpointId: id })
      : undefined;
    if (!endpoint) throw notFound('endpoint', id);
    return endpoint;
  };
  const wake = (endpointId: EndpointId) =>
    signalEndpoint({ ...deps, endpointId }).catch(
      leftToRecovery(deps.logger, 'an endpoint', { endpointId }),
    );

  app.get('/portal', async (c) => {
    const { endpoints } = await listEndpoints(db, {
      merchantId: c.var.merchant.id,
      before: undefined,
      limit: 200,
    });
    return page(c, 'Endpoints', [
      <section class="card">
        <h1>Endpoints</h1>
        <EndpointTable endpoints={endpoints} />
      </section>,
      <section class="card">
        <h1>Add an endpoint</h1>
        <NewEndpointForm />
      </section>,
    ]);
  });

  app.post('/portal/endpoints', async (c) => {
    const form = await c.req.parseBody();
    const url = textOf(form['url']);
    const patterns = textOf(form['eventTypes']).split(/[\s,]+/);
    if (!patterns.every((pattern) => eventPattern.test(pattern))) {
      throw new Problem('invalid-request', 'Event types must be like order.paid, order.* or *.');
    }
    const { endpoint, secret } = await addEndpoint(deps, {
      merchantId: c.var.merchant.id,
      settings: { url, eventTypes: patterns },
      signature: 'hmac',
      status: 'enabled',
    });
    return page(c, 'Added', <SecretCard id={endpoint.id} secret={secret} />);
  });

  app.get('/portal/endpoints/:id', async (c) => {
    const endpoint = await endpointOf(c);
    const scope = { merchantId: c.var.merchant.id, endpointId: endpoint.id, limit: pageSize };
    const [traffic, waiting, lost, attempts] = await Promise.all([
      readTraffic(db, scope).then(trafficOf),
      listDeliveries(db, { ...scope, statuses: ['pending'] }),
      listDeliveries(db, { ...scope, statuses: ['dead', 'dropped'] }),
      listAttempts(db, scope),
    ]);
    return page(c, endpoint.url, [
      <section class="card">
        <h1>{endpoint.url}</h1>
        <EndpointCard endpoint={endpoint} />
        <p />
        <EndpointActs endpoint={endpoint} />
      </section>,
      <section class="card">
        <h1>In the last five minutes</h1>
        <TrafficTable traffic={traffic} />
      </section>,
      <section class="card">
        <h1>Pending deliveries</h1>
        <DeliveryTable deliveries={waiting} />
      </section>,
      <section class="card">
        <h1>Undelivered</h1>
        <DeliveryTable deliveries={lost} />
      </section>,
      <section class="card">
        <h1>Failed attempts</h1>
        <AttemptTable attempts={attempts} />
      </section>,
    ]);
  });

  app.post('/portal/endpoints/:id/status', async (c) => {
    const endpoint = await endpointOf(c);
    const { status } = await c.req.parseBody();
    const isKnown = status === 'enabled' || status === 'paused';
    if (!isKnown || endpoint.status === 'unverified') {
      throw new Problem('endpoint-not-enabled', `The endpoint is ${endpoint.status}.`);
    }
    const scope = { merchantId: c.var.merchant.id, endpointId: endpoint.id };
    await changeEndpoint(db, { ...scope, change: { status } });
    if (status === 'enabled') await wake(endpoint.id);
    return c.redirect(`/portal/endpoints/${endpoint.id}`, 303);
  });

  app.post('/portal/endpoints/:id/test', async (c) => {
    const endpoint = await endpointOf(c);
    await insertTestEvent(db, { merchant: c.var.merchant, endpoint });
    return c.redirect(`/portal/endpoints/${endpoint.id}`, 303);
  });

  app.post('/portal/endpoints/:id/retry', async (c) => {
    const endpoint = await endpointOf(c);
    const { eventId } = await c.req.parseBody();
    if (typeof eventId !== 'string' || !isId('event', eventId)) throw notFound('event', '');
    if (endpoint.status !== 'enabled') {
      throw new Problem('endpoint-not-enabled', `The endpoint is ${endpoint.status}.`);
    }
    await retryDelivery(db, { endpointId: endpoint.id, eventId });
    await wake(endpoint.id);
    return c.redirect(`/portal/endpoints/${endpoint.id}`, 303);
  });

  app.post('/portal/endpoints/:id/recover', async (c) => {
    const endpoint = await endpointOf(c);
    const until = new Date();
    await beginReplay(deps, {
      merchantId: c.var.merchant.id,
      endpointId: endpoint.id,
      until,
      kind: 'recover',
      eventTypes: ['*'],
      since: new Date(until.getTime() - weekMs),
    });
    return c.redirect(`/portal/endpoints/${endpoint.id}`, 303);
  });

  app.post('/portal/endpoints/:id/rotate', async (c) => {
    const endpoint = await endpointOf(c);
    const { secret, publicKey } = newSecret(endpoint.publicKey === null ? 'hmac' : 'ed25519');
    const scope = { merchantId: c.var.merchant.id, endpointId: endpoint.id };
    const rotated = await rotateSecret(deps, { ...scope, secret, publicKey, graceSeconds });
    if (!rotated) {
      throw new Problem('rotation-under-way', 'The previous secret still signs.');
    }
    return page(c, 'Rotated', <SecretCard id={endpoint.id} secret={publicKey ?? secret} />);
  });

  app.get('/portal/undelivered', async (c) => {
    const rows = await listDeliveries(db, {
      merchantId: c.var.merchant.id,
      statuses: ['dead', 'dropped'],
      limit: 2 * pageSize,
    });
    return page(
      c,
      'Undelivered',
      <section class="card">
        <h1>Undelivered events</h1>
        <DeliveryTable deliveries={rows} />
      </section>,
    );
  });

  app.get('/portal/catalogue', async (c) => {
    const own = await listEventTypes(db, {
      merchantId: c.var.merchant.id,
      after: '',
      limit: 1_000,
    });
    const platforms = Object.entries(eventTypes).map(([name, description]) => ({
      name,
      description,
    }));
    return page(
      c,
      'Event catalogue',
      <section class="card">
        <h1>Event catalogue</h1>
        <Catalogue types={[...own, ...platforms]} />
      </section>,
    );
  });
}

const textOf = (value: unknown) => (typeof value === 'string' ? value.trim() : '');

function SecretCard({ id, secret }: { id: string; secret: string }) {
  const isPublic = secret.startsWith('whpk_');
  return (
    <section class="card notice">
      <h1>{isPublic ? 'The new public key' : 'The signing secret'}</h1>
      <p class="secret">{secret}</p>
      <p class="soft">
        {isPublic
          ? 'It is also published at /.well-known/jwks.json.'
          : 'It is pageSize only once. Store it for your receiver.'}
      </p>
      <a href={`/portal/endpoints/${id}`}>To the endpoint</a>
    </section>
  );
}
