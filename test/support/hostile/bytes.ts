/** Big-endian numbers and strings, as both protocols write them. */
export const u8 = (value: number) => Buffer.from([value & 0xff]);
export const i16 = (value: number) => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
};
export const i32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
};
export const i64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, value));
  return bytes;
};
/** With two bytes of length, as Kafka has it. */
export const string16 = (text: string) =>
  Buffer.concat([i16(Buffer.byteLength(text)), Buffer.from(text)]);
/** With one byte of length, AMQP's short string. */
export const string8 = (text: string) =>
  Buffer.concat([u8(Buffer.byteLength(text)), Buffer.from(text)]);
/** With four bytes of length, AMQP's long string. */
export const string32 = (text: string | Buffer) =>
  Buffer.concat([i32(Buffer.byteLength(text)), Buffer.from(text as string)]);
export const array32 = (items: readonly Buffer[]) => Buffer.concat([i32(items.length), ...items]);
