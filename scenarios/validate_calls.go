package scenarios

import (
	"math"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

func (v *validator) calls(path []any, calls []Call) {
	for i, call := range calls {
		at := grammar.Under(path, i)
		if v.Written(grammar.Under(at, "parallel")...) {
			v.parallel(grammar.Under(at, "parallel"), call.Parallel)
			continue
		}
		if call.To == "" {
			v.Fail(at, "write service.operation, {to: service.operation} or {parallel: […]}", "a call needs to know what to call")
			continue
		}
		to := at
		if v.Written(grammar.Under(at, "to")...) {
			to = grammar.Under(at, "to")
		}
		v.reference(to, "calls", call.To)
		if most := call.Repeat.Most(); most > MaxRepeat {
			v.Fail(grammar.Under(at, "repeat"), "lower it, or give it a max", "repeat can reach %s, more than %d", grammar.RoundUp(most), MaxRepeat)
		}
		v.waiting(at, call)
		v.branching(at, call)
	}
}

// maxBackoff bounds the waits between the tries of one call.
const maxBackoff = Duration(time.Hour)

// waiting checks the keys of a call that say how long.
func (v *validator) waiting(at []any, call Call) {
	written := func(key string) bool {
		return v.Written(grammar.Under(at, key)...) && !v.Unread(grammar.Under(at, key)...)
	}
	switch timeout := grammar.Under(at, "timeout"); {
	case !written("timeout"):
	case call.Async:
		v.FailKey(timeout, "leave out timeout or async", "an async call is not waited for, and cannot time out")
	default:
		v.duration(timeout, "timeout", call.Timeout)
	}
	switch backoff := grammar.Under(at, "backoff"); {
	case !written("backoff"):
	case call.Retries == 0 && !v.Unread(grammar.Under(at, "retries")...):
		v.FailKey(backoff, "add for example `retries: 2`", "backoff is the wait before a retry, and there are no retries")
	case v.duration(backoff, "backoff", call.Backoff):
		// Each wait is twice the one before: together less than twice the last.
		if all := float64(call.Backoff) * (math.Exp2(float64(call.Retries)) - 1); all > float64(maxBackoff) {
			v.Fail(backoff, "lower backoff or retries", "%d retries, each after twice the wait, can wait longer than %s", call.Retries, maxBackoff)
		}
	}
	if written("delay") && !call.Async {
		v.FailKey(grammar.Under(at, "delay"), "add `async: true`, or leave it out", "delay is the time that an async call waits in a queue, and this call is not async")
	}
}

// branching checks the keys of a call that depend on an outcome.
func (v *validator) branching(at []any, call Call) {
	written := func(key string) bool {
		return v.Written(grammar.Under(at, key)...) && !v.Unread(grammar.Under(at, key)...)
	}
	if written("recovers") {
		switch {
		case call.When != OnError:
			v.FailKey(grammar.Under(at, "recovers"), "add `when: error`, or leave it out", "only a call that is made on error recovers")
		case call.Async:
			v.FailKey(grammar.Under(at, "recovers"), "leave out recovers or async", "nobody knows how an async call ends: it recovers nothing")
		}
	}
	misses := grammar.Under(at, "on_miss")
	switch {
	case written("hit_rate") && !v.Written(misses...):
		v.FailKey(grammar.Under(at, "hit_rate"), "add for example `on_miss: [db.select, cache.set]`", "hit_rate needs to know what is called on a miss")
	case v.Written(misses...) && call.HitRate == nil:
		v.FailKey(misses, "add for example `hit_rate: 92%`", "on_miss needs to know how often the call finds what it looks for")
	case v.Written(misses...) && call.Async:
		v.FailKey(misses, "leave out on_miss or async", "nobody knows how an async call ends: it cannot miss")
	case v.Written(misses...) && len(call.OnMiss) == 0 && !v.Unread(misses...):
		v.Fail(misses, "list the calls, as in on_miss: [db.select, cache.set]", "on_miss has no calls")
	}
	v.calls(misses, call.OnMiss)
}

func (v *validator) parallel(path []any, calls []Call) {
	if len(calls) == 0 {
		v.Fail(path, "list the calls, as in {parallel: [stock.check, users.load]}", "parallel has no calls")
	}
	for i := range calls {
		if v.Written(grammar.Under(path, i, "parallel")...) {
			v.Fail(grammar.Under(path, i), "put its calls into the list around it", "parallel calls cannot be nested in parallel calls")
			return
		}
	}
	v.calls(path, calls)
}

// steps visits every call of an operation with its path.
func (v *validator) steps(ref string, visit func(path []any, call Call)) {
	dot := strings.LastIndexByte(ref, '.')
	path := []any{"services", ref[:dot], "operations", ref[dot+1:], "calls"}
	visitCalls(path, v.ops[ref].Calls, visit)
}

func visitCalls(path []any, calls []Call, visit func(path []any, call Call)) {
	for i, call := range calls {
		at := grammar.Under(path, i)
		if len(call.Parallel) > 0 {
			visitCalls(grammar.Under(at, "parallel"), call.Parallel, visit)
			continue
		}
		visit(at, call)
		visitCalls(grammar.Under(at, "on_miss"), call.OnMiss, visit)
	}
}
