// Package scenarios is the scenario language: parse, validate, describe.
// Nothing that makes load lives here.
//
// A scenario is a YAML file of services, trace shapes, load and expectations.
// The least that is one:
//
//	services:
//	  web:
//	    operations:
//	      home: {name: http.request, resource: GET /, duration: 5ms}
//	shapes:
//	  - {entry: web.home}
//	load:
//	  - {rate: 100/s, for: 10s}
//
// All else has a default, which the types of this package name; [Schema] is
// the same as JSON Schema. [Library] holds whole scenarios to start from.
//
// # Services, operations, calls
//
// A service has operations, and an operation is a kind of span: its name, its
// resource, the time of its own work, how often it fails, its tags, and what it
// calls. Calls are made one after the other; `{parallel: […]}` makes some side
// by side, `async: true` does not wait. A span lasts as long as its own work
// and what it waits for. Calls must not go in a circle.
//
//	calls:
//	  - cart.get                                             # service.operation
//	  - {to: payments.charge, probability: 98%, retries: 1}
//	  - parallel: [stock.check, {to: users.load, repeat: 1..3}]
//	  - {to: mail.send, async: true}
//	  - {to: cache.get, hit_rate: 92%, on_miss: [db.select, cache.set]}
//	  - {to: rates.current, timeout: 200ms, retries: 2, backoff: 50ms}
//	  - {to: rates.yesterday, when: error, recovers: 100%}   # a fallback
//
// # Shapes
//
// A shape is a recipe for one kind of trace: it enters at an operation, or is
// drawn from statistics. Weights say how often each is sent, priority what
// sampling decision it carries.
//
//	shapes:
//	  - {name: checkout, weight: 6, entry: web.checkout, priority: {1: 90%, 2: 10%}}
//	  - {name: tail, statistical: {spans: {p50: 6, p99: 700, max: 5000}, depth: {p50: 3, max: 9}}}
//	  - {name: import, entry: jobs.import, partial_flush: 300}
//	  - {name: phones, entry: app.sync, late: {share: 5%, by: {p50: 30s, p99: 10m}}}
//
// # Load
//
// Each line of the load is a phase with a name, a rate and a time.
//
//	load:
//	  - {name: warm-up, rate: 100/s, for: 10s, discard: true}  # not in the totals
//	  - {name: ramp, rate: 100/s..2000/s, for: 30s}
//	  - {steps: {from: 100/s, to: 500/s, by: 100/s, every: 10s}}
//	  - {sine: {mean: 300/s, amplitude: 200/s, period: 1m}, for: 5m}
//	  - {bursts: {base: 100/s, peak: 1000/s, every: 10s, for: 1s}, for: 1m}
//	  - {rate: max, connections: 8, for: 10s}                  # closed loop
//	  - {send: services, rate: 10/s, for: 5s}                  # announces services only
//
// # Incidents
//
// While an incident lasts, operations are slow or fail more, and callers show it.
//
//	incidents:
//	  - {name: bank-down, at: 30s, for: 10s, operations: ["payments.*"], error_rate: 40%, slowdown: 5x}
//
// # Events
//
// Things are done on purpose, to the intake behind the agent, to the agent, or to the connections to it.
//
//	events:
//	  - {at: 10s, for: 10s, intake: hang}              # slow, hang, refuse, answer (with code), reset
//	  - {phase: hold, at: 5s, for: 2s, agent: pause}   # pause, kill, restart
//	  - {at: 30s, connections: cut}
//
// # Values
//
//	rates          500/s, 30000/m, 2000 traces/s, 1000 spans/s, 5 MB/s (KB is 1000 bytes)
//	durations      300us, 12ms, 1m30s
//	shares         0.5% or 0.005
//	factors        5x
//	distributions  12ms or 20                     always the same
//	               40ms ± 15ms or 40ms +- 15ms    normal, cut at 0
//	               {p50: 12ms, p99: 90ms}         log-normal, σ = ln(p99/p50)/2.326
//	               {p50: 6, p99: 700, max: 5000}  the same, cut at max
//	               {p50: 6, max: 5000}            the same with p99 = max
//	               {p50: 2, p90: 6, max: 900}     through given quantiles (min, p10 … p99_99, max)
//	               1..3                           whole numbers, all equally likely
//	tags           text, [one, of, several], by-outcome, {cardinality: 50000, skew: zipf}
//
// To cut means to clamp: what would lie beyond the cut lies on it.
//
// # Settings
//
// PATH=VALUE changes a scenario without editing it. PATH is made of keys, list
// indices and names of list items, with dots between (a part in double quotes
// may hold dots itself); it exists if the schema has it. VALUE is YAML.
//
//	load.hold.rate=500/s
//	load.0.for=1m
//	services.web.operations.checkout.error_rate=5%
//
// # Problems
//
// Parsing is strict, and reports everything that is wrong at once ([Problems]),
// each with its place, the source line and a remedy:
//
//	shop.yaml:12:7: a phase has no key "raet"
//	   12 |   - {raet: 500/s, for: 1m}
//	      |      ^
//	        did you mean "rate"?
//
// A parsed [Scenario] is complete: every default is filled in, and
// marshalling it to JSON gives a scenario that parses to the same value again.
package scenarios
