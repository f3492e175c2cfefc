import { describe, expect, test } from 'vitest';
import { createRequest } from '../../db/queries/messaging/create-request.ts';
import type { NodeProcess } from '../../dev/services/child.ts';
import type { ApiAnswer } from '../support/api-client.ts';
import { endpointOf, feedOf, replying, acquaint } from '../support/conversations.ts';
import type { MessageBody } from '../support/conversations.ts';
import { inCrashScene } from '../support/crash-scene.ts';
import type { CrashScene } from '../support/crash-scene.ts';
import type { Reply } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import type { TestMerchant } from '../support/world.ts';

// Worker and API are killed, as by kill -9, in the middle of each pattern, and started again.

type Running = { api: NodeProcess; worker: NodeProcess };

async function start({ tender }: CrashScene): Promise<Running> {
  const [api, worker] = await Promise.all([tender.start('api'), tender.start('worker')]);
  return { api, worker };
}

async function killAndStartAgain(scene: CrashScene, { api, worker }: Running): Promise<Running> {
  for (const { pid } of [api, worker]) process.kill(pid, 'SIGKILL');
  await Promise.all([api.exited, worker.exited]);
  return start(scene);
}

/** Says the same POST again until it is answered for good. */
const persist = <T>({ api }: TestMerchant, path: string, body: unknown): Promise<ApiAnswer<T>> =>
  until(
    'an answer',
    async () => {
      const answer = await api<T>('POST', path, { body }).catch(() => undefined);
      return answer && answer.status < 500 ? answer : undefined;
    },
    90_000,
  );

