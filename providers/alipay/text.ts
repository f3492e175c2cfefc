/** Replaces control characters, because line breaks would split the lines of a bill, and cuts between characters. */
export function plainText(text: string, { maxCharacters }: { maxCharacters: number }): string {
  return Array.from(text.replaceAll(/\p{Cc}/gu, ' '))
    .slice(0, maxCharacters)
    .join('');
}
