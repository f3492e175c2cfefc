-- compatible: a function and indexes of its own.
--
-- A key's thumbprint (RFC 7638, for OKP keys RFC 8037, appendix A.3), as deliveries name it in `webhook-key-id`. Of
-- `whpk_` and the key in base64.
CREATE FUNCTION tender_key_id(key text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT rtrim(translate(encode(sha256(
    ('{"crv":"Ed25519","kty":"OKP","x":"' || rtrim(translate(substr(key, 6), '+/', '-_'), '=') || '"}')::bytea), 'base64'), '+/', '-_'), '=')
$$;
--> statement-breakpoint
CREATE INDEX "endpoints_by_key_id" ON "endpoints" USING btree (tender_key_id("public_key")) WHERE "endpoints"."public_key" is not null;--> statement-breakpoint
CREATE INDEX "endpoints_by_previous_key_id" ON "endpoints" USING btree (tender_key_id("previous_public_key")) WHERE "endpoints"."previous_public_key" is not null;