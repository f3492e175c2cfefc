const keyBytes = 32;

/** Parses TENDER_SECRET_KEYS: 32-byte keys in base64, separated by commas; undefined if one of them is not. */
export function parseSecretKeys(text: string): Buffer[] | undefined {
  const keys = text.split(',').map((part) => Buffer.from(part.trim(), 'base64'));
  return keys.every((key) => key.length === keyBytes) ? keys : undefined;
}

/** The error message for a text that `parseSecretKeys` cannot parse. */
export const secretKeysHelp =
  'must be 32-byte keys in base64, separated by commas (make one: openssl rand -base64 32)';
