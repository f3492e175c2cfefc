import { openDatabase } from '../../db/database.ts';
import { findProviderAccount } from '../../db/queries/provider-accounts.ts';
import { createSealer } from '../../db/sealed.ts';
import { createKey, createMerchant, createSandboxAccount } from '../../cli/open-account.ts';
import type { ProviderName } from './draw.ts';
import type { ShopAccount } from './shop.ts';

export type OpenedMerchant = {
  merchantId: string;
  key: string;
  accounts: ShopAccount[];
  /** What must never be read anywhere, by what it is. */
  secrets: Record<string, string>;
};

/** A merchant with an account at each of the simulators, as an operator would open it. */
export async function openMerchant(input: {
  databaseUrl: string;
  publicUrl: string;
  secretKey: Buffer;
  simulators: readonly { provider: ProviderName; url: string }[];
  name: string;
}): Promise<OpenedMerchant> {
  const { publicUrl, name } = input;
  const database = { url: input.databaseUrl, maxConnections: 2, onError: () => {} };
  const { db, close } = openDatabase(database);
  try {
    const deps = { db, sealer: createSealer([input.secretKey]) };
    const { merchantId } = await createMerchant(db, { name });
    const { key } = await createKey(db, { merchantId, expiresAt: null });
    const secrets: Record<string, string> = { [`API key of ${name}`]: key };
    const accounts: ShopAccount[] = [];
    for (const { provider, url: simulatorUrl } of input.simulators) {
      const sandbox = await createSandboxAccount(deps, {
        merchantId,
        provider,
        simulatorUrl,
        publicUrl,
      });
      accounts.push({ ...sandbox, simulatorUrl });
      const opened = await findProviderAccount(deps, sandbox);
      for (const [word, value] of Object.entries(opened?.credentials ?? {})) {
        // A key in PEM may be wrapped otherwise: one line out of its middle tells it.
        secrets[`${word} at ${provider}`] = value.includes('-----') ? value.split('\n')[5]! : value;
      }
    }
    return { merchantId, key, accounts, secrets };
  } finally {
    await close();
  }
}
