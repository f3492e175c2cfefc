// V8's search is linear for needles up to this length. For longer ones a rare character near the front makes it compare
// almost the whole needle at every position.
const safelySearched = 250;

/**
 * Builds a search for `needle` in linear time. `text.includes(needle)` takes time by the product of both lengths in the
 * worst case.
 * @example searchFor('bc')('abcd') // true
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

/**
 * For each prefix of the needle: the length of its longest proper prefix that is also its suffix (Knuth, Morris,
 * Pratt).
 */
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
