import type { Evidence, Findings } from '../evidence.ts';
import { query } from '../evidence.ts';
import type { ReportSource } from '../life.ts';
import type { Verdicts } from './verdicts.ts';

/** 11: what is in the inbox was said by the provider, stands there once, and was heard. */
export async function checkInbox(
  evidence: Evidence,
  found: Findings,
  told: readonly ReportSource[],
  { expect }: Verdicts,
): Promise<void> {
  const inbox = await query<{
    id: string;
    account_id: string;
    provider_notification_id: string;
    outcome: string | null;
    applied_at: Date | null;
  }>(evidence.databaseUrl, 'select * from provider_notifications');
  const said = new Set(
    [...found.trades.values(), ...found.copies.values()].flatMap(({ notifications }) =>
      notifications.map(({ id }) => id),
    ),
  );
  const ofCopies = new Set(
    [...found.copies.values()].flatMap(({ notifications }) => notifications.map(({ id }) => id)),
  );
  const heard = new Set<string>();
  for (const row of inbox) {
    const { id, account_id, provider_notification_id: number, outcome, applied_at } = row;
    const key = `${account_id}/${number}`;
    expect(11, !heard.has(key), `${number} is in the inbox twice`);
    heard.add(key);
    expect(11, said.has(number), `${id} was never said by the provider: ${number}`);
    expect(11, applied_at !== null && outcome !== null, `${id} was never applied`);
    expect(11, outcome !== 'unmatched', `${id} is for no payment of ours`);
    const isForeign = ofCopies.has(number);
    expect(11, isForeign || outcome !== 'foreign', `${id} is of ours, and was taken for foreign`);
    expect(11, !isForeign || outcome !== 'applied', `${id} is of a copy, and was applied`);
  }
  const providers = new Map(
    evidence.merchant.accounts.map(({ accountId, provider }) => [accountId, provider]),
  );
  for (const [key, { notifications }] of found.trades) {
    // Alipay's notifications carry no time that could be too old: there the number alone tells.
    const isTimed = providers.get(key.split('/')[0] ?? '') !== 'alipay';
    for (const { id, attempts } of notifications) {
      const believed = (fault: string) =>
        attempts.filter((attempt) => attempt.fault === fault && attempt.outcome === 'acknowledged');
      expect(11, believed('forged').length === 0, `${id} was believed, forged`);
      // Each is first sent as it should be, and then as it was signed long ago.
      const replays = attempts.filter(({ fault }) => fault === 'replayed').length / 2;
      const isFresh = believed('replayed').length <= Math.ceil(replays);
      expect(11, !isTimed || isFresh, `${id} was believed, replayed`);
    }
  }
  for (const { id, forgeries } of told) {
    const areRefused = forgeries.every((status) => status >= 400);
    expect(11, areRefused, `${id}: a stranger was answered ${forgeries.join()}`);
  }
}
