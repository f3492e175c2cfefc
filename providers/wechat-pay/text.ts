/** Replaces control characters, because line breaks would split the lines of a bill, and cuts between characters. */
export function plainText(text: string, { maxBytes }: { maxBytes: number }): string {
  let plain = '';
  for (const character of text.replaceAll(/\p{Cc}/gu, ' ')) {
    if (Buffer.byteLength(plain) + Buffer.byteLength(character) > maxBytes) break;
    plain += character;
  }
  return plain;
}
