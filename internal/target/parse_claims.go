package target

import (
	"net"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/spanstorm/spanstorm/internal/target/counters"
)

// claims reads where the target's own counters are.
func (p *fileParser) claims(e entry, f *file) {
	seq, ok := plain(e.value).(*ast.SequenceNode)
	if !ok {
		p.fail(e.value.GetToken(), "claims takes a list, such as [{vars: \"http://127.0.0.1:{{debug_port}}/debug/vars\"}], not %s", kind(e.value))
		return
	}
	for _, item := range seq.Values {
		p.claim(item, f)
	}
}

// claim reads one source of counters.
func (p *fileParser) claim(item ast.Node, f *file) {
	var c claim
	first := ""
	for _, v := range p.mapping(item, "an item of claims") {
		switch v.key {
		case counters.KindVars:
			p.text(v, &c.Vars)
			p.checkPage(v, c.Vars)
		case counters.KindPrometheus:
			p.text(v, &c.Prometheus)
			p.checkPage(v, c.Prometheus)
		case counters.KindStatsD:
			p.statsd(v, &c, f)
		case "meanings":
			p.meanings(v, &c)
			continue
		default:
			p.fail(v.at, "unknown key %q%s", v.key, suggest(v.key, append(counters.Kinds(), "meanings")))
			return
		}
		if first != "" {
			p.fail(v.at, "an item of claims is one source: %s and %s are two; write [{%s: …}, {%s: …}]", first, v.key, first, v.key)
			return
		}
		first = v.key
	}
	switch {
	case first == "" && c.Meanings != nil:
		p.fail(item.GetToken(), "an item of claims with meanings alone; say where the counters are, with vars, prometheus or statsd")
	case first != "":
		f.Claims = append(f.Claims, c)
	}
}

// statsd reads `true`, or the address to listen on.
func (p *fileParser) statsd(v entry, c *claim, f *file) {
	p.text(v, &c.StatsD)
	if slices.ContainsFunc(f.Claims, func(o claim) bool { return o.StatsD != "" }) {
		p.fail(v.at, "claims has statsd already; one listener takes all")
	}
	if c.StatsD == "" || c.StatsD == anyStatsD {
		return
	}
	host, _, err := net.SplitHostPort(c.StatsD)
	if err != nil {
		p.fail(v.value.GetToken(), "statsd: %q is neither true nor an address to listen on; try true, or 127.0.0.1:8125", c.StatsD)
		return
	}
	if ip := net.ParseIP(host); ip == nil {
		p.fail(v.value.GetToken(), "statsd: %q is no IP address to listen on; try 127.0.0.1:8125", host)
	}
}

// meanings reads what the file says of single counters.
func (p *fileParser) meanings(v entry, c *claim) {
	c.Meanings = map[string]string{}
	for _, m := range p.mapping(v.value, "meanings") {
		var meaning string
		p.scalar("meanings."+m.key, m.value, &meaning)
		if meaning == "" {
			continue
		}
		if err := counters.CheckMeaning(meaning); err != nil {
			p.fail(m.value.GetToken(), "%s: %v", m.key, err)
			continue
		}
		c.Meanings[m.key] = meaning
	}
}

// checkSource wants the counters that acceptance is learnt from to be somewhere.
func (p *fileParser) checkSource(entries []entry, f *file) {
	if !slices.Contains(counters.Kinds(), f.Acceptance) {
		return
	}
	if !slices.ContainsFunc(f.Claims, func(c claim) bool { return c.kind() == f.Acceptance }) {
		at := entries[slices.IndexFunc(entries, func(e entry) bool { return e.key == "acceptance" })].value.GetToken()
		where := "URL"
		if f.Acceptance == counters.KindStatsD {
			where = anyStatsD
		}
		p.fail(at, "acceptance from %s, but claims does not say where its counters are; add claims: [{%s: %s}]", f.Acceptance, f.Acceptance, where)
	}
}

// checkStatsD wants the target to be told where to send its counters, and a
// listener where it is told to send them.
func (p *fileParser) checkStatsD(entries []entry, f *file) {
	i := slices.IndexFunc(f.Claims, func(c claim) bool { return c.StatsD != "" })
	at := entries[max(0, slices.IndexFunc(entries, func(e entry) bool { return e.key == "claims" }))].at
	switch told := f.uses(braceStatsD); {
	case i < 0 && told:
		p.fail(entries[0].at, "{{statsd}} is used, but nobody listens there; add claims: [{statsd: true}]")
	case i >= 0 && f.Claims[i].StatsD == anyStatsD && len(f.Command) == 0:
		p.fail(at, "statsd: true, but there is no command that could be told where to send; give the address that the target sends to, such as statsd: \"127.0.0.1:8125\"")
	case i >= 0 && f.Claims[i].StatsD == anyStatsD && !told:
		p.fail(at, "statsd: true, but {{statsd}} is nowhere used: tell the target, in command or env, where to send its counters")
	}
}
