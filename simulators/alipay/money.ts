/** Formats fen as yuan with two decimals, as on the wire. */
export function yuan(fen: number): string {
  return (fen / 100).toFixed(2);
}

/** Parses yuan to fen; undefined unless it is at least one fen with at most two decimals. */
export function readFen(value: unknown): number | undefined {
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(String(value));
  if (!match) return undefined;
  const fen = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  return fen > 0 ? fen : undefined;
}
