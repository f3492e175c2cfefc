import { createReadStream } from 'node:fs';
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Unzip, UnzipInflate } from 'fflate';
import tar from 'tar-stream';

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

/**
 * One regular file of a .tar.gz that is still arriving, chunk by chunk. tar-stream buffers an entry's extended header
 * whole, however long, so read only archives of a trusted release.
 */
export async function* entryOfTarGz(
  source: AsyncIterable<Uint8Array>,
  isWanted: (name: string) => boolean,
): AsyncGenerator<Uint8Array> {
  const entries = tar.extract();
  // Errors of the source reach the reader through the entries; an early end of reading is no error.
  pipeline(Readable.from(source), createGunzip(), entries, () => {});
  for await (const entry of entries) {
    const { type, name } = entry.header;
    if (type === 'file' && isWanted(name)) {
      yield* entry;
      return;
    }
    entry.resume();
  }
}
