const keyBytes = 32;

/** Reads TENDER_SECRET_KEYS: 32-byte keys in base64, separated by commas; undefined when one is not. */
export function parseSecretKeys(text: string): Buffer[] | undefined {
  const keys = text.split(',').map((part) => Buffer.from(part.trim(), 'base64'));
  return keys.every((key) => key.length === keyBytes) ? keys : undefined;
}

/** What to say where `parseSecretKeys` finds none. */
export const secretKeysHelp =
  'must be 32-byte keys in base64, separated by commas (make one: openssl rand -base64 32)';
