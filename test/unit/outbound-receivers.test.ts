import { afterAll, describe, expect, test } from 'vitest';
import { cancelledBy } from '../../outbound/calls.ts';
import { judgeAttempt } from '../../domain/delivery.ts';
import { createSender } from '../../delivery/send/send.ts';
import { misbehaviours, startMisbehaving } from '../support/hostile/receivers.ts';
import { until } from '../support/until.ts';

const timeoutMs = 1_000;
const sender = createSender({ allowPrivate: true, timeoutMs });
afterAll(() => sender.close());

const request = { headers: { 'content-type': 'application/json' }, body: '{"a":1}' };

describe.each(misbehaviours)('a receiver that answers with $name', (misbehaviour) => {
  test(`is ${misbehaviour.right}, by one request and within the deadline`, async () => {
    const receiver = await startMisbehaving(misbehaviour);
    try {
      const { result, durationMs } = await sender.send({ ...request, url: receiver.url });
      const verdict = judgeAttempt(result).kind;
      expect(verdict === 'delivered' ? 'delivered' : 'failed').toBe(misbehaviour.right);
      expect(receiver.requests()).toBe(1);
      // The deadline is one for all of it; what would be without an end lasts at least ten times as long.
      expect(durationMs).toBeLessThan(10 * timeoutMs);
    } finally {
      await receiver.close();
    }
  });
});

test.each(['silence', '102 every so often, for ever', '200, then a body in drips'])(
  'a caller that goes ends its call at once, and frees its connection: %s',
  async (name) => {
    const patient = createSender({ allowPrivate: true });
    const receiver = await startMisbehaving(misbehaviours.find((one) => one.name === name)!);
    const caller = new AbortController();
    try {
      const sending = cancelledBy(caller.signal, () =>
        patient.send({ ...request, url: receiver.url }),
      );
      await until('the request', () => receiver.requests() === 1);
      caller.abort();
      await sending;
      await until('the connection’s end', () => receiver.open() === 0);
    } finally {
      await receiver.close();
      await patient.close();
    }
  },
);

test('a call whose caller has gone before it had a connection sends nothing', async () => {
  const receiver = await startMisbehaving(misbehaviours[0]!);
  const caller = new AbortController();
  try {
    const sending = cancelledBy(caller.signal, () =>
      sender.send({ ...request, url: receiver.url }),
    );
    caller.abort();
    expect((await sending).result).toEqual({ kind: 'error', code: 'cancelled' });
    expect(receiver.requests()).toBe(0);
  } finally {
    await receiver.close();
  }
});

test('an answer behind interim ones is read whole on a connection that is used again', async () => {
  const receiver = await startMisbehaving(misbehaviours[1]!);
  try {
    for (let round = 1; round <= 3; round++) {
      const { result, responseBody } = await sender.send({
        ...request,
        url: receiver.url,
        keepsBody: true,
      });
      expect(result).toMatchObject({ kind: 'response', statusCode: 200 });
      expect(responseBody).toBe('ok');
    }
    expect(receiver.open()).toBeLessThan(3);
  } finally {
    await receiver.close();
  }
});
