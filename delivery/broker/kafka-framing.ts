import { invalidFrame } from './framing.ts';
import type { Framing } from './framing.ts';

const sizeBytes = 4;
const correlationIdBytes = 4;
/** The metadata of one topic with some 11,000 partitions; every other answer is much smaller. */
export const mostAnswerBytes = 512 * 1_024;

/** Kafka's answers: a size, then that many bytes, the first four of which identify the request. */
export const kafkaFraming: Framing = {
  headerBytes: sizeBytes,
  frameBytesOf(header) {
    const answerBytes = header.readInt32BE(0);
    if (answerBytes < correlationIdBytes || answerBytes > mostAnswerBytes) {
      throw invalidFrame(`an answer of ${answerBytes} bytes`);
    }
    return sizeBytes + answerBytes;
  },
  check() {},
};
