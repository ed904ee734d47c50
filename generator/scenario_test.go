package generator

import (
	"github.com/spanstorm/spanstorm/scenarios"
)

func constant(n float64) scenarios.Dist { return scenarios.Dist{A: n} }

func ms(p50, p99 float64) scenarios.Dist {
	return scenarios.Dist{Kind: scenarios.LogNormal, A: p50 * 1e6, B: p99 * 1e6, Time: true}
}

func numbers(p50, p99, most float64) scenarios.Dist {
	return scenarios.Dist{Kind: scenarios.LogNormal, A: p50, B: p99, Max: most}
}

func to(name string) scenarios.Call {
	return scenarios.Call{To: name, Probability: 1, Repeat: constant(1), ErrorPropagation: 1}
}

func operation1(name, resource string, calls ...scenarios.Call) *scenarios.Operation {
	return &scenarios.Operation{Name: name, Resource: scenarios.Resource{Values: []string{resource}}, Duration: ms(2, 30), Calls: calls}
}

// shop is a small shop that uses all of the language: every kind of call, tag
// and error.
func shop() *scenarios.Scenario {
	checkout := operation1("http.request", "POST /checkout",
		to("cart.get"),
		scenarios.Call{To: "payments.charge", Probability: 0.98, Repeat: constant(1), Retries: 1, ErrorPropagation: 1},
		scenarios.Call{Parallel: []scenarios.Call{
			to("stock.check"),
			{To: "users.load", Probability: 1, Repeat: scenarios.Dist{Kind: scenarios.UniformInt, A: 1, B: 3}, ErrorPropagation: 0.5},
		}},
		scenarios.Call{To: "mail.send", Probability: 1, Repeat: constant(1), Async: true},
	)
	checkout.Resource.Values = append(checkout.Resource.Values, "POST /checkout/confirm")
	checkout.ErrorRate = 0.02
	checkout.Tags = map[string]scenarios.Tag{
		"http.status_code": {ByOutcome: true},
		"outcome":          {ByOutcome: true},
		"user.id":          {Cardinality: 50_000, Skew: scenarios.Zipf},
		"region":           {Values: []string{"eu", "us"}},
		"team":             {Values: []string{"checkout \"é\"\n"}},
	}
	checkout.Metrics = map[string]scenarios.Dist{"cart.items": {Kind: scenarios.UniformInt, A: 1, B: 20}, "cart.total": numbers(30, 400, 0)}
	charge := operation1("grpc.client", "Payments/Charge", to("payments-db.insert"))
	charge.ErrorRate = 0.1
	charge.Errors = []scenarios.ErrorKind{{Type: "CardDeclined", Message: "card declined", Weight: 3}, {Type: "Timeout", Weight: 1}}
	load := operation1("http.request", "GET /users/?")
	load.Tags = map[string]scenarios.Tag{"user.id": {Cardinality: 50_000, Skew: scenarios.Zipf}, "session": {Cardinality: 1_000_000}}
	load.ErrorRate = 0.05
	return &scenarios.Scenario{
		Name: "shop", Seed: 42, API: scenarios.V04, Encoding: scenarios.Msgpack,
		TracesPerRequest: constant(20),
		Clients:          scenarios.Clients{Count: 1, Containers: 1, Languages: map[string]float64{"go": 5, "java": 3, "python": 2, "nodejs": 1, "ruby": 1}},
		Services: map[string]*scenarios.Service{
			"web":         {App: "shop", Type: "web", Operations: map[string]*scenarios.Operation{"checkout": checkout}},
			"cart":        {App: "shop", Type: "web", Operations: map[string]*scenarios.Operation{"get": operation1("http.request", "GET /cart", to("cart-cache.get"))}},
			"cart-cache":  {App: "shop", Type: "cache", Operations: map[string]*scenarios.Operation{"get": operation1("redis.command", "GET cart:?")}},
			"payments":    {App: "shop", Type: "web", Operations: map[string]*scenarios.Operation{"charge": charge}},
			"payments-db": {App: "shop", Type: "db", Operations: map[string]*scenarios.Operation{"insert": operation1("postgres.query", "INSERT INTO payments VALUES (?, ?)")}},
			"stock":       {App: "shop", Type: "rpc", Operations: map[string]*scenarios.Operation{"check": operation1("grpc.server", "/shop.Stock/Check")}},
			"users":       {App: "shop", Type: "web", Operations: map[string]*scenarios.Operation{"load": load}},
			"mail":        {App: "shop", Type: "queue", Operations: map[string]*scenarios.Operation{"send": operation1("kafka.consume", "mail")}},
		},
		Shapes: []scenarios.Shape{
			{Name: "checkout", Weight: 6, Entry: "web.checkout", Priority: map[string]scenarios.Share{"1": 0.8, "2": 0.1, "-1": 0.05, "none": 0.05}},
			{Name: "browse", Weight: 3, Entry: "cart.get", Priority: map[string]scenarios.Share{"1": 1}},
			tail(1),
		},
	}
}

// tail is a statistical shape.
func tail(weight float64) scenarios.Shape {
	return scenarios.Shape{
		Name: "tail", Weight: weight, Priority: map[string]scenarios.Share{"1": 0.5, "0": 0.5},
		Statistical: &scenarios.Statistical{
			Spans: numbers(6, 200, 800), Depth: numbers(3, 9, 9), Services: 20,
			RepeatedEdges: 0.2, Duration: ms(2, 80), ErrorRate: 0.01,
		},
	}
}

const someTime = int64(1_790_000_000_123_456_789)
