const dayMs = 24 * 60 * 60 * 1_000;

export type DisabledEndpoint = {
  id: string;
  url: string;
  /** The reason in words, as stored with the endpoint. */
  reason: string;
  failingSince: Date;
  /** Events that ended undelivered for this endpoint. */
  deadLetters: number;
};

/**
 * The email that tells a merchant that an endpoint was disabled: what happened, what was lost, and how to recover.
 * Shows the address without its credentials and query, which may hold a password or token.
 */
export function disabledAlert(endpoint: DisabledEndpoint): { subject: string; text: string } {
  const { id, url, reason, failingSince, deadLetters } = endpoint;
  const { protocol, host, pathname } = new URL(url);
  const address = `${protocol}//${host}${pathname}`;
  // The first failed event is older than its failure. A recovery does not resend delivered events.
  const since = new Date(failingSince.getTime() - dayMs).toISOString();
  const lost = deadLetters === 1 ? '1 event was' : `${deadLetters} events were`;
  return {
    subject: `Your endpoint ${address} gets no more events`,
    text: [
      `Your endpoint ${address} (${id}) was disabled: ${reason}.`,
      `It has accepted nothing since ${failingSince.toISOString()}.`,
      `${lost} waiting for it and not delivered.`,
      '',
      'Once it answers again:',
      `1. PATCH /v1/endpoints/${id} with {"status":"enabled"}`,
      `2. POST /v1/replays with {"kind":"recover","endpointId":"${id}","since":"${since}"} sends what it missed`,
    ].join('\n'),
  };
}
