import { pino } from 'pino';
import { shownError } from '../../telemetry/logger.ts';
import type { Logger } from '../../telemetry/logger.ts';

export type LogLine = Record<string, unknown> & { level: number; msg: string };

/** A logger that keeps what it is told, from errors on. */
export function keptLog({ level = 'error' }: { level?: string } = {}): {
  logger: Logger;
  lines: LogLine[];
} {
  const lines: LogLine[] = [];
  const logger = pino(
    { level, serializers: { err: shownError, error: shownError } },
    { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) },
  );
  return { logger, lines };
}
