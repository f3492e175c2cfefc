-- compatible: no statement names an index.
ALTER INDEX "endpoints_in_trouble" RENAME TO "endpoints_owned_by_workflow";
--> statement-breakpoint
ALTER INDEX "orders_wishing" RENAME TO "orders_commanded";
