import type { Publication } from '../../db/queries/publish-events.ts';
import { envelopeOf } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import type { MerchantId } from '../../domain/ids.ts';

export type PublicationSettings = { dedupeKey?: string; data?: unknown; version?: string | null };

/** What a merchant publishes in one request: an event for each resource that is named. */
export function publicationOf(
  merchantId: MerchantId,
  names: readonly string[],
  settings: PublicationSettings = {},
): Publication {
  const at = new Date();
  return {
    merchant: { id: merchantId, shard: 0 },
    keyPastEnd: null,
    types: [{ name: 'cart.left', version: settings.version ?? null }],
    events: names.map((resourceId) => {
      const id = newId('event');
      const data = settings.data ?? { resourceId };
      const timestamp = at.toISOString();
      return {
        id,
        resourceId,
        type: 'cart.left',
        channels: [],
        createdAt: at,
        body: envelopeOf({ id, type: 'cart.left', timestamp, data }),
        hasResource: true,
        hasTime: false,
        dedupeKey: settings.dedupeKey ?? null,
        isKeyOfRequest: false,
      };
    }),
  };
}
