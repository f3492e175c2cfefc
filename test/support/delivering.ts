import { randomBytes } from 'node:crypto';
import { createSealer } from '../../db/sealed.ts';
import { secretContext } from '../../db/queries/endpoints.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { envelopeOf } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { sealAccess } from '../../delivery/send/access.ts';
import type { EndpointAccess } from '../../delivery/send/access.ts';
import { createAttempter } from '../../delivery/send/attempt.ts';
import { createSender } from '../../delivery/send/send.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import { endpointRow, outgoing } from './outgoing.ts';
import { answering, serve } from './serve.ts';
import type { Answer, Request } from './serve.ts';

export type Endpoint = OutgoingDelivery['endpoint'];

/** Everything between an endpoint's row and its receiver, without a database. */
export function openDelivering({ allowPrivate = true }: { allowPrivate?: boolean } = {}) {
  const sealer = createSealer([randomBytes(32)]);
  const sender = createSender({ allowPrivate });
  const closers: (() => Promise<unknown>)[] = [() => sender.close()];
  const seal = (id: Endpoint['id'], secret: string) => sealer.seal(secret, secretContext(id));
  return {
    sealer,
    sender,
    attempt: createAttempter({ sender, sealer }),
    /** An endpoint's row with what is given, sealed as the API seals it. */
    endpoint(given: {
      secret?: string;
      previousSecret?: string;
      access?: Partial<EndpointAccess>;
      settings?: Partial<Endpoint>;
    }): Endpoint {
      const { secret = newSecret('hmac').secret, previousSecret, access, settings = {} } = given;
      const id = settings.id ?? newId('endpoint');
      const whole: EndpointAccess = { headers: {}, auth: { kind: 'none' }, ...access };
      return endpointRow({
        sealedSecret: seal(id, secret),
        previousSealedSecret: previousSecret === undefined ? null : seal(id, previousSecret),
        sealedAccess: access ? sealAccess(sealer, { endpointId: id, access: whole }) : null,
        ...settings,
        id,
      });
    },
    /** A receiver that keeps what it is sent. */
    async receiver(
      answer: (request: Request) => Answer | void | Promise<Answer | void> = () => {},
    ) {
      const got: Request[] = [];
      const { port, seen, close } = await serve(
        answering((request) => {
          got.push(request);
          return answer(request);
        }),
      );
      closers.push(close);
      return { url: `http://127.0.0.1:${port}/`, got, seen };
    },
    closeLater: (close: () => Promise<unknown>) => closers.push(close),
    async close() {
      for (const close of closers.splice(0)) await close();
    },
  };
}

/** A paid order's event, on its way to an endpoint. */
export function paidEvent(
  endpoint: Endpoint,
  settings: Partial<OutgoingDelivery> = {},
  data: unknown = { id: 'ord_1', object: 'order', amountMinor: 1250 },
): OutgoingDelivery {
  const eventId = newId('event');
  const timestamp = '2026-11-22T09:30:00.000Z';
  const body = envelopeOf({ id: eventId, type: 'order.paid', timestamp, data });
  return outgoing(endpoint, { eventId, body, ...settings });
}
