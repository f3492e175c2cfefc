export { deliverToEndpoint } from './deliver-to-endpoint.ts';
export { dispatchEvents } from './dispatch-events.ts';
export { payOrder } from './pay-order.ts';
export { refundPayment } from './refund-payment.ts';
export { settleLate } from './settle-late.ts';
export { sweep } from './sweep.ts';
