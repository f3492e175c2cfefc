import type { OpenAccount } from '../definition.ts';
import type { StripeMode } from './account.ts';
import { createStripe } from './client.ts';

/** Throws on implausible values, so that a test key is never used as a live one. */
export const openAccount: OpenAccount = ({ settings, credentials }) => {
  const mode = readMode(settings['mode'] ?? '');
  const secretKey = credentials['secretKey'] ?? '';
  assertKeyOf(mode, 'secretKey', secretKey);
  assertKeyOf(mode, 'publishableKey', settings['publishableKey'] ?? '');
  const webhookSecrets = (credentials['webhookSecrets'] ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter(Boolean);
  if (webhookSecrets.length === 0) throw new Error('webhookSecrets is empty');
  return createStripe({
    apiUrl: settings['apiUrl'] ?? '',
    accountId: settings['accountId'] ?? '',
    mode,
    secretKey,
    webhookSecrets,
    // Not a field of normal accounts: lets a demonstration reconcile its current day.
    sameDayStatements: settings['sameDayStatements'] === 'true',
  });
};

function readMode(text: string): StripeMode {
  if (text === 'live' || text === 'test') return text;
  throw new Error(`mode must be 'live' or 'test', not '${text}'`);
}

/** Stripe's keys contain their mode: sk_live_…, rk_test_…, pk_test_… */
function assertKeyOf(mode: StripeMode, name: string, key: string): void {
  if (!/^[a-z]+_(?:live|test)_\w+$/.test(key)) throw new Error(`${name} is not a Stripe key`);
  if (key.split('_')[1] !== mode) throw new Error(`${name} is not a ${mode} key`);
}