describe.concurrent('a kill -9 of worker and API', { timeout: 240_000 }, () => {
  test('while an endpoint is asked leaves exactly one recorded reply', () =>
    inCrashScene(async (scene) => {
      const { merchant } = scene;
      const running = await start(scene);
      let isUp = false;
      const never = new Promise<Reply>(() => {});
      const { id, receiver } = await endpointOf(merchant, {
        eventTypes: ['order.paid'],
        answers: () => (isUp ? replying({ asked: receiver.received.length }) : never),
      });
      const request = {
        pattern: 'request',
        to: id,
        subject: 's',
        body: 1,
        messageKey: 'once',
        replyWithinSeconds: 150,
      };
      const { body: open } = await persist<MessageBody>(merchant, '/v1/messages', request);
      await until('asked', () => receiver.received.length === 1);
      isUp = true;
      await killAndStartAgain(scene, running);
      const end = await until(
        'replied',
        async () => {
          const { body } = await persist<MessageBody>(merchant, '/v1/messages', request);
          return body.status === 'replied' && body;
        },
        120_000,
      );
      expect(end.id).toBe(open.id);
      // Of all answers that were given the one that was recorded stays, and is told once.
      await until('told', async () => (await feedOf(merchant, 'message.*')).length > 0);
      const told = await feedOf(merchant, 'message.*');
      expect(told).toMatchObject([{ type: 'message.reply', data: { reply: end.reply } }]);
      const ids = new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
      expect(ids.size).toBe(1);
      await receiver.stop();
    }));

  test('right after a request was committed loses nothing: the recovery job has it asked', () =>
    inCrashScene(async (scene) => {
      const { world, merchant } = scene;
      const running = await start(scene);
      const { id, receiver } = await endpointOf(merchant, {
        eventTypes: ['order.paid'],
        answers: () => replying('here'),
      });
      for (const { pid } of [running.api, running.worker]) process.kill(pid, 'SIGKILL');
      // What is there when the API dies between its commit and the start of the workflow.
      const created = await createRequest(world.db, {
        merchantId: merchant.merchantId,
        to: { address: id, merchantId: merchant.merchantId },
        messageKey: null,
        contentHash: '',
        subject: 's',
        body: '1',
        qos: 'at_least_once',
        callback: null,
        replyWithinSeconds: 120,
      });
      if (created.kind === 'keyReused') throw new Error('not created');
      await start(scene);
      await until('replied', async () => {
        const path = `/v1/messages/${created.message.id}?wait=5`;
        const answer = await merchant.api<MessageBody>('GET', path).catch(() => undefined);
        return answer?.body.reply?.body === 'here';
      });
      await receiver.stop();
    }));

  test('in the middle of a session ends in the same transcript at both sides', () =>
    inCrashScene(async (scene) => {
      const { world, merchant: a } = scene;
      const b = await world.newMerchant();
      let running = await start(scene);
      await acquaint(a, b);
      const sessions = await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          const { body } = await persist<{ id: string }>(a, '/v1/sessions', {
            participants: [a.merchantId, b.merchantId],
            subject: 's',
            sessionKey: `s-${i}`,
            closesInSeconds: 600,
          });
          return body;
        }),
      );
      const speakers = sessions.flatMap(({ id }, i) =>
        [a, b].map(async (side, n) => {
          await new Promise((resolve) => setTimeout(resolve, 50 * i));
          return persist(side, `/v1/sessions/${id}/messages`, { body: { i, n } });
        }),
      );
      running = await killAndStartAgain(scene, running);
      const said = await Promise.all(speakers);
      expect(said.every(({ status }) => status === 200 || status === 201)).toBe(true);
      for (const [i, { id }] of sessions.entries()) {
        const [atA, atB] = await Promise.all(
          [a, b].map(({ api }) => api<{ status: string }>('GET', `/v1/sessions/${id}?wait=30`)),
        );
        expect(atA?.text).toBe(atB?.text);
        expect(atA?.body).toMatchObject({
          status: 'complete',
          messages: [{ body: { i, n: 0 } }, { body: { i, n: 1 } }],
        });
      }
      await until('each side is told once of each', async () => {
        const told = await Promise.all([a, b].map((side) => feedOf(side, 'session.completed')));
        return told.every(({ length }) => length === sessions.length);
      });
    }));

  test('while a group talks leaves no member without a message, and none recorded twice', () =>
    inCrashScene(async (scene) => {
      const { world, merchant: owner } = scene;
      const members = await Promise.all([world.newMerchant(), world.newMerchant()]);
      let running = await start(scene);
      const { body: topic } = await persist<{ id: string }>(owner, '/v1/topics', { name: 't' });
      const receivers = await Promise.all(
        members.map(async (member) => {
          await acquaint(owner, member);
          await owner.api('PUT', `/v1/topics/${topic.id}/members/${member.merchantId}`, {
            body: {},
          });
          return (await endpointOf(member, { eventTypes: ['group.message'] })).receiver;
        }),
      );
      const count = 60;
      const published: number[] = [];
      const publishing = (async () => {
        for (let i = 0; i < count; i++) {
          await persist(owner, `/v1/topics/${topic.id}/messages`, {
            body: i,
            messageKey: `m-${i}`,
          });
          published.push(i);
        }
      })();
      await until('in the middle', () => published.length >= 15);
      running = await killAndStartAgain(scene, running);
      await until('further on', () => published.length >= 35);
      running = await killAndStartAgain(scene, running);
      await publishing;
      const all = Array.from({ length: count }, (_, i) => i);
      const { body: page } = await owner.api<{ data: { seq: number; body: number }[] }>(
        'GET',
        `/v1/topics/${topic.id}/messages?limit=100`,
      );
      expect(page.data.map(({ body }) => body)).toEqual(all);
      expect(page.data.map(({ seq }) => seq)).toEqual(all.map((i) => i + 1));
      for (const [i, member] of members.entries()) {
        await until(
          'every message arrived',
          () => new Set(receivers[i]!.received.map(({ event }) => event.id)).size === count,
          90_000,
        );
        const fed = (await feedOf(member, 'group.message')).map(({ data }) => data['body']);
        expect(fed).toEqual(all);
        await receivers[i]!.stop();
      }
    }));
});
