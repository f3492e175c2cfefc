import { pino } from 'pino';
import type { Logger } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on stderr; stdout belongs to what a command answers. Secrets never reach a line. */
export function createLogger({ level, name }: { level: string; name: string }): Logger {
  return pino(
    {
      level,
      name,
      redact: {
        paths: ['*.authorization', '*.secret', '*.privateKey', '*.credentials', '*.apiKey'],
        censor: '[redacted]',
      },
      serializers: { error: pino.stdSerializers.err },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ fd: 2, sync: false }),
  );
}
