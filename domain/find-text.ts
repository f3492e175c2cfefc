// V8 searches in linear time as long as it looks back over the whole needle, which it does for so many
// characters; beyond, an odd character near the needle's front makes it compare nearly all of it everywhere.
const safelySearched = 250;

/**
 * Makes a search for `needle` in time that grows with the text, whatever the two are: what
 * `text.includes(needle)` says, which grows with their product.
 */
export function searchFor(needle: string): (text: string) => boolean {
  if (needle.length <= safelySearched) return (text) => text.includes(needle);
  const fallback = fallbacksOf(needle);
  return (text) => {
    let matched = 0;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      while (matched > 0 && unit !== needle.charCodeAt(matched)) matched = fallback[matched - 1]!;
      if (unit === needle.charCodeAt(matched)) matched += 1;
      if (matched === needle.length) return true;
    }
    return false;
  };
}

/** For each prefix of the needle the length of the longest other prefix that it ends in (Knuth, Morris, Pratt). */
function fallbacksOf(needle: string): Uint32Array {
  const lengths = new Uint32Array(needle.length);
  let length = 0;
  for (let at = 1; at < needle.length; at++) {
    const unit = needle.charCodeAt(at);
    while (length > 0 && unit !== needle.charCodeAt(length)) length = lengths[length - 1]!;
    if (unit === needle.charCodeAt(length)) length += 1;
    lengths[at] = length;
  }
  return lengths;
}
