/** Places where a test may kill this process, to show that nothing is lost there. */
export type CrashPoint =
  | 'order.committed'
  | 'payment.created-at-provider'
  | 'notification.stored'
  | 'relay.sent';

const armed = process.env['TENDER_CRASH_AT'];

/** Dies at once, as by kill -9, if TENDER_CRASH_AT names this point; otherwise does nothing. */
export function crashPoint(point: CrashPoint): void {
  if (armed === point) process.kill(process.pid, 'SIGKILL');
}
