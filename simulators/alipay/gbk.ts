import { TextDecoder } from 'node:util';

/** Built by decoding every pair of bytes, because Node decodes GBK but does not encode it. */
let pairs: Map<string, number> | undefined;

/** Encodes text as GBK; other characters become `?`, as in Alipay's files. */
export function encodeGbk(text: string): Buffer {
  pairs ??= allPairs();
  const bytes: number[] = [];
  for (const character of text) {
    const pair = pairs.get(character);
    if (pair !== undefined) bytes.push(pair >> 8, pair & 0xff);
    else bytes.push(character <= '\u007f' ? character.charCodeAt(0) : 0x3f);
  }
  return Buffer.from(bytes);
}

function allPairs(): Map<string, number> {
  const decoder = new TextDecoder('gbk');
  const found = new Map<string, number>();
  for (let lead = 0x81; lead <= 0xfe; lead += 1) {
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      const character = decoder.decode(Uint8Array.of(lead, trail));
      const isPair = Array.from(character).length === 1 && character !== '\ufffd';
      if (isPair) found.set(character, (lead << 8) | trail);
    }
  }
  return found;
}
