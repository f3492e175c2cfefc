/** The first words of the platform's own event types; merchants' types begin with another. */
export const platformPrefixes = [
  'order',
  'refund',
  'dispute',
  'reconciliation',
  'endpoint',
  'message',
  'session',
  'topic',
  'group',
  'tender',
] as const;

const ownName = /^[a-z_][a-z0-9_]*(\.[a-z0-9_]+)+$/;
const longestName = 128;

/**
 * The reason why a merchant may not use this event type; undefined if it may.
 * @example refuseEventName('cart.abandoned') // undefined
 */
export function refuseEventName(name: string): string | undefined {
  if (name.length > longestName) return `must have at most ${longestName} characters`;
  if (!ownName.test(name)) {
    return 'must be lower case words (a-z, 0-9, _) joined by dots, at least two, like cart.abandoned';
  }
  const prefix = name.slice(0, name.indexOf('.'));
  const isPlatforms = platformPrefixes.some((reserved) => reserved === prefix);
  return isPlatforms ? `must not begin with ${prefix}., which is the platform's own` : undefined;
}
