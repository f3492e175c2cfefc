import type { ApiAnswer } from './api-client.ts';
import type { FeedEvent, ProblemBody } from './events.ts';
import type { TestMerchant } from './world.ts';

export type Batch = { data: FeedEvent[]; leaseToken: string | null; cursor: string };

/** A consumer group as its members use it. */
export function consumerGroup({ api }: TestMerchant, name: string) {
  const path = `/v1/consumer-groups/${name}`;
  return {
    path,
    create: (body: Record<string, unknown> = {}): Promise<ApiAnswer> =>
      api('POST', '/v1/consumer-groups', { body: { name, ...body } }),
    read: (): Promise<ApiAnswer> => api('GET', path),
    take: async (body: Record<string, unknown> = {}): Promise<Batch> => {
      const answer = await api<Batch>('POST', `${path}/take`, { body });
      if (answer.status !== 200) throw new Error(`take: ${answer.status} ${answer.text}`);
      return answer.body;
    },
    acknowledge: ({
      leaseToken,
      cursor,
    }: Pick<Batch, 'leaseToken' | 'cursor'>): Promise<
      ApiAnswer<{ cursor: string } & ProblemBody>
    > => api('POST', `${path}/acknowledge`, { body: { leaseToken, cursor } }),
  };
}

export type Group = ReturnType<typeof consumerGroup>;
