/** What the platform names its own events by; a publisher's begin with something else. */
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

/** Why a merchant may not name an event type so; undefined where it may. Names are like `cart.abandoned`. */
export function refuseEventName(name: string): string | undefined {
  if (name.length > longestName) return `must have at most ${longestName} characters`;
  if (!ownName.test(name)) {
    return 'must be lower case words (a-z, 0-9, _) joined by dots, at least two, like cart.abandoned';
  }
  const prefix = name.slice(0, name.indexOf('.'));
  const isPlatforms = platformPrefixes.some((taken) => taken === prefix);
  return isPlatforms ? `must not begin with ${prefix}., which is the platform's own` : undefined;
}
