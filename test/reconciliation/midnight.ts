/** When a day begins in a time zone without summer time. */
export function midnightOf(date: string, timeZone: string): number {
  const utcMs = Date.parse(`${date}T00:00:00Z`);
  const wall = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(utcMs);
  return utcMs - (Date.parse(`${wall.replace(' ', 'T')}Z`) - utcMs);
}
