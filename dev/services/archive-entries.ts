import { createReadStream } from 'node:fs';
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Unzip, UnzipInflate } from 'fflate';

const TAR_BLOCK_BYTES = 512;
const REGULAR_FILE = new Set(['0', '\0']);

/** One entry of a zip file, chunk by chunk, so that memory holds neither the archive nor the entry. */
export async function* entryOfZip(
  archivePath: string,
  isWanted: (name: string) => boolean,
): AsyncGenerator<Uint8Array> {
  let inflated: Uint8Array[] = [];
  const unzip = new Unzip((file) => {
    if (!isWanted(file.name)) return;
    file.ondata = (error, chunk) => {
      if (error) throw error;
      inflated.push(chunk);
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  for await (const chunk of createReadStream(archivePath)) {
    unzip.push(chunk);
    yield* inflated;
    inflated = [];
  }
  unzip.push(new Uint8Array(0), true);
  yield* inflated;
}

/** One regular file of a .tar.gz that is still arriving, chunk by chunk. */
export async function* entryOfTarGz(
  source: AsyncIterable<Uint8Array>,
  isWanted: (name: string) => boolean,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  // Errors of the source reach the reader through gunzip; an early end of reading is no error.
  pipeline(Readable.from(source), gunzip, () => {});
  let pending = Buffer.alloc(0);
  let entry = { isWanted: false, leftBytes: 0, paddingBytes: 0 };
  for await (const chunk of gunzip) {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      if (entry.leftBytes > 0) {
        const part = pending.subarray(0, entry.leftBytes);
        pending = pending.subarray(part.length);
        entry.leftBytes -= part.length;
        if (entry.isWanted && part.length > 0) yield part;
        if (entry.leftBytes > 0) break;
        if (entry.isWanted) return;
      }
      if (pending.length < entry.paddingBytes + TAR_BLOCK_BYTES) break;
      const header = pending.subarray(entry.paddingBytes, entry.paddingBytes + TAR_BLOCK_BYTES);
      pending = pending.subarray(entry.paddingBytes + TAR_BLOCK_BYTES);
      entry = readTarHeader(header, isWanted);
    }
  }
}

function readTarHeader(header: Buffer, isWanted: (name: string) => boolean) {
  const text = (from: number, to: number) =>
    header.toString('latin1', from, to).split('\0')[0] ?? '';
  const sizeBytes = Number.parseInt(text(124, 136).trim() || '0', 8);
  const isRegular = REGULAR_FILE.has(header.toString('latin1', 156, 157));
  return {
    isWanted: isRegular && isWanted(text(0, 100)),
    leftBytes: sizeBytes,
    // Data is filled up to whole blocks.
    paddingBytes: (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES,
  };
}
