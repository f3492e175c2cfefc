// Opens an order, waits for its payment, gives some back and lists: with nothing but what was generated.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"

	"client/tender"
)

func main() {
	key, number := os.Getenv("TENDER_KEY"), os.Getenv("ORDER_NO")
	ctx := context.Background()
	client, err := tender.NewClientWithResponses(os.Getenv("TENDER_URL"),
		tender.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
			request.Header.Set("Authorization", "Bearer "+key)
			return nil
		}))
	check(err)

	long, short := "wait=30", "wait=5"
	opened, err := client.CreateOrderWithResponse(ctx,
		&tender.CreateOrderParams{Prefer: &long, IdempotencyKey: &number},
		tender.NewOrder{
			MerchantOrderNo: number,
			AmountMinor:     1250,
			Currency:        "CNY",
			Subject:         "One cup of tea",
			Methods:         &[]tender.NewOrderMethods{"alipay.qr"},
		})
	check(err)
	if opened.JSON201 == nil {
		log.Fatalf("not opened: %s", opened.Body)
	}
	order := opened.JSON201
	say(map[string]any{"step": "opened", "orderId": order.Id})

	for order.Status == "pending" {
		read, err := client.GetOrderWithResponse(ctx, order.Id, &tender.GetOrderParams{Prefer: &short})
		check(err)
		if read.JSON200 == nil {
			log.Fatalf("not read: %s", read.Body)
		}
		order = read.JSON200
	}
	say(map[string]any{"step": "paid", "status": order.Status})

	refundNo, amount := number+"-R", 250
	refund, err := client.CreateRefundWithResponse(ctx, order.Id,
		&tender.CreateRefundParams{Prefer: &long},
		tender.NewRefund{MerchantRefundNo: refundNo, AmountMinor: &amount})
	check(err)
	if refund.JSON201 == nil {
		log.Fatalf("not refunded: %s", refund.Body)
	}

	limit := 5
	list, err := client.ListOrdersWithResponse(ctx, &tender.ListOrdersParams{Limit: &limit})
	check(err)
	if list.JSON200 == nil {
		log.Fatalf("not listed: %s", list.Body)
	}
	var listed string
	for _, each := range list.JSON200.Data {
		if each.Id == order.Id {
			listed = each.MerchantOrderNo
		}
	}
	say(map[string]any{
		"step":         "done",
		"refundStatus": refund.JSON201.Status,
		"refundMinor":  refund.JSON201.AmountMinor,
		"listed":       listed,
	})
}

func say(fields map[string]any) {
	line, err := json.Marshal(fields)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
