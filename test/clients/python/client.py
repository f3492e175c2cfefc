"""Opens an order, waits for its payment, gives some back and lists: with nothing but what was generated."""

import json
import os

from tender.api.orders import create_order, get_order, list_orders
from tender.api.refunds import create_refund
from tender.client import AuthenticatedClient
from tender.models import NewOrder, NewRefund
from tender.models.new_order_methods_item import NewOrderMethodsItem

number = os.environ["ORDER_NO"]
client = AuthenticatedClient(
    base_url=os.environ["TENDER_URL"],
    token=os.environ["TENDER_KEY"],
    timeout=60.0,
    raise_on_unexpected_status=True,
)


def say(**fields):
    print(json.dumps(fields), flush=True)


order = create_order.sync(
    client=client,
    prefer="wait=30",
    idempotency_key=number,
    body=NewOrder(
        merchant_order_no=number,
        amount_minor=1250,
        currency="CNY",
        subject="One cup of tea",
        methods=[NewOrderMethodsItem.ALIPAY_QR],
    ),
)
say(step="opened", orderId=order.id)

status = str(order.status)
while status == "pending":
    status = str(get_order.sync(order.id, client=client, prefer="wait=5").status)
say(step="paid", status=status)

refund = create_refund.sync(
    order.id,
    client=client,
    prefer="wait=30",
    body=NewRefund(merchant_refund_no=f"{number}-R", amount_minor=250),
)
found = [each for each in list_orders.sync(client=client, limit=5).data if each.id == order.id]
say(
    step="done",
    refundStatus=str(refund.status),
    refundMinor=refund.amount_minor,
    listed=found[0].merchant_order_no,
)
