import { StringDecoder } from 'node:string_decoder';
import type { Dispatcher } from 'undici';

export type PostAnswer = {
  statusCode: number;
  headers: Headers;
  /** The beginning of what was said; empty where it was not asked for. */
  text: string;
};

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

// A receiver may answer anything; what goes beyond this is not read.
const drainedBytes = 64 * 1_024;

/**
 * One POST. `keptCharsOf` says of a status how many characters of the body matter; 0 drains it, which
 * only frees the connection. Once there is a status, nothing that becomes of the body takes it away.
 * Rejects where none came. `dispatcher` bounds the time of it all. Without streams, which cost as much again as
 * the rest of a call.
 */
export function post(
  dispatcher: Dispatcher,
  request: {
    origin: string;
    path: string;
    headers: Readonly<Record<string, string>>;
    body: string | Buffer;
    keptCharsOf: (statusCode: number) => number;
  },
): Promise<PostAnswer> {
  const { origin, path, headers: sent, body, keptCharsOf } = request;
  return new Promise((resolve, reject) => {
    let answer: PostAnswer | undefined;
    let keptChars = 0;
    let readBytes = 0;
    let decoder: StringDecoder | undefined;
    const end = () => {
      if (answer) resolve(answer);
    };
    dispatcher.dispatch(
      { method: 'POST', origin, path, headers: sent, body },
      {
        onRequestStart() {},
        onResponseStart(_, statusCode, headers) {
          answer = { statusCode, headers, text: '' };
          keptChars = keptCharsOf(statusCode);
          if (keptChars > 0) decoder = new StringDecoder();
        },
        onResponseData(controller, chunk) {
          if (!answer) return;
          readBytes += chunk.length;
          if (decoder) answer.text += decoder.write(chunk);
          const isEnough = decoder ? answer.text.length >= keptChars : readBytes > drainedBytes;
          if (isEnough) controller.abort(new Error('enough of the answer was read'));
        },
        onResponseEnd: end,
        onResponseError(_, error) {
          if (answer) end();
          else reject(error);
        },
      },
    );
  });
}
