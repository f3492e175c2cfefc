/** A broker's refusal, with the code for the attempt's record. */
export class BrokerRefusal extends Error {
  override readonly name = 'BrokerRefusal';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
