/** Without line breaks, which would tear the lines of a bill, and cut between characters. */
export function plainText(text: string, { maxCharacters }: { maxCharacters: number }): string {
  return Array.from(text.replaceAll(/\p{Cc}/gu, ' '))
    .slice(0, maxCharacters)
    .join('');
}
