package names

import "strings"

// What services of shops, marketplaces, banks, media and logistics are about;
// after a slash the plural, where it is
// not one with an s.
const subjects = `
order checkout cart basket payment payout refund invoice billing/billing receipt tax/taxes pricing/prices price quote discount
coupon promotion campaign loyalty/rewards reward gift-card wallet ledger/ledgers transaction settlement currency/currencies
exchange-rate account customer user profile address/addresses contact identity/identities session auth/tokens token permission
role consent device membership subscription plan entitlement license tenant organization team invitation catalog product
category/categories brand variant attribute inventory/items stock/stocks warehouse supplier purchase-order replenishment listing
merchant seller store offer deal auction bid search/searches suggestion recommendation ranking feed timeline trend
similarity/scores embedding feature review rating comment question reaction follower message chat conversation thread notification
email sms/texts push/pushes template media/assets image photo video thumbnail playlist stream subtitle upload document file
attachment signature report export import delivery/deliveries shipment shipping/rates parcel courier carrier tracking/events route
dispatch/dispatches fleet vehicle driver trip fare return claim dispute ticket case agent appointment booking reservation
availability/slots calendar schedule reminder fraud/signals risk/scores kyc/checks compliance/checks sanction audit/entries
policy/policies limit quota credit loan card mandate statement transfer event metric experiment feature-flag config/settings
setting locale translation geo/places place map region timezone job task workflow approval webhook integration partner lead
prospect segment audience ad impression click conversion attribution sensor meter reading alert incident status/statuses backup
menu restaurant recipe table room guest property/properties hotel flight seat fleet-position
`

// aspects of a subject.
const aspects = `
history details summary search sync index events limits rules status validation lookup metadata preferences stats
counters enrichment archive import export snapshot eligibility calculation matching moderation scoring quota lifecycle
`

// actions are what is done to a subject, beside reading and writing it.
const actions = `
validate cancel confirm approve reject publish archive restore refresh assign release reserve verify submit
complete resolve merge export preview notify expire retry lock unlock activate suspend
`

// columns by which rows are looked up.
const columns = `
user_id account_id tenant_id external_id status region_id parent_id reference merchant_id
`

// list is the words of a text.
func list(text string) []string { return strings.Fields(text) }

// roles are what services of spans of a type are for.
func roles(typ string) []string {
	switch typ {
	case "web", "http":
		return []string{"api", "api", "api", "web", "gateway", "bff", "backend"}
	case "rpc", "grpc":
		return []string{"service", "service", "svc", "svc", "engine", "manager", "processor", "provider", "core"}
	case "sql", "db":
		return []string{"db", "postgres", "pg", "db-replica"}
	case "cache":
		return []string{"cache", "redis", "cache"}
	case "redis":
		return []string{"redis", "redis", "cache-redis"}
	case "memcached":
		return []string{"memcached", "cache", "mc"}
	case "mongodb":
		return []string{"mongo", "mongodb"}
	case "elasticsearch":
		return []string{"es", "elasticsearch"}
	case "queue":
		return []string{"consumer", "worker", "processor", "listener"}
	}
	return []string{typ}
}
