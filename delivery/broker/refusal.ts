/** A broker's refusal, with the word that stands in the record of the attempt. */
export class BrokerRefusal extends Error {
  override readonly name = 'BrokerRefusal';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
