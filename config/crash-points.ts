/** Points at which a test kills this process to show that no data is lost. */
export type CrashPoint =
  | 'order.committed'
  | 'payment.created-at-provider'
  | 'notification.stored'
  | 'relay.sent';

const armed = process.env['TENDER_CRASH_AT'];

/** Kills this process with SIGKILL if TENDER_CRASH_AT names this point. */
export function crashPoint(point: CrashPoint): void {
  if (armed === point) process.kill(process.pid, 'SIGKILL');
}
