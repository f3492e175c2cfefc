import { StringDecoder } from 'node:string_decoder';
import type { Dispatcher } from 'undici';

export type PostAnswer = {
  statusCode: number;
  headers: Headers;
  /** The beginning of the answer; empty if it was not requested. */
  text: string;
};

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

// A receiver may answer anything; bytes beyond this are not read.
const drainedBytes = 64 * 1_024;

/**
 * Makes one POST. `keptCharsOf` returns by status how many characters of the body to keep; 0 only drains the body to
 * free the connection. Once there is a status, an error in the body does not discard it. Rejects if no status arrived.
 * `dispatcher` limits the total time. Without streams, which would double the cost of a call.
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
