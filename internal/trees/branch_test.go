package trees

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/scenarios"
)

func when(w scenarios.When, recovers float64, o *operation) call {
	return with(calling(o), func(c *call) { c.when, c.recovers = w, recovers })
}

func missing(hitRate float64, o *operation, next ...call) call {
	return with(calling(o), func(c *call) { c.hitRate, c.onMiss = hitRate, next })
}

func within(patience float64, o *operation) call {
	return with(calling(o), func(c *call) { c.timeout = int64(patience * 1e6) })
}

func asClient(o *operation) *operation {
	o.kind = client
	return o
}

func TestBranches(t *testing.T) {
	leaf := func(name string) *operation { return op(name, 1) }
	broken := func(name string) *operation { return failing(op(name, 1), 1) }
	silent := func(c call) call { return with(c, func(c *call) { c.propagation = 0 }) }
	for _, tt := range []struct {
		name string
		root *operation
		want []string
	}{
		{
			"on error, when there is none",
			op("a", 1, calling(leaf("b")), when(scenarios.OnError, 0, leaf("c")), when(scenarios.OnOK, 0, leaf("d"))),
			[]string{"a 3 ms", "  b 1 ms", "  d 1 ms"},
		},
		{
			"on error, when there is one: it does not heal of itself",
			op("a", 1, calling(broken("b")), when(scenarios.OnError, 0, leaf("c")), when(scenarios.OnOK, 0, leaf("d"))),
			[]string{"a 3 ms !b", "  b 1 ms !", "  c 1 ms"},
		},
		{
			"an error that did not rise is one",
			op("a", 1, silent(calling(broken("b"))), when(scenarios.OnError, 0, leaf("c"))),
			[]string{"a 3 ms", "  b 1 ms !", "  c 1 ms"},
		},
		{
			"a fallback recovers, and what follows goes on as if nothing had happened",
			op("a", 1, calling(broken("b")), when(scenarios.OnError, 1, leaf("c")), when(scenarios.OnOK, 0, leaf("d")), when(scenarios.OnError, 0, leaf("e"))),
			[]string{"a 4 ms", "  b 1 ms !", "  c 1 ms", "  d 1 ms"},
		},
		{
			"a fallback that fails does not",
			op("a", 1, calling(broken("b")), when(scenarios.OnError, 1, broken("c"))),
			[]string{"a 3 ms !c", "  b 1 ms !", "  c 1 ms !"},
		},
		{
			"nor one that fails silently",
			op("a", 1, calling(broken("b")), silent(when(scenarios.OnError, 1, broken("c")))),
			[]string{"a 3 ms !b", "  b 1 ms !", "  c 1 ms !"},
		},
		{
			"calls side by side do not know of each other",
			op("a", 1, call{parallel: []call{calling(broken("b")), when(scenarios.OnError, 1, leaf("c")), when(scenarios.OnOK, 0, leaf("d"))}}),
			[]string{"a 2 ms !b", "  b 1 ms !", "  d 1 ms"},
		},
		{
			"side by side, one recovers what was before, not what fails beside it",
			op("a", 1, calling(broken("b")), call{parallel: []call{calling(broken("c")), when(scenarios.OnError, 1, leaf("d"))}}, when(scenarios.OnError, 0, leaf("e"))),
			[]string{"a 4 ms !c", "  b 1 ms !", "  c 1 ms !", "  d 1 ms", "  e 1 ms"},
		},
		{
			"two that recover side by side make good what was before once",
			op("a", 1, calling(broken("b")), call{parallel: []call{when(scenarios.OnError, 1, leaf("c")), when(scenarios.OnError, 1, leaf("d")), silent(calling(broken("e")))}},
				when(scenarios.OnOK, 0, leaf("f")), when(scenarios.OnError, 0, leaf("g"))),
			[]string{"a 4 ms", "  b 1 ms !", "  c 1 ms", "  d 1 ms", "  e 1 ms !", "  g 1 ms"},
		},
		{"a hit", op("a", 1, missing(1, leaf("b"), calling(leaf("c")))), []string{"a 2 ms", "  b 1 ms"}},
		{
			"a miss",
			op("a", 1, missing(0, leaf("b"), calling(leaf("c")), calling(leaf("d")))),
			[]string{"a 4 ms", "  b 1 ms", "  c 1 ms", "  d 1 ms"},
		},
		{
			"a failed look-up is a miss, and what is called then may ask why",
			op("a", 1, silent(missing(1, broken("b"), calling(leaf("c")), when(scenarios.OnOK, 0, leaf("d"))))),
			[]string{"a 3 ms", "  b 1 ms !", "  c 1 ms"},
		},
		{
			"what is called on a miss can make the failed look-up good",
			op("a", 1, missing(1, broken("b"), when(scenarios.OnError, 1, leaf("c"))), when(scenarios.OnOK, 0, leaf("d"))),
			[]string{"a 4 ms", "  b 1 ms !", "  c 1 ms", "  d 1 ms"},
		},
		{
			"misses side by side each go on by themselves",
			op("a", 1, call{parallel: []call{with(missing(0, leaf("b"), calling(leaf("c"))), func(c *call) { c.repeat = constant(2) })}}),
			[]string{"a 3 ms", "  b 1 ms", "  c 1 ms", "  b 1 ms", "  c 1 ms"},
		},
		{
			"a caller that waits no longer fails; what it called goes on",
			op("a", 1, within(2, op("b", 10))),
			[]string{"a 3 ms !b", "  b 10 ms"},
		},
		{
			"it tries again",
			op("a", 1, with(within(2, op("b", 10)), func(c *call) { c.retries = 1 })),
			[]string{"a 5 ms !b", "  b 10 ms", "  b 10 ms"},
		},
		{
			"a client's span ends when the client waits no longer, and is the failure",
			op("a", 1, within(2, asClient(op("b", 0, calling(op("c", 10)))))),
			[]string{"a 3 ms !b", "  b 2 ms !", "    c 10 ms"},
		},
		{"in time", op("a", 1, within(2, op("b", 1))), []string{"a 2 ms", "  b 1 ms"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nodes, err := grow(nil, tt.root, &stream{1})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, picture(nodes)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Waits between retries double, each with a jitter of half of it.
func TestBackoff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		backoff := rapid.Int64Range(1, 1000*msec).Draw(t, "backoff")
		root := op("a", 1, with(calling(failing(op("b", 2), 1)), func(c *call) { c.retries, c.backoff = 4, backoff }))
		nodes, err := grow(nil, root, &stream{rapid.Uint64().Draw(t, "seed")})
		if err != nil || len(nodes) != 6 {
			t.Fatalf("%d spans, %v", len(nodes), err)
		}
		for k := 2; k < len(nodes); k++ {
			gap := nodes[k].start - nodes[k-1].start - nodes[k-1].duration
			wait := backoff << (k - 2)
			if gap < wait/2 || gap > wait+wait/2 {
				t.Fatalf("retry %d after %d ns, backoff %d", k-1, gap, wait)
			}
		}
	})
}

// An async call starts as much later as it was in a queue.
func TestDelay(t *testing.T) {
	delay := constant(5 * float64(msec))
	root := op("a", 2, with(calling(op("b", 3)), func(c *call) { c.async, c.delay = true, &delay }))
	nodes, err := grow(nil, root, &stream{1})
	if err != nil {
		t.Fatal(err)
	}
	a, b := nodes[0], nodes[1]
	if a.duration != 2*msec || b.queued != 5*msec || b.start < 5*msec || b.start > 7*msec {
		t.Errorf("the call starts at %d ns, after %d in the queue; its caller lasts %d", b.start, b.queued, a.duration)
	}
}

// Fan-out may be a distribution, side by side too.
func TestFanOut(t *testing.T) {
	root := op("a", 1, call{parallel: []call{with(calling(op("b", 1)), func(c *call) { c.repeat = numbers(3, 40, 0) })}})
	counts := map[int]int{}
	for seed := range uint64(1000) {
		nodes, err := grow(nil, root, &stream{seed})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes[1:] {
			if n.start != nodes[1].start {
				t.Fatal("calls side by side do not begin together")
			}
		}
		switch n := len(nodes) - 1; {
		case n <= 3:
			counts[3]++
		case n >= 40:
			counts[40]++
		}
	}
	// The median is 3 (rounded, so 2.5 to 3.5 are 3), and a hundredth is 40 or more.
	if counts[3] < 480 || counts[3] > 640 || counts[40] < 2 || counts[40] > 25 {
		t.Errorf("of 1000 traces %d fan out to 3 or less, and %d to 40 or more", counts[3], counts[40])
	}
}

// In a dressed tree a timeout shows on the side that waited.
func TestTimeoutsAreReported(t *testing.T) {
	const text = `
services:
  shop:
    operations:
      page: {name: http.request, resource: GET /, duration: 1ms, calls: [{to: api.rpc, timeout: 2ms}]}
      front: {name: http.request, resource: GET /front, duration: 1ms, calls: [{to: db.get, timeout: 2ms}]}
      out: {name: http.request, resource: GET /out, duration: 1ms, calls: [{to: shop.bank, timeout: 2ms}]}
      bank: {name: http.request, type: http, resource: POST /charge, duration: 1s}
  api: {operations: {rpc: {name: grpc.server, type: rpc, resource: /a/b, duration: 1s}}}
  db: {type: db, operations: {get: {name: postgres.query, resource: SELECT 1, duration: 1s}}}
shapes: [{entry: shop.page}, {entry: shop.front}, {entry: shop.out}]
load: [{rate: 1/s, for: 1s}]
`
	s, err := scenarios.Parse("timeouts.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCatalogue(s, Reserved{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		calleeFailed bool
		calleeMS     int64
		rootType     string
		message      string // of the root
	}{
		{false, 1000, "*status.Error", "DeadlineExceeded"},
		{true, 2, "context.deadlineExceededError", "context deadline exceeded"},
		{true, 2, "*url.Error", "Client.Timeout exceeded"},
	} {
		src, err := c.Source(&s.Shapes[i])
		if err != nil {
			t.Fatal(err)
		}
		spans, err := NewDresser(c).Spans(src, 0)
		if err != nil {
			t.Fatal(err)
		}
		root, callee := tagsOf(&spans[0]), tagsOf(&spans[1])
		if root["http.status_code"] != "504" || root["error.type"] != want.rootType || !strings.Contains(root["error.message"], want.message) {
			t.Errorf("%s: %v", s.Shapes[i].Name, root)
		}
		if spans[1].Error != want.calleeFailed || spans[1].Duration/msec != want.calleeMS {
			t.Errorf("%s: the callee failed: %v, after %d ns", s.Shapes[i].Name, spans[1].Error, spans[1].Duration)
		}
		if _, ok := callee["http.status_code"]; ok {
			t.Errorf("%s: a client that waited no longer has seen a status: %v", s.Shapes[i].Name, callee)
		}
	}
}

func tagsOf(s *Span) map[string]string {
	tags := map[string]string{}
	for _, tag := range s.Meta {
		tags[tag.Key] = tag.Value
	}
	return tags
}

// Messages carry what the tracer of their language writes, of the broker's
// service where they are sent, and of the consumer's where they are taken.
func TestMessagesFollowTracers(t *testing.T) {
	for _, tt := range []struct {
		language       string
		producer, both []string // keys
		consumer       []string
	}{
		{"go", []string{"offset"}, []string{"messaging.destination.name", "messaging.kafka.partition"}, []string{"offset"}},
		{"java", nil, []string{"messaging.destination.name"}, []string{"kafka.group", "partition", "offset", "record.queue_time_ms"}},
		{"python", nil, []string{"kafka.topic", "kafka.tombstone", "kafka.partition"}, []string{"kafka.group_id", "kafka.message_offset"}},
	} {
		text := `
clients: {languages: {` + tt.language + `: 1}}
services:
  shop: {operations: {order: {name: http.request, resource: POST /order, duration: 1ms, calls: [kafka.orders]}}}
  kafka:
    type: queue
    operations: {orders: {name: kafka.produce, resource: Produce Topic orders, duration: 1ms, calls: [{to: mail.orders, async: true, delay: 20ms}]}}
  mail: {type: queue, operations: {orders: {name: kafka.consume, resource: Consume Topic orders, duration: 1ms}}}
shapes: [{entry: shop.order}]
load: [{rate: 1/s, for: 1s}]
`
		s, err := scenarios.Parse("messages.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewCatalogue(s, Reserved{})
		if err != nil {
			t.Fatal(err)
		}
		src, err := c.Source(&s.Shapes[0])
		if err != nil {
			t.Fatal(err)
		}
		spans, err := NewDresser(c).Spans(src, 0)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range []struct {
			kind, base string
			keys       []string
		}{1: {producer, "shop", tt.producer}, 2: {consumer, "", tt.consumer}} {
			if k == 0 {
				continue
			}
			tags := tagsOf(&spans[k])
			if tags["span.kind"] != want.kind || tags["messaging.system"] != "kafka" || tags["_dd.base_service"] != want.base {
				t.Errorf("%s: %s is tagged %v", tt.language, spans[k].Name, tags)
			}
			if topic := tags["messaging.destination.name"] + tags["kafka.topic"]; topic != "orders" {
				t.Errorf("%s: the topic is %q", tt.language, topic)
			}
			for _, m := range spans[k].Metrics {
				tags[m.Key] = "a number"
				if m.Key == "record.queue_time_ms" && m.Value != 20 {
					t.Errorf("in the queue for %v ms, want 20", m.Value)
				}
			}
			for _, key := range append(want.keys, tt.both...) {
				if tags[key] == "" {
					t.Errorf("%s: %s has no %s: %v", tt.language, spans[k].Name, key, tags)
				}
			}
		}
		if gap := spans[2].Start - spans[1].Start; gap < 20*msec {
			t.Errorf("taken %d ns after it was sent", gap)
		}
	}
}
