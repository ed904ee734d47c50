package scenarios

import (
	"cmp"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// setDefaults sets the defaults that stand in a value before its keys are read.
// target is a pointer; types without defaults are left alone.
func setDefaults(target any) {
	switch v := target.(type) {
	case *Scenario:
		*v = Scenario{
			Seed: 1, API: V04, Encoding: Msgpack, TracesPerRequest: Dist{A: 1}, RealHTTPStatus: true,
			MaxInFlight: 2000, Timeout: Duration(10 * time.Second), LateLimit: Duration(10 * time.Millisecond), Services: map[string]*Service{},
		}
		setDefaults(&v.Clients)
	case *Clients:
		*v = Clients{Count: 1, Languages: map[string]float64{"go": 1}, Containers: 1, FlushJitter: 0.1, Backoff: Duration(100 * time.Millisecond)}
	case *Service:
		v.Type = "web"
	case *ErrorKind:
		v.Weight = 1
	case *generated:
		v.Skew = Uniform
	case *pattern:
		v.Skew = Uniform
	case *Call:
		*v = Call{Probability: 1, Repeat: Dist{A: 1}, ErrorPropagation: 1}
	case *Shape:
		*v = Shape{Weight: 1, Priority: map[string]Share{"1": 1}}
	case *Incident:
		v.Slowdown = 1
	case *Phase:
		v.Send = "traces"
	case *Statistical:
		v.Services = 10
		v.Duration = Dist{Kind: LogNormal, A: float64(2 * time.Millisecond), B: float64(80 * time.Millisecond), Time: true}
	}
}

// complete fills in the defaults that depend on other values.
func (s *Scenario) complete(filename string) {
	s.Name = cmp.Or(s.Name, nameOf(filename))
	for _, service := range s.Services {
		service.App = cmp.Or(service.App, s.Name)
		for _, op := range service.Operations {
			op.Type = cmp.Or(op.Type, service.Type)
		}
	}
	for i := range s.Shapes {
		s.Shapes[i].Name = cmp.Or(s.Shapes[i].Name, s.Shapes[i].Entry, fmt.Sprintf("shape-%d", i+1))
	}
	for i := range s.Incidents {
		s.Incidents[i].Name = cmp.Or(s.Incidents[i].Name, fmt.Sprintf("incident-%d", i+1))
	}
	for i := range s.Events {
		e := &s.Events[i]
		if e.Intake == IntakeAnswer {
			e.Code = cmp.Or(e.Code, http.StatusTooManyRequests)
		}
		if e.Name == "" {
			e.Name = s.eventName(i)
		}
	}
	for i := range s.Load {
		p := &s.Load[i]
		p.Name = cmp.Or(p.Name, fmt.Sprintf("phase-%d", i+1))
		if p.Steps != nil && p.For == 0 {
			if n := p.Steps.Count(); n > 0 && n <= maxSteps {
				p.For = Duration(n) * p.Steps.Every
			}
		}
		if p.Rate != nil && p.Rate.Max {
			p.Connections = cmp.Or(p.Connections, 8)
		}
	}
}

// nameOf makes a scenario's name of the name of its file.
func nameOf(filename string) string {
	base := filepath.Base(filepath.ToSlash(filename))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	base = strings.Map(func(r rune) rune {
		if isNameRune(r) {
			return r
		}
		return '-'
	}, base)
	base = strings.Trim(base, "-.")
	if len(base) > maxName {
		base = base[:maxName]
	}
	return cmp.Or(base, "scenario")
}
