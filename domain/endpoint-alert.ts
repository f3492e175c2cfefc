const dayMs = 24 * 60 * 60 * 1_000;

export type DisabledEndpoint = {
  id: string;
  url: string;
  /** In words, as it stands on the endpoint. */
  reason: string;
  failingSince: Date;
  /** How many events ended undelivered with it. */
  deadLetters: number;
};

/**
 * What a merchant is to read of an endpoint that was disabled, ready to be sent as a mail: what happened, what it
 * cost, and how to get it back. An address may hold a password or a token: it is named without them.
 */
export function disabledAlert(endpoint: DisabledEndpoint): { subject: string; text: string } {
  const { id, url, reason, failingSince, deadLetters } = endpoint;
  const { protocol, host, pathname } = new URL(url);
  const address = `${protocol}//${host}${pathname}`;
  // What failed first was older than its failure. What was delivered is not sent again.
  const since = new Date(failingSince.getTime() - dayMs).toISOString();
  const lost = deadLetters === 1 ? '1 event was' : `${deadLetters} events were`;
  return {
    subject: `Your endpoint ${address} gets no more events`,
    text: [
      `Your endpoint ${address} (${id}) was disabled: ${reason}.`,
      `It has taken nothing since ${failingSince.toISOString()}.`,
      `${lost} waiting for it and not delivered.`,
      '',
      'Once it answers again:',
      `1. PATCH /v1/endpoints/${id} with {"status":"enabled"}`,
      `2. POST /v1/replays with {"kind":"recover","endpointId":"${id}","since":"${since}"} sends what it missed`,
    ].join('\n'),
  };
}
